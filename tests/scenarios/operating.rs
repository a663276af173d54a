//! Operating a running bridge: what waits is seen, held, dropped and sent again, and nothing of it is lost or out of order.

use crate::bench::{Bench, until};
use serde_json::Value;
use stand_ins::faults::Kind;
use stand_ins::people::Act;

/// `relay queue …`; its answer as JSON where it is one, else its words.
fn queue(bench: &Bench, arguments: &[&str]) -> (bool, Value) {
    let output = bench.command("queue").arg("--json").args(arguments).output().unwrap();
    match output.status.success() {
        true => (true, serde_json::from_slice(&output.stdout).expect("JSON")),
        false => (false, String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn queued(bench: &Bench, account: &str) -> u64 {
    let (_, rooms) = queue(bench, &["list", account]);
    rooms.as_array().and_then(|rooms| rooms.first()).and_then(|room| room["queued"].as_u64()).unwrap_or(0)
}

fn texts(bench: &Bench, platform: &str, word: &str) -> Vec<String> {
    let found = bench.with(platform, word);
    let number =
        |text: &str| text.split(word).nth(1).map(|rest| format!("{word}{}", rest.split('.').next().unwrap()));
    found.into_iter().filter_map(|message| number(&message.text)).collect()
}

fn numbered(word: &str, numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("{word}{number}")).collect()
}

/// Attacks "in order" and "accepted is kept".
#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_stays_so_over_a_kill_and_then_arrives_in_order() {
    let mut bench = Bench::started().await;
    bench.say("slack", "before");
    bench.arrives("telegram", "before").await;
    let (done, answer) = queue(&bench, &["pause", "telegram"]);
    assert!(done && answer["done"] == "pause" && answer["to"][0] == "telegram", "{answer}");
    for number in 0..8 {
        bench.say("slack", &format!("held-{number}."));
    }
    until("Discord has them", || bench.with("discord", "held-").len() == 8).await;
    until("all are in the queue", || queued(&bench, "telegram") == 8).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    for number in 8..10 {
        bench.say("slack", &format!("held-{number}."));
    }
    until("Discord has them", || bench.with("discord", "held-").len() == 10).await;
    until("all are in the queue", || queued(&bench, "telegram") == 10).await;
    let (_, rooms) = queue(&bench, &[]);
    assert_eq!(rooms[0]["state"], "paused", "{rooms}");
    assert!(bench.with("telegram", "held-").is_empty());
    let status = bench.status().unwrap();
    let links = status["channels"][0]["links"].as_array().unwrap();
    assert!(
        links.iter().any(|link| link["account"] == "telegram" && link["lane"]["state"] == "paused"),
        "{status}"
    );
    let (done, again) = queue(&bench, &["pause", "telegram"]);
    assert!(done && again["count"] == 0, "{again}");
    let (done, _) = queue(&bench, &["resume", "telegram"]);
    assert!(done);
    until("all arrive", || bench.with("telegram", "held-").len() == 10).await;
    assert_eq!(texts(&bench, "telegram", "held-"), numbered("held-", 0..10));
}

/// Attacks "in order" and "never silently lost": a delivery that was given up goes out when it is retried, with its edit.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_is_a_dead_letter_and_comes_back_with_its_edits() {
    let bench = Bench::started().await;
    let room = format!("telegram:{}", bench.room("telegram"));
    assert!(queue(&bench, &["pause", &room]).0);
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(bench.say("slack", &format!("lost-{number}.")));
    }
    until("all are in the queue", || queued(&bench, &room) == 4).await;
    let (_, shown) = queue(&bench, &["show", &room]);
    let waiting = shown[0]["waiting"].as_array().unwrap().clone();
    assert_eq!(waiting.len(), 4);
    assert_eq!(waiting[1]["text"], "lost-1.", "{shown}");
    let id = |at: usize| waiting[at]["id"].as_str().unwrap().to_owned();
    let (done, words) = queue(&bench, &["drop", &room]);
    assert!(
        !done && words.as_str().unwrap().contains("4 deliveries"),
        "all at once only with --yes: {words}"
    );
    let (done, answer) = queue(&bench, &["drop", &room, &id(1), &id(2)]);
    assert!(done && answer["count"] == 2, "{answer}");
    // What is said about a dropped message while it is dropped.
    bench.edit("slack", &ids[1], "lost-1-edited.");
    bench.delete("slack", &ids[2]);
    assert!(queue(&bench, &["resume", &room]).0);
    until("the others arrive", || bench.with("telegram", "lost-").len() == 2).await;
    assert_eq!(texts(&bench, "telegram", "lost-"), ["lost-0", "lost-3"]);
    let status = bench.status().unwrap();
    assert_eq!(status["dead_letters"][0]["reason"], "dropped", "{status}");
    let (done, answer) = queue(&bench, &["retry", &room]);
    assert!(done && answer["count"] == 1, "what was deleted since stays away: {answer}");
    until("it comes with its edit", || bench.with("telegram", "lost-1-edited").len() == 1).await;
    until("nothing waits", || queued(&bench, &room) == 0).await;
    assert_eq!(bench.with("telegram", "lost-").len(), 3);
    assert!(bench.with("telegram", "lost-2").is_empty());
    let (done, words) = queue(&bench, &["retry", &room, &id(0)]);
    assert!(!done && words.as_str().unwrap().contains("none of these was given up"), "{words}");
}

/// Attacks "nothing stuck": a lane that waits for its time is tried at once when somebody asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_waits_is_tried_at_once_when_it_is_asked() {
    let bench = Bench::started().await;
    bench.fault("telegram", Kind::ServerError, 8, "sendMessage");
    bench.say("slack", "soon");
    until("it has waited for long", || {
        let (_, rooms) = queue(&bench, &["list", "telegram"]);
        rooms[0]["head"]["attempts"].as_u64().unwrap_or(0) >= 5
    })
    .await;
    let (_, rooms) = queue(&bench, &["list", "telegram"]);
    assert!(rooms[0]["next_try"].is_i64() && rooms[0]["state"] == "retrying", "{rooms}");
    assert!(rooms[0]["head"]["reason"].as_str().unwrap().contains("502"), "{rooms}");
    let began = std::time::Instant::now();
    while bench.with("telegram", "soon").is_empty() {
        assert!(queue(&bench, &["retry", "telegram"]).0);
        assert!(
            began.elapsed().as_secs() < 8,
            "the sixth wait alone is sixteen seconds, and a third less at least"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Attacks "in order": a room's right is taken away and given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_taken_away_and_given_back_parks_the_lane_and_lets_it_go_on() {
    let bench = Bench::started().await;
    let bot = || "Relay".to_owned();
    bench.people("telegram").act(Act::Kick { bot: bot(), room: bench.room("telegram") }).unwrap();
    for number in 0..5 {
        bench.say("slack", &format!("out-{number}."));
    }
    until("the lane is parked", || {
        let (_, rooms) = queue(&bench, &["list", "telegram"]);
        rooms[0]["state"] == "parked" && rooms[0]["queued"] == 5
    })
    .await;
    bench.people("telegram").act(Act::Invite { bot: bot(), room: bench.room("telegram") }).unwrap();
    until("all arrive", || bench.with("telegram", "out-").len() == 5).await;
    assert_eq!(texts(&bench, "telegram", "out-"), numbered("out-", 0..5));
    assert_eq!(bench.counter("dead"), 0);
}

/// Attacks "in order" and "nothing stuck": a token that is revoked and valid again.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_token_works_again_goes_on_by_itself_and_in_order() {
    let bench = Bench::started().await;
    // The post is refused, then the look at the credential; the next look, fifteen seconds later, finds it valid.
    bench.fault("slack", Kind::Unauthorized, 1, "chat.postMessage");
    bench.fault("slack", Kind::Unauthorized, 1, "auth.test");
    for number in 0..6 {
        bench.say("discord", &format!("revoked-{number}."));
    }
    until("it is parked", || {
        let accounts = bench.status().unwrap()["accounts"].as_array().unwrap().clone();
        accounts.iter().any(|account| account["name"] == "slack" && account["state"] == "parked")
    })
    .await;
    until("Telegram has them", || bench.with("telegram", "revoked-").len() == 6).await;
    until("Slack has them", || bench.with("slack", "revoked-").len() == 6).await;
    assert_eq!(texts(&bench, "slack", "revoked-"), numbered("revoked-", 0..6));
    assert_eq!(bench.counter("dead"), 0);
}

/// Attacks "nothing is dropped in silence": what expires is a dead letter with its reason, and can be sent all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_expires_is_said_and_can_be_sent_all_the_same() {
    let mut bench = Bench::new().await;
    bench.write_config("expire = \"3 seconds\"\n");
    bench.start();
    bench.connected(3).await;
    bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
    bench.say("slack", "too late");
    bench.arrives("discord", "too late").await;
    until("it is given up", || {
        let status = bench.status().unwrap();
        status["dead_letters"][0]["reason"] == "expired: not delivered within 3 seconds"
    })
    .await;
    let (_, shown) = queue(&bench, &["show", "telegram"]);
    assert!(shown[0]["given_up"][0]["attempts"].as_u64().unwrap() > 0, "{shown}");
    bench.stop().await;
    // Paused, it does not grow older; and a pause is over before anything of it expires.
    bench.start();
    bench.connected(3).await;
    assert!(queue(&bench, &["pause", "telegram"]).0);
    let (done, answer) = queue(&bench, &["retry", "telegram"]);
    assert!(done && answer["count"] == 1, "{answer}");
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(queued(&bench, "telegram"), 1);
    assert!(queue(&bench, &["drop", "telegram", "--yes"]).0);
}

/// A mistake says what there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_says_what_there_is_and_names_are_as_people_write_them() {
    let bench = Bench::started().await;
    let (done, words) = queue(&bench, &["show", "nowhere"]);
    let words = words.as_str().unwrap();
    assert!(!done && words.contains("lobby (a channel)") && words.contains("slack (an account)"), "{words}");
    let (done, words) = queue(&bench, &["retry", "lobby", "X"]);
    assert!(!done && words.as_str().unwrap().contains("`X` is not the id of a delivery"), "{words}");
    let name = bench.platform("slack").spaces[0].rooms[0].name.clone();
    for written in [
        format!("slack:{}", bench.room("slack")),
        bench.room("slack"),
        format!("slack:#{name}"),
        "slack".into(),
    ] {
        let (done, shown) = queue(&bench, &["show", &written]);
        assert!(done && shown.as_array().is_some_and(|rooms| !rooms.is_empty()), "{written}: {shown}");
    }
    let told = bench.command("queue").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stdout), "Nothing waits, and nothing was given up.\n");
}

/// Attacks "every hop can be traced".
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_traced_by_its_link_with_the_time_of_each_hop() {
    let bench = Bench::started().await;
    bench.fault("telegram", Kind::ServerError, 1, "sendMessage");
    let id = bench.say("slack", "trace me");
    bench.arrives("telegram", "trace me").await;
    bench.arrives("discord", "trace me").await;
    let traced = |what: &str| {
        let output = bench.command("trace").arg("--json").arg(what).output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let of = |trace: &Value, platform: &str| {
        let rooms = trace[0]["rooms"].as_array().unwrap().clone();
        rooms.into_iter().find(|room| room["platform"] == platform).unwrap()
    };
    until("its receipts are there", || {
        let trace = traced(&id);
        of(&trace, "telegram")["delivered"].is_i64() && of(&trace, "discord")["delivered"].is_i64()
    })
    .await;
    let trace = traced(&id);
    let (telegram, discord) = (of(&trace, "telegram"), of(&trace, "discord"));
    let accepted = trace[0]["accepted"].as_i64().unwrap();
    for room in [&telegram, &discord] {
        let (queued, delivered) = (room["queued"].as_i64().unwrap(), room["delivered"].as_i64().unwrap());
        assert!(accepted <= queued && queued <= delivered, "{trace}");
    }
    assert_eq!(
        (telegram["failed_attempts"].as_u64(), discord["failed_attempts"].as_u64()),
        (Some(1), Some(0)),
        "{trace}"
    );
    let link = discord["link"].as_str().unwrap();
    assert_eq!(traced(link)[0]["envelope"], trace[0]["envelope"]);
    bench.edit("slack", &id, "trace me, changed");
    bench.arrives("discord", "changed").await;
    until("the change has its time, and the delivery keeps its own", || {
        let now = of(&traced(&id), "discord");
        now["changed"].is_i64() && now["delivered"] == discord["delivered"]
    })
    .await;
    let told = bench.command("trace").arg(&id).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("in the lane") && told.contains("after 1 failed attempt"), "{told}");
    // Whose it is, as `relay export` and `relay forget` want to be told.
    assert!(told.contains(&format!("(slack:{})", bench.platform("slack").people[0].id)), "{told}");
}

/// `relay doctor …`: its exit code and its answer as JSON.
fn doctor(bench: &Bench, arguments: &[&str]) -> (i32, Value) {
    let output = bench.command("doctor").arg("--json").args(arguments).output().unwrap();
    let told = match output.stdout.is_empty() {
        true => String::from_utf8_lossy(&output.stderr).into_owned().into(),
        false => serde_json::from_slice(&output.stdout).expect("JSON"),
    };
    (output.status.code().unwrap(), told)
}

/// What was found about something and is not fine.
fn found<'a>(report: &'a Value, about: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().unwrap().iter();
    all.filter(|f| f["grade"] != "fine" && f["about"].as_str().unwrap().starts_with(about)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong_and_names_the_fix() {
    let bench = Bench::started().await;
    let (_, well) = doctor(&bench, &[]);
    for account in ["account discord", "account slack", "account telegram", "queue", "ledger", "clock"] {
        assert!(found(&well, account).is_empty(), "{account}: {well}");
    }
    assert_eq!(well["running"], true);
    let state = bench.state();
    std::fs::set_permissions(&state, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.people("telegram").act(Act::Kick { bot: "Relay".into(), room: bench.room("telegram") }).unwrap();
    assert!(queue(&bench, &["pause", "slack"]).0);
    bench.say("discord", "for nobody");
    until("it waits", || queued(&bench, "telegram") == 1 && queued(&bench, "slack") == 1).await;
    assert!(queue(&bench, &["drop", "slack", "--yes"]).0);
    let (code, ill) = doctor(&bench, &[]);
    assert_eq!(code, 1, "{ill}");
    let cases = [
        ("disk", "chmod 700"),
        ("room telegram:", ""),
        ("account slack", "relay queue resume slack"),
        ("queue slack:", "relay queue retry"),
    ];
    for (about, fix) in cases {
        let found = found(&ill, about);
        assert!(!found.is_empty(), "{about}: {ill}");
        assert!(found.iter().all(|found| !found["fix"].as_str().unwrap().is_empty()), "{about}: {ill}");
        assert!(found.iter().any(|found| found["fix"].as_str().unwrap().contains(fix)), "{about}: {ill}");
    }
    let told = bench.command("doctor").arg("--quiet").output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("chmod 700") && !told.contains("fine"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_the_platforms_where_no_relay_runs() {
    let bench = Bench::new().await;
    let (_, report) = doctor(&bench, &[]);
    assert_eq!(report["running"], false, "{report}");
    for platform in ["discord", "slack", "telegram"] {
        let well =
            report["findings"].as_array().unwrap().iter().any(|finding| {
                finding["about"] == format!("account {platform}") && finding["grade"] == "fine"
            });
        assert!(well, "{platform}: {report}");
    }
    std::fs::write(bench.dir.path().join("discord"), "wrong").unwrap();
    let (code, report) = doctor(&bench, &[]);
    assert_eq!(code, 1);
    assert_eq!(found(&report, "account discord")[0]["grade"], "broken", "{report}");
    assert!(!report.to_string().contains("wrong\""), "the token is shown");
    let (code, words) = doctor(&bench, &["--canary", "slack"]);
    assert!(code == 2 && words.as_str().unwrap().contains("needs a running relay"), "{words}");
    std::fs::write(bench.config(), "[relay]\nlisten = 1\n").unwrap();
    assert_eq!(doctor(&bench, &[]).0, 2);
    assert!(!bench.state().exists(), "nothing is made");
}

/// Attacks "no one is bothered": what the doctor says in a room goes away again, and nobody else hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_marked_message_goes_through_comes_back_and_goes_away() {
    let bench = Bench::started().await;
    for platform in crate::bench::PLATFORMS {
        let room = format!("{platform}:{}", bench.room(platform));
        let (_, report) = doctor(&bench, &["--canary", &room]);
        let hops = report["canary"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
        let names: Vec<&str> = hops.iter().map(|hop| hop["hop"].as_str().unwrap()).collect();
        assert_eq!(names, ["written", "its turn", "delivered", "heard again", "taken away"], "{report}");
        for hop in &hops {
            let told = hop["ms"].is_u64() || (platform == "telegram" && hop["hop"] == "heard again");
            assert!(told && hop["problem"].is_null(), "{report}");
        }
        let marked =
            bench.seen(platform).into_iter().filter(|m| m.text.contains("looks whether this room works"));
        assert!(marked.map(|m| m.deleted).collect::<Vec<_>>().iter().all(|gone| *gone));
    }
    bench.say("slack", "after");
    bench.arrives("discord", "after").await;
    bench.arrives("telegram", "after").await;
    let all = crate::bench::PLATFORMS.iter().flat_map(|platform| bench.seen(platform));
    let marks = all.filter(|m| m.text.contains("looks whether this room works")).count();
    assert!(marks <= 3, "one a room at most: {marks}");
    assert_eq!(bench.counter("dead"), 0);
    assert!(queue(&bench, &["pause", "slack"]).0);
    let (code, words) = doctor(&bench, &["--canary", "slack"]);
    assert!(code == 2 && words.as_str().unwrap().contains("held"), "{words}");
}

/// Promise: what somebody took back before it arrived is not published.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_waits_never_arrives() {
    let bench = Bench::started().await;
    bench.say("slack", "before all of it.");
    bench.arrives("telegram", "before all of it.").await;
    assert!(bench.command("queue").args(["pause", "telegram"]).output().unwrap().status.success());
    let ids: Vec<String> = (0..5).map(|number| bench.say("slack", &format!("waits-{number}."))).collect();
    bench.arrives("discord", "waits-4.").await;
    bench.edit("slack", &ids[1], "waits-1. as it was meant");
    bench.arrives("discord", "as it was meant").await;
    bench.delete("slack", &ids[1]);
    until("it is gone on Discord", || bench.with("discord", "waits-1.").is_empty()).await;
    let mut changes = bench.people("telegram").watch();
    assert!(bench.command("queue").args(["resume", "telegram"]).output().unwrap().status.success());
    bench.arrives("telegram", "waits-4.").await;
    until("the delete is done", || {
        bench.status().is_some_and(|status| {
            status["channels"][0]["links"].as_array().unwrap().iter().all(|link| link["queued"] == 0)
        })
    })
    .await;
    let mut shown = Vec::new();
    while let Ok(change) = changes.try_recv() {
        shown.push(serde_json::to_string(&change).unwrap());
    }
    assert!(shown.iter().any(|change| change.contains("waits-2.")), "it is watched");
    assert!(!shown.iter().any(|change| change.contains("waits-1.")), "nobody has seen it");
    assert_eq!((bench.counter("folded"), bench.counter("dead")), (1, 0));
}
