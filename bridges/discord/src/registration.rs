//! `/relay`, and what can be asked in a message's menu, as application commands: what is registered with Discord, and only when it
//! differs from what is there.
//!
//! <https://discord.com/developers/docs/interactions/application-commands>

use crate::connector::{Discord, Us};
use crate::errors::Failure;
use crate::interactions::{MESSAGE, Shortcut};
use crate::rest::Rest;
use relay_contract::{Inbox, Problem};
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twilight_model::application::command::{
    CommandOption, CommandOptionChoice, CommandOptionChoiceValue, CommandOptionType,
};

/// The command's name.
pub const NAME: &str = "relay";
const DESCRIPTION: &str = "Join this channel to rooms elsewhere, and see how that goes";
/// How long registering may take.
const WITHIN: Duration = Duration::from_secs(10);

/// What was wrong the last time.
#[derive(Debug, Default)]
pub struct Registration(Mutex<Option<Problem>>);

impl Registration {
    /// A warning of the account, if there is one.
    pub fn problem(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn found(&self, problem: Option<Problem>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

/// A command or an option, as far as it is compared. Discord leaves out what is false.
#[derive(Debug, PartialEq, Deserialize)]
struct Shape {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "chat_input", rename = "type")]
    kind: u64,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    autocomplete: bool,
    #[serde(default)]
    options: Vec<Self>,
}

fn chat_input() -> u64 {
    1
}

impl Discord {
    /// Registers the command, within a time and unless Relay stops. A failure is told and remembered, and stops nothing.
    pub(crate) async fn register(&self, rest: &Rest, us: Us, inbox: &dyn Inbox) {
        let registering = tokio::time::timeout(WITHIN, upsert(rest, us));
        let outcome = tokio::select! {
            biased;
            () = inbox.stopped() => return,
            outcome = registering => outcome,
        };
        let late = || Failure::NotDone(format!("no answer within {} seconds", WITHIN.as_secs()));
        let problem = outcome.unwrap_or_else(|_| Err(late())).err().map(|failure| problem(&failure));
        if let Some(problem) = &problem {
            tracing::warn!(%problem, "the command `/relay` was not registered");
        }
        self.registration.found(problem);
    }
}

async fn upsert(rest: &Rest, us: Us) -> Result<(), Failure> {
    let client = rest.client().interaction(us.application);
    let registered: Vec<Value> = rest.ask(client.global_commands()).await?;
    let options = options();
    // A command of the same name is replaced; the application's others stay.
    if !registered.iter().any(|command| is_current(command, &options)) {
        let request = client.create_global_command().chat_input(NAME, DESCRIPTION);
        rest.tell(request.dm_permission(false).command_options(&options)).await?;
        tracing::info!("registered the command `/relay`");
    }
    for shortcut in Shortcut::ALL {
        if !registered.iter().any(|command| is_in_menus(command, shortcut)) {
            let request = client.create_global_command().message(shortcut.name());
            rest.tell(request.dm_permission(false)).await?;
            tracing::info!(name = shortcut.name(), "registered a command for the menu of messages");
        }
    }
    Ok(())
}

/// Whether this is the command of a message's menu as we want it.
fn is_in_menus(command: &Value, shortcut: Shortcut) -> bool {
    let is = Shape::deserialize(command).is_ok_and(|it| it.kind == MESSAGE && it.name == shortcut.name());
    is && only_in_servers(command)
}

fn only_in_servers(command: &Value) -> bool {
    command.get("dm_permission").and_then(Value::as_bool) == Some(false)
        || command.get("contexts").is_some_and(|contexts| *contexts == serde_json::json!([0]))
}

/// Whether this is the command as we want it.
fn is_current(command: &Value, options: &[CommandOption]) -> bool {
    let wanted = serde_json::to_value(options).and_then(serde_json::from_value::<Vec<Shape>>);
    let (Ok(there), Ok(options)) = (Shape::deserialize(command), wanted) else {
        return false;
    };
    let wanted = Shape {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        kind: chat_input(),
        required: false,
        autocomplete: false,
        options,
    };
    only_in_servers(command) && there == wanted
}

fn problem(failure: &Failure) -> Problem {
    let what = format!("The command `/relay` is not offered on Discord: {}.", failure.words());
    match failure {
        Failure::Refused { status: 403, .. } => Problem::new(
            what,
            "Invite the bot again with the scopes `bot` and `applications.commands`: Discord Developer Portal → your application → \
             OAuth2 → URL Generator.",
        ),
        _ => Problem::new(
            what,
            "Nothing: it is tried again whenever Relay connects. Bridging works all the same.",
        ),
    }
}

/// The parts of the command.
fn options() -> Vec<CommandOption> {
    use CommandOptionType::{Boolean, String as Text, SubCommand};
    let part = |name: &str, description: &str, options: Vec<CommandOption>| CommandOption {
        options: Some(options),
        ..option(SubCommand, name, description)
    };
    let required = |option: CommandOption| CommandOption { required: Some(true), ..option };
    let completed = |option: CommandOption| CommandOption { autocomplete: Some(true), ..option };
    let channel = || completed(option(Text, "channel", "The Relay channel's name"));
    let sure = |description: &str| option(Boolean, "sure", description);
    vec![
        part("help", "What can be asked of Relay", vec![]),
        part(
            "connect",
            "Join this channel to a Relay channel",
            vec![required(channel()), sure("You were told what to know about it, and want it all the same")],
        ),
        part("status", "How this channel is joined, and whether it works", vec![]),
        part("disconnect", "Take this channel out of a Relay channel", vec![channel()]),
        part(
            "approve",
            "Let somebody's room into a Relay channel",
            vec![
                required(option(Text, "code", "The code that they were given")),
                sure("You were told who it is, and let them in"),
            ],
        ),
        part(
            "consent",
            "What you allow in particular, and how to change it",
            vec![option(Text, "change", "Such as: revoke bridging to telegram. Leave it out to be told")],
        ),
        part("export", "All that Relay keeps of you, as a file", vec![]),
        part(
            "forget",
            "Have everything of yours deleted",
            vec![sure("You were told what comes of it, and want it")],
        ),
        part(
            "link",
            "Prove that an account on another platform is yours, too",
            vec![option(Text, "code", "The code that you were given there; leave it out to be given one")],
        ),
        part(
            "unlink",
            "Your account here is linked to the others no more",
            vec![option(Boolean, "all", "None of yours is linked to another any more")],
        ),
        part(
            "privacy",
            "What is shared of you with other rooms, and how to change it",
            vec![one_of(
                option(Text, "choice", "What is to be shared from now on; leave it out to be told"),
                &[
                    ("full: your name, your picture and what you say", "full"),
                    ("balanced: what you say and your name, without your picture", "balanced"),
                    ("anonymous: what you say, under another name", "anonymous"),
                    ("minimal: the same without files", "minimal"),
                    ("none: nothing", "none"),
                ],
            )],
        ),
    ]
}

fn one_of(option: CommandOption, all: &[(&str, &str)]) -> CommandOption {
    let choices = all.iter().map(|(name, value)| CommandOptionChoice {
        name: (*name).to_owned(),
        name_localizations: None,
        value: CommandOptionChoiceValue::String((*value).to_owned()),
    });
    CommandOption { choices: Some(choices.collect()), ..option }
}

fn option(kind: CommandOptionType, name: &str, description: &str) -> CommandOption {
    CommandOption {
        autocomplete: None,
        channel_types: None,
        choices: None,
        description: description.to_owned(),
        description_localizations: None,
        kind,
        max_length: None,
        max_value: None,
        min_length: None,
        min_value: None,
        name: name.to_owned(),
        name_localizations: None,
        options: None,
        file_types: None,
        required: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    /// Changes one place of the command as Discord keeps it.
    fn kept(change: impl FnOnce(&mut Value)) -> Value {
        let mut command = json!({
            "id": "1", "application_id": "2", "version": "3", "type": 1, "name": NAME, "description": DESCRIPTION,
            "dm_permission": false, "options": options(),
        });
        change(&mut command);
        command
    }

    #[test]
    fn only_a_difference_that_people_notice_is_one() {
        type Change = fn(&mut Value);
        for (what, change, current) in [
            ("as it is", (|_| {}) as Change, true),
            ("false is left out", |it| it["options"][1]["options"][1]["required"] = json!(false), true),
            ("contexts", |it| (it["dm_permission"], it["contexts"]) = (Value::Null, json!([0])), true),
            ("another description", |it| it["description"] = json!("Old"), false),
            ("offered in direct messages", |it| it["dm_permission"] = json!(true), false),
            ("an option less", |it| drop(it["options"].as_array_mut().unwrap().pop()), false),
            ("not completed", |it| it["options"][1]["options"][0]["autocomplete"] = json!(false), false),
            ("another command", |it| it["name"] = json!("other"), false),
            ("chosen from a menu", |it| it["type"] = json!(2), false),
            ("nothing", |it| *it = json!("owl"), false),
        ] {
            assert_eq!(is_current(&kept(change), &options()), current, "{what}");
        }
    }

    #[test]
    fn a_missing_scope_says_how_to_invite() {
        let refused = |status| Failure::Refused { status, code: 0, message: "no".into() };
        assert!(problem(&refused(403)).fix.contains("`applications.commands`"));
        assert!(problem(&refused(400)).fix.contains("tried again"));
    }
}
