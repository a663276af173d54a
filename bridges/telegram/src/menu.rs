//! The bot's menu of commands, which Telegram's clients show behind `/`.

use crate::api::{Api, CallError};
use crate::{commands, errors};
use relay_contract::Says;
use serde_json::Value;
use std::time::Duration;
use teloxide::payloads::{GetMyCommands, SetMyCommands};
use teloxide::types::BotCommand;

/// One question.
const QUESTION: Duration = Duration::from_secs(5);

/// Puts the command into the menu, beside what is there, for everybody and for each language that Relay speaks besides. Only asks
/// when it is there already. Nothing depends on it: a failure is a line in the log.
///
/// Source: <https://core.telegram.org/bots/api#setmycommands>.
pub async fn announce(api: &Api, says: &Says) {
    if let Err(error) = in_all_languages(api, says).await {
        missing(&errors::words(&error));
    }
}

async fn in_all_languages(api: &Api, says: &Says) -> Result<(), CallError> {
    let usual = add(api, None, says.usual(), &[]).await?;
    let others: Vec<BotCommand> =
        usual.into_iter().filter(|command| command.command != commands::NAME).collect();
    for (language, text) in says.others() {
        add(api, Some(language), text, &others).await?;
    }
    Ok(())
}

/// Answers what stands in the menu then. Whoever has a menu in their language does not see the usual one: where there is none yet, it
/// begins with what that one has (`others`).
async fn add(
    api: &Api,
    language: Option<&'static str>,
    text: &str,
    others: &[BotCommand],
) -> Result<Vec<BotCommand>, CallError> {
    let mut question = GetMyCommands::new();
    question.language_code = language.map(str::to_owned);
    let mut menu: Vec<BotCommand> = api.call(&question, QUESTION).await?;
    if menu.iter().any(|command| command.command == commands::NAME) {
        return Ok(menu);
    }
    if menu.is_empty() {
        menu.extend_from_slice(others);
    }
    menu.push(BotCommand::new(commands::NAME, text));
    let mut change = SetMyCommands::new(menu.clone());
    change.language_code = language.map(str::to_owned);
    api.call::<_, Value>(&change, QUESTION).await?;
    Ok(menu)
}

fn missing(reason: &str) {
    tracing::warn!(reason, "Telegram's clients do not offer /relay behind a slash; it works all the same");
}
