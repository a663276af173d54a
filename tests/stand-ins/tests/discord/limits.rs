//! Rate limits, with the headers that clients read.

use super::*;
use stand_ins::limits::{Counted, Limits};

/// One answer: the status, and a header by its name.
struct Answered {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Answered {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn number(&self, name: &str) -> f64 {
        self.header(name).parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Client {
    async fn whole(&self, method: &str, path: &str, body: Option<Value>, as_bot: bool) -> Answered {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, self.base.clone() + path);
        if as_bot {
            request = request.header("authorization", format!("Bot {}", self.token));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answered { status, headers, body: answer.text().await.unwrap() }
    }
}

fn limited(stand_ins: &StandIns, scale: f64) {
    stand_ins.discord.limits().arm(Some(Limits { scale })).unwrap();
}

async fn hook(client: &Client, room: &str, name: &str) -> String {
    let (_, hook) = client.post(&format!("/channels/{room}/webhooks"), json!({ "name": name })).await;
    format!("/webhooks/{}/{}", hook["id"].as_str().unwrap(), hook["token"].as_str().unwrap())
}

/// Each bucket lets so many through, says with each answer how it stands, and refuses the next.
#[tokio::test]
async fn buckets_count_down_and_say_when_they_are_full_again() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let (general, random) = (room(&stand_ins, "general"), room(&stand_ins, "random"));
    let message = stand_ins.discord.act(say("Ada", "general", "owls?")).unwrap();
    let hook_path = hook(&relay, &general, "Bridge").await;
    let said = || Some(json!({ "content": "x" }));
    let reaction = format!("/channels/{general}/messages/{message}/reactions/%F0%9F%A6%89/@me");
    for (method, path, elsewhere, body, as_bot, most, seconds) in [
        ("POST", format!("{hook_path}?wait=true"), None, said(), false, 5, 2.0),
        (
            "POST",
            format!("/channels/{general}/messages"),
            Some(format!("/channels/{random}/messages")),
            said(),
            true,
            5,
            5.0,
        ),
        ("PUT", reaction, None, None, true, 1, 0.25),
    ] {
        // On a slow clock, so that nothing opens meanwhile.
        limited(&stand_ins, 0.01);
        for left in (0..most).rev() {
            let answer = relay.whole(method, &path, body.clone(), as_bot).await;
            assert!(answer.status < 300, "{path}: {}", answer.body);
            let told = (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"));
            assert_eq!(told, (most.to_string().as_str(), left.to_string().as_str()), "{path}");
            let after = answer.number("x-ratelimit-reset-after") / 100.0;
            assert!(after <= seconds && after > seconds / 2.0, "{path}: {after}");
            assert_eq!(answer.header("x-ratelimit-scope"), "", "told of refusals alone");
        }
        let refused = relay.whole(method, &path, body.clone(), as_bot).await;
        assert_eq!((refused.status, refused.header("x-ratelimit-scope")), (429, "user"), "{path}");
        assert_eq!(refused.header("x-ratelimit-remaining"), "0");
        let (whole, exact) = (refused.number("retry-after"), refused.json()["retry_after"].as_f64().unwrap());
        assert!(whole >= exact && whole < exact + 1.0, "{whole} {exact}");
        assert!(exact <= seconds * 100.0 && exact > seconds * 50.0, "{path}: {exact}");
        assert_eq!(refused.json()["global"], false);
        if let Some(elsewhere) = elsewhere {
            assert!(relay.whole(method, &elsewhere, body, as_bot).await.status < 300, "another channel");
        }
    }
    // As fast as a clock can be, nothing is ever full.
    limited(&stand_ins, 100_000.0);
    for _ in 0..20 {
        assert_eq!(
            relay.post(&format!("/channels/{general}/messages"), json!({ "content": "x" })).await.0,
            200
        );
    }
}

/// All webhooks of a channel share one more limit, which no header tells; it is nobody's fault.
#[tokio::test]
async fn the_webhooks_of_a_channel_share_what_is_not_told() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let general = room(&stand_ins, "general");
    let mut hooks = Vec::new();
    for name in 0..7 {
        hooks.push(hook(&relay, &general, &format!("Bridge {name}")).await);
    }
    limited(&stand_ins, 0.01);
    let post = async |path: &str| relay.whole("POST", path, Some(json!({ "content": "x" })), false).await;
    for hook in &hooks[..6] {
        for _ in 0..5 {
            assert_eq!(post(hook).await.status, 204);
        }
    }
    let refused = post(&hooks[6]).await;
    assert_eq!((refused.status, refused.header("x-ratelimit-scope")), (429, "shared"));
    assert_eq!((refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-remaining")), ("5", "5"));
    assert!(refused.number("retry-after") > 5_000.0 && refused.number("retry-after") <= 6_000.0);
    assert_eq!(stand_ins.discord.limits().counted().invalid, 0);
}

#[tokio::test]
async fn everything_together_has_a_limit() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let shy = Client::of(&stand_ins, "shy");
    limited(&stand_ins, 0.01);
    for _ in 0..50 {
        assert_eq!(relay.get("/users/@me").await.0, 200);
    }
    let refused = relay.whole("GET", "/gateway", None, true).await;
    assert_eq!((refused.status, refused.header("x-ratelimit-scope")), (429, "global"));
    assert_eq!((refused.header("x-ratelimit-global"), &refused.json()["global"]), ("true", &json!(true)));
    assert_eq!(shy.get("/users/@me").await.0, 200, "another bot has its own");
    let counted = stand_ins.discord.limits().counted();
    assert_eq!(counted, Counted { requests: 52, limited: 1, invalid: 1 });
}

/// After 10,000 refusals in ten minutes the address is answered by a page, whoever asks, until enough of them are forgotten.
#[tokio::test]
async fn an_address_that_is_refused_too_often_is_banned_for_a_while() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    // Ten minutes are a minute, and the global limit is out of the way of one that asks one by one.
    limited(&stand_ins, 10.0);
    let wrong = Client::of(&stand_ins, "wrong");
    let refused = futures::stream::iter(0..10_000).map(|_| wrong.whole("GET", "/users/@me", None, true));
    let refused: Vec<Answered> = refused.buffer_unordered(32).collect().await;
    assert!(refused.iter().all(|it| matches!(it.status, 401 | 429)));
    let banned = relay.whole("GET", "/users/@me", None, true).await;
    assert_eq!((banned.status, banned.header("via")), (429, ""));
    assert!(banned.header("content-type").starts_with("text/html"), "{}", banned.body);
    assert!(serde_json::from_str::<Value>(&banned.body).is_err(), "{}", banned.body);
    assert!(banned.number("retry-after") <= 60.0);
    stand_ins.discord.limits().arm(None).unwrap();
    assert_eq!(relay.get("/users/@me").await.0, 200);
}
