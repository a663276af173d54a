//! Requests to the Web API: one attempt each, behind a deadline, answered with plain JSON.

use crate::config::Config;
use crate::errors::CallError;
use crate::response_url;
use bytes::Bytes;
use futures::TryStreamExt;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Limited, StreamBody};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use relay_contract::{Problem, Upload};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use slack_morphism::hyper_tokio::SlackHyperClient;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientApiCallContext, SlackClientHttpConnector,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The longest answer that is read without the library.
const MOST_BYTES: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);

/// Nothing, or a file as it is read.
type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Which credential a request is made with.
#[derive(Debug, Clone, Copy)]
pub enum With {
    /// The bot token.
    Bot,
    /// The app-level token.
    App,
}

/// The Web API with an account's credentials. Its `Debug` shows no secret.
#[derive(Debug)]
pub struct Web {
    client: Arc<SlackHyperClient>,
    plain: Client<HttpsConnector<HttpConnector>, Body>,
    bot: SlackApiToken,
    bot_secret: SecretString,
    app: SlackApiToken,
    api: String,
}

impl Web {
    /// Builds the clients; no network.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let connector = connector(config.api.starts_with("https:"))?;
        let morphism =
            slack_morphism::hyper_tokio::SlackClientHyperConnector::with_connector(connector.clone())
                .with_slack_api_url(&config.api);
        let token =
            |secret: &SecretString| SlackApiToken::new(SlackApiTokenValue(secret.expose_secret().to_owned()));
        Ok(Self {
            client: Arc::new(SlackClient::new(morphism)),
            plain: Client::builder(TokioExecutor::new()).build(connector),
            bot: token(&config.bot_token),
            bot_secret: config.bot_token.clone(),
            app: token(&config.app_token),
            api: config.api.clone(),
        })
    }

    /// The library's client, for Socket Mode.
    pub fn client(&self) -> Arc<SlackHyperClient> {
        self.client.clone()
    }

    /// The app-level token, for Socket Mode.
    pub fn app_token(&self) -> &SlackApiToken {
        &self.app
    }

    /// Calls a method that takes JSON.
    pub async fn post(
        &self,
        method: &str,
        request: &(impl Serialize + Send + Sync),
        with: With,
        most: Duration,
    ) -> Result<Value, CallError> {
        let session = self.client.open_session(match with {
            With::Bot => &self.bot,
            With::App => &self.app,
        });
        let answer = timeout(most, session.http_session_api.http_post(method, request, None)).await;
        opened(answer.map_err(|_| CallError::no_answer(most))?)
    }

    /// Posts to a response URL, which is a credential of its own: no token goes along, and nothing goes anywhere but to
    /// this API. The library leaves such a URL out of its log.
    pub async fn respond(
        &self,
        response_url: &str,
        request: &(impl Serialize + Send + Sync),
        most: Duration,
    ) -> Result<(), CallError> {
        let Some(url) = response_url::of_api(&self.api, response_url) else {
            return Err(CallError::NotSent("the response URL is not one of this API".into()));
        };
        let span = tracing::debug_span!("answer to a command");
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let answer = timeout(most, self.client.http_api.connector.http_post_uri(url, request, context)).await;
        match answer.map_err(|_| CallError::no_answer(most))? {
            // Slack answers `ok`, which the library makes `{}` of.
            Ok(Value::Object(_)) => Ok(()),
            Ok(_) => Err(CallError::NotSlack),
            Err(error) => Err(CallError::from_library(error)),
        }
    }

    /// An address of this API's own, as it may be asked with the bot token or given a file.
    pub fn own_address(&self, url: &str) -> Option<url::Url> {
        response_url::of_api(&self.api, url)
    }

    /// The value of an `Authorization` header.
    pub fn authorization(&self) -> SecretString {
        SecretString::from(format!("Bearer {}", self.bot_secret.expose_secret()))
    }

    /// Sends a file's bytes, as they are read, to the address that was given for them, which is a credential of its own
    /// (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal/>).
    pub async fn send_file(&self, to: &str, file: &Upload, most: Duration) -> Result<(), CallError> {
        let Some(url) = self.own_address(to) else {
            return Err(CallError::NotSent("the address for the upload is not one of this API".into()));
        };
        let sent = async {
            let bytes = file.content.open().await;
            let bytes =
                bytes.map_err(|error| CallError::NotSent(format!("the file cannot be read: {error}")))?;
            let request = http::Request::post(url.as_str())
                .header("content-type", "application/octet-stream")
                .header("content-length", file.size)
                .body(Body::new(StreamBody::new(bytes.map_ok(Frame::data))))
                .map_err(|_| CallError::NotSent("the request cannot be written".into()))?;
            let response =
                self.plain.request(request).await.map_err(|error| CallError::from_hyper(&error))?;
            let (head, body) = response.into_parts();
            // Read to the end, so that the connection can be used again.
            Limited::new(body, MOST_BYTES).collect().await.ok();
            match head.status {
                http::StatusCode::OK => Ok(()),
                status => Err(CallError::from_status(status, head.headers.get("retry-after"))),
            }
        };
        timeout(most, sent).await.map_err(|_| CallError::no_answer(most))?
    }

    /// Calls a method that only reads; those take no JSON.
    pub async fn get(
        &self,
        method: &str,
        query: &[(&str, &str)],
        most: Duration,
    ) -> Result<Value, CallError> {
        let session = self.client.open_session(&self.bot);
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, Some(*value))).collect();
        let answer = timeout(most, session.http_session_api.http_get(method, &query, None)).await;
        opened(answer.map_err(|_| CallError::no_answer(most))?)
    }

    /// `auth.test`, with the bot token's scopes where the server tells them in `x-oauth-scopes`
    /// (<https://docs.slack.dev/authentication/installing-with-oauth/>). Without the library, which hides headers.
    pub async fn auth_test(&self, most: Duration) -> Result<(Value, Option<Vec<String>>), CallError> {
        let request = http::Request::post(format!("{}/auth.test", self.api))
            .header("authorization", format!("Bearer {}", self.bot_secret.expose_secret()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", "0")
            .body(Body::new(Empty::new().map_err(|never| match never {})))
            .map_err(|_| CallError::NotSent("the request cannot be written".into()))?;
        let exchange = async {
            let response =
                self.plain.request(request).await.map_err(|error| CallError::from_hyper(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST_BYTES)
                .collect()
                .await
                .map_err(|_| CallError::Lost("the answer broke off".into()))?
                .to_bytes();
            Ok((head, body))
        };
        let (head, body) = timeout(most, exchange).await.map_err(|_| CallError::no_answer(most))??;
        if head.status != http::StatusCode::OK {
            return Err(CallError::from_status(head.status, head.headers.get("retry-after")));
        }
        let value = serde_json::from_slice(&body).map_err(|_| CallError::NotSlack)?;
        let scopes = head.headers.get("x-oauth-scopes").and_then(|value| value.to_str().ok()).map(|list| {
            list.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect()
        });
        Ok((CallError::checked(value)?, scopes))
    }
}

fn opened(answer: Result<Value, slack_morphism::errors::SlackClientError>) -> Result<Value, CallError> {
    match answer {
        Ok(value) => CallError::checked(value),
        Err(error) => Err(CallError::from_library(error)),
    }
}

/// One connector for https, with ring and the system's certificates, and for plain http, which only a custom URL has.
fn connector(https: bool) -> Result<HttpsConnector<HttpConnector>, Problem> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    tcp.set_nodelay(true);
    let provider = rustls::crypto::ring::default_provider();
    let builder = HttpsConnectorBuilder::new();
    if https {
        // The library's WebSocket takes the process's provider, and panics in a task of its own where none is set.
        provider.clone().install_default().ok();
        let builder = builder.with_provider_and_native_roots(provider).map_err(|error| {
            Problem::new(
                format!("The system's certificates cannot be read: {error}."),
                "Install the package ca-certificates.",
            )
        })?;
        return Ok(builder.https_only().enable_all_versions().wrap_connector(tcp));
    }
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::new(format!("TLS cannot be set up: {error}."), "Report this."))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(builder.with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn no_secret_is_shown() {
        let config = Config {
            bot_token: SecretString::from("xoxb-verysecret"),
            app_token: SecretString::from("xapp-verysecret"),
            api: "http://127.0.0.1:9/api".into(),
        };
        let web = Web::new(&config).unwrap();
        let second = Duration::from_secs(1);
        let nothing = serde_json::json!({});
        let errors = [
            web.post("auth.test", &nothing, With::App, second).await.unwrap_err(),
            web.get("auth.test", &[], second).await.unwrap_err(),
            web.auth_test(second).await.unwrap_err(),
            web.respond("http://127.0.0.1:9/commands/verysecret", &nothing, second).await.unwrap_err(),
            web.respond("http://elsewhere.example/verysecret", &nothing, second).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("verysecret"));
        }
        assert!(!format!("{config:?} {web:?}").contains("verysecret"));
    }
}
