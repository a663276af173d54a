//! A marked message through the path: posted into one room, heard again where the platform tells of it, and taken away. It is in no
//! journal, and no other room sees it.

use super::core::Core;
use super::orders::{Order, OrderError, Outcome};
use super::states::AccountState;
use relay_contract::{Draft, Feature, Problem, RoomKey, Support, Text};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use tokio::time::Instant;

/// How long a message may take to come back.
const COMES_BACK: Duration = Duration::from_secs(10);

/// One hop of the marked message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Which.
    pub hop: String,
    /// How long it took, in milliseconds; none where it did not happen.
    pub ms: Option<u64>,
    /// Why not, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What is worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Hop {
    fn took(hop: &str, took: Duration) -> Self {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { hop: hop.to_owned(), ms: Some(ms), problem: None, note: None }
    }

    fn not(hop: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        let problem = Some(Problem::new(what, fix));
        Self { hop: hop.to_owned(), ms: None, problem, note: None }
    }
}

impl Core {
    /// Sends one into a room. Answers how it went, hop by hop, up to the first that failed; in words why it was not begun.
    pub async fn send_marked(&self, room: &RoomKey) -> Result<Vec<Hop>, String> {
        let lane = self.lane_for(room).map_err(|error| error.to_string())?;
        let account = &lane.account;
        if self.pauses.holds(&account.name, room).is_some() {
            return Err("its deliveries are held: relay queue resume lets them go on".into());
        }
        if let Some(problem) = self.held(room) {
            return Err(problem.to_string());
        }
        match &*account.state.borrow() {
            AccountState::Up => {}
            AccountState::Parked { problem } => return Err(problem.to_string()),
            AccountState::Starting | AccountState::Interrupted { .. } => {
                return Err(format!("the account {} is not connected now", account.name));
            }
        }
        let Some(watch) = self.echoes.watch(room) else {
            return Err("a marked message is on its way into this room already".into());
        };
        let mut hops = Vec::new();
        let began = Instant::now();
        if let Err(error) = self.ledger.probe().await {
            hops.push(Hop::not(
                "written",
                format!("The ledger cannot be written: {error}."),
                "The log says why.",
            ));
            return Ok(hops);
        }
        hops.push(Hop::took("written", began.elapsed()));
        let mark = ulid::Ulid::new();
        // Where nothing can be taken away, nobody is told that it will be.
        let goes = account.connector.capabilities(room).shows(Feature::Delete) == Support::Native;
        let then = if goes { "This message goes away at once." } else { "Nobody need do anything." };
        let words = format!("Relay looks whether this room works. {then} ({mark})");
        let draft = Draft { body: Text::plain(&words), ..Draft::default() };
        let rendered = catch_unwind(AssertUnwindSafe(|| account.connector.render(room, &draft)));
        let Some(part) = rendered.ok().and_then(|parts| parts.into_iter().next()) else {
            hops.push(Hop::not(
                "rendered",
                "Rendering it panicked.",
                "That is a mistake in Relay; the log says where.",
            ));
            return Ok(hops);
        };
        let (began, message) = match self.order(&lane, Order::Say(part)).await {
            Ok(Outcome::Said(message, held, took)) => {
                hops.push(Hop::took("its turn", held));
                hops.push(Hop::took("delivered", took));
                (Instant::now().checked_sub(took).unwrap_or_else(Instant::now), message)
            }
            Ok(_) => return Ok(hops),
            Err(error) => {
                hops.push(refused("delivered", &error));
                return Ok(hops);
            }
        };
        if account.connector.hears_itself() {
            hops.push(match watch.back(&message.id, COMES_BACK).await {
                Some(at) => Hop::took("heard again", at.saturating_duration_since(began)),
                None => Hop::not(
                    "heard again",
                    "It did not come back within 10 seconds: Relay may not hear what is said in this room.",
                    "`relay doctor` tells which right is missing; a connection that hears nothing is made anew by itself.",
                ),
            });
        } else {
            let note = "this platform tells no bot of its own messages".to_owned();
            hops.push(Hop { hop: "heard again".into(), ms: None, problem: None, note: Some(note) });
        }
        if !goes {
            let note = "what is said there stays".to_owned();
            hops.push(Hop { hop: "taken away".into(), ms: None, problem: None, note: Some(note) });
            return Ok(hops);
        }
        let began = Instant::now();
        hops.push(match self.order(&lane, Order::TakeAway(message)).await {
            Ok(_) => Hop::took("taken away", began.elapsed()),
            Err(error) => refused("taken away", &error),
        });
        Ok(hops)
    }
}

fn refused(hop: &str, error: &OrderError) -> Hop {
    Hop::not(hop, format!("{error}."), "`relay status` tells how the account and the room are.")
}
