//! What is hidden stays so: in answers to what Relay itself has posted, in what waited while it was forbidden, in what others pass on of
//! before a yes, behind a mute, and where a platform's clock is ahead.

use crate::bench::{Bench, PLATFORMS, until};
use crate::clocks::{clock, start};
use crate::joining::ask;
use crate::privacy::{
    bench, choose, has_passed, listen, others, pass_on, reached_nobody, react, say, started, started_with,
    told,
};
use serde_json::Value;
use stand_ins::people::{Act, Given, Seen};
use std::time::Duration;

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
}

/// A command on Telegram in an answer to a message; answers the message that everybody there reads as the answer.
async fn asked_about(bench: &Bench, message: &str, words: &str) -> Seen {
    let command = say(bench, "telegram", 0, words, Some(message.to_owned()));
    let is_answer = |seen: &Seen| seen.reply_to.as_deref() == Some(&command);
    until(&format!("an answer to {words}"), || bench.seen("telegram").iter().any(is_answer)).await;
    bench.seen("telegram").into_iter().find(is_answer).expect("it is there")
}

/// Somebody else of a platform answers a message there, and it arrives elsewhere without this.
async fn is_answered_without(bench: &Bench, platform: &str, message: &str, word: &str, what: &[&str]) {
    listen(bench);
    say(bench, platform, 1, word, Some(message.to_owned()));
    for other in others(platform) {
        bench.arrives(other, word).await;
    }
    reached_nobody(bench, platform, what);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_relay_tells_a_room_names_nobody() {
    let bench = started().await;
    let name = bench.person("discord");
    relay(&bench, "discord", 0, "pause").await;
    let told = bench.arrives("discord", &format!("{name} has paused")).await;
    // Also where nobody has chosen yet: what has crossed then would stay.
    is_answered_without(&bench, "discord", &told.id, "answered in the open", &[&name]).await;
    choose(&bench, "discord", 0, "none").await;
    is_answered_without(&bench, "discord", &told.id, "answered after a no", &[&name]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_nobody_knows_any_more_tells_nothing_of_people_elsewhere() {
    let bench = started().await;
    let name = bench.person("discord");
    let said = bench.say("discord", "something to react to");
    react(&bench, "discord", 0, &said, "🎉");
    let copy = bench.arrives("telegram", "something to react to").await;
    until("the reaction is there", || {
        bench.with("telegram", "something to react to").iter().any(|seen| !seen.reactions.is_empty())
    })
    .await;
    // Everybody there reads it, and Relay does not keep what it answers.
    let who = asked_about(&bench, &copy.id, "/relay who").await;
    assert!(who.text.contains(&name), "{who:?}");
    is_answered_without(&bench, "telegram", &who.id, "answered in the open", &[&name]).await;
    choose(&bench, "discord", 0, "none").await;
    is_answered_without(&bench, "telegram", &who.id, "answered after a no", &[&name]).await;
    // Nor is it written down with the answer.
    let answers = format!("telegram:{}", bench.platform("telegram").people[1].id);
    let (ok, kept) = told(&bench, &["export", &answers, "--out", "-"]);
    assert!(ok && kept.contains("answered after a no") && !kept.contains(&name), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_a_yes_does_not_come_when_others_pass_it_on() {
    let bench = started_with("consent = \"opt_in\"").await;
    for from in PLATFORMS {
        choose(&bench, from, 1, "full").await;
        let early = say(&bench, from, 0, &format!("gostak of {from}"), None);
        has_passed(&bench, from, &format!("{from}-heard-it")).await;
        // Platforms tell whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        choose(&bench, from, 0, "full").await;
        listen(&bench);
        pass_on(&bench, from, 1, &early);
        has_passed(&bench, from, &format!("{from}-is-through")).await;
        reached_nobody(&bench, from, &["gostak"]);
    }
    // What is said now may be passed on where the platform tells what it is.
    let open = say(&bench, "discord", 0, "plugh in the open", None);
    bench.arrives("slack", "plugh in the open").await;
    pass_on(&bench, "discord", 1, &open);
    until("it is passed on", || bench.with("slack", "plugh in the open").len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_was_not_allowed_does_not_come_when_others_pass_it_on() {
    let bench = started_with("consent = \"opt_in\"").await;
    choose(&bench, "discord", 1, "full").await;
    relay(&bench, "discord", 0, "consent grant bridging for 3 seconds").await;
    let said = bench.say("discord", "said with a grant");
    for platform in others("discord") {
        bench.arrives(platform, "said with a grant").await;
    }
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    listen(&bench);
    bench.edit("discord", &said, "gostak without one");
    pass_on(&bench, "discord", 1, &said);
    choose(&bench, "discord", 0, "full").await;
    pass_on(&bench, "discord", 1, &said);
    // All that somebody else said is looked at again.
    relay(&bench, "discord", 1, "consent revoke bridging presence").await;
    has_passed(&bench, "discord", "somebody else").await;
    reached_nobody(&bench, "discord", &["gostak"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_while_it_is_forbidden_does_not_come_when_it_is_allowed_again() {
    let bench = started().await;
    relay(&bench, "slack", 0, "pause").await;
    say(&bench, "discord", 0, "said before the no", None);
    bench.arrives("telegram", "said before the no").await;
    relay(&bench, "discord", 0, "consent revoke bridging to slack").await;
    relay(&bench, "discord", 0, "consent grant bridging to slack").await;
    say(&bench, "discord", 0, "said after the yes", None);
    bench.arrives("telegram", "said after the yes").await;
    relay(&bench, "slack", 0, "resume").await;
    bench.arrives("slack", "said after the yes").await;
    assert!(bench.with("slack", "said before the no").is_empty());
    assert_eq!(bench.with("telegram", "said before the no").len(), 1, "nobody forbade it there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_at_the_door_while_it_is_forbidden_does_not_come_later() {
    let mut bench = bench().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let config = config.replace("flood = \"off\"", "flood = \"60 per minute, 2 at once\"");
    std::fs::write(bench.config(), config).unwrap();
    bench.start();
    bench.connected(3).await;
    for number in 0..6 {
        say(&bench, "slack", 0, &format!("held-{number}."), None);
    }
    let held = || bench.status().is_some_and(|status| status["held"] != Value::Null);
    until("some of it is held", held).await;
    choose(&bench, "slack", 0, "none").await;
    choose(&bench, "slack", 0, "full").await;
    until("nothing is held", || !held()).await;
    has_passed(&bench, "slack", "somebody else").await;
    for platform in others("slack") {
        // What had crossed by then is taken back.
        until("it goes", || bench.with(platform, "held-").is_empty()).await;
    }
    say(&bench, "slack", 0, "said after the yes", None);
    for platform in others("slack") {
        bench.arrives(platform, "said after the yes").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_does_not_tell_whose_a_mask_is() {
    let bench = started().await;
    let linking = relay(&bench, "discord", 0, "link").await;
    let code = linking
        .split("/relay link ")
        .find_map(|rest| rest.split_whitespace().next().filter(|code| code.len() == 9));
    let code = code.unwrap_or_else(|| panic!("no code in {linking}")).to_owned();
    let linked = relay(&bench, "telegram", 0, &format!("link {code}")).await;
    assert!(linked.contains("This code is good."), "{linked}");
    choose(&bench, "discord", 0, "anonymous").await;
    choose(&bench, "telegram", 0, "full").await;
    for platform in ["discord", "telegram"] {
        say(&bench, platform, 0, &format!("as on {platform}"), None);
        bench.arrives("slack", &format!("as on {platform}")).await;
    }
    let muted = relay(&bench, "slack", 0, &format!("mute {}", bench.person("telegram"))).await;
    assert!(muted.contains("is muted"), "{muted}");
    say(&bench, "telegram", 0, "by name", None);
    bench.arrives("discord", "by name").await;
    say(&bench, "discord", 0, "under the mask", None);
    bench.arrives("slack", "under the mask").await;
    assert!(bench.with("slack", "by name").is_empty());
    // Named in the room with both, they are one.
    choose(&bench, "discord", 0, "full").await;
    say(&bench, "discord", 0, "named on discord", None);
    bench.arrives("telegram", "named on discord").await;
    say(&bench, "discord", 1, "somebody else", None);
    bench.arrives("slack", "somebody else").await;
    assert!(bench.with("slack", "named on discord").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_platforms_clock_is_ahead_a_choice_holds_for_the_past() {
    let Some(clock) = clock() else { return };
    clock.set("-40s");
    let mut bench = bench().await;
    start(&mut bench, &clock).await;
    let name = bench.person("discord");
    let said = bench.say("discord", "under the name");
    for platform in others("discord") {
        bench.arrives(platform, "under the name").await;
    }
    choose(&bench, "discord", 0, "anonymous").await;
    for platform in others("discord") {
        until("it goes", || bench.with(platform, "under the name").is_empty()).await;
    }
    listen(&bench);
    bench.edit("discord", &said, "and now under a mask");
    bench.say("discord", "masked from the start");
    for platform in others("discord") {
        bench.arrives(platform, "masked from the start").await;
        assert!(bench.with(platform, "and now under a mask").is_empty());
    }
    reached_nobody(&bench, "discord", &[&name, "and now under"]);
    // What was said under a no does not come out of a history by a clock that has it after the yes.
    choose(&bench, "slack", 0, "none").await;
    say(&bench, "slack", 0, "said under a no", None);
    has_passed(&bench, "slack", "somebody else").await;
    choose(&bench, "slack", 0, "full").await;
    let room = format!("slack:{}", bench.room("slack"));
    let (ok, words) = told(&bench, &["resync", &room, "--since", "1 hour"]);
    assert!(ok, "{words}");
    tokio::time::sleep(Duration::from_millis(700)).await;
    for platform in others("slack") {
        assert!(bench.with(platform, "said under a no").is_empty());
    }
    let (_, kept) =
        told(&bench, &["export", &format!("slack:{}", bench.platform("slack").people[0].id), "--out", "-"]);
    assert!(!kept.contains("said under a no"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_shown_do_not_come_when_others_pass_them_on() {
    let bench = started().await;
    choose(&bench, "discord", 0, "minimal").await;
    listen(&bench);
    let (person, room) = (bench.platform("discord").people[0].id.clone(), bench.room("discord"));
    let (text, files) = ("words alone".into(), vec![Given::Name("unseen.png".into())]);
    let give = Act::Say { person, room, text, reply_to: None, files, thread: None };
    let said = bench.people("discord").act(give).expect("people can give");
    pass_on(&bench, "discord", 1, &said);
    has_passed(&bench, "discord", "somebody else").await;
    for platform in others("discord") {
        until("both are there", || bench.with(platform, "words alone").len() == 2).await;
    }
    reached_nobody(&bench, "discord", &["unseen.png"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_that_was_never_written_down_is_not_when_it_is_taken_off() {
    let bench = started_with("consent = \"opt_in\"").await;
    choose(&bench, "discord", 1, "full").await;
    let said = say(&bench, "discord", 1, "something to react to", None);
    bench.arrives("telegram", "something to react to").await;
    let who = bench.platform("discord").people[0].id.clone();
    let takes_off = |emoji: &str| {
        let (room, message) = (bench.room("discord"), said.clone());
        let act = Act::React { person: who.clone(), room, message, emoji: emoji.into(), on: false };
        bench.people("discord").act(act).expect("people can take it off");
    };
    let kept = || told(&bench, &["export", &format!("discord:{who}"), "--out", "-"]).1;
    react(&bench, "discord", 0, &said, "🔥");
    takes_off("🔥");
    has_passed(&bench, "discord", "that was under no yes").await;
    assert!(!kept().contains("🔥"), "{}", kept());
    // What was carried and is taken off is, whatever holds by then.
    relay(&bench, "discord", 0, "consent grant bridging for 3 seconds").await;
    react(&bench, "discord", 0, &said, "🎉");
    has_passed(&bench, "discord", "that was under one").await;
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    takes_off("🎉");
    has_passed(&bench, "discord", "that was behind it").await;
    assert_eq!(kept().matches("🎉").count(), 2, "{}", kept());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_pseudonym() {
    let bench = started().await;
    choose(&bench, "discord", 0, "anonymous").await;
    bench.say("discord", "under a mask");
    let mask = bench.arrives("slack", "under a mask").await.author;
    let name = mask.split(" ‹").next().expect("there is one").to_owned();
    let (person, room) = (bench.platform("discord").people[1].id.clone(), bench.room("discord"));
    bench.people("discord").act(Act::CallThemselves { person, room, name: name.clone() }).expect("they can");
    say(&bench, "discord", 1, "under a stolen one", None);
    let stolen = bench.arrives("slack", "under a stolen one").await.author;
    assert!(stolen.starts_with(&name) && stolen != mask, "they are told apart: {stolen}");
    bench.say("discord", "under the mask again");
    assert_eq!(bench.arrives("slack", "under the mask again").await.author, mask);
}
