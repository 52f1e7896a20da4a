//! The administration listener: `/livez` touches nothing, `/readyz` asks the database.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
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
        .route("/readyz", get(ready));
    axum::serve(listener, router.with_state(cx))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn ready(State(cx): State<Context>) -> (StatusCode, String) {
    match database_answers(&cx).await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "database: unavailable\n".to_owned(),
        ),
    }
}

/// Reads one row: what readiness means.
pub(crate) async fn database_answers(cx: &Context) -> Result<(), bando_store::Error> {
    bando_store::installation::get(cx.store.read(), "clock").await?;
    Ok(())
}
