//! The rule beside a slow model of it.

use super::*;
use proptest::prelude::*;

const PURPOSES: [Purpose; 3] = [Purpose::Bridging, Purpose::Archive, Purpose::AiProcessing];

pub(super) fn recipients() -> Vec<Recipient> {
    let space = |network: &str| Recipient::Space { platform: Platform::new("p"), network: network.into() };
    vec![space("a"), space("b"), Recipient::Service("s".into()), Recipient::Plugin("s".into())]
}

/// For every purpose, class and recipient a plain answer, written over by each entry in its turn.
fn modelled(entries: &[Entry], asked: &Asked<'_>, when: Timestamp) -> bool {
    let mut answer = asked.default;
    for entry in entries {
        let begun = entry.from.0 <= when.0;
        let over = matches!(entry.until, Some(until) if until.0 <= when.0);
        let to_them = match &entry.scope {
            Scope::All => true,
            Scope::Platform(of) => {
                matches!(asked.recipient, Recipient::Space { platform, .. } if platform.as_str() == of)
            }
            Scope::One(one) => one == asked.recipient,
        };
        let classes: Vec<DataClass> = entry.classes.into();
        if begun && !over && to_them && entry.purpose == asked.purpose && covers(&classes, asked.class) {
            answer = entry.allows;
        }
    }
    answer
}

fn covers(classes: &[DataClass], class: DataClass) -> bool {
    classes.contains(&class) || (class == DataClass::Picture && classes.contains(&DataClass::Identity))
}

pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let scope = prop_oneof![
        2 => Just(Scope::All),
        1 => proptest::sample::select(vec!["p", "q"]).prop_map(|name| Scope::Platform(name.into())),
        1 => proptest::sample::select(recipients()).prop_map(Scope::One)
    ];
    let classes = proptest::sample::subsequence(DataClass::ALL.to_vec(), 1..=7);
    let times = (0_i64..40, 0_i64..40, proptest::option::of(0_i64..40));
    (any::<bool>(), proptest::sample::select(PURPOSES.to_vec()), classes, scope, times).prop_map(
        |(allows, purpose, classes, scope, (at, from, until))| Entry {
            allows,
            purpose,
            classes: Classes::of(&classes),
            scope,
            how: String::new(),
            words: WORDS,
            at: Timestamp(at),
            from: Timestamp(from),
            until: until.map(Timestamp),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_rule_is_the_model(
        entries in proptest::collection::vec(entry(), 0..12), when in 0_i64..45, default in any::<bool>()
    ) {
        let mut history = History::default();
        entries.iter().cloned().for_each(|entry| history.add(entry));
        let when = Timestamp(when);
        let counts = |entry: &&Entry| entry.at <= when || (!entry.allows && entry.from <= when);
        let until_then: Vec<Entry> = entries.iter().filter(counts).cloned().collect();
        for recipient in &recipients() {
            for purpose in PURPOSES {
                for class in DataClass::ALL {
                    let asked = Asked { purpose, class, recipient, default };
                    prop_assert_eq!(history.allows(&asked, when), modelled(&entries, &asked, when));
                    prop_assert_eq!(history.allowed(&asked, when), modelled(&until_then, &asked, when));
                }
            }
        }
    }

    #[test]
    fn classes_are_a_set(classes in proptest::sample::subsequence(DataClass::ALL.to_vec(), 0..=7)) {
        let set = Classes::of(&classes);
        for class in DataClass::ALL {
            let goes_with = class == DataClass::Picture && classes.contains(&DataClass::Identity);
            prop_assert_eq!(set.has(class), classes.contains(&class) || goes_with);
        }
        let back: Vec<DataClass> = set.into();
        prop_assert_eq!(Classes::from(back), set);
    }
}

#[test]
fn a_word_is_a_set_of_entries() {
    let recipient = &recipients()[0];
    let of = |stances: &[Stance], class| {
        let mut history = History::default();
        for (stance, at) in stances.iter().zip(1..) {
            stance.entries("test", Timestamp(at)).into_iter().for_each(|entry| history.add(entry));
        }
        history.allows(&Asked { purpose: Purpose::Bridging, class, recipient, default: false }, Timestamp(99))
    };
    use DataClass::{Attachments, Identity, Picture, Presence};
    for class in DataClass::ALL {
        assert!(!of(&[], class) && of(&[Stance::Full], class) && !of(&[Stance::Full, Stance::None], class));
        assert!(of(&[Stance::None, Stance::Anonymous, Stance::Full], class), "{class:?}");
        for (stance, held) in [
            (Stance::Balanced, &[Presence, Picture][..]),
            (Stance::Anonymous, &[Identity, Presence, Picture]),
            (Stance::Minimal, &[Attachments, Identity, Presence, Picture]),
        ] {
            assert_eq!(of(&[stance], class), !held.contains(&class), "{stance:?} {class:?}");
            assert_eq!(of(&[Stance::Full, stance], class), !held.contains(&class), "{stance:?} {class:?}");
        }
    }
}

#[test]
fn words_of_before_are_words_still() {
    let stored = r#"["content","attachments","identity","presence","reactions","derived"]"#;
    let all: Classes = serde_json::from_str(stored).unwrap();
    assert_eq!((all, serde_json::to_string(&all).unwrap().as_str()), (Classes::ALL, stored));
    for stance in Stance::ALL {
        let mut history = History::default();
        stance.entries("test", Timestamp(1)).into_iter().for_each(|entry| history.add(entry));
        assert_eq!((history.stance(), Stance::named(stance.word())), (Some(stance), Some(stance)));
    }
}

#[test]
fn only_what_is_allowed_in_particular_is_a_grant() {
    let recipient = &recipients()[0];
    let entry = |allows, classes: &[DataClass], scope| Entry {
        allows,
        classes: Classes::of(classes),
        scope,
        ..Stance::Full.entries("test", Timestamp(1)).remove(0)
    };
    use DataClass::{Content, Identity, Picture};
    let to_p = || Scope::Platform("p".into());
    let granted = |entries: &[Entry], class| {
        let mut history = History::default();
        entries.iter().cloned().for_each(|entry| history.add(entry));
        let asked = Asked { purpose: Purpose::Bridging, class, recipient, default: true };
        assert_eq!(history.grants(&asked, Timestamp(9)), history.granted(&asked, Timestamp(9)));
        assert!(!history.granted(&asked, Timestamp(0)), "not before they said so");
        history.grants(&asked, Timestamp(9))
    };
    let grant = entry(true, &[Identity], to_p());
    assert!(!granted(&[], Identity));
    assert!(
        granted(std::slice::from_ref(&grant), Identity) && granted(std::slice::from_ref(&grant), Picture)
    );
    assert!(!granted(std::slice::from_ref(&grant), Content));
    assert!(!granted(&[entry(true, &[Identity], Scope::Platform("q".into()))], Identity));
    assert!(!granted(&[grant.clone(), entry(false, &[Identity], to_p())], Identity));
    for stance in Stance::ALL {
        let words = stance.entries("test", Timestamp(1));
        for class in DataClass::ALL {
            assert!(!granted(&words, class), "a word widens nothing: {stance:?} {class:?}");
        }
        let then = [words.clone(), vec![grant.clone()]].concat();
        let before = [vec![grant.clone()], words].concat();
        assert!(granted(&then, Identity) && !granted(&before, Identity), "{stance:?}: the last word counts");
    }
}

#[test]
fn a_person_does_not_stand_in_a_log() {
    assert_eq!(format!("{:?}", Person::from_stored("discord/main/4711".into())), "Person(discord/…)");
}

#[test]
fn a_word_is_the_last_where_nothing_is_said_after_it() {
    let mut history = History::default();
    let say = |history: &mut History, stance: Stance, at| {
        stance.entries("test", Timestamp(at)).into_iter().for_each(|entry| history.add(entry));
    };
    assert!(history.stance().is_none());
    for (stance, at) in [(Stance::Full, 1), (Stance::Anonymous, 2), (Stance::None, 3)] {
        say(&mut history, stance, at);
        assert_eq!(history.stance(), Some(stance));
    }
    let archive = Entry { purpose: Purpose::Archive, ..history.entries()[0].clone() };
    history.add(archive.clone());
    assert!(history.stance().is_none() && history.ends_with(&archive));
    history.add(Entry { until: Some(Timestamp(9)), ..archive.clone() });
    assert!(!history.ends_with(&archive), "it ends at another time");
}
