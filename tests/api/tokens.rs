//! Who may do what.

use crate::program::{Own, Program, next, until};
use serde_json::json;

/// A token, made on the command line.
pub fn token(own: &Own, name: &str, more: &[&str]) -> Program {
    let made = own.relay(&[&["token", "new", name][..], more].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    own.program().with(String::from_utf8(made.stdout).unwrap().trim())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_what_it_was_made_for() {
    let own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let board = token(&own, "Board", &["--scope", "read", "--channel", "lobby"]);
    let bot = token(&own, "Bot", &[]);
    let game = token(&own, "Game", &["--scope", "write,persona"]);
    let admin = token(&own, "Admin", &["--scope", "read,admin"]);
    // From the first token on, nobody is let in without one.
    let nobody = own.program();
    let wrong = own.program().with("relay_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let post = "/api/v1/channels/lobby/messages";
    let den = "/api/v1/channels/den/messages";
    let says = || Some(json!({ "text": "hello" }));
    let named = || Some(json!({ "text": "hello", "name": "Ada" }));
    let cases = [
        (&nobody, "GET", post, None, 401),
        (&wrong, "GET", post, None, 401),
        (&board, "GET", post, None, 200),
        (&board, "GET", den, None, 404),
        (&board, "POST", post, says(), 403),
        (&board, "GET", "/api/v1/status", None, 403),
        (&bot, "POST", den, says(), 201),
        (&bot, "POST", post, named(), 403),
        (&game, "GET", post, None, 403),
        (&game, "POST", post, named(), 201),
        (&game, "POST", post, Some(json!({ "text": "x", "name": "a\nb" })), 400),
        (&game, "POST", post, Some(json!({ "text": "x", "avatar": "file:///etc/passwd" })), 400),
        (&admin, "GET", "/api/v1/status", None, 200),
        (&admin, "POST", post, says(), 403),
    ];
    for (program, method, path, body, status) in cases {
        let (code, answer) = program.ask(method, path, body.clone()).await;
        assert_eq!(code, status, "{method} {path} {body:?}: {answer}");
    }
    let page = admin.get(post).await;
    let last = page["events"].as_array().unwrap().last().unwrap();
    let id = last["author"]["id"].as_str().unwrap();
    assert!(id.starts_with("token:") && id.ends_with("/Ada"), "{id}");
    assert_eq!(last["author"], json!({ "platform": "relay", "id": id, "name": "Ada" }));
    // Each changes what is their own, also under another name; an admin deletes what others wrote.
    let of_game = format!("{post}/{}", last["message"].as_str().unwrap());
    let of_bot = format!("{den}/{}", bot.get(den).await["events"][0]["message"].as_str().unwrap());
    let cases = [
        (&bot, "PATCH", &of_game, says(), 403),
        (&bot, "DELETE", &of_game, None, 403),
        (&board, "PUT", &format!("{of_game}/reactions/%F0%9F%91%8D"), None, 403),
        (&bot, "PUT", &format!("{of_game}/reactions/%F0%9F%91%8D"), None, 204),
        (&bot, "PUT", &format!("{of_game}/reactions/%20"), None, 404),
        (&bot, "PATCH", &format!("{post}/nothing"), says(), 404),
        (&game, "PATCH", &of_game, Some(json!({ "text": "better" })), 204),
        (&bot, "DELETE", &of_bot, None, 204),
        (&bot, "DELETE", &of_bot, None, 404),
        (&bot, "PATCH", &of_bot, says(), 404),
        (&admin, "DELETE", &of_game, None, 204),
    ];
    for (program, method, path, body, status) in cases {
        let (code, answer) = program.ask(method, path, body).await;
        assert_eq!(code, status, "{method} {path}: {answer}");
    }
    until("the message is gone", async || {
        let page = admin.get(post).await;
        let events = page["events"].as_array().unwrap().clone();
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        // What was deleted is told without what it said.
        kinds == ["posted", "reacted", "deleted"]
            && events[0]["text"] == "ready"
            && events[1]["emoji"] == "👍"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_back_ends_at_once() {
    let own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let bot = token(&own, "Bot", &[]);
    let listed = String::from_utf8(own.relay(&["token", "list"]).stdout).unwrap();
    assert!(listed.contains("Bot  read,write  all channels"), "{listed}");
    let secret = bot.token.clone().unwrap();
    assert!(!std::fs::read_to_string(own.dir.path().join("state/tokens.json")).unwrap().contains(&secret));
    let mut events = bot.events("lobby", Some("0")).await;
    assert_eq!(next(&mut events, 1).await[0]["text"], "ready");
    let posted = bot.post("lobby", "mine").await;
    assert_eq!(next(&mut events, 1).await[0]["text"], "mine");
    let other = token(&own, "Other", &[]);
    assert!(own.relay(&["token", "revoke", "Bot"]).status.success());
    assert!(!own.relay(&["token", "revoke", "Bot"]).status.success());
    assert_eq!(bot.ask("GET", "/api/v1/channels", None).await.0, 401);
    other.post("lobby", "not for the other's ears").await;
    // Another one of its name is another: what the first has posted is not theirs.
    let namesake = token(&own, "Bot", &[]);
    let at = format!("/api/v1/channels/lobby/messages/{posted}");
    for (method, body) in [("PATCH", Some(json!({ "text": "mine now" }))), ("DELETE", None)] {
        let (status, answer) = namesake.ask(method, &at, body).await;
        assert_eq!(status, 403, "{method}: {answer}");
    }
    assert!(next(&mut events, 1).await.is_empty(), "its stream ends");
    assert!(!own.log().contains(&secret));
    // More than a token's budget.
    other.get("/api/v1/channels").await;
    until("it is told to wait", async || {
        let asked = (0..400).map(|_| other.ask("GET", "/api/v1/channels", None));
        futures::future::join_all(asked).await.iter().any(|(status, _)| *status == 429)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_token_leaves_the_door_shut_also_behind_a_restore() {
    let mut own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let bot = token(&own, "Bot", &[]);
    let backup = own.dir.path().join("a.backup");
    assert!(own.relay(&["backup", backup.to_str().unwrap()]).status.success());
    let revoked = String::from_utf8(own.relay(&["token", "revoke", "Bot"]).stdout).unwrap();
    assert!(revoked.contains("still needs one"), "{revoked}");
    let listed = String::from_utf8(own.relay(&["token", "list"]).stdout).unwrap();
    assert!(listed.contains("still needs one"), "{listed}");
    for program in [&own.program(), &bot] {
        assert_eq!(program.ask("GET", "/api/v1/channels", None).await.0, 401);
    }
    own.kill();
    let state = own.dir.path().join("state");
    // (What of the state is gone, what a restore says, how the token of then is answered)
    let cases = [
        (vec![state.join("ledger")], "those that were there already", 401),
        (vec![state.join("ledger"), state.join("tokens.json")], "those of then", 200),
    ];
    for (gone, words, status) in cases {
        for path in gone {
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
        }
        let done = own.relay(&["restore", backup.to_str().unwrap()]);
        let said = format!("{done:?}");
        assert!(done.status.success() && said.contains(words), "{said}");
        own.start().await;
        assert_eq!(bot.ask("GET", "/api/v1/channels", None).await.0, status, "{words}");
        assert_eq!(own.program().ask("GET", "/api/v1/channels", None).await.0, 401, "{words}");
        own.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_is_not_there_yet() {
    let own = Own::started_with("1 per minute, 2 at once", "").await;
    own.program().post("lobby", "ready").await;
    // More than anybody types: the last is surely held.
    let mut last = String::new();
    for number in 0..4 {
        last = own.program().post("lobby", &format!("line {number}")).await;
    }
    let path = "/api/v1/channels/lobby/messages";
    let of_last = format!("{path}/{last}");
    let says = || Some(json!({ "text": "better" }));
    let cases = [
        ("PATCH", of_last.clone(), says(), 409),
        ("DELETE", of_last.clone(), None, 409),
        ("PUT", format!("{of_last}/reactions/%F0%9F%91%8D"), None, 409),
        ("POST", path.to_owned(), Some(json!({ "text": "an answer", "reply_to": last })), 409),
        ("PATCH", format!("{path}/nothing"), says(), 404),
        ("POST", path.to_owned(), Some(json!({ "text": "an answer", "reply_to": "nothing" })), 404),
    ];
    for (method, path, body, status) in cases {
        let (code, answer) = own.program().ask(method, &path, body).await;
        assert_eq!(code, status, "{method} {path}: {answer}");
        assert!(status == 404 || answer["error"].as_str().unwrap().contains("held"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_said() {
    let own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let (state, nowhere) = (own.dir.path().join("state"), own.dir.path().join("nowhere"));
    let (state, nowhere) = (state.to_str().unwrap(), nowhere.to_str().unwrap());
    let config = own.dir.path().join("bridges.toml");
    let config = config.to_str().unwrap();
    let cases: [(&[&str], bool, &str); 7] = [
        (&["new", "A", "--channel", "lobi", "--config", config], false, "no channel lobi. There is: "),
        (&["new", "B", "--channel", "lobi", "--data-dir", state], false, "There is: den, lobby."),
        (&["new", "C", "--channel", "lobby", "--config", config], true, "This is shown only now"),
        (&["new", "D", "--scope", "persona", "--config", config], false, "add `write`"),
        (&["new", "D", "--data-dir", nowhere], false, "this state directory is not there"),
        (&["list", "--data-dir", nowhere], false, "this state directory is not there"),
        (&["revoke", "A", "--data-dir", nowhere], false, "this state directory is not there"),
    ];
    for (words, done, said) in cases {
        let asked = std::process::Command::new(env!("CARGO_BIN_EXE_relay")).arg("token").args(words).output();
        let asked = asked.unwrap();
        let told = String::from_utf8_lossy(&asked.stderr);
        assert!(asked.status.success() == done && told.contains(said), "{words:?}: {told}");
        assert_eq!(told.contains("no channel"), said.contains("There is: "), "{words:?}: {told}");
    }
    assert!(!std::path::Path::new(nowhere).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_alone_keeps_nobody_out() {
    let own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let (greedy, other) = (token(&own, "Greedy", &[]), token(&own, "Other", &[]));
    let (mut streams, mut refused) = (Vec::new(), 0);
    let began = std::time::Instant::now();
    while refused == 0 {
        assert!(began.elapsed().as_secs() < 60, "{} streams, and none refused", streams.len());
        let asked = (0..50).map(|_| greedy.request("GET", "/api/v1/channels/lobby/events").send());
        for answer in futures::future::join_all(asked).await {
            let answer = answer.unwrap();
            match answer.status().as_u16() {
                200 => streams.push(answer),
                // Over its budget of requests, or of streams.
                429 => refused += usize::from(answer.text().await.unwrap().contains("too many streams")),
                code => panic!("{code}"),
            }
        }
    }
    assert_eq!(streams.len(), 256);
    let mut events = other.events("lobby", Some("0")).await;
    assert_eq!(next(&mut events, 1).await[0]["text"], "ready");
    // When one ends, there is room for another.
    streams.clear();
    until("there is room again", async || {
        greedy.request("GET", "/api/v1/channels/lobby/events").send().await.unwrap().status() == 200
    })
    .await;
}
