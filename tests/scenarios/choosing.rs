//! What people are told of what they choose: what it comes to here, what still waits, and what could not be done.

use crate::bench::{Bench, until};
use crate::joining::ask;
use crate::privacy::{choose, say, started, started_with, told};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use stand_ins::world::World;
use std::time::{Duration, Instant};

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
}

/// What `/relay privacy` tells, once it tells what is waited for.
async fn until_told(bench: &Bench, is_so: impl Fn(&str) -> bool) -> String {
    let began = Instant::now();
    loop {
        let words = relay(bench, "discord", 0, "privacy").await;
        if is_so(&words) {
            return words;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{words}\n{}", bench.log());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_is_told_until_it_is_deleted_or_given_up() {
    let mut bench = started().await;
    for text in ["withdrawn-0", "withdrawn-1"] {
        bench.say("discord", text);
        bench.arrives("slack", text).await;
        bench.arrives("telegram", text).await;
    }
    bench.fault("slack", Kind::ServerError, 1_000_000, "chat.delete");
    let words = choose(&bench, "discord", 0, "none").await;
    assert!(words.contains("/relay privacy tells when that is done"), "{words}");
    // The rooms have some time; then it is not waited for any more.
    let waits = "still waits to be deleted: 2 things on Slack.";
    until_told(&bench, |words| !words.contains("still being collected") && words.contains(waits)).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let words = until_told(&bench, |words| words.contains(waits)).await;
    assert!(!words.contains("nothing waits"), "{words}");
    let words = relay(&bench, "discord", 1, "privacy").await;
    assert!(!words.contains("waits to be deleted"), "it is nobody else's: {words}");
    // One is taken out of the queue, the other goes when Slack is there again.
    let (ok, queue) = told(&bench, &["queue", "show", "slack", "--json"]);
    assert!(ok, "{queue}");
    let queue: serde_json::Value = serde_json::from_str(&queue).unwrap();
    let id = queue[0]["waiting"][1]["id"].as_str().unwrap_or_else(|| panic!("{queue}")).to_owned();
    let (ok, words) = told(&bench, &["queue", "drop", "slack", &id, "--yes"]);
    assert!(ok, "{words}");
    let words =
        until_told(&bench, |words| words.contains("still waits to be deleted: one thing on Slack.")).await;
    assert!(words.contains("could not be deleted, and stays: one thing on Slack."), "{words}");
    bench.people("slack").faults().disarm();
    let words = until_told(&bench, |words| words.contains("nothing waits to be deleted any more")).await;
    assert!(words.contains("could not be deleted, and stays: one thing on Slack."), "{words}");
    assert_eq!(bench.with("slack", "withdrawn").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_room_shows_less_a_word_is_not_said_twice_and_a_grant_tells_what_it_changes() {
    let bench = started_with("privacy = \"minimal\"").await;
    let words = choose(&bench, "discord", 0, "full").await;
    assert!(words.starts_with("From now on full holds.\n"), "{words}");
    let words = choose(&bench, "discord", 0, "full").await;
    assert!(words.starts_with("full holds already.\n"), "{words}");
    let words = relay(&bench, "discord", 0, "privacy").await;
    assert!(words.contains("You have chosen full on 20") && !words.contains(": full"), "{words}");
    // A picture is seen with the name alone: the grant is kept, and what it comes to is said.
    let words = relay(&bench, "slack", 0, "consent grant bridging picture to discord").await;
    assert!(words.contains("bridging: picture to Discord allowed"), "{words}");
    let now = "Of what you do here others see now: on ";
    assert!(words.contains(now), "{words}");
    assert!(words.contains("your texts, your reactions, another name in place of yours"), "{words}");
    assert!(!words.contains("your picture"), "{words}");
    let words = relay(&bench, "slack", 0, "consent grant bridging identity to discord").await;
    assert!(words.contains("on Discord your texts, your reactions, your name, your picture"), "{words}");
    let words = relay(&bench, "slack", 0, "consent revoke bridging to telegram").await;
    assert!(words.contains(now) && words.contains("on Telegram nothing"), "{words}");
    let words = relay(&bench, "slack", 0, "consent grant archive").await;
    assert!(!words.contains(now), "nothing is shown by that: {words}");
    let words = relay(&bench, "slack", 0, "consent grant").await;
    assert!(words.starts_with("/relay consent grant or revoke PURPOSE"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_is_warned_only_of_what_is_still_to_go() {
    let bench = started().await;
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    let red = |bench: &Bench| {
        let seen = bench.people("discord").messages(&bench.room("discord")).unwrap();
        let newest = seen.into_iter().rev().find(|seen| seen.only_for.is_some());
        newest.is_some_and(|seen| !seen.buttons.is_empty())
    };
    bench.say("discord", "to be forgotten");
    bench.arrives("slack", "to be forgotten").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("/relay forget yes") && red(&bench), "{words}");
    bench.fault("slack", Kind::ServerError, 1_000_000, "chat.delete");
    relay(&bench, "discord", 0, "forget yes").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("You asked on") && !words.contains("/relay forget yes"), "{words}");
    assert!(!red(&bench), "{words}");
    bench.people("slack").faults().disarm();
    until("it is done", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("Forgotten on") && !words.contains("/relay forget yes"), "{words}");
    assert!(!red(&bench), "{words}");
    // What is said later can be forgotten again.
    choose(&bench, "discord", 0, "full").await;
    say(&bench, "discord", 0, "said afterwards", None);
    bench.arrives("slack", "said afterwards").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("Forgotten on") && words.contains("/relay forget yes") && red(&bench), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_given_where_its_person_is_alone_and_says_until_when() {
    let mut bench = Bench::new().await;
    let address = stand_ins::ports::free_address();
    bench.write_config(&format!("[media]\nlisten = \"{address}\"\nurl = \"http://{address}\"\n"));
    bench.start();
    bench.connected(3).await;
    let words = relay(&bench, "telegram", 0, "export").await;
    assert!(words.contains("in a chat with its bot alone") && !words.contains("whoever runs"), "{words}");
    let person = bench.in_chat_with_bot();
    let asks = Act::Command { person: person.clone(), room: person.clone(), text: "/relay export".into() };
    bench.people("telegram").act(asks).expect("people can ask a bot");
    let answer = || {
        let all = bench.people("telegram").messages(&person).unwrap_or_default();
        all.into_iter().find(|seen| seen.text.contains("What Relay keeps of you"))
    };
    until("a link is given", || answer().is_some()).await;
    let words = answer().map(|seen| format!("{} {:?}", seen.text, seen.entities)).unwrap_or_default();
    assert!(words.contains("relay-export.jsonl"), "{words}");
    assert!(words.contains("on 20") && words.contains(" UTC"), "it says until when: {words}");
    let words = relay(&bench, "slack", 0, "export").await;
    let link = words.split_whitespace().find_map(|word| word.find("http://").map(|at| &word[at..]));
    let link = link.unwrap_or_else(|| panic!("{words}")).trim_end_matches('>');
    let answer = reqwest::get(link).await.unwrap();
    assert!(answer.status().is_success(), "{link}: {}", answer.status());
    let first = answer.text().await.unwrap();
    assert!(first.starts_with("{\"") && first.contains("\"what\":\"about\""), "{first}");
    // It ends with its person.
    relay(&bench, "slack", 0, "forget yes").await;
    let began = std::time::Instant::now();
    while reqwest::get(link).await.unwrap().status() != reqwest::StatusCode::NOT_FOUND {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{link} leads somewhere still");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The name of a second Discord guild: people may call it what they like.
const OTHER_GUILD: &str = "Dusk to Dawn: for all";

/// Relay with a second Discord guild in the channel; answers its room there, too.
async fn with_two_guilds() -> (Bench, String) {
    let mut world = World::demo();
    let mut other = world.discord.spaces[0].clone();
    other.name = OTHER_GUILD.into();
    world.discord.spaces.push(other);
    let mut bench = Bench::of(world).await;
    let (first, other) = (bench.room("discord"), bench.platform("discord").spaces[1].rooms[0].id.clone());
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let text =
        text.replace(&format!("\"discord:{first}\""), &format!("\"discord:{first}\", \"discord:{other}\""));
    std::fs::write(bench.config(), text).unwrap();
    bench.start();
    bench.connected(3).await;
    (bench, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_space_of_a_platform_alone_is_told_no_and_yes() {
    let (mut bench, other) = with_two_guilds().await;
    let is_there = |bench: &Bench, word: &str| {
        let all = bench.people("discord").messages(&other).unwrap();
        all.iter().any(|seen| !seen.deleted && seen.text.contains(word))
    };
    let heard = |bench: &Bench| bench.people("discord").heard().clone();
    heard(&bench).begin();
    bench.say("slack", "xyzzy before");
    for platform in ["discord", "telegram"] {
        bench.arrives(platform, "xyzzy before").await;
    }
    until("both have it", || is_there(&bench, "xyzzy before")).await;
    assert_eq!(heard(&bench).times("xyzzy before"), 2, "once for each guild");
    let words = relay(&bench, "slack", 0, "consent revoke bridging to discord:Harbour").await;
    let there = format!("There are: discord:{OTHER_GUILD}, discord:Night Owls, telegram:Sunday hikers.");
    assert!(words.contains(&there), "{words}");
    let revoke = format!("consent revoke bridging to Discord:{}", OTHER_GUILD.to_lowercase());
    let words = relay(&bench, "slack", 0, &revoke).await;
    assert!(
        words.contains(&format!("bridging: everything to {OTHER_GUILD} on Discord not allowed")),
        "{words}"
    );
    assert!(words.contains(&format!("on Discord ({OTHER_GUILD}) nothing")), "{words}");
    assert!(words.contains("on Discord (Night Owls) and Telegram your texts"), "{words}");
    // What was said before goes from there alone.
    until("it is taken back", || !is_there(&bench, "xyzzy before")).await;
    heard(&bench).begin();
    let said = bench.say("slack", "xyzzy since");
    bench.arrives("discord", "xyzzy since").await;
    bench.edit("slack", &said, "xyzzy changed");
    say(&bench, "slack", 1, "somebody else", None);
    bench.arrives("discord", "xyzzy changed").await;
    until("others go on", || is_there(&bench, "somebody else")).await;
    assert_eq!(heard(&bench).times("xyzzy since"), 1, "for one guild");
    assert_eq!(heard(&bench).times("xyzzy changed"), 1, "for one guild");
    let words = relay(&bench, "slack", 0, "consent revoke bridging to discord:Night Owls").await;
    assert!(words.contains("to Night Owls on Discord not allowed"), "{words}");
    heard(&bench).begin();
    bench.say("slack", "xyzzy nowhere");
    say(&bench, "slack", 1, "somebody again", None);
    until("others go on", || is_there(&bench, "somebody again")).await;
    bench.arrives("discord", "somebody again").await;
    bench.arrives("telegram", "xyzzy nowhere").await;
    assert!(!heard(&bench).is_empty() && !heard(&bench).has("xyzzy"), "no byte of it reaches Discord");
    for platform in ["telegram", "slack"] {
        let kept = bench.with(platform, "xyzzy").len();
        assert_eq!(kept, 3, "{platform}: what was said there, or is shown elsewhere, stays");
    }
    let guild = bench.platform("discord").spaces[0].id.clone();
    let words = relay(&bench, "slack", 0, &format!("consent grant bridging to discord:{guild}")).await;
    assert!(words.contains("to Night Owls on Discord allowed"), "{words}");
    // It is told by name, kept over a start, and written into the audit by its id.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let words = relay(&bench, "slack", 0, "consent").await;
    assert!(
        words.contains(&format!("• bridging: everything to {OTHER_GUILD} on Discord not allowed")),
        "{words}"
    );
    assert!(words.contains(&format!("discord:{OTHER_GUILD}, discord:Night Owls, telegram:")), "{words}");
    let (ok, audit) = told(&bench, &["audit", "show", "--json"]);
    assert!(ok && audit.contains(&format!("/{guild}\"")), "{audit}");
    heard(&bench).begin();
    bench.say("slack", "plugh after");
    bench.arrives("discord", "plugh after").await;
    assert_eq!(heard(&bench).times("plugh after"), 1, "for one guild");
    relay(&bench, "slack", 0, &format!("consent grant bridging to discord:\"{OTHER_GUILD}\"")).await;
    bench.say("slack", "plugh again");
    until("it is shown there again", || is_there(&bench, "plugh again")).await;
    assert!(!is_there(&bench, "plugh after") && !is_there(&bench, "xyzzy"), "what was said meanwhile is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_is_named_only_to_whom_it_is_shown() {
    let (bench, _) = with_two_guilds().await;
    let person = bench.in_chat_with_bot();
    let group = bench.room("telegram");
    // Whoever has a chat with the bot alone is answered there.
    let ask = async |room: &str, words: &str, told: &str| {
        let act =
            Act::Command { person: person.clone(), room: room.to_owned(), text: format!("/relay {words}") };
        let before = bench.people("telegram").messages(&person).unwrap().len();
        bench.people("telegram").act(act).expect("people can ask a bot");
        let answer = || {
            let all = bench.people("telegram").messages(&person).unwrap_or_default();
            let newest = all.into_iter().skip(before).filter(|seen| seen.by_bot);
            newest.map(|seen| seen.text).collect::<Vec<_>>().join("\n")
        };
        until(told, || answer().contains(told)).await;
        answer()
    };
    let words =
        ask(&person, &format!("consent revoke bridging to discord:{OTHER_GUILD}"), "in no space that").await;
    assert!(!words.contains("Night Owls"), "{words}");
    let words = ask(&person, "consent", "You have said nothing about it").await;
    assert!(!words.contains("Dusk"), "{words}");
    // From the group both guilds see them.
    let revoke = "consent revoke bridging to discord:night owls for 1 day";
    ask(&group, revoke, "to Night Owls on Discord not allowed until 20").await;
    let words = ask(&person, "consent", "to Night Owls on Discord not allowed until 20").await;
    assert!(!words.contains("Dusk"), "{words}");
    ask(&person, "consent grant bridging to discord:night owls", "to Night Owls on Discord allowed").await;
}

/// What waits is held back, and a group that becomes a supergroup stays the space that it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_moves_stays_told_no() {
    let mut bench = Bench::with_a_basic_group().await;
    bench.start();
    bench.connected(3).await;
    bench.fault("telegram", Kind::ServerError, 1_000_000, "sendMessage");
    bench.say("slack", "xyzzy waits");
    bench.arrives("discord", "xyzzy waits").await;
    let group = bench.platform("telegram").spaces[0].rooms[0].name.clone();
    let words = relay(&bench, "slack", 0, &format!("consent revoke bridging to telegram:{group}")).await;
    assert!(words.contains(&format!("to {group} on Telegram not allowed")), "{words}");
    bench.people("telegram").heard().begin();
    bench.people("telegram").faults().disarm();
    let old = bench.room("telegram");
    let new = bench.people("telegram").act(Act::Close { room: old }).expect("it can become a supergroup");
    let is_there = |bench: &Bench, word: &str| {
        let all = bench.people("telegram").messages(&new).unwrap();
        all.iter().any(|seen| !seen.deleted && seen.text.contains(word))
    };
    for word in ["after the move", "after the start"] {
        bench.say("slack", &format!("xyzzy {word}"));
        bench.arrives("discord", &format!("xyzzy {word}")).await;
        say(&bench, "slack", 1, &format!("others {word}"), None);
        until("others go on", || is_there(&bench, &format!("others {word}"))).await;
        bench.stop().await;
        bench.start();
        bench.connected(3).await;
    }
    assert!(!bench.people("telegram").heard().has("xyzzy"), "no byte of it reaches Telegram");
    let words = relay(&bench, "slack", 0, "consent").await;
    assert!(words.contains(&format!("to {group} on Telegram not allowed")), "{words}");
    relay(&bench, "slack", 0, &format!("consent grant bridging to telegram:{group}")).await;
    bench.say("slack", "plugh again");
    until("it is shown there again", || is_there(&bench, "plugh again")).await;
}
