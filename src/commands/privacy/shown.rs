//! What is shown of somebody elsewhere, in words: to whom, how much, and by what they have chosen.

use super::super::spaces::PROGRAMS;
use super::super::{Commands, words};
use super::{date, time, unreadable};
use crate::consent::{DataClass, Level, Person, Purpose, Stance, Unsaid};
use crate::engine::NotDone;
use crate::text;
use crate::texts::Language;
use relay_contract::{Platform, RoomKey};
use std::collections::BTreeMap;
use tokio::sync::Semaphore;

/// One at a time: each reads what waits for other rooms.
static LOOKS: Semaphore = Semaphore::const_new(1);

/// Who asks, and how they are answered.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) person: &'a Person,
    /// Nobody but them reads the answer.
    pub(super) is_alone: bool,
    /// It is certain who they are.
    pub(super) is_proven: bool,
}

impl Commands {
    /// What is shared of somebody, with whom, since when, and what they may choose.
    pub(super) async fn shared(&self, language: Language, room: &RoomKey, asker: Asker<'_>) -> String {
        let person = asker.person;
        let said = self.core.ledger.consent_of(person).filter(|all| !all.entries().is_empty());
        let levels = self.levels(language, room);
        let carries = !self.core.routes.borrow().targets(room).is_empty();
        // What is shown is told in particular wherever one word does not say it.
        let mut tells_now = levels.is_some();
        let word = said.as_ref().and_then(|all| all.word_in_force(self.unsaid(room) == Some(Unsaid::Notice)));
        let chosen = match (word, said) {
            (Some((stance, at)), _) => {
                let (word, date, time) = (stance.word(), date(at), time(at));
                match self.chosen_in_words(language, stance, room, asker) {
                    Some(words) => text!(
                        language,
                        "privacy-chosen",
                        stance = word,
                        date = date,
                        time = time,
                        words = words
                    ),
                    None => text!(language, "privacy-chosen-word", stance = word, date = date, time = time),
                }
            }
            (None, Some(_)) => {
                tells_now = true;
                text!(language, "privacy-in-particular")
            }
            (_, None) if !carries => text!(language, "privacy-unsaid-elsewhere"),
            (_, None) => match self.unsaid(room) {
                Some(Unsaid::Notice) if levels.is_some() => text!(language, "privacy-unsaid"),
                Some(Unsaid::Notice) => text!(language, "privacy-unsaid-carried"),
                Some(Unsaid::OptIn) => text!(language, "privacy-unsaid-asked"),
                None => {
                    tells_now = true;
                    text!(language, "privacy-unsaid")
                }
            },
        };
        let taking_back = self.taking_back(language, asker).await;
        let choices = Some(text!(language, "privacy-choices"));
        let recipients = Some(self.recipients(language, room));
        let now = if tells_now { self.shown_now(language, room, person) } else { None };
        let lines = [recipients, Some(chosen), now, levels, taking_back, choices];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// How far it is with what they take back: what waits for its room, and what was given up.
    pub(super) async fn taking_back(&self, language: Language, asker: Asker<'_>) -> Option<String> {
        // Which accounts are linked is nobody else's to know.
        let people = match asker.is_alone {
            true => self.core.ledger.accounts_of(asker.person),
            false => vec![asker.person.clone()],
        };
        let said = people.iter().filter_map(|person| self.core.ledger.consent_of(person));
        let mut entries = said.flat_map(|all| all.entries().to_vec());
        if !entries.any(|entry| !entry.allows && entry.purpose == Purpose::Bridging) {
            return None;
        }
        let is_collecting =
            people.iter().any(|person| matches!(self.core.ledger.is_taking_back(person), Ok(true)));
        let promised = asker.is_proven && people.iter().any(|person| self.core.has_taken_back(person));
        let Ok(_turn) = LOOKS.acquire().await else { return None };
        let core = self.core.clone();
        let found = match tokio::task::spawn_blocking(move || core.not_taken_back(people)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Some(unreadable(language, &error)),
            Err(_) => return Some(text!(language, "went-wrong")),
        };
        let NotDone { waits, given_up, is_cut } = found;
        let is_done = promised && !is_collecting && !is_cut && waits.is_empty();
        let sentences = [
            is_collecting.then(|| text!(language, "privacy-taking-back")),
            on_platforms(language, waits).map(|lines| text!(language, "privacy-waits", lines = lines)),
            is_cut.then(|| text!(language, "privacy-waits-much")),
            is_done.then(|| text!(language, "privacy-done")),
            on_platforms(language, given_up).map(|lines| text!(language, "privacy-given-up", lines = lines)),
        ];
        let all = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!all.is_empty()).then_some(all)
    }

    /// Who sees what is said in a room. Other rooms are counted and not named: the asker may not be able to see them.
    fn recipients(&self, language: Language, room: &RoomKey) -> String {
        let routes = self.core.routes.borrow().clone();
        let mut programs = false;
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        for (to, _) in routes.targets(room) {
            match self.core.is_program(&to) {
                true => programs = true,
                false => *all.entry(words::shown(&to.platform)).or_default() += 1,
            }
        }
        let rooms = all.into_iter().map(|(platform, count)| {
            text!(language, "privacy-recipient-rooms", count = count, platform = platform)
        });
        let programs = programs.then(|| text!(language, "privacy-recipient-programs"));
        let all: Vec<String> = rooms.chain(programs).collect();
        match all.is_empty() {
            true => text!(language, "privacy-nowhere"),
            false => text!(language, "privacy-recipients", rooms = all.join(", ")),
        }
    }

    /// What the other rooms are shown at most, whatever anybody chooses; none where that is everything.
    pub(in crate::commands) fn levels(&self, language: Language, room: &RoomKey) -> Option<String> {
        let routes = self.core.routes.borrow().clone();
        let mut all: BTreeMap<Level, Vec<String>> = BTreeMap::new();
        for (to, _) in routes.targets(room) {
            let who = match self.core.is_program(&to) {
                true => text!(language, "privacy-programs"),
                false => words::shown(&to.platform),
            };
            let known = all.entry(routes.level_between(room, &to)).or_default();
            if !known.contains(&who) {
                known.push(who);
            }
        }
        let lines = all.into_iter().filter_map(|(level, who)| {
            let platforms = words::listed(language, &who);
            match level {
                Level::Full => None,
                Level::Balanced => Some(text!(language, "privacy-level-balanced", platforms = platforms)),
                Level::Minimal => Some(text!(language, "privacy-level-minimal", platforms = platforms)),
            }
        });
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| text!(language, "privacy-levels", lines = lines.join("; ")))
    }

    /// What is shown now of what somebody does in a room, on which platforms; none where that goes nowhere.
    pub(in crate::commands) fn shown_now(
        &self,
        language: Language,
        room: &RoomKey,
        person: &Person,
    ) -> Option<String> {
        let (routes, spaces) = (self.core.routes.borrow().clone(), self.spaces(room, None));
        let seen = routes.targets(room).into_iter().map(|(to, channel)| {
            let who = match self.core.is_program(&to) {
                true => text!(language, "privacy-programs"),
                false => words::shown(&to.platform),
            };
            let what = classes_in_words(language, &self.core.shown_of(person, room, &to));
            SeenBy { who, space: spaces.name(&self.core.recipient(&to)), channel: channel.to_owned(), what }
        });
        let seen: Vec<SeenBy> = seen.collect();
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for by in &seen {
            let who = match by.place(&seen) {
                Some(space) => text!(language, "privacy-on-space", platform = by.who.as_str(), space = space),
                None => by.who.clone(),
            };
            let what = &by.what;
            let known = all.entry(what.clone()).or_default();
            if !known.contains(&who) {
                known.push(who);
            }
        }
        let lines = all.into_iter().map(|(what, who)| {
            let platforms = words::listed(language, &who);
            text!(language, "privacy-now-on", platforms = platforms, what = what)
        });
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| text!(language, "privacy-now", lines = lines.join("; ")))
    }

    /// A choice in words; none where the room shows less of everybody than those would say.
    pub(super) fn chosen_in_words(
        &self,
        language: Language,
        stance: Stance,
        room: &RoomKey,
        asker: Asker<'_>,
    ) -> Option<String> {
        let says_more = matches!(stance, Stance::Full | Stance::Balanced);
        let is_less = says_more && self.levels(language, room).is_some();
        (!is_less).then(|| self.in_words(language, stance, room, asker))
    }

    /// What holds for who has said nothing; none where that is not the same for all other rooms.
    fn unsaid(&self, room: &RoomKey) -> Option<Unsaid> {
        let routes = self.core.routes.borrow().clone();
        let mut all = routes.targets(room).into_iter().map(|(to, _)| self.core.unsaid(room, &to));
        let first = all.next().unwrap_or_default();
        all.all(|other| other == first).then_some(first)
    }

    fn in_words(&self, language: Language, stance: Stance, room: &RoomKey, asker: Asker<'_>) -> String {
        let called = || {
            let routes = self.core.routes.borrow().clone();
            // Others who read it would know whose the name is.
            let called = routes.links_of(room).filter(|_| asker.is_alone).map(|(channel, _)| {
                let name = self.core.ledger.pseudonyms().name(asker.person, channel);
                text!(language, "stance-name-in", name = name, channel = channel)
            });
            let names = called.collect::<Vec<_>>().join(", ");
            (!names.is_empty()).then_some(names)
        };
        match stance {
            Stance::Full => text!(language, "stance-full"),
            Stance::Balanced => text!(language, "stance-balanced"),
            Stance::None => text!(language, "stance-none"),
            Stance::Anonymous => match called() {
                Some(names) => text!(language, "stance-anonymous-as", names = names),
                None => text!(language, "stance-anonymous"),
            },
            Stance::Minimal => match called() {
                Some(names) => text!(language, "stance-minimal-as", names = names),
                None => text!(language, "stance-minimal"),
            },
        }
    }
}

/// What a room elsewhere is shown.
struct SeenBy {
    /// Its platform, or programs.
    who: String,
    space: Option<String>,
    channel: String,
    what: String,
}

impl SeenBy {
    /// What has to be said beside the platform: its space, where another one there sees something else, and the channel, where the same space does.
    fn place(&self, all: &[Self]) -> Option<String> {
        let others = || all.iter().filter(|other| other.who == self.who && other.what != self.what);
        others().next()?;
        let is_split = others().any(|other| other.space == self.space);
        let parts = [self.space.clone(), is_split.then(|| self.channel.clone())];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// How much, on which platforms; none where it is nothing.
fn on_platforms(language: Language, counts: BTreeMap<Platform, usize>) -> Option<String> {
    let lines = counts.into_iter().map(|(platform, count)| match PROGRAMS.contains(&platform.as_str()) {
        true => text!(language, "privacy-count-programs", count = count),
        false => text!(language, "privacy-count", count = count, platform = words::shown(&platform)),
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// What is shown of somebody, as people say it.
fn classes_in_words(language: Language, classes: &[DataClass]) -> String {
    let has = |class| classes.contains(&class);
    let (words, reactions) = (has(DataClass::Content), has(DataClass::Reactions));
    let (named, acts) = (has(DataClass::Identity), words || reactions);
    let all = [
        words.then(|| text!(language, "shown-texts")),
        (words && has(DataClass::Attachments)).then(|| text!(language, "shown-files")),
        reactions.then(|| text!(language, "shown-reactions")),
        (acts && named).then(|| text!(language, "shown-name")),
        (acts && !named).then(|| text!(language, "shown-other-name")),
        (words && named && has(DataClass::Picture)).then(|| text!(language, "shown-picture")),
        (named && has(DataClass::Presence)).then(|| text!(language, "shown-presence")),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { text!(language, "shown-nothing") } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_said_as_far_as_it_tells_something() {
        let seen = |all: &[(&str, &str, &str, &str)]| -> Vec<Option<String>> {
            let all: Vec<SeenBy> = all
                .iter()
                .map(|(who, space, channel, what)| SeenBy {
                    who: (*who).into(),
                    space: (!space.is_empty()).then(|| (*space).into()),
                    channel: (*channel).into(),
                    what: (*what).into(),
                })
                .collect();
            all.iter().map(|by| by.place(&all)).collect()
        };
        let said = |place: &str| Some(place.to_owned());
        let same = [("Discord", "Owls", "lobby", "all"), ("Discord", "Bats", "lobby", "all")];
        assert_eq!(seen(&same), [None, None]);
        let spaces = [("Discord", "Owls", "lobby", "all"), ("Discord", "Bats", "lobby", "nothing")];
        assert_eq!(seen(&spaces), [said("Owls"), said("Bats")]);
        let channels = [
            ("Discord", "Owls", "lobby", "all"),
            ("Discord", "Owls", "garden", "nothing"),
            ("Slack", "Studio", "lobby", "all"),
            ("programs", "", "lobby", "all"),
            ("programs", "", "garden", "nothing"),
        ];
        let expected = [said("Owls, lobby"), said("Owls, garden"), None, said("lobby"), said("garden")];
        assert_eq!(seen(&channels), expected);
    }
}
