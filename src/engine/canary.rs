//! Whether an account's connection still hears. Where what Relay posts comes back to it as an event, every delivered message is a
//! canary that costs nothing: an answered heartbeat tells only that the other end is there, not that it tells what happens.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What is said of a deaf connection.
pub const DEAF: &str = "the connection hears nothing, not even what Relay posts: it is made anew. If it goes on, another program may \
                        listen with the same token";

/// One account's.
pub struct Canary {
    /// How long nothing may be heard after a post; none where Relay does not hear itself.
    patience: Option<Duration>,
    judgement: watch::Sender<Judgement>,
}

/// What is judged by.
#[derive(Debug, Clone, Copy, Default)]
struct Judgement {
    /// Since when the connection is up.
    up: Option<Instant>,
    /// When it brought something last.
    heard: Option<Instant>,
    /// When the first message was delivered that nothing was heard since.
    waiting: Option<Instant>,
}

impl Judgement {
    /// The connection is up, anew, or it is not.
    fn connection(&mut self, up: bool, now: Instant) {
        *self = Self { up: up.then_some(now), ..Self::default() };
    }

    fn heard(&mut self, now: Instant) {
        (self.heard, self.waiting) = (Some(now), None);
    }

    /// A message was delivered. Its event may well come before the answer to the request.
    fn posted(&mut self, began: Instant, now: Instant) {
        let on_this_connection = self.up.is_some_and(|up| up <= began);
        if on_this_connection && self.heard.is_none_or(|heard| heard < began) {
            self.waiting.get_or_insert(now);
        }
    }

    /// When it is deaf, if nothing more happens.
    fn deaf_at(&self, patience: Duration) -> Option<Instant> {
        self.waiting.map(|since| since + patience)
    }
}

impl Canary {
    /// With so much patience; without any, nothing is deaf.
    pub fn new(patience: Option<Duration>) -> Self {
        Self { patience, judgement: watch::Sender::default() }
    }

    /// The connection is up, anew, or it is not.
    pub fn connection(&self, up: bool) {
        self.change(|judgement| judgement.connection(up, Instant::now()));
    }

    /// The connection has brought something.
    pub fn heard(&self) {
        self.change(|judgement| judgement.heard(Instant::now()));
    }

    /// A message was delivered by an attempt that began then.
    pub fn posted(&self, began: Instant) {
        self.change(|judgement| judgement.posted(began, Instant::now()));
    }

    /// Resolves when the connection is deaf.
    pub async fn deaf(&self) {
        let Some(patience) = self.patience else { return std::future::pending().await };
        let mut judgement = self.judgement.subscribe();
        loop {
            let deaf_at = judgement.borrow_and_update().deaf_at(patience);
            let deaf = async {
                match deaf_at {
                    Some(deaf_at) => sleep_until(deaf_at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // The sender lives as long as `self`.
                _ = judgement.changed() => {}
                () = deaf => return,
            }
        }
    }

    /// Wakes whoever waits only if it matters: there are many events.
    fn change(&self, change: impl FnOnce(&mut Judgement)) {
        self.judgement.send_if_modified(|judgement| {
            let before = judgement.waiting;
            change(judgement);
            judgement.waiting != before
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    enum Happens {
        Up,
        Down,
        Heard,
        /// With the second in which its attempt began.
        Posted(u64),
    }
    use Happens::{Down, Heard, Posted, Up};

    /// What happens in which second, and in which the connection is deaf.
    type Case<'a> = (&'a [(u64, Happens)], Option<u64>);

    #[test]
    fn what_is_deaf_and_when() {
        let cases: [Case<'_>; 13] = [
            (&[(0, Up)], None),
            (&[(0, Up), (5, Heard)], None),
            (&[(0, Up), (5, Posted(4))], Some(65)),
            // It counts from the first of several.
            (&[(0, Up), (5, Posted(4)), (30, Posted(29))], Some(65)),
            (&[(0, Up), (5, Posted(4)), (6, Heard)], None),
            (&[(0, Up), (5, Posted(4)), (6, Heard), (9, Posted(8))], Some(69)),
            // The event was quicker than the answer.
            (&[(0, Up), (5, Heard), (6, Posted(4))], None),
            (&[(0, Up), (3, Heard), (6, Posted(4))], Some(66)),
            // What was said on another connection proves nothing of this one.
            (&[(0, Up), (5, Posted(4)), (7, Down)], None),
            (&[(0, Up), (5, Posted(4)), (7, Up)], None),
            (&[(0, Up), (6, Up), (7, Posted(5))], None),
            (&[(0, Up), (6, Down), (8, Posted(7))], None),
            (&[(0, Down), (6, Up), (8, Posted(7))], Some(68)),
        ];
        let began = Instant::now();
        let at = |second: u64| began + Duration::from_secs(second);
        for (happened, deaf_at) in cases {
            let mut judgement = Judgement::default();
            for (second, what) in happened {
                match what {
                    Up => judgement.connection(true, at(*second)),
                    Down => judgement.connection(false, at(*second)),
                    Heard => judgement.heard(at(*second)),
                    Posted(began) => judgement.posted(at(*began), at(*second)),
                }
            }
            assert_eq!(judgement.deaf_at(Duration::from_secs(60)), deaf_at.map(at), "{happened:?}");
        }
    }

    #[tokio::test]
    async fn it_is_told_once_nothing_is_heard_for_so_long() {
        let patience = Duration::from_millis(100);
        let tells = async |canary: &Canary, within| tokio::time::timeout(within, canary.deaf()).await.is_ok();
        for (hears_itself, heard, deaf) in [(true, false, true), (true, true, false), (false, false, false)] {
            let canary = Canary::new(hears_itself.then_some(patience));
            canary.connection(true);
            let later = async {
                canary.posted(Instant::now());
                if heard {
                    canary.heard();
                }
            };
            let (told, ()) = tokio::join!(tells(&canary, patience * 5), later);
            assert_eq!(told, deaf, "{hears_itself} {heard}");
        }
    }
}
