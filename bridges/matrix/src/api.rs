//! Requests of ruma's, answers as JSON, each behind a deadline.

use crate::config::Config;
use crate::service::Service;
use bytes::BytesMut;
use futures::StreamExt;
use relay_contract::{ByteStream, Problem};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use ruma::UserId;
use ruma::api::auth_scheme::{AuthScheme, SendAccessToken};
use ruma::api::path_builder::PathBuilder;
use ruma::api::{MatrixVersion, OutgoingRequest, OutgoingRequestExt, SupportedVersions};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 128 << 20;
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// A homeserver, with one account's access token.
pub struct Api {
    client: reqwest::Client,
    base: String,
    token: SecretString,
    versions: SupportedVersions,
    /// The registration, where Relay is an application service.
    pub service: Option<Service>,
}

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The request was certainly not received.
    Unreachable(String),
    /// No answer, or none that can be read: it may have been done.
    Silent(String),
    /// The homeserver said no.
    Answered(Answer),
}

/// A refusal (<https://spec.matrix.org/v1.11/client-server-api/#standard-error-response>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `errcode`; empty when the answer is not Matrix's.
    pub code: String,
    /// `error`, at most 200 characters, without a full stop.
    pub message: String,
    /// How long to wait.
    pub retry_after: Option<Duration>,
}

impl Api {
    /// Sends nothing yet.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("relay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Problem::new(
                    format!("No HTTP client can be made: {}.", error.without_url()),
                    "This is a fault of this build of Relay.",
                )
            })?;
        // Authenticated media came with 1.11 (<https://spec.matrix.org/v1.11/client-server-api/#content-repository>).
        let versions =
            SupportedVersions { versions: BTreeSet::from([MatrixVersion::V1_11]), features: BTreeSet::new() };
        let (base, token) = (config.homeserver.clone(), config.access_token.clone());
        Ok(Self { client, base, token, versions, service: config.service.clone() })
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> SecretString {
        SecretString::from(format!("Bearer {}", self.token.expose_secret()))
    }

    /// An address on the homeserver.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// One request, and its answer.
    pub async fn call<R>(&self, request: R, most: Duration) -> Result<Value, CallError>
    where
        R: OutgoingRequest,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
        for<'a> R::PathBuilder: PathBuilder<Input<'a> = Cow<'a, SupportedVersions>>,
    {
        self.call_as(None, request, most).await
    }

    /// The same as a ghost (<https://spec.matrix.org/v1.11/application-service-api/#identity-assertion>).
    pub async fn call_as<R>(
        &self,
        user: Option<&UserId>,
        request: R,
        most: Duration,
    ) -> Result<Value, CallError>
    where
        R: OutgoingRequest,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
        for<'a> R::PathBuilder: PathBuilder<Input<'a> = Cow<'a, SupportedVersions>>,
    {
        let token = match &self.service {
            Some(_) => SendAccessToken::Appservice(self.token.expose_secret()),
            None => SendAccessToken::IfRequired(self.token.expose_secret()),
        };
        let unsent = |error: String| CallError::Unreachable(format!("the request cannot be made: {error}"));
        let request = request
            .try_into_http_request::<Vec<u8>>(&self.base, token, Cow::Borrowed(&self.versions))
            .map_err(|error| unsent(error.to_string()))?;
        let mut request =
            reqwest::Request::try_from(request).map_err(|error| unsent(error.without_url().to_string()))?;
        if let Some(user) = user {
            request.url_mut().query_pairs_mut().append_pair("user_id", user.as_str());
        }
        self.send(request, most).await
    }

    /// Uploads bytes; answers their `mxc` address (<https://spec.matrix.org/v1.11/client-server-api/#post_matrixmediav3upload>).
    pub async fn upload(
        &self,
        name: &str,
        mime: &str,
        size: u64,
        bytes: ByteStream,
        most: Duration,
    ) -> Result<Value, CallError> {
        let request = self
            .client
            .post(self.address("/_matrix/media/v3/upload"))
            .query(&[("filename", name)])
            .header(AUTHORIZATION, self.authorization().expose_secret())
            .header(CONTENT_TYPE, mime)
            .header(CONTENT_LENGTH, size)
            .body(reqwest::Body::wrap_stream(bytes))
            .build()
            .map_err(|error| CallError::Unreachable(error.without_url().to_string()))?;
        self.send(request, most).await
    }

    async fn send(&self, request: reqwest::Request, most: Duration) -> Result<Value, CallError> {
        match tokio::time::timeout(most, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::Silent(format!("no answer within {} s", most.as_secs()))),
        }
    }

    async fn answer(&self, request: reqwest::Request) -> Result<Value, CallError> {
        let response = self.client.execute(request).await.map_err(|error| {
            let unreachable = error.is_connect() || error.is_builder();
            let words = words(error);
            if unreachable { CallError::Unreachable(words) } else { CallError::Silent(words) }
        })?;
        let status = response.status().as_u16();
        let waits = header_wait(response.headers());
        let mut bytes = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| CallError::Silent(words(error)))?;
            if bytes.len() + piece.len() > LONGEST {
                return Err(CallError::Silent(format!("an answer of more than {LONGEST} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        let answer = serde_json::from_slice::<Value>(&bytes);
        if (200..300).contains(&status) {
            return answer.map_err(|_| CallError::Silent("an answer that is not JSON".into()));
        }
        Err(CallError::Answered(refusal(status, answer.unwrap_or_default(), waits)))
    }
}

/// What went wrong on the way, without the URL.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

/// In seconds.
fn header_wait(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn refusal(status: u16, answer: Value, waits: Option<Duration>) -> Answer {
    let string = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    let millis = answer.get("retry_after_ms").and_then(Value::as_u64).map(Duration::from_millis);
    Answer {
        status,
        code: string("errcode").chars().take(60).collect(),
        message: string("error").trim_end_matches('.').chars().take(200).collect(),
        retry_after: waits.max(millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals() {
        let wait = Duration::from_millis;
        let cases = [
            (
                json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 1500 }),
                None,
                Some(wait(1500)),
            ),
            (
                json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 1500 }),
                Some(wait(2000)),
                Some(wait(2000)),
            ),
            (json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "slow" }), None, None),
        ];
        for (body, header, expected) in cases {
            let answer = refusal(429, body, header);
            assert_eq!((answer.code.as_str(), answer.retry_after), ("M_LIMIT_EXCEEDED", expected));
        }
        assert_eq!(refusal(502, Value::Null, None), Answer { status: 502, ..Answer::default() });
    }
}
