//! Which rooms an account sees. Where the platform has no list of them, by listening: nothing that is heard is acknowledged, so that it
//! is still there for `relay run`.

use crate::commands::{AccountRooms, of_connector};
use async_trait::async_trait;
use relay_contract::{
    Connector, Guide, Inbox, NativeId, RawEvent, RoomNews, RoomReport, Stopped, Translation,
};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Longest wait for an answer about rooms; the contract allows 20 seconds (C2).
const ASKING: Duration = Duration::from_secs(25);
/// How long more is waited for after something was heard.
const MORE: Duration = Duration::from_millis(700);
/// How long invitations are waited for where there is a list all the same.
const INVITATIONS: Duration = Duration::from_secs(4);
/// Longest wait for a connector to stop listening.
const STOPPING: Duration = Duration::from_secs(5);

/// What an account sees; where it sees nothing before something happens, that is waited for.
pub async fn look(
    account: &str,
    connector: &dyn Connector,
    guide: &Guide,
    patience: Duration,
) -> AccountRooms {
    let seen = of_connector(account.to_owned(), connector, Vec::new()).await;
    if !guide.heard || seen.problem.is_some() {
        return seen;
    }
    let patience = if seen.complete { patience.min(INVITATIONS) } else { patience };
    let heard = listen(connector, patience).await;
    let ids: Vec<NativeId> = heard.iter().map(|report| report.key.room.clone()).collect();
    of_connector(account.to_owned(), connector, described(connector, &ids, heard).await).await
}

/// Rooms that people named.
pub async fn named(account: &str, connector: &dyn Connector, ids: &[NativeId]) -> AccountRooms {
    let mut problems = Vec::new();
    let mut reports = Vec::new();
    if let Ok(Ok(answer)) = timeout(ASKING, connector.preflight(ids)).await {
        for (_, report) in answer.rooms {
            match report {
                Ok(report) => reports.push(report),
                Err(problem) => problems.push(problem.to_string()),
            }
        }
    }
    let mut seen = of_connector(account.to_owned(), connector, reports).await;
    seen.warnings.extend(problems);
    seen
}

/// The rooms with what the platform tells of them when it is asked, which is more than it told by itself.
async fn described(connector: &dyn Connector, ids: &[NativeId], heard: Vec<RoomReport>) -> Vec<RoomReport> {
    let asked = timeout(ASKING, connector.preflight(ids)).await;
    let Ok(Ok(answer)) = asked else { return heard };
    let told = |report: RoomReport| {
        let answers = answer.rooms.iter().filter(|(id, _)| *id == report.key.room);
        answers.filter_map(|(_, told)| told.clone().ok()).next().unwrap_or(report)
    };
    heard.into_iter().map(told).collect()
}

async fn listen(connector: &dyn Connector, patience: Duration) -> Vec<RoomReport> {
    let end = Instant::now() + patience;
    loop {
        let ears = Ears { connector, heard: Mutex::default(), until: watch::Sender::new(end) };
        let left = end.saturating_duration_since(Instant::now());
        // Whatever ends it, what was heard by then counts.
        let _ = timeout(left + STOPPING, connector.listen(None, &ears)).await;
        let heard = ears.heard.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What came was of no room, and comes again, for it was not taken: the next look is for what came after it.
        if !heard.is_empty() || Instant::now() + MORE >= end {
            return heard;
        }
        tokio::time::sleep(MORE).await;
    }
}

/// Listens for rooms, and takes nothing.
struct Ears<'a> {
    connector: &'a dyn Connector,
    heard: Mutex<Vec<RoomReport>>,
    until: watch::Sender<Instant>,
}

impl Ears<'_> {
    fn hear(&self, report: RoomReport) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if !heard.iter().any(|known| known.key == report.key) {
            heard.push(report);
        }
    }
}

#[async_trait]
impl Inbox for Ears<'_> {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        if let Translation::Room(RoomNews::Seen(report)) = self.connector.translate(&raw) {
            self.hear(report);
        }
        // What came with it is still heard; then it ends, and the platform keeps all of it.
        let soon = Instant::now() + MORE;
        self.until.send_modify(|until| *until = soon.min(*until));
        self.stopped().await;
        Err(Stopped)
    }

    fn connected(&self) {}

    fn interrupted(&self, _: &str) {}

    async fn stopped(&self) {
        let mut news = self.until.subscribe();
        loop {
            let until = *news.borrow_and_update();
            tokio::select! {
                () = sleep_until(until) => return,
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    }
}
