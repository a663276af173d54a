//! The limits that are known of Telegram: about 30 messages a second overall, one a second in a chat, and twenty a minute in a group.
//!
//! Source: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.

use super::server::Failure;
use super::state::State;
use crate::limits::{Ceiling, Enforced, Window};
use crate::parameters::Parameters;
use std::time::Duration;

/// Of the whole bot.
const OVERALL: Ceiling =
    Ceiling { name: "overall", most: 30, within: Duration::from_secs(1), window: Window::Sliding };
/// One a second in a chat, of which a few may come at once.
const OF_A_CHAT: Ceiling =
    Ceiling { name: "chat", most: 3, within: Duration::from_secs(3), window: Window::Sliding };
/// Groups, supergroups and channels, which have negative ids.
const OF_A_GROUP: Ceiling =
    Ceiling { name: "group", most: 20, within: Duration::from_secs(60), window: Window::Sliding };

/// How many messages a request makes or changes; none where it is no matter of these limits. An album is one request, and as many
/// messages as it has pictures.
fn weight(method: &str, given: &Parameters) -> Option<usize> {
    match method {
        "sendMediaGroup" => {
            let media = given.json("media").ok().flatten();
            Some(media.and_then(|media| Some(media.as_array()?.len())).unwrap_or(1).max(1))
        }
        "sendChatAction" => None,
        "copyMessage" | "editMessageText" | "editMessageCaption" => Some(1),
        method => method.starts_with("send").then_some(1),
    }
}

/// Refuses what comes too soon, for the bot at this place in the list.
pub fn check(
    enforced: &Enforced,
    state: &State,
    bot: usize,
    method: &str,
    given: &Parameters,
) -> Result<(), Failure> {
    let (Some(weight), Some(bot)) = (weight(method, given), state.bots.get(bot)) else {
        return Ok(());
    };
    let (bot, chat) = (bot.user.id.to_string(), given.text("chat_id").unwrap_or_default());
    let here = format!("{bot} {chat}");
    let mut asked = vec![(OF_A_CHAT, here.as_str())];
    asked.extend(std::iter::repeat_n((OVERALL, bot.as_str()), weight));
    if chat.starts_with(['-', '@']) {
        asked.extend(std::iter::repeat_n((OF_A_GROUP, here.as_str()), weight));
    }
    let taken = enforced.take(&asked);
    taken.map(|_| ()).map_err(|full| {
        let seconds = full.standing.opens.as_secs_f64();
        // Telegram counts whole seconds, which are long on a faster clock.
        let exact = enforced.scale().is_some_and(|scale| scale > 1.0);
        Failure::too_many(if exact { (seconds * 1_000.0).ceil() / 1_000.0 } else { seconds.ceil() })
    })
}
