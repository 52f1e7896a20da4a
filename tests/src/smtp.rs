//! A real mail server of another make (aiosmtpd) in a process of its own, with scripted answers.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use bando_workflow::mailer::{Relay, Security};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Debug)]
pub struct MailServer {
    process: Child,
    pub port: u16,
    folder: PathBuf,
}

/// A message as the server took it.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Taken {
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    pub message_id: String,
    pub sha256: String,
    pub headers: Vec<(String, String)>,
    /// What the server answered.
    pub answer: String,
}

impl MailServer {
    /// `script` holds the answers to come, such as `451 451 250`; after them always 250.
    pub fn start(folder: &Path, script: &str) -> anyhow::Result<Self> {
        Self::start_on(folder, script, 0)
    }

    pub fn start_on(folder: &Path, script: &str, port: u16) -> anyhow::Result<Self> {
        let python = Path::new(HERE).join(".venv/bin/python");
        let mut process = Command::new(&python)
            .arg(Path::new(HERE).join("clients/smtp_server.py"))
            .arg(folder)
            .arg(port.to_string())
            .args(script.split_whitespace())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} is missing: run `make setup`", python.display()))?;
        let stdout = process.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().context("the server's port")?;
        Ok(Self {
            process,
            port,
            folder: folder.to_owned(),
        })
    }

    pub fn relay(&self) -> Relay {
        Relay {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security: Security::None,
            login: None,
        }
    }

    /// Every message that came to its end, in order.
    pub fn taken(&self) -> anyhow::Result<Vec<Taken>> {
        let file = self.folder.join("taken.jsonl");
        if !file.exists() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(file)?;
        text.lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
