//! Commands that people give, and what becomes of rooms and guilds.

use super::*;

const RELAY: &str = "demo-discord-token";
/// GUILDS, GUILD_MESSAGES.
const BASIC: u64 = 1 | 1 << 9;

fn command() -> Value {
    let channel =
        json!({ "name": "channel", "description": "c", "type": 3, "required": true, "autocomplete": true });
    let sure = json!({ "name": "sure", "description": "s", "type": 5, "required": false });
    json!({ "name": "relay", "description": "Relay", "options": [
        { "name": "status", "description": "s", "type": 1 },
        { "name": "connect", "description": "c", "type": 1, "options": [channel, sure] },
    ] })
}

fn give(person: &str, text: &str) -> Act {
    Act::Command { person: person.into(), room: "general".into(), text: text.into() }
}

/// With the command registered, and a gateway of the application and one of another bot.
async fn offered() -> (StandIns, Client, Gateway, Gateway) {
    let mut stand_ins = started(&["VIEW_CHANNEL"], None).await;
    stand_ins.world.discord.people.truncate(2);
    let client = Client::of(&stand_ins, RELAY);
    let application = &stand_ins.world.discord.bots[0].id;
    let (status, _) = client.post(&format!("/applications/{application}/commands"), command()).await;
    assert_eq!(status, 201);
    let (relay, _) = Gateway::identified(&stand_ins, RELAY, BASIC).await;
    let (shy, _) = Gateway::identified(&stand_ins, "shy", BASIC).await;
    (stand_ins, client, relay, shy)
}

#[tokio::test]
async fn a_command_is_told_to_its_application_and_answered_to_its_asker_only() {
    let (stand_ins, client, mut relay, mut shy) = offered().await;
    let application = stand_ins.world.discord.bots[0].id.clone();
    let ada = &stand_ins.world.discord.people[0];
    let id = stand_ins.discord.act(give("Ada", "/relay connect lobby yes")).unwrap();
    let told = relay.dispatch("INTERACTION_CREATE").await;
    let connect = &told["data"]["options"][0];
    assert_eq!(
        (&told["type"], &told["data"]["name"], &connect["name"]),
        (&json!(2), &json!("relay"), &json!("connect"))
    );
    assert_eq!(connect["options"][0]["value"], "lobby");
    assert_eq!(connect["options"][1]["value"], true);
    assert_eq!(told["member"]["user"]["id"], ada.id.as_str());
    let token = told["token"].as_str().unwrap();
    let callback = format!("/interactions/{}/{token}/callback", told["id"].as_str().unwrap());
    let deferred = json!({ "type": 5, "data": { "flags": 64 } });
    assert_eq!(client.post(&callback, json!({ "type": 8, "data": { "choices": [] } })).await.0, 400);
    assert_eq!(client.post(&callback, deferred.clone()).await.0, 204);
    assert_eq!(client.post(&callback, deferred).await.1["code"], 40060);
    let webhook = format!("/webhooks/{application}/{token}");
    let changed = client
        .call("PATCH", &format!("{webhook}/messages/@original"), Some(json!({ "content": "done" })))
        .await;
    assert_eq!((changed.0, changed.1["id"].as_str()), (200, Some(id.as_str())));
    let (_, further) = client.post(&webhook, json!({ "content": "and more", "flags": 64 })).await;
    let seen = stand_ins.discord.messages("general").unwrap();
    let shown: Vec<_> =
        seen.iter().map(|it| (it.id.as_str(), it.author.as_str(), it.text.as_str())).collect();
    assert_eq!(
        shown,
        [(id.as_str(), "Relay", "done"), (further["id"].as_str().unwrap(), "Relay", "and more")]
    );
    assert!(seen.iter().all(|it| it.only_for.as_deref() == Some(ada.id.as_str()) && !it.edited));
    // Nobody else sees it: not over the gateway, not over REST.
    stand_ins.discord.act(say("Ada", "general", "public")).unwrap();
    for gateway in [&mut relay, &mut shy] {
        loop {
            let next = gateway.next().await;
            assert_ne!(next["d"]["id"], id.as_str());
            if next["t"] == "MESSAGE_CREATE" {
                break;
            }
            assert!(matches!(next["t"].as_str(), Some("GUILD_CREATE" | "READY")), "{next}");
        }
    }
    let general = room(&stand_ins, "general");
    assert_eq!(client.get(&format!("/channels/{general}/messages/{id}")).await.1["code"], 10008);
    assert_eq!(client.call("DELETE", &format!("{webhook}/messages/@original"), None).await.0, 204);
}

#[tokio::test]
async fn what_a_client_does_not_send_and_what_an_application_may_not_answer() {
    let (stand_ins, client, mut relay, _shy) = offered().await;
    for (text, says) in [
        ("/relay connect", "`channel` must be filled in"),
        ("/relay dance", "no part `dance`"),
        ("/other", "no application here has the command `/other`"),
        ("relay", "begins with `/`"),
    ] {
        let refused = stand_ins.discord.act(give("Ada", text)).unwrap_err();
        assert!(refused.to_string().contains(says), "{text}: {refused}");
    }
    stand_ins.discord.act(give("Ada", "/relay status")).unwrap();
    let told = relay.dispatch("INTERACTION_CREATE").await;
    let (id, token) = (told["id"].as_str().unwrap(), told["token"].as_str().unwrap());
    let application = &stand_ins.world.discord.bots[0].id;
    let deferred = || json!({ "type": 5 });
    let early = client.post(&format!("/webhooks/{application}/{token}"), json!({ "content": "x" })).await;
    assert_eq!(early.1["code"], 10015);
    assert_eq!(client.post(&format!("/interactions/{id}/wrong/callback"), deferred()).await.1["code"], 10062);
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert_eq!(
        client.post(&format!("/interactions/{id}/{token}/callback"), deferred()).await.1["code"],
        10062
    );
}

#[tokio::test]
async fn rights_are_told_and_proposals_are_shown() {
    let (stand_ins, client, mut relay, _shy) = offered().await;
    for (person, manages) in [("Ada", true), ("Bruno", false)] {
        let id = stand_ins.discord.act(give(person, "/relay connect lo\t")).unwrap();
        let told = relay.dispatch("INTERACTION_CREATE").await;
        let permissions: u64 = told["member"]["permissions"].as_str().unwrap().parse().unwrap();
        assert_eq!((&told["type"], permissions & 1 << 4 != 0), (&json!(4), manages), "{person}");
        let option = &told["data"]["options"][0]["options"][0];
        assert_eq!((&option["value"], &option["focused"]), (&json!("lo"), &json!(true)));
        let callback = format!(
            "/interactions/{}/{}/callback",
            told["id"].as_str().unwrap(),
            told["token"].as_str().unwrap()
        );
        let choices = json!([{ "name": "lobby", "value": "lobby" }, { "name": "lounge", "value": "lounge" }]);
        assert_eq!(client.post(&callback, json!({ "type": 8, "data": { "choices": choices } })).await.0, 204);
        let shown =
            stand_ins.discord.messages("general").unwrap().into_iter().find(|it| it.id == id).unwrap();
        assert_eq!(shown.text, "lobby\nlounge");
    }
}

#[tokio::test]
async fn commands_are_kept_by_name_and_checked() {
    let stand_ins = started(&[], None).await;
    let client = Client::of(&stand_ins, RELAY);
    let path = format!("/applications/{}/commands", stand_ins.world.discord.bots[0].id);
    let (_, made) = client.post(&path, command()).await;
    assert_eq!(client.post(&path, json!({ "name": "other", "description": "o" })).await.0, 201);
    let (status, again) = client.post(&path, command()).await;
    assert_eq!((status, &again["id"]), (200, &made["id"]));
    assert_ne!(again["version"], made["version"]);
    assert!(again["options"][1]["options"][1]["required"].is_null(), "what is false is left out");
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let (_, changed) = client.call("PATCH", &one, Some(json!({ "description": "changed" }))).await;
    assert_eq!((&changed["description"], &changed["name"]), (&json!("changed"), &json!("relay")));
    assert_eq!(client.get(&one).await.1, changed);
    for (wrong, code) in [
        (json!({ "name": "Relay", "description": "d" }), 50035),
        (json!({ "name": "relay", "description": "" }), 50035),
        (
            json!({ "name": "r", "description": "d", "options": [
            { "name": "a", "description": "a", "type": 3 },
            { "name": "b", "description": "b", "type": 3, "required": true }] }),
            50035,
        ),
    ] {
        assert_eq!(client.post(&path, wrong.clone()).await.1["code"], code, "{wrong}");
    }
    assert_eq!(client.call("DELETE", &one, None).await.0, 204);
    assert_eq!(client.call("DELETE", &one, None).await.1["code"], 10063);
    assert_eq!(client.get(&path).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rooms_are_renamed_hidden_and_deleted() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, _) = Gateway::identified(&stand_ins, RELAY, BASIC).await;
    let general = room(&stand_ins, "general");
    let act = |act: Act| stand_ins.discord.act(act).unwrap();
    act(Act::Rename { room: "general".into(), name: "#lobby".into() });
    assert_eq!(gateway.dispatch("CHANNEL_UPDATE").await["name"], "lobby");
    let guild = stand_ins.world.discord.spaces[0].id.clone();
    for private in [true, false] {
        act(Act::SetPrivate { room: "lobby".into(), private });
        let told = gateway.dispatch("CHANNEL_UPDATE").await;
        let overwrites = told["permission_overwrites"].as_array().unwrap();
        assert_eq!(overwrites.iter().any(|it| it["id"] == guild.as_str() && it["deny"] == "1024"), private);
    }
    act(Act::Close { room: "lobby".into() });
    assert_eq!(gateway.dispatch("CHANNEL_DELETE").await["id"], general.as_str());
    assert_eq!(Client::of(&stand_ins, RELAY).get(&format!("/channels/{general}")).await.1["code"], 10003);
}

#[tokio::test]
async fn a_guild_has_an_outage_and_comes_back() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, _) = Gateway::identified(&stand_ins, RELAY, BASIC).await;
    gateway.dispatch("GUILD_CREATE").await;
    let mut outage = fault(Kind::Unavailable);
    outage.seconds = 0.3;
    stand_ins.discord.fault(outage.clone()).unwrap();
    assert_eq!(gateway.dispatch("GUILD_DELETE").await["unavailable"], true);
    let (client, general) = (Client::of(&stand_ins, RELAY), room(&stand_ins, "general"));
    assert_eq!(client.get(&format!("/channels/{general}")).await.0, 503);
    stand_ins.discord.fault(outage).unwrap_err();
    assert_eq!(gateway.dispatch("GUILD_CREATE").await["unavailable"], false);
    assert_eq!(client.get(&format!("/channels/{general}")).await.0, 200);
}
