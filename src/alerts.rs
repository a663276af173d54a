//! What needs a person is told to the admins: in a room, by a webhook, by email. Once, with what to do; in quiet hours only what is
//! urgent; and that it is over. `cause` works out what needs a person, `book` what is to be told of it, the rest sends.

mod book;
mod cause;
mod email;
mod habit;
#[cfg(test)]
mod tests;
mod webhook;

pub use book::{Line, Way};

use crate::config::{AlertsSection, Config};
use crate::doctor::Clocks;
use crate::engine::{Core, Finding, ToldAdmins};
use crate::store::StoreError;
use book::{Book, Letter, Round};
use cause::{Cause, Seen};
use email::Mailer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use webhook::Hook;

/// How often it is looked, at most and at least; in between, a tenth of what counts as late.
const LOOK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How often the clock is compared with those of the platforms.
const CLOCK: Duration = Duration::from_secs(6 * 3_600);
/// How long a start may take before what it has not reached is judged.
const START: Duration = Duration::from_secs(120);
/// How long a letter is tried, in milliseconds.
const TRIED: i64 = 3_600_000;
/// How long one attempt to send a letter may take.
const SENDING: Duration = Duration::from_secs(60);
/// How long a sample may take into its room.
const SAMPLE: Duration = Duration::from_secs(15);

/// How a sample went by one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Went {
    /// Which way, and where to.
    pub way: String,
    /// It has arrived.
    pub arrived: bool,
    /// The same in words.
    pub what: String,
}

/// Something that needs a person now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Since when, in milliseconds since the epoch.
    pub since: i64,
    /// What.
    pub what: String,
    /// What to do.
    pub fix: String,
    /// Somebody was told.
    pub told: bool,
}

/// What is told by other ways than the room.
#[derive(Default)]
pub struct Ways {
    hook: Option<Hook>,
    mailer: Option<Mailer>,
}

impl Ways {
    /// As the config wants them; in words why they cannot be. Nobody is asked.
    pub fn open(config: &Config) -> Result<Self, String> {
        let Some(section) = &config.alerts else { return Ok(Self::default()) };
        let hook = section.webhook.clone().map(Hook::new).transpose()?;
        let mailer = section.email.clone().map(Mailer::new).transpose()?;
        Ok(Self { hook, mailer })
    }
}

/// What was looked at: what needs a person, and which accounts and links there are.
struct Looked {
    causes: Vec<Cause>,
    accounts: BTreeSet<String>,
    links: BTreeSet<String>,
}

/// By this way something is being sent, until it is dropped.
struct Sending<'a> {
    alerts: &'a Alerts,
    way: Way,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.alerts.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.way);
    }
}

/// Looks, and tells.
pub struct Alerts {
    core: Arc<Core>,
    section: AlertsSection,
    clocks: Clocks,
    ways: Ways,
    book: Mutex<Book>,
    /// The ways by which something is being sent now.
    under_way: std::sync::Mutex<BTreeSet<Way>>,
}

impl Alerts {
    /// As the config wants it; reads what was told before.
    pub fn new(core: Arc<Core>, config: &Config, section: AlertsSection, ways: Ways) -> Self {
        // Without what was told it would only be told again.
        let book = match core.ledger.alerts() {
            Ok(kept) => kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "what was told to the admins cannot be read: it is told again");
                Book::default()
            }
        };
        Self {
            core,
            section,
            clocks: Clocks::of(config),
            ways,
            book: Mutex::new(book),
            under_way: Default::default(),
        }
    }

    fn ways(&self) -> BTreeSet<Way> {
        let room = self.section.room.as_ref().map(|_| Way::Room);
        let hook = self.ways.hook.as_ref().map(|_| Way::Webhook);
        let email = self.ways.mailer.as_ref().map(|_| Way::Email);
        room.into_iter().chain(hook).chain(email).collect()
    }

    /// Looks until the task is ended.
    pub async fn run(self: Arc<Self>) {
        let every = (self.section.late / 10).clamp(LOOK.0, LOOK.1);
        self.started(every).await;
        let (mut clock, mut compared): (Vec<Finding>, Option<Instant>) = (Vec::new(), None);
        while !self.core.listening.is_cancelled() {
            if compared.is_none_or(|at| at.elapsed() >= CLOCK) {
                (clock, compared) = (self.clocks.examine().await, Some(Instant::now()));
            }
            if let Err(error) = self.round(&clock).await
                && !self.core.listening.is_cancelled()
            {
                tracing::error!(%error, "what needs a person could not be looked at");
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Resolves when the start is over: until then much is not known, which is no trouble yet, and no all-clear.
    async fn started(&self, every: Duration) {
        let began = Instant::now();
        while !self.core.readiness().is_settled() && began.elapsed() < START {
            tokio::time::sleep(every).await;
        }
    }

    /// Looks once, and tells what is to be told.
    async fn round(self: &Arc<Self>, clock: &[Finding]) -> Result<(), StoreError> {
        let Looked { mut causes, accounts, links } = self.look(clock).await?;
        let at = Timestamp::now();
        let quiet = self.section.quiet.as_ref().is_some_and(|quiet| quiet.holds(at));
        let mut book = self.book.lock().await;
        let before = book.clone();
        causes.extend(book.listen(&self.core.heard_last(), at.as_millisecond()));
        let round = Round { now: at.as_millisecond(), quiet, late: self.section.late };
        if let Some(mut letter) = book.round(&causes, round) {
            for line in &mut letter.over {
                if let Some(words) = cause::no_more(&line.key, &accounts, &links) {
                    line.what = words;
                }
            }
            log(&letter);
            let to = self.ways();
            if !to.is_empty() {
                book.post(Letter { to, ..letter });
            }
        }
        // On disk before it is sent, so that nothing is told twice or never.
        self.keep(&before, &book).await?;
        let ways: BTreeSet<Way> = book.unsent.iter().flat_map(|letter| letter.to.iter().copied()).collect();
        drop(book);
        ways.into_iter().for_each(|way| self.begin_to_send(way));
        Ok(())
    }

    /// Sends what is to go by one way, in its order, beside everything else: one that hangs holds no other up. One task a way at most.
    fn begin_to_send(self: &Arc<Self>, way: Way) {
        if !self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(way) {
            return;
        }
        let alerts = self.clone();
        tokio::spawn(async move {
            let _done = Sending { alerts: &alerts, way };
            if let Err(error) = alerts.send_all(way).await {
                tracing::error!(%error, ?way, "it cannot be written down what the admins were told");
            }
        });
    }

    /// What does not work is tried again with the next round, for an hour.
    async fn send_all(&self, way: Way) -> Result<(), StoreError> {
        let unsent = self.book.lock().await.unsent.clone();
        for letter in unsent.iter().filter(|letter| letter.to.contains(&way)) {
            let sent = tokio::time::timeout(SENDING, self.send_by(way, letter)).await;
            let late = Timestamp::now().as_millisecond() - letter.at > TRIED;
            match sent
                .unwrap_or_else(|_| Err(format!("nothing was answered in {} seconds", SENDING.as_secs())))
            {
                Ok(()) => {}
                Err(why) if late => {
                    tracing::error!(?way, why, "the admins could not be told in an hour: given up");
                }
                Err(why) => {
                    tracing::warn!(?way, why, "the admins are not told yet");
                    // What comes after it is not told before it.
                    return Ok(());
                }
            }
            let mut book = self.book.lock().await;
            let before = book.clone();
            for sent in book.unsent.iter_mut().filter(|sent| sent.id == letter.id) {
                sent.to.remove(&way);
            }
            book.unsent.retain(|letter| !letter.to.is_empty());
            self.keep(&before, &book).await?;
        }
        Ok(())
    }

    async fn keep(&self, before: &Book, book: &Book) -> Result<(), StoreError> {
        if !book.is_worth_keeping(before) {
            return Ok(());
        }
        let text = serde_json::to_string(book)
            .map_err(|error| StoreError::Corrupt { place: "alerts", why: error.to_string() })?;
        self.core.ledger.keep_alerts(text).await
    }

    async fn look(&self, clock: &[Finding]) -> Result<Looked, StoreError> {
        let (core, clock, late) = (self.core.clone(), clock.to_vec(), self.section.late);
        let own_room = self.section.room.as_ref().map(|at| format!("{}:{}", at.account, at.room));
        // It reads the disk.
        let looked = tokio::task::spawn_blocking(move || {
            let (status, queues, given_up) = (core.status(), core.queues()?, core.given_up()?);
            let causes = cause::all(&Seen {
                status: &status,
                queues: &queues,
                given_up: &given_up,
                clock: &clock,
                own_room: core.admins_trouble(),
                now: Timestamp::now().as_millisecond(),
                late,
            });
            let accounts = status.accounts.iter().map(|account| account.name.clone()).collect();
            let links =
                status.channels.iter().flat_map(|channel| &channel.links).map(|link| link.link.clone());
            Ok(Looked { causes, accounts, links: links.chain(own_room).collect() })
        });
        looked.await.map_err(|_| StoreError::Closed)?
    }

    async fn send_by(&self, way: Way, letter: &Letter) -> Result<(), String> {
        match way {
            Way::Room => match self.core.tell_admins(&letter.id, &letter.in_words()).await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(self.no_room()),
                Err(error) => Err(error.to_string()),
            },
            Way::Webhook => match &self.ways.hook {
                Some(hook) => hook.send(letter).await,
                None => Ok(()),
            },
            Way::Email => match &self.ways.mailer {
                Some(mailer) => mailer.send(letter).await,
                None => Ok(()),
            },
        }
    }

    fn no_room(&self) -> String {
        match self.core.admins_trouble() {
            Some((_, problem)) => problem.to_string(),
            None => "the room is not found yet".into(),
        }
    }

    /// What needs a person now, as it was when it was last looked.
    pub async fn open(&self) -> Vec<Open> {
        let book = self.book.lock().await;
        let entries = book.entries.values().filter(|entry| entry.open || entry.is_so());
        let mut open: Vec<Open> = entries
            .map(|entry| Open {
                since: entry.since,
                what: entry.what.clone(),
                fix: entry.fix.clone(),
                told: entry.open,
            })
            .collect();
        open.sort_by_key(|open| open.since);
        open
    }

    /// Sends a sample by every way; answers how it went by each.
    pub async fn sample(&self) -> Vec<Went> {
        let line = Line {
            key: "sample".into(),
            what: "This is a sample: whoever reads it is told when Relay needs somebody.".into(),
            fix: Some("Nothing is to be done.".into()),
            urgent: false,
        };
        let (id, at) = (ulid::Ulid::new().to_string(), Timestamp::now().as_millisecond());
        let letter = Letter { id, at, needs: vec![line], over: Vec::new(), to: BTreeSet::new() };
        let mut went = Vec::new();
        for way in self.ways() {
            let result = match way {
                Way::Room => self.sample_in_room(&letter).await,
                Way::Webhook | Way::Email => self.send_by(way, &letter).await,
            };
            let arrived = result.is_ok();
            let what = match result {
                Ok(()) if way == Way::Email => "the server has taken it".to_owned(),
                Ok(()) => "it has arrived".to_owned(),
                Err(why) => why,
            };
            went.push(Went { way: self.named(way), arrived, what });
        }
        went
    }

    fn named(&self, way: Way) -> String {
        match way {
            Way::Room => match &self.section.room {
                Some(room) => format!("room {}:{}", room.account, room.room),
                None => "room".into(),
            },
            // Its address may be a secret.
            Way::Webhook => "webhook".into(),
            Way::Email => "email".into(),
        }
    }

    /// Follows it through the room's lane.
    async fn sample_in_room(&self, letter: &Letter) -> Result<(), String> {
        let told = self.core.tell_admins(&letter.id, &letter.in_words()).await;
        let id = match told.map_err(|error| error.to_string())? {
            Some(ToldAdmins::Accepted(id)) => id,
            Some(ToldAdmins::Repeated) => return Ok(()),
            None => return Err(self.no_room()),
        };
        let until = Instant::now() + SAMPLE;
        while Instant::now() < until {
            let core = self.core.clone();
            match tokio::task::spawn_blocking(move || core.has_told_admins(id)).await {
                Ok(Ok(Some(true))) => return Ok(()),
                Ok(Ok(Some(false))) => {
                    return Err("it was given up: relay queue show with this room tells why".into());
                }
                Ok(Err(error)) => return Err(error.to_string()),
                Ok(Ok(None)) | Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("it waits in the room's queue: relay status tells how the account and the room are".into())
    }
}

/// What is told stands in the log, too, whoever else is told.
fn log(letter: &Letter) {
    for need in &letter.needs {
        let fix = need.fix.as_deref().unwrap_or_default();
        tracing::warn!(what = need.what, fix, "this needs a person");
    }
    for over in &letter.over {
        tracing::info!(what = over.what, "this needs nobody any more");
    }
}
