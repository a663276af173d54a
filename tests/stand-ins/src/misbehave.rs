//! The faults that concern one API request, the same on every platform: a layer around a platform's routes.

use crate::faults::{Fault, Faults, Kind};
use crate::server::Connection;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// How a platform words the faults that it answers itself.
#[derive(Clone)]
pub struct Misbehaviour {
    /// What is armed.
    pub faults: Arc<Faults>,
    /// The platform's 429, waiting for `Fault::seconds`.
    pub rate_limited: fn(&Fault) -> Response,
    /// The platform's answer to a wrong token.
    pub unauthorized: fn() -> Response,
}

/// Layer (`axum::middleware::from_fn_with_state`): uses up at most one armed fault per request. `Fault::only` is looked for
/// in the method, a space and the path: `POST /api/v10/channels/1/messages`.
pub async fn misbehave(
    State(how): State<Misbehaviour>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    const HERE: [Kind; 6] = [
        Kind::RateLimit,
        Kind::ServerError,
        Kind::CutAfter,
        Kind::Slow,
        Kind::LateAnswer,
        Kind::Unauthorized,
    ];
    let place = format!("{} {}", request.method(), request.uri().path());
    let Some(fault) = how.faults.take(&HERE, &place) else {
        return next.run(request).await;
    };
    tracing::debug!(%place, kind = ?fault.kind, "fault");
    match fault.kind {
        Kind::RateLimit => (how.rate_limited)(&fault),
        Kind::Unauthorized => (how.unauthorized)(),
        Kind::CutAfter => {
            let answer = next.run(request).await;
            connection.cut();
            answer
        }
        Kind::Slow => {
            tokio::time::sleep(fault.lasts()).await;
            next.run(request).await
        }
        Kind::LateAnswer => {
            let answer = next.run(request).await;
            tokio::time::sleep(fault.lasts()).await;
            answer
        }
        _ => (StatusCode::BAD_GATEWAY, "502: Bad Gateway").into_response(),
    }
}
