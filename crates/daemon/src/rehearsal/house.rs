//! The daemon of a rehearsal: started on a fresh folder, stopped for a downtime, started again.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use bando_workflow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tonic::transport::Channel;

use super::{Pace, Wanted};
use crate::config::{Config, Documents, Log, Mail};
use crate::keys;
use crate::serve::{self, ClockKind, Running};

pub(super) struct House {
    config: Config,
    /// `None` while it is down.
    running: Option<Running>,
    pub(super) channel: Channel,
    /// The token of the first start.
    pub(super) first_token: String,
    seed: u64,
    pace: Pace,
    starts: u64,
}

impl House {
    pub(super) async fn open(wanted: &Wanted, begins_at: DateTime<Utc>) -> anyhow::Result<Self> {
        let mut config = config(wanted)?;
        std::fs::create_dir_all(&wanted.data_dir)?;
        if wanted.pace == Pace::StepByStep {
            write_key(&config.signing_key_file, wanted.seed)?;
        }
        let clock = clock(wanted.pace, wanted.seed, begins_at, 0);
        let running;
        (running, config.listen) = start(&config, clock).await?;
        let Some(file) = &running.bootstrap_token_file else {
            bail!("{} is not a fresh data folder", wanted.data_dir.display());
        };
        let first_token = std::fs::read_to_string(file)?.trim().to_owned();
        let channel = Channel::from_shared(running.endpoint.clone())?
            .connect()
            .await?;
        Ok(Self {
            config,
            running: Some(running),
            channel,
            first_token,
            seed: wanted.seed,
            pace: wanted.pace,
            starts: 1,
        })
    }

    /// For what nobody outside is told: the facts behind letters, the fires of schedules.
    pub(super) fn cx(&self) -> anyhow::Result<&Context> {
        let running = self.running.as_ref().context("the daemon is down")?;
        Ok(&running.cx)
    }

    /// Stops the daemon and starts it again at `at`, under the same address.
    pub(super) async fn down_until(&mut self, at: DateTime<Utc>) -> anyhow::Result<()> {
        self.close().await?;
        let clock = clock(self.pace, self.seed, at, self.starts);
        let (running, _) = start(&self.config, clock).await?;
        self.running = Some(running);
        self.starts += 1;
        Ok(())
    }

    pub(super) async fn close(&mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }
}

/// Every start has ids of its own.
fn clock(pace: Pace, seed: u64, from: DateTime<Utc>, starts: u64) -> ClockKind {
    match pace {
        Pace::ByItself => ClockKind::Simulated(from),
        Pace::StepByStep => ClockKind::Rehearsed {
            from,
            seed: seed ^ (starts << 32),
        },
    }
}

async fn start(config: &Config, clock: ClockKind) -> anyhow::Result<(Running, SocketAddr)> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    Ok((serve::start(config, clock, listener, None).await?, address))
}

fn config(wanted: &Wanted) -> anyhow::Result<Config> {
    let folder = &wanted.data_dir;
    Ok(Config {
        data_dir: folder.clone(),
        listen: "127.0.0.1:0".parse()?,
        admin_listen: None,
        tls: None,
        reflection: false,
        database: wanted.database.clone(),
        mail: Mail::Folder(wanted.letters_dir.clone()),
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

/// A key that signs nothing but this rehearsal.
fn write_key(path: &Path, seed: u64) -> anyhow::Result<()> {
    let secret = Sha256::new()
        .chain_update(b"bando rehearsal key")
        .chain_update(seed.to_be_bytes())
        .finalize();
    keys::write_secret(path, &BASE64.encode(secret))
}
