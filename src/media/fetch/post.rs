//! Sending to an address that the config names: one attempt, no redirect, and nothing of the answer but its status.

use super::super::address;
use super::{Patience, named, resolve::Checked, system_lookup};
use bytes::Bytes;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, redirect};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why nothing was answered. Names no URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The host is not on the public Internet, and may not be anywhere else.
    NotPublic,
    /// It was certainly not sent.
    NotSent(String),
    /// It may have been.
    Unsure(String),
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub code: u16,
    /// When to come back, where the host says.
    pub retry_after: Option<Duration>,
}

/// Sends.
pub struct Sender {
    client: Client,
    private: bool,
}

impl Sender {
    /// `private` also to hosts that are not on the public Internet.
    pub fn new(private: bool) -> Result<Self, &'static str> {
        let rule: fn(IpAddr) -> bool = if private { |_| true } else { address::is_public };
        let client = Client::builder()
            .user_agent(concat!("Relay/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Checked::new(system_lookup(), rule)))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Patience::default().connect)
            .timeout(PATIENCE)
            .pool_idle_timeout(Duration::from_secs(20))
            .build();
        client.map(|client| Self { client, private }).map_err(|_| "no client for it can be made")
    }

    /// One attempt.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Answered, Unanswered> {
        // The client's resolver is not asked about these.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if !self.private && literal.is_some_and(|address| !address::is_public(address)) {
            return Err(Unanswered::NotPublic);
        }
        let sent = self.client.post(url.clone()).headers(headers).body(body).send().await;
        let answer = sent.map_err(|error| match named(&error) {
            super::FetchError::NotPublic => Unanswered::NotPublic,
            why if error.is_connect() => Unanswered::NotSent(why.to_string()),
            why => Unanswered::Unsure(why.to_string()),
        })?;
        let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        Ok(Answered { code: answer.status().as_u16(), retry_after: wait.map(Duration::from_secs) })
    }
}
