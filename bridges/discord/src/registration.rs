//! `/relay`, and what can be asked in a message's menu, as application commands: what is registered with Discord, and only when it
//! differs from what is there.
//!
//! <https://discord.com/developers/docs/interactions/application-commands>

use crate::connector::{Discord, Us};
use crate::errors::Failure;
use crate::interactions::{MESSAGE, Shortcut};
use crate::rest::Rest;
use relay_contract::{Choosing, Given, Inbox, Menu, Offered, Problem, Says};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twilight_model::application::command::{
    CommandOption, CommandOptionChoice, CommandOptionChoiceValue, CommandOptionType,
};

/// The command's name.
pub const NAME: &str = "relay";
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
    #[serde(default)]
    description_localizations: Option<HashMap<String, String>>,
    #[serde(default = "chat_input", rename = "type")]
    kind: u64,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    autocomplete: bool,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    options: Vec<Self>,
}

/// One of the words that an option takes, as far as it is compared.
#[derive(Debug, PartialEq, Deserialize)]
struct Choice {
    name: String,
    #[serde(default)]
    name_localizations: Option<HashMap<String, String>>,
    value: Value,
}

fn chat_input() -> u64 {
    1
}

impl Discord {
    /// Registers the command, within a time and unless Relay stops. A failure is told and remembered, and stops nothing.
    pub(crate) async fn register(&self, rest: &Rest, us: Us, inbox: &dyn Inbox) {
        let Some(menu) = inbox.menu() else { return };
        let registering = tokio::time::timeout(WITHIN, upsert(rest, us, menu));
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

async fn upsert(rest: &Rest, us: Us, menu: &Menu) -> Result<(), Failure> {
    let client = rest.client().interaction(us.application);
    // Without being asked for them Discord keeps the other languages to itself.
    let registered: Vec<Value> = rest.ask(client.global_commands().with_localizations(true)).await?;
    // A command of the same name is replaced; the application's others stay.
    if !registered.iter().any(|command| is_current(command, menu)) {
        let (options, others) = (options(menu), others(&menu.says).unwrap_or_default());
        let request = client.create_global_command().chat_input(NAME, menu.says.usual());
        let request = request.dm_permission(false).description_localizations(&others);
        rest.tell(request.command_options(&options)).await?;
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
fn is_current(command: &Value, menu: &Menu) -> bool {
    let wanted = serde_json::to_value(options(menu)).and_then(serde_json::from_value::<Vec<Shape>>);
    let (Ok(there), Ok(options)) = (Shape::deserialize(command), wanted) else {
        return false;
    };
    let wanted = Shape {
        name: NAME.to_owned(),
        description: menu.says.usual().to_owned(),
        description_localizations: others(&menu.says),
        kind: chat_input(),
        required: false,
        autocomplete: false,
        choices: Vec::new(),
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
fn options(menu: &Menu) -> Vec<CommandOption> {
    let part = |of: &Offered| CommandOption {
        options: Some(of.options.iter().map(choosing).collect()),
        ..option(CommandOptionType::SubCommand, of.name, &of.says)
    };
    menu.commands.iter().map(part).collect()
}

fn choosing(of: &Choosing) -> CommandOption {
    let kind = match of.of {
        Given::Switch => CommandOptionType::Boolean,
        Given::Words | Given::Channel | Given::OneOf(_) => CommandOptionType::String,
    };
    let choice = |(value, says): &(&'static str, Says)| CommandOptionChoice {
        name: says.usual().to_owned(),
        name_localizations: others(says),
        value: CommandOptionChoiceValue::String((*value).to_owned()),
    };
    let choices = match &of.of {
        Given::OneOf(all) => Some(all.iter().map(choice).collect()),
        _ => None,
    };
    CommandOption {
        autocomplete: matches!(of.of, Given::Channel).then_some(true),
        choices,
        required: of.required.then_some(true),
        ..option(kind, of.name, &of.says)
    }
}

/// By Discord's codes of languages, of which ours are some.
///
/// <https://discord.com/developers/docs/reference#locales>
fn others(says: &Says) -> Option<HashMap<String, String>> {
    let others: HashMap<String, String> =
        says.others().map(|(code, text)| (code.to_owned(), text.to_owned())).collect();
    (!others.is_empty()).then_some(others)
}

fn option(kind: CommandOptionType, name: &str, says: &Says) -> CommandOption {
    CommandOption {
        autocomplete: None,
        channel_types: None,
        choices: None,
        description: says.usual().to_owned(),
        description_localizations: others(says),
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

    fn menu() -> Menu {
        let says = |text: &str| Says(vec![("en", text.to_owned()), ("de", format!("{text} (de)"))]);
        let option = |name, of, required| Choosing { name, says: says("an option"), of, required };
        let levels = Given::OneOf(vec![("full", says("all of it")), ("none", says("nothing"))]);
        let connect = vec![option("channel", Given::Channel, true), option("sure", Given::Switch, false)];
        let command = |name, options| Offered { name, says: says("a part"), options };
        Menu {
            says: says("Join"),
            says_alone: says("Join"),
            commands: vec![
                command("help", vec![]),
                command("connect", connect),
                command("privacy", vec![option("choice", levels, false)]),
            ],
        }
    }

    /// Changes one place of the command as Discord keeps it.
    fn kept(change: impl FnOnce(&mut Value)) -> Value {
        let mut command = json!({
            "id": "1", "application_id": "2", "version": "3", "type": 1, "name": NAME, "description": "Join",
            "description_localizations": {"de": "Join (de)"}, "dm_permission": false, "options": options(&menu()),
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
            ("not in German", |it| it["description_localizations"] = Value::Null, false),
            (
                "a part otherwise in German",
                |it| it["options"][0]["description_localizations"]["de"] = json!("Alt"),
                false,
            ),
            (
                "a choice otherwise",
                |it| it["options"][2]["options"][0]["choices"][0]["name"] = json!("Old"),
                false,
            ),
            ("offered in direct messages", |it| it["dm_permission"] = json!(true), false),
            ("an option less", |it| drop(it["options"].as_array_mut().unwrap().pop()), false),
            ("not completed", |it| it["options"][1]["options"][0]["autocomplete"] = json!(false), false),
            ("another command", |it| it["name"] = json!("other"), false),
            ("chosen from a menu", |it| it["type"] = json!(2), false),
            ("nothing", |it| *it = json!("owl"), false),
        ] {
            assert_eq!(is_current(&kept(change), &menu()), current, "{what}");
        }
    }

    #[test]
    fn a_missing_scope_says_how_to_invite() {
        let refused = |status| Failure::Refused { status, code: 0, message: "no".into() };
        assert!(problem(&refused(403)).fix.contains("`applications.commands`"));
        assert!(problem(&refused(400)).fix.contains("tried again"));
    }
}
