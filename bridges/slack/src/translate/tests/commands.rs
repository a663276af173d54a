//! Slash commands and shortcuts by table.

use super::*;
use relay_contract::{Ask, Asker, Call, SpaceRef};

fn call(kind: &str, payload: &Value) -> Call {
    let event = command::kept(kind, payload);
    match translate(&raw_of(kind, event)) {
        Translation::Command(call) => call,
        other => panic!("{other:?} from {payload}"),
    }
}

/// As <https://docs.slack.dev/interactivity/implementing-slash-commands/> shows it.
fn slash(text: &str) -> Value {
    json!({
        "token": "verification", "team_id": "T1", "team_domain": "one", "channel_id": "C1", "channel_name": "general",
        "user_id": "U1", "user_name": "ada", "command": "/relay", "text": text, "api_app_id": "A1",
        "response_url": "https://hooks.slack.com/commands/T1/2/secret", "trigger_id": "1.2.3", "is_enterprise_install": "false",
    })
}

#[test]
fn slash_commands() {
    let answered = json!({ "response_url": "https://hooks.slack.com/commands/T1/2/secret" });
    let expected = Call {
        room: ids::room("T1", "C1"),
        space: SpaceRef { id: "T1".into(), name: "One".into() },
        asker: Asker { id: "U1".into(), name: "Ada".into() },
        locale: None,
        ask: Ask::Connect { channel: "lobby".into(), sure: false },
        at: Timestamp(1_700_000_000_000),
        message: None,
        reply: answered,
    };
    assert_eq!(call("slash_commands", &slash("connect lobby")), expected);
    // Whatever it is called.
    let mut other = slash("connect lobby");
    other["command"] = "/bridge".into();
    assert_eq!(call("slash_commands", &other), expected);
    let cases = [("", Ask::Help), ("status", Ask::Status), ("dance", Ask::Unknown("dance".into()))];
    for (text, ask) in cases {
        assert_eq!(call("slash_commands", &slash(text)).ask, ask, "{text:?}");
    }
    let mut unknown = slash("");
    (unknown["user_id"], unknown["user_name"]) = ("U9".into(), "eve".into());
    assert_eq!(call("slash_commands", &unknown).asker.name, "eve");
}

/// As <https://api.slack.com/reference/interaction-payloads/shortcuts> shows it.
fn shortcut(callback_id: &str, thread: Option<&str>) -> Value {
    json!({
        "type": "message_action", "token": "verification", "action_ts": "1.2", "callback_id": callback_id,
        "team": { "id": "T1", "domain": "one" }, "user": { "id": "U2", "name": "bob", "team_id": "T1" },
        "channel": { "id": "C1", "name": "general" }, "message_ts": "1.1", "trigger_id": "1.2.3",
        "message": { "type": "message", "user": "U1", "ts": "1.1", "text": "between us", "thread_ts": thread },
        "response_url": "https://hooks.slack.com/app/T1/2/secret",
    })
}

#[test]
fn shortcuts() {
    for (callback_id, ask) in command::SHORTCUTS {
        for (thread, answered_in) in [(None, None), (Some("1.0"), Some("1.0")), (Some("1.1"), None)] {
            let call = call("interactive", &shortcut(callback_id, thread));
            let ask = ask.clone().about(Some(ids::message("1.1", thread)));
            assert_eq!(
                (&call.ask, call.asker.name.as_str(), &call.room),
                (&ask, "Bob", &ids::room("T1", "C1"))
            );
            assert_eq!(call.reply["response_url"], "https://hooks.slack.com/app/T1/2/secret");
            assert_eq!(call.reply.get("thread").and_then(Value::as_str), answered_in);
        }
    }
    let cases = [
        (shortcut("somebody_elses", None), "unknown shortcut"),
        (json!({ "type": "block_actions", "user": { "id": "U1" } }), "not a button of ours"),
        (json!({ "type": "shortcut", "callback_id": "relay_help", "user": { "id": "U1" } }), "interaction"),
    ];
    for (payload, why) in cases {
        let event = command::kept("interactive", &payload);
        assert_eq!(translate(&raw_of("interactive", event)), Translation::Ignored(why), "{payload}");
    }
}

/// What is set aside when it cannot be read holds no secret, and nothing of what people said.
#[test]
fn what_is_kept_of_a_command() {
    let kept = |kind: &str, payload: Value| command::kept(kind, &payload).to_string();
    let (mut roomless, mut nobody) = (slash("status"), shortcut("relay_help", None));
    roomless["channel_id"] = Value::Null;
    nobody["user"] = Value::Null;
    let cases = [
        kept("slash_commands", roomless),
        kept("interactive", nobody),
        kept("interactive", json!({ "type": "view_submission", "response_url": "https://x/secret" })),
    ];
    for kept in cases {
        assert!(
            !kept.contains("secret") && !kept.contains("verification") && !kept.contains("between us"),
            "{kept}"
        );
    }
    let whole = kept("interactive", shortcut("relay_help", Some("1.0")));
    assert!(
        whole.contains("secret") && !whole.contains("verification") && !whole.contains("between us"),
        "{whole}"
    );
    let call = call("slash_commands", &slash("status"));
    assert!(!format!("{call:?}").contains("secret"), "{call:?}");
}
