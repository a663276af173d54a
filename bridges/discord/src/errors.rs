//! What went wrong with one request, and what each caller makes of it.

use relay_contract::{DeliverError, OpenError, Problem, Scope};
use serde_json::Value;
use std::time::Duration;

/// Discord's error codes that are told apart.
///
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
pub mod code {
    /// There is no such channel, for this bot at least.
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    /// There is no such guild, for this bot at least.
    pub const UNKNOWN_GUILD: u64 = 10_004;
    /// The guild has no such member.
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    /// There is no such message.
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    /// There is no such user.
    pub const UNKNOWN_USER: u64 = 10_013;
    /// There is no such emoji, or nobody reacted with it.
    pub const UNKNOWN_EMOJI: u64 = 10_014;
    /// There is no such webhook.
    pub const UNKNOWN_WEBHOOK: u64 = 10_015;
    /// The channel has 15 webhooks already.
    pub const TOO_MANY_WEBHOOKS: u64 = 30_007;
    /// The interaction has its first answer.
    pub const ALREADY_ANSWERED: u64 = 40_060;
    /// The bot cannot see the channel.
    pub const MISSING_ACCESS: u64 = 50_001;
    /// The message is somebody else's.
    pub const NOT_THE_AUTHOR: u64 = 50_005;
    /// The bot lacks a permission.
    pub const MISSING_PERMISSIONS: u64 = 50_013;
    /// The webhook's token is wrong: it has been made anew.
    pub const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
    /// The thread is in the archive. A post takes it out again, unless it is locked.
    pub const THREAD_ARCHIVED: u64 = 50_083;
    /// The message has a thread already.
    pub const HAS_THREAD: u64 = 160_004;
    /// Only who may manage threads can post in it.
    pub const THREAD_LOCKED: u64 = 160_005;
}

/// Why one request did not succeed. Holds no URL and no secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Certainly not carried out: never sent, or the server says that it cannot now.
    NotDone(String),
    /// Certainly not carried out: the server's limit.
    RateLimited(Duration, Scope),
    /// The server said no.
    Refused {
        /// HTTP status.
        status: u16,
        /// Discord's own code, 0 where it has none.
        code: u64,
        /// Discord's words.
        message: String,
    },
    /// Perhaps carried out: no answer, or none that can be read.
    Unclear(String),
}

impl Failure {
    /// The server said no with this code.
    pub fn is(&self, wanted: u64) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == wanted)
    }

    /// The credential was not accepted.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, code, .. } if *code != code::INVALID_WEBHOOK_TOKEN)
    }

    /// Of a request whose outcome does not matter, since what it was for has not been begun.
    pub fn before_anything(self) -> Self {
        match self {
            Self::Unclear(what) => Self::NotDone(what),
            other => other,
        }
    }

    /// In one sentence, for people.
    pub fn words(&self) -> String {
        match self {
            Self::NotDone(what) | Self::Unclear(what) => what.clone(),
            Self::RateLimited(wait, _) => format!("rate limited for {} ms", wait.as_millis()),
            Self::Refused { status, code: 0, message } => format!("Discord says: {message} ({status})"),
            Self::Refused { status, code, message } => {
                format!("Discord says: {message} ({status}, code {code})")
            }
        }
    }
}

/// What to do about a token that is not accepted.
pub fn wrong_token() -> Problem {
    Problem::new(
        "Discord does not accept the token.",
        "Make a new one (Discord Developer Portal → your application → Bot → Reset Token), put it where `token` is read from, and \
         run `relay reload` (where the environment has it: restart Relay).",
    )
}

/// What to do about a room that the bot cannot see.
pub fn no_access() -> Problem {
    Problem::new(
        "The bot cannot see this channel.",
        "Invite the bot to the server, and grant it View Channel: channel settings → Permissions → add the bot's role.",
    )
}

/// What to do about a room in which the bot may not read what was said before.
pub fn no_history() -> Problem {
    Problem::new(
        "The bot may not read what was said in this channel while it was away.",
        "Grant it Read Message History: channel settings → Permissions → the bot's role.",
    )
}

/// What to do about a guild that Discord cannot serve.
pub fn outage() -> Problem {
    Problem::new(
        "Discord has an outage in this server.",
        "Nothing: Relay has not left it, and goes on by itself when it is back.",
    )
}

/// What to do about a thread that nobody may post in.
pub fn locked() -> Problem {
    Problem::new(
        "The thread is locked.",
        "Unlock it: right-click the thread → Unlock Thread; or grant the bot Manage Threads.",
    )
}

/// What to do about a missing permission.
pub fn no_permission(words: &str) -> Problem {
    Problem::new(
        format!("The bot may not do that in this channel: {words}."),
        "Grant it Send Messages, Read Message History and Manage Webhooks: channel settings → Permissions → the bot's role.",
    )
}

impl From<Failure> for DeliverError {
    fn from(failure: Failure) -> Self {
        let words = failure.words();
        match failure {
            Failure::NotDone(_) => Self::Unavailable(words),
            Failure::Unclear(_) => Self::Unsure(words),
            Failure::RateLimited(retry_after, scope) => Self::RateLimited { retry_after, scope },
            Failure::Refused { code: code::UNKNOWN_MESSAGE, .. } => Self::TargetGone,
            // The webhook is gone or was made anew: it has been forgotten, and the next attempt finds another.
            Failure::Refused { code: code::UNKNOWN_WEBHOOK | code::INVALID_WEBHOOK_TOKEN, .. } => {
                Self::Unavailable(words)
            }
            Failure::Refused {
                code: code::UNKNOWN_CHANNEL | code::UNKNOWN_GUILD | code::MISSING_ACCESS,
                ..
            } => Self::Forbidden(no_access()),
            Failure::Refused { code: code::THREAD_LOCKED, .. } => Self::Forbidden(locked()),
            Failure::Refused { code: code::TOO_MANY_WEBHOOKS, .. } => Self::Forbidden(Problem::new(
                "The channel has 15 webhooks already, as many as Discord allows.",
                "Delete one that is not used: channel settings → Integrations → Webhooks.",
            )),
            Failure::Refused { code: code::MISSING_PERMISSIONS, message, .. } => {
                Self::Forbidden(no_permission(&message))
            }
            Failure::Refused { code: code::NOT_THE_AUTHOR, .. } => Self::Rejected(words),
            Failure::Refused { status: 401, .. } => Self::Unauthorized(wrong_token()),
            Failure::Refused { status: 403, message, .. } => Self::Forbidden(no_permission(&message)),
            Failure::Refused { status: 504, .. } => Self::Unsure(words),
            Failure::Refused { status: 500.., .. } => Self::Unavailable(words),
            Failure::Refused { .. } => Self::Rejected(words),
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        if failure.is_unauthorized() {
            Self::Refused(wrong_token())
        } else {
            Self::Unavailable(failure.words())
        }
    }
}

/// Discord's words for a refusal, with the first detail of an invalid form.
///
/// <https://discord.com/developers/docs/reference#error-messages>
pub fn words_of(message: &str, body: &[u8]) -> String {
    let detail =
        serde_json::from_slice::<Value>(body).ok().and_then(|body| first_detail(body.get("errors")?, 0));
    match detail {
        Some(detail) => format!("{message}: {detail}"),
        None => message.to_owned(),
    }
}

fn first_detail(errors: &Value, depth: usize) -> Option<String> {
    if depth > 8 {
        return None;
    }
    if let Some(first) = errors.get("_errors").and_then(|list| list.get(0)) {
        return first.get("message")?.as_str().map(str::to_owned);
    }
    errors.as_object()?.values().find_map(|inner| first_detail(inner, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: u64) -> DeliverError {
        Failure::Refused { status, code, message: "no".into() }.into()
    }

    #[test]
    fn each_refusal_says_what_the_engine_must_do() {
        use DeliverError as E;
        for (status, code, right) in [
            (401, 0, (|e| matches!(e, E::Unauthorized(_))) as fn(&E) -> bool),
            (403, code::MISSING_PERMISSIONS, |e| matches!(e, E::Forbidden(_))),
            (403, code::MISSING_ACCESS, |e| matches!(e, E::Forbidden(_))),
            (404, code::UNKNOWN_GUILD, |e| matches!(e, E::Forbidden(_))),
            (404, code::UNKNOWN_CHANNEL, |e| matches!(e, E::Forbidden(_))),
            (404, code::UNKNOWN_MESSAGE, |e| matches!(e, E::TargetGone)),
            (404, code::UNKNOWN_WEBHOOK, |e| matches!(e, E::Unavailable(_))),
            (401, code::INVALID_WEBHOOK_TOKEN, |e| matches!(e, E::Unavailable(_))),
            (400, code::TOO_MANY_WEBHOOKS, |e| matches!(e, E::Forbidden(_))),
            (400, code::THREAD_LOCKED, |e| matches!(e, E::Forbidden(why) if why.fix.contains("Unlock"))),
            (400, code::THREAD_ARCHIVED, |e| matches!(e, E::Rejected(_))),
            (403, code::NOT_THE_AUTHOR, |e| matches!(e, E::Rejected(_))),
            (400, 50_035, |e| matches!(e, E::Rejected(_))),
            (413, 40_005, |e| matches!(e, E::Rejected(_))),
            (500, 0, |e| matches!(e, E::Unavailable(_))),
            (503, 0, |e| matches!(e, E::Unavailable(_))),
            (504, 0, |e| matches!(e, E::Unsure(_))),
        ] {
            let error = refused(status, code);
            assert!(right(&error), "{status} {code}: {error:?}");
        }
    }

    /// A secret is read again when that is said.
    #[test]
    fn a_new_token_needs_a_reload() {
        let fix = wrong_token().fix;
        assert!(
            fix.ends_with("read from, and run `relay reload` (where the environment has it: restart Relay)."),
            "{fix}"
        );
    }

    #[test]
    fn the_first_detail_of_an_invalid_form_is_told() {
        let body = br#"{"code":50035,"errors":{"content":{"_errors":[{"code":"X","message":"Must be 2000 or fewer."}]}}}"#;
        assert_eq!(words_of("Invalid Form Body", body), "Invalid Form Body: Must be 2000 or fewer.");
        assert_eq!(words_of("Odd", b"<html>"), "Odd");
    }
}
