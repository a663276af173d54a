//! Rooms join and leave from the chat: commands given by people, through each platform's own interactions.

use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::people::{Act, Seen};
use std::process::Output;
use std::time::{Duration, Instant};

/// The second room of a platform, which nobody has linked.
pub fn second(bench: &Bench, platform: &str) -> String {
    bench.platform(platform).spaces[0].rooms[1].id.clone()
}

/// Somebody's command, and what is answered to them. The first person manages the rooms, the others don't.
pub async fn ask(bench: &Bench, platform: &str, person: usize, room: &str, text: &str) -> String {
    let people = bench.people(platform);
    let person = &bench.platform(platform).people[person];
    let known: Vec<String> = bench_messages(bench, platform, room).into_iter().map(|seen| seen.id).collect();
    let act = Act::Command { person: person.id.clone(), room: room.to_owned(), text: text.to_owned() };
    let began = Instant::now();
    // A command is there as soon as Relay has registered it.
    let command = loop {
        match people.act(act.clone()) {
            Ok(command) => break command,
            Err(refused) => {
                assert!(began.elapsed() < Duration::from_secs(20), "people can give commands: {refused}")
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    loop {
        let answers: Vec<String> = bench_messages(bench, platform, room)
            .into_iter()
            .filter(|seen| seen.by_bot && !seen.text.is_empty() && !known.contains(&seen.id))
            .filter(|seen| {
                seen.only_for.as_deref() == Some(person.id.as_str())
                    || seen.reply_to.as_deref() == Some(&command)
            })
            .map(|seen| seen.text)
            .collect();
        if !answers.is_empty() {
            return answers.join("\n");
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "no answer to {text:?} on {platform}: {}",
            bench.log()
        );
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

fn bench_messages(bench: &Bench, platform: &str, room: &str) -> Vec<Seen> {
    bench.people(platform).messages(room).expect("the room is there")
}

/// Somebody says something in a room.
pub fn say_in(bench: &Bench, platform: &str, room: &str, text: &str) -> String {
    let act = Act::Say {
        person: bench.person(platform),
        room: room.to_owned(),
        text: text.into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
    bench.people(platform).act(act).expect("people can talk")
}

/// Waits until a word is in a room.
pub async fn is_in(bench: &Bench, platform: &str, room: &str, word: &str) {
    let there = || bench_messages(bench, platform, room).iter().any(|seen| seen.text.contains(word));
    until(&format!("{word:?} in {room} on {platform}"), there).await;
}

fn approve(bench: &Bench, what: &str, more: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = bench.command("approve").arg(what).args(more).output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

fn take_out(bench: &Bench, channel: &str, room: &str) -> (bool, String) {
    let Output { status, stdout, stderr } =
        bench.command("disconnect").args([channel, room]).output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// The code in an answer.
fn code(answer: &str) -> String {
    let is_code = |word: &&str| {
        word.len() == 9
            && word.as_bytes()[4] == b'-'
            && word.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
    };
    let words = answer.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.into_iter().find(is_code).unwrap_or_else(|| panic!("a code in {answer:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_joins_by_ask_and_code_talks_and_leaves() {
    let mut bench = Bench::started().await;
    for platform in PLATFORMS {
        let room = second(&bench, platform);
        let refused = ask(&bench, platform, 1, &room, "/relay connect lobby").await;
        assert!(refused.contains("may manage this room"), "{platform}: {refused}");
        let unknown = ask(&bench, platform, 0, &room, "/relay connect lobbi").await;
        assert!(unknown.contains("no channel lobbi") && !unknown.contains("lobby"), "{platform}: {unknown}");
        let asked = ask(&bench, platform, 0, &room, "/relay connect lobby").await;
        let code = code(&asked);
        // Nobody guesses, and a room that is only linked lets nobody in.
        assert!(!approve(&bench, "AAAA-AAAA", &["--yes"]).0);
        let linked = bench.room(platform);
        let not_here = ask(&bench, platform, 0, &linked, &format!("/relay approve {code} yes")).await;
        assert!(not_here.contains("owners' room"), "{platform}: {not_here}");
        // Whoever lets it in sees who it is first.
        let (done, shown) = approve(&bench, &code, &[]);
        assert!(!done && shown.contains("Readable by: everybody in its space"), "{platform}: {shown}");
        assert!(shown.to_lowercase().contains(&format!("platform: {platform}")), "{shown}");
        assert!(shown.contains(&format!("Asked by: {}", bench.person(platform))), "{shown}");
        let (done, told) = approve(&bench, &code, &["--yes"]);
        assert!(done && told.contains("has joined lobby"), "{platform}: {told}");
        let (done, again) = approve(&bench, &code, &["--yes"]);
        assert!(!done && (again.contains("not good") || again.contains("many tries")), "{platform}: {again}");
        // Every linked room is told, and so is the new one.
        for there in PLATFORMS {
            is_in(&bench, there, &bench.room(there), "has joined lobby").await;
        }
        is_in(&bench, platform, &room, "has joined lobby").await;
        say_in(&bench, platform, &room, &format!("hello from the new {platform} room"));
        for there in PLATFORMS {
            bench.arrives(there, &format!("hello from the new {platform} room")).await;
        }
        bench.say("slack", &format!("welcome, {platform}"));
        is_in(&bench, platform, &room, &format!("welcome, {platform}")).await;
        let status = ask(&bench, platform, 1, &room, "/relay status").await;
        assert!(status.contains("Joined to lobby") && status.contains("works"), "{platform}: {status}");
        // It names no other room.
        let names = ["Night Owls", "Studio", "Sunday hikers", "Ada", "Elif"];
        assert!(!names.iter().any(|name| status.contains(name)), "{platform}: {status}");
        let refused = ask(&bench, platform, 1, &room, "/relay disconnect").await;
        assert!(refused.contains("may manage this room"), "{platform}: {refused}");
    }
    // It is still so after a restart, and the admin's own file was not touched.
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "after the restart");
    for platform in PLATFORMS {
        let room = second(&bench, platform);
        is_in(&bench, platform, &room, "after the restart").await;
        let left = ask(&bench, platform, 0, &room, "/relay disconnect").await;
        assert!(left.contains("has left lobby"), "{platform}: {left}");
        is_in(&bench, "slack", &bench.room("slack"), "has left lobby").await;
        is_in(&bench, platform, &room, "has left lobby").await;
        let status = ask(&bench, platform, 0, &room, "/relay status").await;
        assert!(status.contains("not joined"), "{platform}: {status}");
    }
    bench.say("telegram", "among ourselves");
    bench.arrives("discord", "among ourselves").await;
    bench.arrives("slack", "among ourselves").await;
    for platform in PLATFORMS {
        let room = second(&bench, platform);
        assert!(
            bench_messages(&bench, platform, &room).iter().all(|seen| !seen.text.contains("among ourselves"))
        );
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_let_in_where_they_are_and_nowhere_else() {
    let mut bench = Bench::new().await;
    let owners = second(&bench, "slack");
    bench.write_config(&format!(
        "owners = [\"slack:{owners}\"]\n[channels.den]\nconnect = \"ask\"\nowners = [\"discord:{}\"]\n[channels.yard]\nconnect = \"open\"\n",
        second(&bench, "discord")
    ));
    bench.start();
    bench.connected(3).await;
    let room = second(&bench, "telegram");
    let code = code(&ask(&bench, "telegram", 0, &room, "/relay connect lobby").await);
    // The owners of another channel are not this one's.
    let elsewhere = second(&bench, "discord");
    let wrong = ask(&bench, "discord", 0, &elsewhere, &format!("/relay approve {code} sure:true")).await;
    assert!(wrong.contains("not good"), "{wrong}");
    // A room that anybody of the workspace can read says nothing about who is in it.
    let member = ask(&bench, "slack", 1, &owners, &format!("/relay approve {code} yes")).await;
    assert!(member.contains("may manage this room"), "{member}");
    let shown = ask(&bench, "slack", 0, &owners, &format!("/relay approve {code}")).await;
    assert!(shown.contains("wants to join lobby") && shown.contains("Trail crew"), "{shown}");
    let done = ask(&bench, "slack", 0, &owners, &format!("/relay approve {code} yes")).await;
    assert!(done.contains("has joined lobby"), "{done}");
    is_in(&bench, "telegram", &room, "has joined lobby").await;
    let used = ask(&bench, "slack", 0, &owners, &format!("/relay approve {code} yes")).await;
    assert!(used.contains("not good"), "{used}");
    bench.say("discord", "it works");
    is_in(&bench, "telegram", &room, "it works").await;
    // It asks for one more: that it is in another already is told to all, and in which to whoever may know.
    let asked = ask(&bench, "telegram", 0, &room, "/relay connect den").await;
    assert!(asked.contains("joined to lobby already: what is said in it then goes to both"), "{asked}");
    let code = self::code(&asked);
    let shown = ask(&bench, "discord", 0, &elsewhere, &format!("/relay approve {code}")).await;
    assert!(shown.contains("joined to another channel already") && !shown.contains("lobby"), "{shown}");
    let (_, shown) = approve(&bench, &code, &[]);
    assert!(shown.contains("It is joined to lobby already: what is said there then goes to both"), "{shown}");
    // What is proposed is what it can be joined to.
    let wrong = ask(&bench, "telegram", 0, &room, "/relay connect yrad").await;
    assert!(wrong.contains("Open here: yard."), "{wrong}");
    ask(&bench, "telegram", 0, &room, "/relay connect yard").await;
    let wrong = ask(&bench, "telegram", 0, &room, "/relay connect yrad").await;
    assert!(!wrong.contains("Open here"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_channel_is_as_if_it_were_not_there_and_a_private_room_asks_again() {
    let mut bench = Bench::new().await;
    bench.write_config("connect = \"closed\"\n[channels.den]\nlinks = []\nconnect = \"open\"\n[channels.attic]\nconnect = \"open\"\n");
    let room = second(&bench, "slack");
    let act = Act::SetPrivate { room: room.clone(), private: true };
    bench.people("slack").act(act).expect("it can be hidden");
    bench.start();
    bench.connected(3).await;
    let closed = ask(&bench, "slack", 0, &room, "/relay connect lobby").await;
    let missing = ask(&bench, "slack", 0, &room, "/relay connect cellar").await;
    assert_eq!(closed.replace("lobby", "cellar"), missing);
    let asks = ask(&bench, "slack", 0, &room, "/relay connect den").await;
    assert!(asks.contains("private") && asks.contains("/relay connect den yes"), "{asks}");
    let joined = ask(&bench, "slack", 0, &room, "/relay connect den yes").await;
    assert!(joined.contains("joined to den") && joined.contains("Shown here by other means: "), "{joined}");
    let other = second(&bench, "discord");
    let joined = ask(&bench, "discord", 0, &other, "/relay connect den").await;
    assert!(joined.contains("joined to den"), "{joined}");
    say_in(&bench, "discord", &other, "into the den");
    is_in(&bench, "slack", &room, "into the den").await;
    // More people can read it now than those who were asked: nothing more is said there until somebody agrees.
    let act = Act::SetPrivate { room: room.clone(), private: false };
    bench.people("slack").act(act).expect("it can be shown");
    let parked = || {
        let status = bench.status().unwrap_or_default();
        status["channels"][1]["links"]
            .as_array()
            .is_some_and(|links| links.iter().any(|link| link["lane"]["state"] == "parked"))
    };
    until("the link is parked", parked).await;
    say_in(&bench, "discord", &other, "not for everybody");
    until("it waits", || bench.status().is_some_and(|status| status.to_string().contains("\"queued\":1")))
        .await;
    assert!(
        bench_messages(&bench, "slack", &room).iter().all(|seen| !seen.text.contains("not for everybody"))
    );
    // Whoever manages the room cannot agree to that for the others, neither so nor by way of another channel.
    let elsewhere = ask(&bench, "slack", 0, &room, "/relay connect attic").await;
    assert!(elsewhere.contains("Whoever runs Relay has to agree"), "{elsewhere}");
    assert!(
        bench_messages(&bench, "slack", &room).iter().all(|seen| !seen.text.contains("not for everybody"))
    );
    let (done, told) = approve(&bench, &format!("slack:{room}"), &["--yes"]);
    assert!(done, "{told}");
    is_in(&bench, "slack", &room, "not for everybody").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_admins_file_leaves_a_tombstone_and_comes_back() {
    let mut bench = Bench::started().await;
    let file = std::fs::read(bench.config()).unwrap();
    let room = bench.room("telegram");
    let left = ask(&bench, "telegram", 0, &room, "/relay disconnect lobby").await;
    assert!(left.contains("has left lobby"), "{left}");
    for restarted in [false, true] {
        if restarted {
            bench.stop().await;
            bench.start();
            bench.connected(3).await;
        }
        bench.say("discord", &format!("without telegram {restarted}"));
        bench.arrives("slack", &format!("without telegram {restarted}")).await;
        assert!(bench.with("telegram", "without telegram").is_empty());
        let status = String::from_utf8(bench.command("status").output().unwrap().stdout).unwrap();
        assert!(status.contains("disconnected, though it is in the config"), "{status}");
        let checked = bench.command("check").output().unwrap();
        let told = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(
            checked.status.success() && told.contains("was disconnected from [channels.lobby]"),
            "{told}"
        );
    }
    assert_eq!(std::fs::read(bench.config()).unwrap(), file, "the admin's own file is not touched");
    // The admin has joined it once: nobody needs to be asked again.
    let back = ask(&bench, "telegram", 0, &room, "/relay connect lobby").await;
    assert!(back.contains("joined to lobby"), "{back}");
    bench.say("discord", "with telegram again");
    bench.arrives("telegram", "with telegram again").await;
    let checked = bench.command("check").output().unwrap();
    assert!(!String::from_utf8_lossy(&checked.stderr).contains("was disconnected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_is_stopped_and_nobody_else() {
    let mut bench = Bench::new().await;
    let owners = bench.room("slack");
    bench.write_config(&format!("owners = [\"slack:{owners}\"]\n"));
    bench.start();
    bench.connected(3).await;
    let room = second(&bench, "discord");
    let code = code(&ask(&bench, "discord", 0, &room, "/relay connect lobby").await);
    for guess in 0..5 {
        let wrong = ask(&bench, "slack", 0, &owners, &format!("/relay approve AAAA-222{guess} yes")).await;
        assert!(wrong.contains("not good"), "{wrong}");
    }
    // From now on a right one is not even looked at: a guesser would know when to stop.
    let stopped = ask(&bench, "slack", 0, &owners, &format!("/relay approve {code} yes")).await;
    assert!(stopped.contains("many tries"), "{stopped}");
    assert!(bench.with("slack", "has joined").is_empty());
    let (done, told) = approve(&bench, &code, &["--yes"]);
    assert!(
        done && told.contains("has joined lobby") && told.contains("Shown here by other means: "),
        "{told}"
    );
    let (done, told) = approve(&bench, &code, &["--yes"]);
    assert!(!done && told.contains("not good"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_relay_takes_any_room_out() {
    let mut bench = Bench::new().await;
    bench.write_config("connect = \"open\"\n");
    bench.start();
    bench.connected(3).await;
    let room = second(&bench, "slack");
    let joined = ask(&bench, "slack", 0, &room, "/relay connect lobby").await;
    assert!(joined.contains("joined to lobby"), "{joined}");
    let named = format!("slack:{room}");
    for (channel, written, done, words) in [
        ("loby", named.as_str(), false, "There is: lobby"),
        ("lobby", "slack:C0", false, "Joined are:"),
        ("lobby", named.as_str(), true, "has left lobby"),
        ("lobby", named.as_str(), false, "is not joined"),
    ] {
        let (was_done, told) = take_out(&bench, channel, written);
        assert!(was_done == done && told.contains(words), "{channel} {written}: {told}");
    }
    is_in(&bench, "discord", &bench.room("discord"), "has left lobby").await;
    say_in(&bench, "slack", &room, "is anybody there?");
    bench.say("telegram", "we are");
    bench.arrives("discord", "we are").await;
    assert!(bench.with("discord", "is anybody there?").is_empty());
    // What the admin took out of the admin's own file does not come back without being asked for.
    bench.stop().await;
    bench.write_config("connect = \"closed\"\n");
    bench.start();
    bench.connected(3).await;
    let own = bench.room("telegram");
    let (done, told) = take_out(&bench, "lobby", &format!("telegram:{own}"));
    assert!(done, "{told}");
    let refused = ask(&bench, "telegram", 0, &own, "/relay connect lobby").await;
    assert!(refused.contains("no channel lobby"), "{refused}");
}

/// A thread of a joined room belongs to it, for what is asked there as for what is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_a_thread_is_about_its_room_and_what_is_said_there_goes_on() {
    let bench = Bench::started().await;
    let room = bench.room("discord");
    let (person, name, text) = (bench.person("discord"), "owls".to_owned(), Some("zeroth in it".to_owned()));
    let open = Act::Open { person, room: room.clone(), message: None, name, text };
    let thread = bench.people("discord").act(open).expect("people open threads");
    bench.arrives("telegram", "zeroth in it").await;
    for (words, says) in [
        ("/relay privacy", "Telegram"),
        ("/relay status", "lobby"),
        ("/relay connect lobby", "joined to lobby already"),
    ] {
        let told = ask(&bench, "discord", 0, &thread, words).await;
        assert!(told.contains(says) && !told.contains("not carried anywhere"), "{words}: {told}");
    }
    let (person, text, thread) = (bench.person("discord"), "first in it".to_owned(), Some(thread));
    let say = Act::Say { person, room, text, reply_to: None, files: vec![], thread };
    bench.people("discord").act(say).expect("people talk in threads");
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "first in it").await;
    }
}

/// Who asks, who lets in and who is told know how much is shown of people there.
#[tokio::test(flavor = "multi_thread")]
async fn how_much_is_shown_of_people_is_said_before_and_after_a_room_joins() {
    let bench = crate::privacy::started_with("privacy = \"minimal\"").await;
    let room = second(&bench, "discord");
    let shown = "texts and reactions under other names; no files";
    let asked = ask(&bench, "discord", 0, &room, "/relay connect lobby").await;
    assert!(asked.contains(shown), "{asked}");
    let code = code(&asked);
    for (more, words) in [(&[][..], "wants to join lobby"), (&["--yes"][..], "has joined lobby")] {
        let (_, told) = approve(&bench, &code, more);
        assert!(told.contains(words) && told.contains(shown), "{told}");
    }
    for platform in PLATFORMS {
        is_in(&bench, platform, &bench.room(platform), shown).await;
    }
}
