//! `/healthz` and `/readyz`, for whoever watches the process.

use crate::engine::Core;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Answers until the task is ended.
pub async fn serve(listener: TcpListener, core: Arc<Core>) {
    let router = Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).with_state(core);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the health page ended");
    }
}

/// Always 200: no start mends a disk that is full. The body tells.
async fn alive(State(core): State<Arc<Core>>) -> &'static str {
    if core.disk.state().full { "ok, but the disk is full: nothing is accepted\n" } else { "ok\n" }
}

/// 200 when all is settled and something is carried. Else 503. The body tells what is waited for.
async fn ready(State(core): State<Arc<Core>>) -> Response {
    let readiness = core.readiness();
    let code = if readiness.is_carrying() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let accounts = core.status().accounts;
    let told = serde_json::json!({
        "ready": readiness.is_carrying(),
        "waits_for": readiness.waits_for,
        "disk": core.disk.state(),
        "accounts": accounts,
    });
    (code, Json(told)).into_response()
}
