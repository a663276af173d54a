//! `/relay privacy`: what becomes of what the asker says, and what they choose about it.

use super::{Commands, Refused, words};
use crate::consent::{Entry, Person, Stance, Unsaid};
use crate::store::stream;
use relay_contract::{Call, RoomKey, Timestamp};
use std::collections::BTreeMap;

/// So many choices an hour; whoever has made more may still say no.
const AN_HOUR: usize = 20;
const HOUR: i64 = 60 * 60 * 1000;

impl Commands {
    /// Tells, or changes, what is shared of the asker.
    pub(super) async fn privacy(&self, call: &Call, to: Option<&str>) -> Result<String, Refused> {
        let person = Person::from_parts(&call.room, call.asker.id.as_str());
        let Some(word) = to else { return Ok(self.shared(&call.room, &person)) };
        let stance = match word.trim().to_lowercase().as_str() {
            "full" => Stance::Full,
            "anonymous" => Stance::Anonymous,
            "none" => Stance::None,
            _ => return Err(format!("There is no /relay privacy {}. {CHOICES}", word.escape_debug())),
        };
        if stance != Stance::None && self.chose_often(&person) {
            return Err("You have chosen many times in the last hour. Wait an hour; /relay privacy none is always possible.".into());
        }
        let how = format!("/relay privacy {} in {}", stance.word(), call.room);
        let chosen = self.core.choose(person.clone(), stance, &how).await.map_err(|error| {
            tracing::error!(%error, "a choice cannot be written down");
            "Relay cannot write down what you choose; its log says why. Nothing has changed.".to_owned()
        })?;
        let holds = if chosen.is_same { "That holds already" } else { "From now on" };
        let first = format!("{holds}: {}.", self.in_words(stance, &call.room, &person));
        Ok(match chosen.takes_back {
            true => format!(
                "{first}\nWhat was carried before and does not fit is being deleted in the other rooms; a platform that deletes nothing \
                 keeps it, and people may have read it. /relay privacy tells when that is done."
            ),
            false => first,
        })
    }

    fn chose_often(&self, person: &Person) -> bool {
        let since = Timestamp::now().0.saturating_sub(HOUR);
        let history = self.core.ledger.consent_of(person);
        history.is_some_and(|history| {
            history.entries().iter().filter(|entry| entry.at.0 > since).count() >= AN_HOUR
        })
    }

    /// What is shared of somebody, with whom, since when, and what they may choose.
    fn shared(&self, room: &RoomKey, person: &Person) -> String {
        let stance = self.core.stance_of(person);
        let chosen = match stance {
            Some(stance) => {
                let since = self.core.ledger.consent_of(person).and_then(|all| all.entries().last().cloned());
                let since = since.map(|entry| since_when(&entry)).unwrap_or_default();
                format!("You have chosen {}{since}: {}.", stance.word(), self.in_words(stance, room, person))
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
        format!("{}\n{chosen}{taking_back}\n{CHOICES}", self.recipients(room))
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

    fn unsaid(&self, room: &RoomKey) -> Unsaid {
        let routes = self.core.routes.borrow();
        let any = routes.links_of(room).any(|(channel, _)| routes.unsaid(channel) == Unsaid::OptIn);
        if any { Unsaid::OptIn } else { Unsaid::Notice }
    }

    fn in_words(&self, stance: Stance, room: &RoomKey, person: &Person) -> String {
        match stance {
            Stance::Full => "what you say is carried with your name and picture".to_owned(),
            Stance::None => "nothing of yours is carried: no message, reaction, name or picture".to_owned(),
            Stance::Anonymous => {
                let routes = self.core.routes.borrow().clone();
                let names = routes.links_of(room).map(|(channel, _)| {
                    format!("{} in {channel}", self.core.ledger.pseudonyms().name(person, channel))
                });
                let names = names.collect::<Vec<_>>().join(", ");
                let as_whom = if names.is_empty() { "another name".to_owned() } else { names };
                format!(
                    "what you say is carried as {as_whom}, without your picture; what your words and files themselves tell of you stays in \
                     them"
                )
            }
        }
    }
}

const CHOICES: &str = "You may choose, for all rooms:\n\
     • /relay privacy full: your name, your picture and what you say\n\
     • /relay privacy anonymous: what you say under another name, without a picture\n\
     • /relay privacy none: nothing\n\
     What was carried before and does not fit your choice is deleted in the other rooms where their platforms let Relay do so.";

fn since_when(entry: &Entry) -> String {
    let at = jiff::Timestamp::from_millisecond(entry.at.0);
    at.map(|at| format!(" on {}", at.strftime("%Y-%m-%d at %H:%M UTC"))).unwrap_or_default()
}
