//! What a failed call means for a delivery, for opening an account and for listening.
//!
//! Telegram names its errors in words; the ones told apart here are those of the Bot API server's source,
//! <https://github.com/tdlib/telegram-bot-api>, and of teloxide's `ApiError`.

use crate::api::{Answer, CallError};
use relay_contract::{DeliverError, OpenError, Problem, Scope};
use std::time::Duration;

/// How long to wait when a 429 doesn't say.
const WAIT: Duration = Duration::from_secs(5);

/// A group's own limit is counted over a minute: to wait for longer than that is asked of the whole account.
const LONGEST_ROOM_WAIT: Duration = Duration::from_secs(60);

/// What was being done, as far as errors differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A new message.
    Post,
    /// An edit.
    Edit,
    /// A deletion.
    Delete,
    /// A reaction, a pin or a new topic: what a right may be missing for, while messages go on.
    Beside,
}

/// The words for a failed call, without judgement.
pub fn words(error: &CallError) -> String {
    match error {
        CallError::Unreachable(words) => format!("Telegram could not be reached: {words}"),
        CallError::Silent(words) => format!("Telegram did not answer: {words}"),
        CallError::Answered(answer) => format!("Telegram answered {}: {}", answer.code, answer.description),
    }
}

/// Whether the token is the trouble. A token that is not shaped like one is answered with "not found".
pub fn bad_token(answer: &Answer) -> bool {
    let about_chat = answer.description.contains("bot was kicked");
    matches!(answer.code, 401 | 404) && !about_chat
}

/// What to do about a bad token.
pub fn token_problem(answer: &Answer) -> Problem {
    Problem::new(
        format!("Telegram does not accept the bot's token ({} {}).", answer.code, answer.description),
        "In Telegram, ask @BotFather for a new token: /token. Put it where `token` is read from, and run \
         `relay reload` (where the environment has it: restart Relay). With an \
         `api_url` of your own, check that it points at a Bot API server.",
    )
}

/// While opening an account: refused or not there.
pub fn opening(error: &CallError) -> OpenError {
    match error {
        CallError::Answered(answer) if bad_token(answer) => OpenError::Refused(token_problem(answer)),
        other => OpenError::Unavailable(words(other)),
    }
}

/// While delivering. "Not modified" is not an error: `deliver` looks for it first.
pub fn delivering(error: CallError, doing: Doing) -> DeliverError {
    let answer = match error {
        CallError::Unreachable(_) => return DeliverError::Unavailable(words(&error)),
        CallError::Silent(_) => return DeliverError::Unsure(words(&error)),
        CallError::Answered(answer) => answer,
    };
    if let Some(id) = answer.migrate_to {
        return DeliverError::Unavailable(format!("the group became the supergroup {id}"));
    }
    if bad_token(&answer) {
        return DeliverError::Unauthorized(token_problem(&answer));
    }
    let told = || words(&CallError::Answered(answer.clone()));
    match answer.code {
        429 => rate_limited(&answer),
        408 | 504 => DeliverError::Unsure(told()),
        500.. => DeliverError::Unavailable(told()),
        401 | 403 => DeliverError::Forbidden(forbidden(&answer.description)),
        _ => bad_request(&answer.description, doing),
    }
}

fn rate_limited(answer: &Answer) -> DeliverError {
    let retry_after = answer.retry_after.unwrap_or(WAIT);
    // Telegram's text is the same for both limits.
    let scope = if retry_after <= LONGEST_ROOM_WAIT { Scope::Room } else { Scope::Account };
    DeliverError::RateLimited { retry_after, scope }
}

fn bad_request(description: &str, doing: Doing) -> DeliverError {
    let says = |any: &[&str]| {
        let lower = description.to_lowercase();
        any.iter().any(|words| lower.contains(words))
    };
    const GONE: [&str; 5] = [
        "message to edit not found",
        "message to delete not found",
        "message to react not found",
        "message to pin not found",
        "message_id_invalid",
    ];
    if says(&GONE) && doing != Doing::Post {
        return DeliverError::TargetGone;
    }
    if doing == Doing::Beside && no_right(description) {
        return DeliverError::Rejected(format!(
            "{description} (the bot needs that right as an administrator)"
        ));
    }
    if says(&["chat not found", "group is deactivated", "peer_id_invalid", "channel_private"])
        || no_right(description)
    {
        return DeliverError::Forbidden(forbidden(description));
    }
    if says(&["message can't be deleted", "message_delete_forbidden"]) {
        return DeliverError::Rejected(format!("{description} (a bot may delete what it sent for 48 hours)"));
    }
    DeliverError::Rejected(description.to_owned())
}

fn no_right(description: &str) -> bool {
    let lower = description.to_lowercase();
    [
        "not enough rights",
        "have no rights to send",
        "need administrator rights",
        "chat_write_forbidden",
        "chat_restricted",
        "chat_admin_required",
        "chat_send_plain_forbidden",
        "user_banned_in_channel",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

/// What is wrong in a chat, and what to do about it.
pub fn forbidden(description: &str) -> Problem {
    let fix = match description.to_lowercase() {
        said if said.contains("kicked") || said.contains("not a member") => {
            "Add the bot to the chat again: the chat's name → Add members (for a channel: Administrators → Add admin)."
        }
        said if said.contains("blocked by the user") => {
            "The person has to unblock the bot and send it /start."
        }
        said if said.contains("initiate conversation") => "The person has to send /start to the bot first.",
        said if said.contains("deactivated") || said.contains("chat was deleted") => {
            "The chat or account no longer exists: take the link out of the config."
        }
        _ if no_right(description) => {
            "Let the bot write there: the chat's name → Edit → Permissions → Send messages, or make the bot an administrator."
        }
        _ => "Check the chat's id in the config, and that the bot is a member of that chat.",
    };
    Problem::new(format!("The bot may not write in this chat: {description}."), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, description: &str) -> CallError {
        CallError::Answered(Answer { code, description: description.into(), ..Answer::default() })
    }

    fn word(error: &DeliverError) -> &'static str {
        match error {
            DeliverError::RateLimited { scope: Scope::Room, .. } => "room limit",
            DeliverError::RateLimited { .. } => "account limit",
            DeliverError::Unavailable(_) => "unavailable",
            DeliverError::Unauthorized(_) => "unauthorized",
            DeliverError::Forbidden(_) => "forbidden",
            DeliverError::Rejected(_) => "rejected",
            DeliverError::TargetGone => "gone",
            DeliverError::Unsure(_) => "unsure",
        }
    }

    #[test]
    fn each_failure_says_what_the_engine_must_do() {
        use Doing::{Beside, Delete, Edit, Post};
        let cases = [
            (CallError::Unreachable("refused".into()), Post, "unavailable"),
            (CallError::Silent("cut".into()), Post, "unsure"),
            (answer(401, "Unauthorized"), Post, "unauthorized"),
            (answer(404, "Not Found"), Post, "unauthorized"),
            (answer(401, "Unauthorized: bot was kicked from a chat"), Post, "forbidden"),
            (answer(403, "Forbidden: bot was kicked from the supergroup chat"), Post, "forbidden"),
            (answer(403, "Forbidden: bot is not a member of the channel chat"), Edit, "forbidden"),
            (answer(400, "Bad Request: chat not found"), Post, "forbidden"),
            (
                answer(400, "Bad Request: not enough rights to send text messages to the chat"),
                Post,
                "forbidden",
            ),
            (answer(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), Post, "forbidden"),
            (answer(400, "Bad Request: message to edit not found"), Edit, "gone"),
            (answer(400, "Bad Request: message to delete not found"), Delete, "gone"),
            (answer(400, "Bad Request: MESSAGE_ID_INVALID"), Edit, "gone"),
            (answer(400, "Bad Request: MESSAGE_ID_INVALID"), Post, "rejected"),
            (answer(400, "Bad Request: message to react not found"), Beside, "gone"),
            (answer(400, "Bad Request: message to pin not found"), Beside, "gone"),
            (answer(400, "Bad Request: not enough rights to create a topic"), Beside, "rejected"),
            (answer(400, "Bad Request: REACTION_INVALID"), Beside, "rejected"),
            (answer(403, "Forbidden: bot was kicked from the supergroup chat"), Beside, "forbidden"),
            (answer(400, "Bad Request: message can't be deleted for everyone"), Delete, "rejected"),
            (answer(400, "Bad Request: message can't be edited"), Edit, "rejected"),
            (answer(400, "Bad Request: message is too long"), Post, "rejected"),
            (answer(413, "Request Entity Too Large"), Post, "rejected"),
            (answer(500, "Internal Server Error"), Post, "unavailable"),
            (answer(502, "Bad Gateway"), Post, "unavailable"),
            (answer(504, "Gateway Timeout"), Post, "unsure"),
            (answer(429, "Too Many Requests: retry after 3"), Post, "room limit"),
        ];
        for (error, doing, expected) in cases {
            let got = delivering(error.clone(), doing);
            assert_eq!(word(&got), expected, "{error:?} {doing:?}: {got:?}");
        }
    }

    #[test]
    fn a_429_is_obeyed_as_far_as_it_reaches() {
        for (seconds, scope) in [(1, Scope::Room), (60, Scope::Room), (61, Scope::Account)] {
            let retry_after = Duration::from_secs(seconds);
            let answer = Answer { code: 429, retry_after: Some(retry_after), ..Answer::default() };
            assert_eq!(
                delivering(CallError::Answered(answer), Doing::Post),
                DeliverError::RateLimited { retry_after, scope }
            );
        }
    }

    /// A secret is read at the start only.
    #[test]
    fn a_new_token_needs_a_restart() {
        let problem = token_problem(&Answer { code: 401, ..Answer::default() });
        assert!(
            problem.fix.contains(
                "is read from, and run `relay reload` (where the environment has it: restart Relay)."
            ),
            "{problem}"
        );
    }

    #[test]
    fn what_to_do_is_said_exactly() {
        let cases = [
            ("Forbidden: bot was kicked from the supergroup chat", "Add members"),
            ("Forbidden: bot is not a member of the channel chat", "Add admin"),
            ("Forbidden: bot was blocked by the user", "unblock the bot"),
            ("Forbidden: bot can't initiate conversation with a user", "send /start"),
            ("Forbidden: user is deactivated", "take the link out"),
            ("Forbidden: the group chat was deleted", "take the link out"),
            ("Bad Request: not enough rights to send text messages to the chat", "Send messages"),
            ("Bad Request: have no rights to send a message", "Send messages"),
            ("Bad Request: CHAT_WRITE_FORBIDDEN", "Send messages"),
            ("Bad Request: chat not found", "Check the chat's id"),
        ];
        for (description, says) in cases {
            let problem = forbidden(description);
            assert!(problem.fix.contains(says), "{description}: {problem}");
        }
    }
}
