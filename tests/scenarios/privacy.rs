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

pub async fn bench() -> Bench {
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

pub async fn started() -> Bench {
    let mut bench = bench().await;
    bench.start();
    bench.connected(3).await;
    bench
}

pub fn others(platform: &str) -> impl Iterator<Item = &'static str> {
    PLATFORMS.into_iter().filter(move |other| *other != platform)
}

pub async fn choose(bench: &Bench, platform: &str, person: usize, word: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay privacy {word}")).await
}

pub fn say(bench: &Bench, platform: &str, person: usize, text: &str, reply_to: Option<String>) -> String {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::Say { person, room, text: text.into(), reply_to, files: vec![], thread: None };
    bench.people(platform).act(act).expect("people can talk")
}

pub fn react(bench: &Bench, platform: &str, person: usize, message: &str, emoji: &str) {
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

pub fn listen(bench: &Bench) {
    PLATFORMS.into_iter().for_each(|platform| bench.people(platform).heard().begin());
}

/// Nothing of this may have reached the other platforms.
pub fn reached_nobody(bench: &Bench, from: &str, what: &[&str]) {
    for platform in others(from) {
        let heard = bench.people(platform).heard();
        assert!(!heard.is_empty(), "{platform} was spoken to");
        for bytes in what {
            assert!(!heard.has(bytes), "{bytes:?} of {from} reached {platform}");
        }
    }
}

/// What is said later has arrived, so that what was to come before it has.
pub async fn has_passed(bench: &Bench, from: &str, word: &str) {
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
        let pseudonym =
            told.split("carried as ").nth(1).and_then(|rest| Some(rest.split_once(" in lobby")?.0));
        // Where others may read the answer, it does not tell whose the name is.
        assert_eq!(pseudonym.is_some(), from != "telegram", "{told}");
        let mut pseudonym = pseudonym.map(str::to_owned);
        listen(&bench);
        let first = say(&bench, from, 0, &format!("{from} masked"), None);
        say(&bench, from, 1, &format!("{from} to {}", mention(&bench, from, 0)), Some(first.clone()));
        react(&bench, from, 0, &first, "👍");
        has_passed(&bench, from, &format!("{from}-has-passed")).await;
        for platform in others(from) {
            until("it is there", || !bench.with(platform, &format!("{from} masked")).is_empty()).await;
            let seen = bench.with(platform, &format!("{from} masked")).remove(0);
            let pseudonym = pseudonym.get_or_insert_with(|| seen.author.replace(" ‹Telegram›", ""));
            assert!(format!("{} {}", seen.author, seen.text).contains(&*pseudonym), "{pseudonym}: {seen:?}");
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
    // It tells when it is done.
    let began = std::time::Instant::now();
    loop {
        let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay privacy").await;
        assert!(told.contains("You have chosen none"), "{told}");
        if !told.contains("still being") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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
        config.replace("[channels.lobby]", "[channels.lobby]\nconnect = \"open\"\nconsent = \"opt_in\""),
    )
    .unwrap();
    let (_, checked) = self::told(&bench, &["check"]);
    assert!(checked.contains("In lobby, nothing is carried of who has not allowed it"), "{checked}");
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
    // Who joins is told the same.
    let second = bench.platform("slack").spaces[0].rooms[1].id.clone();
    ask(&bench, "slack", 0, &second, "/relay connect lobby").await;
    let told = bench.arrives("telegram", "has joined lobby").await;
    assert!(told.text.contains("once they allow it"), "{told:?}");
    let words = choose(&bench, "discord", 1, "perhaps").await;
    assert!(words.contains("There is no /relay privacy perhaps"), "{words}");
}

/// What a subcommand says, and whether it went well.
pub fn told(bench: &Bench, words: &[&str]) -> (bool, String) {
    let mut command = bench.command(words[0]);
    let output = command.args(&words[1..]).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_leaves_nothing_here_and_nothing_elsewhere() {
    let mut bench = started().await;
    let id = bench.platform("discord").people[0].id.clone();
    let who = format!("discord:{id}");
    for number in 0..40 {
        bench.say("discord", &format!("unutterable-{number}."));
    }
    let others_words = say(&bench, "discord", 1, "of somebody else", None);
    react(&bench, "discord", 0, &others_words, "👍");
    for platform in others("discord") {
        bench.arrives(platform, "unutterable-39.").await;
        bench.arrives(platform, "of somebody else").await;
    }
    let elses = bench.arrives("slack", "of somebody else").await;
    until("the reaction is there", || !message(&bench, "slack", &elses.id).reactions.is_empty()).await;
    // What is kept of them, for them.
    let file = bench.dir.path().join("hers.jsonl");
    let (ok, words) = told(&bench, &["export", &who, "--out", file.to_str().unwrap()]);
    assert!(ok && words.contains("lines"), "{words}");
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let posts: Vec<_> = lines.iter().filter(|line| line["what"] == "post").collect();
    assert_eq!(posts.len(), 40);
    assert_eq!(
        (&posts[7]["text"], &posts[7]["messages_elsewhere"]["slack"]),
        (&"unutterable-7.".into(), &1.into())
    );
    assert!(lines.iter().any(|line| line["what"] == "reaction"));
    assert!(!lines.iter().any(|line| line.to_string().contains("of somebody else")));
    // On Slack nothing can be deleted for a while.
    let (ok, words) = told(&bench, &["forget", &who]);
    assert!(!ok && words.contains("nobody has asked"), "{words}");
    bench.fault("slack", Kind::ServerError, 3, "chat.delete");
    let room = bench.room("discord");
    let words = ask(&bench, "discord", 0, &room, "/relay forget").await;
    assert!(words.contains("/relay forget yes"), "{words}");
    let words = ask(&bench, "discord", 0, &room, "/relay forget yes").await;
    assert!(words.contains("From now on nothing of yours is carried"), "{words}");
    bench.kill();
    bench.start();
    bench.connected(3).await;
    until("it is done", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    for platform in others("discord") {
        assert!(bench.with(platform, "unutterable").is_empty());
        assert_eq!(bench.with(platform, "of somebody else").len(), 1);
    }
    until("the reaction goes", || message(&bench, "slack", &elses.id).reactions.is_empty()).await;
    let (_, words) = told(&bench, &["forget", &who, "--json"]);
    let erased: serde_json::Value = serde_json::from_str(&words).unwrap();
    assert!(
        erased["events"].as_u64().unwrap() >= 41 && erased["left"].as_array().unwrap().is_empty(),
        "{words}"
    );
    let (ok, words) = told(&bench, &["export", &who, "--out", "-"]);
    assert!(ok && !words.contains("unutterable") && words.contains("\"what\":\"choice\""), "{words}");
    let name = bench.platform("discord").people[0].name.clone();
    assert!(!words.contains(&name), "{words}");
    // What was the newest of all is gone, and everything goes on from there.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    // Nothing of hers crosses later, and others go on.
    bench.say("discord", "unutterable again");
    has_passed(&bench, "discord", "others go on").await;
    assert!(bench.with("slack", "unutterable").is_empty());
    assert_eq!(bench.counter("panicked"), 0);
    let (ok, words) = told(&bench, &["forget", "discord:nobody", "--yes"]);
    assert!(!ok && words.contains("keeps nothing"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_to_some_reaches_those() {
    let bench = started().await;
    let room = bench.room("discord");
    bench.say("discord", "said to all");
    for platform in others("discord") {
        bench.arrives(platform, "said to all").await;
    }
    let words = ask(&bench, "discord", 0, &room, "/relay consent revoke bridging to telegram").await;
    assert!(words.contains("bridging: everything to Telegram not allowed"), "{words}");
    assert!(words.contains("What was carried before and does not fit is being deleted"), "{words}");
    until("it goes where it may not be any more", || bench.with("telegram", "said to all").is_empty()).await;
    bench.people("telegram").heard().begin();
    bench.say("discord", "said to some");
    bench.arrives("slack", "said to some").await;
    has_passed(&bench, "discord", "others are heard").await;
    assert!(!bench.people("telegram").heard().has("said to some"));
    assert_eq!(bench.with("slack", "said to all").len(), 1, "where it may be it stays");
    let words = ask(&bench, "discord", 0, &room, "/relay consent").await;
    assert!(words.contains("to Telegram not allowed (since 20"), "{words}");
    assert!(words.contains(" UTC, with /relay consent)") && words.contains("To whom: discord, "), "{words}");
    let words = ask(&bench, "discord", 0, &room, "/relay privacy").await;
    let shown = "your texts, your files, your reactions, your name, your picture, when you come, go or type";
    assert!(words.contains(&format!("on Slack {shown}")), "{words}");
    assert!(words.contains("on Telegram nothing"), "{words}");
    let words = ask(&bench, "discord", 0, &room, "/relay consent revoke bridging content for 1 minute").await;
    assert!(words.contains("it does not come back when the time is over"), "{words}");
    let words = ask(&bench, "discord", 0, &room, "/relay consent revoke everything").await;
    assert!(words.contains("There is no purpose"), "{words}");
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_from_some_does_not_come_back_to_them_in_an_answer() {
    let bench = started().await;
    let room = bench.room("discord");
    let before = say(&bench, "discord", 0, "xyzzy", None);
    for platform in others("discord") {
        bench.arrives(platform, "xyzzy").await;
    }
    ask(&bench, "discord", 0, &room, "/relay consent revoke bridging to telegram").await;
    until("it goes there", || bench.with("telegram", "xyzzy").is_empty()).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    choose(&bench, "discord", 0, "full").await;
    bench.people("telegram").heard().begin();
    say(&bench, "discord", 1, "an answer", Some(before));
    for platform in others("discord") {
        bench.arrives(platform, "an answer").await;
    }
    assert!(!bench.people("telegram").heard().has("xyzzy"));
    // What is said now is quoted.
    let open = say(&bench, "discord", 0, "plugh", None);
    say(&bench, "discord", 1, "an answer in the open", Some(open));
    let answer = bench.arrives("telegram", "an answer in the open").await;
    assert!(answer.text.contains("plugh") || answer.reply_to.is_some(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_sees_a_name_and_then_its_mask() {
    let bench = started().await;
    let name = bench.platform("discord").people[0].name.clone();
    let said = bench.say("discord", "without a mask");
    let others_words = say(&bench, "discord", 1, &format!("names {}", mention(&bench, "discord", 0)), None);
    for platform in others("discord") {
        bench.arrives(platform, "without a mask").await;
        let named = bench.arrives(platform, "names").await;
        assert!(named.text.contains(&name), "{named:?}");
    }
    react(&bench, "discord", 0, &others_words, "👍");
    let on_slack = bench.arrives("slack", "names").await;
    until("the reaction is there", || !message(&bench, "slack", &on_slack.id).reactions.is_empty()).await;
    let told = choose(&bench, "discord", 0, "anonymous").await;
    let pseudonym = told.split("carried as ").nth(1).unwrap().split(" in lobby").next().unwrap().to_owned();
    // Whoever saw the one and then the other in its place would know whose it is.
    for platform in others("discord") {
        until("it goes", || bench.with(platform, "without a mask").is_empty()).await;
        until("the name goes", || !bench.with(platform, "names")[0].text.contains(&name)).await;
        let named = bench.with(platform, "names").remove(0);
        assert!(named.text.contains("someone") && !named.text.contains(&pseudonym), "{named:?}");
    }
    until("the reaction goes", || message(&bench, "slack", &on_slack.id).reactions.is_empty()).await;
    // What is edited afterwards was said without the mask.
    bench.edit("discord", &said, "with a mask");
    bench.say("discord", "under the mask");
    for platform in others("discord") {
        let seen = bench.arrives(platform, "under the mask").await;
        assert!(format!("{} {}", seen.author, seen.text).contains(&pseudonym), "{seen:?}");
        assert!(bench.with(platform, "with a mask").is_empty());
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

pub fn pass_on(bench: &Bench, platform: &str, person: usize, message: &str) {
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::Forward { person, room: room.clone(), message: message.into(), to: room };
    bench.people(platform).act(act).expect("people can pass on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_passed_on_is_by_whoever_said_it() {
    let bench = started().await;
    let room = bench.room("discord");
    ask(&bench, "discord", 0, &room, "/relay consent revoke bridging to telegram").await;
    bench.say("discord", "for some alone");
    let copy = bench.arrives("slack", "for some alone").await;
    pass_on(&bench, "slack", 1, &copy.id);
    bench.arrives("telegram", "what was passed on is not shown").await;
    until("it is shown where it was said", || bench.with("discord", "for some alone").len() == 2).await;
    assert!(bench.with("telegram", "for some alone").is_empty());
    // Somebody says no after theirs was passed on.
    say(&bench, "slack", 0, "said and regretted", None);
    for platform in others("slack") {
        let copy = bench.arrives(platform, "said and regretted").await;
        pass_on(&bench, platform, 1, &copy.id);
    }
    for platform in others("slack") {
        until("all of it is there", || bench.with(platform, "said and regretted").len() == 3).await;
    }
    choose(&bench, "slack", 0, "none").await;
    for platform in others("slack") {
        // What people passed on in their own room is theirs.
        until("it goes", || bench.with(platform, "said and regretted").len() == 1).await;
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_counts_also_after_something_in_particular() {
    let bench = started().await;
    let room = bench.room("discord");
    choose(&bench, "discord", 0, "none").await;
    ask(&bench, "discord", 0, &room, "/relay consent grant bridging to telegram").await;
    bench.say("discord", "to some again");
    bench.arrives("telegram", "to some again").await;
    let told = ask(&bench, "discord", 0, &room, "/relay privacy").await;
    assert!(told.contains("in particular"), "{told}");
    let told = choose(&bench, "discord", 0, "none").await;
    assert!(told.contains("From now on"), "{told}");
    until("it goes", || bench.with("telegram", "to some again").is_empty()).await;
    bench.people("telegram").heard().begin();
    bench.say("discord", "to nobody");
    has_passed(&bench, "discord", "somebody else").await;
    assert!(!bench.people("telegram").heard().has("to nobody"));
    assert!(choose(&bench, "discord", 0, "none").await.contains("That holds already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chooses_very_often_may_still_allow_less() {
    let bench = started().await;
    for round in 0..20 {
        let told = choose(&bench, "discord", 0, if round % 2 == 0 { "minimal" } else { "balanced" }).await;
        assert!(told.contains("From now on"), "{round}: {told}");
    }
    for word in ["full", "balanced"] {
        let told = choose(&bench, "discord", 0, word).await;
        assert!(word == "balanced" || told.contains("Wait an hour"), "{told}");
    }
    for word in ["anonymous", "minimal", "none"] {
        let told = choose(&bench, "discord", 0, word).await;
        assert!(told.contains("From now on"), "{word}: {told}");
    }
    let told = choose(&bench, "discord", 0, "minimal").await;
    assert!(told.contains("Wait an hour"), "{told}");
}

/// With this in the section of the channel.
pub async fn started_with(line: &str) -> Bench {
    let mut bench = bench().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let config = config.replace("[channels.lobby]", &format!("[channels.lobby]\n{line}"));
    std::fs::write(bench.config(), config).unwrap();
    bench.start();
    bench.connected(3).await;
    bench
}

fn give(bench: &Bench, platform: &str, person: usize, text: &str, file: &str) {
    let file = File { name: file.into(), size: 10, ..File::default() };
    let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
    let act = Act::Say {
        person,
        room,
        text: text.into(),
        reply_to: None,
        files: vec![Given::File(file)],
        thread: None,
    };
    bench.people(platform).act(act).expect("people can give files");
}

fn types(bench: &Bench, platform: &str) {
    let (person, room) = (bench.platform(platform).people[0].id.clone(), bench.room(platform));
    let _ = bench.people(platform).act(Act::Type { person, room });
}

/// What stands for a message that was nothing but a file.
const NOT_SHOWN: &str = "a file that is not shown here";

/// How a platform is asked to show that somebody types.
const TYPING: [&str; 2] = ["/typing", "sendChatAction"];

#[tokio::test(flavor = "multi_thread")]
async fn where_names_alone_are_shown_no_picture_crosses() {
    let bench = started_with("privacy = \"balanced\"").await;
    for from in PLATFORMS {
        let name = bench.platform(from).people[0].name.clone();
        listen(&bench);
        types(&bench, from);
        give(&bench, from, 0, &format!("{from} gives"), &format!("{from}-given.txt"));
        has_passed(&bench, from, &format!("{from}-is-through")).await;
        for platform in others(from) {
            let seen = bench.arrives(platform, &format!("{from} gives")).await;
            assert!(format!("{} {}", seen.author, seen.text).contains(&name), "{seen:?}");
            until("the file is there", || bench.people(platform).heard().has(&format!("{from}-given.txt")))
                .await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let pictures = ["avatar_url", "icon_url", "/avatars/"];
        reached_nobody(&bench, from, &pictures);
        reached_nobody(&bench, from, &TYPING);
    }
    // What Slack's people grant is theirs to give.
    let room = bench.room("slack");
    let told = ask(&bench, "slack", 0, &room, "/relay privacy").await;
    assert!(told.contains("no pictures, no comings and goings (balanced)"), "{told}");
    let shown = "on Discord and Telegram your texts, your files, your reactions, your name.";
    assert!(told.contains(shown) && !told.contains("with your name and picture"), "{told}");
    choose(&bench, "slack", 0, "full").await;
    listen(&bench);
    bench.say("slack", "a word widens nothing");
    bench.arrives("discord", "a word widens nothing").await;
    reached_nobody(&bench, "slack", &["avatar_url"]);
    ask(&bench, "slack", 0, &room, "/relay consent grant bridging picture to discord").await;
    bench.say("slack", "a grant does");
    bench.arrives("discord", "a grant does").await;
    assert!(bench.people("discord").heard().has("avatar_url"), "{}", bench.log());
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_least_is_shown_neither_names_nor_files_cross() {
    let bench = started_with("privacy = \"minimal\"").await;
    for from in PLATFORMS {
        let (id, name) =
            (bench.platform(from).people[0].id.clone(), bench.platform(from).people[0].name.clone());
        listen(&bench);
        types(&bench, from);
        give(&bench, from, 0, &format!("{from} gives"), &format!("{from}-withheld.txt"));
        say(&bench, from, 1, &format!("{from} names {}", mention(&bench, from, 0)), None);
        has_passed(&bench, from, &format!("{from}-is-through")).await;
        for platform in others(from) {
            let seen = bench.arrives(platform, &format!("{from} gives")).await;
            let messages = bench.with(platform, &format!("{from} "));
            assert!(messages.iter().all(|message| !format!("{message:?}").contains(&name)), "{messages:?}");
            assert!(seen.files.is_empty(), "{seen:?}");
            let mine = bench.arrives(platform, &format!("{from} names")).await;
            let shown = |seen: &Seen, word: &str| format!("{} {}", seen.author, seen.text).replace(word, "");
            assert_ne!(shown(&seen, "gives"), shown(&mine, "names"), "two people, two names");
        }
        // What is nothing but a file is said to be one.
        let before: Vec<usize> = others(from).map(|platform| bench.with(platform, NOT_SHOWN).len()).collect();
        give(&bench, from, 0, "", &format!("{from}-alone.txt"));
        has_passed(&bench, from, &format!("{from}-is-over")).await;
        for (platform, before) in others(from).zip(before) {
            until("it is said", || bench.with(platform, NOT_SHOWN).len() == before + 1).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let other = bench.platform(from).people[1].name.clone();
        reached_nobody(&bench, from, &[&name, &other, &id, "-withheld", "-alone", "icon_url", "avatar_url"]);
        reached_nobody(&bench, from, &TYPING);
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_masked_is_not_named_later_and_the_other_way_round() {
    let mut bench = started_with("privacy = \"minimal\"").await;
    let name = bench.platform("discord").people[0].name.clone();
    let masked = bench.say("discord", "said under a mask");
    bench.arrives("telegram", "said under a mask").await;
    let set = |bench: &Bench, from: &str, to: &str| {
        let config = std::fs::read_to_string(bench.config()).unwrap();
        std::fs::write(bench.config(), config.replace(&format!("\"{from}\""), &format!("\"{to}\""))).unwrap();
    };
    bench.stop().await;
    set(&bench, "minimal", "full");
    bench.start();
    bench.connected(3).await;
    let named = bench.say("discord", "said under a name");
    assert!(bench.arrives("telegram", "said under a name").await.text.contains(&name));
    bench.arrives("slack", "said under a name").await;
    listen(&bench);
    bench.edit("discord", &masked, "changed what a mask said");
    let changed = bench.arrives("telegram", "changed what a mask said").await;
    bench.arrives("slack", "changed what a mask said").await;
    assert!(changed.text.contains("someone"), "{changed:?}");
    reached_nobody(&bench, "discord", &[&name]);
    bench.stop().await;
    set(&bench, "full", "minimal");
    bench.start();
    bench.connected(3).await;
    listen(&bench);
    bench.edit("discord", &named, "changed what a name said");
    let changed = bench.arrives("telegram", "changed what a name said").await;
    assert!(changed.text.contains("someone"), "whose the mask is stays untold: {changed:?}");
    // Nor beside a message, where its name stands apart from it.
    let changed = bench.arrives("slack", "changed what a name said").await;
    assert!(!changed.author.contains(&name) && changed.author.contains("someone"), "{changed:?}");
    until("the old one goes", || bench.with("slack", "said under a name").is_empty()).await;
    bench.edit("discord", &named, "changed once more");
    let changed = bench.arrives("slack", "changed once more").await;
    assert!(!changed.author.contains(&name), "{changed:?}");
    until("one is left", || bench.with("slack", "changed what a name said").is_empty()).await;
    bench.arrives("telegram", "changed once more").await;
    bench.say("discord", "said under the mask again");
    let seen = bench.arrives("telegram", "said under the mask again").await;
    bench.arrives("slack", "said under the mask again").await;
    assert!(!seen.text.contains("someone") && !seen.text.contains(&name), "{seen:?}");
    reached_nobody(&bench, "discord", &[&name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_chooses_less_than_the_room_shows_less() {
    let bench = started().await;
    let told = choose(&bench, "slack", 0, "balanced").await;
    assert!(told.contains("without your picture"), "{told}");
    listen(&bench);
    bench.say("slack", "balanced now");
    bench.arrives("discord", "balanced now").await;
    reached_nobody(&bench, "slack", &["avatar_url"]);
    let told = choose(&bench, "slack", 0, "minimal").await;
    assert!(told.contains("without files"), "{told}");
    until("names go", || bench.with("discord", "balanced now").is_empty()).await;
    let name = bench.platform("slack").people[0].name.clone();
    listen(&bench);
    give(&bench, "slack", 0, "minimal now", "slack-kept.txt");
    has_passed(&bench, "slack", "somebody else").await;
    for platform in others("slack") {
        bench.arrives(platform, "minimal now").await;
    }
    reached_nobody(&bench, "slack", &[&name, "slack-kept"]);
}

/// `cargo test --test scenarios ten_thousand -- --ignored --nocapture`: minutes, with a binary that is not optimised.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn ten_thousand_messages_are_forgotten() {
    const MESSAGES: usize = 10_000;
    let mut bench = started().await;
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    for number in 0..MESSAGES {
        bench.say("discord", &format!("unutterable-{number}."));
        if number % 500 == 499 {
            patiently(&format!("{number} arrive"), || {
                others("discord").all(|platform| bench.with(platform, "unutterable").len() == number + 1)
            })
            .await;
        }
    }
    say(&bench, "telegram", 1, "of who stays.", None);
    patiently("it arrives", || !bench.with("slack", "of who stays.").is_empty()).await;
    let backup = bench.dir.path().join("before.backup").display().to_string();
    let (ok, words) = told(&bench, &["backup", &backup]);
    assert!(ok, "{words}");
    let began = std::time::Instant::now();
    let (ok, words) = told(&bench, &["forget", &who, "--yes"]);
    assert!(ok, "{words}");
    println!("asked after {:?}", began.elapsed());
    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    // Somebody else is not held up by it.
    let mut waits = Vec::new();
    for number in 0..20 {
        let said = std::time::Instant::now();
        say(&bench, "telegram", 1, &format!("meanwhile-{number}."), None);
        patiently("it arrives", || !bench.with("slack", &format!("meanwhile-{number}.")).is_empty()).await;
        waits.push(said.elapsed());
    }
    patiently("they are forgotten", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    println!("forgotten after {:?}, with a kill; others waited {waits:?}", began.elapsed());
    println!("{}", told(&bench, &["forget", &who]).1);
    for platform in others("discord") {
        assert!(bench.with(platform, "unutterable").is_empty());
        assert_eq!(bench.with(platform, "meanwhile").len(), 20);
    }
    let (_, words) = told(&bench, &["export", &who, "--out", "-"]);
    assert_eq!(words.lines().count(), 3, "{words}");
    restored_elsewhere(&mut bench, &backup).await;
    let (_, words) = told(&bench, &["export", &who, "--out", "-"]);
    assert!(!words.contains("unutterable") && words.contains("\"end\""), "{} lines", words.lines().count());
    let stays = format!("telegram:{}", bench.platform("telegram").people[1].id);
    let (_, words) = told(&bench, &["export", &stays, "--out", "-"]);
    assert!(words.contains("of who stays.") && !words.contains("unutterable"), "{words}");
}

/// A backup of before on a machine that was given the keys of today.
async fn restored_elsewhere(bench: &mut Bench, backup: &str) {
    let keys = bench.dir.path().join("today.keys").display().to_string();
    let (ok, words) = told(bench, &["keys", "backup", &keys]);
    assert!(ok, "{words}");
    bench.stop().await;
    let old = bench.dir.path().join("old");
    std::fs::rename(bench.state(), &old).unwrap();
    std::fs::create_dir(bench.state()).unwrap();
    std::fs::copy(old.join("master.key"), bench.state().join("master.key")).unwrap();
    let (ok, words) = told(bench, &["restore", backup, "--keys", &keys]);
    assert!(ok && words.contains("1 person was forgotten since it was made"), "{words}");
    println!("{words}");
    bench.start();
    bench.connected(3).await;
    // With so many messages the mapping takes a moment.
    let whole = || told(bench, &["export", "discord:nobody", "--out", "-"]).1;
    patiently("it can be exported", || !whole().contains("ask again")).await;
}

pub async fn patiently(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(600), "never: {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_under_a_no_does_not_come_with_what_others_make_of_it_after_a_yes() {
    let bench = started().await;
    for from in PLATFORMS {
        choose(&bench, from, 0, "none").await;
        let secret = say(&bench, from, 0, &format!("xyzzy of {from}"), None);
        say(&bench, from, 1, &format!("{from} answers at once"), Some(secret.clone()));
        has_passed(&bench, from, &format!("{from}-heard-it")).await;
        // Platforms tell whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        choose(&bench, from, 0, "full").await;
        listen(&bench);
        say(&bench, from, 1, &format!("{from} answers later"), Some(secret.clone()));
        let (person, room) = (bench.platform(from).people[1].id.clone(), bench.room(from));
        let forward = Act::Forward { person, room: room.clone(), message: secret, to: room };
        bench.people(from).act(forward).expect("people can pass on");
        has_passed(&bench, from, &format!("{from}-is-through")).await;
        for platform in others(from) {
            bench.arrives(platform, &format!("{from} answers later")).await;
            let passed = || bench.with(platform, "what was passed on is not shown").len();
            until("that something was passed on is told", || passed() > 0).await;
        }
        reached_nobody(&bench, from, &["xyzzy"]);
        // What is said now is shown, and quoted.
        let open = say(&bench, from, 0, &format!("plugh of {from}"), None);
        for platform in others(from) {
            bench.arrives(platform, &format!("plugh of {from}")).await;
        }
        say(&bench, from, 1, &format!("{from} answers in the open"), Some(open));
        for platform in others(from) {
            bench.arrives(platform, &format!("{from} answers in the open")).await;
        }
    }
    // Nor is it kept with what answered it.
    let who = format!("discord:{}", bench.platform("discord").people[1].id);
    let (ok, kept) = told(&bench, &["export", &who, "--out", "-"]);
    assert!(ok && kept.contains("discord answers at once"), "{kept}");
    // Only what they have passed on themselves.
    assert!(kept.matches("xyzzy").count() <= 1, "{kept}");
}
