//! The administration listener: `/livez` touches nothing, `/readyz` asks the database, and
//! `/calendars` shows deadlines to whoever knows an address.

pub(crate) mod calendars;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use bando_domain::clock_watch::Standing;
use bando_workflow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(
    cx: Context,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/calendars/{file}", get(calendars::show));
    axum::serve(listener, router.with_state(cx))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn ready(State(cx): State<Context>) -> (StatusCode, String) {
    match database_answers(&cx).await {
        Ok(()) => (StatusCode::OK, format!("ok\n{}", clock_line(&cx))),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "database: unavailable\n".to_owned(),
        ),
    }
}

/// What is to be said of the clock. It is no reason to turn callers away: what they submit is
/// judged by its instant.
fn clock_line(cx: &Context) -> String {
    let seconds = cx.clock.standing().by().num_seconds();
    match cx.clock.standing() {
        Standing::Agrees => String::new(),
        Standing::Drifts { .. } => format!("clock: drifts, {seconds} s ahead\n"),
        Standing::Holds { .. } => {
            format!("clock: jumped, {seconds} s ahead; timers and schedules are held\n")
        }
    }
}

/// Reads one row: what readiness means.
pub(crate) async fn database_answers(cx: &Context) -> Result<(), bando_store::Error> {
    bando_store::installation::get(cx.store.read(), "clock").await?;
    Ok(())
}
