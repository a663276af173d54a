//! `/relay privacy`: what becomes of what the asker says, and what they choose about it.

mod shown;

use super::spaces::PROGRAMS;
use super::{Commands, Refused};
use crate::consent::{History, Person, Stance};
use crate::engine::{ExportError, RunningAccount, WhyLeft};
use crate::media::Belongings;
use crate::store::{Erased, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, Timestamp};
use shown::Asker;
use std::collections::BTreeSet;
use std::io;
use tokio::sync::Semaphore;

/// So many choices an hour; whoever has made more may still allow less.
const AN_HOUR: usize = 20;
const HOUR: i64 = 60 * 60 * 1000;

impl Commands {
    /// Tells, or changes, what is shared of the asker.
    pub(super) async fn privacy(
        &self,
        account: &RunningAccount,
        call: &Call,
        to: Option<&str>,
    ) -> Result<String, Refused> {
        let person = asker(call);
        let language = self.language(call);
        let is_proven = account.connector.proves(&call.asker.id);
        let is_alone = account.connector.answers_alone(call);
        let asker = Asker { person: &person, is_alone, is_proven };
        let Some(word) = to else { return Ok(self.shared(language, &call.room, asker).await) };
        let Some(stance) = Stance::named(&word.trim().to_lowercase()) else {
            let unknown = text!(language, "privacy-unknown", word = word.escape_debug().to_string());
            return Err(format!("{unknown} {}", text!(language, "privacy-choices")));
        };
        let narrows = self.core.ledger.consent_of(&person).is_some_and(|said| said.is_narrowed_by(stance));
        if !narrows && self.chose_often(&person) {
            return Err(text!(language, "privacy-too-often"));
        }
        let how = format!("/relay privacy {} in {}", stance.word(), self.where_said(call));
        let chosen = self.core.choose(person.clone(), stance, &how, is_proven).await.map_err(|error| {
            tracing::error!(%error, "a choice cannot be written down");
            text!(language, "privacy-not-written")
        })?;
        let holds = match self.chosen_in_words(language, stance, &call.room, asker) {
            Some(words) => holds(language, chosen.is_same, &words),
            None if chosen.is_same => text!(language, "chosen-already-word", stance = stance.word()),
            None => text!(language, "chosen-now-word", stance = stance.word()),
        };
        let linked = is_alone.then(|| self.choice_of_linked(language, stance, &person)).flatten();
        let told = [Some(holds), linked].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let before = match chosen.takes_back {
            // A picture stands beside what was posted, and no platform changes that.
            true if stance == Stance::Balanced => Some(text!(language, "privacy-stays-with-picture")),
            true => Some(text!(language, "privacy-taken-back")),
            false if stance != Stance::Full && !is_proven && !chosen.is_same => {
                Some(text!(language, "privacy-unproven-stays"))
            }
            false => None,
        };
        let levels = self.levels(language, &call.room);
        let now = levels.as_ref().and_then(|_| self.shown_now(language, &call.room, &person));
        let lines = [Some(told), now, levels, before];
        Ok(lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }

    /// What a word has to do with the other accounts of somebody.
    fn choice_of_linked(&self, language: Language, stance: Stance, person: &Person) -> Option<String> {
        self.core.ledger.linked(person)?;
        let now = self.core.consent_clock();
        let others = self.core.ledger.accounts_of(person).into_iter().filter(|other| other != person);
        let mut others = others.filter_map(|other| self.core.ledger.consent_of(&other));
        let is_tighter = others.any(|other| other.is_tighter_than(stance, now));
        let sentences = [
            (stance != Stance::Full).then(|| text!(language, "chosen-for-all")),
            is_tighter.then(|| text!(language, "chosen-less-elsewhere")),
        ];
        let all = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!all.is_empty()).then_some(all)
    }

    /// Where something was said, as it is written down: a joined room by its name. Any other may be a chat with one person, which is
    /// called like them, and of that only the platform.
    pub(super) fn where_said(&self, call: &Call) -> String {
        let room = &call.room;
        let is_joined = self.core.routes.borrow().links_of(room).next().is_some();
        match is_joined && room.room != call.asker.id {
            true => room.to_string(),
            false => room.platform.to_string(),
        }
    }

    pub(super) fn chose_often(&self, person: &Person) -> bool {
        let since = Timestamp::now().0.saturating_sub(HOUR);
        let history = self.core.ledger.consent_of(person);
        // A word can be several entries of one moment.
        let moments = |history: &History| -> BTreeSet<i64> {
            history.entries().iter().map(|entry| entry.at.0).filter(|at| *at > since).collect()
        };
        history.is_some_and(|history| moments(&history).len() >= AN_HOUR)
    }
}

/// The largest export that is given in the chat, in bytes.
const LARGEST: usize = 16 << 20;
/// One at a time.
static EXPORTS: Semaphore = Semaphore::const_new(1);

impl Commands {
    /// Has everything of the asker's go, or tells what has become of that.
    pub(super) async fn forget_me(
        &self,
        account: &RunningAccount,
        call: &Call,
        sure: bool,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        let person = asker(call);
        let is_alone = account.connector.answers_alone(call);
        let asker = Asker { person: &person, is_alone, is_proven: true };
        let erased = self.core.ledger.erased(&person).map_err(|error| unreadable(language, &error))?;
        match (sure, erased) {
            (false, Some(erased)) => {
                let warning = self.has_to_forget(&person).then(|| self.forget_in_words(language, &person));
                let lines = [Some(self.how_far(language, &erased, asker).await), warning];
                Ok(lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))
            }
            (false, None) => Ok(self.forget_in_words(language, &person)),
            (true, Some(erased)) if erased.done.is_none() => Ok(self.how_far(language, &erased, asker).await),
            (true, _) => {
                let all = self.core.ledger.linked(&person);
                let all = all.map(|_| text!(language, "forget-begun-linked"));
                self.core.forget_person(person.clone()).await.map_err(|error| {
                    tracing::error!(%error, "somebody cannot be forgotten");
                    text!(language, "forget-not-written")
                })?;
                let sentences =
                    [Some(text!(language, "forget-begun")), all, Some(text!(language, "forget-tells"))];
                Ok(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// Whether it can be asked for that somebody is forgotten: that is not under way, nor done with nothing of theirs since.
    pub(super) fn has_to_forget(&self, person: &Person) -> bool {
        let ledger = &self.core.ledger;
        match ledger.erased(person) {
            Ok(Some(erased)) if erased.done.is_none() => false,
            Ok(Some(_)) => ledger.people_with_keys().contains(person) || ledger.linked(person).is_some(),
            Ok(None) | Err(_) => true,
        }
    }

    /// What has become of the wish, and while it is under way what still waits where.
    async fn how_far(&self, language: Language, erased: &Erased, asker: Asker<'_>) -> String {
        let waits = match erased.done {
            None => self.taking_back(language, asker).await,
            Some(_) => None,
        };
        [Some(receipt(language, erased)), waits].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    fn forget_in_words(&self, language: Language, person: &Person) -> String {
        let means = text!(language, "forget-means");
        match self.core.ledger.linked(person) {
            Some(_) => format!("{means} {}", text!(language, "forget-means-linked")),
            None => means,
        }
    }

    /// All that is kept of the asker, behind a link that they alone are told.
    pub(super) async fn export_me(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        let person = asker(call);
        let (is_alone, links) = (account.connector.answers_alone(call), self.core.media.gives_links());
        if !is_alone && links && account.connector.has_chat_alone() {
            return Err(text!(language, "export-write-alone"));
        }
        if !is_alone || !links {
            let person = format!("{}:{}", call.room.platform, call.asker.id);
            return Err(text!(language, "export-ask-whoever-runs", person = person));
        }
        // Each reads the whole journal, and makes a file.
        let Ok(_turn) = EXPORTS.try_acquire() else {
            return Err(text!(language, "export-busy"));
        };
        let (core, is_linked) = (self.core.clone(), self.core.ledger.linked(&person).is_some());
        let accounts = self.core.ledger.accounts_of(&person);
        let wish = || self.core.ledger.erased(&person).map_err(|error| unreadable(language, &error));
        let (before, of) = (wish()?, person.clone());
        let written = tokio::task::spawn_blocking(move || {
            let mut out = Bounded(Vec::new());
            core.export(&of, &mut out).map(|exported| (exported, out.0))
        });
        let (exported, text) = match written.await {
            Ok(Ok(written)) => written,
            Ok(Err(ExportError::Store(error))) => return Err(unreadable(language, &error)),
            Ok(Err(ExportError::Io(_))) => return Err(text!(language, "export-too-large")),
            Err(_) => return Err(text!(language, "went-wrong")),
        };
        let text = String::from_utf8(text).unwrap_or_default();
        let of: Vec<&str> = accounts.iter().map(Person::as_str).collect();
        let link = self.core.media.export_link(&text, &of).await;
        if wish()? != before {
            // Whoever is forgotten meanwhile leaves none.
            let gone = self.core.media.forget(Belongings::exports_of(person.as_str())).await;
            tracing::info!(?gone, "an export is not given, for its person is forgotten meanwhile");
            return Err(text!(language, "export-not-kept"));
        }
        match link {
            Some((link, until)) => {
                let (events, choices) = (exported.events, exported.choices);
                let all = text!(language, "exported", events = events, choices = choices, link = link);
                let linked = match is_linked {
                    true => format!("{}\n", text!(language, "exported-linked")),
                    false => String::new(),
                };
                let link = text!(language, "exported-link", date = date(until), time = time(until));
                Ok(format!("{all}\n{linked}{link}"))
            }
            None => Err(text!(language, "export-not-kept")),
        }
    }
}

impl Commands {
    /// Whom `PLATFORM:USERID` means: whoever has said something there, or chosen something. Reads the journal.
    pub async fn person(&self, who: &str) -> Result<Person, String> {
        let Some((platform, id)) = who.split_once(':').filter(|(_, id)| !id.is_empty()) else {
            return Err(format!("`{who}` is not PLATFORM:USERID, such as slack:U02ABC."));
        };
        let (core, platform, id) = (self.core.clone(), platform.to_owned(), id.to_owned());
        let found = tokio::task::spawn_blocking(move || core.people(&platform, &id)).await;
        let found = found.map_err(|_| "looking for them panicked; the log says where".to_owned())?;
        let found = found.map_err(|error| unreadable(Language::English, &error))?;
        match found.as_slice() {
            [person] => Ok(person.clone()),
            [] => Err(format!(
                "Relay keeps nothing of `{who}`. Look whether the id is right: `relay queue show` and `relay trace` show ids."
            )),
            all => {
                let all: Vec<&str> = all.iter().map(Person::as_str).collect();
                Err(format!("`{who}` means several people, in different networks: {}.", all.join(", ")))
            }
        }
    }

    /// Has everything of somebody go, where it is meant; answers what has become of that.
    pub async fn forget_named(&self, who: &str, sure: bool) -> Result<Option<Erased>, String> {
        let person = self.person(who).await?;
        if !sure {
            return self.core.ledger.erased(&person).map_err(|error| unreadable(Language::English, &error));
        }
        let forgotten = self.core.forget_person(person).await;
        forgotten.map(Some).map_err(|error| unreadable(Language::English, &error))
    }
}

/// Writes no more than is given in the chat.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn must_be_proven(
    language: Language,
    account: &RunningAccount,
    call: &Call,
) -> Result<(), Refused> {
    match account.connector.proves(&call.asker.id) {
        true => Ok(()),
        false => Err(text!(language, "not-proven")),
    }
}

pub(super) fn asker(call: &Call) -> Person {
    Person::from_parts(&call.room, call.asker.id.as_str())
}

pub(super) fn unreadable(language: Language, error: &StoreError) -> Refused {
    tracing::error!(%error, "what is kept of somebody cannot be read");
    text!(language, "not-readable")
}

/// What is said of a choice that holds from now on, or held already.
pub(super) fn holds(language: Language, already: bool, words: &str) -> String {
    match already {
        true => text!(language, "chosen-already", words = words),
        false => text!(language, "chosen-now", words = words),
    }
}

/// What has become of somebody's wish to be forgotten.
pub fn receipt(language: Language, erased: &Erased) -> String {
    let Some(done) = erased.done.map(Timestamp) else {
        let asked = Timestamp(erased.asked);
        return text!(language, "forgetting", date = date(asked), time = time(asked));
    };
    let (date, time) = (date(done), time(done));
    let mut lines = vec![text!(language, "forgotten", count = erased.events, date = date, time = time)];
    if !erased.left.is_empty() {
        lines.push(text!(language, "forgotten-left"));
        lines.extend(erased.left.iter().map(|left| format!("• {}", left_in_words(language, left))));
    }
    lines.push(text!(language, "forgotten-rest"));
    lines.join("\n")
}

/// It is kept in English; what cannot be read of that is told as it is.
fn left_in_words(language: Language, kept: &str) -> String {
    let Some((count, platform, why)) = WhyLeft::read(kept) else { return kept.to_owned() };
    match why {
        // A thread and a digest stand in a room.
        _ if PROGRAMS.iter().any(|name| platform.eq_ignore_ascii_case(name)) => {
            text!(language, "forgotten-left-programs", count = count)
        }
        WhyLeft::Refused => text!(language, "forgotten-left-refused", count = count, platform = platform),
        WhyLeft::NoDeletes => {
            text!(language, "forgotten-left-no-deletes", count = count, platform = platform)
        }
        WhyLeft::Unreached => text!(language, "forgotten-left-unreached", count = count, platform = platform),
        WhyLeft::Thread => text!(language, "forgotten-left-thread", count = count, platform = platform),
        WhyLeft::Digest => text!(language, "forgotten-left-digest", count = count, platform = platform),
        WhyLeft::Unread => text!(language, "forgotten-left-unread", count = count, platform = platform),
    }
}

/// The day, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0);
    at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// The time of that day, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0);
    at.map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default()
}
