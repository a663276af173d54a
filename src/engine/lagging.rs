//! Rooms that lag by minutes: those that feed them are told once, and once more when it is over.

use super::core::{Core, LaneHandle};
use super::news;
use super::states::LaneState;
use crate::adapt::names::capitalised;
use crate::store::{EnvelopeId, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::{Platform, RoomKey, Text, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(15);
/// What is later than this, and not becoming less, is told.
const LATE: Duration = Duration::from_secs(180);
/// Below this it is over.
const IN_TIME: Duration = Duration::from_secs(30);
/// The same is told once in this time.
const TOLD: Duration = Duration::from_secs(3600);

/// The row that a lane is at, for whoever wants to know how late it is.
#[derive(Debug, Default)]
pub struct At(Mutex<Option<EnvelopeId>>);

impl At {
    /// The lane has come to this row, or has none.
    pub fn set(&self, row: Option<EnvelopeId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = row;
    }

    /// When that row was accepted, in milliseconds since the epoch.
    fn since(&self) -> Option<u64> {
        let row = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        row.map(|id| ulid::Ulid::from_bytes(id.0).timestamp_ms())
    }
}

/// What is known of one room.
#[derive(Debug, Default)]
struct Lag {
    last: Duration,
    /// When it was told that it is late.
    told: Option<Instant>,
    /// It was told, and not that it is over.
    open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    Late,
    Over,
}

impl Lag {
    fn look(&mut self, late: Duration, now: Instant) -> Option<Tell> {
        let before = std::mem::replace(&mut self.last, late);
        if self.open {
            let over = late < IN_TIME;
            self.open = !over;
            return over.then_some(Tell::Over);
        }
        let may = self.told.is_none_or(|told| now.duration_since(told) >= TOLD);
        if !may || late <= LATE || late < before {
            return None;
        }
        (self.told, self.open) = (Some(now), true);
        Some(Tell::Late)
    }
}

/// Looks until the task is ended.
pub async fn run(core: Arc<Core>) {
    let mut lags: HashMap<RoomKey, Lag> = HashMap::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let lanes: Vec<Arc<LaneHandle>> =
            core.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let now = u64::try_from(Timestamp::now().0).unwrap_or_default();
        for lane in lanes {
            let late =
                lane.at.since().map_or(Duration::ZERO, |at| Duration::from_millis(now.saturating_sub(at)));
            if late < IN_TIME && !lags.contains_key(&lane.room) {
                continue;
            }
            let tell = lags.entry(lane.room.clone()).or_default().look(late, Instant::now());
            if let Some(tell) = tell
                && let Err(error) = core.tell_of_lag(&lane, tell, late).await
            {
                tracing::error!(%error, "rooms are not told of what is late");
            }
        }
        lags.retain(|_, lag| {
            lag.open || lag.last >= IN_TIME || lag.told.is_some_and(|told| told.elapsed() < TOLD)
        });
    }
}

impl Core {
    /// Tells the rooms that feed a room. Those of its own platform are left alone: it has enough to do.
    async fn tell_of_lag(&self, lane: &LaneHandle, tell: Tell, late: Duration) -> Result<(), StoreError> {
        let routes = self.routes.borrow().clone();
        let channels = routes.links_of(&lane.room).filter(|(_, link)| link.direction.speaks());
        let feeding =
            channels.flat_map(|(name, _)| routes.channel(name)).filter(|link| link.direction.hears());
        let feeding: BTreeSet<RoomKey> = feeding
            .map(|link| link.room.clone())
            .filter(|room| room.platform != lane.room.platform && routes.speaks(room))
            .collect();
        for room in feeding {
            let account = self.reached_by(&room).map(|(account, ..)| account);
            if let Some(account) = account {
                let language = self.language_of(&room);
                let place = news::place(self, language, &lane.room);
                let words = in_words(language, &place, &lane.room, &lane.state(), tell, late);
                // No channel has an empty name: the room alone is told.
                self.notice(&account, &room, "", Text::plain(&words)).await?;
            }
        }
        Ok(())
    }
}

/// Why deliveries into a room wait, for people in other rooms: nothing of it names what they may not know.
pub fn why_late(language: Language, state: &LaneState, platform: &Platform) -> String {
    let platform = capitalised(platform);
    match state {
        LaneState::Idle | LaneState::Busy | LaneState::Held => {
            text!(language, "late-busy", platform = platform)
        }
        LaneState::Retrying { .. } => {
            text!(language, "late-retrying", platform = platform)
        }
        LaneState::Waiting => text!(language, "late-waiting", platform = platform),
        LaneState::Paused { chat: true, .. } => text!(language, "late-paused-there"),
        LaneState::Paused { .. } => text!(language, "late-paused"),
        LaneState::Parked { .. } => text!(language, "late-parked"),
    }
}

fn in_words(
    language: Language,
    place: &str,
    room: &RoomKey,
    state: &LaneState,
    tell: Tell,
    late: Duration,
) -> String {
    if tell == Tell::Over {
        return text!(language, "late-no-more", place = place);
    }
    let why = why_late(language, state, &room.platform);
    text!(language, "late", place = place, minutes = late.as_secs() / 60, why = why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_when() {
        use Tell::{Late, Over};
        // At which second a room is how many seconds late, and what is told then.
        type Case = (&'static str, &'static [(u64, u64, Option<Tell>)]);
        let cases: [Case; 5] = [
            ("a short wait", &[(0, 170, None), (15, 0, None)]),
            (
                "once, and that it is over",
                &[(0, 181, Some(Late)), (15, 196, None), (30, 40, None), (45, 29, Some(Over))],
            ),
            ("what is catching up", &[(0, 170, None), (15, 400, Some(Late)), (30, 5, Some(Over))]),
            ("what is becoming less", &[(0, 100, None), (15, 90, None)]),
            (
                "not again within the hour",
                &[
                    (0, 200, Some(Late)),
                    (60, 0, Some(Over)),
                    (120, 200, None),
                    (180, 260, None),
                    (3_590, 3_000, None),
                    (3_605, 3_015, Some(Late)),
                    (3_620, 3_000, None),
                ],
            ),
        ];
        let began = Instant::now();
        for (what, looks) in cases {
            let mut lag = Lag::default();
            for (second, late, told) in looks {
                let now = began + Duration::from_secs(*second);
                assert_eq!(lag.look(Duration::from_secs(*late), now), *told, "{what}, second {second}");
            }
        }
        let mut lag = Lag { last: Duration::from_secs(300), ..Lag::default() };
        assert_eq!(lag.look(Duration::from_secs(299), began), None, "it becomes less");
    }

    #[test]
    fn in_plain_words() {
        let room = RoomKey::new(Platform::new("slack"), "n", "r");
        let said = |state: &LaneState, tell| {
            in_words(Language::English, "general on Slack", &room, state, tell, Duration::from_secs(250))
        };
        let retrying =
            LaneState::Retrying { reason: "unavailable: 502 from https://example.org/secret".into() };
        assert_eq!(
            said(&LaneState::Held, Tell::Late),
            "What is said here reaches general on Slack 4 minutes late: more is said than Slack takes in that time. Nothing is lost, and \
             it arrives in order."
        );
        assert!(!said(&retrying, Tell::Late).contains("secret"));
        assert_eq!(said(&retrying, Tell::Over), "What is said here reaches general on Slack in time again.");
        let german = in_words(
            Language::German,
            "general auf Slack",
            &room,
            &retrying,
            Tell::Late,
            Duration::from_secs(250),
        );
        assert_eq!(
            german,
            "Was hier gesagt wird, kommt in general auf Slack 4 Minuten später an: Slack nimmt es gerade nicht an, und es wird immer \
             wieder versucht. Nichts geht verloren, und alles kommt in seiner Reihenfolge."
        );
    }
}
