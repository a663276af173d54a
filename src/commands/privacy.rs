//! `/relay privacy`: what becomes of what the asker says, and what they choose about it.

use super::{Commands, Refused, words};
use crate::consent::{Entry, Level, Person, Stance, Unsaid};
use crate::engine::ExportError;
use crate::engine::RunningAccount;
use crate::store::{Erased, StoreError, stream};
use relay_contract::{Call, RoomKey, Timestamp};
use std::collections::BTreeMap;
use std::io;
use tokio::sync::Semaphore;

/// So many choices an hour; whoever has made more may still say no.
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
        // Others who read it would know whose the name is.
        let names = account.connector.answers_alone();
        let Some(word) = to else { return Ok(self.shared(&call.room, &person, names)) };
        let Some(stance) = Stance::named(&word.trim().to_lowercase()) else {
            return Err(format!("There is no /relay privacy {}. {CHOICES}", word.escape_debug()));
        };
        if stance != Stance::None && self.chose_often(&person) {
            return Err("You have chosen many times in the last hour. Wait an hour; /relay privacy none is always possible.".into());
        }
        let how = format!("/relay privacy {} in {}", stance.word(), call.room);
        let is_proven = account.connector.proves(&call.asker.id);
        let chosen = self.core.choose(person.clone(), stance, &how, is_proven).await.map_err(|error| {
            tracing::error!(%error, "a choice cannot be written down");
            "Relay cannot write down what you choose; its log says why. Nothing has changed.".to_owned()
        })?;
        let holds = if chosen.is_same { "That holds already" } else { "From now on" };
        let all = if names && self.core.ledger.linked(&person).is_some() { ALL_LINKED } else { "" };
        let first = format!("{holds}: {}.{all}", self.in_words(stance, &call.room, &person, names));
        let first = format!("{first}{}", self.levels(&call.room));
        Ok(match chosen.takes_back {
            // A picture stands beside what was posted, and no platform changes that.
            true if stance == Stance::Balanced => format!(
                "{first}\nWhat was carried before stays with the picture that it has. Whoever wants it gone says /relay privacy none first."
            ),
            true => format!(
                "{first}\nWhat was carried before and does not fit is being deleted in the other rooms; a platform that deletes nothing \
                 keeps it, and people may have read it. /relay privacy tells when that is done."
            ),
            false if stance != Stance::Full && !is_proven && !chosen.is_same => {
                format!("{first}\nWhat was carried before stays: {UNPROVEN}.")
            }
            false => first,
        })
    }

    pub(super) fn chose_often(&self, person: &Person) -> bool {
        let since = Timestamp::now().0.saturating_sub(HOUR);
        let history = self.core.ledger.consent_of(person);
        history.is_some_and(|history| {
            history.entries().iter().filter(|entry| entry.at.0 > since).count() >= AN_HOUR
        })
    }

    /// What is shared of somebody, with whom, since when, and what they may choose.
    fn shared(&self, room: &RoomKey, person: &Person, names: bool) -> String {
        let stance = self.core.stance_of(person);
        let chosen = match stance {
            Some(stance) => {
                let since = self.core.ledger.consent_of(person).and_then(|all| all.entries().last().cloned());
                let since = since.map(|entry| since_when(&entry)).unwrap_or_default();
                format!(
                    "You have chosen {}{since}: {}.",
                    stance.word(),
                    self.in_words(stance, room, person, names)
                )
            }
            None if self.core.ledger.consent_of(person).is_some() => {
                "You have said something in particular: /relay consent tells it. What that leaves open is as for who has chosen nothing.".to_owned()
            }
            None => match self.unsaid(room) {
                Unsaid::Notice => {
                    "You have chosen nothing, so what you say here is carried, with your name and picture."
                        .to_owned()
                }
                Unsaid::OptIn => {
                    "You have chosen nothing, so nothing of yours is carried from here.".to_owned()
                }
            },
        };
        let taking_back = match self.core.ledger.is_taking_back(person) {
            Ok(true) => "\nWhat was carried before is still being collected for deletion.",
            _ => "",
        };
        format!("{}\n{chosen}{}{taking_back}\n{CHOICES}", self.recipients(room), self.levels(room))
    }

    /// Who sees what is said in a room. Other rooms are counted and not named: the asker may not be able to see them.
    fn recipients(&self, room: &RoomKey) -> String {
        let routes = self.core.routes.borrow().clone();
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        for (to, _) in routes.targets(room) {
            let who = match stream::keeps(&to) {
                true => "programs that have a token for Relay".to_owned(),
                false => words::shown(&to.platform),
            };
            *all.entry(who).or_default() += 1;
        }
        if all.is_empty() {
            return "What is said here is not carried anywhere.".to_owned();
        }
        let all = all.into_iter().map(|(who, count)| match count {
            _ if who.starts_with("programs") => who,
            1 => format!("a room on {who}"),
            count => format!("{count} rooms on {who}"),
        });
        format!(
            "What is said here is shown elsewhere so that people there can take part: {}.",
            all.collect::<Vec<_>>().join(", ")
        )
    }

    /// What the other rooms are shown at most, whatever anybody chooses; nothing where that is everything.
    fn levels(&self, room: &RoomKey) -> String {
        let routes = self.core.routes.borrow().clone();
        let mut all: BTreeMap<Level, Vec<String>> = BTreeMap::new();
        for (to, _) in routes.targets(room) {
            let who = match stream::keeps(&to) {
                true => "programs".to_owned(),
                false => words::shown(&to.platform),
            };
            let level = routes.level_between(room, &to);
            let known = all.entry(level).or_default();
            if level != Level::Full && !known.contains(&who) {
                known.push(who);
            }
        }
        let lines = all.into_iter().filter(|(level, _)| *level != Level::Full);
        let lines: Vec<String> = lines
            .map(|(level, who)| format!("on {} {} ({})", who.join(" and "), level.in_words(), level.word()))
            .collect();
        match lines.is_empty() {
            true => String::new(),
            false => format!(
                "\nOf everybody here no more is shown than this, unless they grant more with /relay consent: {}.",
                lines.join("; ")
            ),
        }
    }

    fn unsaid(&self, room: &RoomKey) -> Unsaid {
        let routes = self.core.routes.borrow();
        let any = routes.links_of(room).any(|(channel, _)| routes.unsaid(channel) == Unsaid::OptIn);
        if any { Unsaid::OptIn } else { Unsaid::Notice }
    }

    fn in_words(&self, stance: Stance, room: &RoomKey, person: &Person, names: bool) -> String {
        match stance {
            Stance::Full => "what you say is carried with your name and picture".to_owned(),
            Stance::Balanced => {
                "what you say is carried with your name, without your picture, and not when you come, go or type".to_owned()
            }
            Stance::None => "nothing of yours is carried: no message, reaction, name or picture".to_owned(),
            Stance::Anonymous | Stance::Minimal => {
                let routes = self.core.routes.borrow().clone();
                let called = routes.links_of(room).filter(|_| names).map(|(channel, _)| {
                    format!("{} in {channel}", self.core.ledger.pseudonyms().name(person, channel))
                });
                let names = called.collect::<Vec<_>>().join(", ");
                let as_whom = if names.is_empty() { "another name".to_owned() } else { names };
                let (without, rest) = match stance {
                    Stance::Minimal => ("your picture and without files", "words"),
                    _ => ("your picture", "words and files"),
                };
                format!(
                    "what you say is carried as {as_whom}, without {without}; what your {rest} themselves tell of you stays in them"
                )
            }
        }
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
        must_be_proven(account, call)?;
        let person = asker(call);
        let erased = self.core.ledger.erased(&person).map_err(|error| unreadable(&error))?;
        match (sure, erased) {
            (false, Some(erased)) => Ok(format!("{}\n{}", receipt(&erased), self.forget_in_words(&person))),
            (false, None) => Ok(self.forget_in_words(&person)),
            (true, Some(erased)) if erased.done.is_none() => Ok(receipt(&erased)),
            (true, _) => {
                let all = match self.core.ledger.linked(&person) {
                    Some(_) => {
                        " All of that goes for your linked accounts, too, and they are linked no more."
                    }
                    None => "",
                };
                self.core.forget_person(person).await.map_err(|error| {
                    tracing::error!(%error, "somebody cannot be forgotten");
                    "Relay cannot write that down; its log says why. Nothing has changed.".to_owned()
                })?;
                Ok(format!(
                    "From now on nothing of yours is carried. What was carried is being deleted in the other rooms, and then Relay forgets \
                     what it keeps of you.{all} /relay forget tells how far it is, and what could not be undone."
                ))
            }
        }
    }

    fn forget_in_words(&self, person: &Person) -> String {
        let all = self.core.ledger.linked(person).map_or("", |_| FORGET_LINKED);
        format!("{FORGET}{all}")
    }

    /// All that is kept of the asker, behind a link that they alone are told.
    pub(super) async fn export_me(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        must_be_proven(account, call)?;
        let person = asker(call);
        if !account.connector.answers_alone() || !self.core.media.gives_links() {
            let (platform, id) = (&call.room.platform, &call.asker.id);
            return Err(format!(
                "Relay cannot give you a file here that nobody else can take. Ask whoever runs Relay for it: they write it with `relay \
                 export {platform}:{id} --out FILE`."
            ));
        }
        // Each reads the whole journal, and makes a file.
        let Ok(_turn) = EXPORTS.try_acquire() else {
            return Err("Relay writes such a file for somebody else just now. Ask again in a minute.".into());
        };
        let core = self.core.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut out = Bounded(Vec::new());
            core.export(&person, &mut out).map(|exported| (exported, out.0))
        });
        let (exported, text) = match written.await {
            Ok(Ok(written)) => written,
            Ok(Err(ExportError::Store(error))) => return Err(unreadable(&error)),
            Ok(Err(ExportError::Io(_))) => {
                return Err(
                    "It is too much to give it here. Ask whoever runs Relay: `relay export` writes it."
                        .into(),
                );
            }
            Err(_) => return Err("Something went wrong in Relay; its log says what.".into()),
        };
        let text = String::from_utf8(text).unwrap_or_default();
        match self.core.media.text_link(&text).await {
            Some(link) => Ok(format!(
                "All that Relay keeps of you, {} things that you said and did and {} choices: {link}\nWhoever has the link can read it; it \
                 ends by itself.",
                exported.events, exported.choices
            )),
            None => Err("Relay cannot keep the file now; its log says why.".into()),
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
        let found = found.map_err(|error| unreadable(&error))?;
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
            return self.core.ledger.erased(&person).map_err(|error| unreadable(&error));
        }
        self.core.forget_person(person).await.map(Some).map_err(|error| unreadable(&error))
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

/// Why nothing that cannot be undone is done for somebody.
const UNPROVEN: &str = "Relay knows you by a nick alone, which anybody may take. Log in to an account there, or ask whoever runs Relay";

pub(super) fn must_be_proven(account: &RunningAccount, call: &Call) -> Result<(), Refused> {
    match account.connector.proves(&call.asker.id) {
        true => Ok(()),
        false => Err(format!("That is not done here: {UNPROVEN}.")),
    }
}

pub(super) fn asker(call: &Call) -> Person {
    Person::from_parts(&call.room, call.asker.id.as_str())
}

pub(super) fn unreadable(error: &StoreError) -> Refused {
    tracing::error!(%error, "what is kept of somebody cannot be read");
    "Relay cannot read what it keeps now; its log says why.".to_owned()
}

/// What has become of somebody's wish to be forgotten.
pub fn receipt(erased: &Erased) -> String {
    let at = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms);
        at.map(|at| at.strftime("%Y-%m-%d at %H:%M UTC").to_string()).unwrap_or_default()
    };
    let Some(done) = erased.done else {
        return format!(
            "You asked on {} to be forgotten. What was carried is still being deleted in other rooms. One that Relay cannot reach is waited for; \
             whoever runs Relay sees in `relay status` which that is.",
            at(erased.asked)
        );
    };
    let mut text = format!(
        "Forgotten on {}: {} {} that you said and did.",
        at(done),
        erased.events,
        if erased.events == 1 { "thing" } else { "things" }
    );
    if !erased.left.is_empty() {
        text.push_str("\nWhat could not be undone:");
        erased.left.iter().for_each(|left| text.push_str(&format!("\n• {left}")));
    }
    text.push_str(
        "\nCopies that people have made are not in Relay's hands. Backups of Relay from before cannot be read any more for what you said: the key \
         to it is destroyed. The audit keeps that something of yours has crossed and when, without words and names.",
    );
    text
}

/// After what is chosen.
pub(super) const ALL_LINKED: &str = " What that forbids, it forbids for all your linked accounts.";

const FORGET_LINKED: &str =
    " It goes for all accounts that are linked to this one (/relay unlink takes this one out first).";

const FORGET: &str = "/relay forget yes has everything of yours deleted: in the other rooms what was carried, as far as their platforms let \
     Relay delete, and in Relay all that it keeps of you. From then on nothing of yours is carried. It cannot be taken back. What you wrote here \
     stays here: that is between you and this platform.";

const CHOICES: &str = "You may choose, for all rooms:\n\
     • /relay privacy full: your name, your picture and what you say\n\
     • /relay privacy balanced: what you say and your name, without your picture, and not when you come, go or type\n\
     • /relay privacy anonymous: what you say under another name, without a picture\n\
     • /relay privacy minimal: the same without files\n\
     • /relay privacy none: nothing\n\
     What was carried before and does not fit your choice is deleted in the other rooms where their platforms let Relay do so.";

fn since_when(entry: &Entry) -> String {
    let at = jiff::Timestamp::from_millisecond(entry.at.0);
    at.map(|at| format!(" on {}", at.strftime("%Y-%m-%d at %H:%M UTC"))).unwrap_or_default()
}
