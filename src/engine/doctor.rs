//! What is not as it should be in a running engine: each account and room asked anew, the stores, the lanes. Nothing is changed.

use super::core::{Core, RunningAccount};
use super::queue::QueueRoom;
use super::rooms::preflight;
use super::states::{AccountState, LaneState, RoomState};
use crate::spans;
use futures::future::join_all;
use relay_contract::{Connector, NativeId, OpenError, Preflight, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What waits for less than this is on its way.
const ON_ITS_WAY: i64 = 60_000;
/// Longest wait for the ledger's writer.
const LEDGER: Duration = Duration::from_secs(5);
/// More accepted messages than this behind the fan-out, and more lines behind the mapping, are worth a word.
const BACKLOG: u64 = 10_000;

/// What is said of an account whose platform cannot be asked begins with this.
pub const UNANSWERED: &str = "The platform does not answer";

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Fine,
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What: `account slack`, `room slack:#general`, `disk` …
    pub about: String,
    /// How it is.
    pub grade: Grade,
    /// The same in a sentence.
    pub what: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn fine(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self { about: about.into(), grade: Grade::Fine, what: what.into(), fix: None }
    }

    /// Something to look at.
    pub fn look(about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { grade: Grade::Look, fix: Some(fix.into()), ..Self::fine(about, what) }
    }

    /// Something that does not work.
    pub fn broken(about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { grade: Grade::Broken, ..Self::look(about, what, fix) }
    }

    /// A room that the admin's file joins to a channel, and that was disconnected since.
    pub fn disconnected(account: &str, room: &NativeId, channel: &str) -> Self {
        Self::look(
            format!("room {account}:{room}"),
            format!(
                "It is disconnected from {channel}, though bridges.toml joins it: nothing is carried there."
            ),
            format!(
                "/relay connect {channel} in that room joins it again; or take it out of `links` of [channels.{channel}]."
            ),
        )
    }

    fn of(about: String, grade: Grade, problem: &Problem) -> Self {
        Self { about, grade, what: problem.what.clone(), fix: Some(problem.fix.clone()) }
    }
}

/// What a preflight has told of an account and its rooms.
pub fn of_preflight(
    account: &str,
    asked: &[(NativeId, String)],
    told: Result<Preflight, OpenError>,
    took: Duration,
) -> Vec<Finding> {
    let about = format!("account {account}");
    let told = match told {
        Ok(told) => told,
        Err(OpenError::Refused(problem)) => return vec![Finding::of(about, Grade::Broken, &problem)],
        Err(OpenError::Unavailable(why)) => {
            let fix = "Nothing is lost. It is tried again by itself; if it stays so, look at this machine's network and the platform's status.";
            return vec![Finding::broken(about, format!("{UNANSWERED}: {why}."), fix)];
        }
    };
    let (name, id) = (crate::adapt::presentable(&told.identity.name), &told.identity.id);
    let mut found =
        vec![Finding::fine(about.clone(), format!("{name} ({id}); answered in {}", spans::short(took)))];
    found.extend(told.warnings.iter().map(|warning| Finding::of(about.clone(), Grade::Look, warning)));
    for (room, answer) in told.rooms {
        let written = asked
            .iter()
            .find(|(id, _)| *id == room)
            .map_or_else(|| room.to_string(), |(_, asked)| asked.clone());
        let name = answer.as_ref().ok().map(|report| report.name.as_str());
        let about = format!("room {account}:{}", called(&written, name));
        match answer {
            Ok(report) if report.warnings.is_empty() => {
                found.push(Finding::fine(about, "found, with every right that Relay asks for"));
            }
            Ok(report) => found.extend(
                report.warnings.iter().map(|warning| Finding::of(about.clone(), Grade::Look, warning)),
            ),
            Err(problem) => found.push(Finding::of(about, Grade::Broken, &problem)),
        }
    }
    found
}

/// With which link an account is invited, where its platform has such.
pub fn invited_with(account: &str, connector: &dyn Connector) -> Option<Finding> {
    let link = connector.invitation()?;
    Some(Finding::fine(format!("account {account}"), format!("invited with {link}")))
}

/// A room as it is written, with what people call it where that is not said yet.
fn called(written: &str, name: Option<&str>) -> String {
    let name = name.and_then(|name| name.rsplit('/').next()).map(crate::adapt::presentable);
    match name.filter(|name| !name.is_empty() && !written.contains(name.as_str())) {
        Some(name) => format!("{written} ({name})"),
        None => written.to_owned(),
    }
}

impl Core {
    /// Looks at everything. Asks each platform, at most 25 seconds.
    pub async fn examine(self: &Arc<Self>) -> Vec<Finding> {
        let accounts = self.accounts.all();
        let asked = join_all(accounts.iter().map(|account| self.examine_account(account)));
        let (accounts, ledger) = tokio::join!(asked, self.examine_ledger());
        let mut found: Vec<Finding> = accounts.into_iter().flatten().collect();
        found.extend(ledger);
        found.extend(self.disconnected());
        found.extend(self.consent_clock_ahead().map(of_clock));
        let core = self.clone();
        match tokio::task::spawn_blocking(move || core.queues()).await {
            Ok(Ok(queues)) => found.extend(of_queues(&queues, Timestamp::now().0)),
            Ok(Err(error)) => {
                let fix = "Stop Relay, keep a copy of the state directory, and look at the disk: the log says more.";
                found.push(Finding::broken("ledger", format!("It cannot be read: {error}."), fix));
            }
            Err(_) => found.push(Finding::broken("ledger", "Reading it panicked.", "The log says where.")),
        }
        found
    }

    async fn examine_account(&self, account: &Arc<RunningAccount>) -> Vec<Finding> {
        let name = account.name.to_string();
        let mut asked = Vec::new();
        let mut found = Vec::new();
        for room in self.planned_of(&account.name) {
            match self.known.get(&account.name, &room.room) {
                Some(known) => {
                    let written = called(room.room.as_str(), Some(&known.name));
                    asked.push((known.key.room, written));
                }
                None if !room.by_name => asked.push((room.room.clone(), room.room.to_string())),
                None => {
                    if let Some(RoomState::Missing(problem)) = self.states.get(&account.name, &room.room) {
                        found.push(Finding::of(
                            format!("room {name}:{}", room.room),
                            Grade::Broken,
                            &problem,
                        ));
                    }
                }
            }
        }
        let ids: Vec<NativeId> = asked.iter().map(|(id, _)| id.clone()).collect();
        let began = Instant::now();
        let told = preflight(account, &ids).await;
        let mut all = of_preflight(&name, &asked, told, began.elapsed());
        all.extend(invited_with(&name, &*account.connector));
        let about = format!("account {name}");
        match &*account.state.borrow() {
            AccountState::Up => {}
            AccountState::Starting => {
                all.push(Finding::look(about.clone(), "It is not connected yet.", "Ask again in a moment."));
            }
            AccountState::Interrupted { reason } => {
                let fix = "It is connected again by itself; messages wait until then.";
                all.push(Finding::look(about.clone(), format!("The connection is down: {reason}."), fix));
            }
            AccountState::Parked { problem } => {
                let parked = Finding::of(about.clone(), Grade::Broken, problem);
                if !all.contains(&parked) {
                    all.push(parked);
                }
            }
        }
        for warning in account.all_warnings() {
            let told = all.iter().any(|found| {
                warning == format!("{} {}", found.what, found.fix.as_deref().unwrap_or_default())
            });
            if !told {
                all.push(Finding::look(about.clone(), warning, "The log says more."));
            }
        }
        if self.account_paused(&account.name).is_some() {
            all.push(Finding::look(about, "Its deliveries are held.", format!("relay queue resume {name}")));
        }
        all.extend(found);
        all
    }

    /// Rooms that the admin's file joins, and that were disconnected since.
    fn disconnected(&self) -> Vec<Finding> {
        let channels = self.channels();
        let all = channels
            .iter()
            .flat_map(|(name, channel)| channel.disconnected.iter().map(move |link| (name, link)));
        all.map(|(name, link)| Finding::disconnected(&link.at.account.to_string(), &link.at.room, name))
            .collect()
    }

    async fn examine_ledger(&self) -> Vec<Finding> {
        let began = Instant::now();
        let mut found = match tokio::time::timeout(LEDGER, self.ledger.probe()).await {
            Ok(Ok(())) => {
                let took = spans::short(began.elapsed());
                vec![Finding::fine("ledger", format!("its writer answered in {took}"))]
            }
            Ok(Err(error)) => {
                vec![Finding::broken(
                    "ledger",
                    format!("It cannot be written: {error}."),
                    "The log says why.",
                )]
            }
            Err(_) => vec![Finding::broken(
                "ledger",
                "Its writer has not answered within 5 seconds.",
                "Look at the disk under the state directory: it is slow, or full.",
            )],
        };
        let behind = self.ledger.position().saturating_sub(self.lookup.position());
        found.extend(of_backlogs(self.ledger.waiting_for_fan_out(), behind));
        found
    }
}

/// The clock by which choices hold is so far ahead of this machine's.
fn of_clock(ahead: Duration) -> Finding {
    let (what, fix) = clock_in_words(ahead);
    Finding::look("clock", what, fix)
}

/// What it means, and what to do.
pub fn clock_in_words(ahead: Duration) -> (String, &'static str) {
    let ahead = spans::in_words(ahead);
    let what = format!(
        "Relay has seen times that are {ahead} ahead of this machine's clock: it was set ahead once, or is behind now. People's choices never go back \
         behind them: until the clock has come so far, what is allowed, forbidden or muted for a time ends that much later, and what somebody \
         says after a new yes is not carried."
    );
    (
        what,
        "If the clock is right, it passes by itself. If not, let it be set by the network: timedatectl set-ntp true",
    )
}

/// How far the fan-out and the mapping are behind what is accepted.
fn of_backlogs(waiting: u64, behind: u64) -> Vec<Finding> {
    let mut found = Vec::new();
    if waiting > BACKLOG {
        let what = format!("{waiting} accepted messages are not in the lanes yet.");
        let fix = "It goes on by itself; if the number grows, look at what uses the processor and the disk: top, iostat -x 5";
        found.push(Finding::look("ledger", what, fix));
    }
    if behind > BACKLOG {
        let what = format!("The mapping is {behind} lines behind the ledger.");
        let fix = "It catches up by itself, and lookups are slower until then; if the number grows, stop Relay, remove the folder `mapping` of the \
                   state directory, and start it: the mapping is made anew.";
        found.push(Finding::look("mapping", what, fix));
    }
    found
}

/// What lanes have to tell.
fn of_queues(queues: &[QueueRoom], now: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    for queue in queues {
        let room = queue.link.as_ref().unwrap_or(&queue.room);
        let about = format!("queue {}", called(room, queue.name.as_deref()));
        if queue.dead > 0 {
            let what = format!("{} deliveries were given up.", queue.dead);
            let fix =
                format!("relay queue show \"{room}\" tells why; relay queue retry \"{room}\" sends them.");
            found.push(Finding::look(about.clone(), what, fix));
        }
        let oldest = queue.head.as_ref().map_or(0, |head| now.saturating_sub(head.accepted));
        let late = spans::in_words(Duration::from_millis(u64::try_from(oldest).unwrap_or(0)));
        match &queue.lane {
            LaneState::Paused { account: false, chat, .. } => {
                let what = if *chat { "Those who manage it hold it." } else { "It is held." };
                found.push(Finding::look(about, what, format!("relay queue resume \"{room}\"")));
            }
            LaneState::Parked { problem } if queue.queued > 0 => {
                found.push(Finding::of(about, Grade::Broken, problem));
            }
            lane if oldest > ON_ITS_WAY => {
                let why = match lane {
                    LaneState::Held => "a rate limit holds it".to_owned(),
                    LaneState::Retrying { reason } => reason.clone(),
                    LaneState::Waiting => "its account cannot deliver now".into(),
                    _ => "more is said than goes out".into(),
                };
                let what = format!("{} wait, the oldest for {late}: {why}.", queue.queued);
                let fix =
                    format!("It goes on by itself, in order. relay queue show \"{room}\" lists what waits.");
                found.push(Finding::look(about, what, fix));
            }
            _ => {}
        }
    }
    if found.is_empty() {
        found.push(Finding::fine("queues", "nothing waits for long, and nothing was given up"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_choices_are_ahead_of_is_looked_at() {
        let found = of_clock(Duration::from_secs(2 * 3_600));
        assert_eq!((found.about.as_str(), found.grade), ("clock", Grade::Look));
        assert!(found.what.contains("2 hours ahead of this machine's clock"), "{found:?}");
    }

    #[test]
    fn a_room_is_called_by_its_id_and_its_name_once() {
        let cases = [
            ("C1", None, "C1"),
            ("C1", Some("#general"), "C1 (#general)"),
            ("a:C1", Some("Studio/#general"), "a:C1 (#general)"),
            ("Studio/#general", Some("#general"), "Studio/#general"),
            ("C1 (#general)", Some("#general"), "C1 (#general)"),
        ];
        for (written, name, expected) in cases {
            assert_eq!(called(written, name), expected);
        }
    }

    #[test]
    fn backlogs_are_told_once_they_are_long() {
        let about = |waiting, behind| -> Vec<String> {
            of_backlogs(waiting, behind).into_iter().map(|found| found.about).collect()
        };
        assert_eq!(about(BACKLOG, BACKLOG), Vec::<String>::new());
        assert_eq!(about(BACKLOG + 1, 0), ["ledger"]);
        assert_eq!(about(0, BACKLOG + 1), ["mapping"]);
    }
}
