//! A small clamd on a real unix socket: it speaks `zINSTREAM` and finds the test file of the
//! antivirus industry.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Cut in two, so that no scanner stops at this source.
pub const EICAR: [&str; 2] = [
    r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-",
    "ANTIVIRUS-TEST-FILE!$H+H*",
];

/// Gone, with its socket, when it is dropped.
#[derive(Debug)]
pub struct Clamd {
    listening: JoinHandle<()>,
    socket: std::path::PathBuf,
    scanned: Arc<AtomicU32>,
}

impl Clamd {
    pub fn listen(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).expect("a unix socket");
        let scanned = Arc::new(AtomicU32::new(0));
        let counted = scanned.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        Self {
            listening,
            socket: socket.to_owned(),
            scanned,
        }
    }

    /// How many files it was given.
    pub fn scanned(&self) -> u32 {
        self.scanned.load(Ordering::SeqCst)
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.listening.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn answer(mut stream: UnixStream) {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.expect("a command");
    let reply = if command == *b"zINSTREAM\0" {
        let content = String::from_utf8_lossy(&content(&mut stream).await).into_owned();
        if content.contains(&EICAR.concat()) {
            "stream: Eicar-Test-Signature FOUND\0"
        } else {
            "stream: OK\0"
        }
    } else {
        "UNKNOWN COMMAND\0"
    };
    stream.write_all(reply.as_bytes()).await.expect("a reply");
}

/// Pieces with their length before them, until one of no length.
async fn content(stream: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let length = stream.read_u32().await.expect("a length");
        if length == 0 {
            return all;
        }
        let mut piece = vec![0; usize::try_from(length).expect("a small piece")];
        stream.read_exact(&mut piece).await.expect("a piece");
        all.extend(piece);
    }
}
