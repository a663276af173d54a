//! The config is changed while Relay runs: what has changed is in force, the rest is not even touched.

use crate::bench::{Bench, until};
use crate::joining::{ask, is_in, say_in, second};
use stand_ins::faults::Kind;
use std::process::Output;

/// The config with something in it replaced.
pub fn change(bench: &Bench, old: &str, new: &str) {
    let text = std::fs::read_to_string(bench.config()).unwrap();
    assert!(text.contains(old), "{old} in {text}");
    // As editors do: another file takes its name.
    let file = bench.dir.path().join("edited");
    std::fs::write(&file, text.replace(old, new)).unwrap();
    std::fs::rename(&file, bench.config()).unwrap();
}

/// A command: its exit code, and what it says.
fn run(bench: &Bench, command: &str) -> (i32, String) {
    let Output { status, stdout, stderr } = bench.command(command).output().unwrap();
    (status.code().unwrap(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// How often an account has connected.
pub fn connects(bench: &Bench, account: &str) -> usize {
    let log = bench.log();
    let of = |line: &&str| line.contains(&format!("account={account}")) && line.contains(" connected");
    log.lines().filter(of).filter(|line| !line.contains("not connected")).count()
}

fn add(bench: &Bench, link: &str) {
    change(bench, "links = [", &format!("links = [\"{link}\", "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_written_into_the_file_carries_and_nothing_else_is_touched() {
    let bench = Bench::started().await;
    bench.people("slack").heard().begin();
    let new = second(&bench, "discord");
    add(&bench, &format!("discord:{new}"));
    let (code, plan) = run(&bench, "plan");
    // The file may have been seen already.
    assert!((code == 3 && plan == format!("+ link discord:{new} in lobby\n")) || code == 0, "{code} {plan}");
    let linked = || bench.log().contains(&format!("+ link discord:{new} in lobby"));
    until("the file is seen", linked).await;
    let found = || {
        let status = bench.status().unwrap();
        let links = status["channels"][0]["links"].as_array().unwrap().clone();
        links.len() == 4 && links.iter().all(|link| !link["name"].is_null())
    };
    until("its room is found", found).await;
    bench.say("slack", "to all four");
    is_in(&bench, "discord", &new, "to all four").await;
    say_in(&bench, "discord", &new, "from the fourth");
    for platform in ["discord", "slack", "telegram"] {
        bench.arrives(platform, "from the fourth").await;
    }
    assert_eq!(run(&bench, "plan").0, 0);
    // And out of it again: what is said there is nobody's any more.
    change(&bench, &format!("\"discord:{new}\", "), "");
    let (code, told) = run(&bench, "reload");
    assert_eq!((code, told.contains("In force now")), (0, told.contains("- link")), "{told}");
    say_in(&bench, "discord", &new, "among ourselves");
    bench.say("slack", "without it");
    bench.arrives("telegram", "without it").await;
    assert!(bench.with("telegram", "among ourselves").is_empty());
    let there = bench.people("discord").messages(&new).unwrap();
    assert!(there.iter().all(|seen| !seen.text.contains("without it")));
    assert!(!bench.people("slack").heard().has("apps.connections.open"), "Slack was not connected to again");
    assert!(["discord", "slack", "telegram"].iter().all(|account| connects(&bench, account) == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_changes_nothing_and_is_told_of() {
    let bench = Bench::started().await;
    let new = second(&bench, "slack");
    // One link is right, and is not taken either.
    change(&bench, "links = [", &format!("links = [\"slack:{new}\", \"slak:general\", "));
    let refused = || bench.status().is_some_and(|status| !status["config"]["refused"].is_null());
    until("it is told in the status", refused).await;
    let why = bench.status().unwrap()["config"]["refused"]["why"].to_string();
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("slak:")).unwrap();
    assert!(why.contains("no account `slak`") && why.contains(&format!("bridges.toml:{line}:")), "{why}");
    assert!(bench.log().contains("all goes on as before"), "it is told in the log");
    assert!(run(&bench, "status").1.contains("THE CONFIG WAS CHANGED AND IS NOT TAKEN"));
    let in_chat = ask(&bench, "slack", 0, &bench.room("slack"), "/relay status").await;
    assert!(in_chat.contains("cannot be taken") && !in_chat.contains("slak"), "{in_chat}");
    for command in ["plan", "reload"] {
        let (code, told) = run(&bench, command);
        let is_told = told.contains("Did you mean `slack`?") && told.contains("1 mistake in");
        assert!(code == 2 && is_told && told.contains("all goes on as before"), "{code} {told}");
    }
    bench.say("discord", "as before");
    bench.arrives("slack", "as before").await;
    let there = bench.people("slack").messages(&new).unwrap();
    assert!(there.iter().all(|seen| !seen.text.contains("as before")), "none of it was taken");
    // What only a restart takes is not taken in part.
    change(&bench, "\"slak:general\", ", "");
    change(&bench, "data_dir = \"state\"", "data_dir = \"state\"\nlisten = \"127.0.0.1:0\"");
    let (code, told) = run(&bench, "reload");
    assert!(code == 4 && told.contains("! listen in [relay]: only a restart takes it"), "{code} {told}");
    assert_eq!(bench.status().unwrap()["channels"][0]["links"].as_array().unwrap().len(), 3);
    change(&bench, "\nlisten = \"127.0.0.1:0\"", "");
    bench.signal("HUP");
    until("it is taken", || !refused()).await;
    until("the link is in force", || {
        bench.status().unwrap()["channels"][0]["links"].as_array().unwrap().len() == 4
    })
    .await;
    assert!(connects(&bench, "slack") == 1 && bench.counter("reload_refused") > 0);
}

/// What stands in the file's place is no file: nobody waits for it, and the next one is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_folder_in_the_place_of_the_file_holds_nothing_up() {
    let mut bench = Bench::started().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::remove_file(bench.config()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(bench.config()).status().unwrap();
    assert!(made.success());
    let by_socket = |bench: &Bench, what: &str| {
        refused(&[what, "--data-dir", &bench.state().display().to_string()], bench)
    };
    let told = by_socket(&bench, "reload");
    assert!(told.contains("it is a pipe, not a file"), "{told}");
    std::fs::remove_file(bench.config()).unwrap();
    std::fs::create_dir(bench.config()).unwrap();
    let told = by_socket(&bench, "reload");
    assert!(told.contains("bridges.toml"), "{told}");
    std::fs::remove_dir(bench.config()).unwrap();
    std::fs::write(bench.config(), &text).unwrap();
    add(&bench, &format!("slack:{}", second(&bench, "slack")));
    assert_eq!(run(&bench, "reload").0, 0);
    bench.signal("HUP");
    until("the log tells what came of it", || bench.log().contains("it says what is in force")).await;
    bench.say("slack", "it goes on");
    bench.arrives("discord", "it goes on").await;
    bench.stop().await;
}

fn refused(words: &[&str], bench: &Bench) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_relay"));
    let output = command.args(words).current_dir(bench.dir.path()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_in_the_chat_is_kept_by_a_reload_and_is_no_change() {
    let bench = Bench::new().await;
    change(&bench, "data_dir = \"state\"", "data_dir = \"state\"\nreload = \"asked\"");
    change(&bench, "[channels.lobby]\n", "[channels.lobby]\nconnect = \"open\"\n");
    let mut bench = bench;
    bench.start();
    bench.connected(3).await;
    let room = second(&bench, "slack");
    let joined = ask(&bench, "slack", 0, &room, "/relay connect lobby").await;
    assert!(joined.contains("joined to lobby"), "{joined}");
    let (code, told) = run(&bench, "reload");
    assert!(code == 0 && told.contains("Nothing has changed"), "{code} {told}");
    let new = second(&bench, "discord");
    add(&bench, &format!("discord:{new}"));
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(
        bench.status().unwrap()["channels"][0]["links"].as_array().unwrap().len(),
        4,
        "nobody has asked"
    );
    let (code, told) = run(&bench, "reload");
    assert!(code == 0 && told.ends_with(&format!("+ link discord:{new} in lobby\n")), "{code} {told}");
    bench.say("telegram", "for all five");
    is_in(&bench, "slack", &room, "for all five").await;
    is_in(&bench, "discord", &new, "for all five").await;
    let left = ask(&bench, "slack", 0, &room, "/relay disconnect").await;
    assert!(left.contains("has left lobby"), "{left}");
    assert_eq!(run(&bench, "reload").0, 0);
    assert_eq!(bench.status().unwrap()["channels"][0]["links"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_comes_is_changed_and_goes_and_the_others_stay_connected() {
    let bench = Bench::new().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let telegram =
        text.split_once("[accounts.telegram]").unwrap().1.split_once("[channels").unwrap().0.to_owned();
    let (section, link) =
        (format!("[accounts.telegram]{telegram}"), format!(", \"telegram:{}\"", bench.room("telegram")));
    change(&bench, &section, "");
    change(&bench, &link, "");
    let (code, told) = run(&bench, "plan");
    assert!(
        code == 3 && told.contains("No relay runs") && told.contains("+ account slack (slack)"),
        "{code} {told}"
    );
    let mut bench = bench;
    bench.start();
    bench.connected(2).await;
    bench.people("slack").heard().begin();
    change(&bench, "[channels.lobby]", &format!("{section}[channels.lobby]"));
    change(
        &bench,
        &format!("\"slack:{}\"", bench.room("slack")),
        &format!("\"slack:{}\"{link}", bench.room("slack")),
    );
    let (code, told) = run(&bench, "reload");
    assert!(code == 0, "{told}");
    bench.connected(3).await;
    bench.say("slack", "welcome");
    bench.arrives("telegram", "welcome").await;
    // A wrong token: it waits for a person, and what is said meanwhile waits with it.
    std::fs::write(bench.dir.path().join("telegram"), "7000000001:wrong-token-of-thirty-five-charact")
        .unwrap();
    let (code, told) = run(&bench, "reload");
    assert!(code == 5 && told.contains("~ account telegram (telegram): token"), "{told}");
    assert!(told.contains("The account telegram waits for you: Telegram does not accept"), "{told}");
    let state = |bench: &Bench| bench.status().unwrap()["accounts"][2]["state"].clone();
    until("it is parked", || state(&bench) == "parked").await;
    let said = ["one", "two", "three"].map(|word| format!("{word} waits"));
    said.iter().for_each(|words| drop(bench.say("discord", words)));
    bench.arrives("slack", "three waits").await;
    assert!(bench.with("telegram", "waits").is_empty());
    std::fs::write(bench.dir.path().join("telegram"), &bench.platform("telegram").bots[0].token).unwrap();
    assert_eq!(run(&bench, "reload").0, 0);
    bench.arrives("telegram", "three waits").await;
    let there = bench.with("telegram", "waits");
    let there: Vec<_> =
        there.iter().filter_map(|seen| said.iter().position(|words| seen.text.contains(words))).collect();
    assert_eq!(there, [0, 1, 2]);
    bench.say("telegram", "here again");
    bench.arrives("slack", "here again").await;
    // It goes, with its links.
    change(&bench, &link, "");
    change(&bench, &section, "");
    let (code, told) = run(&bench, "reload");
    assert!(code == 0, "{told}");
    until("it is gone", || bench.status().unwrap()["accounts"].as_array().unwrap().len() == 2).await;
    bench.say("discord", "the two of us");
    bench.arrives("slack", "the two of us").await;
    assert!(bench.with("telegram", "the two of us").is_empty());
    assert!(!bench.people("slack").heard().has("apps.connections.open"), "Slack was not connected to again");
    assert!(["discord", "slack"].iter().all(|account| connects(&bench, account) == 1));
    assert_eq!(bench.counter("panicked"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_room_that_leaves_is_given_up_with_its_reason() {
    for goes in ["the link", "the account"] {
        let bench = Bench::started().await;
        bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
        for word in ["one", "two", "three"] {
            bench.say("slack", &format!("{word} in vain"));
        }
        let queued = || bench.status().unwrap()["channels"][0]["links"][2]["queued"] == 3;
        until("they wait", queued).await;
        bench.arrives("discord", "three in vain").await;
        change(&bench, &format!(", \"telegram:{}\"", bench.room("telegram")), "");
        if goes == "the account" {
            let text = std::fs::read_to_string(bench.config()).unwrap();
            let (_, rest) = text.split_once("[accounts.telegram]").unwrap();
            change(&bench, &format!("[accounts.telegram]{}", rest.split_once("[channels").unwrap().0), "");
        }
        let (code, told) = run(&bench, "reload");
        assert_eq!(code, 0, "{goes}: {told}");
        until("they are given up", || bench.counter("dead") == 3).await;
        let status = bench.status().unwrap();
        let letters = status["dead_letters"].as_array().unwrap();
        assert!(letters.iter().all(|letter| letter["reason"] == "unlinked"), "{goes}: {letters:?}");
        bench.say("discord", "and on");
        bench.arrives("slack", "and on").await;
        assert!(["discord", "slack"].iter().all(|account| connects(&bench, account) == 1));
    }
}

/// One that reads its config only when somebody says so.
async fn asked() -> Bench {
    let mut bench = Bench::new().await;
    change(&bench, "data_dir = \"state\"", "data_dir = \"state\"\nreload = \"asked\"");
    bench.start();
    bench.connected(3).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_on_through_an_account_that_has_another_name() {
    let bench = asked().await;
    bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
    let words = ["one", "two", "three"].map(|word| format!("{word} of five"));
    words.iter().for_each(|words| drop(bench.say("slack", words)));
    let queued = || bench.status().unwrap()["channels"][0]["links"][2]["queued"] == 3;
    until("they wait", queued).await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let renamed =
        text.replace("[accounts.telegram]", "[accounts.hikers]").replace("\"telegram:", "\"hikers:");
    change(&bench, &text, &renamed);
    let (code, told) = run(&bench, "reload");
    assert!(code == 0 && told.contains("+ account hikers") && !told.contains("given up"), "{code} {told}");
    let queue = bench.command("queue").output().unwrap();
    let queue = String::from_utf8_lossy(&queue.stdout).into_owned();
    assert!(queue.contains("hikers:") && !queue.contains("telegram:"), "{queue}");
    bench.people("telegram").faults().disarm();
    bench.arrives("telegram", &words[2]).await;
    let there = bench.with("telegram", "of five");
    let there: Vec<_> =
        there.iter().filter_map(|seen| words.iter().position(|words| seen.text.contains(words))).collect();
    assert_eq!((there, bench.counter("dead")), (vec![0, 1, 2], 0));
    bench.say("telegram", "and back");
    bench.arrives("slack", "and back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_leaves_with_the_file_is_neither_paused_nor_muted_when_it_comes_back() {
    let bench = asked().await;
    let (room, link) = (bench.room("telegram"), format!(", \"telegram:{}\"", bench.room("telegram")));
    bench.say("slack", "whom telegram mutes");
    bench.arrives("telegram", "whom telegram mutes").await;
    let name = bench.person("slack");
    let muted = ask(&bench, "telegram", 0, &room, &format!("/relay mute {name}")).await;
    assert!(muted.contains("/relay unmute") || muted.contains(&name), "{muted}");
    let paused = ask(&bench, "telegram", 0, &room, "/relay pause").await;
    assert!(paused.contains("Paused"), "{paused}");
    bench.say("discord", "kept by the pause");
    let queued = || bench.status().unwrap()["channels"][0]["links"][2]["queued"] == 1;
    until("it waits", queued).await;
    change(&bench, &link, "");
    let (code, told) = run(&bench, "reload");
    assert!(code == 0 && told.contains("1 delivery waited") && told.contains("given up"), "{code} {told}");
    until("it is given up", || bench.counter("dead") == 1).await;
    let queue = bench.command("queue").output().unwrap();
    assert!(!String::from_utf8_lossy(&queue.stdout).contains("paused"), "{queue:?}");
    change(
        &bench,
        &format!("\"slack:{}\"", bench.room("slack")),
        &format!("\"slack:{}\"{link}", bench.room("slack")),
    );
    assert_eq!(run(&bench, "reload").0, 0);
    for platform in ["discord", "slack"] {
        bench.say(platform, &format!("{platform} is heard again"));
        bench.arrives("telegram", &format!("{platform} is heard again")).await;
    }
}

/// What somebody writes into Relay's own file is not written over by whoever changes a channel in the chat before it is read.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_by_hand_into_bridges_d_is_not_lost_to_the_chat() {
    let bench = asked().await;
    let room = bench.room("slack");
    let set = ask(&bench, "slack", 0, &room, "/relay template {name}!").await;
    assert!(!set.contains("by hand"), "{set}");
    let status = run(&bench, "status").1;
    assert!(status.contains("people are called {name}! (set in the chat)"), "{status}");
    assert!(run(&bench, "check").1.contains("people are called {name}!"));
    let file = bench.state().join("bridges.d/lobby.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    let by_hand = written.replace("{name}!", "{name}?");
    std::fs::write(&file, &by_hand).unwrap();
    let refused = ask(&bench, "slack", 0, &room, "/relay template {name}.").await;
    assert!(refused.contains("by hand") && refused.contains("relay reload"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), by_hand);
    assert_eq!(run(&bench, "reload").0, 0);
    let now = ask(&bench, "slack", 0, &room, "/relay template").await;
    assert!(now.contains("{name}?"), "{now}");
    let set = ask(&bench, "slack", 0, &room, "/relay template default").await;
    assert!(!set.contains("by hand"), "{set}");
}
