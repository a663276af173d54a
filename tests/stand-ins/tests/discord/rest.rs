//! Errors, permissions, webhooks, faults and the control server.

use super::*;

#[tokio::test]
async fn errors_are_discords_own() {
    let stand_ins = started(&["VIEW_CHANNEL", "SEND_MESSAGES"], Some(&["general"])).await;
    let (relay, shy) = (Client::of(&stand_ins, "demo-discord-token"), Client::of(&stand_ins, "shy"));
    let (general, random) = (room(&stand_ins, "general"), room(&stand_ins, "random"));
    let bad = Client::of(&stand_ins, "wrong").get("/users/@me").await;
    assert_eq!(bad, (401, json!({ "message": "401: Unauthorized", "code": 0 })));
    let long = "ß".repeat(2_001);
    type Case<'a> = (&'a Client, &'a str, String, Option<Value>, u16, u64);
    let cases: Vec<Case> = vec![
        (&relay, "GET", "/nowhere".into(), None, 404, 0),
        (&relay, "GET", "/channels/1".into(), None, 404, 10003),
        (&relay, "GET", "/channels/abc".into(), None, 400, 50035),
        (&relay, "GET", "/guilds/1".into(), None, 404, 10004),
        (&relay, "GET", format!("/channels/{general}/messages/1"), None, 404, 10008),
        (&relay, "GET", format!("/channels/{general}/messages?limit=0"), None, 400, 50035),
        (&relay, "GET", format!("/channels/{general}/messages?limit=x"), None, 400, 50035),
        (&relay, "GET", "/webhooks/1".into(), None, 404, 10015),
        (&relay, "POST", "/webhooks/1/token".into(), Some(json!({ "content": "x" })), 404, 10015),
        (
            &relay,
            "POST",
            format!("/channels/{general}/messages"),
            Some(json!({ "content": " \n" })),
            400,
            50006,
        ),
        (
            &relay,
            "POST",
            format!("/channels/{general}/messages"),
            Some(json!({ "content": long })),
            400,
            50035,
        ),
        (&relay, "POST", format!("/channels/{general}/messages"), Some(json!({ "content": 1 })), 400, 50035),
        (
            &relay,
            "POST",
            format!("/channels/{general}/webhooks"),
            Some(json!({ "name": "My Clyde" })),
            400,
            50035,
        ),
        (&shy, "POST", format!("/channels/{general}/webhooks"), Some(json!({ "name": "x" })), 403, 50013),
        (&shy, "GET", format!("/channels/{general}/webhooks"), None, 403, 50013),
        (&shy, "GET", format!("/channels/{random}"), None, 403, 50001),
        (&shy, "POST", format!("/channels/{random}/messages"), Some(json!({ "content": "x" })), 403, 50001),
    ];
    for (client, method, path, body, status, code) in cases {
        let (got, answer) = client.call(method, &path, body).await;
        assert_eq!((got, answer["code"].as_u64()), (status, Some(code)), "{method} {path}: {answer}");
    }
    // Without READ_MESSAGE_HISTORY the history is empty, not refused.
    stand_ins.discord.act(say("Ada", "general", "before")).unwrap();
    assert_eq!(shy.get(&format!("/channels/{general}/messages")).await, (200, json!([])));
}

/// A client that computes permissions as Discord documents gets what the bot really may do.
#[tokio::test]
async fn roles_and_overwrites_tell_the_truth() {
    let stand_ins = started(&["VIEW_CHANNEL", "SEND_MESSAGES"], Some(&["general"])).await;
    let guild = stand_ins.world.discord.spaces[0].id.clone();
    for (token, room_name, expected) in [
        ("demo-discord-token", "general", true),
        ("demo-discord-token", "random", true),
        ("shy", "general", true),
        ("shy", "random", false),
    ] {
        let client = Client::of(&stand_ins, token);
        let (_, member) = client.get(&format!("/guilds/{guild}/members/@me")).await;
        let (_, roles) = client.get(&format!("/guilds/{guild}/roles")).await;
        let (_, channels) = client.get(&format!("/guilds/{guild}/channels")).await;
        let bits = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        let mine = |id: &Value| member["roles"].as_array().unwrap().contains(id);
        let of_mine = |role: &&Value| role["id"] == guild.as_str() || mine(&role["id"]);
        let mut has = roles
            .as_array()
            .unwrap()
            .iter()
            .filter(of_mine)
            .fold(0, |all, role| all | bits(&role["permissions"]));
        let id = room(&stand_ins, room_name);
        let channel =
            channels.as_array().unwrap().iter().find(|channel| channel["id"] == id.as_str()).unwrap();
        let overwrites = channel["permission_overwrites"].as_array().unwrap();
        for o in overwrites.iter().filter(|o| o["id"] == guild.as_str()) {
            has = has & !bits(&o["deny"]) | bits(&o["allow"]);
        }
        for o in overwrites.iter().filter(|o| mine(&o["id"])) {
            has = has & !bits(&o["deny"]) | bits(&o["allow"]);
        }
        assert_eq!(has & 1 << 10 != 0, expected, "{token} in {room_name}");
        assert_eq!(client.get(&format!("/channels/{id}")).await.0 == 200, expected, "{token} in {room_name}");
        let (_, application) = client.get("/applications/@me").await;
        let content = application["flags"].as_u64().unwrap() & 1 << 19 != 0;
        assert_eq!(content, token != "shy", "the message content flag");
    }
}

#[tokio::test]
async fn webhooks_post_under_any_name_and_ping_only_whom_they_may() {
    let stand_ins = started(&["VIEW_CHANNEL", "MANAGE_WEBHOOKS"], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let general = room(&stand_ins, "general");
    let (_, hook) = relay.post(&format!("/channels/{general}/webhooks"), json!({ "name": "Bridge" })).await;
    let path = format!("/webhooks/{}/{}", hook["id"].as_str().unwrap(), hook["token"].as_str().unwrap());
    let ada = stand_ins.world.discord.people[0].id.clone();
    let content = format!("<@{ada}> @everyone <@&1>");
    for (allowed, pinged) in [
        (json!({ "parse": [] }), vec![]),
        (json!({ "parse": ["users"] }), vec![ada.clone()]),
        (Value::Null, vec![ada.clone(), "1".into(), "everyone".into()]),
    ] {
        let body = json!({ "content": content, "username": "Elif", "allowed_mentions": allowed });
        let (status, message) = relay.post(&format!("{path}?wait=true"), body).await;
        assert_eq!((status, &message["author"]["username"]), (200, &json!("Elif")));
        assert_eq!(message["webhook_id"], hook["id"]);
        assert_eq!(message["application_id"], hook["application_id"]);
        let seen = stand_ins.discord.messages("general").unwrap().pop().unwrap();
        assert_eq!((seen.author.as_str(), seen.pinged), ("Elif", pinged), "{allowed}");
    }
    assert_eq!(relay.post(&path, json!({ "content": "quiet" })).await, (204, Value::Null));
    let long = json!({ "embeds": [{ "title": "x".repeat(257) }] });
    let (status, refused) = relay.post(&path, long).await;
    assert_eq!((status, &refused["code"]), (400, &json!(50035)));
    assert!(refused["errors"]["embeds"]["0"]["title"]["_errors"][0]["message"].is_string(), "{refused}");
    let (status, _) = relay.post(&path, json!({ "content": "x", "avatar_url": "/me.png" })).await;
    assert_eq!(status, 400);
    let (_, others) = Client::of(&stand_ins, "shy").get(&format!("/channels/{general}/webhooks")).await;
    assert_eq!((&others[0]["id"], &others[0]["token"]), (&hook["id"], &Value::Null), "not its own: no token");
    let wrong = format!("/webhooks/{}/wrong", hook["id"].as_str().unwrap());
    assert_eq!(relay.post(&wrong, json!({ "content": "x" })).await.1["code"], 50027);
    stand_ins.discord.act(Act::DeleteWebhooks { room: "general".into() }).unwrap();
    assert_eq!(relay.post(&path, json!({ "content": "x" })).await.1["code"], 10015);
}

#[tokio::test]
async fn history_pages_by_id_newest_first() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let general = room(&stand_ins, "general");
    let ids: Vec<String> =
        (0..6).map(|n| stand_ins.discord.act(say("Ada", "general", &n.to_string())).unwrap()).collect();
    let gone = Act::Delete { person: "Ada".into(), room: "general".into(), message: ids[4].clone() };
    stand_ins.discord.act(gone).unwrap();
    for (query, texts) in [
        (String::new(), "5 3 2 1 0"),
        ("?limit=2".into(), "5 3"),
        (format!("?after={}&limit=2", ids[0]), "2 1"),
        (format!("?before={}&limit=2", ids[2]), "1 0"),
        (format!("?around={}&limit=3", ids[2]), "3 2 1"),
        ("?after=0&limit=2".into(), "1 0"),
    ] {
        let (_, page) = relay.get(&format!("/channels/{general}/messages{query}")).await;
        let got: Vec<&str> =
            page.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
        assert_eq!(got.join(" "), texts, "{query}");
    }
}

#[tokio::test]
async fn faults_of_requests() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let path = format!("/channels/{}/messages", room(&stand_ins, "general"));
    let said = || stand_ins.discord.messages("general").unwrap().len();
    let post = || relay.post(&path, json!({ "content": "x" }));
    stand_ins.discord.fault(Fault { only: Some("PATCH".into()), ..fault(Kind::Unauthorized) }).unwrap();
    let only = Some("POST /api/v10/channels/".to_owned());
    stand_ins.discord.fault(Fault { seconds: 2.5, only, ..fault(Kind::RateLimit) }).unwrap();
    let (status, body) = post().await;
    assert_eq!((status, &body["retry_after"], said()), (429, &json!(2.5), 0));
    stand_ins.discord.fault(fault(Kind::ServerError)).unwrap();
    assert_eq!((post().await.0, said()), (502, 0));
    stand_ins.discord.fault(fault(Kind::CutAfter)).unwrap();
    let url = relay.base.clone() + &path;
    let cut = relay.http.post(url).header("authorization", "Bot demo-discord-token");
    assert!(cut.json(&json!({ "content": "x" })).send().await.is_err());
    assert_eq!(said(), 1, "carried out, and the answer lost");
    assert_eq!(post().await.0, 200);
    assert!(stand_ins.discord.fault(fault(Kind::Disconnect)).is_err(), "nobody is connected");
}

#[tokio::test]
async fn the_control_server_drives_people_and_says_what_is_wrong() {
    let stand_ins = started(&[], None).await;
    let mut control = Client::of(&stand_ins, "");
    control.base = stand_ins.control_url.clone();
    let (_, world) = control.get("/world").await;
    assert_eq!(world["discord"]["api_url"], stand_ins.discord.api_url());
    assert_eq!(world["discord"]["people"][0]["handle"], "ada");
    let mut changes = control.http.get(control.base.clone() + "/discord/changes").send().await.unwrap();
    let said = json!({ "do": "say", "person": "@ada", "room": "#general", "text": "hi" });
    let (status, answer) = control.post("/discord/act", said).await;
    assert_eq!(status, 200);
    let change = String::from_utf8(changes.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(change.starts_with("event: posted\ndata: {"), "{change}");
    let (_, messages) = control.get("/discord/rooms/general/messages").await;
    assert_eq!(messages[0]["id"], answer["id"]);
    for (path, body, status) in [
        ("/discord/act", json!({ "do": "say", "person": "Zoe", "room": "general", "text": "x" }), 404),
        ("/discord/act", json!({ "do": "say", "person": "Ada", "room": "attic", "text": "x" }), 404),
        ("/discord/act", json!({ "do": "say", "person": "Ada", "room": "general", "text": " " }), 409),
        (
            "/discord/act",
            json!({ "do": "edit", "person": "Bruno", "room": "general", "message": answer["id"], "text": "x" }),
            409,
        ),
        (
            "/discord/act",
            json!({ "do": "edit", "person": "Ada", "room": "general", "message": "1", "text": "x" }),
            404,
        ),
        ("/discord/act", json!({ "do": "dance" }), 422),
        ("/discord/faults", json!({ "kind": "disconnect" }), 409),
        ("/discord/faults", json!({ "kind": "fire" }), 422),
        ("/discord/limits", json!({ "scale": 0.0 }), 409),
        ("/discord/limits", json!({ "speed": 1.0 }), 422),
        ("/msn/act", json!({ "do": "say", "person": "Ada", "room": "general", "text": "x" }), 404),
        ("/nowhere", json!({}), 404),
    ] {
        let (got, answer) = control.post(path, body.clone()).await;
        assert!(got == status && answer["error"].is_string(), "{path} {body}: {got} {answer}");
    }
}

#[tokio::test]
async fn the_readmes_world_file_starts() {
    let readme = include_str!("../../README.md");
    let file = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let stand_ins = stand_ins::start(toml::from_str(file).unwrap()).await.unwrap();
    let shy = Client::of(&stand_ins, "another");
    assert_eq!(shy.get("/channels/1001").await.1["name"], "general");
    assert_eq!(shy.get(&format!("/channels/{}", room(&stand_ins, "staff"))).await.0, 403);
}
