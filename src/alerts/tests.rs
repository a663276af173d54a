//! What needs a person, and when it is told: by table, with a clock of their own.

use super::book::{Book, Letter, Round};
use super::cause::{self, Cause, Seen};
use crate::engine::{Finding, GivenUp, QueueRoom, Refusal, Status};
use relay_contract::Problem;
use serde_json::{Value, json};
use std::time::Duration;

const LATE: Duration = Duration::from_secs(300);
const NOW: i64 = 1_700_000_000_000;

fn status(accounts: Value, links: Value, disk: Value) -> Status {
    let channel = json!({ "name": "lobby", "connect": "ask", "links": links });
    let status = json!({
        "version": "1", "accounts": accounts, "channels": [channel], "counters": {}, "dead_letters": [],
        "disk": disk, "ledger_position": 0, "mapping_position": 0,
    });
    serde_json::from_value(status).unwrap()
}

fn account(name: &str, state: Value) -> Value {
    let mut account = json!({ "name": name, "platform": "p" });
    account.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    account
}

fn link(problems: &[&str], lane: Value) -> Value {
    json!({ "link": "owls:#a", "account": "owls", "room": "#a", "name": "a", "space": "s", "direction": "both",
            "problems": problems, "lane": lane, "queued": 0, "dead": 0 })
}

fn queue(link: &str, seconds: i64, state: Value) -> QueueRoom {
    let head = json!({ "id": "x", "kind": "post", "author": null, "text": null, "attempts": 1, "reason": null,
                       "accepted": NOW - seconds * 1_000 });
    let mut room = json!({ "room": "r", "link": link, "name": "Night Owls/a", "channels": [], "queued": 3, "dead": 0,
                           "head": head, "next_try": null });
    room.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    serde_json::from_value(room).unwrap()
}

fn problem() -> Value {
    json!({ "what": "The token is refused.", "fix": "Make a new one." })
}

fn roomy() -> Value {
    json!({ "free": 9_000_000_000_u64, "least_free": 200_000_000, "full": false })
}

/// Key, whether it begins, whether it is urgent; and what it says with what to do.
fn found(
    status: &Status,
    queues: &[QueueRoom],
    given_up: &[GivenUp],
    clock: &[Finding],
) -> Vec<(String, String)> {
    let seen = Seen { status, queues, given_up, clock, own_room: None, now: NOW, late: LATE };
    let one = |cause: &Cause| {
        let mark = format!(
            "{}{}{}",
            cause.key(),
            if cause.begins() { "" } else { " (no beginning)" },
            if cause.is_urgent() { " (urgent)" } else { "" }
        );
        (mark, format!("{} {}", cause.sentence(), cause.fix()))
    };
    cause::all(&seen).iter().map(one).collect()
}

#[test]
fn what_needs_a_person() {
    let up = || json!([account("owls", json!({ "state": "up" }))]);
    let well = || status(up(), json!([link(&[], json!({ "state": "idle" }))]), roomy());
    assert_eq!(found(&well(), &[], &[], &[Finding::fine("clock", "as the platforms' own")]), []);
    let mut refused = well();
    refused.config.file = "bridges.toml".into();
    refused.config.refused =
        Some(Refusal { at: 1, why: "bridges.toml:3:1: no account `x`".into(), restart: false });
    let told = found(&refused, &[], &[], &[]);
    assert!(
        matches!(&told[..], [(key, said)] if key == "config" && said.contains("nothing has changed: bridges.toml:3:1: no account `x`. ")),
        "{told:?}"
    );
    refused.config.refused = Some(Refusal { at: 1, why: "a change of [alerts]".into(), restart: true });
    let told = found(&refused, &[], &[], &[]);
    assert!(
        matches!(&told[..], [(_, said)] if said.contains("Restart Relay") && !said.contains("relay reload")),
        "{told:?}"
    );
    let parked = json!({ "state": "parked", "problem": problem() });
    let retrying = json!({ "state": "retrying", "reason": "502" });
    let held = GivenUp { link: "owls:#a".into(), name: "a".into(), count: 2, reason: "too long".into() };
    type Case = (&'static str, Status, Vec<QueueRoom>, Vec<GivenUp>, Vec<(&'static str, &'static str)>);
    let cases: Vec<Case> = vec![
        (
            "a parked account, whose room is not told of beside it",
            status(
                json!([account("owls", parked.clone())]),
                json!([link(&["No room."], json!({ "state": "waiting" }))]),
                roomy(),
            ),
            vec![queue("owls:#a", 999, json!({ "state": "waiting" }))],
            vec![],
            vec![
                ("parked owls (urgent)", "waits for somebody: The token is refused. Make a new one."),
                ("room owls:#a (no beginning)", "No room."),
                ("late owls (no beginning)", "Relay has no connection there"),
            ],
        ),
        (
            "no connection, and a right that is missing",
            status(
                json!([account(
                    "owls",
                    json!({ "state": "interrupted", "reason": "no route", "warnings": ["May not pin. Let it."] })
                )]),
                json!([]),
                roomy(),
            ),
            vec![],
            vec![],
            vec![
                ("down owls", "The account owls has no connection: no route."),
                ("rights owls", "May not pin. Let it."),
            ],
        ),
        (
            "a room that is parked, once",
            status(up(), json!([link(&[], parked.clone()), link(&[], parked.clone())]), roomy()),
            vec![],
            vec![],
            vec![(
                "room owls:#a",
                "The room a (owls:#a) does not work as it should. The token is refused. Make a new one.",
            )],
        ),
        (
            "late",
            well(),
            vec![queue("owls:#a", 301, retrying.clone())],
            vec![],
            vec![(
                "late owls",
                "reaches Night Owls/a 5 minutes late: 502. Nothing is lost, and it arrives in order. What waits: relay queue show \"owls:#a\"",
            )],
        ),
        (
            "late in many rooms is one thing",
            well(),
            vec![
                queue("owls:#a", 301, retrying.clone()),
                queue("owls:#b", 700, retrying.clone()),
                queue("owls:#c", 10, retrying.clone()),
            ],
            vec![],
            vec![(
                "late owls",
                "late in 2 rooms of owls, by 11 minutes in Night Owls/a: 502. Nothing is lost, and it arrives in order. What waits: relay queue list owls",
            )],
        ),
        (
            "becoming less is not over, and no beginning",
            well(),
            vec![queue("owls:#a", 300, retrying.clone())],
            vec![],
            vec![("late owls (no beginning)", "5 minutes late")],
        ),
        ("short is over", well(), vec![queue("owls:#a", 75, retrying.clone())], vec![], vec![]),
        (
            "what a person holds",
            well(),
            vec![queue("owls:#a", 900, json!({ "state": "paused", "since": 0, "account": false }))],
            vec![],
            vec![],
        ),
        (
            "given up",
            well(),
            vec![],
            vec![held],
            vec![(
                "given up owls:#a",
                "2 deliveries were given up that should have gone into a; the last one: too long. Why: relay queue show \"owls:#a\". Once that is mended: relay queue retry \"owls:#a\"",
            )],
        ),
        (
            "a full disk",
            status(up(), json!([]), json!({ "free": 1_000_000, "least_free": 200_000_000, "full": true })),
            vec![],
            vec![],
            vec![("disk full (urgent)", "1 MB are free, 200 MB are to stay free")],
        ),
        (
            "a disk that will be full",
            status(up(), json!([]), json!({ "free": 999_000_000, "least_free": 200_000_000, "full": false })),
            vec![],
            vec![],
            vec![("disk low", "999 MB are free, and below 200 MB nothing is accepted")],
        ),
    ];
    for (what, status, queues, given_up, expected) in cases {
        let found = found(&status, &queues, &given_up, &[]);
        let same = found.len() == expected.len()
            && found
                .iter()
                .zip(&expected)
                .all(|((key, said), (of, words))| key == of && said.contains(words));
        assert!(same, "{what}: {found:#?}");
    }
    let clock = Finding::look("clock", "It is 90 seconds ahead.", "Set it.");
    assert_eq!(
        found(&well(), &[], &[], &[clock]),
        [("clock".to_owned(), "This machine's clock is wrong: It is 90 seconds ahead. Set it.".to_owned())]
    );
}

fn parked() -> Cause {
    Cause::Parked {
        account: "owls".into(),
        problem: Problem::new("The token is refused.", "Make a new one."),
    }
}

fn down() -> Cause {
    Cause::Down { account: "hikers".into(), reason: "no route".into() }
}

fn refused() -> Cause {
    Cause::Config { file: "bridges.toml".into(), why: "no account `x`".into(), restart: false }
}

fn given_up(count: u64) -> Cause {
    Cause::GivenUp { link: "owls:#a".into(), name: "a".into(), count, reason: "too long".into() }
}

/// The keys of what a round tells, those that are over with a `-`.
fn told(letter: Option<Letter>) -> Vec<String> {
    let Some(letter) = letter else { return Vec::new() };
    let over = letter.over.iter().map(|line| format!("-{}", line.key));
    letter.needs.iter().map(|line| line.key.clone()).chain(over).collect()
}

#[test]
fn once_and_that_it_is_over() {
    // At which second what is so, whether it is quiet, and what is told then.
    type Step = (i64, Vec<Cause>, bool, &'static [&'static str]);
    let cases: Vec<(&str, Vec<Step>)> = vec![
        (
            "once, and over after two rounds",
            vec![
                (0, vec![parked()], false, &["parked owls"]),
                (30, vec![parked()], false, &[]),
                (60, vec![], false, &[]),
                (90, vec![], false, &["-parked owls"]),
                (120, vec![], false, &[]),
            ],
        ),
        (
            "gone for one round is not over",
            vec![
                (0, vec![parked()], false, &["parked owls"]),
                (30, vec![], false, &[]),
                (60, vec![parked()], false, &[]),
                (90, vec![], false, &[]),
                (120, vec![], false, &["-parked owls"]),
            ],
        ),
        (
            "what comes and goes is told twice in an hour at most, and the last word is true",
            vec![
                (0, vec![parked()], false, &["parked owls"]),
                (30, vec![], false, &[]),
                (60, vec![], false, &["-parked owls"]),
                (90, vec![parked()], false, &["parked owls"]),
                (120, vec![], false, &[]),
                (150, vec![], false, &[]),
                (180, vec![parked()], false, &[]),
                (210, vec![], false, &[]),
                (3_660, vec![], false, &[]),
                (3_690, vec![], false, &["-parked owls"]),
                (7_300, vec![parked()], false, &["parked owls"]),
                (7_330, vec![], false, &[]),
                (7_360, vec![], false, &["-parked owls"]),
            ],
        ),
        (
            "each file that is not taken is told, and each that is",
            vec![
                (0, vec![refused()], false, &["config"]),
                (30, vec![], false, &[]),
                (60, vec![], false, &["-config"]),
                (90, vec![refused()], false, &["config"]),
                (120, vec![], false, &[]),
                (150, vec![], false, &["-config"]),
                (180, vec![refused()], false, &["config"]),
            ],
        ),
        (
            "what mends itself is not told",
            vec![
                (0, vec![down()], false, &[]),
                (270, vec![down()], false, &[]),
                (285, vec![], false, &[]),
                (290, vec![], false, &[]),
                (300, vec![down()], false, &[]),
                (599, vec![down()], false, &[]),
                (600, vec![down()], false, &["down hikers"]),
            ],
        ),
        (
            "those of one round together",
            vec![
                (0, vec![parked(), given_up(1)], false, &["parked owls", "given up owls:#a"]),
                (30, vec![], false, &[]),
                (60, vec![], false, &["-given up owls:#a", "-parked owls"]),
            ],
        ),
        (
            "in quiet hours what is urgent, and the rest afterwards, if it is still so",
            vec![
                (0, vec![given_up(1), parked()], true, &["parked owls"]),
                (30, vec![given_up(1)], true, &[]),
                (60, vec![given_up(1)], true, &[]),
                (90, vec![given_up(1)], false, &["given up owls:#a", "-parked owls"]),
            ],
        ),
        (
            "what was over before it could be told is not told",
            vec![
                (0, vec![given_up(1)], true, &[]),
                (30, vec![], true, &[]),
                (60, vec![], true, &[]),
                (90, vec![], false, &[]),
            ],
        ),
        (
            "more of it is told again, not within the hour",
            vec![
                (0, vec![given_up(1)], false, &["given up owls:#a"]),
                (30, vec![given_up(5)], false, &[]),
                (3_600, vec![given_up(5)], false, &["given up owls:#a"]),
                (7_300, vec![given_up(5)], false, &[]),
                (7_330, vec![given_up(2)], false, &[]),
                (7_360, vec![given_up(3)], false, &["given up owls:#a"]),
            ],
        ),
    ];
    for (what, steps) in cases {
        let mut book = Book::default();
        for (second, causes, quiet, expected) in steps {
            // It is the same after a restart.
            book = serde_json::from_str(&serde_json::to_string(&book).unwrap()).unwrap();
            let round = Round { now: NOW + second * 1_000, quiet, late: LATE };
            assert_eq!(told(book.round(&causes, round)), expected, "{what}, second {second}");
        }
    }
}

#[test]
fn a_letter_in_words() {
    let mut book = Book::default();
    let round = |second: i64| Round { now: NOW + second * 1_000, quiet: false, late: LATE };
    let letter = book.round(&[parked(), given_up(1)], round(0)).unwrap();
    assert_eq!(
        letter.in_words(),
        "⚠ The account owls waits for somebody: The token is refused.\n→ Make a new one.\n⚠ 1 delivery was given up that \
         should have gone into a; the last one: too long.\n→ Why: relay queue show \"owls:#a\". Once that is mended: relay queue retry \"owls:#a\", or relay \
         queue drop \"owls:#a\"."
    );
    assert_eq!(letter.subject(), "2 things need somebody");
    book.round(&[given_up(1)], round(30));
    let letter = book.round(&[given_up(1)], round(60)).unwrap();
    assert_eq!(
        (letter.in_words(), letter.subject()),
        ("✓ The account owls works again.".into(), "The account owls works again.".into())
    );
    let hall = Cause::Silent { link: "owls:#hall".into(), name: "hall".into(), reachable: false };
    assert!(!hall.begins() && hall.fix().contains("--canary \"owls:#hall\""), "{}", hall.fix());
    for _ in 0..30 {
        book.post(letter.clone());
    }
    assert_eq!(book.unsent.len(), 20);
}

#[test]
fn what_was_held_is_late_from_when_it_goes_on() {
    let well = status(json!([account("owls", json!({ "state": "up" }))]), json!([]), roomy());
    let waits = |resumed: i64| {
        let state = json!({ "state": "retrying", "reason": "502", "resumed": NOW - resumed * 1_000 });
        found(&well, &[queue("owls:#a", 900, state)], &[], &[])
    };
    assert_eq!(waits(5), []);
    assert!(matches!(&waits(400)[..], [(key, said)] if key == "late owls" && said.contains("6 minutes")));
}

#[test]
fn what_is_in_the_config_no_more_does_not_work_again() {
    let (accounts, links) = (["owls".to_owned()].into(), ["owls:#a".to_owned()].into());
    let gone = |key: &str| cause::no_more(key, &accounts, &links);
    for key in ["parked owls", "late owls", "room owls:#a", "config", "disk full", "given up owls:#b"] {
        assert_eq!(gone(key), None, "{key}");
    }
    assert_eq!(gone("parked hikers"), Some("The account hikers is in the config no more.".into()));
    assert_eq!(gone("room owls:#b"), Some("The room owls:#b is linked no more.".into()));
}

#[test]
fn a_name_is_a_line_without_what_turns_it_around() {
    let name = "@everyone\nx\u{202E}y";
    let letters = GivenUp { link: "owls:#a".into(), name: name.into(), count: 1, reason: "too long".into() };
    let state = status(json!([]), json!([]), roomy());
    let [(_, said)] = &found(&state, &[], &[letters], &[])[..] else { panic!("one") };
    assert!(said.contains("@everyone xy") && !said.contains(['\n', '\u{202E}']), "{said:?}");
}
