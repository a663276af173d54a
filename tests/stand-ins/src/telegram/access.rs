//! Which chat a request is about, and whether the bot may do there what it wants.

use super::server::Failure;
use super::state::{Bot, Standing, State};
use crate::parameters::Parameters;

/// The bot of a request.
pub fn me(state: &State, bot: usize) -> Result<&Bot, Failure> {
    state.bots.get(bot).ok_or_else(|| Failure::new(401, "Unauthorized"))
}

/// Whether a bot is in a chat.
pub fn inside(bot: &Bot, chat: i64) -> bool {
    matches!(bot.standing.get(&chat), Some(Standing::Administrator | Standing::Member))
}

/// What a method does in its chat: a group that became a supergroup can still be looked at, but shows no members.
/// Source: `check_chat_access` in <https://github.com/tdlib/telegram-bot-api>.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looks at the chat.
    Read,
    /// Looks at who is in it.
    Members,
    /// Changes a message.
    Edit,
    /// Anything else.
    Write,
}

/// The chat that a request writes in, if the bot is in it.
pub fn room(state: &State, bot: usize, given: &Parameters) -> Result<i64, Failure> {
    named(state, bot, given, "chat_id", Access::Write)
}

/// The chat that a field of a request names, if the bot may do this there.
pub fn named(
    state: &State,
    bot: usize,
    given: &Parameters,
    field: &str,
    access: Access,
) -> Result<i64, Failure> {
    let wanted = given
        .text(field)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Failure::bad(format!("{field} is empty")))?;
    let wanted: i64 = wanted.parse().map_err(|_| Failure::bad("chat not found"))?;
    let standing = me(state, bot)?.standing.get(&wanted);
    if standing.is_none() && access == Access::Write && state.people.iter().any(|p| p.id == wanted) {
        return Err(Failure::new(403, "Forbidden: bot can't initiate conversation with a user"));
    }
    let chat = state.chat(wanted).ok_or_else(|| Failure::bad("chat not found"))?;
    match (standing, chat.moved_to) {
        (Some(_), Some(to)) if matches!(access, Access::Members | Access::Write) => {
            Err(Failure::migrated(to))
        }
        (Some(Standing::Administrator | Standing::Member), _) => Ok(chat.id),
        (Some(Standing::Kicked), _) if chat.with.is_some() => {
            Err(Failure::new(403, "Forbidden: bot was blocked by the user"))
        }
        (Some(Standing::Kicked), _) => {
            Err(Failure::new(403, format!("Forbidden: bot was kicked from the {} chat", chat.kind())))
        }
        (None, _) => Err(Failure::bad("chat not found")),
    }
}
