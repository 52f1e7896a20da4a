//! The real clamd with one signature of ours and no other: what the small one stands in for.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::daemon::until;

/// What it finds.
pub const INFECTED: &str = "bando-test-signature-5b1d";
/// How it calls that: what is not of its own database is marked so.
pub const SIGNATURE: &str = "Bando-Test.UNOFFICIAL";
/// Bytes of the largest file it takes.
pub const LARGEST: usize = 1024 * 1024;

/// Where `tests/setup` unpacks it.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/clamav");

/// Gone when it is dropped.
#[derive(Debug)]
pub struct Clamav {
    child: Child,
}

impl Clamav {
    /// Starts it on a socket, beside which it keeps its files. `None`, and a line that says so,
    /// where it was not to be had.
    pub async fn listen(socket: &Path) -> Option<Self> {
        let Some((program, libraries)) = program() else {
            // Not through the harness, which keeps what a test prints to itself.
            let told = "skipped: there is no clamd, tests/setup says why";
            writeln!(std::io::stderr(), "{told}").expect("somebody reads");
            return None;
        };
        let folder = socket.parent().expect("a folder").join("clamav");
        let settings = settings(&folder, socket).expect("its files are written");
        let child = Command::new(program)
            .env("LD_LIBRARY_PATH", libraries)
            .arg("--config-file")
            .arg(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("clamd starts");
        let clamd = Self { child };
        until(async || socket.exists()).await;
        Some(clamd)
    }
}

impl Drop for Clamav {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with the folder of its libraries.
fn program() -> Option<(PathBuf, PathBuf)> {
    let program = Path::new(UNPACKED).join("usr/sbin/clamd");
    let mut folders = std::fs::read_dir(Path::new(UNPACKED).join("usr/lib")).ok()?;
    let is_library = |folder: &PathBuf| {
        let mut files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.any(|file| {
            file.file_name()
                .to_string_lossy()
                .starts_with("libclamav.so")
        })
    };
    let libraries = folders.find_map(|folder| {
        let folder = folder.ok()?.path();
        is_library(&folder).then_some(folder)
    })?;
    program.is_file().then_some((program, libraries))
}

/// Writes the signature and the settings; answers where the latter are.
fn settings(folder: &Path, socket: &Path) -> std::io::Result<PathBuf> {
    let database = folder.join("database");
    std::fs::create_dir_all(&database)?;
    let hexadecimal = bando_domain::receipt::hex(INFECTED.as_bytes());
    let signature = format!("Bando-Test:0:*:{hexadecimal}\n");
    std::fs::write(database.join("bando.ndb"), signature)?;
    let settings = folder.join("clamd.conf");
    let lines = [
        "Foreground yes".to_owned(),
        format!("DatabaseDirectory {}", database.display()),
        format!("TemporaryDirectory {}", folder.display()),
        format!("LocalSocket {}", socket.display()),
        format!("StreamMaxLength {LARGEST}"),
    ];
    std::fs::write(&settings, lines.join("\n") + "\n")?;
    Ok(settings)
}
