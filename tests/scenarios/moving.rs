//! Rooms that go from one channel to another, or are in two: what people were promised in the first still holds for what was said there.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::ask;
use crate::privacy::{bench, listen, pass_on, reached_nobody, say, told};

/// Two channels, each with what stands in its section and the rooms of some platforms.
fn channels(bench: &Bench, all: [(&str, &str, &[&str]); 2]) {
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let (rest, _) = config.split_once("[channels.").expect("there is a channel");
    let section = |(name, lines, platforms): (&str, &str, &[&str])| {
        let room = |platform: &&str| format!("\"{platform}:{}\"", bench.room(platform));
        let rooms: Vec<String> = platforms.iter().map(room).collect();
        format!("[channels.{name}]\n{lines}\nlinks = [{}]\n", rooms.join(", "))
    };
    std::fs::write(bench.config(), format!("{rest}{}", all.map(section).concat())).unwrap();
}

fn reload(bench: &Bench) {
    let (ok, said) = told(bench, &["reload"]);
    assert!(ok, "{said}");
}

async fn started_with(all: [(&str, &str, &[&str]); 2]) -> Bench {
    let mut bench = bench().await;
    channels(&bench, all);
    bench.start();
    bench.connected(3).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_named_in_one_channel_is_not_masked_on_the_same_message_in_another() {
    let full = ("lobby", "privacy = \"full\"");
    let minimal = ("garden", "privacy = \"minimal\"");
    let rooms_in = |bench: &Bench, named: bool| {
        let (here, there): (&[&str], &[&str]) = if named { (&PLATFORMS, &[]) } else { (&[], &PLATFORMS) };
        channels(bench, [(full.0, full.1, here), (minimal.0, minimal.1, there)]);
    };
    let mut bench = bench().await;
    rooms_in(&bench, true);
    bench.start();
    bench.connected(3).await;
    let name = bench.platform("discord").people[0].name.clone();
    let named = bench.say("discord", "said under a name");
    assert!(bench.arrives("telegram", "said under a name").await.text.contains(&name));
    bench.arrives("slack", "said under a name").await;
    rooms_in(&bench, false);
    reload(&bench);
    let masked = bench.say("discord", "said under a mask");
    let mask = bench.arrives("telegram", "said under a mask").await.text.replace("said under a mask", "");
    assert!(!mask.contains(&name) && !mask.contains("someone"), "{mask}");
    bench.arrives("slack", "said under a mask").await;
    bench.edit("discord", &named, "changed what a name said");
    let changed = bench.arrives("telegram", "changed what a name said").await;
    assert!(changed.text.contains("someone"), "whose the mask is stays untold: {changed:?}");
    let changed = bench.arrives("slack", "changed what a name said").await;
    assert!(changed.author.contains("someone"), "{changed:?}");
    until("the old one goes", || bench.with("slack", "said under a name").is_empty()).await;
    // And back, also after a start.
    rooms_in(&bench, true);
    reload(&bench);
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    bench.edit("discord", &masked, "changed what a mask said");
    let changed = bench.arrives("telegram", "changed what a mask said").await;
    assert!(changed.text.contains("someone") && !changed.text.contains(&name), "{changed:?}");
    bench.say("discord", "said under a name again");
    assert!(bench.arrives("telegram", "said under a name again").await.text.contains(&name));
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_anybody_was_asked_does_not_leave_with_the_next_channel() {
    let asks = ("lobby", "consent = \"opt_in\"", &["discord", "slack"][..]);
    let bench = started_with([asks, ("garden", "connect = \"open\"", &["telegram"])]).await;
    let room = bench.room("discord");
    let secret = say(&bench, "discord", 1, "xyzzy is a secret", None);
    // Platforms tell whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let told = ask(&bench, "discord", 0, &room, "/relay connect garden").await;
    bench.say("discord", "it is joined");
    bench.arrives("telegram", "it is joined").await;
    listen(&bench);
    say(&bench, "discord", 0, "an answer to it", Some(secret.clone()));
    pass_on(&bench, "discord", 0, &secret);
    say(&bench, "discord", 1, "said in the open", None);
    let answer = bench.arrives("telegram", "an answer to it").await;
    assert!(!answer.text.contains("xyzzy"), "{told}: {answer:?}");
    bench.arrives("telegram", "said in the open").await;
    assert!(!bench.people("telegram").heard().has("xyzzy"), "{}", bench.log());
    // To each as it holds there.
    let told = ask(&bench, "discord", 1, &room, "/relay privacy").await;
    assert!(told.contains("on Telegram your texts") && told.contains("on Slack nothing"), "{told}");
    assert!(!told.contains("nothing of yours is carried"), "{told}");
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_under_opt_in_stays_after_it_has_become_notice() {
    let none: (&str, &str, &[&str]) = ("garden", "connect = \"open\"", &[]);
    let mut bench = started_with([("lobby", "consent = \"opt_in\"", &PLATFORMS), none]).await;
    let secret = say(&bench, "discord", 1, "xyzzy is a secret", None);
    ask(&bench, "discord", 0, &bench.room("discord"), "/relay privacy full").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    bench.say("discord", "said after a yes");
    bench.arrives("telegram", "said after a yes").await;
    channels(&bench, [("lobby", "consent = \"notice\"", &PLATFORMS), none]);
    reload(&bench);
    let quiet = bench.platform("discord").people[1].name.clone();
    for time in ["at once", "after a start"] {
        listen(&bench);
        say(&bench, "discord", 0, &format!("an answer {time}"), Some(secret.clone()));
        pass_on(&bench, "discord", 0, &secret);
        let room = format!("discord:{}", bench.room("discord"));
        let (ok, said) = told(&bench, &["resync", &room, "--since", "1 day"]);
        assert!(ok, "{said}");
        for platform in ["slack", "telegram"] {
            bench.arrives(platform, &format!("an answer {time}")).await;
        }
        say(&bench, "discord", 0, &format!("the last word {time}"), None);
        for platform in ["slack", "telegram"] {
            bench.arrives(platform, &format!("the last word {time}")).await;
        }
        reached_nobody(&bench, "discord", &["xyzzy", &quiet]);
        bench.stop().await;
        bench.start();
        bench.connected(3).await;
    }
    // What they say from now on is carried, for they were told.
    say(&bench, "discord", 1, "said in the open", None);
    let seen = bench.arrives("telegram", "said in the open").await;
    assert!(seen.text.contains(&quiet), "{seen:?}");
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_channels_between_two_rooms_the_tighter_asks() {
    for second in ["alpha", "zeta"] {
        let rooms = &["discord", "slack"][..];
        let asks = ("lobby", "consent = \"opt_in\"", rooms);
        let bench = started_with([asks, (second, "consent = \"notice\"", rooms)]).await;
        ask(&bench, "discord", 0, &bench.room("discord"), "/relay privacy full").await;
        listen(&bench);
        say(&bench, "discord", 1, "xyzzy is a secret", None);
        say(&bench, "discord", 0, "said after a yes", None);
        bench.arrives("slack", "said after a yes").await;
        assert!(!bench.people("slack").heard().has("xyzzy"), "{second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_one_of_two_channels_does_not_come_into_the_other_with_what_people_of_both_make_of_it()
 {
    // One platform tells which message is passed on, the other one does not.
    for (shared, other) in [("discord", "telegram"), ("telegram", "discord")] {
        let one = ("garden", "", &["slack", shared][..]);
        let bench = started_with([one, ("lobby", "", &[other, shared])]).await;
        let name = bench.platform("slack").people[0].name.clone();
        say(&bench, "slack", 0, "gostak of the garden", None);
        let copy = bench.arrives(shared, "gostak of the garden").await;
        listen(&bench);
        say(&bench, shared, 0, "an answer to it", Some(copy.id.clone()));
        pass_on(&bench, shared, 1, &copy.id);
        say(&bench, shared, 1, "and nothing more", None);
        for platform in ["slack", other] {
            bench.arrives(platform, "an answer to it").await;
            bench.arrives(platform, "and nothing more").await;
        }
        bench.arrives(other, "what was passed on is not shown").await;
        let heard = bench.people(other).heard();
        assert!(!heard.has("gostak") && !heard.has(&name), "{shared}");
        assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
    }
}
