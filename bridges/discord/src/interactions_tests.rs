//! Tables of interactions and what they mean.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::translate;
use relay_contract::{Platform, RawEvent, RoomKey};
use serde_json::json;

const SECRET: &str = "aW50ZXJhY3Rpb24";

fn native(options: Value) -> Value {
    json!({
        "id": "175928847299117063", "application_id": "2", "type": 2, "token": SECRET, "version": 1,
        "guild_id": "30", "channel_id": "20",
        "data": {"id": "5", "name": "relay", "type": 1, "options": options},
        "member": {"user": {"id": "9", "username": "ada", "global_name": "Ada"}, "nick": null, "roles": [], "permissions": "16"},
    })
}

fn part(name: &str, options: Value) -> Value {
    json!([{"name": name, "type": 1, "options": options}])
}

fn told(native: Value) -> Translation {
    let relay = json!({"user": "1", "application": "2", "names": {"=": "Night Owls"}, "heard": 5});
    let payload = json!({"t": "INTERACTION_CREATE", "d": native, "relay": relay});
    translate::event("discord.com", &RawEvent { space: "30".into(), payload, cursor: None })
}

fn given(native: Value) -> Call {
    match told(native) {
        Translation::Command(call) => call,
        other => panic!("not a command: {other:?}"),
    }
}

/// Changes what stands at a place.
fn with(mut native: Value, place: &str, value: Value) -> Value {
    *native.pointer_mut(place).unwrap() = value;
    native
}

#[test]
fn a_call_is_whole_and_keeps_its_token_to_itself() {
    let call = given(native(part("status", json!([]))));
    assert_eq!(call.room, RoomKey::new(Platform::new("discord"), "discord.com", "20"));
    assert_eq!((call.space.id.as_str(), call.space.name.as_str()), ("30", "Night Owls"));
    assert_eq!((call.asker.id.as_str(), call.asker.name.as_str()), ("9", "Ada"));
    assert_eq!((call.at, &call.ask), (Timestamp(1_462_015_105_796), &Ask::Status));
    assert!(!format!("{call:?}").contains(SECRET) && call.reply.to_string().contains(SECRET));
    let named = given(with(native(json!([])), "/member/nick", json!("Countess")));
    assert_eq!(named.asker.name, "Countess");
}

#[test]
fn what_is_asked() {
    let text = |name: &str, value: &str| json!({"name": name, "type": 3, "value": value});
    let sure = |value: bool| json!({"name": "sure", "type": 5, "value": value});
    let connect = |channel: &str, sure| Ask::Connect { channel: channel.into(), sure };
    let approve = |code: &str, sure| Ask::Approve { code: code.into(), sure };
    let mute = |words: &str| Ask::Mute { message: None, words: words.into() };
    for (options, ask) in [
        (json!([]), Ask::Help),
        (part("help", json!([])), Ask::Help),
        (part("status", json!([])), Ask::Status),
        (part("connect", json!([text("channel", " lobby ")])), connect("lobby", false)),
        (part("connect", json!([sure(true), text("channel", "the lobby")])), connect("the lobby", true)),
        (part("connect", json!([text("channel", "x"), sure(false)])), connect("x", false)),
        (part("disconnect", json!([])), Ask::Disconnect { channel: None }),
        (part("disconnect", json!([text("channel", " ")])), Ask::Disconnect { channel: None }),
        (part("disconnect", json!([text("channel", "x")])), Ask::Disconnect { channel: Some("x".into()) }),
        (part("approve", json!([text("code", "K7M2-9QXD")])), approve("K7M2-9QXD", false)),
        (part("approve", json!([text("code", "K7M2-9QXD"), sure(true)])), approve("K7M2-9QXD", true)),
        (part("link", json!([])), Ask::Link { code: None }),
        (part("link", json!([text("code", " K7M2-9QXD")])), Ask::Link { code: Some("K7M2-9QXD".into()) }),
        (part("unlink", json!([])), Ask::Unlink { all: false }),
        (part("unlink", json!([{"name": "all", "type": 5, "value": true}])), Ask::Unlink { all: true }),
        (part("name", json!([])), Ask::Name { of: None }),
        (part("name", json!([text("of", " Slack ")])), Ask::Name { of: Some("Slack".into()) }),
        (part("pause", json!([])), Ask::Pause { span: None }),
        (part("pause", json!([text("for", "for 2 hours")])), Ask::Pause { span: Some("2 hours".into()) }),
        (part("resume", json!([])), Ask::Resume),
        (part("mute", json!([])), mute("")),
        (part("mute", json!([text("who", "Ada")])), mute("Ada")),
        (part("mute", json!([text("for", "1 hour"), text("who", "Ada")])), mute("Ada for 1 hour")),
        (part("unmute", json!([text("who", "Ada")])), Ask::Unmute { words: "Ada".into() }),
        (part("template", json!([])), Ask::Template { words: None }),
        (
            part("template", json!([text("template", "{name}")])),
            Ask::Template { words: Some("{name}".into()) },
        ),
        (part("dance", json!([])), Ask::Unknown("dance".into())),
        (part(&"x".repeat(50), json!([])), Ask::Unknown("x".repeat(40))),
        // A value of another type than it was declared with.
        (part("connect", json!([{"name": "channel", "value": 5}])), connect("", false)),
    ] {
        assert_eq!(given(native(options.clone())).ask, ask, "{options}");
    }
}

#[test]
fn the_right_to_manage_is_the_channels() {
    let right = |permissions: Permissions| json!(permissions.bits().to_string());
    for (permissions, may) in [
        (right(Permissions::MANAGE_CHANNELS), true),
        (right(Permissions::ADMINISTRATOR), true),
        (right(Permissions::MANAGE_GUILD | Permissions::SEND_MESSAGES), false),
        (Value::Null, false),
    ] {
        let call = given(with(native(json!([])), "/member/permissions", permissions.clone()));
        assert_eq!(Reply::of(&call).unwrap().may_manage, may, "{permissions}");
    }
}

#[test]
fn what_is_no_command_of_ours() {
    let status = || native(part("status", json!([])));
    for (interaction, ignored) in [
        (with(status(), "/application_id", json!("3")), Some("another application's command")),
        (with(status(), "/data/name", json!("other")), Some("not our command")),
        (with(status(), "/data/type", json!(2)), Some("not our command")),
        (with(status(), "/data", Value::Null), Some("not our command")),
        (with(status(), "/guild_id", Value::Null), Some("not in a server")),
        (with(status(), "/member", Value::Null), Some("not in a server")),
        (with(status(), "/type", json!(4)), Some("still typing")),
        (with(status(), "/type", json!(3)), Some("not a button of ours")),
        (with(status(), "/type", json!(5)), Some("not a command")),
        (with(status(), "/token", json!(5)), None),
        (with(status(), "/member/user", json!({"id": SECRET, "bot": SECRET})), None),
        (json!("owl"), None),
    ] {
        match (told(interaction), ignored) {
            (Translation::Ignored(why), Some(expected)) => assert_eq!(why, expected),
            (Translation::Unreadable(why), None) => assert!(!why.contains(SECRET), "{why}"),
            (other, _) => panic!("{other:?} instead of {ignored:?}"),
        }
    }
}

#[test]
fn what_is_typed() {
    let options = part("connect", json!([{"name": "channel", "type": 3, "value": "lo", "focused": true}]));
    let typing = with(native(options), "/type", json!(4));
    let typing = Interaction::deserialize(&typing).unwrap();
    assert!(matches!(typing.kind("2"), Kind::Typing("connect", "lo")));
    assert!(matches!(typing.kind("3"), Kind::Other(_)));
}

#[test]
fn an_answer_has_an_end() {
    let parts = |n: usize| vec![Part::text("x".to_owned(), Value::Null); n];
    let texts = |parts: Vec<Part>| parts.into_iter().map(|part| part.text).collect::<Vec<_>>();
    assert_eq!(texts(within(parts(5))), ["x"; 5]);
    assert_eq!(texts(within(parts(6))), ["x", "x", "x", "x", CUT]);
}

#[test]
fn what_is_said_of_a_token_is_not_said_of_the_bot() {
    for (status, code, rejected) in
        [(401, 50_027, true), (401, 0, true), (404, 10_015, true), (500, 0, false)]
    {
        let failure = Failure::Refused { status, code, message: "no".to_owned() };
        assert_eq!(matches!(unanswerable(failure), DeliverError::Rejected(_)), rejected, "{status}");
    }
}

/// Of a button that was clicked, as Discord tells it.
#[test]
fn a_click_gives_the_command_of_whoever_clicks() {
    let clicked = |id: &str| {
        let mut native = with(native(json!([])), "/type", json!(3));
        native["data"] = json!({"id": 2, "component_type": 2, "custom_id": id});
        native["locale"] = json!("de");
        native["message"] = json!({"id": "8", "content": "This room is private"});
        native
    };
    let call = given(clicked("relay:connect the lobby yes"));
    assert_eq!(call.ask, Ask::Connect { channel: "the lobby".into(), sure: true });
    assert_eq!((call.asker.id.as_str(), call.locale.as_deref()), ("9", Some("de")));
    assert!(Reply::of(&call).unwrap().may_manage);
    // By what whoever clicks may, not whoever was answered.
    let other = with(clicked("relay:status"), "/member/permissions", json!("0"));
    assert!(!Reply::of(&given(other)).unwrap().may_manage);
    assert_eq!(given(clicked("relay:dance")).ask, Ask::Unknown("dance".into()));
    for (native, why) in [
        (clicked("status"), "not a button of ours"),
        (with(clicked("relay:status"), "/application_id", json!("3")), "another application's command"),
        (with(clicked("relay:status"), "/member", Value::Null), "not in a server"),
    ] {
        assert_eq!(told(native), Translation::Ignored(why));
    }
}
