//! Accounts on several platforms that are one person's, and what others try with their codes.

use crate::bench::{Bench, until};
use crate::joining::ask;
use stand_ins::people::Act;
use stand_ins::world::World;

/// Names that stand in no id, word or token by chance.
const NAMES: [[&str; 2]; 3] = [
    ["Adalberta Quillon", "Brunhilde Ozark"],
    ["Elifnur Zwetsch", "Faridoun Klaxon"],
    ["Hanabusa Vrill", "Ivoslav Quartz"],
];

async fn started() -> Bench {
    let mut world = World::demo();
    let platforms = [&mut world.discord, &mut world.slack, &mut world.telegram];
    for (platform, names) in platforms.into_iter().zip(NAMES) {
        for (person, name) in platform.people.iter_mut().zip(names) {
            person.name = name.to_owned();
        }
    }
    let mut bench = Bench::of(world).await;
    bench.start();
    bench.connected(3).await;
    bench
}

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
}

/// A code for another account of somebody.
async fn code(bench: &Bench, platform: &str, person: usize) -> String {
    let told = relay(bench, platform, person, "link").await;
    let code = told
        .split("/relay link ")
        .find_map(|rest| rest.split_whitespace().next().filter(|code| code.len() == 9));
    code.unwrap_or_else(|| panic!("no code in {told}")).to_owned()
}

fn say(bench: &Bench, platform: &str, person: usize, text: &str) {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files: vec![], thread: None };
    bench.people(platform).act(act).expect("people can talk");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_on_two_platforms_chooses_once() {
    let mut bench = started().await;
    let wasted = code(&bench, "discord", 0).await;
    let told = relay(&bench, "discord", 0, &format!("link {wasted}")).await;
    assert!(told.contains("for your account on another platform"), "{told}");
    // Whoever has read it there has nothing of it.
    let told = relay(&bench, "slack", 1, &format!("link {wasted}")).await;
    assert!(told.contains("This code is not good"), "{told}");
    let code = code(&bench, "discord", 0).await;
    let told = relay(&bench, "slack", 0, &format!("link {}", code.to_lowercase())).await;
    assert!(told.contains("This account and Adalberta Quillon on Discord are linked."), "{told}");
    // The other side is told where its code stood.
    let room = bench.room("discord");
    let is_told = || {
        let all = bench.people("discord").messages(&room).unwrap();
        all.iter()
            .any(|seen| seen.only_for.is_some() && seen.text.contains("Elifnur Zwetsch on Slack are linked"))
    };
    until("the first is told", is_told).await;
    let told = relay(&bench, "discord", 1, &format!("link {code}")).await;
    assert!(told.contains("This code is not good"), "used: {told}");

    // Whoever is mentioned is called as they are called there, and nobody is notified.
    bench.people("slack").heard().begin();
    say(&bench, "discord", 1, &format!("greets <@{}>", bench.platform("discord").people[0].id));
    let on_slack = bench.arrives("slack", "greets").await;
    assert!(on_slack.text.contains("Elifnur Zwetsch"), "{on_slack:?}");
    assert!(!bench.people("slack").heard().has(&bench.platform("slack").people[0].id), "nobody is notified");
    assert!(bench.arrives("telegram", "greets").await.text.contains("Adalberta Quillon"));

    // What is kept of one is kept of both.
    say(&bench, "slack", 0, "said as Elifnur");
    say(&bench, "discord", 0, "said as Adalberta");
    for word in ["said as Elifnur", "said as Adalberta"] {
        bench.arrives("telegram", word).await;
    }
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    let output = bench.command("export").args([&who, "--out", "-"]).output().expect("relay runs");
    let kept = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(kept.contains("said as Elifnur") && kept.contains("said as Adalberta"), "{kept}");

    // What one chooses holds for both, also after a restart.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let told = relay(&bench, "slack", 0, "privacy none").await;
    assert!(told.contains("all your linked accounts"), "{told}");
    for platform in ["slack", "telegram"] {
        bench.people(platform).heard().begin();
    }
    say(&bench, "discord", 0, "xyzzy is not carried");
    say(&bench, "discord", 1, &format!("names <@{}>", bench.platform("discord").people[0].id));
    for platform in ["slack", "telegram"] {
        let named = bench.arrives(platform, "names").await;
        assert!(named.text.contains("someone"), "{named:?}");
        for word in ["xyzzy", "Adalberta", "Elifnur"] {
            assert!(!bench.people(platform).heard().has(word), "{word} reached {platform}");
        }
    }
    assert!(relay(&bench, "discord", 0, "privacy").await.contains("You have chosen none"));
    let told = relay(&bench, "discord", 0, "link").await;
    assert!(told.contains("Linked with this account: Elifnur Zwetsch on Slack."), "{told}");
    let told = relay(&bench, "discord", 0, "forget").await;
    assert!(told.contains("all accounts that are linked"), "{told}");

    let told = relay(&bench, "discord", 0, "unlink").await;
    assert!(told.contains("linked to no other any more"), "{told}");
    relay(&bench, "slack", 0, "privacy full").await;
    assert!(
        relay(&bench, "discord", 0, "privacy").await.contains("You have chosen none"),
        "each keeps what holds"
    );
    assert!(relay(&bench, "slack", 0, "unlink").await.contains("This account is linked to no other."));
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_to_be_somebody_else() {
    let bench = started().await;
    // Where others can read a code, none is given; it can be brought there.
    let told = relay(&bench, "telegram", 1, "link").await;
    assert!(told.contains("Others could read the code here"), "{told}");
    let first = code(&bench, "slack", 0).await;
    let told = relay(&bench, "telegram", 0, &format!("link {first}")).await;
    assert!(told.contains("This code is good."), "{told}");
    for name in ["Elifnur", "Slack"] {
        assert!(!told.contains(name), "others read it: {told}");
    }
    // Two claim one account: the second is refused, and its code is gone.
    let second = code(&bench, "discord", 1).await;
    let told = relay(&bench, "telegram", 0, &format!("link {second}")).await;
    assert!(told.contains("can be one person's only"), "{told}");
    let told = relay(&bench, "slack", 1, &format!("link {second}")).await;
    assert!(told.contains("This code is not good"), "{told}");
    let told = relay(&bench, "discord", 1, "unlink").await;
    assert!(told.contains("linked to no other."), "{told}");
    // Nobody tries on and on.
    let good = code(&bench, "discord", 0).await;
    let mut told = String::new();
    for number in 0..8 {
        told = relay(&bench, "slack", 1, &format!("link ABCD-EFG{}", number + 2)).await;
    }
    assert!(told.contains("many tries"), "{told}");
    let told = relay(&bench, "slack", 1, &format!("link {good}")).await;
    assert!(told.contains("many tries"), "not even a good one: {told}");
    // A link gives no right: who may manage there may not here.
    let told = relay(&bench, "slack", 0, "forget yes").await;
    assert!(told.contains("for your linked accounts, too"), "{told}");
    let told = relay(&bench, "telegram", 0, "forget").await;
    assert!(told.contains("orgotten"), "{told}");
    let told = relay(&bench, "telegram", 0, "unlink").await;
    assert!(told.contains("linked to no other."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_chat_with_the_bot_alone_a_code_is_given() {
    let bench = started().await;
    let person = bench.in_chat_with_bot();
    let asked = |words: &str| {
        let act = Act::Command { person: person.clone(), room: person.clone(), text: words.into() };
        bench.people("telegram").act(act).expect("people can ask a bot");
    };
    let answer = |word: &str| {
        let all = bench.people("telegram").messages(&person).unwrap_or_default();
        all.into_iter().map(|seen| seen.text).find(|text| text.contains(word))
    };
    asked("/relay link");
    until("a code is given", || answer("The code is good once").is_some()).await;
    // Nothing is carried from there, and nothing else is said.
    asked("/relay privacy");
    until("it is told", || answer("What is said here is not carried anywhere.").is_some()).await;
    let told = answer("What is said here is not carried anywhere.").unwrap_or_default();
    assert!(told.contains("from a joined room") && !told.contains("you say here is carried"), "{told}");
    // Where others read, there is none.
    let told = relay(&bench, "telegram", 1, "link").await;
    assert!(told.contains("Others could read the code here"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tighter_word_of_a_linked_account_is_told_as_a_word() {
    let bench = started().await;
    relay(&bench, "discord", 0, "privacy full").await;
    let code = code(&bench, "discord", 0).await;
    relay(&bench, "slack", 0, &format!("link {code}")).await;
    let told = relay(&bench, "slack", 0, "privacy balanced").await;
    assert!(told.contains("What that forbids, it forbids for all your linked accounts."), "{told}");
    let told = relay(&bench, "discord", 0, "privacy").await;
    assert!(told.contains("You have chosen balanced on 20") && !told.contains("in particular"), "{told}");
    // It forbids nothing; the other account goes on allowing less.
    let less = "With another of your linked accounts you allow less, and that stays.";
    let told = relay(&bench, "discord", 0, "privacy full").await;
    assert!(told.contains(less) && !told.contains("What that forbids"), "{told}");
    assert!(relay(&bench, "slack", 0, "privacy").await.contains("You have chosen balanced on 20"));
    let told = relay(&bench, "slack", 0, "privacy full").await;
    assert!(!told.contains("linked accounts"), "{told}");
    let told = relay(&bench, "slack", 0, "privacy none").await;
    assert!(told.contains("What that forbids") && !told.contains(less), "{told}");
}
