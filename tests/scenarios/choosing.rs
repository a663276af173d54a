//! What people are told of what they choose: what it comes to here, what still waits, and what could not be done.

use crate::bench::{Bench, until};
use crate::joining::ask;
use crate::privacy::{choose, say, started, told};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
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
    let world = bench.platform("telegram");
    let (person, bot) = (world.people[0].id.clone(), world.bots[0].id.clone());
    let begin = Act::Say {
        person: person.clone(),
        room: bot,
        text: "hello".into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
    bench.people("telegram").act(begin).expect("people can talk to a bot");
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
}
