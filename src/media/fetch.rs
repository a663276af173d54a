//! The one way out to an address that comes from outside: files, pictures of people.
//!
//! A host's name is resolved here, once a connection; one address of it that is not public refuses the host, and the connection goes to what was
//! checked. Each redirect is followed here and is checked like the first address. Nothing is decompressed, no proxy is asked, and
//! whoever answers endlessly, slowly or with more than was agreed is cut off. Addresses are secrets: no error names one.

mod post;
mod resolve;
#[cfg(test)]
mod tests;

pub use post::{Answered, Sender, Unanswered};
pub use resolve::{Lookup, system_lookup};

use super::address;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use relay_contract::Located;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, redirect};
use resolve::{Checked, NotPublic};
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::{Host, Url};

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 4;

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer's header, and between two pieces of its body.
    pub idle: Duration,
    /// For all of it.
    pub total: Duration,
    /// From when on the speed is looked at.
    pub warm_up: Duration,
    /// Bytes a second, on the whole, from then on.
    pub slowest: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(20 * 60),
            warm_up: Duration::from_secs(60),
            slowest: 8192,
        }
    }
}

/// Why a file was not fetched. Names no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Its address is none, or not one for this.
    #[error("its address cannot be used: {0}")]
    Address(&'static str),
    /// Its host is not on the public Internet.
    #[error("its host is not on the public Internet")]
    NotPublic,
    /// The host cannot be reached, or the connection broke.
    #[error("its host could not be reached: {0}")]
    Unreachable(&'static str),
    /// It took too long.
    #[error("its host is too slow")]
    Slow,
    /// The host says no.
    #[error("its host answered {code}")]
    Refused {
        /// The status.
        code: u16,
        /// When to come back, where the host says.
        retry_after: Option<Duration>,
    },
    /// It has more bytes than are taken.
    #[error("it is larger than {}", crate::sizes::in_words(*.0))]
    TooLarge(u64),
    /// A page came instead of it.
    #[error("a login page came instead of it")]
    LoginPage,
    /// Fewer bytes came than were announced.
    #[error("it broke off")]
    BrokeOff,
    /// An answer that is none.
    #[error("its host answered {0}")]
    Senseless(&'static str),
}

impl FetchError {
    /// Whether it may be different the next time.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Address(_) | Self::NotPublic | Self::TooLarge(_) | Self::Senseless(_) => false,
            // A link that has expired is made anew; a login page may be an upload that has not settled.
            Self::Unreachable(_) | Self::Slow | Self::Refused { .. } | Self::LoginPage | Self::BrokeOff => {
                true
            }
        }
    }
}

/// Fetches.
pub struct Fetcher {
    strict: Client,
    trusting: Client,
    is_public: fn(IpAddr) -> bool,
    patience: Patience,
}

impl Fetcher {
    /// With the system's resolver and the rule of what is public.
    pub fn new() -> Result<Self, FetchError> {
        Self::with(system_lookup(), address::is_public, Patience::default())
    }

    /// With another resolver, rule or patience.
    pub fn with(
        lookup: Lookup,
        is_public: fn(IpAddr) -> bool,
        patience: Patience,
    ) -> Result<Self, FetchError> {
        let client = |rule| {
            Client::builder()
                .user_agent(concat!("Relay/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(Checked::new(lookup.clone(), rule)))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(patience.connect)
                .read_timeout(patience.idle)
                .pool_idle_timeout(Duration::from_secs(20))
                .build()
                .map_err(|_| FetchError::Unreachable("no client for it can be made"))
        };
        let (strict, trusting) = (client(is_public)?, client(|_| true)?);
        Ok(Self { strict, trusting, is_public, patience })
    }

    /// Begins to fetch, at most `most` bytes.
    pub async fn open(&self, located: &Located, most: u64) -> Result<Incoming, FetchError> {
        let deadline = Instant::now() + self.patience.total;
        let answer = tokio::time::timeout_at(deadline, self.follow(located)).await;
        let answer = answer.map_err(|_| FetchError::Slow)??;
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if text(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(FetchError::Senseless("in a compressed form that was not asked for"));
        }
        let mime = text(CONTENT_TYPE);
        let length = answer.content_length();
        if length.or(located.size).is_some_and(|length| length > most) {
            return Err(FetchError::TooLarge(most));
        }
        let begun = Instant::now();
        let incoming =
            Incoming { answer, mime, length, come: 0, most, deadline, begun, patience: self.patience };
        if located.never_html && incoming.says_page() { Err(FetchError::LoginPage) } else { Ok(incoming) }
    }

    async fn follow(&self, located: &Located) -> Result<Response, FetchError> {
        let mut url =
            Url::parse(located.url.expose_secret()).map_err(|_| FetchError::Address("it is no URL"))?;
        let first = url.origin();
        for _ in 0..=MOST_REDIRECTS {
            let at_home = url.origin() == first;
            let answer = self.ask(&url, located, at_home).await?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                code if code.is_redirection() => {
                    let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let to = to
                        .and_then(|to| url.join(to).ok())
                        .ok_or(FetchError::Senseless("a redirect to nowhere"))?;
                    if url.scheme() == "https" && to.scheme() != "https" {
                        return Err(FetchError::Address("it leads from https to something else"));
                    }
                    url = to;
                }
                code if code.is_success() => {
                    return Err(FetchError::Senseless("with something that is not the whole of it"));
                }
                code => {
                    let wait =
                        answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
                    let retry_after = wait.map(Duration::from_secs);
                    return Err(FetchError::Refused { code: code.as_u16(), retry_after });
                }
            }
        }
        Err(FetchError::Senseless("with one redirect after the other"))
    }

    async fn ask(&self, url: &Url, located: &Located, at_home: bool) -> Result<Response, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Address("it is not of the web"));
        }
        let trusted = located.trusted && at_home;
        // The client's resolver is not asked about these.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(FetchError::Address("it names no host")),
        };
        if !trusted && literal.is_some_and(|address| !(self.is_public)(address)) {
            return Err(FetchError::NotPublic);
        }
        let client = if trusted { &self.trusting } else { &self.strict };
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(authorization) = located.authorization.as_ref().filter(|_| at_home) {
            let value = reqwest::header::HeaderValue::from_str(authorization.expose_secret());
            let mut value = value.map_err(|_| FetchError::Address("its credential cannot be sent"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.send().await.map_err(|error| named(&error))
    }
}

/// A file on its way in.
pub struct Incoming {
    answer: Response,
    /// Its media type, as its host says.
    pub mime: Option<String>,
    /// Bytes, as its host says.
    pub length: Option<u64>,
    come: u64,
    most: u64,
    deadline: Instant,
    begun: Instant,
    patience: Patience,
}

impl Incoming {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let next = tokio::time::timeout_at(self.deadline, self.answer.chunk()).await;
        match next.map_err(|_| FetchError::Slow)?.map_err(|error| named(&error))? {
            Some(bytes) => {
                self.come += bytes.len() as u64;
                if self.come > self.most {
                    return Err(FetchError::TooLarge(self.most));
                }
                let taken = self.begun.elapsed();
                if taken > self.patience.warm_up && self.come / taken.as_secs().max(1) < self.patience.slowest
                {
                    return Err(FetchError::Slow);
                }
                Ok(Some(bytes))
            }
            None if self.length.is_some_and(|length| length != self.come) => Err(FetchError::BrokeOff),
            None => Ok(None),
        }
    }

    /// The bytes, from here to the end or the first error.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, FetchError>> {
        stream::try_unfold(self, |mut incoming| async move {
            Ok(incoming.next().await?.map(|bytes| (bytes, incoming)))
        })
        .boxed()
    }

    fn says_page(&self) -> bool {
        let mime = self.mime.as_deref().unwrap_or("").to_ascii_lowercase();
        mime.starts_with("text/html") || mime.starts_with("application/xhtml")
    }
}

/// The library's error in our words: its own name the URL.
fn named(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(at) = cause {
        if at.is::<NotPublic>() {
            return FetchError::NotPublic;
        }
        cause = at.source();
    }
    match error {
        _ if error.is_timeout() => FetchError::Slow,
        _ if error.is_connect() => FetchError::Unreachable("no connection"),
        _ if error.is_body() || error.is_decode() => FetchError::BrokeOff,
        _ => FetchError::Unreachable("it does not speak HTTP"),
    }
}

/// Where the picture of a person is: an address from outside, and nothing that goes with it.
pub fn outside(url: &str) -> Located {
    Located { url: url.to_owned().into(), authorization: None, trusted: false, never_html: true, size: None }
}
