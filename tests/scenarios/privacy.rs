//! What people choose about what they say, and what reaches the platforms then: read byte by byte off the stand-ins' sockets.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::ask;
use stand_ins::faults::Kind;
use stand_ins::people::{Act, File, Given, Seen};
use stand_ins::world::World;
use std::time::Duration;

/// Names that stand in no id, word or token by chance.
const NAMES: [(&str, [&str; 2]); 3] = [
    ("discord", ["Adalberta Quillon", "Brunhilde Ozark"]),
    ("slack", ["Elifnur Zwetsch", "Faridoun Klaxon"]),
    ("telegram", ["Hanabusa Vrill", "Ivoslav Quartz"]),
];

async fn bench() -> Bench {
    let mut world = World::demo();
    for (platform, (_, names)) in
        [&mut world.discord, &mut world.slack, &mut world.telegram].into_iter().zip(NAMES)
    {
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

fn others(platform: &str) -> impl Iterator<Item = &'static str> {
    PLATFORMS.into_iter().filter(move |other| *other != platform)
}

async fn choose(bench: &Bench, platform: &str, person: usize, word: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay privacy {word}")).await
}

fn say(bench: &Bench, platform: &str, person: usize, text: &str, reply_to: Option<String>) -> String {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::Say { person, room, text: text.into(), reply_to, files: vec![], thread: None };
    bench.people(platform).act(act).expect("people can talk")
}

fn react(bench: &Bench, platform: &str, person: usize, message: &str, emoji: &str) {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::React { person, room, message: message.into(), emoji: emoji.into(), on: true };
    bench.people(platform).act(act).expect("people can react");
}

fn mention(bench: &Bench, platform: &str, person: usize) -> String {
    let person = &bench.platform(platform).people[person];
    match platform {
        "discord" => format!("<@{}>", person.id),
        _ => format!("@{}", person.handle),
    }
}

fn listen(bench: &Bench) {
    PLATFORMS.into_iter().for_each(|platform| bench.people(platform).heard().begin());
}

/// Nothing of this may have reached the other platforms.
fn reached_nobody(bench: &Bench, from: &str, what: &[&str]) {
    for platform in others(from) {
        let heard = bench.people(platform).heard();
        assert!(!heard.is_empty(), "{platform} was spoken to");
        for bytes in what {
            assert!(!heard.has(bytes), "{bytes:?} of {from} reached {platform}");
        }
    }
}

/// What is said later has arrived, so that what was to come before it has.
async fn has_passed(bench: &Bench, from: &str, word: &str) {
    say(bench, from, 1, word, None);
    for platform in others(from) {
        bench.arrives(platform, word).await;
    }
}

fn message(bench: &Bench, platform: &str, id: &str) -> Seen {
    bench.seen(platform).into_iter().find(|message| message.id == id).expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_who_says_no_nothing_crosses_in_any_form() {
    let bench = started().await;
    for from in PLATFORMS {
        let id = bench.platform(from).people[0].id.clone();
        let name = bench.platform(from).people[0].name.clone();
        let told = choose(&bench, from, 0, "none").await;
        assert!(told.contains("nothing of yours is carried"), "{told}");
        listen(&bench);
        let secret = say(&bench, from, 0, "xyzzy is my secret", None);
        bench
            .people(from)
            .act(Act::Edit {
                person: id.clone(),
                room: bench.room(from),
                message: secret.clone(),
                text: "plugh is my secret".into(),
            })
            .expect("people can edit");
        let file = File { name: "quuxpicture.txt".into(), size: 10, ..File::default() };
        let give = Act::Say {
            person: id.clone(),
            room: bench.room(from),
            text: "frobnitz".into(),
            reply_to: None,
            files: vec![Given::File(file)],
            thread: None,
        };
        bench.people(from).act(give).expect("people can give files");
        if from != "slack" {
            let poll = Act::Ask {
                person: id.clone(),
                room: bench.room(from),
                question: "grault or garply".into(),
                answers: vec!["waldo".into(), "fred".into()],
                multiple: false,
            };
            bench.people(from).act(poll).expect("people can ask");
        }
        let _ = bench.people(from).act(Act::Type { person: id.clone(), room: bench.room(from) });
        // Others answer, name, and are reacted to.
        let other = say(&bench, from, 1, &format!("{from} answers"), Some(secret.clone()));
        say(&bench, from, 1, &format!("{from} names {}", mention(&bench, from, 0)), None);
        react(&bench, from, 0, &other, "🔥");
        has_passed(&bench, from, &format!("{from}-is-through")).await;
        for platform in others(from) {
            bench.arrives(platform, &format!("{from} answers")).await;
            bench.arrives(platform, &format!("{from} names")).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let words =
            ["xyzzy", "plugh", "quuxpicture", "frobnitz", "grault", "waldo", "🔥", "=fire", "\"fire\""];
        reached_nobody(&bench, from, &words);
        reached_nobody(&bench, from, &[&name, &id]);
        assert!(choose(&bench, from, 0, "full").await.contains("with your name"), "{from}");
    }
    assert!(bench.counter("withheld") > 0);
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_another_name_nothing_tells_who_it_is() {
    let bench = started().await;
    for from in PLATFORMS {
        let (id, name) =
            (bench.platform(from).people[0].id.clone(), bench.platform(from).people[0].name.clone());
        let told = choose(&bench, from, 0, "anonymous").await;
        let pseudonym = told.split("carried as ").nth(1).and_then(|rest| rest.split(" in lobby").next());
        let pseudonym = pseudonym.expect("the name").to_owned();
        listen(&bench);
        let first = say(&bench, from, 0, &format!("{from} masked"), None);
        say(&bench, from, 1, &format!("{from} to {}", mention(&bench, from, 0)), Some(first.clone()));
        react(&bench, from, 0, &first, "👍");
        has_passed(&bench, from, &format!("{from}-has-passed")).await;
        for platform in others(from) {
            until("it is there", || !bench.with(platform, &format!("{from} masked")).is_empty()).await;
            let seen = bench.with(platform, &format!("{from} masked")).remove(0);
            assert!(format!("{} {}", seen.author, seen.text).contains(&pseudonym), "{pseudonym}: {seen:?}");
            assert_eq!(seen.avatar.as_deref().filter(|avatar| avatar.contains(&id)), None);
            let named = bench.arrives(platform, &format!("{from} to")).await;
            // Telegram does not tell whom a name means.
            let masks = [pseudonym.as_str(), "someone"];
            assert!(masks.iter().any(|mask| named.text.contains(mask)), "{masks:?}: {named:?}");
            until("the reaction is there", || !message(&bench, platform, &seen.id).reactions.is_empty())
                .await;
        }
        reached_nobody(&bench, from, &[&name, &id]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crossed_before_is_taken_back_also_after_a_kill() {
    let mut bench = started().await;
    let mut all = Vec::new();
    for number in 0..30 {
        all.push(bench.say("discord", &format!("regretted-{number}.")));
    }
    let kept = say(&bench, "discord", 1, "somebody else's", None);
    for platform in others("discord") {
        bench.arrives(platform, "regretted-29.").await;
        bench.arrives(platform, "somebody else's").await;
    }
    react(&bench, "discord", 0, &kept, "👍");
    let elses = bench.arrives("slack", "somebody else's").await;
    until("the reaction is there", || !message(&bench, "slack", &elses.id).reactions.is_empty()).await;
    // Both are slow to delete.
    for platform in others("discord") {
        bench.fault(platform, Kind::Slow, 10, "");
    }
    let told = choose(&bench, "discord", 0, "none").await;
    assert!(told.contains("is being deleted"), "{told}");
    bench.kill();
    bench.start();
    bench.connected(3).await;
    for platform in others("discord") {
        until("they go", || bench.with(platform, "regretted-").is_empty()).await;
        assert_eq!(bench.with(platform, "somebody else's").len(), 1);
    }
    until("the reaction goes", || message(&bench, "slack", &elses.id).reactions.is_empty()).await;
    assert!(bench.seen("discord").iter().all(|message| !message.deleted), "where it was said it stays");
    let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay privacy").await;
    assert!(told.contains("You have chosen none") && !told.contains("still being"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_holds_for_what_waits_already() {
    let bench = started().await;
    has_passed(&bench, "discord", "first").await;
    bench.fault("slack", Kind::ServerError, 1_000, "chat.postMessage");
    let text = "wait for it ".repeat(10);
    bench.say("discord", &format!("{text} flimflam"));
    bench.arrives("telegram", "flimflam").await;
    bench.people("slack").heard().begin();
    choose(&bench, "discord", 0, "none").await;
    // What had been tried before the choice had been; nothing is tried after it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.people("slack").heard().begin();
    bench.people("slack").faults().disarm();
    say(&bench, "discord", 1, "afterwards", None);
    bench.arrives("slack", "afterwards").await;
    assert!(!bench.people("slack").heard().has("flimflam"));
    assert!(bench.with("slack", "flimflam").is_empty());
    until("it goes elsewhere", || bench.with("telegram", "flimflam").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_opt_in_nothing_crosses_before_they_do() {
    let mut bench = bench().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(
        bench.config(),
        config.replace("[channels.lobby]", "[channels.lobby]\nconsent = \"opt_in\""),
    )
    .unwrap();
    bench.start();
    bench.connected(3).await;
    listen(&bench);
    let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay privacy").await;
    assert!(told.contains("You have chosen nothing, so nothing of yours is carried"), "{told}");
    bench.say("discord", "before the yes");
    let unnamed = mention(&bench, "discord", 1);
    choose(&bench, "discord", 0, "full").await;
    bench.say("discord", &format!("after the yes, to {unnamed}"));
    for platform in others("discord") {
        let seen = bench.arrives(platform, "after the yes").await;
        assert!(seen.text.contains("someone"), "who has not opted in is not named: {seen:?}");
        assert!(bench.with(platform, "before the yes").is_empty());
    }
    reached_nobody(&bench, "discord", &["before the yes", "Brunhilde"]);
    let words = choose(&bench, "discord", 1, "perhaps").await;
    assert!(words.contains("There is no /relay privacy perhaps"), "{words}");
}
