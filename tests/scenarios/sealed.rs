//! What is kept is sealed: nothing of it stands anywhere in clear, and who is forgotten is not in what was copied before.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::ask;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Given};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const CANARY: &str = "canary-b81c";

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

/// Files in which a word stands.
fn files_with(folder: &Path, word: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_with(&path, word)),
            // Sockets are no files.
            false => found.extend(
                fs::read(&path)
                    .ok()
                    .filter(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
                    .map(|_| path),
            ),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_words_nor_tokens_stand_in_the_state_or_the_log() {
    let mut bench = Bench::new().await;
    bench.start_with(&[("RELAY_LOG".into(), "trace".into())]);
    bench.connected(3).await;
    for (number, platform) in PLATFORMS.into_iter().enumerate() {
        let first = bench.say(platform, &format!("{CANARY} {number}"));
        bench.reply(platform, &format!("{CANARY} answer {number}"), Some(first.clone()));
        bench.edit(platform, &first, &format!("{CANARY} edited {number}"));
        for other in PLATFORMS.into_iter().filter(|other| *other != platform) {
            until("it is there", || !bench.with(other, &format!("edited {number}")).is_empty()).await;
            until("the answer is there", || !bench.with(other, &format!("answer {number}")).is_empty()).await;
        }
    }
    // What failed is written down with why.
    bench.fault("slack", Kind::ServerError, 2, "chat.postMessage");
    bench.say("discord", &format!("{CANARY} at the second try"));
    bench.arrives("slack", "at the second try").await;
    let tokens: Vec<String> = ["discord", "slack", "slack-app", "telegram"]
        .into_iter()
        .map(|file| fs::read_to_string(bench.dir.path().join(file)).unwrap())
        .collect();
    bench.stop().await;
    let log = bench.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log tells much");
    for secret in tokens.iter().map(String::as_str).chain([CANARY]) {
        assert_eq!(files_with(&bench.state(), secret), Vec::<PathBuf>::new());
        assert!(!log.contains(secret), "{}", log.lines().find(|line| line.contains(secret)).unwrap());
    }
    assert!(!files_with(&bench.state(), "lobby").is_empty(), "files are looked into");
}

/// Sends a process a signal that leaves its memory behind, where the system lets it.
fn abort(pid: u32) {
    let all = Rlimit { current: None, maximum: None };
    prlimit(Pid::from_raw(i32::try_from(pid).unwrap()), Resource::Core, all).unwrap();
    assert!(Command::new("kill").args(["-ABRT", &pid.to_string()]).status().unwrap().success());
}

fn cores(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("core")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_memory_behind() {
    let mut bench = Bench::started().await;
    bench.say("slack", CANARY);
    bench.arrives("discord", CANARY).await;
    // Whether this system writes them at all, and where they are looked for.
    let folder = bench.dir.path().join("other");
    fs::create_dir(&folder).unwrap();
    let mut other =
        Command::new("sleep").arg("60").current_dir(&folder).stdin(Stdio::null()).spawn().unwrap();
    abort(other.id());
    other.wait().unwrap();
    let here = std::env::current_dir().unwrap();
    let before = cores(&here);
    abort(bench.pid());
    bench.bury();
    if cores(&folder) == 0 {
        println!("NOT TESTED, because this system writes no core files");
        return;
    }
    assert_eq!(cores(&here), before, "Relay left one");
}

/// Copies what a new machine is given: the master key, and the keys of today.
fn new_machine(bench: &Bench, keys: &Path) {
    let old = bench.dir.path().join("old");
    fs::rename(bench.state(), &old).unwrap();
    fs::create_dir(bench.state()).unwrap();
    fs::copy(old.join("master.key"), bench.state().join("master.key")).unwrap();
    assert!(keys.exists());
}

/// Somebody on Discord says something, with a file.
fn gives(bench: &Bench, text: &str, file: &str) {
    let act = Act::Say {
        person: bench.platform("discord").people[0].id.clone(),
        room: bench.room("discord"),
        text: text.into(),
        reply_to: None,
        files: vec![Given::Name(file.into())],
        thread: None,
    };
    bench.people("discord").act(act).expect("people can give files");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_cannot_be_read_in_a_backup_of_before() {
    let mut bench = Bench::started().await;
    gives(&bench, "of who goes", "secretplan.txt");
    bench.say("slack", "of who stays");
    bench.arrives("telegram", "of who goes").await;
    bench.arrives("telegram", "of who stays").await;
    let (backup, keys) = (bench.dir.path().join("a.backup"), bench.dir.path().join("a.keys"));
    let has_plan = |bench: &Bench| !files_with(&bench.state().join("media"), "secretplan").is_empty();
    until("the file is there", || has_plan(&bench)).await;
    ok(bench.command("backup").arg("--media").arg(&backup));
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    ok(bench.command("forget").args([&who, "--yes"]));
    until("they are forgotten", || {
        told(&bench.command("forget").arg(&who).output().unwrap()).contains("Forgotten on")
    })
    .await;
    let shown = ok(bench.command("keys").arg("--json"));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["forgotten"], &shown["lies_beside"]), (&1.into(), &true.into()), "{shown}");
    for _ in 0..2 {
        // One of yesterday is replaced.
        ok(bench.command("keys").arg("backup").arg(&keys));
    }
    bench.stop().await;

    new_machine(&bench, &keys);
    // Without the keys it does not begin, and says what to do.
    ok(bench.command("restore").arg(&backup));
    let refused = bench.command("run").output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("relay keys new"), "{}", told(&refused));
    fs::remove_dir_all(bench.state().join("ledger")).unwrap();
    let restored = ok(bench.command("restore").arg(&backup).arg("--keys").arg(&keys));
    assert!(restored.contains("1 person was forgotten since it was made"), "{restored}");
    assert!(has_plan(&bench), "files are not sealed");
    bench.start();
    bench.connected(3).await;
    let of_who = |who: &str| {
        let out = bench.command("export").arg(who).args(["--out", "-"]).output().unwrap();
        told(&out)
    };
    assert!(!of_who(&who).contains("of who goes"), "{}", of_who(&who));
    let other = format!("slack:{}", bench.platform("slack").people[0].id);
    assert!(of_who(&other).contains("of who stays"), "{}", of_who(&other));
    // An edit of what was said before would not be carried: what has changed since the copy of the keys is not known.
    bench.say("slack", "who stays speaks on");
    bench.arrives("telegram", "who stays speaks on").await;
    until("what nobody can read is gone too", || {
        told(&bench.command("forget").arg(&who).output().unwrap()).contains("Forgotten on")
    })
    .await;
    assert!(!has_plan(&bench), "also the file that belongs to it");
    let receipt = told(&bench.command("forget").arg(&who).output().unwrap());
    assert!(!receipt.contains("could not be undone"), "its copies were gone already: {receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_brings_nothing_back_that_was_forbidden_since() {
    let mut bench = Bench::started().await;
    let room = bench.room("discord");
    bench.say("discord", "of before");
    bench.arrives("telegram", "of before").await;
    bench.arrives("slack", "of before").await;
    let (backup, keys) = (bench.dir.path().join("a.backup"), bench.dir.path().join("a.keys"));
    ok(bench.command("backup").arg(&backup));
    bench.say("discord", "xyzzy, and regretted");
    bench.arrives("telegram", "xyzzy").await;
    bench.arrives("slack", "xyzzy").await;
    ask(&bench, "discord", 0, &room, "/relay privacy none").await;
    until("it is taken back", || bench.with("slack", "xyzzy").is_empty()).await;
    until("and there", || bench.with("telegram", "xyzzy").is_empty()).await;
    bench.say("discord", "plugh, which is for nobody");
    tokio::time::sleep(Duration::from_millis(500)).await;
    ask(&bench, "discord", 0, &room, "/relay privacy full").await;
    ok(bench.command("keys").arg("backup").arg(&keys));
    bench.stop().await;

    new_machine(&bench, &keys);
    let restored = ok(bench.command("restore").arg(&backup).arg("--keys").arg(&keys));
    assert!(
        restored.contains("The copy of the keys is of ") && restored.contains("minutes old"),
        "{restored}"
    );
    // It comes once more where the platform tells of it, as everything since the backup.
    let away = Act::Say {
        person: bench.platform("discord").people[1].id.clone(),
        room,
        text: "while it was away".into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
    bench.people("discord").act(away).expect("people can talk");
    bench.start();
    bench.connected(3).await;
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "while it was away").await;
        for word in ["xyzzy", "plugh"] {
            assert!(
                bench.with(platform, word).is_empty(),
                "{word} on {platform}: {:?}",
                bench.with(platform, word)
            );
        }
    }
}

/// What was asked first, and who was named, since a backup is not in it; the keys know that something was.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_carries_nothing_that_was_said_where_people_were_asked_or_not_named_since() {
    let mut bench = Bench::started().await;
    let config = fs::read_to_string(bench.config()).unwrap();
    let file = bench.config();
    let reload = |bench: &Bench, line: &str| {
        let with_line = format!("[channels.lobby]\n{line}\n");
        fs::write(&file, config.replace("[channels.lobby]\n", &with_line)).unwrap();
        ok(&mut bench.command("reload"));
    };
    bench.say("discord", "of before");
    bench.arrives("telegram", "of before").await;
    bench.arrives("slack", "of before").await;
    let (backup, keys) = (bench.dir.path().join("a.backup"), bench.dir.path().join("a.keys"));
    ok(bench.command("backup").arg(&backup));
    reload(&bench, "privacy = \"minimal\"");
    bench.say("discord", "plugh of nobody");
    bench.arrives("telegram", "plugh").await;
    bench.arrives("slack", "plugh").await;
    reload(&bench, "consent = \"opt_in\"");
    bench.say("discord", "xyzzy, which nobody has allowed");
    until("it was heard", || bench.counter("withheld") > 0).await;
    reload(&bench, "");
    ok(bench.command("keys").arg("backup").arg(&keys));
    bench.stop().await;

    new_machine(&bench, &keys);
    ok(bench.command("restore").arg(&backup).arg("--keys").arg(&keys));
    bench.say("discord", "while it was away");
    bench.start();
    bench.connected(3).await;
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "while it was away").await;
        assert!(bench.with(platform, "xyzzy").is_empty(), "{:?}", bench.with(platform, "xyzzy"));
        let masked = bench.with(platform, "plugh");
        assert_eq!(masked.len(), 1, "it comes under no name now: {masked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_it_runs_and_kills_cost_nothing() {
    let mut bench = Bench::started().await;
    let first = bench.say("slack", "before all of it");
    bench.arrives("discord", "before all of it").await;
    let master = || fs::read(bench.state().join("master.key")).unwrap();
    let before = master();
    let said = ok(bench.command("keys").arg("rotate"));
    assert!(said.contains("There is a new master key") && said.contains("needs the old one"), "{said}");
    assert_ne!(before, master());
    for round in 0..6_u64 {
        let mut rotating = bench.command("keys");
        let mut rotating =
            rotating.arg("rotate").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        bench.say("slack", &format!("round {round}."));
        tokio::time::sleep(Duration::from_millis(15 * round)).await;
        bench.kill();
        rotating.wait().unwrap();
        bench.start();
        bench.connected(3).await;
        bench.arrives("discord", &format!("round {round}.")).await;
    }
    bench.edit("slack", &first, "after all of it");
    bench.arrives("discord", "after all of it").await;
}

/// Stops Relay, changes its file of keys, and is told at the next start what to do about it.
async fn refused_with(bench: &mut Bench, change: impl FnOnce(&Path), advice: &str) {
    bench.stop().await;
    change(&bench.state().join("keys"));
    let refused = bench.command("run").output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains(advice), "{}", told(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_keys_and_older_ones_are_gone_on_with_as_the_refusal_says() {
    let mut bench = Bench::started().await;
    bench.say("slack", "before");
    bench.arrives("discord", "before").await;
    let copy = bench.dir.path().join("copy");
    ok(bench.command("keys").arg("backup").arg(&copy));
    // Somebody who is new: their key is in no copy.
    bench.say("telegram", "somebody new");
    bench.arrives("discord", "somebody new").await;

    refused_with(&mut bench, |keys| assert!(fs::copy(&copy, keys).unwrap() > 0), "relay keys accept").await;
    let new = bench.command("keys").arg("new").output().unwrap();
    assert!(!new.status.success() && told(&new).contains("relay keys accept"), "{}", told(&new));
    let accepted = ok(bench.command("keys").arg("accept"));
    assert!(accepted.contains("count as forgotten"), "{accepted}");
    bench.start();
    bench.connected(3).await;
    bench.say("slack", "with the older ones");
    bench.arrives("discord", "with the older ones").await;
    refused_with(&mut bench, |keys| fs::remove_file(keys).unwrap(), "relay keys new").await;
    let new = ok(bench.command("keys").arg("new"));
    assert!(new.contains("new keys") && new.contains("count as forgotten"), "{new}");
    for round in ["with the new ones", "and once more"] {
        bench.start();
        bench.connected(3).await;
        bench.say("slack", round);
        bench.arrives("discord", round).await;
        bench.stop().await;
    }
    // What cannot be read may be anybody's: whoever is forgotten is told that it stays.
    bench.start();
    bench.connected(3).await;
    let who = format!("slack:{}", bench.platform("slack").people[0].id);
    ok(bench.command("forget").args([&who, "--yes"]));
    let receipt = || told(&bench.command("forget").arg(&who).output().unwrap());
    until("they are forgotten", || receipt().contains("Forgotten on")).await;
    for stays in ["3 × a message on Discord", "1 × a message on Slack", "2 × a message on Telegram"] {
        let stays = format!("{stays} that Relay cannot read any more");
        assert!(receipt().contains(&stays), "{}", receipt());
    }
}

/// As a service has it: the config names a credential, and whoever restores has the file that it is made of.
#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_of_the_configs_opens_a_restore_from_its_file() {
    let mut bench = Bench::started().await;
    bench.say("slack", "of before");
    bench.arrives("discord", "of before").await;
    bench.stop().await;
    let (backup, keys) = (bench.dir.path().join("a.backup"), bench.dir.path().join("a.keys"));
    let master = bench.dir.path().join("master");
    fs::copy(bench.state().join("master.key"), &master).unwrap();
    ok(bench.command("backup").arg(&backup));
    ok(bench.command("keys").arg("backup").arg(&keys));
    let fresh = bench.dir.path().join("fresh");
    let relay = |what: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.args(what).arg("--data-dir").arg(&fresh);
        command
    };
    let mut restore = relay(&["restore"]);
    restore.arg(&backup).arg("--keys").arg(&keys);
    let refused = restore.output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("--master-key"), "{}", told(&refused));
    ok(restore.arg("--master-key").arg(&master));
    assert!(!fresh.join("master.key").exists(), "it is not put beside what it opens");
    let shown = ok(relay(&["keys"]).arg("--master-key").arg(&master));
    assert!(shown.contains("given by the config"), "{shown}");

    // A wrong one opens nothing, and takes the place of none: with Relay's own one beside the keys it is only looked.
    let wrong = bench.dir.path().join("wrong");
    fs::write(&wrong, "some-other-secret-which-is-of-another-service").unwrap();
    let before = fs::read(bench.state().join("keys")).unwrap();
    let shown = ok(bench.command("keys").arg("--master-key").arg(&wrong));
    assert!(shown.contains("lies beside what it opens"), "{shown}");
    assert!(fs::read(bench.state().join("keys")).unwrap() == before, "they are wrapped by what they were");

    // Where it lies beside the keys as well, whoever looks is told.
    bench.write_config("");
    let named = format!("master_key = {{ file = {:?} }}", master.display().to_string());
    let config = fs::read_to_string(bench.config()).unwrap();
    fs::write(
        bench.config(),
        config.replacen("data_dir = \"state\"", &format!("data_dir = \"state\"\n{named}"), 1),
    )
    .unwrap();
    bench.start();
    bench.connected(3).await;
    let shown = ok(&mut bench.command("keys"));
    for told in [shown, bench.log()] {
        assert!(told.contains("master.key lies beside the keys and is not used"), "{told}");
    }
}
