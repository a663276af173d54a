//! One call of a Bot API method: teloxide's bot and payload, our own reading of the answer.
//!
//! Source: <https://core.telegram.org/bots/api#making-requests>.

use crate::config::Config;
use relay_contract::Problem;
use reqwest::{RequestBuilder, multipart, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use teloxide::Bot;
use teloxide::requests::Payload;
use url::{Host, Url};

/// How long the connection may take, name look-up included. Shorter than any deadline of a call, so that "never
/// connected" is told from "never answered".
const CONNECT: Duration = Duration::from_secs(5);

/// Idle connections are closed by us before the server closes them in the middle of a request.
const IDLE: Duration = Duration::from_secs(20);

/// The Bot API with a bot's token. Deliberately without `Debug`: teloxide's `Bot` would show the token.
pub struct Api {
    bot: Bot,
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum CallError {
    /// No connection was made: the server has not seen the request.
    Unreachable(String),
    /// The request may have arrived, but no answer that can be read came back.
    Silent(String),
    /// The server said no.
    Answered(Answer),
}

/// The server's no.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// `error_code`, else the HTTP status.
    pub code: u16,
    /// In the server's words.
    pub description: String,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The id of the supergroup that the group has become.
    pub migrate_to: Option<i64>,
}

impl Api {
    /// Makes the client; nothing is sent.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let mut client = teloxide::net::default_reqwest_settings()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(Duration::from_secs(30))
            // A redirect would carry the token, which is in the path, to wherever it points.
            .redirect(redirect::Policy::none());
        if config.api_url.as_ref().is_some_and(on_this_machine) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| {
            Problem::new(
                format!("No HTTP client could be made: {}.", told(&error.without_url())),
                "Look at the system's TLS and proxy settings.",
            )
        })?;
        let mut bot = Bot::with_client(config.token.expose_secret(), client);
        if let Some(url) = &config.api_url {
            bot = bot.set_api_url(url.clone());
        }
        Ok(Self { bot })
    }

    /// Calls a method, once, and reads its result as `R`.
    pub async fn call<P, R>(&self, payload: &P, deadline: Duration) -> Result<R, CallError>
    where
        P: Payload + Serialize,
        R: DeserializeOwned,
    {
        Self::read(P::NAME, self.raw(payload, deadline).await?)
    }

    async fn raw<P: Payload + Serialize>(&self, payload: &P, deadline: Duration) -> Result<Value, CallError> {
        let request = self.bot.client().post(self.url(P::NAME)?).timeout(deadline).json(payload);
        self.answered(P::NAME, request).await
    }

    /// Calls a method with these fields, once: for what teloxide's payload does not say.
    pub async fn named<R: DeserializeOwned>(
        &self,
        method: &str,
        fields: &Value,
        deadline: Duration,
    ) -> Result<R, CallError> {
        let request = self.bot.client().post(self.url(method)?).timeout(deadline).json(fields);
        Self::read(method, self.answered(method, request).await?)
    }

    fn read<R: DeserializeOwned>(method: &str, result: Value) -> Result<R, CallError> {
        R::deserialize(result)
            .map_err(|error| CallError::Silent(format!("the answer to {method} could not be read: {error}")))
    }

    /// Calls a method with files, once.
    pub async fn upload(
        &self,
        method: &str,
        form: multipart::Form,
        deadline: Duration,
    ) -> Result<Value, CallError> {
        let request = self.bot.client().post(self.url(method)?).timeout(deadline).multipart(form);
        self.answered(method, request).await
    }

    /// Where a file is, by the path that the server told: the token is in it. None for a path on the server's own disk, and for
    /// what leads elsewhere.
    pub fn file_url(&self, path: &str) -> Option<SecretString> {
        let plain = |piece: &str| !piece.is_empty() && piece != "." && piece != "..";
        if !path.split('/').all(plain) {
            return None;
        }
        let mut url = self.bot.api_url();
        let bot = format!("bot{}", self.bot.token());
        url.path_segments_mut().ok()?.pop_if_empty().push("file").push(&bot).extend(path.split('/'));
        Some(SecretString::from(url.to_string()))
    }

    async fn answered(&self, method: &str, request: RequestBuilder) -> Result<Value, CallError> {
        let sent = request.send().await;
        let response = sent.map_err(|error| self.failed(error))?;
        let status = response.status();
        let wait = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let body = response.bytes().await.map_err(|error| self.failed(error));
        match (status.is_success(), body) {
            (true, Err(error)) => Err(error),
            (success, body) => {
                let body = body.unwrap_or_default();
                let answer = serde_json::from_slice::<Value>(&body).unwrap_or_default();
                match answer {
                    Value::Object(mut answer) if answer.get("ok") == Some(&Value::Bool(true)) && success => {
                        Ok(answer.remove("result").unwrap_or_default())
                    }
                    Value::Object(answer) if answer.get("ok") == Some(&Value::Bool(false)) => {
                        Err(CallError::Answered(self.no(status.as_u16(), &answer, wait)))
                    }
                    _ if success => {
                        Err(CallError::Silent(format!("the answer to {method} is not the Bot API's")))
                    }
                    _ => Err(CallError::Answered(Answer {
                        code: status.as_u16(),
                        description: format!("HTTP status {status}"),
                        retry_after: wait.map(Duration::from_secs),
                        migrate_to: None,
                    })),
                }
            }
        }
    }

    fn url(&self, method: &str) -> Result<Url, CallError> {
        let mut url = self.bot.api_url();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push(&format!("bot{}", self.bot.token())).push(method),
            Err(()) => return Err(CallError::Unreachable("`api_url` is no base URL".into())),
        };
        Ok(url)
    }

    fn failed(&self, error: reqwest::Error) -> CallError {
        let never = error.is_connect() || error.is_builder();
        let words = self.redacted(&told(&error.without_url()));
        if never { CallError::Unreachable(words) } else { CallError::Silent(words) }
    }

    fn no(&self, status: u16, answer: &serde_json::Map<String, Value>, wait: Option<u64>) -> Answer {
        let code = answer.get("error_code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let description = answer.get("description").and_then(Value::as_str).unwrap_or("no reason was given");
        let parameters = answer.get("parameters");
        let parameter = |name| parameters.and_then(|all: &Value| all.get(name));
        Answer {
            code: code.unwrap_or(status),
            description: self.redacted(description),
            retry_after: parameter("retry_after").and_then(seconds).or(wait.map(Duration::from_secs)),
            migrate_to: parameter("migrate_to_chat_id").and_then(Value::as_i64),
        }
    }

    /// Belt and braces: whatever a library or a server writes, the token is not in it.
    fn redacted(&self, words: &str) -> String {
        words.replace(self.bot.token(), "…")
    }
}

/// Whole ones, as Telegram counts; a compatible server may be exacter.
fn seconds(wait: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(wait.as_f64()?).ok()
}

/// An error with its causes, which is where reqwest keeps what matters.
fn told(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            words.push_str(": ");
            words.push_str(&said);
        }
        cause = error.source();
    }
    words
}

/// Loopback is never reached through a proxy that the environment names.
fn on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_file_is() {
        let url = |api_url: Option<&str>, path: &str| {
            let api_url = api_url.map(|url| Url::parse(url).unwrap());
            let api = Api::new(&Config { token: SecretString::from("1:abc"), api_url }).ok();
            api.and_then(|api| api.file_url(path)).map(|url| url.expose_secret().to_owned())
        };
        let cases = [
            (None, "photos/file_1.jpg", Some("https://api.telegram.org/file/bot1:abc/photos/file_1.jpg")),
            (Some("http://127.0.0.1:81"), "a/b c", Some("http://127.0.0.1:81/file/bot1:abc/a/b%20c")),
            (Some("http://127.0.0.1:81/x"), "a?b#c", Some("http://127.0.0.1:81/x/file/bot1:abc/a%3Fb%23c")),
            (None, "", None),
            (None, "/var/lib/file", None),
            (None, "../bot1:abc/getMe", None),
            (None, "a/../../b", None),
        ];
        for (api_url, path, expected) in cases {
            assert_eq!(url(api_url, path).as_deref(), expected, "{api_url:?} {path}");
        }
    }
}
