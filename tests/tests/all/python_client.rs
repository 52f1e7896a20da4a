//! A client in another language, from our `.proto` files alone, against the running daemon.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use bando_daemon::config::{Config, Documents, Log, Mail};
use bando_daemon::dev;
use bando_daemon::serve::{self, ClockKind};
use bando_store::Settings;
use tokio::net::TcpListener;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_client_submits_and_verifies_its_receipt() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = config(folder.path())?;
    let listener = TcpListener::bind(config.listen).await?;
    let before_the_opening = "2016-04-01T08:00:00Z".parse()?;
    let clock = ClockKind::Simulated(before_the_opening);
    let running = serve::start(&config, clock, listener, None).await?;
    dev::prepare(&running, &config).await?;

    let endpoint = running.endpoint.replace("http://", "");
    let data_dir = config.data_dir.clone();
    let ended = tokio::task::spawn_blocking(move || client(&endpoint, &data_dir)).await??;

    running.stop().await?;
    let complaint = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}: {complaint}", ended.status);
    assert_eq!(String::from_utf8(ended.stdout)?, "OK\n");
    Ok(())
}

fn client(endpoint: &str, data_dir: &Path) -> anyhow::Result<Output> {
    let tests = Path::new(HERE);
    let python = tests.join(".venv/bin/python");
    Command::new(&python)
        .arg(tests.join("clients/client.py"))
        .arg(endpoint)
        .arg(tests.join("../proto"))
        .args(["admin.token", "officer.token", "approver.token"].map(|file| data_dir.join(file)))
        .output()
        .with_context(|| format!("{} is missing: run `make setup`", python.display()))
}

fn config(folder: &Path) -> anyhow::Result<Config> {
    Ok(Config {
        data_dir: folder.to_owned(),
        listen: "127.0.0.1:0".parse()?,
        admin_listen: None,
        tls: None,
        reflection: true,
        database: Settings::Sqlite {
            file: folder.join("bando.db"),
        },
        mail: Mail::Folder(folder.join("letters")),
        signing_key_file: folder.join("signing.key"),
        documents: Documents {
            folder: folder.join("blobs"),
            clamd_socket: None,
        },
        schedules: bando_domain::schedule::shipped(),
        log: Log {
            filter: "warn".to_owned(),
            json: None,
        },
    })
}
