//! What needs a person is told to the admins: once, with what to do, and that it is over; also over a restart, and not at night.

use crate::bench::{Bench, until};
use crate::joining::second;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::Value;
use stand_ins::faults::Kind;
use stand_ins::ports;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// A bench whose admins are told in another Slack room, and with `more` in its [alerts].
async fn bench(more: &str) -> Bench {
    let bench = Bench::new().await;
    let room = second(&bench, "slack");
    bench.write_config(&format!("[alerts]\nroom = \"slack:{room}\"\nlate = \"2 seconds\"\n{more}"));
    bench
}

/// What the admins have read that contains this.
fn told(bench: &Bench, word: &str) -> Vec<String> {
    let all = bench.people("slack").messages(&second(bench, "slack")).unwrap();
    all.into_iter().map(|seen| seen.text).filter(|text| text.contains(word)).collect()
}

async fn is_told(bench: &Bench, word: &str) {
    until(&format!("the admins are told {word:?}"), || !told(bench, word).is_empty()).await;
}

/// Longer than two rounds, and than what counts as late.
async fn some_rounds() {
    tokio::time::sleep(Duration::from_secs(4)).await;
}

/// Hours that are quiet now, in UTC.
fn quiet() -> String {
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3_600 % 24;
    format!("quiet = \"{:02}:00-{:02}:00\"\ntime_zone = \"UTC\"\n", (hour + 22) % 24, (hour + 3) % 24)
}

/// Everything that a webhook was called with.
type Calls = Arc<Mutex<Vec<Value>>>;

async fn hook(calls: Calls) -> String {
    async fn called(State(calls): State<Calls>, body: Bytes) {
        let body = serde_json::from_slice(&body).unwrap();
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().fallback(called).with_state(calls);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("[alerts.webhook]\nurl = \"{url}\"\nprivate = true\n")
}

fn called(calls: &Calls, word: &str) -> usize {
    let calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    calls.iter().filter(|call| call["text"].as_str().unwrap().contains(word)).count()
}

/// Promise: who runs Relay hears of an outage once, and once that it is over. Attacked by kills in between.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_also_over_a_kill_and_then_that_it_is_over() {
    const LATE: &str = "⚠ What is said elsewhere reaches";
    const OVER: &str = "in time again";
    let calls = Calls::default();
    let hook = hook(calls.clone()).await;
    let mut bench = bench(&hook).await;
    bench.start();
    bench.connected(3).await;
    bench.say("slack", "before");
    bench.arrives("telegram", "before").await;
    bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
    bench.say("slack", "it waits");
    is_told(&bench, LATE).await;
    let words = told(&bench, LATE).remove(0);
    assert!(words.contains("→ Nothing is lost") && words.contains("relay queue show \"telegram:"), "{words}");
    bench.kill();
    bench.start();
    bench.connected(3).await;
    some_rounds().await;
    let listed = String::from_utf8(bench.command("alerts").output().unwrap().stdout).unwrap();
    assert!(listed.contains("reaches") && !listed.contains("not told yet"), "{listed}");
    assert_eq!(told(&bench, OVER), Vec::<String>::new(), "it is not over");
    bench.people("telegram").faults().disarm();
    bench.arrives("telegram", "it waits").await;
    is_told(&bench, OVER).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    some_rounds().await;
    assert_eq!((told(&bench, LATE).len(), told(&bench, OVER).len()), (1, 1), "{}", bench.log());
    assert_eq!((called(&calls, LATE), called(&calls, OVER)), (1, 1));
    let call =
        calls.lock().unwrap().iter().find(|call| call["data"]["needs"][0]["key"] == "late telegram").cloned();
    assert!(call.is_some_and(|call| call["type"] == "alert"), "{calls:?}");
    let listed = String::from_utf8(bench.command("alerts").output().unwrap().stdout).unwrap();
    assert!(!listed.contains("reaches"), "{listed}");
}

/// Promise: nothing is given up silently, and nobody is woken for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_told_when_the_quiet_hours_are_over() {
    const GIVEN_UP: &str = "⚠ 1 delivery was given up";
    let mut bench = bench(&quiet()).await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let config = config.replacen("flood = \"off\"\n", "flood = \"off\"\nexpire = \"4 seconds\"\n", 1);
    std::fs::write(bench.config(), &config).unwrap();
    bench.start();
    bench.connected(3).await;
    bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
    bench.say("slack", "nobody reads it");
    until("it is given up", || bench.counter("dead") == 1).await;
    let alerts = |bench: &Bench| String::from_utf8(bench.command("alerts").output().unwrap().stdout).unwrap();
    until("it needs a person", || alerts(&bench).contains("1 delivery was given up")).await;
    some_rounds().await;
    assert!(alerts(&bench).contains("not told yet"), "{}", alerts(&bench));
    assert_eq!(told(&bench, "⚠"), Vec::<String>::new(), "it is quiet");
    bench.stop().await;
    std::fs::write(bench.config(), config.replace(&quiet(), "")).unwrap();
    bench.start();
    bench.connected(3).await;
    is_told(&bench, GIVEN_UP).await;
    let words = told(&bench, GIVEN_UP).remove(0);
    let room = format!("telegram:{}", bench.room("telegram"));
    assert!(words.contains(&format!("relay queue retry \"{room}\"")), "{words}");
    bench.people("telegram").faults().disarm();
    assert!(bench.command("queue").args(["retry", &room]).output().unwrap().status.success());
    bench.arrives("telegram", "nobody reads it").await;
    is_told(&bench, "✓ Nothing that was given up is left").await;
    assert_eq!(told(&bench, GIVEN_UP).len(), 1);
}

/// Promise: what stands still until somebody comes is told at any hour. Attacked by the admins' room being on the account that is
/// parked: then the webhook tells it.
#[tokio::test(flavor = "multi_thread")]
async fn a_parked_account_is_told_at_night_and_by_another_way_where_it_is_the_rooms_own() {
    let calls = Calls::default();
    let hook = hook(calls.clone()).await;
    let mut bench = bench(&format!("{}{hook}", quiet())).await;
    std::fs::write(bench.dir.path().join("telegram"), format!("123456789:{}", "A".repeat(35))).unwrap();
    bench.start();
    bench.connected(2).await;
    is_told(&bench, "⚠ The account telegram waits for somebody").await;
    bench.stop().await;
    std::fs::write(bench.dir.path().join("slack"), "xoxb-1-a").unwrap();
    bench.start();
    bench.connected(1).await;
    until("the webhook tells it", || called(&calls, "⚠ The account slack waits for somebody") == 1).await;
    some_rounds().await;
    assert_eq!(called(&calls, "⚠ The account telegram"), 1);
    assert_eq!(told(&bench, "⚠").len(), 1, "{}", bench.log());
}

/// A mail server that takes everything; what it was told.
async fn mail_server(mails: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mails = mails.clone();
            tokio::spawn(async move {
                let (reading, mut writing) = stream.into_split();
                let mut lines = BufReader::new(reading).lines();
                let _ = writing.write_all(b"220 ready\r\n").await;
                let mut mail: Option<String> = None;
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = match &mut mail {
                        Some(text) if line != "." => {
                            *text += &(line + "\n");
                            continue;
                        }
                        Some(_) => {
                            mails.lock().unwrap().extend(mail.take());
                            "250 taken\r\n"
                        }
                        None if line.starts_with("DATA") => {
                            mail = Some(String::new());
                            "354 go on\r\n"
                        }
                        None => "250 well\r\n",
                    };
                    let _ = writing.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_goes_by_every_way_and_each_says_what_came_of_it() {
    let (calls, mails) = (Calls::default(), Arc::new(Mutex::new(Vec::new())));
    let (hook, port) = (hook(calls.clone()).await, mail_server(mails.clone()).await);
    let email = format!(
        "[alerts.email]\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"relay@example.org\"\nto = [\"ada@example.org\", \
         \"bob@example.org\"]\n"
    );
    let mut bench = bench(&format!("{hook}{email}")).await;
    bench.start();
    bench.connected(3).await;
    let tried = |bench: &Bench| {
        let output = bench.command("alerts").arg("test").output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, words) = tried(&bench);
    let room = second(&bench, "slack");
    let expected = format!(
        "room slack:{room}: it has arrived\nwebhook: it has arrived\nemail: the server has taken it\n"
    );
    assert_eq!((done, words), (true, expected), "{}", bench.log());
    assert_eq!((told(&bench, "This is a sample").len(), called(&calls, "This is a sample")), (1, 1));
    let mails = mails.lock().unwrap().clone();
    let mail = mails.iter().find(|mail| mail.contains("This is a sample")).unwrap();
    for part in [
        "From: relay@example.org",
        "To: ada@example.org, bob@example.org",
        "Subject: [Relay] This is a sample",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    // What does not work is said, and the others go on.
    bench.stop().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let nobody = ports::free_address().port();
    std::fs::write(bench.config(), config.replace(&format!("port = {port}"), &format!("port = {nobody}")))
        .unwrap();
    bench.start();
    bench.connected(3).await;
    let (done, words) = tried(&bench);
    assert!(
        !done && words.contains("webhook: it has arrived") && words.contains("email: the mail server"),
        "{words}"
    );
    bench.stop().await;
    std::fs::write(bench.config(), config.split("[alerts]").next().unwrap()).unwrap();
    bench.start();
    bench.connected(3).await;
    let told = bench.command("alerts").output().unwrap();
    let words = String::from_utf8(told.stderr).unwrap();
    assert!(!told.status.success() && words.contains("there is no [alerts] section"), "{words}");
}

/// Promise: a webhook that hangs holds nobody else up.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_takes_calls_and_answers_nothing_does_not_delay_the_room() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut calls = Vec::new();
        while let Ok((call, _)) = listener.accept().await {
            calls.push(call);
        }
    });
    let mut bench = bench(&format!("[alerts.webhook]\nurl = \"{url}\"\nprivate = true\n")).await;
    let token = std::fs::read_to_string(bench.dir.path().join("telegram")).unwrap();
    std::fs::write(bench.dir.path().join("telegram"), format!("123456789:{}", "A".repeat(35))).unwrap();
    bench.start();
    bench.connected(2).await;
    is_told(&bench, "⚠ The account telegram waits for somebody").await;
    std::fs::write(bench.dir.path().join("telegram"), token).unwrap();
    assert!(bench.command("reload").output().unwrap().status.success());
    is_told(&bench, "✓ The account telegram works again").await;
}
