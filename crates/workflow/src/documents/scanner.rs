//! clamd over its unix socket: `zINSTREAM`, the bytes in counted pieces, one answer. clamd's TCP
//! port knows no authentication, so there is no way to name one here.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bando_domain::document::ScanVerdict;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::CHUNK;

/// A scan may take this long; less than the lease of a claim.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longest answer read.
const ANSWER: u64 = 4_096;

#[derive(Debug, Clone)]
pub struct Scanner {
    socket: PathBuf,
}

impl Scanner {
    pub fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// # Errors
    /// Why there is no verdict, for the log and for the next attempt.
    pub async fn scan(&self, file: File) -> Result<ScanVerdict, String> {
        match tokio::time::timeout(PATIENCE, self.ask(file)).await {
            Ok(Ok(answer)) => verdict(&answer),
            Ok(Err(error)) => Err(format!("clamd at {}: {error}", self.socket.display())),
            Err(_) => Err(format!("clamd did not answer within {PATIENCE:?}")),
        }
    }

    async fn ask(&self, mut file: File) -> io::Result<String> {
        let mut clamd = UnixStream::connect(&self.socket).await?;
        clamd.write_all(b"zINSTREAM\0").await?;
        let mut piece = vec![0; CHUNK];
        loop {
            let count = file.read(&mut piece).await?;
            let length = u32::try_from(count).map_err(io::Error::other)?;
            // clamd hangs up on what is too large for it and has answered why.
            if clamd.write_all(&length.to_be_bytes()).await.is_err() {
                break;
            }
            if count == 0 || clamd.write_all(&piece[..count]).await.is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        clamd.take(ANSWER).read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// `stream: OK`, `stream: Eicar-Signature FOUND`, or an error.
fn verdict(answer: &str) -> Result<ScanVerdict, String> {
    let said = answer.trim_matches(['\0', '\n', ' ']);
    let about = said.strip_prefix("stream: ").unwrap_or(said);
    if about == "OK" {
        return Ok(ScanVerdict::Clean);
    }
    match about.strip_suffix(" FOUND") {
        Some(signature) => Ok(ScanVerdict::Infected {
            signature: signature.chars().take(200).collect(),
        }),
        None => Err(format!("clamd said `{about}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_and_found_are_verdicts() {
        assert_eq!(verdict("stream: OK\0"), Ok(ScanVerdict::Clean));
        assert_eq!(
            verdict("stream: Eicar-Signature FOUND\0"),
            Ok(ScanVerdict::Infected {
                signature: "Eicar-Signature".into()
            })
        );
        for answer in [
            "",
            "INSTREAM size limit exceeded. ERROR\0",
            "stream: OKAY",
            "UNKNOWN COMMAND\0",
        ] {
            assert!(verdict(answer).is_err(), "{answer:?}");
        }
    }
}
