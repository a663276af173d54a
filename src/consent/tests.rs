//! The rule beside a slow model of it.

use super::*;
use proptest::prelude::*;

const PURPOSES: [Purpose; 3] = [Purpose::Bridging, Purpose::Archive, Purpose::AiProcessing];

pub(super) fn recipients() -> Vec<Recipient> {
    let space = |network: &str, ids: &[&str]| Recipient::Space {
        platform: Platform::new("p"),
        network: network.into(),
        ids: ids.iter().map(|id| NativeId::from(*id)).collect(),
    };
    // The second is all of a network or one that is not known, and the fourth was called like the third before.
    let spaces = [space("a", &["x"]), space("a", &[]), space("a", &["y"]), space("a", &["z", "y"])];
    let others = [space("b", &["x"]), Recipient::Service("s".into()), Recipient::Plugin("s".into())];
    spaces.into_iter().chain(others).collect()
}

/// Which of the recipients an entry about one of them is about, by their places above: those for which it may be so, where it forbids.
fn meant(one: usize, allows: bool) -> &'static [usize] {
    match (one, allows) {
        (0, true) => &[0],
        (0, false) => &[0, 1],
        (1, _) => &[0, 1, 2, 3],
        (2 | 3, true) => &[2, 3],
        (2 | 3, false) => &[1, 2, 3],
        (4, _) => &[4],
        (5, _) => &[5],
        _ => &[6],
    }
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
            Scope::One(one) => {
                let place = |of: &Recipient| recipients().iter().position(|known| known == of).unwrap();
                meant(place(one), entry.allows).contains(&place(asked.recipient))
            }
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
fn a_space_of_before_is_all_of_its_network_still() {
    let stored = r#"{"one":{"space":{"platform":"slack","network":"T1"}}}"#;
    let all: Scope = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&all).unwrap(), stored);
    let asked = |ids: &[&str]| {
        let room = RoomKey::new(Platform::new("slack"), "T1", "C1");
        Recipient::of(&room, ids.iter().map(|id| NativeId::from(*id)).collect())
    };
    for allows in [true, false] {
        assert!(all.has(allows, &asked(&["T1"])) && all.has(allows, &asked(&[])));
    }
    let one = Scope::One(asked(&["T1"]));
    let stored = r#"{"one":{"space":{"platform":"slack","network":"T1","ids":["T1"]}}}"#;
    assert_eq!(serde_json::to_string(&one).unwrap(), stored);
    assert_eq!(serde_json::from_str::<Scope>(stored).unwrap(), one);
    assert!(one.has(false, &asked(&[])) && !one.has(true, &asked(&[])), "it may be that one");
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

#[test]
fn whatever_allows_less_is_known() {
    let mut history = History::default();
    let mut say = |entries: Vec<Entry>| {
        entries.into_iter().for_each(|entry| history.add(entry));
        Stance::ALL.into_iter().filter(|stance| history.is_narrowed_by(*stance)).collect::<Vec<_>>()
    };
    use Stance::{Anonymous, Balanced, Full, Minimal, None};
    assert_eq!(say(vec![]), [Balanced, Anonymous, Minimal, None], "nobody has said anything");
    assert_eq!(say(Full.entries("t", Timestamp(1))), [Balanced, Anonymous, Minimal, None]);
    assert_eq!(say(Anonymous.entries("t", Timestamp(2))), [Anonymous, Minimal, None]);
    let mut grant = Full.entries("t", Timestamp(3));
    grant[0].scope = Scope::Platform("discord".into());
    assert_eq!(say(grant), [Anonymous, Minimal, None], "what was allowed in particular goes");
    assert_eq!(say(None.entries("t", Timestamp(4))), [None]);
}
