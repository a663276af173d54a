//! What people do beyond posting: reactions, threads, files, removal, names.

use crate::bench::{Bench, until};
use crate::joining::ask;
use stand_ins::faults::Kind;
use stand_ins::people::{Act, File, Given, Seen};

fn react(bench: &Bench, on: &str, person: usize, message: &str, emoji: &str, added: bool) {
    let person = bench.platform(on).people[person].name.clone();
    let (room, message, emoji) = (bench.room(on), message.into(), emoji.into());
    let act = Act::React { person, room, message, emoji, on: added };
    bench.people(on).act(act).expect("people can react");
}

fn message(bench: &Bench, on: &str, id: &str) -> Seen {
    bench.seen(on).into_iter().find(|message| message.id == id).expect("it is there")
}

fn reacted_by_relay(seen: &Seen) -> Vec<String> {
    seen.reactions.iter().map(|reaction| reaction.emoji.clone()).collect()
}

fn give(bench: &Bench, on: &str, text: &str, files: Vec<File>) -> String {
    let (person, room) = (bench.person(on), bench.room(on));
    let files = files.into_iter().map(Given::File).collect();
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files, thread: None };
    bench.people(on).act(act).expect("people can attach files")
}

fn file(name: &str, size: u64) -> File {
    File { name: name.into(), size, ..File::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_counted_once_and_told_where_one_does_not_say_it() {
    let bench = Bench::started().await;
    let original = bench.say("telegram", "an owl");
    let on_discord = bench.arrives("discord", "an owl").await;
    let on_slack = bench.arrives("slack", "an owl").await;
    react(&bench, "discord", 0, &on_discord.id, "👍", true);
    for (there, id) in [("slack", &on_slack.id), ("telegram", &original)] {
        until("Relay reacts", || reacted_by_relay(&message(&bench, there, id)) == ["👍"]).await;
        assert!(!message(&bench, there, id).edited, "one reaction says it all");
    }
    react(&bench, "discord", 1, &on_discord.id, "👍", true);
    let (ada, bruno) = (&bench.platform("discord").people[0].name, &bench.platform("discord").people[1].name);
    let line = format!("👍 2 ({ada}, {bruno})");
    bench.arrives("slack", &line).await;
    assert_eq!(reacted_by_relay(&message(&bench, "telegram", &original)), ["👍"]);
    // Somebody of Slack reacts to the copy: the room of its origin and Discord are told, and Slack's line says nothing of it.
    react(&bench, "slack", 0, &on_slack.id, "👍", true);
    until("Relay reacts there", || {
        message(&bench, "discord", &on_discord.id).reactions.iter().any(|reaction| reaction.people.len() == 3)
    })
    .await;
    react(&bench, "discord", 1, &on_discord.id, "👍", false);
    until("the line goes", || !message(&bench, "slack", &on_slack.id).text.contains("👍 2")).await;
    react(&bench, "discord", 0, &on_discord.id, "👍", false);
    until("Relay takes it back", || {
        let seen = message(&bench, "slack", &on_slack.id);
        seen.reactions.iter().all(|reaction| reaction.people.len() == 1)
    })
    .await;
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_one_conversation_in_every_room() {
    let bench = Bench::started().await;
    let root = bench.say("slack", "who has seen the owl");
    let on_discord = bench.arrives("discord", "who has seen").await;
    let on_telegram = bench.arrives("telegram", "who has seen").await;
    let in_thread = |on: &str, text: &str, thread: &str| {
        let (person, room) = (bench.person(on), bench.room(on));
        let (text, thread) = (text.into(), Some(thread.to_owned()));
        bench
            .people(on)
            .act(Act::Say { person, room, text, reply_to: None, files: vec![], thread })
            .expect("people can talk in threads")
    };
    in_thread("slack", "first in the thread", &root);
    let first = bench.arrives("discord", "first in the thread").await;
    let thread = first.thread.unwrap_or_else(|| panic!("{}", bench.log()));
    let threads = bench.people("discord").threads(&bench.room("discord")).unwrap();
    let made = threads.iter().find(|made| made.id == thread).expect("the thread was made");
    assert_eq!(
        (made.root.as_ref(), made.name.contains("who has seen")),
        (Some(&on_discord.id), true),
        "{made:?}"
    );
    assert_eq!(bench.arrives("telegram", "first in the thread").await.reply_to, Some(on_telegram.id.clone()));
    in_thread("discord", "second in the thread", &thread);
    let second = bench.arrives("slack", "second in the thread").await;
    assert_eq!(second.thread.or(second.reply_to), Some(root.clone()));
    in_thread("slack", "third in the thread", &root);
    assert_eq!(bench.arrives("discord", "third in the thread").await.thread, Some(thread.clone()));
    assert_eq!(bench.people("discord").threads(&bench.room("discord")).unwrap().len(), threads.len());
    // Telegram has answers in place of threads: one to what is in the thread goes into it.
    let there = bench.arrives("telegram", "third in the thread").await;
    bench.reply("telegram", "from a place without threads", Some(there.id));
    let copy = bench.arrives("slack", "from a place without threads").await;
    assert_eq!(copy.thread.or(copy.reply_to), Some(root.clone()));
    assert_eq!(bench.arrives("discord", "from a place without threads").await.thread, Some(thread.clone()));
    // What is in a thread is changed and deleted there.
    let id = in_thread("slack", "fourth in the thread", &root);
    bench.arrives("discord", "fourth in the thread").await;
    bench.edit("slack", &id, "fourth, again");
    bench.arrives("discord", "fourth, again").await;
    bench.delete("slack", &id);
    until("it is gone", || bench.with("discord", "fourth, again").is_empty()).await;
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_removes_a_message_everywhere_and_others_do_not() {
    let mut bench = Bench::new().await;
    bench.link_as("telegram", "delete_on = \"💩\", moderates = true");
    bench.start();
    bench.connected(3).await;
    let command = |person: usize, message: &str| {
        let person = bench.platform("telegram").people[person].name.clone();
        let (room, reply_to) = (bench.room("telegram"), Some(message.to_owned()));
        let text = "/relay delete".into();
        bench
            .people("telegram")
            .act(Act::Say { person, room, text, reply_to, files: vec![], thread: None })
            .expect("people can give commands")
    };
    let gone = |word: &'static str| {
        let bench = &bench;
        async move {
            for there in ["discord", "slack", "telegram"] {
                let what = format!("{word} is gone on {there}");
                until(&what, || bench.with(there, word).iter().all(|m| m.reply_to.is_some())).await;
            }
        }
    };
    // Its author may: Telegram tells nobody of a delete, so this is how.
    let own = bench.say("telegram", "my own words");
    bench.arrives("slack", "my own words").await;
    command(0, &own);
    gone("my own words").await;
    // Somebody else's, by somebody who manages nothing, stays.
    bench.say("discord", "somebody's words");
    let copy = bench.arrives("telegram", "somebody's words").await;
    command(1, &copy.id);
    react(&bench, "telegram", 1, &copy.id, "💩", true);
    bench.say("discord", "later words");
    bench.arrives("telegram", "later words").await;
    assert_eq!(bench.with("slack", "somebody's words").len(), 1);
    // By reaction, by somebody who may.
    react(&bench, "telegram", 0, &copy.id, "💩", true);
    until("the copies go", || {
        bench.with("slack", "somebody's words").is_empty()
            && bench.with("telegram", "somebody's words").is_empty()
    })
    .await;
    // In the room where it was written Relay deletes what people wrote only where the link lets it moderate.
    assert_eq!(bench.with("discord", "somebody's words").len(), 1);
}

/// A platform that lets nobody delete for people is not asked, and whoever asked is told what stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_slack_stays_there_and_who_asks_is_told() {
    let mut bench = Bench::new().await;
    bench.link_as("slack", "moderates = true");
    bench.start();
    bench.connected(3).await;
    let room = bench.room("slack");
    let gone_elsewhere = |word: &'static str| {
        let bench = &bench;
        async move {
            for there in ["discord", "telegram"] {
                until(&format!("{word} is gone on {there}"), || bench.with(there, word).is_empty()).await;
            }
        }
    };
    let own = bench.say("slack", "my own words");
    bench.arrives("discord", "my own words").await;
    bench.arrives("telegram", "my own words").await;
    let answer = ask(&bench, "slack", 0, &room, &format!("shortcut:relay_delete {own}")).await;
    assert!(answer.contains("Relay may not delete"), "{answer}");
    gone_elsewhere("my own words").await;
    // The same from another room, which moderates it.
    bench.say("slack", "other words");
    let copy = bench.arrives("discord", "other words").await;
    bench.arrives("telegram", "other words").await;
    let answer =
        ask(&bench, "discord", 0, &bench.room("discord"), &format!("shortcut:Delete everywhere {}", copy.id))
            .await;
    assert!(answer.contains("Relay may not delete"), "{answer}");
    gone_elsewhere("other words").await;
    assert_eq!(bench.with("slack", "words").len(), 2, "both stay where they were written");
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_and_a_moderators_delete_on_discord_are_followed_everywhere() {
    let mut bench = Bench::new().await;
    bench.link_as("discord", "delete_on = \"💩\", moderates = true");
    bench.link_as("telegram", "moderates = true");
    bench.start();
    bench.connected(3).await;
    let gone = |word: &'static str| {
        let bench = &bench;
        async move {
            for there in ["discord", "slack", "telegram"] {
                until(&format!("{word} is gone on {there}"), || bench.with(there, word).is_empty()).await;
            }
        }
    };
    // The sign of somebody who manages nothing is a reaction like another.
    let original = bench.say("telegram", "somebody's words");
    let copy = bench.arrives("discord", "somebody's words").await;
    bench.arrives("slack", "somebody's words").await;
    react(&bench, "discord", 1, &copy.id, "💩", true);
    until("Relay reacts", || reacted_by_relay(&message(&bench, "telegram", &original)) == ["💩"]).await;
    bench.say("telegram", "later words");
    bench.arrives("discord", "later words").await;
    assert_eq!(bench.with("slack", "somebody's words").len(), 1);
    react(&bench, "discord", 0, &copy.id, "💩", true);
    gone("somebody's words").await;
    // A moderator deletes a copy with Discord's own menu.
    let copy = bench.arrives("discord", "later words").await;
    bench.arrives("slack", "later words").await;
    bench.delete("discord", &copy.id);
    gone("later words").await;
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_deleted_where_relay_does_not_moderate_is_gone_there_only() {
    let bench = Bench::started().await;
    bench.say("telegram", "somebody's words");
    let copy = bench.arrives("discord", "somebody's words").await;
    bench.arrives("slack", "somebody's words").await;
    bench.delete("discord", &copy.id);
    until("the delete is heard", || bench.counter("copy_changed") == 1).await;
    bench.say("telegram", "later words");
    bench.arrives("slack", "later words").await;
    let left = |there: &str| bench.with(there, "somebody's words").len();
    assert_eq!((left("discord"), left("slack"), left("telegram")), (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_look_alike_are_told_apart() {
    let bench = Bench::started().await;
    bench.say("discord", "the first Ada");
    bench.arrives("slack", "the first Ada").await;
    // Cyrillic letters.
    let person = bench.platform("telegram").people[0].id.clone();
    let room = bench.room("telegram");
    let name = bench.person("discord").replace('a', "а").replace('A', "А");
    let called = Act::CallThemselves { person: person.clone(), room: room.clone(), name };
    bench.people("telegram").act(called).unwrap();
    let text = "the other".into();
    let say = Act::Say { person, room, text, reply_to: None, files: vec![], thread: None };
    bench.people("telegram").act(say).unwrap();
    let first = bench.arrives("slack", "the first Ada").await;
    let other = bench.arrives("slack", "the other").await;
    assert_eq!(first.author, bench.persona("discord"));
    assert!(other.author.contains(" ‹Telegram ") && other.author.ends_with('›'), "{}", other.author);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_crosses_once_and_stays_when_the_text_changes() {
    let bench = Bench::started().await;
    let id = give(&bench, "discord", "the report", vec![file("report.pdf", 200_000)]);
    let original = message(&bench, "discord", &id);
    for there in ["slack", "telegram"] {
        let has = || {
            bench.seen(there).iter().flat_map(|m| m.attachments.clone()).map(|f| f.hash).collect::<Vec<_>>()
        };
        until(&format!("the file is on {there}"), || has() == [original.attachments[0].hash.clone()]).await;
    }
    bench.edit("discord", &id, "the report, corrected");
    for there in ["slack", "telegram"] {
        bench.arrives(there, "the report, corrected").await;
        let files: Vec<_> =
            bench.seen(there).iter().filter(|m| !m.deleted).flat_map(|m| m.attachments.clone()).collect();
        assert_eq!(files.len(), 1, "the file is neither gone nor there twice: {files:?}");
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_late_follows_its_text() {
    let bench = Bench::started().await;
    // Longer than a post waits.
    bench
        .people("discord")
        .fault(stand_ins::faults::Fault {
            kind: Kind::ServerError,
            times: 3,
            only: Some("/attachments/".into()),
            seconds: 1.0,
        })
        .unwrap();
    give(&bench, "discord", "a picture comes", vec![file("owl.bin", 5_000)]);
    let text = bench.arrives("slack", "a picture comes").await;
    assert!(text.text.contains("owl.bin") && text.text.contains("follows"), "{text:?}");
    until("the file follows", || bench.seen("slack").iter().any(|m| !m.attachments.is_empty())).await;
    until("the line goes", || !message(&bench, "slack", &text.id).text.contains("follows")).await;
    assert!(!message(&bench, "slack", &text.id).deleted, "what was answered meanwhile stays where it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_named_with_the_reason() {
    let mut bench = Bench::new().await;
    let address = stand_ins::ports::free_address();
    bench.write_config(&format!("[media]\nlisten = \"{address}\"\nurl = \"http://{address}\"\n"));
    bench.start();
    bench.connected(3).await;
    give(&bench, "slack", "a film", vec![file("film.mp4", 60_000_000)]);
    // On a busy machine its text goes first.
    let told = bench.arrives("telegram", "larger than Telegram takes").await;
    assert!(told.text.contains("a film") && told.text.contains("film.mp4 (60 MB)"), "{told:?}");
    let link = told.entities.iter().find_map(|entity| entity["url"].as_str()).expect("a link to it");
    let answer = reqwest::get(link).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(60_000_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_and_goes_is_told_where_a_link_wants_it() {
    let mut bench = Bench::new().await;
    bench.link_as("discord", "notices = \"each\"");
    bench.start();
    bench.connected(3).await;
    let (person, room) = (bench.platform("slack").people[1].name.clone(), bench.room("slack"));
    bench.people("slack").act(Act::Leave { person: person.clone(), room: room.clone() }).unwrap();
    bench.arrives("discord", &format!("{person} has left")).await;
    bench.people("slack").act(Act::Join { person: person.clone(), room }).unwrap();
    bench.arrives("discord", &format!("{person} has joined")).await;
    assert!(bench.with("telegram", "has joined").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_a_messages_place_bears_its_reactions_and_its_pin() {
    let bench = Bench::started().await;
    let long = bench.say("telegram", &format!("a long one {}end", "word ".repeat(650)));
    let on_slack = bench.arrives("slack", "a long one").await;
    bench.arrives("discord", "end").await;
    react(&bench, "slack", 0, &on_slack.id, "👍", true);
    let (person, room) = (bench.person("slack"), bench.room("slack"));
    let message = on_slack.id.clone();
    bench.people("slack").act(Act::Pin { person, room, message, on: true }).unwrap();
    let marks = |on: &str| {
        let seen = bench.seen(on).into_iter().filter(|m| !m.deleted && m.by_bot);
        let marked = seen.map(|m| (m.reactions.len(), m.pinned));
        marked.fold((0, false), |(reactions, pinned), (more, also)| (reactions + more, pinned || also))
    };
    until("Relay reacts and pins on Discord", || marks("discord") == (1, true)).await;
    bench.edit("telegram", &long, "a long one, made short");
    bench.arrives("discord", "made short").await;
    until("the reaction is on what is left", || {
        let left = bench.with("discord", "made short");
        left.len() == 1 && left[0].pinned && reacted_by_relay(&left[0]) == ["👍"]
    })
    .await;
    assert_eq!(bench.counter("dead"), 0);
}

/// Kibibytes by which a process may grow over a file of 500 MB.
const GROWTH: u64 = 32 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_500_mb_crosses_in_little_memory() {
    let bench = Bench::started().await;
    give(&bench, "discord", "a small one first", vec![file("small.bin", 300_000)]);
    let files = || bench.seen("slack").iter().flat_map(|m| m.attachments.clone()).collect::<Vec<_>>();
    until("the small one is there", || files().len() == 1).await;
    let before = bench.memory("VmRSS:");
    let id = give(&bench, "discord", "a large one", vec![file("large.bin", 500_000_000)]);
    // The text waits ten seconds; what is read and hashed twice may take longer than that.
    for _ in 0..6 {
        let _ = tokio::time::timeout(std::time::Duration::from_secs(28), async {
            while files().len() < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        })
        .await;
    }
    let (most, files) = (bench.memory("VmHWM:"), files());
    assert_eq!(files.len(), 2, "{}", bench.log());
    assert_eq!(files[1].hash, message(&bench, "discord", &id).attachments[0].hash);
    eprintln!("{before} KiB before, {most} KiB at most: {} KiB more", most.saturating_sub(before));
    assert!(most < before + GROWTH, "{before} KiB before, {most} KiB at most");
}
