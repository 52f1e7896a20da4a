//! A throw-away PostgreSQL cluster, one per test process: started when first asked for, ended
//! with the process by a watchdog. Every test gets a fresh database in it; one that breaks its
//! server gets a cluster of its own.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

const INSTALL: &str = "install it (Debian: apt-get install postgresql) or run `make setup`";
/// How long the server may take until it answers.
const START: Duration = Duration::from_mins(1);

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running server with its data in a folder of its own.
#[derive(Debug, Clone)]
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    root: bool,
}

/// Makes an empty database and answers its URL; it lives as long as the test process.
///
/// # Errors
/// When there is no PostgreSQL server to start: what to install.
pub async fn fresh_database() -> anyhow::Result<String> {
    tokio::task::spawn_blocking(|| {
        let cluster = CLUSTER
            .get_or_init(|| start().map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        cluster.create_database()
    })
    .await?
}

impl Cluster {
    /// A server that no other test uses.
    ///
    /// # Errors
    /// When there is no PostgreSQL server to start: what to install.
    pub async fn of_its_own() -> anyhow::Result<Self> {
        tokio::task::spawn_blocking(start).await?
    }

    /// One of the programs that came with the server.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Makes an empty database and answers its URL.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create_database(&self) -> anyhow::Result<String> {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(self.bin.join("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--host=127.0.0.1",
                "--username=bando",
            ])
            .arg(format!("--port={}", self.port))
            .args(["--dbname=postgres", "--command"])
            .arg(format!("CREATE DATABASE {name}"))
            .output()
            .with_context(|| format!("psql cannot be run: {INSTALL}"))?;
        let complaint = String::from_utf8_lossy(&made.stderr);
        ensure!(
            made.status.success(),
            "the database {name} was not made: {complaint}"
        );
        Ok(format!("postgres://bando@127.0.0.1:{}/{name}", self.port))
    }

    /// `pg_ctl restart -m immediate`: the server drops everything it is at and recovers from its
    /// log, as after a crash.
    ///
    /// # Errors
    /// When it does not come up again.
    pub async fn restart_at_once(&self) -> anyhow::Result<()> {
        self.control(&["restart", "-m", "immediate"]).await
    }

    /// `pg_ctl stop -m immediate`.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop_at_once(&self) -> anyhow::Result<()> {
        self.control(&["stop", "-m", "immediate"]).await
    }

    /// Starts a stopped server as it was started first.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let options = self.options().join(" ");
        self.control(&["start", "-o", &options]).await
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = as_owner(self.root, &self.bin.join("pg_ctl"));
        command
            .args(arguments)
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-w")
            .arg("-s")
            .arg("-l")
            .arg(self.folder.join("restarted.log"))
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || {
            // The server inherits what its starter has: a pipe would never come to its end.
            let ended = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            ensure!(ended.success(), "{command:?}: {ended}");
            Ok(())
        })
        .await?
    }

    fn options(&self) -> Vec<String> {
        let folder = self.folder.display();
        let port = self.port;
        [
            "-k".to_owned(),
            folder.to_string(),
            "-p".to_owned(),
            port.to_string(),
        ]
        .into_iter()
        // Nothing here outlives the test run, so durability against power loss buys nothing.
        .chain(
            [
                "-c",
                "fsync=off",
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=300",
            ]
            .map(ToOwned::to_owned),
        )
        .collect()
    }
}

fn start() -> anyhow::Result<Cluster> {
    let bin = programs()?;
    let folder = tempfile::Builder::new()
        .prefix("bando-postgres-")
        .tempdir_in("/tmp")?
        .keep();
    let root = is_root()?;
    if root {
        // The server refuses to run as root; Debian's package made this account.
        run(Command::new("chown").arg("postgres").arg(&folder))?;
    }
    let data = folder.join("data");
    let mut initdb = as_owner(root, &bin.join("initdb"));
    initdb.args([
        "--username=bando",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    run(initdb.arg("--pgdata").arg(&data))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let cluster = Cluster {
        bin,
        folder,
        port,
        root,
    };
    watch(&cluster)?;
    wait_until_ready(&cluster)?;
    Ok(cluster)
}

/// The folder with the server's programs, which Debian keeps off the PATH.
fn programs() -> anyhow::Result<PathBuf> {
    let listed = Command::new("sh")
        .args([
            "-c",
            "ls -d /usr/lib/postgresql/*/bin; dirname \"$(command -v postgres)\"",
        ])
        .stderr(Stdio::null())
        .output()?;
    let listed = String::from_utf8(listed.stdout)?;
    let complete = |bin: &Path| {
        ["initdb", "postgres", "pg_ctl", "psql"]
            .iter()
            .all(|name| bin.join(name).exists())
    };
    match listed.lines().map(PathBuf::from).find(|bin| complete(bin)) {
        Some(bin) => Ok(bin),
        None => bail!("the tests need a PostgreSQL server: {INSTALL}"),
    }
}

fn is_root() -> anyhow::Result<bool> {
    let id = Command::new("id").arg("-u").output()?;
    Ok(id.stdout.trim_ascii() == b"0")
}

/// A command as the account that owns the cluster.
fn as_owner(root: bool, program: &Path) -> Command {
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/tmp");
    command
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let ended = command.output().with_context(|| format!("{command:?}"))?;
    let complaint = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{command:?}: {complaint}");
    Ok(())
}

/// Starts the server under a shell that outlives this process by a second: it ends the server by
/// the process id the server wrote down, which a restart changes, and removes its folder.
fn watch(cluster: &Cluster) -> anyhow::Result<()> {
    let script = r#"
        folder=$1 parent=$2; shift 2
        "$@" >"$folder/log" 2>&1 &
        while kill -0 "$parent" 2>/dev/null; do sleep 1; done
        server=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null)
        if [ -n "$server" ]; then
            kill -QUIT "$server" 2>/dev/null
            while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
        fi
        rm -rf "$folder""#;
    let server = as_owner(cluster.root, &cluster.bin.join("postgres"));
    Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(&cluster.folder)
        .arg(std::process::id().to_string())
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(cluster.folder.join("data"))
        .args(cluster.options())
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C on the tests must not end the watchdog before the server.
        .process_group(0)
        .spawn()?;
    Ok(())
}

fn wait_until_ready(cluster: &Cluster) -> anyhow::Result<()> {
    let pause = Duration::from_millis(100);
    for _ in 0..START.as_millis() / pause.as_millis() {
        let asked = Command::new(cluster.bin.join("pg_isready"))
            .args(["--quiet", "--host=127.0.0.1"])
            .arg(format!("--port={}", cluster.port))
            .status()?;
        if asked.success() {
            return Ok(());
        }
        std::thread::sleep(pause);
    }
    let log = std::fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
    bail!(
        "PostgreSQL did not start within {} s: {log}",
        START.as_secs()
    )
}
