//! What holds once two accounts are one person's: whatever one of them forbids, the other does too. Nothing is loosened.

use super::{DataClass, Entry, History, Purpose, Scope, Stance};
use relay_contract::Timestamp;

/// What is to be added to a history so that it allows nothing that another one forbids, now or later. Errs towards what is tighter: an
/// exception that the other one makes of a *no* is not taken over.
pub fn tightened(of: &History, by: &History, how: &str, now: Timestamp) -> Vec<Entry> {
    let mut left: Vec<Entry> = denials(by, now).into_iter().map(|denied| denied.entry).collect();
    let mut added = Vec::new();
    // Both in one word: then one word is what holds afterwards, too.
    if let (Some(mine), Some(theirs)) = (of.stance(), by.stance()) {
        left.retain(|entry| entry.purpose != Purpose::Bridging);
        if is_tighter(theirs, mine) {
            added.extend(theirs.entries(how, now));
        }
    }
    let own = denials(of, now);
    left.retain(|entry| !own.iter().any(|mine| mine.is_last && mine.entry.is_same(entry)));
    let anew = |entry| Entry { how: how.to_owned(), at: now, from: now, ..entry };
    added.extend(left.into_iter().map(anew));
    added
}

impl History {
    /// Whether it forbids to anybody what a word allows.
    pub fn is_tighter_than(&self, word: Stance, now: Timestamp) -> bool {
        denials(self, now).into_iter().map(|denied| denied.entry).any(|entry| {
            let forbids = |class| entry.classes.has(class) && word.allows(class);
            entry.purpose == Purpose::Bridging && DataClass::ALL.into_iter().any(forbids)
        })
    }
}

/// The words are in one line: each forbids what the one before it does, and more.
fn is_tighter(one: Stance, other: Stance) -> bool {
    let place = |of: Stance| Stance::ALL.iter().position(|stance| *stance == of);
    place(one) > place(other)
}

/// What somebody forbids: their denials that have not ended, without what they have allowed again since for good.
fn denials(history: &History, now: Timestamp) -> Vec<Denial> {
    let mut found: Vec<Denial> = Vec::new();
    for entry in history.entries() {
        if entry.allows {
            let lifts = entry.until.is_none() && entry.from <= now;
            for denied in found.iter_mut().filter(|denied| denied.entry.purpose == entry.purpose) {
                denied.is_last = false;
                if lifts && entry.covers(&denied.entry) {
                    denied.entry.classes = denied.entry.classes.without(entry.classes);
                }
            }
            found.retain(|denied| !denied.entry.classes.is_empty());
        } else if entry.until.is_none_or(|until| now < until) {
            found.push(Denial { entry: entry.clone(), is_last: true });
        }
    }
    found
}

struct Denial {
    entry: Entry,
    /// Nothing was allowed for its purpose since, not even for a while.
    is_last: bool,
}

impl Entry {
    /// Whether it is about all recipients of another entry, for the same purpose.
    fn covers(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && match (&self.scope, &other.scope) {
                (Scope::All, _) => true,
                (Scope::Platform(of), Scope::Platform(other)) => of == other,
                (_, Scope::One(one)) => self.scope.has(self.allows, one),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entry, recipients};
    use super::super::{Asked, Recipient};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// After linking, neither allows what either forbade, and neither allows what it did not allow itself: now and at any later time.
        #[test]
        fn linking_only_tightens(
            one in proptest::collection::vec(entry(), 0..6),
            other in proptest::collection::vec(entry(), 0..6),
            words in (0_usize..6, 0_usize..6),
        ) {
            let now = Timestamp(40);
            let word = |number: usize| Stance::ALL.get(number).copied();
            let history = |entries: Vec<Entry>, number: usize| {
                let said = word(number).map(|stance| stance.entries("", now)).unwrap_or_default();
                History(entries.into_iter().chain(said).collect())
            };
            let (one, other) = (history(one, words.0), history(other, words.1));
            let add = |to: &History, by: &History| {
                let added = tightened(to, by, "linked", now);
                History(to.entries().iter().cloned().chain(added).collect())
            };
            let after = [add(&one, &other), add(&other, &one)];
            for (purpose, _) in Purpose::ALL {
                for class in DataClass::ALL {
                    // One that is not known may be any: it has every *no* that was ever said of one alone.
                    let is_known = |of: &Recipient| !matches!(of, Recipient::Space { ids, .. } if ids.is_empty());
                    for recipient in recipients().into_iter().filter(is_known) {
                        for default in [true, false] {
                            let asked = Asked { purpose, class, recipient: &recipient, default };
                            for when in [40, 41, 60].map(Timestamp) {
                                let (one, other) = (one.allows(&asked, when), other.allows(&asked, when));
                                let after = after.each_ref().map(|history| history.allows(&asked, when));
                                prop_assert!(one || !after[0], "{asked:?} is looser than it was");
                                prop_assert!(other || !after[1], "{asked:?} is looser than it was");
                                // Who has said nothing about it has not forbidden it.
                                if default {
                                    prop_assert!(one && other || !(after[0] || after[1]), "{asked:?} at {when:?}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_word_stays_a_word_and_nothing_is_said_twice() {
        let now = Timestamp(1);
        let said = |stance: Stance| History(stance.entries("x", Timestamp(0)));
        for (mine, theirs, then) in [
            (Stance::Full, Stance::Anonymous, Stance::Anonymous),
            (Stance::Anonymous, Stance::None, Stance::None),
            (Stance::None, Stance::Full, Stance::None),
        ] {
            let mut history = said(mine);
            tightened(&history, &said(theirs), "linked", now)
                .into_iter()
                .for_each(|entry| history.add(entry));
            assert_eq!(history.stance(), Some(then), "{mine:?} {theirs:?}");
            assert_eq!(tightened(&history, &said(theirs), "linked", now), vec![]);
        }
        let mut nothing = History::default();
        tightened(&nothing, &said(Stance::None), "linked", now)
            .into_iter()
            .for_each(|entry| nothing.add(entry));
        assert_eq!(nothing.stance(), Some(Stance::None));
        assert_eq!(
            tightened(&History::default(), &said(Stance::Full), "linked", now),
            vec![],
            "a yes is not taken over"
        );
    }
}
