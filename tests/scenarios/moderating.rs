//! What those who manage a room change in it from the chat: pauses, mutes, how people of elsewhere are named.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::ask;
use crate::privacy;
use stand_ins::people::Act;
use stand_ins::world::World;
use std::time::Duration;

/// What Relay has carried into a platform's linked room, oldest first, of what contains this word.
fn carried(bench: &Bench, platform: &str, word: &str) -> Vec<String> {
    let copies = bench.with(platform, word).into_iter().filter(|seen| seen.by_bot);
    copies.map(|seen| seen.text).collect()
}

/// One of a platform's people says something in its linked room; answers its id.
fn says(bench: &Bench, platform: &str, person: usize, text: &str, reply_to: Option<&str>) -> String {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let reply_to = reply_to.map(str::to_owned);
    let act = Act::Say { person, room, text: text.into(), reply_to, files: vec![], thread: None };
    bench.people(platform).act(act).expect("people can talk")
}

/// A command on Telegram, in an answer to a message, and what is answered.
async fn asks_about(bench: &Bench, person: usize, message: &str, words: &str) -> String {
    let command = says(bench, "telegram", person, words, Some(message));
    let is_answer = |seen: &stand_ins::people::Seen| seen.reply_to.as_deref() == Some(&command);
    until(&format!("an answer to {words}"), || bench.seen("telegram").iter().any(is_answer)).await;
    bench.seen("telegram").into_iter().find(is_answer).map(|seen| seen.text).unwrap_or_default()
}

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
}

/// Long enough for what would be carried.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_paused_over_a_restart_and_everything_comes_in_its_order() {
    let mut bench = Bench::started().await;
    for platform in PLATFORMS {
        let room = bench.room(platform);
        let others: Vec<&str> = PLATFORMS.into_iter().filter(|other| *other != platform).collect();
        for words in ["/relay pause", "/relay resume"] {
            let refused = ask(&bench, platform, 1, &room, words).await;
            assert!(refused.contains("may manage this room"), "{platform}: {refused}");
        }
        let not_paused = ask(&bench, platform, 0, &room, "/relay resume").await;
        assert!(not_paused.contains("is not paused"), "{platform}: {not_paused}");
        let paused = ask(&bench, platform, 0, &room, "/relay pause").await;
        assert!(paused.contains("Paused") && paused.contains("/relay resume"), "{platform}: {paused}");
        // Where not everybody reads the answer, the room is told by whom, once.
        let told = format!("{} has paused", bench.person(platform));
        bench.arrives(platform, &told).await;
        let words: Vec<String> = (0..4).map(|n| format!("{platform} waits {n}")).collect();
        for (n, word) in words.iter().enumerate() {
            bench.say(others[n % 2], word);
            bench.arrives(others[(n + 1) % 2], word).await;
        }
        // What is said here goes on.
        bench.say(platform, &format!("from the paused {platform}"));
        bench.arrives(others[0], &format!("from the paused {platform}")).await;
        let status = ask(&bench, platform, 1, &room, "/relay status").await;
        assert!(status.contains("Paused by those who manage this room"), "{platform}: {status}");
        assert!(status.contains("4 deliveries wait"), "{platform}: {status}");
        bench.stop().await;
        bench.start();
        bench.connected(3).await;
        a_while().await;
        assert_eq!(carried(&bench, platform, &format!("{platform} waits")), [""; 0], "{platform}");
        let resumed = ask(&bench, platform, 0, &room, "/relay resume").await;
        assert!(resumed.contains("goes on"), "{platform}: {resumed}");
        // What was told of it is not left to stand.
        let ended = format!("{} has ended the pause", bench.person(platform));
        bench.arrives(platform, &ended).await;
        bench.arrives(platform, &words[3]).await;
        let came = carried(&bench, platform, &format!("{platform} waits"));
        let in_order = words.iter().zip(&came).all(|(word, copy)| copy.contains(word.as_str()));
        assert!(came.len() == 4 && in_order, "{platform}: {came:?}");
        let told = format!("{} has paused", bench.person(platform));
        assert!(bench.with(platform, &told).len() <= 1, "{platform}");
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_told_when_its_pause_is_changed() {
    let bench = Bench::started().await;
    relay(&bench, "slack", 0, "pause for 2 hours").await;
    bench.arrives("slack", "into this room until").await;
    relay(&bench, "slack", 0, "pause").await;
    bench.arrives("slack", "into this room. It is kept").await;
    // Nothing new is told of.
    relay(&bench, "slack", 0, "pause").await;
    relay(&bench, "slack", 0, "resume").await;
    bench.arrives("slack", "has ended the pause").await;
    assert_eq!(bench.with("slack", "into this room. It is kept").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_relay_and_those_who_manage_a_room_hold_it_beside_each_other() {
    let bench = Bench::started().await;
    let (room, written) = (bench.room("slack"), format!("slack:{}", bench.room("slack")));
    let queue = |what: &str| bench.command("queue").args([what, &written]).output().unwrap();
    assert!(queue("pause").status.success());
    let not_theirs = ask(&bench, "slack", 0, &room, "/relay resume").await;
    assert!(not_theirs.contains("Whoever runs Relay holds this room"), "{not_theirs}");
    let too = ask(&bench, "slack", 0, &room, "/relay pause for 2 hours").await;
    assert!(too.contains("Paused until") && too.contains("holds this room as well"), "{too}");
    let wrong = ask(&bench, "slack", 0, &room, "/relay pause for ever").await;
    assert!(wrong.contains("Write it like 2 hours"), "{wrong}");
    let resumed = ask(&bench, "slack", 0, &room, "/relay resume").await;
    assert!(resumed.contains("Whoever runs Relay holds this room as well"), "{resumed}");
    bench.say("discord", "kept by both");
    bench.arrives("telegram", "kept by both").await;
    ask(&bench, "slack", 0, &room, "/relay pause").await;
    // Whoever runs Relay lets it go on whoever held it.
    assert!(queue("resume").status.success());
    bench.arrives("slack", "kept by both").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_from_elsewhere_is_muted_in_one_room_by_a_message_of_theirs() {
    let mut bench = Bench::started().await;
    let before = says(&bench, "discord", 0, "said before", None);
    let copy = bench.arrives("telegram", "said before").await;
    let refused = asks_about(&bench, 1, &copy.id, "/relay mute").await;
    assert!(refused.contains("may manage this room"), "{refused}");
    let own = says(&bench, "telegram", 1, "from here", None);
    bench.arrives("slack", "from here").await;
    let wrong = asks_about(&bench, 0, &own, "/relay mute").await;
    assert!(wrong.contains("is not from elsewhere"), "{wrong}");
    let muted = asks_about(&bench, 0, &copy.id, "/relay mute").await;
    let told = format!("{} is muted in this room", bench.persona("discord"));
    assert!(muted.contains(&told), "{muted}");
    // Another room shows them as before, and this one the others.
    let unseen = says(&bench, "discord", 0, "not for telegram", None);
    bench.arrives("slack", "not for telegram").await;
    bench.edit("discord", &before, "said anew");
    bench.arrives("slack", "said anew").await;
    says(&bench, "discord", 1, "an answer by another", Some(&unseen));
    let answer = bench.arrives("telegram", "an answer by another").await;
    assert!(!answer.text.contains("not for telegram"), "{}", answer.text);
    says(&bench, "discord", 1, "an answer to what is there", Some(&before));
    let answer = bench.arrives("telegram", "an answer to what is there").await;
    assert!(!answer.text.contains("said anew"), "{}", answer.text);
    // Nor what they react with.
    let liked = says(&bench, "telegram", 1, "do you like it?", None);
    let there = bench.arrives("discord", "do you like it?").await;
    for (person, emoji) in [(0, "👎"), (1, "👍")] {
        let person = bench.platform("discord").people[person].id.clone();
        let (room, message) = (bench.room("discord"), there.id.clone());
        let act = Act::React { person, room, message, emoji: emoji.into(), on: true };
        bench.people("discord").act(act).expect("people can react");
    }
    let reactions = || -> Vec<String> {
        let seen = bench.seen("telegram").into_iter().find(|seen| seen.id == liked).expect("it is there");
        seen.reactions.into_iter().map(|reaction| reaction.emoji).collect()
    };
    until("the other's reaction", || reactions().contains(&"👍".to_owned())).await;
    assert_eq!(reactions(), ["👍"]);
    assert!(bench.with("telegram", "not for telegram").is_empty());
    assert!(bench.with("telegram", "said anew").is_empty(), "an edit brings nothing");
    let on_slack = bench.arrives("slack", "not for telegram").await;
    let (room, shortcut) = (bench.room("slack"), format!("shortcut:relay_trace {}", on_slack.id));
    let trace = ask(&bench, "slack", 0, &room, &shortcut).await;
    assert!(trace.contains("a Telegram room: not shown: its author is muted in that room"), "{trace}");
    // It lasts over a restart, and what is deleted goes.
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    says(&bench, "discord", 0, "still not for telegram", None);
    bench.arrives("slack", "still not for telegram").await;
    bench.delete("discord", &before);
    until("it is gone", || bench.with("telegram", "said before").is_empty()).await;
    let list = relay(&bench, "telegram", 0, "mute").await;
    assert!(list.contains("1 person is muted") && list.contains(&bench.persona("discord")), "{list}");
    let refused = relay(&bench, "telegram", 1, "mute").await;
    assert!(refused.contains("may manage this room"), "{refused}");
    // Whoever is muted is told so in what is kept of them: on which platform, and not where or by whom.
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    let of_them = || privacy::told(&bench, &["export", &who, "--out", "-"]).1;
    let mutes = |lines: String| -> Vec<String> {
        lines.lines().filter(|line| line.contains("\"what\":\"mute\"")).map(str::to_owned).collect()
    };
    let kept = mutes(of_them());
    assert!(kept.len() == 1 && kept[0].contains("\"on\":\"telegram\""), "{kept:?}");
    assert!(!kept[0].contains(&bench.room("telegram")), "{kept:?}");
    let shown = relay(&bench, "telegram", 0, &format!("unmute {}", bench.person("discord"))).await;
    assert!(shown.contains("is shown in this room again"), "{shown}");
    assert_eq!(mutes(of_them()), Vec::<String>::new());
    says(&bench, "discord", 0, "for everybody", None);
    bench.arrives("telegram", "for everybody").await;
    assert!(bench.with("telegram", "not for telegram").is_empty(), "it does not come later");
    assert_eq!(bench.counter("dead"), 0);
    assert!(bench.counter("muted") >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_mutes_one_person_and_what_waits_of_them_is_not_shown() {
    let mut world = World::demo();
    world.discord.people[0].name = "Robin".into();
    world.telegram.people[0].name = "Robin".into();
    world.telegram.people[1].name = "Kim".into();
    world.discord.people[1].name = "Kim for 5 minutes".into();
    let mut bench = Bench::of(world).await;
    bench.start();
    bench.connected(3).await;
    says(&bench, "discord", 0, "robin of discord", None);
    bench.arrives("slack", "robin of discord").await;
    says(&bench, "telegram", 0, "robin of telegram", None);
    bench.arrives("slack", "robin of telegram").await;
    for words in ["mute Robin", "unmute Robin", "mute"] {
        let refused = relay(&bench, "slack", 1, words).await;
        assert!(refused.contains("may manage this room"), "{words}: {refused}");
    }
    let nobody = relay(&bench, "slack", 0, "mute").await;
    assert!(nobody.contains("Nobody is muted"), "{nobody}");
    let unknown = relay(&bench, "slack", 0, "mute Zoe").await;
    assert!(unknown.contains("Nobody from elsewhere who goes by Zoe"), "{unknown}");
    // Two go by that name: which is asked, and each answer is a command.
    let which = relay(&bench, "slack", 0, "mute Robin for 1 hour").await;
    assert!(which.contains("2 people go by that name"), "{which}");
    let line = which.lines().find(|line| line.starts_with("• Robin ‹Telegram")).expect("a choice");
    let chosen = line.split("/relay ").nth(1).expect("a command");
    assert!(chosen.ends_with(" for 1 hour"), "{line}");
    // What waits when they are muted is not shown either.
    relay(&bench, "slack", 0, "pause").await;
    says(&bench, "telegram", 0, "waits to be muted", None);
    bench.arrives("discord", "waits to be muted").await;
    says(&bench, "telegram", 1, "waits to be shown", None);
    bench.arrives("discord", "waits to be shown").await;
    let muted = relay(&bench, "slack", 0, chosen).await;
    assert!(muted.contains("is muted in this room until"), "{muted}");
    relay(&bench, "slack", 0, "resume").await;
    bench.arrives("slack", "waits to be shown").await;
    assert!(bench.with("slack", "waits to be muted").is_empty());
    says(&bench, "discord", 0, "the other Robin", None);
    bench.arrives("slack", "the other Robin").await;
    let on_discord = bench.arrives("discord", "waits to be muted").await;
    let trace = bench.command("trace").arg(&on_discord.id).output().unwrap();
    let trace = String::from_utf8_lossy(&trace.stdout).into_owned();
    assert!(trace.contains("its author is muted in that room"), "{trace}");
    // From Discord, by its own command.
    let muted = relay(&bench, "discord", 0, "mute Kim").await;
    assert!(muted.contains("Kim ‹Telegram› is muted"), "{muted}");
    says(&bench, "telegram", 1, "kim on slack alone", None);
    bench.arrives("slack", "kim on slack alone").await;
    let again = relay(&bench, "discord", 0, "unmute Kim").await;
    assert!(again.contains("is shown in this room again"), "{again}");
    says(&bench, "telegram", 1, "kim is back", None);
    bench.arrives("discord", "kim is back").await;
    assert!(bench.with("discord", "kim on slack alone").is_empty());
    // A name may end like a span: which is meant is asked.
    says(&bench, "discord", 1, "a name like a span", None);
    bench.arrives("slack", "a name like a span").await;
    let which = relay(&bench, "slack", 0, "mute Kim for 5 minutes").await;
    let line = which.lines().find(|line| line.starts_with("• Kim for 5 minutes ‹Discord")).expect("a choice");
    assert!(which.contains("• Kim ‹Telegram") && which.contains(" for 5 minutes\n"), "{which}");
    let muted = relay(&bench, "slack", 0, line.split("/relay ").nth(1).expect("a command")).await;
    assert!(muted.contains("Kim for 5 minutes ‹Discord› is muted"), "{muted}");
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_linked_their_accounts_is_muted_with_all_of_them() {
    let bench = Bench::started().await;
    let told = relay(&bench, "discord", 0, "link").await;
    let code =
        told.split("/relay link ").find_map(|rest| rest.split_whitespace().next().filter(|c| c.len() == 9));
    let code = code.unwrap_or_else(|| panic!("no code in {told}"));
    let linked = relay(&bench, "telegram", 0, &format!("link {code}")).await;
    assert!(linked.contains("This code is good."), "{linked}");
    says(&bench, "discord", 0, "as on discord", None);
    bench.arrives("slack", "as on discord").await;
    let muted = relay(&bench, "slack", 0, &format!("mute {}", bench.person("discord"))).await;
    assert!(muted.contains("is muted"), "{muted}");
    says(&bench, "telegram", 0, "by another account", None);
    bench.arrives("discord", "by another account").await;
    says(&bench, "telegram", 1, "somebody else", None);
    bench.arrives("slack", "somebody else").await;
    assert!(bench.with("slack", "by another account").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_room_says_how_people_of_elsewhere_are_called_in_it() {
    let mut bench = Bench::new().await;
    bench.link_as("slack", "name = \"{name} (written by the admin)\"");
    let file = std::fs::read_to_string(bench.config()).unwrap();
    bench.start();
    bench.connected(3).await;
    // Discord takes its own name in nobody's.
    let marks = [("discord", "first"), ("slack", "second"), ("telegram", "third")];
    for (platform, mark) in marks {
        let from = if platform == "discord" { "telegram" } else { "discord" };
        let refused = relay(&bench, platform, 1, "template {name}!").await;
        assert!(refused.contains("may manage this room"), "{platform}: {refused}");
        let wrong = relay(&bench, platform, 0, "template somebody").await;
        assert!(wrong.contains("says nothing of who somebody is"), "{platform}: {wrong}");
        let named = format!("{} of the {mark}", bench.person(from));
        let set = relay(&bench, platform, 0, &format!("template {{name}} of the {mark}")).await;
        assert!(set.contains(&format!("Ada of the {mark} ‹")), "{platform}: {set}");
        let word = format!("called anew on {platform}");
        bench.say(from, &word);
        let copy = bench.arrives(platform, &word).await;
        let shown = format!("{} {}", copy.author, copy.text);
        assert!(shown.contains(&named), "{platform}: {shown}");
    }
    // Kept over a reload and a restart; the admin's own file is as it was, and what is in force is no change.
    assert_eq!(std::fs::read_to_string(bench.config()).unwrap(), file);
    let plan = bench.command("plan").output().unwrap();
    let planned = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.status.success() && !planned.contains("name"), "{planned}");
    assert!(bench.command("reload").output().unwrap().status.success());
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    for (platform, mark) in marks {
        let now = relay(&bench, platform, 0, "template").await;
        assert!(now.contains(&format!("{{name}} of the {mark}")), "{platform}: {now}");
    }
    let back = relay(&bench, "slack", 0, "template default").await;
    assert!(back.contains("Ada (written by the admin) ‹"), "{back}");
    bench.say("discord", "as the admin has it");
    let copy = bench.arrives("slack", "as the admin has it").await;
    assert!(copy.author.contains("(written by the admin)"), "{}", copy.author);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_is_told_by_no_name_that_the_room_may_not_know() {
    let bench = Bench::started().await;
    let name = bench.person("discord");
    relay(&bench, "discord", 0, "privacy anonymous").await;
    bench.say("discord", "under another name");
    let masked = bench.arrives("telegram", "under another name").await;
    relay(&bench, "discord", 0, "privacy full").await;
    bench.say("discord", "under my name");
    bench.arrives("telegram", "under my name").await;
    let muted = relay(&bench, "telegram", 0, &format!("mute {name}")).await;
    assert!(muted.contains("is muted in this room"), "{muted}");
    // By a message under another name, they are one more to whoever reads the list.
    let muted = asks_about(&bench, 0, &masked.id, "/relay mute").await;
    assert!(muted.contains("is muted in this room") && !muted.contains(&name), "{muted}");
    let list = relay(&bench, "telegram", 0, "mute").await;
    assert!(list.contains("2 people are muted") && list.contains(&name), "{list}");
    relay(&bench, "discord", 0, "privacy none").await;
    let list = relay(&bench, "telegram", 0, "mute").await;
    assert!(list.contains("Somebody #") && !list.contains(&name), "{list}");
    for (how, left) in [("somebody #", "1 person is muted"), ("#", "Nobody is muted")] {
        let listed = relay(&bench, "telegram", 0, "mute").await;
        let mark = listed.split("Somebody #").nth(1).and_then(|rest| rest.get(..3)).unwrap().to_owned();
        relay(&bench, "telegram", 0, &format!("unmute {how}{mark}")).await;
        let list = relay(&bench, "telegram", 0, "mute").await;
        assert!(list.contains(left), "{list}");
    }
}
