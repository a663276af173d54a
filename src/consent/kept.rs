//! What is kept of a history where it is cut, or put together again from what two places know. Fails closed: of what is not known any more,
//! nothing was allowed.

use super::{Asked, Classes, DataClass, Entry, History, Purpose, Scope, Stance, without_room};
use relay_contract::Timestamp;

/// Where it is not known what somebody had said, in the words of an entry.
const UNKNOWN: &str = "not known any more";

/// How whoever wants to be forgotten says so, in an entry.
pub const FORGET: &str = "/relay forget";

impl Entry {
    /// The same, for all that was before it was said and for nothing else.
    fn of_before(&self, classes: Classes) -> Self {
        Self { classes, from: Timestamp(0), until: Some(self.at), ..self.clone() }
    }

    /// Whether it forbids all that was before it.
    fn forbids_what_was(&self) -> bool {
        !self.allows
            && self.purpose == Purpose::Bridging
            && self.classes == Classes::ALL
            && self.scope == Scope::All
            && self.from <= Timestamp(0)
    }

    /// What takes back what was carried until then, and forbids it for good. Who is not to be named any more was named: what they said
    /// then comes under no other name either.
    fn takes_back(&self) -> Option<Self> {
        let is_new = !self.allows && self.purpose == Purpose::Bridging && self.from >= self.at;
        let names = self.classes.has(DataClass::Identity);
        is_new.then(|| self.of_before(if names { Classes::ALL } else { self.classes }))
    }
}

impl Stance {
    /// The *no* of somebody who is to be forgotten: it holds for all that they ever said.
    pub fn for_good(how: &str, at: Timestamp) -> Vec<Entry> {
        let no = Self::None.entries(how, at);
        no.into_iter().map(|entry| Entry { from: Timestamp(0), ..entry }).collect()
    }
}

impl History {
    /// All of it as a history.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// What is left once somebody is forgotten who asked for it then: their *no*, for all that was before, and what they have said since.
    pub fn left_after(&self, asked: Timestamp) -> Vec<Entry> {
        let since = self.0.iter().rposition(|entry| entry.at <= asked).map_or(0, |last| last + 1);
        let mut left = Stance::for_good(FORGET, asked);
        let since = self.0.get(since..).unwrap_or_default().iter();
        // Where it was said may be a chat that is called like them.
        left.extend(since.map(|entry| Entry { how: without_room(&entry.how).into_owned(), ..entry.clone() }));
        left
    }

    /// When somebody who has said this wanted to be forgotten, the last time; none where they never did.
    pub fn wish(entries: &[Entry]) -> Option<Timestamp> {
        let wishes = |entry: &&Entry| entry.how == FORGET && entry.forbids_what_was();
        entries.iter().rev().find(wishes).map(|entry| entry.at)
    }

    /// Entries before which others may have been: what was said before them is not allowed.
    pub fn with_nothing_before(entries: Vec<Entry>) -> Vec<Entry> {
        let Some(first) = entries.first().filter(|first| !first.forbids_what_was()) else { return entries };
        let no = Stance::None.entries(UNKNOWN, first.at);
        let no = no.iter().map(|entry| entry.of_before(Classes::ALL));
        no.chain(entries.iter().cloned()).collect()
    }

    /// The history of a ledger that is brought back, with what somebody has said since, as another place knows it. What they have taken
    /// back since was deleted elsewhere: it does not come again, whatever they have allowed after that.
    pub fn brought_back(known: &[Entry], said: Vec<Entry>) -> Vec<Entry> {
        let said = if said.starts_with(known) { said } else { Self::with_nothing_before(said) };
        let (before, since) = match said.starts_with(known) {
            true => said.split_at(known.len()),
            false => said.split_at(0),
        };
        let mut all = before.to_vec();
        // What was said in one word stays together.
        for word in since.chunk_by(|one, next| one.at == next.at) {
            all.extend(word.iter().filter_map(Entry::takes_back));
            all.extend(word.iter().cloned());
        }
        all
    }

    /// Whether they forbid it, or did at any time.
    pub fn ever_forbade(&self, asked: &Asked<'_>) -> bool {
        self.0
            .iter()
            .any(|entry| !entry.allows && entry.is_about(asked.purpose, asked.class, asked.recipient))
    }

    /// Whether they have forbidden it after something was said: then that was taken back, for good.
    pub fn forbade_since(&self, asked: &Asked<'_>, then: Timestamp) -> bool {
        self.0.iter().any(|entry| {
            !entry.allows && entry.at >= then && entry.is_about(asked.purpose, asked.class, asked.recipient)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Recipient;
    use super::super::tests::recipients;
    use super::*;

    fn say(history: &mut Vec<Entry>, words: &[(Stance, i64)]) {
        history.extend(words.iter().flat_map(|(stance, at)| stance.entries("t", Timestamp(*at))));
    }

    fn said(words: &[(Stance, i64)]) -> Vec<Entry> {
        let mut history = Vec::new();
        say(&mut history, words);
        history
    }

    /// What may be seen now of what was said then, where nothing is said for or against it.
    fn may(entries: &[Entry], class: DataClass, then: i64) -> bool {
        let recipient: &Recipient = &recipients()[0];
        let asked = Asked { purpose: Purpose::Bridging, class, recipient, default: true };
        let history = History::of(entries.to_vec());
        history.allows(&asked, Timestamp(99)) && history.allowed(&asked, Timestamp(then))
    }

    use super::DataClass::{Content, Identity, Picture};
    use Stance::{Anonymous, Balanced, Full, None};

    #[test]
    fn what_was_said_before_somebody_was_forgotten_stays_forbidden() {
        let asked = Timestamp(20);
        let mut history = said(&[(Full, 1), (None, 10)]);
        history.extend(Stance::for_good("/relay forget", asked));
        assert_eq!(History::of(history.clone()).left_after(asked), Stance::for_good("/relay forget", asked));
        say(&mut history, &[(None, 25), (Full, 30)]);
        let left = History::of(history).left_after(asked);
        for (then, is_seen) in [(0, false), (5, false), (15, false), (22, false), (27, false), (30, true)] {
            assert_eq!(may(&left, Content, then), is_seen, "{then}");
        }
        assert_eq!(left.len(), 3);
        let empty = History::default().left_after(asked);
        assert_eq!(empty, Stance::for_good("/relay forget", asked));
    }

    #[test]
    fn what_is_left_of_somebody_names_no_room() {
        let mut history = Stance::for_good("/relay forget", Timestamp(20));
        history.extend(
            Stance::Full.entries("/relay privacy full in telegram/telegram/1127083168", Timestamp(30)),
        );
        history.extend(Stance::None.entries("/relay link, as said on telegram", Timestamp(40)));
        let left = History::of(history).left_after(Timestamp(20));
        let how: Vec<&str> = left.iter().map(|entry| entry.how.as_str()).collect();
        assert_eq!(
            how,
            ["/relay forget", "/relay privacy full in telegram", "/relay link, as said on telegram"]
        );
    }

    #[test]
    fn where_only_the_last_word_is_known_nothing_before_it_is_allowed() {
        let words = History::with_nothing_before(said(&[(Full, 9)]));
        assert!(!may(&words, Content, 0) && !may(&words, Content, 8) && may(&words, Content, 9));
        assert_eq!(History::of(words.clone()).stance(), Some(Full), "it is their word still");
        assert_eq!(History::with_nothing_before(words.clone()), words, "once is enough");
        let forgotten = Stance::for_good("t", Timestamp(9));
        assert_eq!(History::with_nothing_before(forgotten.clone()), forgotten);
        assert!(History::with_nothing_before(Vec::new()).is_empty());
        // A no that the ledger had is not lost either.
        let replaced = History::brought_back(&said(&[(None, 3)]), said(&[(Full, 9)]));
        assert!(!may(&replaced, Content, 5) && may(&replaced, Content, 9));
    }

    #[test]
    fn a_ledger_that_is_brought_back_knows_what_was_forbidden_since() {
        let known = said(&[(Full, 1)]);
        let all = said(&[(Full, 1), (None, 10), (Full, 20)]);
        let back = History::brought_back(&known, all.clone());
        // At 5 it was carried, and taken back at 10.
        for (then, is_seen) in [(5, false), (10, false), (15, false), (20, true)] {
            assert_eq!(may(&back, Content, then), is_seen, "{then}");
        }
        assert_eq!(History::of(back.clone()).stance(), Some(Full));
        assert_eq!(History::brought_back(&back, back.clone()), back, "nothing new is nothing new");
        assert_eq!(History::brought_back(&all, all.clone()), all);
        let first = History::brought_back(&[], said(&[(None, 10), (Full, 20)]));
        assert!(!may(&first, Content, 0) && !may(&first, Content, 12) && may(&first, Content, 20));
        // Another one than the keys know: as far as these know.
        let other = History::brought_back(&said(&[(Balanced, 2)]), all);
        assert!(!may(&other, Content, 0) && !may(&other, Content, 12) && may(&other, Content, 20));
    }

    #[test]
    fn who_was_named_and_then_was_not_comes_back_under_neither_name() {
        let back = History::brought_back(&[], said(&[(Anonymous, 10), (Full, 20)]));
        assert!(!may(&back, Content, 5) && !may(&back, Identity, 5));
        assert!(may(&back, Content, 12) && !may(&back, Identity, 12), "under the other name, as it was");
        assert!(may(&back, Content, 20) && may(&back, Identity, 20));
        let back = History::brought_back(&[], said(&[(Balanced, 10), (Full, 20)]));
        assert!(may(&back, Content, 5) && may(&back, Identity, 5) && !may(&back, Picture, 5));
    }

    #[test]
    fn what_was_said_before_a_no_was_taken_back_and_what_was_said_after_it_was_not() {
        let history = History::of(said(&[(None, 5), (Full, 9)]));
        let recipient = &recipients()[0];
        let asked = Asked { purpose: Purpose::Bridging, class: Content, recipient, default: true };
        let since = |then| history.forbade_since(&asked, Timestamp(then));
        assert!(since(3) && since(5) && !since(6) && !since(9));
    }

    #[test]
    fn a_no_of_once_is_known_for_ever() {
        let recipient = &recipients()[0];
        let forbade = |entries: Vec<Entry>, class| {
            let asked = Asked { purpose: Purpose::Bridging, class, recipient, default: true };
            History::of(entries).ever_forbade(&asked)
        };
        assert!(forbade(said(&[(None, 1), (Full, 2)]), Content) && !forbade(said(&[(Full, 2)]), Content));
        let balanced = || said(&[(Balanced, 1)]);
        assert!(
            !forbade(balanced(), Content) && !forbade(balanced(), Identity) && forbade(balanced(), Picture)
        );
    }
}
