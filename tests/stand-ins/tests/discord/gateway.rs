//! Sessions, intents and close codes.

use super::*;

/// GUILDS, GUILD_MESSAGES.
const BASIC: u64 = 1 | 1 << 9;
const CONTENT: u64 = 1 << 15;

#[tokio::test]
async fn what_discord_closes_a_connection_for() {
    let stand_ins = started(&["VIEW_CHANNEL"], None).await;
    for (payload, code) in [
        (json!({ "op": 2, "d": { "token": "wrong", "intents": 1 } }), 4004),
        (json!({ "op": 2, "d": { "token": "shy", "intents": 1_u64 << 40 } }), 4013),
        (json!({ "op": 2, "d": { "token": "shy", "intents": CONTENT } }), 4014),
        (json!({ "op": 2, "d": { "token": "shy" } }), 4002),
        (json!({ "op": 8, "d": {} }), 4003),
        (json!({ "op": 99 }), 4001),
    ] {
        let mut gateway = Gateway::connect(&stand_ins).await;
        gateway.send(payload.clone()).await;
        assert_eq!(gateway.next().await, json!({ "closed": code }), "{payload}");
    }
    let (mut gateway, ready) = Gateway::identified(&stand_ins, "shy", 1).await;
    gateway.send(json!({ "op": 1, "d": null })).await;
    while gateway.next().await["op"] != 11 {}
    gateway.send(json!({ "op": 2, "d": { "token": "shy", "intents": 1 } })).await;
    assert_eq!(gateway.next().await, json!({ "closed": 4005 }));
    let mut gateway = Gateway::connect(&stand_ins).await;
    let resume = json!({ "token": "shy", "session_id": ready["session_id"], "seq": 999 });
    gateway.send(json!({ "op": 6, "d": resume })).await;
    assert_eq!(gateway.next().await, json!({ "closed": 4007 }));
}

#[tokio::test]
async fn content_is_for_those_with_the_intent_and_events_for_those_who_see_the_channel() {
    let stand_ins = started(&["VIEW_CHANNEL"], Some(&["general"])).await;
    let (mut shy, ready) = Gateway::identified(&stand_ins, "shy", BASIC).await;
    assert_eq!(ready["guilds"][0]["unavailable"], true);
    let guild = shy.dispatch("GUILD_CREATE").await;
    assert_eq!((guild["unavailable"].clone(), guild["member_count"].clone()), (json!(false), json!(6)));
    assert_eq!(guild["members"].as_array().unwrap().len(), 1, "without the members intent: only itself");
    let (mut relay, _) = Gateway::identified(&stand_ins, "demo-discord-token", BASIC | CONTENT).await;

    stand_ins.discord.act(say("Ada", "random", "not for the shy")).unwrap();
    stand_ins.discord.act(say("Ada", "general", "secret")).unwrap();
    stand_ins.discord.act(say("Ada", "general", "hello @Shy")).unwrap();
    let told: Vec<Value> =
        [shy.dispatch("MESSAGE_CREATE").await, shy.dispatch("MESSAGE_CREATE").await].into();
    assert_eq!(told[0]["content"], "");
    assert_eq!(told[1]["content"], "hello <@77>", "a message that mentions the bot is not blanked");
    assert_eq!(relay.dispatch("MESSAGE_CREATE").await["content"], "not for the shy");
    let message = relay.dispatch("MESSAGE_CREATE").await;
    assert_eq!(message["content"], "secret");
    assert!(message["member"]["roles"].is_array() && message["guild_id"].is_string());
}

#[tokio::test]
async fn a_cut_session_replays_what_it_missed_and_a_refused_one_does_not() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, ready) = Gateway::identified(&stand_ins, "demo-discord-token", BASIC | CONTENT).await;
    gateway.dispatch("GUILD_CREATE").await;
    stand_ins.discord.act(say("Ada", "general", "seen")).unwrap();
    gateway.dispatch("MESSAGE_CREATE").await;
    stand_ins.discord.fault(fault(Kind::Disconnect)).unwrap();
    assert_eq!(gateway.next().await, json!({ "closed": 1006 }));
    stand_ins.discord.act(say("Ada", "general", "missed")).unwrap();

    let resume = json!({ "token": "demo-discord-token", "session_id": ready["session_id"], "seq": 3 });
    let mut gateway = Gateway::connect(&stand_ins).await;
    gateway.send(json!({ "op": 6, "d": resume })).await;
    let replayed = gateway.next().await;
    assert_eq!((&replayed["t"], &replayed["s"]), (&json!("MESSAGE_CREATE"), &json!(4)));
    assert_eq!(replayed["d"]["content"], "missed");
    assert_eq!(gateway.next().await["t"], "RESUMED");

    stand_ins.discord.fault(fault(Kind::Reconnect)).unwrap();
    assert_eq!(gateway.next().await["op"], 7);
    drop(gateway);
    stand_ins.discord.fault(fault(Kind::RefuseResume)).unwrap();
    let mut gateway = Gateway::connect(&stand_ins).await;
    gateway.send(json!({ "op": 6, "d": resume })).await;
    let refused = gateway.next().await;
    assert_eq!((&refused["op"], &refused["d"]), (&json!(9), &json!(false)));
}

#[tokio::test]
async fn a_kicked_bot_is_told_and_told_again_when_it_is_back() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, _) = Gateway::identified(&stand_ins, "demo-discord-token", BASIC).await;
    gateway.dispatch("GUILD_CREATE").await;
    stand_ins.discord.act(Act::Kick { bot: "Relay".into(), room: "general".into() }).unwrap();
    assert!(gateway.dispatch("GUILD_DELETE").await["unavailable"].is_null(), "not an outage");
    stand_ins.discord.act(say("Ada", "general", "they cannot hear us")).unwrap();
    stand_ins.discord.act(Act::Invite { bot: "Relay".into(), room: "general".into() }).unwrap();
    assert_eq!(gateway.next().await["t"], "GUILD_CREATE");
}

#[tokio::test]
async fn stopping_closes_sockets_and_frees_the_port() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, _) = Gateway::identified(&stand_ins, "demo-discord-token", BASIC).await;
    gateway.dispatch("GUILD_CREATE").await;
    let address = stand_ins.discord.api_url().replace("http://", "");
    drop(stand_ins);
    assert_eq!(gateway.next().await, json!({ "closed": 1001 }));
    let mut tries = 0;
    while tokio::net::TcpListener::bind(&address).await.is_err() {
        tries += 1;
        assert!(tries < 50, "the port is still taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_silenced_connection_is_healthy_and_hears_nothing_until_it_is_resumed() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, ready) = Gateway::identified(&stand_ins, "demo-discord-token", BASIC | CONTENT).await;
    gateway.dispatch("GUILD_CREATE").await;
    stand_ins.discord.fault(Fault { seconds: 600.0, ..fault(Kind::Silent) }).unwrap();
    stand_ins.discord.act(say("Ada", "general", "unheard")).unwrap();
    for _ in 0..3 {
        gateway.send(json!({ "op": 1, "d": 2 })).await;
        assert_eq!(gateway.next().await["op"], 11, "the next thing that comes");
    }
    drop(gateway);
    let resume = json!({ "token": "demo-discord-token", "session_id": ready["session_id"], "seq": 2 });
    let mut gateway = Gateway::connect(&stand_ins).await;
    gateway.send(json!({ "op": 6, "d": resume })).await;
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["content"], "unheard");
    assert_eq!(gateway.next().await["t"], "RESUMED");
    stand_ins.discord.act(say("Ada", "general", "heard")).unwrap();
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["content"], "heard");

    stand_ins.discord.fault(Fault { seconds: 0.2, ..fault(Kind::Silent) }).unwrap();
    stand_ins.discord.act(say("Ada", "general", "passed over")).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stand_ins.discord.act(say("Ada", "general", "after it")).unwrap();
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["content"], "after it");
    drop(gateway);
    let nobody = started(&[], None).await;
    assert!(nobody.discord.fault(fault(Kind::Silent)).is_err());
    assert!(nobody.telegram.fault(fault(Kind::Silent)).is_err());
}
