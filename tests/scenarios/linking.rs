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

async fn bench() -> Bench {
    let mut world = World::demo();
    let platforms = [&mut world.discord, &mut world.slack, &mut world.telegram];
    for (platform, names) in platforms.into_iter().zip(NAMES) {
        for (person, name) in platform.people.iter_mut().zip(names) {
            person.name = name.to_owned();
        }
    }
    Bench::of(world).await
}

async fn started() -> Bench {
    let mut bench = bench().await;
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
    assert!(told.contains("If you did not get this code for yourself, write /relay unlink."), "{told}");
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
    say(&bench, "discord", 1, &format!("points at <@{}>", bench.platform("discord").people[0].id));
    for platform in ["slack", "telegram"] {
        let named = bench.arrives(platform, "points at").await;
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
    // Who was talked into bringing it learns what it means, and undoes it there.
    assert!(told.contains("If you did not get this code for yourself, write /relay unlink."), "{told}");
    assert!(relay(&bench, "telegram", 0, "unlink").await.contains("linked to no other any more"));
    let first = code(&bench, "slack", 0).await;
    relay(&bench, "telegram", 0, &format!("link {first}")).await;
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

/// Links an account to another one's.
async fn link(bench: &Bench, (first, of_first): (&str, usize), (other, of_other): (&str, usize)) {
    let code = code(bench, first, of_first).await;
    let told = relay(bench, other, of_other, &format!("link {code}")).await;
    assert!(told.contains("are linked.") || told.contains("This code is good."), "{told}");
}

/// What a room shows of a message, with the name that it bears.
async fn shown(bench: &Bench, platform: &str, word: &str) -> String {
    let copy = bench.arrives(platform, word).await;
    format!("{} {}", copy.author, copy.text)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_linked_accounts_is_shown_by_the_name_that_they_choose() {
    let mut bench = started().await;
    let told = relay(&bench, "discord", 1, "name slack").await;
    assert!(told.contains("is linked to no other"), "{told}");
    assert!(relay(&bench, "discord", 1, "name").await.contains("is linked to no other"));
    link(&bench, ("discord", 0), ("slack", 0)).await;
    link(&bench, ("discord", 0), ("telegram", 0)).await;
    assert!(relay(&bench, "discord", 0, "name").await.contains("by the name of the account that speaks."));
    say(&bench, "discord", 0, "unchanged at first");
    assert!(shown(&bench, "telegram", "unchanged at first").await.contains("Adalberta Quillon ‹"));
    let told = relay(&bench, "discord", 0, "name irc").await;
    assert!(told.contains("Say one of these: discord, slack, telegram."), "{told}");
    // What others read says nothing of what there is.
    let told = relay(&bench, "telegram", 0, "name").await;
    assert!(told.contains("where others could read"), "{told}");
    relay(&bench, "telegram", 1, "help").await;
    let noted = relay(&bench, "telegram", 1, "name slack").await;
    assert_eq!(relay(&bench, "telegram", 0, "name slack").await, noted);
    let told = relay(&bench, "discord", 0, "name").await;
    assert!(told.contains("shown elsewhere by the name of Elifnur Zwetsch on Slack."), "{told}");

    // On every wire, by nothing but that name; also after a restart.
    for word in ["as chosen", "as before the restart"] {
        for platform in ["discord", "slack", "telegram"] {
            bench.people(platform).heard().begin();
        }
        for (platform, own) in [("discord", "Adalberta"), ("telegram", "Hanabusa")] {
            let word = format!("{word} on {platform}");
            say(&bench, platform, 0, &word);
            for other in ["discord", "slack", "telegram"].into_iter().filter(|other| *other != platform) {
                let copy = shown(&bench, other, &word).await;
                assert!(copy.contains("Elifnur Zwetsch ‹"), "{copy}");
                assert!(!bench.people(other).heard().has(own), "{own} reached {other}");
            }
        }
        let word = format!("{word} on slack");
        say(&bench, "slack", 0, &word);
        assert!(shown(&bench, "discord", &word).await.contains("Elifnur Zwetsch ‹"));
        bench.kill();
        bench.start();
        bench.connected(3).await;
    }
    // Who mentions or answers them, and who asks who reacted, reads that name, too.
    say(&bench, "discord", 1, &format!("greets <@{}>", bench.platform("discord").people[0].id));
    assert!(shown(&bench, "telegram", "greets").await.contains("Elifnur Zwetsch"));
    say(&bench, "discord", 0, "to be answered");
    let room = bench.room("discord");
    let all = bench.people("discord").messages(&room).unwrap();
    let answered = all.into_iter().find(|seen| seen.text == "to be answered").unwrap().id;
    bench.people("telegram").heard().begin();
    let act = Act::Say {
        person: bench.platform("discord").people[1].id.clone(),
        room: room.clone(),
        text: "an answer".into(),
        reply_to: Some(answered.clone()),
        files: vec![],
        thread: None,
    };
    bench.people("discord").act(act).unwrap();
    bench.arrives("telegram", "an answer").await;
    let person = bench.platform("discord").people[0].id.clone();
    let react = Act::React { person, room, message: answered, emoji: "👍".into(), on: true };
    bench.people("discord").act(react).unwrap();
    until("the reaction is there", || {
        let all = bench.with("telegram", "to be answered");
        all.iter().any(|seen| !seen.reactions.is_empty() || seen.text.contains("👍"))
    })
    .await;
    assert!(!bench.people("telegram").heard().has("Adalberta"));

    // In each network by the name there.
    let told = relay(&bench, "slack", 0, "name there").await;
    assert!(told.contains("in the network of whoever reads it"), "{told}");
    say(&bench, "discord", 0, "known everywhere");
    assert!(shown(&bench, "slack", "known everywhere").await.contains("Elifnur Zwetsch ‹"));
    assert!(shown(&bench, "telegram", "known everywhere").await.contains("Hanabusa Vrill ‹"));
    let told = relay(&bench, "slack", 0, "name own").await;
    assert!(told.contains("by the name of the account that speaks."), "{told}");
    say(&bench, "discord", 0, "oneself again");
    for other in ["slack", "telegram"] {
        assert!(shown(&bench, other, "oneself again").await.contains("Adalberta Quillon ‹"));
    }

    // It is as it is now.
    relay(&bench, "discord", 0, "name slack").await;
    let person = bench.platform("slack").people[0].id.clone();
    let anew = Act::CallThemselves { person, room: bench.room("slack"), name: "Sevgi Umlauft".into() };
    bench.people("slack").act(anew).unwrap();
    say(&bench, "slack", 0, "called otherwise");
    bench.arrives("telegram", "called otherwise").await;
    say(&bench, "discord", 0, "by the newer name");
    assert!(shown(&bench, "telegram", "by the newer name").await.contains("Sevgi Umlauft ‹"));

    // Whose name it is goes, and the name with them.
    relay(&bench, "slack", 0, "unlink").await;
    say(&bench, "discord", 0, "two are left");
    assert!(shown(&bench, "telegram", "two are left").await.contains("Adalberta Quillon ‹"));
    relay(&bench, "discord", 0, "name telegram").await;
    say(&bench, "discord", 0, "by the other name");
    assert!(shown(&bench, "slack", "by the other name").await.contains("Hanabusa Vrill ‹"));
    let own = bench.dir.path().join("own");
    let whose = format!("discord:{}", bench.platform("discord").people[0].id);
    let written = bench.command("export").args([&whose, "--out", own.to_str().unwrap()]).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let own = std::fs::read_to_string(own).unwrap();
    assert!(own.contains("\"what\":\"shown\"") && own.contains("\"by\":\"account\""), "{own}");
    relay(&bench, "discord", 0, "forget yes").await;
    relay(&bench, "discord", 0, "privacy full").await;
    say(&bench, "discord", 0, "nothing is left of it");
    assert!(shown(&bench, "slack", "nothing is left of it").await.contains("Adalberta Quillon ‹"));
    assert!(relay(&bench, "discord", 0, "name").await.contains("is linked to no other"));
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// Says something with each account of somebody, and looks that none of their names is on any other platform's wire.
async fn nobody_is_named(bench: &Bench, word: &str) {
    let all = ["discord", "slack", "telegram"];
    for platform in all {
        bench.people(platform).heard().begin();
    }
    for platform in all {
        let word = format!("{word} on {platform}");
        say(bench, platform, 0, &word);
        for other in all.into_iter().filter(|other| *other != platform) {
            bench.arrives(other, &word).await;
            for (of, names) in all.into_iter().zip(NAMES) {
                let heard = of != other && bench.people(other).heard().has(names[0]);
                assert!(!heard, "{word}: {} reached {other}", names[0]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_masked_stays_so_whatever_name_they_have_chosen() {
    let bench = started().await;
    link(&bench, ("discord", 0), ("slack", 0)).await;
    link(&bench, ("discord", 0), ("telegram", 0)).await;
    for (choice, name) in [("anonymous", "slack"), ("minimal", "telegram"), ("anonymous", "there")] {
        relay(&bench, "discord", 0, &format!("name {name}")).await;
        relay(&bench, "discord", 0, &format!("privacy {choice}")).await;
        nobody_is_named(&bench, &format!("{choice} by {name}")).await;
    }
    // The tighter of the two: the one that speaks may be named, and whose name it would be may not.
    relay(&bench, "discord", 0, "name slack").await;
    relay(&bench, "discord", 0, "privacy full").await;
    bench.people("telegram").heard().begin();
    say(&bench, "discord", 0, "allowed with one alone");
    assert!(shown(&bench, "telegram", "allowed with one alone").await.contains("Adalberta Quillon ‹"));
    assert!(!bench.people("telegram").heard().has("Elifnur"), "its owner has not allowed it there");
    relay(&bench, "slack", 0, "privacy full").await;
    say(&bench, "discord", 0, "allowed with both");
    assert!(shown(&bench, "telegram", "allowed with both").await.contains("Elifnur Zwetsch ‹"));
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_its_own_room_does_not_show_comes_by_no_other_way() {
    let mut bench = bench().await;
    bench.link_as("slack", "privacy = \"minimal\"");
    bench.start();
    bench.connected(3).await;
    link(&bench, ("discord", 0), ("slack", 0)).await;
    let told = relay(&bench, "discord", 0, "name slack").await;
    assert!(told.contains("by the name of Elifnur Zwetsch on Slack"), "{told}");
    for platform in ["slack", "telegram"] {
        bench.people(platform).heard().begin();
    }
    say(&bench, "discord", 0, "carried");
    assert!(shown(&bench, "telegram", "carried").await.contains("Adalberta Quillon ‹"));
    bench.arrives("slack", "carried").await;
    assert!(!bench.people("telegram").heard().has("Elifnur"));
    assert!(!bench.people("slack").heard().has("Adalberta"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_by_a_chosen_name_is_muted_by_it() {
    let bench = started().await;
    link(&bench, ("discord", 1), ("slack", 1)).await;
    relay(&bench, "discord", 1, "name slack").await;
    say(&bench, "discord", 1, "heard by that name");
    bench.arrives("telegram", "heard by that name").await;
    let told = relay(&bench, "telegram", 0, "mute Brunhilde Ozark").await;
    assert!(!told.contains("is muted"), "nobody is called so there: {told}");
    let told = relay(&bench, "telegram", 0, "mute Faridoun Klaxon").await;
    assert!(told.contains("Faridoun Klaxon ‹Discord› is muted"), "{told}");
    say(&bench, "discord", 1, "not to be heard");
    bench.arrives("slack", "not to be heard").await;
    say(&bench, "discord", 0, "somebody else");
    bench.arrives("telegram", "somebody else").await;
    assert!(bench.with("telegram", "not to be heard").is_empty());
    assert!(relay(&bench, "telegram", 0, "mute").await.contains("Faridoun Klaxon"));
    // They stay muted, and the name is another's again.
    relay(&bench, "discord", 1, "unlink").await;
    let told = relay(&bench, "telegram", 0, "mute").await;
    assert!(told.contains("1 person is muted") && !told.contains("Faridoun"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_by_the_chosen_name_who_comes_and_goes() {
    let mut bench = bench().await;
    bench.link_as("discord", "notices = \"each\"");
    bench.start();
    bench.connected(3).await;
    link(&bench, ("slack", 1), ("telegram", 1)).await;
    relay(&bench, "slack", 1, "name telegram").await;
    bench.people("discord").heard().begin();
    let (person, room) = (bench.platform("slack").people[1].id.clone(), bench.room("slack"));
    let anew =
        Act::CallThemselves { person: person.clone(), room: room.clone(), name: "Sevgi Umlauft".into() };
    for act in [anew, Act::Leave { person: person.clone(), room: room.clone() }, Act::Join { person, room }] {
        bench.people("slack").act(act).unwrap();
    }
    bench.arrives("discord", "Ivoslav Quartz has left").await;
    bench.arrives("discord", "Ivoslav Quartz has joined").await;
    // What the account that speaks is called now is nothing that is told.
    assert!(bench.with("discord", "goes by").is_empty());
    for own in ["Faridoun", "Umlauft"] {
        assert!(!bench.people("discord").heard().has(own), "{own}");
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}
