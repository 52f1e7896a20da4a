//! Every command of the help is run with `--dry-run` against a daemon that takes down what it is
//! asked: whatever changes something must say `validate_only`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use clap::{CommandFactory as _, Parser as _};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MethodDescriptor, Value};
use tonic::service::Routes;

use super::{consortium_file, execute};
use crate::args::Cli;
use crate::args::tests::{examples, walk, words};
use crate::session::Session;
use crate::watch;

/// Anything that is named by the output of another command, or by a number.
const SOMETHING: &str = "0190a000-0000-7000-8000-000000000001";
/// What a method's name begins with when it changes nothing.
const READINGS: [&str; 10] = [
    "Get", "List", "Count", "Verify", "Preview", "Explain", "Simulate", "Download", "Watch",
    "Compare",
];
/// Endings of words that are files.
const FILES: [&str; 9] = [
    ".toml", ".json", ".csv", ".html", ".token", ".pdf", ".p7m", ".eml", ".txt",
];
/// These ask no daemon and write where they are told.
const LOCAL: [&str; 2] = ["bando man", "bando completion"];

/// What the daemon was asked: the path of the method, and the bytes of the message.
type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers every method with an empty message, and every list with one empty element.
async fn answer(
    State((pool, asked)): State<(DescriptorPool, Asked)>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut rest = &body[..];
    while let Some((head, after)) = rest.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let (message, after) = after.split_at(usize::try_from(length).unwrap());
        asked.lock().unwrap().push((path.clone(), message.to_vec()));
        rest = after;
    }
    let mut message = DynamicMessage::new(method(&pool, &path).output());
    for field in method(&pool, &path).output().fields() {
        if let (true, Kind::Message(element)) = (field.is_list(), field.kind()) {
            let element = Value::Message(DynamicMessage::new(element));
            message.set_field(&field, Value::List(vec![element]));
        }
    }
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(Body::from([&[0], &length[..], &message].concat()))
        .unwrap()
}

/// The method of a path, such as `/bando.v1.CallService/GetCall`.
fn method(pool: &DescriptorPool, path: &str) -> MethodDescriptor {
    let (service, name) = path[1..].split_once('/').unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    service
        .methods()
        .find(|known| known.name() == name)
        .unwrap()
}

async fn daemon(pool: DescriptorPool, asked: Asked) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Routes::from(
        axum::Router::new()
            .fallback(answer)
            .with_state((pool, asked)),
    );
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );
    format!("http://{address}")
}

/// Every example of every command, with the command's path. One that takes an etag gets one: there
/// is nothing to look it up in.
fn all_examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&Cli::command(), "bando", &mut |path, command| {
        if command.get_subcommands().next().is_none() && !LOCAL.contains(&path) {
            let takes_etag = command
                .get_arguments()
                .any(|argument| argument.get_id() == "etag");
            let etag = if takes_etag { " --etag 1" } else { "" };
            let all = examples(command).into_iter();
            found.extend(all.map(|example| (path.to_owned(), example + etag)));
        }
    });
    found
}

/// The words of an example with files that exist and names that need no looking up.
fn runnable(example: &str, folder: &Path) -> Vec<String> {
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let word = |word: String| {
        let is_number = word.len() == 11 && word.bytes().all(|byte| byte.is_ascii_digit());
        if word.starts_with("ER-2016-") {
            return format!("programmes/er/calls/2016/applications/{SOMETHING}");
        }
        if word.contains("$(bando evaluation ") {
            let application = format!("programmes/er/calls/2016/applications/{SOMETHING}");
            return format!("{application}/evaluations/{SOMETHING}");
        }
        if word.contains("$(") || is_number {
            return SOMETHING.to_owned();
        }
        if !FILES.iter().any(|ending| word.ends_with(ending)) {
            return word;
        }
        match workspace.join(&word) {
            sample if sample.is_file() => sample.display().to_string(),
            _ => folder.join(&word).display().to_string(),
        }
    };
    words(example).into_iter().map(word).collect()
}

/// The methods of the wire that change something: their requests can be tried out.
fn changes(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let methods = pool.services().flat_map(|service| {
        let all: Vec<MethodDescriptor> = service.methods().collect();
        all
    });
    methods
        .filter(|method| method.input().get_field_by_name("validate_only").is_some())
        .collect()
}

/// Whether the source of the commands calls this method at all.
fn is_called(method: &MethodDescriptor, sources: &str) -> bool {
    let mut snake = String::new();
    for c in method.name().chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    sources.contains(&format!(".{snake}("))
}

fn sources() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands");
    let files = std::fs::read_dir(folder).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.collect()
}

#[tokio::test]
async fn every_command_that_changes_something_only_tries_it_in_a_dry_run() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("consortium.toml");
    std::fs::write(sample, consortium_file::SAMPLE).unwrap();
    std::fs::write(folder.path().join("statuto.pdf"), "%PDF-1.4").unwrap();
    let pool = DescriptorPool::decode(bando_proto::DESCRIPTORS).unwrap();
    let asked = Asked::default();
    let server = daemon(pool.clone(), asked.clone()).await;
    let mut reached = BTreeSet::new();

    for (path, example) in all_examples() {
        let mut words = runnable(&example, folder.path());
        words.retain(|word| word != "--dry-run");
        words.extend(["--dry-run", "--server", &server].map(Into::into));
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let session = Session::new(cli.globals, cli.command.noun());
        let _ = watch::turn(Box::pin(execute(cli.command, &session))).await;

        for (path_of_method, message) in asked.lock().unwrap().drain(..) {
            let method = method(&pool, &path_of_method);
            let name = method.name();
            let message = DynamicMessage::decode(method.input(), &message[..]).unwrap();
            // A file goes in pieces; the first one says what the whole is about.
            if message.has_field_by_name("chunk") {
                continue;
            }
            let header = message.get_field_by_name("header");
            let header = header.as_ref().and_then(|header| header.as_message());
            let head = header.unwrap_or(&message);
            let tried = head.get_field_by_name("validate_only");
            match tried.and_then(|tried| tried.as_bool()) {
                Some(tried) => assert!(tried, "{path} changes something in a dry run: {example}"),
                None => assert!(
                    READINGS.iter().any(|reading| name.starts_with(reading)),
                    "{path} asks for {name}, which cannot be tried out: {example}"
                ),
            }
            reached.insert(method.full_name().to_owned());
        }
    }

    let sources = sources();
    let missed: Vec<String> = changes(&pool)
        .into_iter()
        .filter(|method| is_called(method, &sources) && !reached.contains(method.full_name()))
        .map(|method| method.full_name().to_owned())
        .collect();
    assert!(
        missed.is_empty(),
        "no example of the help gets to {missed:?}"
    );
    assert!(reached.len() > 20, "{reached:?}");
}
