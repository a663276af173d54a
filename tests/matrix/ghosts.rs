//! Relay as an application service: who speaks elsewhere has an account of their own.

use crate::yard::Yard;
use serde_json::json;
use std::time::Duration;

async fn started() -> Option<Yard> {
    let mut yard = Yard::with_ghosts().await?;
    begun(&mut yard).await;
    Some(yard)
}

/// Starts Relay, and waits until it is in both rooms: what is said before that is nobody's to carry.
async fn begun(yard: &mut Yard) {
    yard.bench.start();
    yard.bench.connected(2).await;
    let inside = async {
        while yard.bench.log().matches("an invitation was accepted").count() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // A homeserver that joins it by itself invites nobody.
    let _ = tokio::time::timeout(Duration::from_secs(15), inside).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_elsewhere_has_an_account_a_name_and_their_own_time() {
    let Some(yard) = started().await else { return };
    let id = yard.bench.say("discord", "**loud** and `code`");
    let copy = yard.copy(&yard.yard, "loud").await;
    let profile = yard.ada.profile(&copy.sender).await;
    assert_eq!(profile["displayname"], yard.bench.persona("discord"));
    assert_eq!(copy.body(), "loud and code");
    assert!(copy.sender != yard.relay.user, "an account of its own: {copy:?}");
    let there = yard.copy(&yard.barn, "loud").await;
    assert_eq!(there.sender, copy.sender, "the same account in each room");

    yard.bench.edit("discord", &id, "quiet");
    let edited = yard.becomes(&yard.yard, &copy.id, "the edit", |seen| seen.body() == "quiet").await;
    assert_eq!(edited.sender, copy.sender);
    yard.bench.delete("discord", &id);
    yard.goes(&yard.yard, "quiet").await;
    yard.goes(&yard.barn, "quiet").await;
    assert_eq!(yard.bench.counter("dead"), 0, "{}", yard.bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_its_edit_its_answer_its_reaction_and_its_delete_go_from_room_to_room() {
    let Some(yard) = started().await else { return };
    let id = yard.ada.says(&yard.yard, "first @room").await;
    let copy = yard.copy(&yard.barn, "first").await;
    assert_eq!((copy.body(), &copy.content["m.mentions"]), ("first @room", &json!({})));
    assert_eq!(yard.bo.profile(&copy.sender).await["displayname"], "Ada ‹Matrix›");
    assert_eq!(yard.bench.arrives("discord", "first").await.author, "Ada ‹Matrix›");

    yard.ada.edits(&yard.yard, &id, "second").await;
    yard.becomes(&yard.barn, &copy.id, "the edit", |seen| seen.body() == "second").await;
    // Bo answers the copy, and reacts to it: both reach the original.
    yard.bo.says_to(&yard.barn, "answer", json!({ "m.in_reply_to": { "event_id": copy.id } })).await;
    let answer = yard.copy(&yard.yard, "answer").await;
    assert_eq!((answer.answers(), answer.body()), (Some(id.as_str()), "answer"));
    let reaction = yard.bo.reacts(&yard.barn, &copy.id, "🦉").await;
    let reacted = yard.becomes(&yard.yard, &id, "a reaction", |seen| !seen.reactions.is_empty()).await;
    let (who, key) = reacted.reactions.first().cloned().expect("a reaction");
    let profile = yard.ada.profile(&who).await;
    assert_eq!((key.as_str(), profile["displayname"].as_str()), ("🦉", Some("Bo ‹Matrix›")));
    yard.bo.redacts(&yard.barn, &reaction).await;
    yard.becomes(&yard.yard, &id, "no reaction", |seen| seen.reactions.is_empty()).await;

    yard.ada.redacts(&yard.yard, &id).await;
    yard.goes(&yard.barn, "second").await;
    // What ghosts said is nobody's to carry.
    yard.ada.says(&yard.yard, "the end").await;
    yard.copy(&yard.barn, "the end").await;
    let said = yard.ada.sees(&yard.yard).await;
    let by_relay: Vec<_> =
        said.iter().filter(|seen| yard.is_own(&seen.sender)).map(|seen| seen.body()).collect();
    assert_eq!(by_relay, ["answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_a_poll() {
    let Some(yard) = started().await else { return };
    let text = |words: &str| json!({ "org.matrix.msc1767.text": words });
    let answer = |id: &str, words: &str| json!({ "id": id, "org.matrix.msc1767.text": words });
    let start = json!({
        "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1, "question": text("Owls?"),
        "answers": [answer("a", "Yes"), answer("b", "No")],
    });
    let kind = "org.matrix.msc3381.poll.start";
    yard.ada.send(&yard.yard, kind, json!({ kind: start, "org.matrix.msc1767.text": "Owls?" })).await;
    let copy = yard.arrives(&yard.barn, "the poll", |seen| seen.kind == kind).await;
    let asked = &copy.content[kind];
    assert_eq!(asked["question"]["org.matrix.msc1767.text"], "Owls?");
    let answers: Vec<_> = asked["answers"].as_array().into_iter().flatten().collect();
    assert_eq!(
        answers.iter().map(|answer| &answer["org.matrix.msc1767.text"]).collect::<Vec<_>>(),
        ["Yes", "No"]
    );
    assert!(yard.is_own(&copy.sender) && copy.sender != yard.relay.user, "{copy:?}");
    let is_asked = || {
        let asked = yard.bench.seen("discord").into_iter().filter_map(|seen| seen.poll);
        asked.filter(|poll| poll.question.contains("Owls?")).count() == 1
    };
    crate::bench::until("the poll on Discord", is_asked).await;
}

/// The homeserver repeats what was not acknowledged, and the history has it, too: it is there once.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_an_absence_arrives_once_and_in_order() {
    let Some(mut yard) = started().await else { return };
    let by = |yard: &Yard| {
        let ghosts = yard.service.as_ref().map(|service| service.ghosts.clone()).unwrap_or_default();
        let relay = yard.relay.user.clone();
        // By Relay itself, with the name before the text, where a busy homeserver does not let the ghost in just then.
        move |seen: &crate::person::Seen| {
            let words = seen.body().rsplit(": ").next().unwrap_or_default();
            ((seen.sender.starts_with(&ghosts) || seen.sender == relay) && words.starts_with("number "))
                .then(|| words.to_owned())
        }
    };
    for number in 0..30 {
        yard.ada.says(&yard.yard, &format!("number {number}")).await;
        match number {
            5 => yard.bench.stop().await,
            15 | 22 => {
                if number == 22 {
                    yard.bench.kill();
                }
                yard.bench.start();
            }
            _ => {}
        }
    }
    let expected: Vec<String> = (0..30).map(|number| format!("number {number}")).collect();
    let began = std::time::Instant::now();
    loop {
        let there: Vec<String> = yard.bo.sees(&yard.barn).await.iter().filter_map(by(&yard)).collect();
        if there == expected {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{there:?}: {}", yard.bench.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Each bears the time at which it was said.
    let times = |said: Vec<crate::person::Seen>| -> Vec<i64> {
        said.iter().filter(|seen| seen.body().contains("number ")).map(|seen| seen.at).collect()
    };
    assert_eq!(times(yard.bo.sees(&yard.barn).await), times(yard.ada.sees(&yard.yard).await));
}

/// What is said in the moment in which Synapse has made up for an absence it keeps to itself, until it has something to make up for again.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_homeserver_leaves_lying_is_carried_too_and_in_its_place() {
    let Some(mut yard) = started().await else { return };
    let service = yard.service.clone().unwrap();
    yard.bench.stop().await;
    yard.bench.start();
    yard.bench.connected(2).await;
    // Relay counts from what comes last.
    yard.ada.says(&yard.yard, "hello").await;
    yard.copy(&yard.barn, "hello").await;
    for (left_lying, next) in [("number 0", Some("number 1")), ("number 2", None)] {
        crate::bench::until("it sends", || yard.synapse.sends(&service)).await;
        yard.synapse.keeps_back(&service, true);
        let event = yard.ada.says(&yard.yard, left_lying).await;
        crate::bench::until("it is kept", || yard.synapse.kept_back(&service).contains(&event)).await;
        yard.synapse.keeps_back(&service, false);
        if let Some(next) = next {
            yard.ada.says(&yard.yard, next).await;
        }
        yard.copy(&yard.barn, next.unwrap_or(left_lying)).await;
        yard.copy(&yard.barn, left_lying).await;
        yard.synapse.forgets_what_it_kept(&service);
    }
    let said = yard.bo.sees(&yard.barn).await;
    let numbers = said.iter().map(|seen| seen.body()).filter(|body| body.starts_with("number "));
    assert_eq!(numbers.collect::<Vec<_>>(), ["number 0", "number 1", "number 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_old_is_carried_at_the_first_start() {
    let Some(mut yard) = Yard::with_ghosts().await else { return };
    yard.relay.joins(&yard.yard).await;
    yard.ada.says(&yard.yard, "long ago").await;
    begun(&mut yard).await;
    yard.ada.says(&yard.yard, "now").await;
    yard.copy(&yard.barn, "now").await;
    assert!(yard.bo.sees(&yard.barn).await.iter().all(|seen| !seen.body().contains("long ago")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_room_is_refused_in_words() {
    let Some(mut yard) = Yard::with_ghosts().await else { return };
    let encryption = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    yard.bo.sets(&yard.barn, "m.room.encryption", encryption).await;
    begun(&mut yard).await;
    let began = std::time::Instant::now();
    while !yard.bench.status().is_some_and(|status| status.to_string().contains("end-to-end encrypted")) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", yard.bench.status());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    yard.ada.says(&yard.yard, "still here").await;
    yard.bench.arrives("discord", "still here").await;
}

/// Where people who have no rights of their own may not write, Relay speaks for them.
#[tokio::test(flavor = "multi_thread")]
async fn where_ghosts_may_not_write_relay_does() {
    let Some(mut yard) = Yard::with_ghosts().await else { return };
    let levels = json!({ "users": { (yard.relay.user.clone()): 50 }, "events_default": 50 });
    yard.bo.sets(&yard.barn, "m.room.power_levels", levels).await;
    begun(&mut yard).await;
    yard.ada.says(&yard.yard, "hello barn").await;
    let copy = yard.copy(&yard.barn, "hello barn").await;
    assert_eq!((copy.sender.as_str(), copy.body()), (yard.relay.user.as_str(), "Ada ‹Matrix›: hello barn"));
}

/// Promise: who does not want to be named has an account there that tells nothing of them; who says no has none.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_named_has_another_account() {
    let Some(yard) = started().await else { return };
    let discord = yard.bench.people("discord");
    let people = yard.bench.platform("discord").people.clone();
    let room = yard.bench.room("discord");
    for (person, word) in [(0, "anonymous"), (1, "none")] {
        let (id, text) = (people[person].id.clone(), format!("/relay privacy {word}"));
        let command = stand_ins::people::Act::Command { person: id.clone(), room: room.clone(), text };
        while discord.act(command.clone()).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while !yard.bench.seen("discord").iter().any(|seen| seen.only_for.as_deref() == Some(id.as_str())) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let say = |person: usize, text: &str| {
        let (person, room) = (people[person].id.clone(), room.clone());
        let (text, reply_to) = (text.to_owned(), None);
        let act = stand_ins::people::Act::Say { person, room, text, reply_to, files: vec![], thread: None };
        discord.act(act).unwrap()
    };
    say(1, "xyzzy");
    say(0, "masked");
    let copy = yard.copy(&yard.yard, "masked").await;
    let profile = yard.ada.profile(&copy.sender).await;
    let name = profile["displayname"].as_str().unwrap();
    assert!(name.ends_with("‹Discord›") && !name.contains(&people[0].name), "{name}");
    assert!(!copy.sender.contains(&people[0].id), "{}", copy.sender);
    // From Matrix to Discord the same: read off Discord's sockets.
    yard.ada.says(&yard.yard, "!relay privacy none").await;
    yard.arrives(&yard.yard, "the answer", |seen| seen.body().contains("nothing of yours is carried")).await;
    discord.heard().begin();
    let secret = yard.ada.says(&yard.yard, "plugh").await;
    yard.ada.reacts(&yard.yard, &copy.id, "🔥").await;
    yard.bo.says(&yard.barn, "the end").await;
    yard.bench.arrives("discord", "the end").await;
    for bytes in ["plugh", "🔥", yard.ada.user.as_str(), secret.as_str()] {
        assert!(!discord.heard().has(bytes), "{bytes}");
    }
    let everything: Vec<_> = yard.bo.events(&yard.barn).await;
    let everything = serde_json::to_string(&everything).unwrap();
    for bytes in ["plugh", "xyzzy", "🔥", people[1].id.as_str(), people[0].id.as_str()] {
        assert!(!everything.contains(bytes), "{bytes}: {everything}");
    }
    assert_eq!(yard.bench.counter("dead"), 0, "{}", yard.bench.log());
}
