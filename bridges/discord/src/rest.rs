//! One request to Discord's API: one attempt, within a deadline, with a failure that says what is certain.
//!
//! The crate's page tells how the library's own waiting is kept in check.

use crate::buckets::Buckets;
use crate::config::{Config, Server};
use crate::errors::{Failure, words_of};
use crate::upload::Uploads;
use relay_contract::{Problem, Scope};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use twilight_http::Client;
use twilight_http::api_error::ApiError;
use twilight_http::error::{Error, ErrorType};
use twilight_http::request::{Method, Request, RequestBuilder, TryIntoRequest};
use twilight_http::response::marker::EmptyBody;
use twilight_http_ratelimiting::{Endpoint, RateLimiter};
use twilight_model::channel::message::AllowedMentions;

/// How long one request may take, from the permit to the last byte. `deliver` makes at most five.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// How often the bucket is looked at while an answer is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What we say where the server's `Retry-After` does not reach us.
pub const UNTOLD_WAIT: Duration = Duration::from_secs(5);

/// Where rate limiters live: one thread that logs nothing, because they log paths, and a webhook's path is a secret.
static QUIET: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("discord-limits")
        .enable_time()
        // The guard would end the silence when dropped; the thread lives as long as the process.
        .on_thread_start(|| std::mem::forget(tracing::subscriber::set_default(NoSubscriber::default())))
        .build()
});

/// The API, as one account.
pub struct Rest {
    client: Client,
    limiter: RateLimiter,
    buckets: Buckets,
    uploads: Uploads,
}

/// The bytes of an answer.
pub struct Answered(pub Vec<u8>);

impl<T: DeserializeOwned> From<Answered> for Result<T, Failure> {
    fn from(Answered(body): Answered) -> Self {
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Unclear(format!("the answer cannot be read: {error}")))
    }
}

impl Rest {
    /// Builds the client. Needs a running tokio runtime and an installed rustls provider.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let quiet = QUIET.as_ref().map_err(|error| {
            Problem::new(
                format!("No thread could be started: {error}."),
                "Allow Relay more threads or memory.",
            )
        })?;
        let _inside = quiet.enter();
        let build = || {
            let limiter = RateLimiter::default();
            let mut client = Client::builder()
                .token(config.token.expose_secret().to_owned())
                .timeout(ANSWER_WITHIN)
                .ratelimiter(Some(limiter.clone()))
                // The engine parks a refused account and asks again: the library must not remember for us.
                .remember_invalid_token(false)
                .default_allowed_mentions(AllowedMentions::default());
            if let Some(Server { authority, plain }) = &config.server {
                client = client.proxy(authority.clone(), *plain);
            }
            let base = format!("{}/api/v10/", config.web());
            let uploads = Uploads::new(base, &config.token).ok()?;
            Some(Self { client: client.build(), limiter, buckets: Buckets::default(), uploads })
        };
        catch_unwind(AssertUnwindSafe(build)).ok().flatten().ok_or_else(|| {
            Problem::new(
                "The HTTPS client could not be made: the system has no certificates.",
                "Install the package `ca-certificates`.",
            )
        })
    }

    /// The library's request builders.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Who keeps count of what Discord allows.
    pub fn limiter(&self) -> &RateLimiter {
        &self.limiter
    }

    /// What uploads go through.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// Makes a request and reads its answer.
    pub async fn ask<T: DeserializeOwned>(&self, request: impl TryIntoRequest) -> Result<T, Failure> {
        Answered(self.attempt(request.try_into_request().map_err(failure)?).await?).into()
    }

    /// Makes a request with a JSON body of our own and reads its answer. `path` is below the API's version; a webhook's holds its
    /// token, and goes without the bot's.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        as_bot: bool,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let mut request = RequestBuilder::raw(method, path).use_authorization_token(as_bot);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answered(self.attempt(request.build().map_err(failure)?).await?).into()
    }

    /// Makes a request whose answer says nothing more.
    pub async fn tell(&self, request: impl TryIntoRequest) -> Result<(), Failure> {
        self.attempt(request.try_into_request().map_err(failure)?).await.map(drop)
    }

    async fn attempt(&self, request: Request) -> Result<Vec<u8>, Failure> {
        let path = request.path().split('?').next().unwrap_or_default();
        let endpoint = Endpoint { method: request.method(), path: path.to_owned() };
        if let Some((left, scope)) = self.shut_for(&endpoint).await {
            return Err(Failure::RateLimited(left, scope));
        }
        let permits = Arc::new(AtomicU32::new(0));
        let counted = permits.clone();
        let done = AtomicBool::new(false);
        let answer = async {
            let mut answer = self.client.request::<EmptyBody>(request);
            answer.set_pre_flight(move || counted.fetch_add(1, Ordering::SeqCst) == 0);
            let answer = answer.await.map_err(failure)?;
            // Done: from here on a bucket that is shut says nothing about this request.
            done.store(true, Ordering::SeqCst);
            self.buckets.heard(&endpoint, answer.headers());
            let body = answer.bytes().await;
            body.map_err(|_| {
                Failure::Unclear("the connection was cut in the middle of the answer".to_owned())
            })
        };
        let mut answer = std::pin::pin!(answer.with_subscriber(NoSubscriber::default()));
        let deadline = tokio::time::sleep(ANSWER_WITHIN);
        let mut deadline = std::pin::pin!(deadline);
        loop {
            tokio::select! {
                biased;
                answered = &mut answer => return answered,
                () = &mut deadline => break,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            // Open when the permit was given, and ours is the only request in it: shut means that ours was refused.
            if permits.load(Ordering::SeqCst) > 0
                && !done.load(Ordering::SeqCst)
                && let Some((left, scope)) = self.refused_for(&endpoint).await
            {
                return Err(Failure::RateLimited(left, scope));
            }
        }
        if permits.load(Ordering::SeqCst) == 0 {
            Err(Failure::RateLimited(UNTOLD_WAIT, Scope::Account))
        } else {
            Err(Failure::Unclear(format!("no answer within {} seconds", ANSWER_WITHIN.as_secs())))
        }
    }

    /// How long nothing that is asked there would be let through, and for whom.
    pub async fn shut_for(&self, endpoint: &Endpoint) -> Option<(Duration, Scope)> {
        match self.buckets.shut_for(endpoint) {
            Some(left) => Some((left, Scope::Room)),
            None => self.refused_for(endpoint).await,
        }
    }

    /// The same, of what the server has refused.
    async fn refused_for(&self, endpoint: &Endpoint) -> Option<(Duration, Scope)> {
        let bucket = self.limiter.bucket(endpoint.clone()).await?;
        let left = bucket.reset_at.saturating_duration_since(Instant::now());
        // The limiter knows a limit that others use up too as one of nothing.
        let scope = if bucket.limit == 0 { Scope::Shared } else { Scope::Room };
        (bucket.remaining == 0 && !left.is_zero()).then_some((left, scope))
    }
}

/// What an error of the library means. Says nothing that the library says: its words may contain a request.
fn failure(error: Error) -> Failure {
    let (kind, source) = error.into_parts();
    match kind {
        ErrorType::Response { body, error, status } => {
            let (code, message) = match error {
                ApiError::General(general) => (general.code, words_of(&general.message, &body)),
                _ => (0, "the request is not acceptable".to_owned()),
            };
            Failure::Refused { status: status.get(), code, message }
        }
        ErrorType::Parsing { body } => error_page(&body),
        ErrorType::RequestError => match source.as_deref().and_then(|source| source.downcast_ref()) {
            Some(error) if is_connect(error) => {
                Failure::NotDone(format!("no connection to Discord: {}", root_cause(error)))
            }
            _ => Failure::Unclear("the connection was cut before an answer came".to_owned()),
        },
        ErrorType::RequestTimedOut => {
            Failure::Unclear(format!("no answer within {} seconds", ANSWER_WITHIN.as_secs()))
        }
        // We let it send once: it asked for a second time because the first was answered 429.
        ErrorType::RequestCanceled => Failure::RateLimited(UNTOLD_WAIT, Scope::Account),
        ErrorType::Validation => {
            let why = source.map(|source| source.to_string()).unwrap_or_default();
            Failure::Refused {
                status: 400,
                code: 0,
                message: format!("not sent, as Discord would refuse it: {why}"),
            }
        }
        _ => Failure::NotDone("the request could not be made".to_owned()),
    }
}

/// An error page that is not Discord's JSON: a proxy's, and its status is not shown to us.
pub fn error_page(body: &[u8]) -> Failure {
    let page = String::from_utf8_lossy(body);
    let named = ["500", "502", "503"].iter().find(|status| page.contains(**status));
    match named {
        Some(status) if !page.contains("504") => Failure::NotDone(format!("Discord answered {status}")),
        _ => Failure::Unclear("Discord answered with a page that cannot be read".to_owned()),
    }
}

fn is_connect(error: &hyper_util::client::legacy::Error) -> bool {
    error.is_connect()
}

/// The innermost cause: a few words of the system's, without any address or URL.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_is_certain_only_where_it_says_so() {
        for (page, certain) in [
            ("502: Bad Gateway", true),
            ("<title>503 Service Temporarily Unavailable</title>", true),
            ("504 Gateway Time-out", false),
            ("504 after 502", false),
            ("", false),
        ] {
            assert_eq!(matches!(error_page(page.as_bytes()), Failure::NotDone(_)), certain, "{page}");
        }
    }
}
