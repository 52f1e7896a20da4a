//! The daemon as a process of its own, as an operator would start it.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How long the daemon may take until it serves.
const START: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Process {
    child: Child,
    pub endpoint: String,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
}

impl Process {
    /// Starts `bandod serve` on a hand-turned clock and waits until it serves.
    ///
    /// # Errors
    /// When the binary is not built, or does not serve in twenty seconds.
    pub async fn start(data_dir: &Path) -> anyhow::Result<Self> {
        Self::start_on(data_dir, None).await
    }

    /// The same on a PostgreSQL database.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_on(data_dir: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        Self::start_with(data_dir, database, None).await
    }

    /// The same with a configuration file.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(
        data_dir: &Path,
        database: Option<&str>,
        config: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let database = database.map(|url| ("BANDO_DATABASE_URL", url.to_owned()));
        Self::start_in(data_dir, config, database.as_slice()).await
    }

    /// The same with these words in its environment.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_in(
        data_dir: &Path,
        config: Option<&Path>,
        words: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let started = Instant::now();
        let child = Command::new(beside("bandod")?)
            .args(["serve", "--clock", "simulated"])
            .args(["--clock-start", "2016-03-01T08:00:00Z"])
            .arg("--data-dir")
            .arg(data_dir)
            .args(
                config
                    .map(|file| [OsStr::new("--config"), file.as_os_str()])
                    .into_iter()
                    .flatten(),
            )
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("BANDO_ADMIN_LISTEN", "off")
            .env("BANDO_LOG", "error")
            .envs(words.iter().cloned())
            .stderr(Stdio::null())
            .spawn()?;
        Self::serving(child, port, data_dir, started).await
    }

    /// Starts `bandod serve` on the machine's clock as `wall` shows it, with its administration on
    /// `admin`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_by(
        data_dir: &Path,
        wall: &WallClock,
        admin: SocketAddr,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let started = Instant::now();
        let child = Command::new(beside("bandod")?)
            .arg("serve")
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("BANDO_ADMIN_LISTEN", admin.to_string())
            .env("BANDO_LOG", "off")
            .envs(wall.environment())
            .stderr(Stdio::null())
            .spawn()?;
        Self::serving(child, port, data_dir, started).await
    }

    async fn serving(
        child: Child,
        port: u16,
        data_dir: &Path,
        started: Instant,
    ) -> anyhow::Result<Self> {
        let mut process = Self {
            child,
            endpoint: format!("http://127.0.0.1:{port}"),
            started_in: Duration::ZERO,
        };
        let shared = Channel::from_shared(process.endpoint.clone())?;
        let first_token = data_dir.join("bootstrap.token");
        while !first_token.is_file() || !serves(&shared).await {
            ensure!(started.elapsed() < START, "bandod does not serve");
            pause(Duration::from_millis(2)).await;
        }
        process.started_in = started.elapsed();
        Ok(process)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.context("no VmRSS")?.trim().trim_end_matches(" kB");
        Ok(kilobytes.trim().parse::<u64>()? * 1024)
    }
}

/// A port nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(free.local_addr()?.port())
}

/// The machine's wall clock as one process sees it: set beside the real one, while the monotonic
/// clock runs on undisturbed.
#[derive(Debug)]
pub struct WallClock {
    library: PathBuf,
    offset: PathBuf,
    /// What it showed when it was made, in seconds from the real one.
    base: i64,
}

impl WallClock {
    /// # Errors
    /// When the library that does it is not installed.
    #[expect(
        clippy::disallowed_methods,
        reason = "a clock beside the machine's is set from it"
    )]
    pub fn showing(now: DateTime<Utc>, folder: &Path) -> anyhow::Result<Self> {
        let library = std::fs::read_dir("/usr/lib")?
            .filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")))
            .find(|library| library.is_file())
            .context("libfaketime is missing: run `make setup`")?;
        let real = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let clock = Self {
            library,
            offset: folder.join("wall-clock"),
            base: now.timestamp() - i64::try_from(real.as_secs())?,
        };
        clock.set_off_by(0)?;
        Ok(clock)
    }

    /// Steps the clock to so many seconds from where it would be by itself.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_off_by(&self, seconds: i64) -> anyhow::Result<()> {
        // Renamed into place: a reader finds the one or the other.
        let fresh = self.offset.with_extension("fresh");
        std::fs::write(&fresh, format!("{:+}\n", self.base + seconds))?;
        Ok(std::fs::rename(fresh, &self.offset)?)
    }

    fn environment(&self) -> [(&'static str, &OsStr); 4] {
        [
            ("LD_PRELOAD", self.library.as_os_str()),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.as_os_str()),
            ("FAKETIME_NO_CACHE", OsStr::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", OsStr::new("1")),
        ]
    }
}

/// Waits in real time, whatever the daemon's clock says.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no schedule to wait in"
)]
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Whether the daemon says of itself that it serves.
async fn serves(endpoint: &Endpoint) -> bool {
    let Ok(channel) = endpoint.connect().await else {
        return false;
    };
    let mut health = HealthClient::new(channel);
    let asked = health.check(HealthCheckRequest::default()).await;
    let answer = asked.map(tonic::Response::into_inner);
    answer.is_ok_and(|answer| answer.status() == ServingStatus::Serving)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A binary of the workspace, built beside the one that runs.
///
/// # Errors
/// When it is not built.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let mine = std::env::current_exe()?;
    let folder = mine.parent().and_then(Path::parent).context("a folder")?;
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "{} is missing: run `cargo build --bins`",
        path.display()
    );
    Ok(path)
}
