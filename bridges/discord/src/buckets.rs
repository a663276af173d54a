//! Which buckets are empty, as Discord tells with what it lets through. twilight-http passes over that: it reads the headers of refusals
//! alone, as only those name a scope.
//!
//! <https://discord.com/developers/docs/topics/rate-limits#header-format-rate-limit-header-examples>

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use twilight_http_ratelimiting::{Endpoint, RateLimitHeaders};

/// From this many on, those that have opened again are forgotten.
const MANY: usize = 1_024;

/// Method and route, and until when it is shut. Never formatted: a webhook's route holds its token.
#[derive(Default)]
pub struct Buckets(Mutex<HashMap<(&'static str, String), Instant>>);

impl Buckets {
    /// Learns from the headers of an answer.
    pub fn heard<'a>(&self, endpoint: &Endpoint, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
        let (mut remaining, mut after) = (None, None);
        for (name, value) in headers {
            let value = || std::str::from_utf8(value).ok();
            match name {
                RateLimitHeaders::REMAINING => remaining = value().and_then(|it| it.parse::<u64>().ok()),
                RateLimitHeaders::RESET_AFTER => after = value().and_then(|it| it.parse().ok()).map(wait),
                _ => {}
            }
        }
        let key = key(endpoint);
        let mut shut = self.lock();
        match (remaining, after) {
            (Some(0), Some(after)) => {
                let now = Instant::now();
                if shut.len() >= MANY {
                    shut.retain(|_, until| *until > now);
                }
                shut.insert(key, now + after);
            }
            (Some(_), _) => drop(shut.remove(&key)),
            (None, _) => {}
        }
    }

    /// How long the bucket of a request is still empty.
    pub fn shut_for(&self, endpoint: &Endpoint) -> Option<Duration> {
        let left = self.lock().get(&key(endpoint))?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(&'static str, String), Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds as the server writes them: nothing negative, and not for ever.
pub fn wait(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, 86_400.0)).unwrap_or(crate::rest::UNTOLD_WAIT)
}

/// What shares a bucket at least: the method and the path, where what is below the channel, guild or webhook goes without its ids.
fn key(endpoint: &Endpoint) -> (&'static str, String) {
    let kept = if endpoint.path.starts_with("webhooks/") { 3 } else { 2 };
    let mut route = String::with_capacity(endpoint.path.len());
    let mut before = "";
    for (at, piece) in endpoint.path.split('/').enumerate() {
        let is_id = piece.bytes().all(|byte| byte.is_ascii_digit()) || before == "reactions";
        route.push('/');
        if at < kept || !is_id {
            route.push_str(piece);
        }
        before = piece;
    }
    (endpoint.method.name(), route)
}

#[cfg(test)]
mod tests {
    use super::*;
    use twilight_http_ratelimiting::Method;

    fn endpoint(path: &str) -> Endpoint {
        Endpoint { method: Method::Put, path: path.to_owned() }
    }

    fn told(
        remaining: &'static str,
        after: &'static str,
    ) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        [("x-ratelimit-remaining", remaining.as_bytes()), ("x-ratelimit-reset-after", after.as_bytes())]
            .into_iter()
    }

    #[test]
    fn an_empty_bucket_is_shut_for_all_that_share_it() {
        let emptied = "channels/1/messages/2/reactions/%F0%9F%A6%89/@me";
        for (other, shares) in [
            (emptied, true),
            ("channels/1/messages/3/reactions/owl:9/@me", true),
            ("channels/2/messages/2/reactions/%F0%9F%A6%89/@me", false),
            ("channels/1/messages/2", false),
            ("webhooks/1/t/messages/2", false),
        ] {
            let buckets = Buckets::default();
            buckets.heard(&endpoint(emptied), told("0", "0.250"));
            assert_eq!(buckets.shut_for(&endpoint(other)).is_some(), shares, "{other}");
        }
        let (one, other) = (endpoint("webhooks/1/12345"), endpoint("webhooks/1/67890"));
        let buckets = Buckets::default();
        buckets.heard(&one, told("0", "2"));
        assert!(buckets.shut_for(&one).is_some() && buckets.shut_for(&other).is_none());
    }

    #[test]
    fn it_opens_when_it_was_said_to_or_something_is_left() {
        let here = endpoint("channels/1/messages");
        for (remaining, after, shut) in [
            ("0", "60", true),
            ("0", "0", false),
            ("1", "60", false),
            ("owl", "60", false),
            ("0", "owl", false),
        ] {
            let buckets = Buckets::default();
            buckets.heard(&here, told(remaining, after));
            assert_eq!(buckets.shut_for(&here).is_some(), shut, "{remaining} {after}");
        }
        let buckets = Buckets::default();
        buckets.heard(&here, told("0", "60"));
        buckets.heard(&here, std::iter::empty());
        assert!(buckets.shut_for(&here).is_some_and(|left| left > Duration::from_secs(50)));
        buckets.heard(&here, told("4", "60"));
        assert_eq!(buckets.shut_for(&here), None);
    }

    #[test]
    fn a_wait_is_neither_negative_nor_for_ever() {
        for (seconds, millis) in [(1.5, 1_500), (0.25, 250), (-1.0, 0), (f64::INFINITY, 86_400_000)] {
            assert_eq!(wait(seconds).as_millis(), millis);
        }
        assert_eq!(wait(f64::NAN), crate::rest::UNTOLD_WAIT);
    }
}
