//! The bot's menu of commands, which Telegram's clients show behind `/`.

use crate::api::Api;
use crate::{commands, errors};
use serde_json::Value;
use std::time::Duration;
use teloxide::payloads::{GetMyCommands, SetMyCommands};
use teloxide::types::BotCommand;

/// One question.
const QUESTION: Duration = Duration::from_secs(5);

/// What the menu says of the command, in at most 256 characters.
/// Source: <https://core.telegram.org/bots/api#botcommand>.
const DESCRIPTION: &str =
    "Join this chat to chats elsewhere: help, connect, status; as an answer: who, trace, delete";

/// Puts the command into the menu, beside what is there. Only asks when it is there already. Nothing depends on it: a failure
/// is a line in the log.
pub async fn announce(api: &Api) {
    let commands: Vec<BotCommand> = match api.call(&GetMyCommands::new(), QUESTION).await {
        Ok(commands) => commands,
        Err(error) => return missing(&errors::words(&error)),
    };
    if commands.iter().any(|command| command.command == commands::NAME) {
        return;
    }
    let ours = BotCommand::new(commands::NAME, DESCRIPTION);
    let menu = SetMyCommands::new(commands.into_iter().chain([ours]));
    if let Err(error) = api.call::<_, Value>(&menu, QUESTION).await {
        missing(&errors::words(&error));
    }
}

fn missing(reason: &str) {
    tracing::warn!(reason, "Telegram's clients do not offer /relay behind a slash; it works all the same");
}
