//! The log of what has left: complete, without words and people, and nobody changes it unseen.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::ask;
use serde_json::Value;
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a `relay` command; its words, and whether it went well.
fn relay(bench: &Bench, words: &[&str]) -> (bool, String) {
    let output = bench.command(words[0]).args(&words[1..]).output().expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

/// What a script says that knows nothing of Relay.
fn script(file: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit/verify.py");
    let output = Command::new("python3").arg(script).arg(file).output().expect("python3 runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

fn export(bench: &Bench, name: &str) -> (PathBuf, Vec<Value>) {
    let file = bench.dir.path().join(name);
    let (ok, words) = relay(bench, &["audit", "export", file.to_str().unwrap()]);
    assert!(ok && words.contains("lines of the audit"), "{words}");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (file, lines[1..lines.len() - 1].to_vec())
}

fn of<'a>(lines: &'a [Value], what: &str, room: &str) -> Vec<&'a Value> {
    let is =
        |line: &&Value| line["what"] == what && line["room"].as_str().unwrap_or_default().starts_with(room);
    lines.iter().filter(is).collect()
}

fn did(line: &Value) -> Vec<&str> {
    line["did"].as_array().unwrap().iter().map(|did| did.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_is_written_down_and_nobody_changes_it_unseen() {
    let mut bench = Bench::started().await;
    let room = bench.room("discord");
    // Everything that can be done to a message, by somebody who has said nothing.
    let said = bench.say("discord", "xyzzy is secret");
    bench.arrives("slack", "xyzzy").await;
    bench.arrives("telegram", "xyzzy").await;
    bench.edit("discord", &said, "plugh is secret");
    bench.arrives("slack", "plugh").await;
    bench.arrives("telegram", "plugh").await;
    let person = bench.platform("discord").people[0].id.clone();
    let react = |on| Act::React {
        person: person.clone(),
        room: room.clone(),
        message: said.clone(),
        emoji: "🔥".into(),
        on,
    };
    bench.people("discord").act(react(true)).unwrap();
    until("the reaction is there", || bench.with("slack", "plugh").iter().any(|m| !m.reactions.is_empty()))
        .await;
    let long = format!("quux {}", "long words ".repeat(700));
    bench.say("slack", &long);
    until("it is there in parts", || bench.with("discord", "long words").len() > 1).await;
    // A crash takes no line back.
    until("it is written", || relay(&bench, &["audit", "show", "--json"]).1.contains("in ")).await;
    bench.kill();
    let (ok, words) = relay(&bench, &["audit", "verify"]);
    assert!(ok && words.contains("none altered"), "without Relay: {words}");
    bench.start();
    bench.connected(3).await;
    let words = ask(&bench, "discord", 0, &room, "/relay privacy anonymous").await;
    assert!(words.contains("carried as"), "{words}");
    bench.say("discord", "grault is secret");
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "grault").await;
    }
    until("what bore the name is gone", || bench.with("slack", "plugh").is_empty()).await;
    let enough = |lines: &[Value]| {
        ["slack", "telegram"].into_iter().all(|to| {
            of(lines, "deleted", to).len() == 1
                && of(lines, "left", to).iter().any(|line| did(line).contains(&"pseudonym"))
        })
    };
    until("it is written", || {
        let _ = std::fs::remove_file(bench.dir.path().join("try"));
        enough(&export(&bench, "try").1)
    })
    .await;
    let (file, lines) = export(&bench, "audit.jsonl");
    for to in ["slack", "telegram"] {
        let first = of(&lines, "left", to)[0];
        assert_eq!(first["grants"]["content"], "notice", "{first}");
        assert_eq!(first["grants"]["identity"], "notice", "{first}");
        assert!(first["from"].as_str().unwrap().ends_with(&room) && first["body"].is_string(), "{first}");
        assert_eq!(of(&lines, "changed", to).len(), 1, "the edit");
        let masked =
            of(&lines, "left", to).into_iter().find(|line| did(line).contains(&"pseudonym")).unwrap();
        assert!(
            masked["grants"]["content"].as_str().unwrap().starts_with("/relay privacy anonymous in "),
            "{masked}"
        );
        assert_eq!(masked["grants"].get("identity"), None, "{masked}");
        assert_eq!(masked["who"], first["who"], "the same person has the same hash");
        assert_ne!(masked["body"], first["body"]);
    }
    assert_eq!(
        of(&lines, "deleted", "slack")[0]["who"],
        of(&lines, "left", "slack")[0]["who"],
        "whose it was"
    );
    assert_eq!(of(&lines, "reacted", "slack")[0]["grants"]["reactions"], "notice");
    let long = of(&lines, "left", "discord")[0];
    assert!(did(long).iter().any(|did| did.starts_with("in ") && did.ends_with(" parts")), "{long}");
    let consent: Vec<_> = lines.iter().filter(|line| line["what"] == "consent").collect();
    assert_eq!(consent.len(), 2, "{consent:?}");
    assert_eq!((&consent[1]["allows"], &consent[1]["classes"][0]), (&false.into(), &"identity".into()));
    assert_eq!(consent[0]["who"], of(&lines, "left", "slack")[0]["who"]);
    // No words, no people.
    let text = std::fs::read_to_string(&file).unwrap();
    for secret in ["xyzzy", "plugh", "quux", "grault", "long words"] {
        assert!(!text.contains(secret), "{secret}");
    }
    for platform in PLATFORMS {
        for person in &bench.platform(platform).people {
            assert!(
                !text.contains(&person.name) && !text.contains(&format!("/{}\"", person.id)),
                "{platform}"
            );
            assert!(!text.contains(&format!("\"{}\"", person.id)), "{platform}");
        }
    }
    // Both verify it, and the log that is kept is the same.
    let shown = file.to_str().unwrap();
    let (ok, words) = script(&file);
    let ends = lines.last().unwrap()["hash"].as_str().unwrap();
    assert!(
        ok && words.contains(&format!("is whole: lines 1 to {}. It ends with {ends}.", lines.len())),
        "{words}"
    );
    let (ok, words) = relay(&bench, &["audit", "verify", shown]);
    assert!(ok && words.contains("The audit that is kept here"), "{words}");
    let (ok, words) = relay(&bench, &["audit", "verify"]);
    assert!(ok && words.contains(&format!("lines 1 to {}", lines.len())), "{words}");
    let (ok, words) = relay(&bench, &["audit", "verify", "--json", shown]);
    let found: Value = serde_json::from_str(&words).unwrap();
    assert!(ok && found["to"] == lines.len() && found["hash"] == ends && found["fault"].is_null(), "{found}");
    // It is replaced by another one, and by nothing else.
    assert!(relay(&bench, &["audit", "export", shown]).0);
    let (ok, words) = relay(&bench, &["export", &format!("discord:{person}"), "--out", shown]);
    assert!(!ok && words.contains("nothing but an older export of what is kept of a person"), "{words}");
    tampered(&bench, &text);
    cut(&bench, &text);
    // As people look at it.
    let (ok, words) = relay(&bench, &["audit", "show", "--room", "slack", "--last", "100"]);
    assert!(
        ok && words.contains("content by /relay privacy anonymous") && words.contains("pseudonym"),
        "{words}"
    );
    assert!(!words.contains("consent"), "{words}");
    let who = format!("discord:{person}");
    let (ok, words) = relay(&bench, &["audit", "show", "--person", &who, "--json", "--last", "100"]);
    assert!(ok && words.lines().count() > 6, "{words}");
    assert!(words.lines().all(|line| line.contains(consent[0]["who"].as_str().unwrap())), "{words}");
    let (_, words) = relay(&bench, &["audit", "show", "--last", "2", "--json"]);
    assert_eq!(words.lines().count(), 2, "{words}");
    // A backup brings it back, and it goes on from there.
    bench.stop().await;
    let backup = bench.dir.path().join("a.backup");
    assert!(relay(&bench, &["backup", backup.to_str().unwrap()]).0);
    let before = bench.dir.path().join("before");
    std::fs::rename(bench.state(), &before).unwrap();
    let (ok, words) = relay(&bench, &["restore", backup.to_str().unwrap()]);
    assert!(ok, "{words}");
    for keys in ["keys", "master.key"] {
        std::fs::copy(before.join(keys), bench.state().join(keys)).unwrap();
    }
    bench.start();
    bench.connected(3).await;
    bench.say("telegram", "after the restore");
    bench.arrives("slack", "after the restore").await;
    until("it goes on", || relay(&bench, &["audit", "verify", shown]).1.contains("goes on from it")).await;
}

/// Whoever changes an export is found out, by Relay and by the script.
fn tampered(bench: &Bench, text: &str) {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    type Change<'a> = &'a dyn Fn(&mut Vec<String>);
    let changes: [(&str, &str, Change<'_>); 6] = [
        ("removed", "removed", &|lines| drop(lines.remove(3))),
        ("reordered", "reordered", &|lines| lines.swap(3, 5)),
        ("altered", "line 3 was altered", &|lines| lines[3] = lines[3].replace("\"at\":\"2", "\"at\":\"1")),
        ("without its end", "cut off", &|lines| drop(lines.pop())),
        ("cut", "removed", &|lines| drop(lines.remove(lines.len() - 2))),
        ("with a line twice", "reordered", &|lines| lines.insert(5, lines[3].clone())),
    ];
    for (how, found, change) in changes {
        let mut lines = lines.clone();
        change(&mut lines);
        let file = bench.dir.path().join("tampered.jsonl");
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        let (ok, words) = script(&file);
        assert!(!ok && words.contains(found), "{how}, by the script: {words}");
        let (ok, words) = relay(bench, &["audit", "verify", file.to_str().unwrap()]);
        assert!(!ok && words.contains(found), "{how}, by Relay: {words}");
    }
}

/// A part of an export says that it is one, and what is kept here tells what was cut off.
fn cut(bench: &Bench, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let hash = |line: &str| serde_json::from_str::<Value>(line).unwrap()["hash"].as_str().unwrap().to_owned();
    let file = bench.dir.path().join("cut.jsonl");
    let verified = |lines: &[String]| {
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        (script(&file), relay(bench, &["audit", "verify", file.to_str().unwrap()]))
    };
    // Line n stands at place n.
    let begins = format!("{{\"from\":4,\"prev\":\"{}\"}}", hash(lines[3]));
    let later: Vec<String> =
        std::iter::once(begins).chain(lines[4..].iter().map(|line| line.to_string())).collect();
    let ((whole, by_script), (ok, words)) = verified(&later);
    assert!(whole && by_script.contains("Lines 1 to 3 are not in it"), "{by_script}");
    assert!(!ok && words.contains("begins with line 4, and lines 1 to 3 are kept here"), "{words}");
    let ends = format!("{{\"ends\":3,\"hash\":\"{}\"}}", hash(lines[3]));
    let shorter: Vec<String> =
        lines[..4].iter().map(|line| line.to_string()).chain(std::iter::once(ends)).collect();
    let ((whole, by_script), (ok, words)) = verified(&shorter);
    assert!(whole && by_script.contains("lines 1 to 3. It ends"), "{by_script}");
    assert!(ok && words.contains("lines 4 to ") && words.contains("or its end was cut off"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_left_is_written_down_too() {
    let mut bench = Bench::new().await;
    let unsure = |bench: &Bench, how: &str| {
        let text = std::fs::read_to_string(bench.config()).unwrap();
        let text = text.replace("unsure = \"hold\"\n", "");
        let account = "platform = \"telegram\"\n";
        std::fs::write(bench.config(), text.replace(account, &format!("{account}{how}"))).unwrap();
    };
    unsure(&bench, "unsure = \"hold\"\n");
    bench.start();
    bench.connected(3).await;
    // Both carry it out and do not answer; Slack tells afterwards, and Telegram does not.
    bench.fault("slack", Kind::CutAfter, 1, "chat.postMessage");
    bench.fault("telegram", Kind::CutAfter, 1, "sendMessage");
    bench.say("discord", "who knows");
    let tried = |bench: &Bench| {
        let _ = std::fs::remove_file(bench.dir.path().join("try"));
        export(bench, "try").1
    };
    until("both are written", || {
        let lines = tried(&bench);
        !of(&lines, "left", "slack").is_empty() && !of(&lines, "perhaps", "telegram").is_empty()
    })
    .await;
    let lines = tried(&bench);
    assert!(did(of(&lines, "left", "slack")[0]).contains(&"settled"), "{lines:?}");
    assert!(of(&lines, "left", "telegram").is_empty(), "{lines:?}");
    assert_eq!(of(&lines, "perhaps", "telegram")[0]["grants"]["content"], "notice", "{lines:?}");
    bench.stop().await;
    unsure(&bench, "");
    bench.start();
    bench.connected(3).await;
    bench.fault("telegram", Kind::CutAfter, 1, "sendMessage");
    bench.say("discord", "and again");
    until("it is written", || !of(&tried(&bench), "left", "telegram").is_empty()).await;
    assert!(did(of(&tried(&bench), "left", "telegram")[0]).contains(&"perhaps twice"));
    // Nothing is written where nobody wants it.
    bench.stop().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), text.replace("[relay]\n", "[relay]\naudit_days = 0\n")).unwrap();
    let before = tried(&bench).len();
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "not written");
    bench.arrives("slack", "not written").await;
    bench.arrives("telegram", "not written").await;
    bench.stop().await;
    assert_eq!(tried(&bench).len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_from_before_an_export_is_told_from_an_alteration() {
    let mut bench = Bench::started().await;
    bench.say("discord", "before the backup");
    bench.arrives("slack", "before the backup").await;
    bench.arrives("telegram", "before the backup").await;
    let file = |name: &str| bench.dir.path().join(name).display().to_string();
    let (backup, keys, export) = (file("b"), file("k"), file("a.jsonl"));
    until("both are written", || relay(&bench, &["audit", "show", "--json"]).1.lines().count() == 2).await;
    assert!(relay(&bench, &["backup", &backup]).0 && relay(&bench, &["keys", "backup", &keys]).0);
    bench.say("discord", "after the backup");
    bench.arrives("slack", "after the backup").await;
    bench.arrives("telegram", "after the backup").await;
    until("both are written", || relay(&bench, &["audit", "show", "--json"]).1.lines().count() == 4).await;
    assert!(relay(&bench, &["audit", "export", &export]).0);
    // What is there is not written over, but for an older export, nor is a folder taken for a file.
    let folder = bench.dir.path().display().to_string();
    for (taken, why) in [(&backup, "name another file"), (&folder, "is a folder: name a file in it")] {
        let (ok, words) = relay(&bench, &["audit", "export", taken]);
        assert!(!ok && words.contains(why) && !words.contains("or a folder"), "{words}");
    }
    let nobody = relay(&bench, &["export", "discord:nobody", "--out", "-"]).1;
    assert!(nobody.contains("Relay keeps nothing of") && !nobody.contains("did not answer"), "{nobody}");
    bench.stop().await;
    std::fs::remove_dir_all(bench.state().join("ledger")).unwrap();
    let (ok, words) = relay(&bench, &["restore", &backup, "--keys", &keys]);
    assert!(ok, "{words}");
    let (ok, words) = relay(&bench, &["audit", "verify", &export]);
    assert!(!ok && words.contains("a backup of before the export was restored"), "{words}");
    assert!(words.contains("the same lines up to 2, of 20"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_in_a_chat_with_the_bot_alone_names_nobody_also_once_they_are_forgotten() {
    let bench = Bench::started().await;
    let person = bench.in_chat_with_bot();
    let asked = async |words: &str, answer: &str| {
        let act = Act::Command { person: person.clone(), room: person.clone(), text: words.into() };
        bench.people("telegram").act(act).expect("people can ask a bot");
        until(answer, || {
            let all = bench.people("telegram").messages(&person).unwrap_or_default();
            all.iter().any(|seen| seen.text.contains(answer))
        })
        .await;
    };
    asked("/relay privacy full", "From now on").await;
    asked("/relay consent grant archive", "archive: everything").await;
    bench.say("telegram", "said with leave");
    bench.arrives("slack", "said with leave").await;
    let exported = |name: &str| {
        let (file, lines) = export(&bench, name);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&person), "{text}");
        lines
    };
    until("it is written", || {
        let _ = std::fs::remove_file(bench.dir.path().join("try"));
        !of(&export(&bench, "try").1, "left", "slack").is_empty()
    })
    .await;
    let lines = exported("before");
    let left = of(&lines, "left", "slack")[0];
    let by = left["grants"]["content"].as_str().unwrap();
    assert!(by.starts_with("/relay privacy full in telegram, "), "{left}");
    let how: Vec<_> = lines.iter().filter_map(|line| line["how"].as_str()).collect();
    assert_eq!(how, ["/relay privacy full in telegram", "/relay consent in telegram"]);
    // What is kept of them beside the audit says no more.
    let own = bench.dir.path().join("own");
    let whose = format!("telegram:{person}");
    let (ok, words) = relay(&bench, &["export", &whose, "--out", own.to_str().unwrap()]);
    assert!(ok, "{words}");
    let own = std::fs::read_to_string(own).unwrap();
    assert!(own.contains("/relay privacy full in telegram\""), "{own}");
    asked("/relay forget yes", "is being deleted").await;
    until("they are forgotten", || {
        let _ = std::fs::remove_file(bench.dir.path().join("try"));
        export(&bench, "try").1.iter().any(|line| line["stage"] == "done")
    })
    .await;
    exported("after");
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}
