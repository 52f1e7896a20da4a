//! The composition root: builds store, clock, mailer and signer once, and runs the parts of the
//! daemon until they are told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bando_domain::clock_watch::Standing;
use bando_store::{Store, Tx, installation};
use bando_workflow::clock::{Clock, SimulatedClock, SystemClock};
use bando_workflow::documents::{self, Blobs, Quarantine, Scanner, Swept};
use bando_workflow::entropy::Entropy;
use bando_workflow::mailer::{FolderMailer, Mailer, SmtpMailer};
use bando_workflow::postman::Postman;
use bando_workflow::schedule::Timekeeper;
use bando_workflow::{Command, Context, clock_acts, schedules, serving, tokens};
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::config::{Config, Mail};
use crate::grpc::{self, Api, Gate, GateLayer};
use crate::{admin, keys};

/// The safety net under the wake-ups by commit.
const POLL: Duration = Duration::from_secs(1);
/// Looks at the clock between two marks of it.
const LOOKS_PER_MARK: u32 = 60;
/// Commits that come this close together are looked at together.
const BURST: Duration = Duration::from_millis(10);
/// So long without a commit, and letters disturb nobody.
const QUIET: Duration = Duration::from_millis(5);
/// Longest wait of the letters for such a moment.
const PATIENCE: Duration = Duration::from_millis(500);
/// Unary calls and letters on their way may take this long after a stop.
const DRAIN: Duration = Duration::from_secs(20);
/// The hard end after a stop.
const HARD_STOP: Duration = Duration::from_secs(29);

/// Which clock the daemon runs on.
#[derive(Debug, Clone, Copy)]
pub enum ClockKind {
    Real,
    /// Hand-turned, from this instant or from where the data folder stopped.
    Simulated(DateTime<Utc>),
    /// Hand-turned too, and only turning it fires timers and sends letters: one after the other, so
    /// that the same seed gives the same ids and the same letters.
    Rehearsed {
        from: DateTime<Utc>,
        seed: u64,
    },
}

impl ClockKind {
    /// Where a hand-turned clock starts on a fresh data folder.
    const fn begins_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Real => None,
            Self::Simulated(from) | Self::Rehearsed { from, .. } => Some(from),
        }
    }

    fn entropy(self) -> Entropy {
        match self {
            Self::Real | Self::Simulated(_) => Entropy::System,
            Self::Rehearsed { seed, .. } => Entropy::rehearsed(seed),
        }
    }

    /// Whether timers fire and letters leave by themselves, besides when the clock is turned.
    const fn runs_by_itself(self) -> bool {
        match self {
            Self::Real | Self::Simulated(_) => true,
            Self::Rehearsed { .. } => false,
        }
    }
}

/// A daemon that is being served.
#[derive(Debug)]
pub struct Running {
    pub endpoint: String,
    pub cx: Context,
    /// Where the first token was written, when this was the first start.
    pub bootstrap_token_file: Option<PathBuf>,
    stop: CancellationToken,
    parts: JoinSet<anyhow::Result<()>>,
}

impl Running {
    /// Ends every part in order; by the hard limit at the latest.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        let ended = tokio::time::timeout(HARD_STOP, async {
            while let Some(ended) = self.parts.join_next().await {
                ended??;
            }
            anyhow::Ok(())
        });
        match ended.await {
            Ok(outcome) => outcome,
            Err(_) => bail!("not drained within {} s", HARD_STOP.as_secs()),
        }
    }

    /// Returns when a part ends by itself, which is always an error.
    pub async fn broken(&mut self) -> anyhow::Error {
        match self.parts.join_next().await {
            Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part of the daemon ended by itself"),
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
        }
    }
}

/// Starts the daemon on listeners that were bound before.
pub async fn start(
    config: &Config,
    clock: ClockKind,
    listener: TcpListener,
    admin_listener: Option<TcpListener>,
) -> anyhow::Result<Running> {
    let cx = context(config, clock).await?;
    let bootstrap_token_file = first_token(config, &cx).await?;
    schedules::plan_all(&cx).await?;
    // Before any timer of what happened meanwhile, and before anybody is served.
    serving::look(&cx).await?;
    let mailer: Arc<dyn Mailer> = match &config.mail {
        Mail::Folder(folder) => Arc::new(FolderMailer::new(folder.clone())?),
        Mail::Smtp(relay) => Arc::new(SmtpMailer::new(relay)?),
    };
    let postman = Arc::new(Postman::new(cx.clone(), mailer));
    let timekeeper = Arc::new(Timekeeper::new(cx.clone(), postman.clone()));
    let stop = CancellationToken::new();
    let mut parts = JoinSet::new();
    let endpoint = endpoint(config, &listener)?;
    parts.spawn(serve_grpc(
        config.clone(),
        cx.clone(),
        timekeeper.clone(),
        listener,
        stop.clone(),
    ));
    if clock.runs_by_itself() {
        parts.spawn(keep_time(cx.clone(), timekeeper, stop.clone()));
        parts.spawn(watch_clock(cx.clone(), stop.clone()));
        parts.spawn(deliver(cx.clone(), postman, stop.clone()));
    }
    parts.spawn(sequence(cx.clone(), stop.clone()));
    parts.spawn(keep_documents(cx.clone(), stop.clone()));
    if let Some(listener) = admin_listener {
        let (cx, stop) = (cx.clone(), stop.clone());
        parts.spawn(async move { Ok(admin::serve(cx, listener, stop).await?) });
    }
    Ok(Running {
        endpoint,
        cx,
        bootstrap_token_file,
        stop,
        parts,
    })
}

fn endpoint(config: &Config, listener: &TcpListener) -> anyhow::Result<String> {
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    Ok(format!("{scheme}://{}", listener.local_addr()?))
}

/// Store, clock and signer; refuses a data folder that was used with the other kind of clock.
pub async fn context(config: &Config, clock: ClockKind) -> anyhow::Result<Context> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| config.data_dir.display().to_string())?;
    let signer = Arc::new(keys::signer(&config.signing_key_file)?);
    let store = Store::open(&config.database).await?;
    let entropy = clock.entropy();
    let clock: Arc<dyn Clock> = match clock.begins_at() {
        None => {
            let mark = installation::mark(store.read()).await?;
            Arc::new(SystemClock::starting(mark))
        }
        Some(from) => {
            let last = installation::get(store.read(), "simulated_until").await?;
            let last = last.and_then(|text| text.parse().ok());
            Arc::new(SimulatedClock::starting_at(
                last.map_or(from, |last| from.max(last)),
            ))
        }
    };
    let kind = if clock.simulated().is_some() {
        "simulated"
    } else {
        "real"
    };
    let cx = Context {
        store,
        clock,
        signer,
        blobs: blobs(config)?,
        scanner: config.documents.clamd_socket.clone().map(Scanner::at),
        plans: config.schedules.as_slice().into(),
        entropy,
    };
    let act = cx.act(&Command::of_time(cx.now()));
    let settled = cx
        .store
        .write(act, async move |tx: &Tx| {
            installation::settle(tx, "clock", kind).await
        })
        .await?;
    if settled != kind {
        bail!("this data was made with the {settled} clock and cannot be used with the {kind} one");
    }
    Ok(cx)
}

/// A context for one act beside a daemon that may be running: it takes no lock on the data folder
/// and starts no part.
pub async fn beside(config: &Config) -> anyhow::Result<Context> {
    let signer = Arc::new(keys::signer(&config.signing_key_file)?);
    let store = Store::open_beside(&config.database).await?;
    let now = match installation::get(store.read(), "simulated_until").await? {
        Some(text) => Some(text.parse().context("the simulated clock's mark")?),
        None => None,
    };
    let clock: Arc<dyn Clock> = match now {
        Some(now) => Arc::new(SimulatedClock::starting_at(now)),
        None => Arc::new(SystemClock::starting(None)),
    };
    Ok(Context {
        store,
        clock,
        signer,
        blobs: blobs(config)?,
        scanner: None,
        plans: config.schedules.as_slice().into(),
        entropy: Entropy::System,
    })
}

fn blobs(config: &Config) -> anyhow::Result<Blobs> {
    let folder = &config.documents.folder;
    Blobs::open(folder.clone()).with_context(|| folder.display().to_string())
}

/// At the first start, a token that may only create tokens is written for its owner.
async fn first_token(config: &Config, cx: &Context) -> anyhow::Result<Option<PathBuf>> {
    if !tokens::none_yet(cx).await? {
        return Ok(None);
    }
    let path = config.data_dir.join("bootstrap.token");
    keys::write_secret(&path, &tokens::bootstrap(cx).await?)?;
    tracing::info!(file = %path.display(), "first start: a token that may create tokens is written");
    Ok(Some(path))
}

async fn serve_grpc(
    config: Config,
    cx: Context,
    timekeeper: Arc<Timekeeper>,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (health, health_service) = tonic_health::server::health_reporter();
    show(&health, ServingStatus::Serving).await;
    let mut server = grpc::server();
    if let Some(tls) = &config.tls {
        let identity =
            Identity::from_pem(std::fs::read(&tls.certificate)?, std::fs::read(&tls.key)?);
        server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    let gate = Arc::new(Gate::new(cx.clone(), config.reflection));
    let watched = cx.clone();
    let mut routes = Api::new(cx, timekeeper)
        .routes()
        .add_service(health_service);
    if config.reflection {
        let described = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(bando_proto::DESCRIPTORS)
        };
        routes = routes
            .add_service(described().build_v1()?)
            .add_service(described().build_v1alpha()?);
    }
    // Nagle's delay would cost 40 ms a call; the builder's own switch does not reach this listener.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stopped = report_health(watched, health, stop.clone());
    let serving = server
        .layer(GateLayer(gate))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stopped);
    // The library's own drain waits for every open stream, for ever.
    tokio::select! {
        outcome = serving => Ok(outcome?),
        () = async { stop.cancelled().await; wait(DRAIN).await } => Ok(()),
    }
}

/// Says whether the database can be read, until the daemon stops. A full disk is no reason to turn
/// callers away: reading goes on.
async fn report_health(cx: Context, health: HealthReporter, stop: CancellationToken) {
    let mut shown = ServingStatus::Serving;
    let looking = async {
        loop {
            wait(POLL).await;
            let found = match admin::database_answers(&cx).await {
                Ok(()) => ServingStatus::Serving,
                Err(_) => ServingStatus::NotServing,
            };
            if found != shown {
                tracing::warn!(?found, "the database stopped or began to answer");
                shown = found;
                show(&health, found).await;
            }
        }
    };
    tokio::select! {
        () = looking => {}
        () = stop.cancelled() => {}
    }
    show(&health, ServingStatus::NotServing).await;
}

/// Shows one status for every service, and for the daemon as a whole.
async fn show(health: &HealthReporter, status: ServingStatus) {
    for name in grpc::service_names() {
        health.set_service_status(name, status).await;
    }
    health.set_service_status("", status).await;
}

/// Runs due timers and schedules: woken by commits, with a poll as the safety net.
async fn keep_time(
    cx: Context,
    timekeeper: Arc<Timekeeper>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut commits = cx.store.commits();
    loop {
        if let Err(error) = timekeeper.run_due().await {
            tracing::error!(%error, "timers could not run");
        }
        if woken_or_stopped(&mut commits, &stop).await {
            return Ok(());
        }
    }
}

/// Tells when the clock stops being believable, and keeps the last instant it was; keeps until when
/// anybody was served.
async fn watch_clock(cx: Context, stop: CancellationToken) -> anyhow::Result<()> {
    let watching = async {
        let mut told = Standing::Agrees;
        let mut looks = 0;
        loop {
            if looks == 0 {
                match keep_marks(&cx).await {
                    Ok(()) => looks = LOOKS_PER_MARK,
                    // Again at the next look: a moment's trouble is no absence.
                    Err(error) => tracing::error!(%error, "the marks of time are not kept"),
                }
            }
            let standing = cx.clock.standing();
            if std::mem::discriminant(&standing) != std::mem::discriminant(&told) {
                tell_standing(standing);
                told = standing;
            }
            wait(POLL).await;
            looks = looks.saturating_sub(1);
        }
    };
    tokio::select! {
        () = watching => {}
        () = stop.cancelled() => {}
    }
    if let Err(error) = serving::go_on(&cx).await {
        tracing::error!(%error, "the mark of service is not kept");
    }
    Ok(())
}

/// The last instant that the clock showed and was believed, and the last one at which anybody was
/// served.
async fn keep_marks(cx: &Context) -> Result<(), bando_workflow::Error> {
    clock_acts::keep_mark(cx).await?;
    serving::go_on(cx).await
}

fn tell_standing(standing: Standing) {
    let by = standing.by();
    match standing {
        Standing::Agrees => tracing::info!("the clock agrees again"),
        Standing::Drifts { .. } => tracing::warn!(%by, "the clock drifts from the monotonic one"),
        Standing::Holds { .. } => {
            tracing::error!(%by, "the clock jumped: timers and schedules wait until it agrees again or is confirmed");
        }
    }
}

async fn deliver(
    cx: Context,
    postman: Arc<Postman>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut commits = cx.store.commits();
    while !stop.is_cancelled() {
        let taken = postman.deliver_some().await.unwrap_or_else(|error| {
            tracing::error!(%error, "letters could not be delivered");
            0
        });
        if taken == 0 && woken_or_stopped(&mut commits, &stop).await {
            break;
        }
        let_callers_go_first(&mut commits, &stop).await;
    }
    Ok(())
}

/// Waits until nobody has written for a moment, but not for ever: under load the letters take
/// turns with the callers.
async fn let_callers_go_first(
    commits: &mut tokio::sync::watch::Receiver<u64>,
    stop: &CancellationToken,
) {
    let quiet = async {
        loop {
            commits.mark_unchanged();
            wait(QUIET).await;
            if !commits.has_changed().unwrap_or(false) {
                return;
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = quiet => {}
        () = wait(PATIENCE) => {}
    }
}

/// Sweeps the documents' folder once, then has whatever waits in quarantine scanned.
async fn keep_documents(cx: Context, stop: CancellationToken) -> anyhow::Result<()> {
    match documents::sweep(&cx).await {
        Ok(swept) if swept == Swept::default() => {}
        Ok(swept) => tracing::info!(?swept, "files without a document are removed"),
        Err(error) => tracing::error!(%error, "the documents' folder could not be swept"),
    }
    let Some(scanner) = cx.scanner.clone() else {
        stop.cancelled().await;
        return Ok(());
    };
    let quarantine = Quarantine::new(cx.clone(), scanner);
    let mut commits = cx.store.commits();
    loop {
        if let Err(error) = quarantine.scan_due(&stop).await {
            tracing::error!(%error, "documents could not be scanned");
        }
        if woken_or_stopped(&mut commits, &stop).await {
            return Ok(());
        }
    }
}

/// Chains committed events where the database does not do it in the commit itself, and keeps the
/// simulated clock's mark.
async fn sequence(cx: Context, stop: CancellationToken) -> anyhow::Result<()> {
    let mut commits = cx.store.commits();
    loop {
        match cx.store.sequence(cx.upkeep()).await {
            Ok(done) if done > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "events could not be numbered"),
        }
        if woken_or_stopped(&mut commits, &stop).await {
            break;
        }
    }
    if cx.clock.simulated().is_some() {
        let until = cx.now().to_rfc3339();
        cx.store
            .write(cx.upkeep(), async move |tx: &Tx| {
                installation::put(tx, "simulated_until", &until).await
            })
            .await?;
    }
    Ok(())
}

/// Waits for a commit, or the poll; `true` when the daemon stops. A burst of commits wakes once.
async fn woken_or_stopped(
    commits: &mut tokio::sync::watch::Receiver<u64>,
    stop: &CancellationToken,
) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => true,
        changed = commits.changed() => {
            wait(BURST).await;
            commits.mark_unchanged();
            changed.is_err()
        }
        () = wait(POLL) => false,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the daemon's loops are where waiting lives"
)]
async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
