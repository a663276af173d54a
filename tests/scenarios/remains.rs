//! What tells of somebody beside their own messages, once they say no: the end of their poll, their words passed on by others, and that
//! they came or went.

use crate::bench::{Bench, until};
use crate::clocks;
use crate::joining::ask;
use crate::privacy::{choose, has_passed, others, pass_on, patiently, say, started, told};
use stand_ins::people::{Act, Given};

fn acts(bench: &Bench, platform: &str, act: Act) -> String {
    bench.people(platform).act(act).expect("people can do that")
}

fn person(bench: &Bench, platform: &str) -> String {
    bench.platform(platform).people[1].id.clone()
}

/// Says something with a file, which somebody else passes on.
fn is_passed_on(bench: &Bench, text: &str) {
    let room = bench.room("discord");
    let give = Act::Say {
        person: person(bench, "discord"),
        room: room.clone(),
        text: text.into(),
        reply_to: None,
        files: vec![Given::Name("unseen.png".into())],
        thread: None,
    };
    let message = acts(bench, "discord", give);
    let by = bench.platform("discord").people[0].id.clone();
    acts(bench, "discord", Act::Forward { person: by, room: room.clone(), message, to: room });
}

/// A poll that ends, a thread with a name.
async fn asks_and_opens(bench: &Bench) {
    let room = bench.room("discord");
    let poll = Act::Ask {
        person: person(bench, "discord"),
        room: room.clone(),
        question: "frumious?".into(),
        answers: vec!["bandersnatch".into(), "no".into()],
        multiple: false,
    };
    let message = acts(bench, "discord", poll);
    for platform in ["slack", "telegram"] {
        until("the poll is there", || bench.people(platform).heard().has("frumious")).await;
    }
    acts(bench, "discord", Act::EndPoll { room: room.clone(), message });
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "has ended").await;
    }
    let open = Act::Open {
        person: person(bench, "discord"),
        room,
        message: None,
        name: "a name that stays".into(),
        text: Some("in a thread".into()),
    };
    acts(bench, "discord", open);
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "in a thread").await;
    }
}

fn rests(bench: &Bench, platform: &str) -> Vec<String> {
    let words = ["frumious", "bandersnatch", "vorpal", "unseen.png"];
    let all = bench.seen(platform).into_iter().filter(|seen| !seen.deleted).map(|seen| format!("{seen:?}"));
    all.filter(|seen| words.iter().any(|word| seen.contains(word))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_no_goes_what_others_passed_on_and_how_a_poll_ended() {
    let bench = started().await;
    for platform in ["slack", "telegram"] {
        bench.people(platform).heard().begin();
    }
    asks_and_opens(&bench).await;
    is_passed_on(&bench, "vorpal");
    say(&bench, "discord", 0, "of somebody else", None);
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "of somebody else").await;
        assert!(bench.with(platform, "vorpal").len() >= 2, "{:?}", bench.seen(platform));
    }
    choose(&bench, "discord", 1, "none").await;
    for platform in ["slack", "telegram"] {
        until("nothing of it is left", || rests(&bench, platform).is_empty()).await;
        bench.arrives(platform, "what was passed on is not shown").await;
        bench.arrives(platform, "of somebody else").await;
    }
    let room = bench.room("discord");
    ask(&bench, "discord", 1, &room, "/relay forget yes").await;
    let who = format!("discord:{}", person(&bench, "discord"));
    let told = |more: &[&str]| {
        let output = bench.command("forget").arg(&who).args(more).output().expect("relay runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    until("it is done", || told(&[]).contains("Forgotten on")).await;
    // A topic keeps its name, and that is said.
    let erased: serde_json::Value = serde_json::from_str(&told(&["--json"])).expect("JSON");
    assert_eq!(
        erased["left"],
        serde_json::json!(["1 × a thread on Telegram, which keeps the name it was opened with"]),
        "{erased}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_shown_already_is_not_shown_anew_for_each_who_chooses_less() {
    let bench = started().await;
    choose(&bench, "slack", 0, "none").await;
    let secret = say(&bench, "slack", 0, "vorpal", None);
    pass_on(&bench, "slack", 1, &secret);
    for platform in others("slack") {
        bench.arrives(platform, "what was passed on is not shown").await;
        bench.people(platform).heard().begin();
    }
    // Whoever has nothing to do with it.
    for person in [0, 1] {
        choose(&bench, "telegram", person, "none").await;
    }
    let is_done = || bench.log().matches("what somebody takes back is being deleted elsewhere").count() == 3;
    until("they have taken everything back", is_done).await;
    has_passed(&bench, "slack", "behind it").await;
    for platform in others("slack") {
        let is_told_again = bench.people(platform).heard().has("passed on is not shown");
        assert!(!is_told_again, "{platform}: {:?}", bench.with(platform, "passed on"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_no_goes_that_somebody_came() {
    let mut bench = Bench::new().await;
    bench.link_as("discord", "notices = \"each\"");
    bench.start();
    bench.connected(3).await;
    let name = bench.platform("slack").people[1].name.clone();
    let (room, by) = (bench.room("slack"), person(&bench, "slack"));
    acts(&bench, "slack", Act::Leave { person: by.clone(), room: room.clone() });
    acts(&bench, "slack", Act::Join { person: by, room });
    bench.arrives("discord", &format!("{name} has joined")).await;
    bench.arrives("discord", &format!("{name} has left")).await;
    choose(&bench, "slack", 1, "none").await;
    until("it goes", || bench.with("discord", &name).is_empty()).await;
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_goes_with_somebody_whom_it_names_and_no_other_does() {
    let Some(clock) = clocks::clock() else { return };
    let mut bench = Bench::new().await;
    bench.link_as("discord", "notices = \"digest\"");
    clocks::start(&mut bench, &clock).await;
    let names = [0, 1].map(|person| bench.platform("slack").people[person].name.clone());
    let digests = |number: usize| bench.with("discord", &format!("{} has left", names[number])).len();
    let room = bench.room("slack");
    // It is looked every minute whether one is due.
    for (hour, person) in [(1, 0), (2, 1)] {
        let by = bench.platform("slack").people[person].id.clone();
        acts(&bench, "slack", Act::Leave { person: by.clone(), room: room.clone() });
        acts(&bench, "slack", Act::Join { person: by, room: room.clone() });
        say(&bench, "slack", 0, &format!("behind it {hour}"), None);
        bench.arrives("discord", &format!("behind it {hour}")).await;
        clock.set(&format!("+{}m", hour * 61));
        patiently("the digest is told", || digests(person) == 1).await;
    }
    let who = format!("slack:{}", bench.platform("slack").people[1].id);
    let words = ask(&bench, "slack", 1, &room, "/relay forget yes").await;
    assert!(words.contains("From now on nothing of yours is carried"), "{words}");
    patiently("it is done", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    assert_eq!((digests(0), digests(1)), (1, 0), "{:?}", bench.with("discord", "has left"));
    let (_, words) = told(&bench, &["forget", &who, "--json"]);
    let erased: serde_json::Value = serde_json::from_str(&words).unwrap();
    assert!(erased["left"].as_array().unwrap().is_empty(), "{erased}");
    // That they left, that they came, and the digest.
    assert_eq!(erased["events"], 3, "{erased}");
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// Promise: what somebody changes does not stay elsewhere as it was, where what it is now may not be carried.
#[tokio::test(flavor = "multi_thread")]
async fn old_words_do_not_stay_where_the_new_ones_may_not_be() {
    let mut bench = crate::privacy::bench().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let asking = config.replace("[channels.lobby]\n", "[channels.lobby]\nconsent = \"opt_in\"\n");
    let reload = |bench: &Bench, config: &str| {
        std::fs::write(bench.config(), config).unwrap();
        let (done, words) = told(bench, &["reload"]);
        assert!(done, "{words}");
    };
    bench.start();
    bench.connected(3).await;
    let [kept, changed] = ["plug", "my number is xyzzy"].map(|text| bench.say("discord", text));
    bench.edit("discord", &kept, "plugh");
    for platform in others("discord") {
        bench.arrives(platform, "xyzzy").await;
        bench.arrives(platform, "plugh").await;
    }
    reload(&bench, &asking);
    bench.edit("discord", &changed, "my number is a secret");
    for platform in others("discord") {
        until("the old words go", || bench.with(platform, "xyzzy").is_empty()).await;
        assert_eq!((bench.with(platform, "secret").len(), bench.with(platform, "plugh").len()), (0, 1));
    }
    // Of some rooms alone.
    let room = bench.room("discord");
    for words in ["grant bridging to slack", "grant bridging to telegram for 3 seconds"] {
        ask(&bench, "discord", 0, &room, &format!("/relay consent {words}")).await;
    }
    let changed = bench.say("discord", "frotz is the word");
    for platform in others("discord") {
        bench.arrives(platform, "frotz").await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    bench.edit("discord", &changed, "gnusto is the word");
    bench.arrives("slack", "gnusto").await;
    until("it goes where it may not be", || bench.with("telegram", "frotz").is_empty()).await;
    assert!(bench.with("telegram", "gnusto").is_empty());
    // A pin tells of an edit once more, and by another name of who is mentioned: that is no change.
    let (person, room) = (bench.person("discord"), room.clone());
    acts(&bench, "discord", Act::Pin { person, room, message: kept.clone(), on: true });
    // What was said before asking began and ended stays: nobody has chosen that it goes.
    reload(&bench, &config);
    bench.edit("discord", &kept, "plugh no more");
    bench.say("discord", "and others go on");
    for platform in others("discord") {
        bench.arrives(platform, "and others go on").await;
        assert_eq!(bench.with(platform, "plugh").len(), 1, "{platform}");
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// Promise: whoever says no in the wrong form has said no.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_is_typed_as_a_message_is_one() {
    let bench = started().await;
    for platform in ["discord", "slack"] {
        for shown in ["/relay privacy none of that", "`/relay privacy none`", "> /relay privacy none"] {
            say(&bench, platform, 1, shown, None);
        }
        let read = ask(&bench, platform, 1, &bench.room(platform), "/relay privacy").await;
        assert!(read.contains("You have chosen nothing"), "{platform}: {read}");
        say(&bench, platform, 1, " /relay privacy none", None);
        say(&bench, platform, 1, &format!("behind the no on {platform}"), None);
        say(&bench, platform, 0, &format!("and others on {platform}"), None);
        for to in others(platform) {
            bench.arrives(to, &format!("and others on {platform}")).await;
            assert!(bench.with(to, &format!("behind the no on {platform}")).is_empty(), "{platform}");
        }
        until("what was said before goes", || {
            others(platform).all(|to| !bench.with(to, "privacy none of that").iter().any(|seen| seen.by_bot))
        })
        .await;
        let shown = ask(&bench, platform, 1, &bench.room(platform), "/relay privacy").await;
        assert!(shown.contains("nothing of yours"), "{platform}: {shown}");
    }
}
