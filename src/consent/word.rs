//! What is said in one word, and what several things that were said come to in one.

use super::{DataClass, Entry, History, Purpose, Scope, Stance};
use relay_contract::Timestamp;

impl Stance {
    /// The word that entries begin with.
    pub(super) fn beginning(entries: &[Entry]) -> Option<Self> {
        Self::ALL.into_iter().find(|stance| {
            let said = stance.entries("", Timestamp(0));
            entries.len() >= said.len()
                && entries.iter().zip(&said).all(|(entry, other)| entry.is_same(other))
        })
    }

    /// Whether it allows such a thing.
    pub fn allows(self, class: DataClass) -> bool {
        let said = self.entries("", Timestamp(0));
        said.iter().rev().find(|entry| entry.classes.has(class)).is_some_and(|entry| entry.allows)
    }
}

impl History {
    /// The word that what was said comes to, and since when: the last one, or a tighter one where more was forbidden to everybody since, as a
    /// linked account does. None where one word does not say it. `default`: what holds for who has said nothing.
    pub fn word_in_force(&self, default: bool) -> Option<(Stance, Timestamp)> {
        let last = self.last_word();
        let word = Stance::beginning(last);
        let length = word.map_or(0, |word| word.entries("", Timestamp(0)).len());
        let (said, since) = last.split_at_checked(length)?;
        let forbids_all = |entry: &Entry| {
            !entry.allows
                && entry.purpose == Purpose::Bridging
                && entry.scope == Scope::All
                && entry.until.is_none()
        };
        if last.is_empty() || !since.iter().all(forbids_all) {
            return None;
        }
        let comes_to = |since: &[Entry]| {
            let allows = |class| {
                word.map_or(default, |word| word.allows(class))
                    && !since.iter().any(|entry| entry.classes.has(class))
            };
            Stance::ALL
                .into_iter()
                .find(|stance| DataClass::ALL.into_iter().all(|class| stance.allows(class) == allows(class)))
        };
        let now = comes_to(since)?;
        let needed =
            (0..since.len()).find(|count| comes_to(since.get(..*count).unwrap_or_default()) == Some(now));
        let newest = match needed {
            Some(count) => since.get(..count).and_then(<[Entry]>::last).or(said.last()),
            None => since.last().or(said.last()),
        };
        newest.map(|entry| (now, entry.at))
    }

    /// Whether they have forbidden anything to be carried, beside their picture, and have not allowed all of it again since.
    pub fn forbids_bridging(&self) -> bool {
        let is_no = |entry: &Entry| !entry.allows && entry.purpose == Purpose::Bridging;
        self.last_word().iter().any(|entry| is_no(entry) && !entry.classes.is_picture_alone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Classes;

    fn history(words: &[(Stance, i64)]) -> History {
        let said = words.iter().flat_map(|(stance, at)| stance.entries("t", Timestamp(*at)));
        History(said.collect())
    }

    /// What a word of a linked account comes to here: what it forbids.
    fn and_elsewhere(mut history: History, word: Stance, at: i64) -> History {
        let forbids = word.entries("elsewhere", Timestamp(at)).into_iter().filter(|entry| !entry.allows);
        forbids.for_each(|entry| history.add(entry));
        history
    }

    #[test]
    fn a_tighter_word_of_a_linked_account_is_a_word_here() {
        for (own, theirs, expected) in [
            (Stance::Full, Stance::Balanced, (Stance::Balanced, 2)),
            (Stance::Full, Stance::Anonymous, (Stance::Anonymous, 2)),
            (Stance::Balanced, Stance::Minimal, (Stance::Minimal, 2)),
            (Stance::Full, Stance::None, (Stance::None, 2)),
            // What forbids nothing more changes nothing, nor when it was said.
            (Stance::Minimal, Stance::Balanced, (Stance::Minimal, 1)),
            (Stance::None, Stance::Anonymous, (Stance::None, 1)),
            (Stance::Full, Stance::Full, (Stance::Full, 1)),
        ] {
            let both = and_elsewhere(history(&[(own, 1)]), theirs, 2);
            let expected = Some((expected.0, Timestamp(expected.1)));
            assert_eq!(both.word_in_force(true), expected, "{own:?} {theirs:?}");
        }
        let unsaid = and_elsewhere(History::default(), Stance::Balanced, 2);
        assert_eq!(unsaid.word_in_force(true), Some((Stance::Balanced, Timestamp(2))));
        assert_eq!(unsaid.word_in_force(false), None, "where people opt in it allows nothing");
        assert_eq!(History::default().word_in_force(true), None);
    }

    #[test]
    fn what_is_said_in_particular_is_no_word() {
        let said = |change: fn(Entry) -> Entry| {
            let mut said = history(&[(Stance::Full, 1)]);
            let entry = Stance::None.entries("t", Timestamp(2)).pop().map(change);
            entry.into_iter().for_each(|entry| said.add(entry));
            said.word_in_force(true)
        };
        assert_eq!(said(|entry| entry), Some((Stance::None, Timestamp(2))));
        assert_eq!(said(|entry| Entry { scope: Scope::Platform("slack".into()), ..entry }), None);
        assert_eq!(said(|entry| Entry { until: Some(Timestamp(9)), ..entry }), None);
        assert_eq!(said(|entry| Entry { purpose: Purpose::Archive, ..entry }), None);
        assert_eq!(said(|entry| Entry { classes: Classes::of(&[DataClass::Content]), ..entry }), None);
        assert_eq!(
            said(|entry| Entry { allows: true, classes: Classes::of(&[DataClass::Picture]), ..entry }),
            None
        );
    }

    #[test]
    fn what_forbids_until_it_is_allowed_again() {
        assert!(!history(&[(Stance::Full, 1)]).forbids_bridging());
        assert!(history(&[(Stance::None, 1)]).forbids_bridging());
        assert!(!history(&[(Stance::None, 1), (Stance::Full, 2)]).forbids_bridging());
        assert!(and_elsewhere(history(&[(Stance::Full, 1)]), Stance::Minimal, 2).forbids_bridging());
        let of = |classes: &[DataClass]| {
            let no = Stance::None.entries("t", Timestamp(1));
            History(no.into_iter().map(|entry| Entry { classes: Classes::of(classes), ..entry }).collect())
        };
        assert!(!of(&[DataClass::Picture]).forbids_bridging(), "it stays where it is");
        assert!(of(&[DataClass::Picture, DataClass::Presence]).forbids_bridging());
    }
}
