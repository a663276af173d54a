//! Invitations: each is accepted once, so many at a time, whatever others wait for; one that fails is tried again later. Anybody can invite
//! Relay into rooms on servers that never answer.

use crate::api::CallError;
use crate::errors;
use crate::look_up::Listener;
use crate::rooms::{self, JOIN};
use crate::translate::Said;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use relay_contract::RawEvent;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// So many are being accepted at a time.
const AT_ONCE: usize = 16;
/// So many are remembered, for as long as the process runs; of more, those that have failed most often are left.
const MOST: usize = 1_000;
/// How long the homeserver's limit is waited out at least.
const LIMITED: Duration = Duration::from_secs(10);
/// When one that failed is tried again, by how often it has failed.
const AGAIN: [Duration; 3] = [Duration::from_secs(30), Duration::from_secs(300), Duration::from_secs(3_600)];

/// Those that are not accepted yet.
pub struct Joins<'a> {
    listener: &'a Listener<'a>,
    /// In the order in which they came, or have failed.
    waiting: VecDeque<Invitation>,
    joining: FuturesUnordered<BoxFuture<'a, Joined>>,
    /// The rooms of those that are being accepted.
    rooms: Vec<String>,
}

struct Invitation {
    room: String,
    failures: usize,
    due: Instant,
}

struct Joined {
    room: String,
    failures: usize,
    /// The room that it goes on in the place of, where it does.
    came: Result<Option<RawEvent>, CallError>,
}

impl<'a> Joins<'a> {
    /// None yet.
    pub fn new(listener: &'a Listener<'a>) -> Self {
        Self { listener, waiting: VecDeque::new(), joining: FuturesUnordered::new(), rooms: Vec::new() }
    }

    /// Relay is invited into a room.
    pub fn invited(&mut self, room: &str) {
        // Invited anew, it is tried anew.
        self.waiting.retain(|waiting| waiting.room != room);
        if self.is_joining(room) {
            return;
        }
        if self.waiting.len() >= MOST
            && let Some(at) = (0..self.waiting.len()).max_by_key(|at| self.waiting[*at].failures)
            && let Some(left) = self.waiting.remove(at)
        {
            tracing::warn!(room = left.room, "more invitations than can be remembered: this one is left");
        }
        self.waiting.push_back(Invitation { room: room.to_owned(), failures: 0, due: Instant::now() });
    }

    /// Whether Relay is on its way into a room, or about to be.
    pub fn is_joining(&self, room: &str) -> bool {
        let now = Instant::now();
        self.rooms.iter().any(|joining| joining == room)
            || self.waiting.iter().any(|waiting| waiting.room == room && waiting.due <= now)
    }

    /// Relay has come into a room: the answer to its asking may have been lost, and what follows from it is asked now.
    pub fn came_in(&mut self, room: &str) {
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.room == room)
            && let Some(waiting) = self.waiting.remove(at)
        {
            self.waiting.push_front(Invitation { due: Instant::now(), ..waiting });
        }
    }

    /// The next that is accepted, where that has something to tell. Waits for ever while there are none.
    pub async fn next(&mut self) -> Option<RawEvent> {
        loop {
            let now = Instant::now();
            while self.rooms.len() < AT_ONCE
                && let Some(at) = self.waiting.iter().position(|waiting| waiting.due <= now)
                && let Some(Invitation { room, failures, .. }) = self.waiting.remove(at)
            {
                self.rooms.push(room.clone());
                let listener = self.listener;
                self.joining.push(Box::pin(async move {
                    let came = listener.accept_invitation(&room).await;
                    Joined { room, failures, came }
                }));
            }
            let next =
                self.waiting.iter().map(|waiting| waiting.due).filter(|_| self.rooms.len() < AT_ONCE).min();
            let joined = tokio::select! {
                Some(joined) = self.joining.next() => joined,
                () = sleep_until(next.unwrap_or(now)), if next.is_some() => continue,
                else => return std::future::pending().await,
            };
            self.rooms.retain(|room| *room != joined.room);
            match joined.came {
                Ok(came) => {
                    tracing::info!(room = joined.room, "an invitation was accepted");
                    return came;
                }
                Err(error) => self.failed(joined.room, joined.failures, &error),
            }
        }
    }

    fn failed(&mut self, room: String, failures: usize, error: &CallError) {
        let words = errors::words(error);
        // The homeserver lets Relay into so many rooms at a time: that is no failure of this one.
        if let CallError::Answered(answer) = error
            && answer.status == 429
        {
            let due = Instant::now() + answer.retry_after.unwrap_or(LIMITED).clamp(LIMITED, AGAIN[2]);
            self.waiting.push_back(Invitation { room, failures, due });
            return;
        }
        match AGAIN.get(failures).filter(|_| !is_for_good(error) && self.waiting.len() < MOST) {
            Some(wait) => {
                tracing::info!(room, "an invitation cannot be accepted yet, and is tried again: {words}");
                let due = Instant::now() + *wait;
                self.waiting.push_back(Invitation { room, failures: failures + 1, due });
            }
            None => tracing::warn!(room, "an invitation cannot be accepted: {words}"),
        }
    }
}

/// Whoever invited has taken it back, or it is nobody's to accept. A credential that is refused says nothing of the room.
fn is_for_good(error: &CallError) -> bool {
    matches!(error, CallError::Answered(answer) if matches!(answer.status, 400 | 403) && !errors::bad_token(answer))
}

impl Listener<'_> {
    /// Where the room goes on in the place of another, and that one says so too, it is told of.
    async fn accept_invitation(&self, room: &str) -> Result<Option<RawEvent>, CallError> {
        rooms::join(self.api, room, None, JOIN).await?;
        let before = rooms::predecessor(self.api, room).await?;
        Ok(before.map(|before| self.wrapped(&before, Said::Moved(room.to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Answer;

    #[test]
    fn what_says_nothing_of_the_room_is_tried_again() {
        let answered = |status, code: &str| {
            CallError::Answered(Answer { status, code: code.into(), ..Answer::default() })
        };
        let cases = [
            (answered(403, "M_FORBIDDEN"), true),
            (answered(400, "M_UNKNOWN"), true),
            (answered(401, "M_UNKNOWN_TOKEN"), false),
            (answered(502, ""), false),
            (CallError::Silent("no answer".into()), false),
        ];
        for (error, expected) in cases {
            assert_eq!(is_for_good(&error), expected, "{error:?}");
        }
    }
}
