//! Whoever says something for the first time is told what becomes of it, where a platform can tell one person alone; elsewhere the
//! pinned notice says it, and the answer to their first command. Few at a time: never a mass of messages.

use super::core::{Core, RunningAccount};
use crate::consent::Person;
use crate::store::StoreError;
use quick_cache::sync::Cache;
use relay_contract::{DeliverError, Envelope, Event, NativeId, RoomKey, Standing, Text, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// So many wait to be told; whoever comes then is told when they say something again.
const WAITING: usize = 256;
/// The time between two.
const PACE: Duration = Duration::from_millis(700);
/// Longest wait for the platform, and for what it asks to wait.
const PLATFORM: Duration = Duration::from_secs(15);
/// Who said something longer ago, in milliseconds, may not be there any more to be told.
const THERE: i64 = 60_000;
/// So many are known without asking the disk.
const KNOWN: usize = 10_000;

/// Who waits to be told.
pub struct Whispers {
    waiting: Mutex<VecDeque<Waiting>>,
    come: Notify,
    /// Who has waited in this run.
    known: Cache<Person, ()>,
}

struct Waiting {
    account: Arc<RunningAccount>,
    room: RoomKey,
    id: NativeId,
}

impl Default for Whispers {
    fn default() -> Self {
        Self { waiting: Mutex::default(), come: Notify::new(), known: Cache::new(KNOWN) }
    }
}

impl Whispers {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something else is to be told: whoever speaks next is looked at anew.
    pub(super) fn begin_anew(&self) {
        self.known.clear();
    }

    fn next(&self) -> Option<Waiting> {
        self.waiting().pop_front()
    }
}

/// Tells people until the task is ended.
pub async fn run(core: Arc<Core>) {
    loop {
        let Some(next) = core.whispers.next() else {
            core.whispers.come.notified().await;
            continue;
        };
        match core.whisper(&next).await {
            Ok(wait) => tokio::time::sleep(wait).await,
            Err(StoreError::Closed) => return,
            Err(error) => tracing::error!(%error, "it cannot be read or written who was told"),
        }
    }
}

impl Core {
    /// Somebody has said something: they are told soon, where their platform can do that and they were not.
    pub(super) fn whisper_soon(&self, account: &Arc<RunningAccount>, envelope: &Envelope) {
        let (Event::Posted(_), Some(author)) = (&envelope.event, &envelope.author) else { return };
        if author.standing != Standing::Person
            || !account.connector.whispers()
            || Timestamp::now().0.saturating_sub(envelope.at.0) > THERE
        {
            return;
        }
        let person = Person::of(&envelope.origin, author);
        if self.whispers.known.get(&person).is_some()
            || self.ledger.consent_of(&person).is_some()
            || !self.tells(&envelope.origin)
        {
            return;
        }
        let mut waiting = self.whispers.waiting();
        if waiting.len() < WAITING {
            waiting.push_back(Waiting {
                account: account.clone(),
                room: envelope.origin.clone(),
                id: author.id.clone(),
            });
            self.whispers.known.insert(person, ());
            self.whispers.come.notify_one();
        }
    }

    /// Whether people of a room are told unasked what is carried from it.
    fn tells(&self, room: &RoomKey) -> bool {
        let routes = self.routes.borrow().clone();
        let channels = self.channels();
        !routes.targets(room).is_empty()
            && routes.links_of(room).any(|(name, _)| channels.get(name).is_some_and(|channel| channel.tells))
    }

    /// Tells somebody who was not told yet; answers how long the next one is to wait.
    async fn whisper(&self, to: &Waiting) -> Result<Duration, StoreError> {
        let Waiting { account, room, id } = to;
        let person = Person::from_parts(room, id.as_str());
        let untold = self.untold(self.language_of(room), &person, room)?;
        let Some((words, what)) = untold else { return Ok(Duration::ZERO) };
        let connector = &account.connector;
        let words = Text::plain(&words.replace("/relay", connector.called_by()));
        match tokio::time::timeout(PLATFORM, connector.whisper(room, id, &words)).await {
            Ok(Err(DeliverError::RateLimited { retry_after, .. })) => {
                self.whispers.known.remove(&person);
                return Ok(retry_after.clamp(PACE, PLATFORM));
            }
            Ok(Err(error @ (DeliverError::Unavailable(_) | DeliverError::Unauthorized(_)))) => {
                tracing::info!(account = %account.name, %error, "somebody is told later what becomes of what they say");
                self.whispers.known.remove(&person);
                return Ok(PACE);
            }
            Ok(Err(error)) => tracing::info!(account = %account.name, %error, "somebody is not told"),
            // Perhaps they were; nobody is told twice.
            Ok(Ok(())) | Err(_) => {}
        }
        self.ledger.remember_told(&person, what).await?;
        Ok(PACE)
    }
}
