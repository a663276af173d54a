//! `/healthz` and `/readyz`, for whoever watches the process.

use crate::engine::{AccountState, Core};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Answers until the task is ended.
pub async fn serve(listener: TcpListener, core: Arc<Core>) {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(core);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the health page ended");
    }
}

/// 200 when something is carried: an account is connected, and none is still trying. Else 503. The body tells which.
async fn ready(State(core): State<Arc<Core>>) -> Response {
    let accounts = core.status().accounts;
    let trying = accounts
        .iter()
        .any(|account| !matches!(account.state, AccountState::Up | AccountState::Parked { .. }));
    let ready = !trying && accounts.iter().any(|account| account.state == AccountState::Up);
    let code = if !ready { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(serde_json::json!({ "ready": ready, "accounts": accounts }))).into_response()
}
