//! Answers that are refusals: what is wrong and what to do, as JSON.

use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    what: Cow<'static, str>,
    fix: Cow<'static, str>,
    /// Seconds after which it may be asked again.
    again: Option<u64>,
}

/// As it is written.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    fix: &'a str,
}

impl Refusal {
    /// What is wrong, and what to do about it.
    pub fn new(
        status: StatusCode,
        what: impl Into<Cow<'static, str>>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, what: what.into(), fix: fix.into(), again: None }
    }

    /// The request is not as it must be.
    pub fn bad(what: impl Into<Cow<'static, str>>, fix: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what, fix)
    }

    /// There is nothing of that name.
    pub fn not_found(what: impl Into<Cow<'static, str>>, fix: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what, fix)
    }

    /// It may be asked again after so many seconds.
    pub fn after(self, seconds: u64) -> Self {
        Self { again: Some(seconds), ..self }
    }

    /// It cannot be told whether it was done.
    pub fn not_now() -> Self {
        let fix = "Ask again with the same Idempotency-Key: what is there already is not done twice.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Relay cannot take anything now", fix).after(5)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Behind { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the index of messages is being made anew",
                "Ask again in a while.",
            )
            .after(5),
            error => {
                tracing::error!(%error, "a request could not be answered");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "what is stored could not be read",
                    "Relay's log tells why.",
                )
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(Body { error: &self.what, fix: &self.fix });
        let mut answer = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.again {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
