//! What people are told without asking, and how often: a notice that is pinned, and a line of their own.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::{ask, is_in, second};
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Seen};
use stand_ins::world::World;

async fn bench() -> Bench {
    of(World::demo()).await
}

async fn of(world: World) -> Bench {
    let mut bench = Bench::of(world).await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let open = config.replace("[channels.lobby]\n", "[channels.lobby]\nconnect = \"open\"\n");
    std::fs::write(bench.config(), open).unwrap();
    bench.start();
    bench.connected(3).await;
    bench
}

fn notices(bench: &Bench, platform: &str, room: &str) -> Vec<Seen> {
    let all = bench.people(platform).messages(room).unwrap();
    all.into_iter()
        .filter(|seen| seen.only_for.is_none() && seen.text.contains("has joined lobby:"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_notice_of_a_room_is_pinned_and_no_other() {
    let mut bench = bench().await;
    let on_slack = second(&bench, "slack");
    ask(&bench, "slack", 0, &on_slack, "/relay connect lobby").await;
    let rooms = |bench: &Bench| {
        let mut rooms: Vec<(&str, String)> =
            PLATFORMS.into_iter().map(|platform| (platform, bench.room(platform))).collect();
        rooms.push(("slack", on_slack.clone()));
        rooms
    };
    for (platform, room) in rooms(&bench) {
        until(&format!("it is pinned in {room} on {platform}"), || {
            notices(&bench, platform, &room).first().is_some_and(|notice| notice.pinned)
        })
        .await;
    }
    // A kill before it is written down that it is pinned would have it pinned again.
    until("that is written down", || {
        bench.status().is_some_and(|status| !status.to_string().contains("\"queued\":1"))
    })
    .await;
    // Somebody takes it down in their room: there alone.
    let (person, room) = (bench.person("discord"), bench.room("discord"));
    let message = notices(&bench, "discord", &room)[0].id.clone();
    bench
        .people("discord")
        .act(Act::Pin { person, room: room.clone(), message, on: false })
        .expect("people can unpin");
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let on_discord = second(&bench, "discord");
    ask(&bench, "discord", 0, &on_discord, "/relay connect lobby").await;
    until("the new room has its own", || {
        notices(&bench, "discord", &on_discord).first().is_some_and(|notice| notice.pinned)
    })
    .await;
    for (platform, room) in rooms(&bench) {
        until("all are told", || notices(&bench, platform, &room).len() == 2).await;
        bench.say("telegram", &format!("later, for {platform} {room}"));
        if platform != "telegram" {
            is_in(&bench, platform, &room, &format!("later, for {platform} {room}")).await;
        }
        let pinned: Vec<bool> = notices(&bench, platform, &room).iter().map(|notice| notice.pinned).collect();
        assert_eq!(pinned, [platform != "discord", false], "{platform} {room}");
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_pinned_nothing_is_said_of_it() {
    let mut world = World::demo();
    world.telegram.bots[0].may = Some(vec!["privacy_off".into()]);
    let bench = of(world).await;
    let on_discord = second(&bench, "discord");
    ask(&bench, "discord", 0, &on_discord, "/relay connect lobby").await;
    is_in(&bench, "telegram", &bench.room("telegram"), "has joined lobby").await;
    bench.say("discord", "it goes on");
    bench.arrives("telegram", "it goes on").await;
    let told = notices(&bench, "telegram", &bench.room("telegram"));
    assert_eq!(told.iter().map(|notice| notice.pinned).collect::<Vec<_>>(), [false]);
    assert!(bench.with("telegram", "📌").is_empty());
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_a_command_is_told_once_what_becomes_of_what_they_say() {
    const TOLD: &str = "shown in rooms elsewhere, too.";
    let mut bench = bench().await;
    for platform in PLATFORMS {
        let room = bench.room(platform);
        let status = ask(&bench, platform, 0, &room, "/relay status").await;
        assert!(status.contains(TOLD) && status.contains("/relay privacy"), "{platform}: {status}");
        let status = ask(&bench, platform, 0, &room, "/relay status").await;
        assert!(!status.contains(TOLD), "{platform}: {status}");
        // Who has asked for it knows it.
        ask(&bench, platform, 1, &room, "/relay privacy").await;
    }
    bench.kill();
    bench.start();
    bench.connected(3).await;
    for platform in PLATFORMS {
        for person in [0, 1] {
            let help = ask(&bench, platform, person, &bench.room(platform), "/relay help").await;
            assert!(!help.contains(TOLD), "{platform}: {help}");
        }
    }
    // Where nothing is carried there is nothing to tell.
    let status = ask(&bench, "slack", 2, &second(&bench, "slack"), "/relay status").await;
    assert!(status.contains("not joined") && !status.contains(TOLD), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_that_are_linked_in_the_file_are_told_once() {
    let joined = |bench: &Bench, platform: &str, room: &str| -> Vec<Seen> {
        let all = bench.people(platform).messages(room).unwrap();
        all.into_iter().filter(|seen| seen.text.contains("are joined by Relay")).collect()
    };
    let (mut bench, config) = telling().await;
    std::fs::write(bench.config(), &config).unwrap();
    for start in ["at first", "after a restart"] {
        bench.start();
        bench.connected(3).await;
        for platform in PLATFORMS {
            let room = bench.room(platform);
            until(&format!("{platform} is told, and it is pinned"), || {
                joined(&bench, platform, &room).first().is_some_and(|notice| notice.pinned)
            })
            .await;
        }
        until("that is written down", || {
            bench.status().is_some_and(|status| !status.to_string().contains("\"queued\":1"))
        })
        .await;
        // Whatever would be told again would stand before it.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        bench.say("slack", start);
        bench.arrives("telegram", start).await;
        for platform in PLATFORMS {
            let told = joined(&bench, platform, &bench.room(platform));
            assert_eq!(told.len(), 1, "{platform}");
            assert!(told[0].text.contains("3 rooms on Discord, Slack and Telegram"), "{}", told[0].text);
            assert!(told[0].text.contains("/relay privacy"), "{}", told[0].text);
        }
        bench.kill();
    }
    // A room that comes later is told, with those that it comes to.
    let on_slack = second(&bench, "slack");
    let link = format!("links = [\"slack:{on_slack}\", ");
    std::fs::write(bench.config(), config.replacen("links = [", &link, 1)).unwrap();
    bench.start();
    bench.connected(3).await;
    until("the new room is told", || joined(&bench, "slack", &on_slack).len() == 1).await;
    for platform in PLATFORMS {
        let room = bench.room(platform);
        until("so are the others", || joined(&bench, platform, &room).len() == 2).await;
        until("the pinned one names all", || {
            let pinned: Vec<bool> =
                joined(&bench, platform, &room).iter().map(|notice| notice.pinned).collect();
            pinned == [false, true]
        })
        .await;
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// A bench whose rooms are to be told what they are joined with, and its config.
async fn telling() -> (Bench, String) {
    let bench = Bench::of(World::demo()).await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    (bench, config.replace("tell_rooms = false\n", "tell_rooms = true\n"))
}

/// The same config with people asked first.
fn asking(config: &str) -> String {
    config.replace("[channels.lobby]\n", "[channels.lobby]\nconsent = \"opt_in\"\n")
}

/// The notices in a room that tell it what it is joined with, and whether each is pinned.
fn joined(bench: &Bench, platform: &str) -> Vec<Seen> {
    let all = bench.people(platform).messages(&bench.room(platform)).unwrap();
    all.into_iter().filter(|seen| seen.text.contains("joined by Relay")).collect()
}

/// Promise: people hear of it where programs see what they say, also where no other room does, and also when that comes later.
#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_told_of_programs() {
    let told = |bench: &Bench, platform: &str| -> Vec<(bool, String)> {
        let all = bench.people(platform).messages(&bench.room(platform)).unwrap();
        let told =
            all.into_iter().filter(|seen| seen.only_for.is_none() && seen.text.contains("/relay privacy"));
        told.map(|seen| (seen.pinned, seen.text)).collect()
    };
    let (mut bench, config) = telling().await;
    let alone = format!("links = [\"slack:{}\"]\n", bench.room("slack"));
    let (before, _) = config.split_once("links = [").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let api = format!("[api]\nlisten = \"127.0.0.1:{port}\"\n");
    std::fs::write(bench.config(), format!("{before}{alone}{api}")).unwrap();
    bench.start();
    until("Slack is told of programs alone", || {
        matches!(told(&bench, "slack").as_slice(), [(true, text)] if text.starts_with("What is said in this room is shown to programs"))
    })
    .await;
    bench.kill();
    // Rooms that know of each other hear of programs that come later.
    let (mut bench, config) = telling().await;
    std::fs::write(bench.config(), &config).unwrap();
    bench.start();
    for platform in PLATFORMS {
        until(&format!("{platform} is told"), || matches!(told(&bench, platform).as_slice(), [(true, _)]))
            .await;
        assert!(!told(&bench, platform)[0].1.contains("rograms"));
    }
    bench.kill();
    for start in ["with programs", "again"] {
        std::fs::write(bench.config(), format!("{config}{api}")).unwrap();
        bench.start();
        for platform in PLATFORMS {
            until(&format!("{platform} is told of programs"), || {
                matches!(told(&bench, platform).as_slice(), [(false, _), (true, text)] if text.contains("Programs that"))
            })
            .await;
        }
        bench.say("slack", start);
        bench.arrives("telegram", start).await;
        bench.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_told_once_all_are_found() {
    let (mut bench, config) = telling().await;
    let by_id = format!("telegram:{}", bench.room("telegram"));
    std::fs::write(bench.config(), config.replace(&by_id, "telegram:sunday hikers")).unwrap();
    bench.start();
    bench.connected(3).await;
    // Telegram tells a bot of no chat before something happens there.
    bench.say("discord", "half of it is there");
    bench.arrives("slack", "half of it is there").await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(joined(&bench, "discord").is_empty() && joined(&bench, "slack").is_empty());
    bench.say("telegram", "here we are");
    for platform in PLATFORMS {
        until(&format!("{platform} is told"), || {
            joined(&bench, platform).first().is_some_and(|notice| notice.pinned)
        })
        .await;
        let told = joined(&bench, platform);
        assert_eq!(told.len(), 1, "{platform}");
        assert!(told[0].text.contains("3 rooms on Discord, Slack and Telegram"), "{}", told[0].text);
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_consent_is_loosened_nothing_is_carried_before_rooms_are_told() {
    const ANEW: &str = "without being allowed first";
    let (mut bench, config) = telling().await;
    std::fs::write(bench.config(), asking(&config)).unwrap();
    bench.start();
    bench.connected(3).await;
    for platform in PLATFORMS {
        until(&format!("{platform} is told"), || {
            joined(&bench, platform).first().is_some_and(|notice| notice.pinned)
        })
        .await;
        // Who gives a command is told the same.
        let told = ask(&bench, platform, 0, &bench.room(platform), "/relay status").await;
        assert!(told.contains("until you allow it"), "{told}");
    }
    // Slack takes nothing: its people are not told, and nothing of theirs is carried.
    bench.fault("slack", Kind::ServerError, 1_000, "chat.postMessage");
    std::fs::write(bench.config(), &config).unwrap();
    let reloaded = bench.command("reload").output().unwrap();
    assert!(reloaded.status.success(), "{}", bench.log());
    for platform in ["discord", "telegram"] {
        until(&format!("{platform} is told anew"), || {
            joined(&bench, platform).last().is_some_and(|notice| notice.text.contains(ANEW) && notice.pinned)
        })
        .await;
        let told: Vec<bool> = joined(&bench, platform).iter().map(|notice| notice.pinned).collect();
        assert_eq!(told, [false, true], "{platform}: the old one is not true any more");
    }
    bench.say("slack", "under the old word");
    bench.say("discord", "under the new word");
    bench.arrives("telegram", "under the new word").await;
    assert!(bench.with("telegram", "under the old word").is_empty());
    // Also after a restart.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    bench.say("slack", "still under the old word");
    bench.say("discord", "and the new one again");
    bench.arrives("telegram", "and the new one again").await;
    bench.people("slack").faults().disarm();
    until("Slack is told", || {
        joined(&bench, "slack").last().is_some_and(|notice| notice.text.contains(ANEW) && notice.pinned)
    })
    .await;
    bench.say("slack", "told otherwise");
    bench.arrives("discord", "told otherwise").await;
    assert!(bench.with("discord", "under the old word").is_empty(), "what was said before stays");
    for platform in ["discord", "telegram"] {
        let told = ask(&bench, platform, 0, &bench.room(platform), "/relay status").await;
        assert!(told.contains("What is shown of you is yours"), "{platform}: {told}");
        let told = ask(&bench, platform, 0, &bench.room(platform), "/relay status").await;
        assert!(!told.contains("What is shown of you is yours"), "{platform}: {told}");
    }
    until("on Slack they are told alone", || whispered(&bench, "slack", 0) == 1).await;
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// Promise: people hear of every room that sees what they say, also where their room was told of others before.
#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_told_of_one_that_moves_to_them() {
    let (mut bench, config) = telling().await;
    let (before, _) = config.split_once("[channels.lobby]").unwrap();
    let link = |platform: &str, room: &str| format!("\"{platform}:{room}\"");
    let [discord, slack, telegram] = PLATFORMS.map(|platform| link(platform, &bench.room(platform)));
    let other = link("slack", &second(&bench, "slack"));
    let channels = |lobby: &[&str], side: &[&str]| {
        let (lobby, side) = (lobby.join(", "), side.join(", "));
        format!("{before}[channels.lobby]\nlinks = [{lobby}]\n[channels.side]\nlinks = [{side}]\n")
    };
    std::fs::write(bench.config(), channels(&[&discord, &slack], &[&telegram, &other])).unwrap();
    bench.start();
    bench.connected(3).await;
    bench.say("telegram", "somebody is here");
    for platform in PLATFORMS {
        until(&format!("{platform} is told"), || joined(&bench, platform).len() == 1).await;
    }
    std::fs::write(bench.config(), channels(&[&discord, &slack, &telegram], &[])).unwrap();
    assert!(bench.command("reload").output().unwrap().status.success(), "{}", bench.log());
    for platform in PLATFORMS {
        until(&format!("{platform} is told of all three"), || {
            let all = joined(&bench, platform);
            all.len() == 2 && all[1].pinned && all[1].text.contains("3 rooms on Discord, Slack and Telegram")
        })
        .await;
    }
    // Once.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    bench.say("telegram", "anything new?");
    bench.arrives("slack", "anything new?").await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(PLATFORMS.iter().all(|platform| joined(&bench, platform).len() == 2), "{}", bench.log());
}

/// Promise: where people are asked from now on, the notice that says otherwise does not stay, and nobody goes on talking to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn where_consent_is_tightened_rooms_and_people_are_told() {
    const ANEW: &str = "only once they allow it";
    let (mut bench, config) = telling().await;
    std::fs::write(bench.config(), &config).unwrap();
    bench.start();
    bench.connected(3).await;
    let reload = |bench: &Bench, config: &str| {
        std::fs::write(bench.config(), config).unwrap();
        let reloaded = bench.command("reload").output().unwrap();
        assert!(reloaded.status.success(), "{}", bench.log());
    };
    let told_last = async |bench: &Bench, count: usize, words: &str| {
        for platform in PLATFORMS {
            until(&format!("{platform} is told {words}"), || {
                let all = joined(bench, platform);
                all.len() == count && all.last().is_some_and(|it| it.pinned && it.text.contains(words))
            })
            .await;
            let pinned = joined(bench, platform).iter().filter(|notice| notice.pinned).count();
            assert_eq!(pinned, 1, "{platform}: the old one is not true any more");
        }
    };
    told_last(&bench, 1, "is shown in the others.").await;
    let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay status").await;
    assert!(told.contains("What is shown of you is yours"), "{told}");
    reload(&bench, &asking(&config));
    told_last(&bench, 2, ANEW).await;
    bench.say("discord", "to nobody");
    let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay status").await;
    assert!(told.contains("until you allow it"), "{told}");
    let told = ask(&bench, "discord", 0, &bench.room("discord"), "/relay status").await;
    assert!(!told.contains("until you allow it"), "once: {told}");
    // Neither a restart nor another reload tells it again; to and fro does.
    bench.kill();
    bench.start();
    bench.connected(3).await;
    reload(&bench, &config);
    told_last(&bench, 3, "without being allowed first").await;
    reload(&bench, &asking(&config));
    told_last(&bench, 4, ANEW).await;
    assert!(bench.with("telegram", "to nobody").is_empty());
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// Promise: what was said before a room was told stays as it was told then, also where Relay hears of it only afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_after_a_room_was_told_counts_as_it_was_said() {
    let (mut bench, config) = telling().await;
    std::fs::write(bench.config(), asking(&config)).unwrap();
    bench.start();
    bench.connected(3).await;
    let told = |bench: &Bench, how_often: usize| {
        let all = joined(bench, "slack");
        all.len() == how_often && all.last().is_some_and(|notice| notice.pinned)
    };
    until("Slack is told", || told(&bench, 1)).await;
    bench.fault("slack", Kind::ServerError, 1_000, "chat.postMessage");
    std::fs::write(bench.config(), &config).unwrap();
    let reloaded = bench.command("reload").output().unwrap();
    assert!(reloaded.status.success(), "{}", bench.log());
    // Slack takes what is said to it, and tells nothing.
    let silent = stand_ins::faults::Fault { kind: Kind::Silent, times: 1, only: None, seconds: 60.0 };
    bench.people("slack").fault(silent).unwrap();
    bench.say("slack", "under the old word");
    bench.people("slack").faults().disarm();
    until("Slack is told anew", || told(&bench, 2)).await;
    bench.say("slack", "under the new word");
    bench.fault("slack", Kind::Disconnect, 1, "");
    bench.arrives("discord", "under the new word").await;
    assert!(bench.with("discord", "under the old word").is_empty());
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

/// What Relay has told somebody alone, without being asked.
fn whispered(bench: &Bench, platform: &str, person: usize) -> usize {
    let id = bench.platform(platform).people[person].id.as_str();
    let is_it = |seen: &&Seen| {
        seen.only_for.as_deref() == Some(id) && seen.text.starts_with("What is said in this room")
    };
    bench.seen(platform).iter().filter(is_it).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_slack_whoever_speaks_first_is_told_once_and_alone() {
    let mut bench = Bench::of(World::demo()).await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), config.replace("tell_rooms = false\n", "")).unwrap();
    bench.start();
    bench.connected(3).await;
    let say = |bench: &Bench, platform: &str, person: usize, text: &str| {
        let (person, room) = (bench.platform(platform).people[person].id.clone(), bench.room(platform));
        let act = Act::Say { person, room, text: text.into(), reply_to: None, files: vec![], thread: None };
        bench.people(platform).act(act).expect("people can talk");
    };
    for number in 0..5 {
        say(&bench, "slack", 0, &format!("first-{number}."));
    }
    say(&bench, "slack", 1, "the other's first");
    for person in [0, 1] {
        until("they are told", || whispered(&bench, "slack", person) == 1).await;
    }
    for platform in ["discord", "telegram"] {
        say(&bench, platform, 0, &format!("from {platform}"));
        bench.arrives("slack", &format!("from {platform}")).await;
    }
    bench.kill();
    bench.start();
    bench.connected(3).await;
    // Who has chosen knows.
    ask(&bench, "slack", 2, &bench.room("slack"), "/relay privacy full").await;
    for person in [2, 0, 1] {
        say(&bench, "slack", person, &format!("again-{person}."));
        bench.arrives("discord", &format!("again-{person}.")).await;
    }
    // Whoever is to be told after them has been: nobody is waited for.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!([0, 1, 2].map(|person| whispered(&bench, "slack", person)), [1, 1, 0]);
    for platform in ["discord", "telegram"] {
        assert_eq!(whispered(&bench, platform, 0), 0, "{platform} cannot");
        assert!(bench.with(platform, "What is said in this room").is_empty(), "{platform}");
    }
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}
