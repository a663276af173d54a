//! `/relay …` in the chat, and the steps that the command line shares with it.
//!
//! A connector hands a command up; it is answered here, one task each, and the answer goes back through the connector. What an
//! answer names is never more than its asker could see anyway: the room they are in, and what they wrote themselves.

mod about;
mod approve;
mod capabilities;
mod carries;
mod codes;
mod connect;
mod consent;
mod disconnect;
pub mod keys;
mod link;
mod mute;
mod name;
mod offered;
mod offers;
mod once;
mod pause;
mod privacy;
mod queue;
mod resync;
mod rights;
mod rooms;
mod spaces;
mod status;
mod template;
mod trace;
mod words;

pub use approve::Review;
pub use offered::menu;
pub use privacy::receipt;
pub use queue::{QueueAnswer, QueueAsk};
pub use rooms::{AccountRooms, RoomLine, of_config, of_connector};
pub use trace::became;

use crate::config::{Joined, joined};
use crate::engine::{Called, Calls, Channels, Core, RunningAccount};
use crate::observe::Count;
use crate::store::StoreError;
use crate::text;
use crate::texts::Language;
use codes::{Codes, Waiting};
use futures::FutureExt;
use link::WaitingAccount;
use relay_contract::{Account, Answer, Ask, Call, Offer, Problem, RoomKey, Text, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, Semaphore, oneshot};
use tokio::task::JoinSet;

/// Commands of one account answered at the same time.
const AT_ONCE: usize = 8;
/// Commands under way altogether.
const UNDER_WAY: usize = 512;
/// Commands of one person under way; more are not answered.
const OF_ONE: usize = 4;
/// Longest time that a command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest wait for the platform's word on somebody's rights, and for an answer to be taken.
const PLATFORM: Duration = Duration::from_secs(15);

/// Whoever runs Relay, in records; people's names there end with an id.
const COMMAND_LINE: &str = "the command line";

/// Answers commands.
pub struct Commands {
    core: Arc<Core>,
    data_dir: PathBuf,
    /// What was changed from the chat, by channel; as it is on disk.
    joined: Arc<Mutex<BTreeMap<String, Joined>>>,
    /// Held while channels are changed, from what was read to what is in force.
    one_change: Arc<tokio::sync::Mutex<()>>,
    codes: Mutex<Codes<Waiting>>,
    /// Accounts that wait for their other side.
    link_codes: Mutex<Codes<WaitingAccount>>,
    /// Commands under way, by who gave them.
    askers: Arc<Mutex<HashMap<String, UnderWay>>>,
    /// When people have chosen last, by the clocks of their platforms.
    chosen: Mutex<HashMap<String, Timestamp>>,
}

/// The commands of one person that are under way.
#[derive(Default)]
struct UnderWay {
    count: usize,
    /// Closed when what they chose last is in force or refused.
    chooses: Option<oneshot::Receiver<()>>,
}

/// A choice's place among those of its asker.
struct Turn {
    /// Closed when the one before it is over.
    after: Option<oneshot::Receiver<()>>,
    /// Dropped when it is over itself.
    over: oneshot::Sender<()>,
}

/// A command under way; it counts for its asker until this is dropped.
struct Begun {
    askers: Arc<Mutex<HashMap<String, UnderWay>>>,
    who: String,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = askers.get_mut(&self.who) {
            under_way.count -= 1;
            if under_way.count == 0 {
                askers.remove(&self.who);
            }
        }
    }
}

/// Why a command was not carried out, in words for whoever gave it.
type Refused = String;

/// What a command is answered with.
struct Reply {
    words: String,
    /// What the asker may want next.
    offers: Vec<Offer>,
}

impl Reply {
    /// Words with what a click does next.
    fn offering(words: String, offers: Vec<Offer>) -> Self {
        Self { words, offers }
    }
}

/// A click that gives this command.
fn offer(label: String, words: impl Into<String>) -> Offer {
    Offer { label, words: words.into(), grave: false }
}

impl From<String> for Reply {
    fn from(words: String) -> Self {
        Self { words, offers: Vec::new() }
    }
}

impl Commands {
    /// With what was changed from the chat before.
    pub fn new(core: Arc<Core>, data_dir: PathBuf, joined: impl Iterator<Item = Joined>) -> Self {
        let joined = by_channel(joined);
        Self {
            core,
            data_dir,
            joined: Arc::new(Mutex::new(joined)),
            one_change: Arc::default(),
            codes: Mutex::default(),
            link_codes: Mutex::default(),
            askers: Arc::default(),
            chosen: Mutex::default(),
        }
    }

    /// Nobody changes a channel from the chat as long as this is held.
    pub async fn hold_changes(&self) -> OwnedMutexGuard<()> {
        self.one_change.clone().lock_owned().await
    }

    /// What was changed from the chat, by channel.
    pub fn joined(&self) -> BTreeMap<String, Joined> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same was read anew.
    pub fn set_joined(&self, joined: impl Iterator<Item = Joined>) {
        *self.joined.lock().unwrap_or_else(PoisonError::into_inner) = by_channel(joined);
    }

    fn codes(&self) -> MutexGuard<'_, Codes<Waiting>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What runs.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The state directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Answers until the task is ended.
    pub async fn serve(self: Arc<Self>, mut calls: Calls) {
        self.announce_untold().await;
        let mut answering = JoinSet::new();
        // One platform that answers slowly holds up its own commands only.
        let mut places: HashMap<Account, Arc<Semaphore>> = HashMap::new();
        loop {
            tokio::select! {
                // A task's panic is caught inside it.
                _ = answering.join_next(), if !answering.is_empty() => {}
                call = calls.recv(), if answering.len() < UNDER_WAY => {
                    let Some(Called { account, call, waits }) = call else { return };
                    let Some((of_asker, turn)) = self.begin(&call) else {
                        tracing::info!(account = %account.name, asker = %call.asker.id, "too many commands of one person");
                        self.core.counters.add(Count::Unanswered);
                        continue;
                    };
                    let places = places.entry(account.name.clone());
                    let places = places.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone();
                    let commands = self.clone();
                    answering.spawn(async move {
                        let _of_asker = of_asker;
                        // What somebody chooses waits for their own choices alone.
                        let _place = match turn {
                            Some(_) => None,
                            None => places.acquire_owned().await.ok(),
                        };
                        commands.answer(&account, &call, waits, turn).await;
                    });
                }
            }
        }
    }

    /// A command of somebody begins; none when too many of theirs are under way.
    fn begin(&self, call: &Call) -> Option<(Begun, Option<Turn>)> {
        let who = who(call);
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = askers.entry(who.clone()).or_default();
        // A no is never one too many.
        if under_way.count >= OF_ONE && !call.ask.only_forbids() {
            return None;
        }
        under_way.count += 1;
        let turn = call.ask.chooses().then(|| {
            let (over, is_over) = oneshot::channel();
            Turn { after: under_way.chooses.replace(is_over), over }
        });
        Some((Begun { askers: self.askers.clone(), who }, turn))
    }

    async fn answer(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        waits: Option<oneshot::Sender<()>>,
        turn: Option<Turn>,
    ) {
        let over = match turn {
            Some(Turn { after, over }) => {
                // It is closed, whatever became of the one before.
                if let Some(after) = after {
                    let _ = after.await;
                }
                Some(over)
            }
            None => None,
        };
        if !self.is_due(call).await {
            return;
        }
        let worked_out = AssertUnwindSafe(self.carry_out(account, call)).catch_unwind();
        let language = self.language(call);
        let reply = match tokio::time::timeout(PATIENCE, worked_out).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => {
                tracing::error!(account = %account.name, ask = ?call.ask, "answering a command panicked");
                text!(language, "went-wrong").into()
            }
            Err(_) => text!(language, "took-too-long").into(),
        };
        self.was_carried_out(call).await;
        drop((waits, over));
        if call.is_sign() {
            tracing::debug!(account = %account.name, room = %call.room, words = reply.words, "a sign was followed");
            return;
        }
        let words = match self.first_words(call).await {
            Some(first) => format!("{}\n\n{first}", reply.words),
            None => reply.words,
        };
        let words = words.replace("/relay", account.connector.called_by());
        let answer = Answer { text: words::answered(&words), offers: reply.offers };
        let told = tokio::time::timeout(PLATFORM, account.connector.answer(call, &answer)).await;
        match told {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(account = %account.name, room = %call.room, %error, "an answer was not taken");
            }
            Err(_) => {
                tracing::warn!(account = %account.name, room = %call.room, "an answer was not taken in time")
            }
        }
    }

    /// The language of an answer: the asker's own where the platform tells it, or else the room's.
    fn language(&self, call: &Call) -> Language {
        spoken(call.locale.as_deref(), || self.core.language_of(&call.room))
    }

    async fn carry_out(&self, account: &Arc<RunningAccount>, call: &Call) -> Reply {
        let (language, platform) = (self.language(call), &call.room.platform);
        let naming = || status::Naming::of(account.connector.as_ref(), &call.room);
        let done = match &call.ask {
            Ask::Help => return status::help(language, None, naming(), platform),
            Ask::Who { message } => self.who(call, message.as_ref()),
            Ask::Delete { message } => self.remove(account, call, message.as_ref()).await,
            Ask::Trace { message } => Ok(self.trace_here(call, message.as_ref()).await),
            Ask::Privacy { to } => self.privacy(account, call, to.as_deref()).await,
            Ask::Consent { words } => self.consent(account, call, words).await,
            Ask::Forget { sure } => self.forget_me(account, call, *sure).await,
            Ask::Export => self.export_me(account, call).await,
            Ask::Link { code: None } => self.give_link_code(account, call),
            Ask::Link { code: Some(code) } => self.link(account, call, code).await,
            Ask::Unlink { all } => self.unlink(account, call, *all).await,
            Ask::Name { of: None } => self.tell_name(account, call),
            Ask::Name { of: Some(word) } => self.choose_name(account, call, word).await,
            Ask::Unknown(verb) => return status::help(language, Some(verb), naming(), platform),
            Ask::Status => Ok(self.status(language, &call.room).await),
            Ask::Connect { channel, sure } => {
                return or_words(self.connect(account, call, channel, *sure).await);
            }
            Ask::Disconnect { channel } => {
                return or_words(self.disconnect(account, call, channel.as_deref()).await);
            }
            Ask::Approve { code, sure } => {
                return or_words(self.approve_in_chat(account, call, code, *sure).await);
            }
            Ask::Pause { span } => {
                return or_words(self.pause(account, call, span.as_deref()).await);
            }
            Ask::Resume => self.resume(account, call).await,
            Ask::Mute { message, words } => {
                return or_words(self.mute(account, call, message.as_ref(), words).await);
            }
            Ask::Unmute { words } => {
                return or_words(self.unmute(account, call, words).await);
            }
            Ask::Template { words: None } => self.template(account, call).await,
            Ask::Template { words: Some(words) } => self.set_template(account, call, words).await,
        };
        let offers = self.offers(account, call, done.is_ok()).await;
        Reply::offering(done.unwrap_or_else(|refused| refused), offers)
    }

    /// Changes a channel on disk and then in force, one change at a time; false when there was nothing to change.
    async fn change(
        &self,
        channel: &str,
        on_disk: impl FnOnce(&mut Joined) -> bool + Send + 'static,
        in_force: impl FnOnce(&mut Channels) + Send + 'static,
    ) -> Result<bool, Refused> {
        let language = self.core.language_in(channel);
        let (core, data_dir, all) = (self.core.clone(), self.data_dir.clone(), self.joined.clone());
        let channel = channel.to_owned();
        let held = self.hold_changes().await;
        let changed = tokio::task::spawn_blocking(move || {
            // To its end, also where nobody waits for it any more.
            let _held = held;
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            let before = all.get(&channel).cloned().unwrap_or_default();
            let mut joined = before.clone();
            joined.channel.clone_from(&channel);
            if !on_disk(&mut joined) {
                return Ok(Some(false));
            }
            // What somebody has written there by hand is not written over.
            if joined::on_disk(&data_dir, &channel)? != before.text {
                return Ok(None);
            }
            joined::write(&data_dir, &before, &mut joined)?;
            all.insert(channel, joined);
            core.change_channels(in_force);
            Ok::<Option<bool>, std::io::Error>(Some(true))
        });
        match changed.await {
            Ok(Ok(None)) => {
                tracing::warn!(
                    "a file of bridges.d was changed by hand and is not read yet: nothing is changed from the chat"
                );
                Err(text!(language, "changed-by-hand"))
            }
            Ok(Ok(Some(changed))) => {
                let marked = match self.core.forget_marks().await {
                    Ok(()) => self.core.begin_marks().await,
                    Err(error) => Err(error),
                };
                if let Err(error) = marked {
                    tracing::error!(%error, "rooms that have joined or left are not marked as that");
                }
                Ok(changed)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "bridges.d cannot be written");
                Err(text!(language, "not-written"))
            }
            Err(_) => Err(text!(language, "went-wrong")),
        }
    }

    /// What somebody is told with the first answer that they are given; whoever asks about it is told anyway.
    async fn first_words(&self, call: &Call) -> Option<String> {
        let person = privacy::asker(call);
        let is_asked = match &call.ask {
            Ask::Forget { .. } | Ask::Consent { .. } => return None,
            ask => matches!(ask, Ask::Privacy { .. }),
        };
        let told = async {
            let words = self.core.untold(self.language(call), &person, &call.room)?;
            if let Some((_, what)) = &words {
                self.core.ledger.remember_told(&person, *what).await?;
            }
            Ok::<_, StoreError>(words.map(|(words, _)| words))
        };
        match told.await {
            Ok(words) => words.filter(|_| !is_asked),
            Err(error) => {
                tracing::error!(%error, "it cannot be written down that somebody was told");
                None
            }
        }
    }

    /// Says in every room of a channel, in its language, who has joined.
    async fn tell_of_joining(&self, account: &RunningAccount, about: &RoomKey, channel: &str, words: &str) {
        let told = self.core.notice_of_joining(&account.name, about, channel, Text::plain(words));
        if let Err(error) = told.await {
            tracing::error!(%error, channel, "the rooms of a channel are not told");
        }
    }

    /// Says something in every room of a channel; in the channel's language, for all rooms hear the same.
    async fn tell(&self, account: &RunningAccount, about: &RoomKey, channel: &str, words: &str) {
        if let Err(error) = self.core.notice(&account.name, about, channel, Text::plain(words)).await {
            tracing::error!(%error, channel, "the rooms of a channel are not told");
        }
    }
}

/// Whoever gives a command.
fn who(call: &Call) -> String {
    format!("{}/{}", call.room.platform, call.asker.id)
}

fn by_channel(joined: impl Iterator<Item = Joined>) -> BTreeMap<String, Joined> {
    let named = joined.filter(|joined| !joined.channel.is_empty());
    named.map(|joined| (joined.channel.clone(), joined)).collect()
}

fn or_words(done: Result<Reply, Refused>) -> Reply {
    done.unwrap_or_else(Reply::from)
}

/// The asker's own language where Relay speaks it, or else the room's.
fn spoken(locale: Option<&str>, of_room: impl FnOnce() -> Language) -> Language {
    locale.and_then(Language::of_locale).unwrap_or_else(of_room)
}

/// Both sentences of a problem.
fn problem(problem: &Problem) -> Refused {
    problem.to_string()
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asker_s_own_language_comes_before_the_room_s() {
        for (locale, room, expected) in [
            (Some("de-AT"), Language::English, Language::German),
            (Some("en-US"), Language::German, Language::English),
            (Some("fr"), Language::German, Language::German),
            (None, Language::German, Language::German),
            (None, Language::English, Language::English),
        ] {
            assert_eq!(spoken(locale, || room), expected, "{locale:?} in {room:?}");
        }
    }
}
