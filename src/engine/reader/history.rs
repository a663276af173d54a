//! Reading rooms' histories, beside the listening.

use super::super::catch_up::{Progress, Resync, Turn};
use super::super::delay::Delay;
use super::{Count, ReaderInbox};
use futures::StreamExt;
use relay_contract::{
    DeliverError, Doing, Event, Inbox, Mark, Past, RawEvent, RoomKey, Stopped, Timestamp, Translation,
};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// So many rooms are read at the same time.
const AT_ONCE: usize = 4;
/// Messages a look.
const BATCH: u16 = 100;
/// So many events wait for the ledger at the same time: it syncs many at once.
const IN_FLIGHT: usize = 64;
/// Longest wait for one look.
const LOOK: Duration = Duration::from_secs(60);
/// A server's `Retry-After` is obeyed within these bounds.
const HOLD: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(900);

/// How a reading has ended.
enum Ended {
    /// All of it was read.
    Read,
    /// It can be read on from there later, or after this long.
    Later(Mark, Option<Duration>),
    /// It will not be read, for this reason.
    Refused(String),
}

impl ReaderInbox<'_> {
    /// Something may have been said that the connection did not bring: each room's history, or that of one, is to be read first.
    pub(super) fn begin_histories(&self, only: Option<&RoomKey>, why: &str) {
        let (core, account) = (&self.reader.core, &self.reader.account);
        if !account.connector.keeps_history() {
            self.missed(why);
            return;
        }
        let routes = core.routes.borrow().clone();
        let rooms: BTreeSet<RoomKey> = core
            .planned_of(&account.name)
            .iter()
            .filter_map(|planned| core.known.get(&account.name, &planned.room))
            .map(|known| known.key)
            .filter(|room| only.is_none_or(|only| only == room) && routes.hears(room))
            .collect();
        let turns =
            rooms.into_iter().filter_map(|room| Some(Turn::new(room.clone(), core.ledger.mark(&room)?)));
        let turns: Vec<Turn> = turns.collect();
        turns.iter().for_each(|turn| core.ledger.hold_mark(turn.room.clone()));
        let rooms = turns.len();
        match only {
            // For a while there may be one with each message.
            Some(room) => {
                tracing::debug!(account = %account.name, %room, why, "reading what was said meanwhile")
            }
            None if rooms == 0 => {}
            None => tracing::info!(account = %account.name, rooms, why, "reading what was said meanwhile"),
        }
        account.catch_up.begin(turns);
    }

    /// Whether the place to go on from may move: not past what is still to be read, for then nobody would read it.
    pub(super) fn may_go_on(&self) -> bool {
        !self.reader.account.catch_up.is_pending()
    }

    /// The rooms that may have to be read before an event is taken in, or in which others wait for that.
    pub(super) fn waits_for(&self, raw: &RawEvent) -> BTreeSet<RoomKey> {
        let somebody_waits = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            !queues.is_empty()
        };
        if self.may_go_on() && !somebody_waits {
            return BTreeSet::new();
        }
        self.about(raw).into_iter().map(|(room, _)| room).collect()
    }

    /// The rooms of an event, and when it happened there. One that panics is met again in its space, behind the fence.
    fn about(&self, raw: &RawEvent) -> Vec<(RoomKey, Timestamp)> {
        let connector = &self.reader.account.connector;
        match catch_unwind(AssertUnwindSafe(|| connector.translate(raw))) {
            Ok(Translation::Events(envelopes)) => {
                envelopes.into_iter().map(|envelope| (envelope.origin, envelope.at)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// When an event happened, as far as it says; none for an edit.
    fn not_an_edit(&self, raw: &RawEvent) -> Option<Option<i64>> {
        let connector = &self.reader.account.connector;
        match catch_unwind(AssertUnwindSafe(|| connector.translate(raw))) {
            Ok(Translation::Events(envelopes)) => {
                let first = envelopes.first()?;
                (!matches!(first.event, Event::Edited { .. })).then_some(Some(first.at.0))
            }
            _ => Some(None),
        }
    }

    /// Reads what is to be read, for ever.
    pub(super) async fn histories(&self) -> Infallible {
        let reader = || async {
            let mut delay = Delay::new(Duration::from_secs(1), Duration::from_secs(60));
            loop {
                let reading = self.reader.account.catch_up.next().await;
                match self.read(reading.turn()).await {
                    Ok(Ended::Read | Ended::Refused(_)) => {
                        delay.reset();
                        let (room, by_hand) = (reading.turn().room.clone(), reading.turn().by_hand.is_some());
                        reading.finish();
                        if !by_hand && !self.reader.account.catch_up.is_to_be_read(&room) {
                            self.reader.core.ledger.let_mark_go(&room);
                        }
                    }
                    Ok(Ended::Later(from, wait)) => reading.later(from, wait.unwrap_or_else(|| delay.next())),
                    // Relay stops: the room is read again at the next start.
                    Err(Stopped) => std::future::pending().await,
                }
            }
        };
        futures::future::select_all((0..AT_ONCE).map(|_| Box::pin(reader()))).await.0
    }

    /// Reads one room.
    async fn read(&self, turn: &Turn) -> Result<Ended, Stopped> {
        let (room, mut progress) = (&turn.room, Progress::default());
        if let Some(resync) = &turn.by_hand {
            let ended = self.read_from(room, &turn.from, Some(resync), &mut progress).await?;
            progress.refused = match ended {
                Ended::Refused(why) => Some(why),
                Ended::Later(_, Some(wait)) => {
                    Some(format!("the platform's limit is reached; ask again in {} s", wait.as_secs() + 1))
                }
                Ended::Later(_, None) => Some("the platform does not answer".to_owned()),
                Ended::Read => None,
            };
            progress.at = None;
            // Whoever asked may have gone.
            let _ = resync.progress.send(progress).await;
            return Ok(Ended::Read);
        }
        let from = self.not_too_old(room, turn.from.clone()).await?;
        let ended = self.read_from(room, &from, None, &mut progress).await?;
        if progress.new > 0 {
            tracing::info!(%room, new = progress.new, "what was said meanwhile was read");
        }
        Ok(match ended {
            Ended::Refused(why) => {
                self.missed(&format!("{}: {why}", self.name(room)));
                Ended::Read
            }
            other => other,
        })
    }

    /// Where to begin. What is older than the limit is left, and said to be missed if there is any.
    async fn not_too_old(&self, room: &RoomKey, mark: Mark) -> Result<Mark, Stopped> {
        let age = i64::try_from(self.reader.core.limits().catch_up.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = Timestamp(Timestamp::now().0.saturating_sub(age));
        if mark.at >= oldest {
            return Ok(mark);
        }
        let first = match self.look(room, &mark, 1).await {
            Ok(past) => past.events.first().and_then(|raw| self.about(raw).first().map(|(_, at)| *at)),
            // It is met again by whoever reads on.
            Err(_) => None,
        };
        if first.is_some_and(|first| first < oldest) {
            let since = in_words(mark.at);
            self.missed(&format!(
                "{}: what was said from {since} to {} is older than `catch_up_hours` allows; `relay resync` fetches it",
                self.name(room),
                in_words(oldest)
            ));
            return Ok(Mark { id: None, at: oldest });
        }
        Ok(mark)
    }

    /// Reads a room from a mark on.
    async fn read_from(
        &self,
        room: &RoomKey,
        from: &Mark,
        by_hand: Option<&Resync>,
        progress: &mut Progress,
    ) -> Result<Ended, Stopped> {
        let most = by_hand.map_or(u64::from(self.reader.core.limits().catch_up.messages), |_| u64::MAX);
        let batch = by_hand.map_or(BATCH, |resync| resync.batch);
        let mut from = from.clone();
        // One more than the limit, so that what goes beyond it is known and not guessed.
        while progress.read <= most {
            if by_hand.is_some_and(|resync| resync.progress.is_closed()) {
                return Ok(Ended::Read);
            }
            let left = u16::try_from(most - progress.read).unwrap_or(u16::MAX);
            match self.look(room, &from, batch.min(left).max(1)).await {
                Ok(past) if left == 0 && past.events.is_empty() => return Ok(Ended::Read),
                Ok(_) if left == 0 => break,
                Ok(past) => {
                    // An edit is told behind its message, and is as new as it may be.
                    let read = past.events.iter().filter_map(|raw| self.not_an_edit(raw));
                    let read: Vec<Option<i64>> = read.collect();
                    let last = read.iter().rev().find_map(|at| *at);
                    progress.read += read.len() as u64;
                    progress.new += self.take_in_all(past.events).await?;
                    progress.at = last.or(progress.at);
                    if let Some(resync) = by_hand {
                        // A slow watcher misses a step of the bar.
                        let _ = resync.progress.try_send(progress.clone());
                    }
                    match past.next {
                        Some(next) => from = next,
                        None => return Ok(Ended::Read),
                    }
                }
                Err(DeliverError::RateLimited { retry_after, .. }) => {
                    return Ok(Ended::Later(from, Some(retry_after.clamp(*HOLD.start(), *HOLD.end()))));
                }
                Err(error @ (DeliverError::Unavailable(_) | DeliverError::Unsure(_))) => {
                    tracing::info!(%room, %error, "a history cannot be read yet; it is tried again");
                    return Ok(Ended::Later(from, None));
                }
                Err(error) => {
                    return Ok(Ended::Refused(format!("what was said meanwhile cannot be read: {error}")));
                }
            }
        }
        let after = in_words(from.at);
        Ok(Ended::Refused(format!(
            "more was said meanwhile than `catch_up_messages` allows; what came after {after} is left, and `relay resync` fetches it"
        )))
    }

    /// One look, when it is its turn.
    async fn look(&self, room: &RoomKey, from: &Mark, most: u16) -> Result<Past, DeliverError> {
        let account = &self.reader.account;
        account.permitted(room, Doing::Look).await;
        let looked = tokio::time::timeout(LOOK, account.connector.history(room, from, most)).await;
        let looked = looked.unwrap_or_else(|_| Err(DeliverError::Unavailable("no answer in time".into())));
        if let Err(error) = &looked {
            account.refused(room, error).await;
        }
        looked
    }

    /// Takes in events as if they had just come, in their order; answers how many are new.
    async fn take_in_all(&self, events: Vec<RawEvent>) -> Result<u64, Stopped> {
        let taken_in = futures::stream::iter(events).map(|raw| async {
            match self.space(&raw.space) {
                Some(space) => self.hand_over(space, raw, true, None).await,
                None => Ok(0),
            }
        });
        let mut taken_in = std::pin::pin!(taken_in.buffered(IN_FLIGHT));
        let mut new = 0;
        while let Some(one) = taken_in.next().await {
            let one = one?;
            (0..one).for_each(|_| self.reader.core.counters.add(Count::CaughtUp));
            new += one;
        }
        Ok(new)
    }

    /// What people call a room.
    fn name(&self, room: &RoomKey) -> String {
        let known = self.reader.core.known.asked_for(room);
        known.into_iter().next().map_or_else(|| room.to_string(), |(_, _, known)| known.name)
    }
}

/// A time as people read it, in UTC.
fn in_words(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0.div_euclid(1_000))
        .map_or_else(|_| "then".to_owned(), |at| at.to_string())
}
