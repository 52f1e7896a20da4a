//! The command line of `bandod`: serve, dev, demo, rehearse, check-config, token recover.

mod rehearse;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use bando_workflow::tokens;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Config, Flags};
use crate::demo::{self, Stage};
use crate::serve::{self, ClockKind, Running};
use crate::{dev, keys, logs};

/// Exit code for a configuration or data folder that cannot be used: starting again is no help.
const UNUSABLE: u8 = 78;

/// Runs the yearly cycle of a regional co-financing call.
#[derive(Debug, Parser)]
#[command(name = "bandod", version, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve for real use.
    #[command(after_help = "Example:\n  bandod serve --config config/bandod.toml")]
    Serve(Serve),
    /// Serve with embedded defaults: SQLite, mail captured as files, sample programme and calls.
    #[command(after_help = "Example:\n  bandod dev --data-dir /tmp/bando-dev")]
    Dev(Dev),
    /// Play the 2016 call of the practice on a simulated clock.
    #[command(after_help = "Example:\n  bandod demo --exit -o json")]
    Demo(Demo),
    /// Play the whole year of a call's file on a simulated clock and check what must hold.
    ///
    /// The report goes to stdout, the progress to stderr. Exit code 6 when an invariant does not
    /// hold or the file has mistakes. The same seed gives the same report and the same letters.
    #[command(after_help = rehearse::EXAMPLES)]
    Rehearse(rehearse::Rehearse),
    /// Tell every mistake of a configuration at once.
    #[command(after_help = "Example:\n  bandod check-config --config config/bandod.toml")]
    CheckConfig {
        #[arg(long)]
        config: PathBuf,
    },
    /// Tokens, on the machine itself.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Parser)]
struct Serve {
    /// The configuration file; without it defaults and BANDO_… variables apply.
    #[arg(long)]
    config: Option<PathBuf>,
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Address and port of gRPC.
    #[arg(long)]
    listen: Option<String>,
    /// `real`, or `simulated` for a data folder that is only for rehearsals.
    #[arg(long, value_enum, default_value_t = ClockChoice::Real)]
    clock: ClockChoice,
    /// Where a simulated clock starts, such as 2027-01-11T08:00:00Z.
    #[arg(long, requires = "clock")]
    clock_start: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockChoice {
    Real,
    Simulated,
}

#[derive(Debug, Parser)]
struct Dev {
    #[arg(long, default_value = "bando-dev")]
    data_dir: PathBuf,
    #[arg(long, default_value = "127.0.0.1:7443")]
    listen: String,
}

#[derive(Debug, Parser)]
struct Demo {
    /// A fresh folder is made when none is given.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Same seed, same year.
    #[arg(long, default_value_t = 2016)]
    seed: u64,
    /// End after the play instead of serving on.
    #[arg(long)]
    exit: bool,
    /// `json` writes the summary, and only that, on stdout.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Writes a new bootstrap token, which may only create tokens, when all others are lost.
    #[command(after_help = "Example:\n  bandod token recover --config config/bandod.toml")]
    Recover {
        #[arg(long)]
        config: Option<PathBuf>,
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
}

/// A configuration that cannot be used, with every mistake.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
struct Mistakes(Vec<String>);

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.command {
        Command::Serve(options) => runtime.block_on(run_serve(options)),
        Command::Dev(options) => runtime.block_on(run_dev(options)),
        Command::Demo(options) => runtime.block_on(run_demo(options)),
        Command::Rehearse(options) => runtime.block_on(rehearse::run(options)),
        Command::CheckConfig { config } => {
            load(Some(&config), &Flags::default())?;
            say(&format!("{}: no mistakes", config.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Token(TokenCommand::Recover { config, data_dir }) => {
            runtime.block_on(recover(config.as_deref(), data_dir))
        }
    }
}

/// Tells an error on stderr; what cannot get better by starting again exits with 78.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "error: {error:#}");
    let unusable = error.is::<Mistakes>();
    if unusable {
        ExitCode::from(UNUSABLE)
    } else {
        ExitCode::FAILURE
    }
}

fn load(file: Option<&Path>, flags: &Flags) -> anyhow::Result<Config> {
    config::load(file, flags).map_err(|mistakes| Mistakes(mistakes).into())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "{line}")
}

async fn run_serve(options: Serve) -> anyhow::Result<ExitCode> {
    let flags = Flags {
        data_dir: options.data_dir,
        listen: options.listen,
    };
    let config = load(options.config.as_deref(), &flags)?;
    logs::start(&config.log);
    let clock = match options.clock {
        ClockChoice::Real => ClockKind::Real,
        ClockChoice::Simulated => {
            let Some(start) = options.clock_start else {
                bail!("--clock simulated needs --clock-start, such as 2027-01-11T08:00:00Z");
            };
            ClockKind::Simulated(start)
        }
    };
    let running = start(&config, clock).await?;
    tracing::info!(endpoint = running.endpoint, "serving");
    until_told(running).await
}

async fn start(config: &Config, clock: ClockKind) -> anyhow::Result<Running> {
    let bind = async |address| {
        TcpListener::bind(address)
            .await
            .with_context(|| format!("{address} cannot be listened on"))
    };
    let listener = bind(config.listen).await?;
    let admin_listener = match config.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    serve::start(config, clock, listener, admin_listener).await
}

/// Serves until SIGTERM or SIGINT; a second one ends at once.
async fn until_told(mut running: Running) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        error = running.broken() => return Err(error),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    tokio::select! {
        stopped = running.stop() => stopped?,
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn run_dev(options: Dev) -> anyhow::Result<ExitCode> {
    let flags = Flags {
        data_dir: Some(options.data_dir),
        listen: Some(options.listen),
    };
    let config = load(None, &flags)?;
    logs::start(&config.log);
    let running = start(&config, ClockKind::Real).await?;
    let prepared = dev::prepare(&running, &config).await?;
    for line in dev::welcome(&running, &config, &prepared) {
        say(&line)?;
    }
    until_told(running).await
}

async fn run_demo(options: Demo) -> anyhow::Result<ExitCode> {
    let data_dir = match options.data_dir {
        Some(data_dir) => fresh(data_dir)?,
        None => fresh(default_folder(options.seed))?,
    };
    let letters_dir = data_dir.join("letters");
    let flags = Flags {
        data_dir: Some(data_dir.clone()),
        listen: None,
    };
    let mut config = load(None, &flags)?;
    "warn".clone_into(&mut config.log.filter);
    config.mail = config::Mail::Folder(letters_dir.clone());
    config.database = bando_store::Settings::Sqlite {
        file: data_dir.join("bando.sqlite"),
    };
    config.signing_key_file = data_dir.join("signing.key");
    config.documents.folder = data_dir.join("blobs");
    config.documents.clamd_socket = None;
    logs::start(&config.log);
    let started = Instant::now();
    let listener = match TcpListener::bind(config.listen).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
    };
    let clock = ClockKind::Simulated(demo::begins_at());
    let running = serve::start(&config, clock, listener, None).await?;
    let Some(token_file) = &running.bootstrap_token_file else {
        bail!("{} is not a fresh data folder", data_dir.display());
    };
    let bootstrap_token = std::fs::read_to_string(token_file)?.trim().to_owned();
    let stage = Stage {
        endpoint: running.endpoint.clone(),
        bootstrap_token,
        data_dir,
        letters_dir,
        seed: options.seed,
    };
    let mut summary = demo::play(&stage).await?;
    summary.wall_seconds = started.elapsed().as_secs_f64();
    if options.output == Output::Json {
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", serde_json::to_string_pretty(&summary)?)?;
        stdout.flush()?;
    }
    if options.exit {
        running.stop().await?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("\nserving on {} until Ctrl-C", running.endpoint))?;
    until_told(running).await
}

fn default_folder(seed: u64) -> PathBuf {
    std::env::temp_dir().join(format!("bando-demo-{}-{seed}", std::process::id()))
}

/// An existing folder must be empty: the play starts from nothing and erases nothing.
fn fresh(folder: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    if std::fs::read_dir(&folder)?.next().is_some() {
        bail!(
            "{} is not empty: the demo needs a fresh data folder",
            folder.display()
        );
    }
    Ok(folder.canonicalize()?)
}

async fn recover(file: Option<&Path>, data_dir: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let config = load(
        file,
        &Flags {
            data_dir,
            listen: None,
        },
    )?;
    let cx = serve::beside(&config).await?;
    let path = config.data_dir.join("bootstrap.token");
    keys::write_secret(&path, &tokens::bootstrap(&cx).await?)?;
    say(&format!(
        "a token that may only create tokens is in {}",
        path.display()
    ))?;
    let terminal = std::io::stderr().is_terminal();
    if terminal {
        say(&format!(
            "next: bando --token-file {} token create --person NAME --role admin",
            path.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
