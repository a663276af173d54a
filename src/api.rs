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

/// 200 when every account is connected or waits for a person, 503 while one is still trying. The body tells which.
async fn ready(State(core): State<Arc<Core>>) -> Response {
    let accounts = core.status().accounts;
    let trying = accounts
        .iter()
        .any(|account| !matches!(account.state, AccountState::Up | AccountState::Parked { .. }));
    let code = if trying { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(serde_json::json!({ "ready": !trying, "accounts": accounts }))).into_response()
}
