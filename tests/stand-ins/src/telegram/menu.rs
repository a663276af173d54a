//! The bot's menus of commands.

use super::entities::units;
use super::server::Failure;
use crate::parameters::Parameters;
use serde_json::{Value, json};

/// Whose menu of commands a request is about: its scope and language.
pub fn whose(given: &Parameters) -> (String, String) {
    let scope = given.json("scope").ok().flatten().map(|scope| scope.to_string()).unwrap_or_default();
    let scope = if scope == r#"{"type":"default"}"# { String::new() } else { scope };
    (scope, given.text("language_code").unwrap_or_default())
}

/// The commands of a request. Source: <https://core.telegram.org/bots/api#botcommand>.
pub fn commands(given: &Parameters) -> Result<Value, Failure> {
    let commands = given.json("commands").map_err(Failure::bad)?.unwrap_or_else(|| json!([]));
    let all = commands.as_array().ok_or_else(|| Failure::bad("can't parse commands: expected an Array"))?;
    for command in all {
        let field = |name: &str| command.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, length) = (field("command").trim_start_matches('/'), units(field("description")));
        let written = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(written) {
            return Err(Failure::bad("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&length) {
            return Err(Failure::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    Ok(commands)
}
