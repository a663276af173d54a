//! `config/slack-manifest.json` asks for what the code uses: no more, no less.

#![allow(clippy::unwrap_used)]

use crate::listen::{FAREWELLS, MESSAGES};
use crate::permissions;
use crate::translate::{command::SHORTCUTS, marks, members, news};
use serde_json::Value;
use slack_morphism::SlackAppManifest;

fn manifest() -> Value {
    serde_json::from_str(include_str!("../../../config/slack-manifest.json")).unwrap()
}

fn list(path: &str) -> Vec<String> {
    let manifest = manifest();
    let list = manifest.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("no {path}"));
    let mut list: Vec<_> = list.iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    list.sort();
    list
}

fn sorted(lists: &[&[&str]]) -> Vec<String> {
    let mut all: Vec<_> = lists.concat().into_iter().map(str::to_owned).collect();
    all.sort();
    all
}

#[test]
fn it_is_a_manifest() {
    let typed: SlackAppManifest = serde_json::from_value(manifest()).unwrap();
    let settings = typed.settings.unwrap();
    assert_eq!(settings.socket_mode_enabled, Some(true));
    assert!(settings.interactivity.is_some_and(|interactivity| interactivity.is_enabled));
    // A token that has to be renewed is not what `bot_token` takes.
    assert_eq!(manifest()["settings"]["token_rotation_enabled"], false);
}

#[test]
fn its_scopes_and_events() {
    assert_eq!(list("/oauth_config/scopes/bot"), sorted(&[&permissions::all()]));
    let events = [
        MESSAGES,
        news::ABOUT_A_CHANNEL,
        news::ABOUT_MEMBERS,
        &[news::MOVED, members::PROFILE],
        marks::REACTIONS,
        marks::PINS,
        FAREWELLS,
    ];
    assert_eq!(list("/settings/event_subscriptions/bot_events"), sorted(&events));
}

#[test]
fn its_command_and_shortcuts() {
    let manifest = manifest();
    let commands = manifest["features"]["slash_commands"].as_array().unwrap();
    assert_eq!(commands.iter().map(|command| &command["command"]).collect::<Vec<_>>(), ["/relay"]);
    // People's words come as they typed them.
    assert_eq!(commands[0]["should_escape"], false);
    let shortcuts = manifest["features"]["shortcuts"].as_array().unwrap();
    // More than five Slack does not take.
    assert!(shortcuts.len() <= 5);
    let ids: Vec<_> = shortcuts.iter().map(|shortcut| shortcut["callback_id"].as_str().unwrap()).collect();
    assert_eq!(ids, SHORTCUTS.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    for shortcut in shortcuts {
        assert_eq!(shortcut["type"], "message");
        // What Slack takes: <https://docs.slack.dev/reference/app-manifest/>.
        assert!(shortcut["name"].as_str().unwrap().chars().count() <= 24, "{shortcut}");
    }
}
