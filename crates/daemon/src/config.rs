//! Configuration: flags over environment (`BANDO_…`) over file over defaults. Every mistake is
//! told at once, and unknown keys are refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bando_domain::schedule::{self, Given, Plan};
use bando_store::Settings;
use bando_workflow::mailer::{Login, Relay, Security};
use serde::Deserialize;

/// What the daemon runs with.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub admin_listen: Option<SocketAddr>,
    pub tls: Option<Tls>,
    pub reflection: bool,
    pub database: Settings,
    pub mail: Mail,
    pub signing_key_file: PathBuf,
    pub documents: Documents,
    pub log: Log,
    /// What every programme does by the calendar.
    pub schedules: Vec<Plan>,
}

/// Where the bytes of documents lie and who looks into them.
#[derive(Debug, Clone)]
pub struct Documents {
    pub folder: PathBuf,
    /// clamd's unix socket.
    pub clamd_socket: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// How letters leave.
#[derive(Debug, Clone)]
pub enum Mail {
    Folder(PathBuf),
    Smtp(Relay),
}

#[derive(Debug, Clone)]
pub struct Log {
    /// A filter such as `info` or `bando=debug`.
    pub filter: String,
    /// JSON lines; otherwise readable. By default readable on a terminal, JSON elsewhere.
    pub json: Option<bool>,
}

/// The file's shape.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    admin_listen: Option<String>,
    allow_plaintext: bool,
    reflection: Option<bool>,
    signing_key_file: Option<PathBuf>,
    tls: Option<TlsFile>,
    database: DatabaseFile,
    mail: MailFile,
    documents: DocumentsFile,
    log: LogFile,
    schedules: Vec<Given>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DatabaseFile {
    url: Option<String>,
    url_file: Option<PathBuf>,
    connections: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MailFile {
    transport: Option<String>,
    folder: Option<PathBuf>,
    host: Option<String>,
    port: Option<u16>,
    security: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DocumentsFile {
    folder: Option<PathBuf>,
    clamd_socket: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogFile {
    filter: Option<String>,
    json: Option<bool>,
}

/// The environment's keys and the place of each in the file.
const ENVIRONMENT: [(&str, &[&str]); 18] = [
    ("BANDO_DATA_DIR", &["data_dir"]),
    ("BANDO_LISTEN", &["listen"]),
    ("BANDO_ADMIN_LISTEN", &["admin_listen"]),
    ("BANDO_ALLOW_PLAINTEXT", &["allow_plaintext"]),
    ("BANDO_REFLECTION", &["reflection"]),
    ("BANDO_SIGNING_KEY_FILE", &["signing_key_file"]),
    ("BANDO_DATABASE_URL", &["database", "url"]),
    ("BANDO_DATABASE_URL_FILE", &["database", "url_file"]),
    ("BANDO_MAIL_TRANSPORT", &["mail", "transport"]),
    ("BANDO_MAIL_FOLDER", &["mail", "folder"]),
    ("BANDO_SMTP_HOST", &["mail", "host"]),
    ("BANDO_SMTP_PORT", &["mail", "port"]),
    ("BANDO_SMTP_SECURITY", &["mail", "security"]),
    ("BANDO_SMTP_USER", &["mail", "user"]),
    ("BANDO_SMTP_PASSWORD_FILE", &["mail", "password_file"]),
    ("BANDO_DOCUMENTS_FOLDER", &["documents", "folder"]),
    ("BANDO_CLAMD_SOCKET", &["documents", "clamd_socket"]),
    ("BANDO_LOG", &["log", "filter"]),
];

/// What flags say, over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
}

/// Reads file, environment and flags; answers every mistake at once.
///
/// # Errors
/// One line per mistake, with the key, its value and the rule.
pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Config, Vec<String>> {
    load_from(file, flags, &environment())
}

/// The variables that begin with `BANDO_`.
#[expect(clippy::disallowed_methods, reason = "the environment's one home")]
fn environment() -> Vec<(String, String)> {
    std::env::vars()
        .filter(|(name, _)| name.starts_with("BANDO_"))
        .collect()
}

fn load_from(
    file: Option<&Path>,
    flags: &Flags,
    environment: &[(String, String)],
) -> Result<Config, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut table = match file {
        None => toml::Table::new(),
        Some(path) => match read_table(path) {
            Ok(table) => table,
            Err(mistake) => return Err(vec![mistake]),
        },
    };
    overlay(&mut table, environment, &mut mistakes);
    let mut parsed = Keys::default();
    match Keys::deserialize(toml::Value::Table(table.clone())) {
        Ok(found) => parsed = found,
        Err(_) => mistakes.extend(shape_mistakes(&table)),
    }
    if let Some(data_dir) = &flags.data_dir {
        parsed.data_dir = Some(data_dir.clone());
    }
    if let Some(listen) = &flags.listen {
        parsed.listen = Some(listen.clone());
    }
    let config = settle(parsed, &mut mistakes);
    if mistakes.is_empty() {
        Ok(config)
    } else {
        Err(mistakes)
    }
}

fn read_table(path: &Path) -> Result<toml::Table, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts the environment's values over the file's; a wrong name is told, not passed over.
fn overlay(table: &mut toml::Table, environment: &[(String, String)], mistakes: &mut Vec<String>) {
    for (name, value) in environment {
        if name == "BANDO_SMTP_PASSWORD" {
            let rule = "a password is never in the environment: use BANDO_SMTP_PASSWORD_FILE";
            mistakes.push(format!("{name}: {rule}"));
            continue;
        }
        let Some((_, place)) = ENVIRONMENT.iter().find(|(known, _)| known == name) else {
            continue;
        };
        let value = match (value.parse::<bool>(), value.parse::<i64>()) {
            (Ok(flag), _) => toml::Value::Boolean(flag),
            (_, Ok(number)) if name == "BANDO_SMTP_PORT" => toml::Value::Integer(number),
            _ => toml::Value::String(value.clone()),
        };
        match place {
            [key] => {
                table.insert((*key).to_owned(), value);
            }
            [section, key] => {
                let section = table
                    .entry(*section)
                    .or_insert_with(|| toml::Value::Table(toml::Table::new()));
                if let Some(section) = section.as_table_mut() {
                    section.insert((*key).to_owned(), value);
                }
            }
            _ => {}
        }
    }
}

/// Reads each key by itself, so that one wrong key does not hide another.
fn shape_mistakes(table: &toml::Table) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut check = |path: String, single: toml::Table| {
        if let Err(error) = Keys::deserialize(toml::Value::Table(single)) {
            let message = error.to_string();
            mistakes.push(format!("{path}: {}", message.trim().replace('\n', " ")));
        }
    };
    for (key, value) in table {
        let section = matches!(key.as_str(), "database" | "mail" | "documents" | "log");
        if section && let toml::Value::Table(section) = value {
            for (inner, value) in section {
                let one = toml::Table::from_iter([(inner.clone(), value.clone())]);
                let single = toml::Table::from_iter([(key.clone(), toml::Value::Table(one))]);
                check(format!("{key}.{inner} = {value}"), single);
            }
            continue;
        }
        if key == "schedules"
            && let toml::Value::Array(entries) = value
        {
            for entry in entries.iter().filter_map(toml::Value::as_table) {
                let name = entry.get("name").and_then(toml::Value::as_str);
                for (inner, value) in entry {
                    let one = toml::Table::from_iter([(inner.clone(), value.clone())]);
                    let one = toml::Value::Array(vec![toml::Value::Table(one)]);
                    let single = toml::Table::from_iter([(key.clone(), one)]);
                    let name = name.unwrap_or_default();
                    check(format!("schedules.{name}.{inner} = {value}"), single);
                }
            }
            continue;
        }
        let single = toml::Table::from_iter([(key.clone(), value.clone())]);
        check(format!("{key} = {value}"), single);
    }
    mistakes
}

fn settle(file: Keys, mistakes: &mut Vec<String>) -> Config {
    let data_dir = file.data_dir.unwrap_or_else(|| PathBuf::from("bando-data"));
    let listen = address("listen", file.listen.as_deref(), "127.0.0.1:7443", mistakes);
    let admin_listen = match file.admin_listen.as_deref() {
        Some("off") => None,
        given => Some(address("admin_listen", given, "127.0.0.1:7444", mistakes)),
    };
    if !listen.ip().is_loopback() && file.tls.is_none() && !file.allow_plaintext {
        mistakes.push(format!(
            "listen = {listen}: a listener outside loopback needs [tls], or allow_plaintext = true \
             when something in front of it does TLS"
        ));
    }
    let tls = file.tls.map(|tls| Tls {
        certificate: tls.certificate,
        key: tls.key,
    });
    for path in tls.iter().flat_map(|tls| [&tls.certificate, &tls.key]) {
        if !path.is_file() {
            mistakes.push(format!("tls: {} is no file", path.display()));
        }
    }
    Config {
        listen,
        admin_listen,
        tls,
        reflection: file.reflection.unwrap_or_else(|| listen.ip().is_loopback()),
        database: database(file.database, &data_dir, mistakes),
        mail: mail(file.mail, &data_dir, mistakes),
        signing_key_file: file
            .signing_key_file
            .unwrap_or_else(|| data_dir.join("signing.key")),
        documents: Documents {
            folder: file
                .documents
                .folder
                .unwrap_or_else(|| data_dir.join("blobs")),
            clamd_socket: file.documents.clamd_socket,
        },
        schedules: schedule::plans(&file.schedules).unwrap_or_else(|found| {
            mistakes.extend(found.iter().map(ToString::to_string));
            Vec::new()
        }),
        log: Log {
            filter: file.log.filter.unwrap_or_else(|| "info".to_owned()),
            json: file.log.json,
        },
        data_dir,
    }
}

fn address(
    key: &str,
    given: Option<&str>,
    default: &str,
    mistakes: &mut Vec<String>,
) -> SocketAddr {
    let text = given.unwrap_or(default);
    text.parse().unwrap_or_else(|_| {
        mistakes.push(format!(
            "{key} = {text:?}: an address and port, such as {default}"
        ));
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

fn database(file: DatabaseFile, data_dir: &Path, mistakes: &mut Vec<String>) -> Settings {
    let url = match (file.url, file.url_file) {
        (Some(_), Some(_)) => {
            mistakes.push("database: url and url_file exclude each other".to_owned());
            None
        }
        (None, Some(path)) => secret("database.url_file", &path, mistakes),
        (url, None) => url,
    };
    match url {
        None => Settings::Sqlite {
            file: data_dir.join("bando.sqlite"),
        },
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Settings::Postgres {
                url,
                connections: file.connections.unwrap_or(16),
            }
        }
        Some(_) => {
            let rule = "postgres://… is expected; leave it out for SQLite in the data folder";
            mistakes.push(format!("database.url: {rule}"));
            Settings::Sqlite {
                file: data_dir.join("bando.sqlite"),
            }
        }
    }
}

fn mail(file: MailFile, data_dir: &Path, mistakes: &mut Vec<String>) -> Mail {
    let folder = || {
        Mail::Folder(
            file.folder
                .clone()
                .unwrap_or_else(|| data_dir.join("letters")),
        )
    };
    match file.transport.as_deref() {
        None | Some("folder") => folder(),
        Some("smtp") => smtp(&file, mistakes).map_or_else(folder, Mail::Smtp),
        Some(other) => {
            mistakes.push(format!(
                "mail.transport = {other:?}: \"smtp\" or \"folder\""
            ));
            folder()
        }
    }
}

fn smtp(file: &MailFile, mistakes: &mut Vec<String>) -> Option<Relay> {
    let (security, port) = match file.security.as_deref() {
        None | Some("tls") => (Security::Tls, 465),
        Some("starttls") => (Security::StartTls, 587),
        Some("none") => (Security::None, 25),
        Some(other) => {
            let rule = "\"tls\", \"starttls\" or \"none\"";
            mistakes.push(format!("mail.security = {other:?}: {rule}"));
            return None;
        }
    };
    let password = file
        .password_file
        .as_ref()
        .map(|path| secret("mail.password_file", path, mistakes).unwrap_or_default());
    let login = match (&file.user, password) {
        (Some(user), Some(password)) => Some(Login {
            user: user.clone(),
            password,
        }),
        (None, None) => None,
        _ => {
            mistakes.push("mail: user and password_file go together".to_owned());
            None
        }
    };
    let Some(host) = file.host.clone() else {
        mistakes.push("mail.host: is required with transport = \"smtp\"".to_owned());
        return None;
    };
    Some(Relay {
        host,
        port: file.port.unwrap_or(port),
        security,
        login,
    })
}

fn secret(key: &str, path: &Path, mistakes: &mut Vec<String>) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            mistakes.push(format!("{key} = {}: {error}", path.display()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bandod.toml");
        std::fs::write(&path, text).unwrap();
        let environment: Vec<_> = environment
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        load_from(Some(&path), &Flags::default(), &environment)
    }

    #[test]
    fn the_shipped_file_is_valid_and_says_the_defaults() {
        let shipped = include_str!("../../../config/bandod.toml");

        let config = check(shipped, &[]).unwrap();

        assert_eq!(config.listen.to_string(), "127.0.0.1:7443");
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "listn = 1\nlisten = \"here\"\n[mail]\ntransport = \"pigeon\"\nport = \"x\"\n";

        let mistakes = check(text, &[]).unwrap_err().join("\n");

        assert!(mistakes.contains("listn"), "{mistakes}");
        assert!(mistakes.contains("mail.port"), "{mistakes}");
    }

    #[test]
    fn the_environment_is_over_the_file_and_flags_over_both() {
        let config = check(
            "listen = \"127.0.0.1:1\"",
            &[("BANDO_LISTEN", "127.0.0.1:2")],
        )
        .unwrap();

        assert_eq!(config.listen.port(), 2);
    }

    #[test]
    fn a_plain_listener_outside_loopback_needs_the_switch() {
        assert!(check("listen = \"0.0.0.0:7443\"", &[]).is_err());
        assert!(check("listen = \"0.0.0.0:7443\"\nallow_plaintext = true", &[]).is_ok());
    }

    #[test]
    fn every_mistake_of_every_schedule_is_told_with_key_value_and_rule() {
        let entry = |rest: &str| format!("[[schedules]]\nkind = \"reminders\"\n{rest}\n");
        let text = [
            entry("name = \"february\"\ncron = \"0 0 30 2 *\""),
            entry("name = \"six\"\ncron = \"0 0 7 * * *\""),
            entry("name = \"seven\"\ncron = \"0 0 7 * * * 2027\""),
            entry("name = \"numbers\"\ncron = \"0 7 * * 1-5\""),
            entry("name = \"both\"\ncron = \"0 7 1 * MON\""),
            entry("name = \"nowhere\"\ncron = \"@daily\"\nzone = \"Europe/Bologna\""),
            entry("name = \"twice\"\ncron = \"@daily\""),
            entry("name = \"twice\"\ncron = \"@hourly\""),
            entry("name = \"policy\"\ncron = \"@daily\"\ncatch_up = \"maybe\""),
            entry("name = \"long\"\ncron = \"@daily\"\njitter = \"2d\""),
            "[[schedules]]\nname = \"backup\"\nkind = \"backup\"\ncron = \"@daily\"\n".to_owned(),
        ];

        let mistakes = check(&text.concat(), &[]).unwrap_err();

        let told = [
            ("schedules.february.cron = \"0 0 30 2 *\"", "never fires"),
            ("schedules.six.cron = \"0 0 7 * * *\"", "five fields"),
            ("schedules.seven.cron", "five fields"),
            ("schedules.numbers.cron = \"0 7 * * 1-5\"", "by name"),
            ("schedules.both.cron", "day of month and day of week"),
            ("schedules.nowhere.zone = \"Europe/Bologna\"", "no zone"),
            (
                "schedules.twice.name = \"twice\"",
                "two schedules of one name",
            ),
            (
                "schedules.policy.catch_up = \"maybe\"",
                "one of skip, once, all",
            ),
            ("schedules.long.jitter = \"2d\"", "at most 1d"),
            ("schedules.backup.command", "absolute path"),
        ];
        assert_eq!(mistakes.len(), told.len(), "{mistakes:#?}");
        for (start, rule) in told {
            let found = mistakes.iter().find(|known| known.starts_with(start));
            assert!(
                found.is_some_and(|known| known.contains(rule)),
                "{mistakes:#?}"
            );
        }
    }

    #[test]
    fn a_shell_string_is_no_command() {
        let text = "[[schedules]]\nname = \"backup\"\nkind = \"backup\"\ncron = \"@daily\"\n\
                    command = \"pg_dump > /tmp/x\"";

        let mistakes = check(text, &[]).unwrap_err().join("\n");

        assert!(mistakes.contains("schedules.backup.command"), "{mistakes}");
    }

    #[test]
    fn a_password_in_the_environment_is_refused() {
        assert!(check("", &[("BANDO_SMTP_PASSWORD", "x")]).is_err());
    }
}
