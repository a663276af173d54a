//! What a refusal means for the engine (<https://spec.matrix.org/v1.11/client-server-api/#common-error-codes>).

use crate::api::{Answer, CallError};
use relay_contract::{DeliverError, ListenError, OpenError, Problem, Scope};
use std::time::Duration;

/// What is waited when a server says that it was too much, but not how long.
const WAIT: Duration = Duration::from_secs(5);

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A new message.
    Post,
    /// A change or the end of one.
    Change,
    /// A reaction or a pin: what a right may be missing for while messages go on.
    Beside,
    /// A question, which changes nothing.
    Ask,
}

/// The words for a failed call, without judgement.
pub fn words(error: &CallError) -> String {
    match error {
        CallError::Unreachable(words) => format!("the homeserver could not be reached: {words}"),
        CallError::Silent(words) => format!("the homeserver did not answer: {words}"),
        CallError::Answered(answer) if answer.code.is_empty() => {
            format!("the homeserver answered {}", answer.status)
        }
        CallError::Answered(answer) => {
            format!("the homeserver answered {} {}: {}", answer.status, answer.code, answer.message)
        }
    }
}

/// Whether the token is the trouble.
pub fn bad_token(answer: &Answer) -> bool {
    matches!(
        answer.code.as_str(),
        "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" | "M_USER_DEACTIVATED" | "M_USER_LOCKED"
    ) || answer.status == 401
}

/// What to do about a bad token.
pub fn token_problem(answer: &Answer) -> Problem {
    Problem::new(
        format!("The homeserver does not accept the access token ({} {}).", answer.status, answer.code),
        "For a bot's account: log in as the bot in Element, copy All settings → Help & About → Access token, put it where `access_token` is \
         read from, and run `relay reload` (where the environment has it: restart Relay). Logging out ends a \
         token. For an application service: name the file that `registration` names \
         in the homeserver's settings (Synapse: app_service_config_files), and restart the homeserver.",
    )
}

/// While opening an account: refused or not there.
pub fn opening(error: &CallError) -> OpenError {
    match error {
        CallError::Answered(answer) if bad_token(answer) => OpenError::Refused(token_problem(answer)),
        CallError::Answered(answer) if answer.status == 404 => OpenError::Refused(Problem::new(
            format!("There is no Matrix homeserver at `homeserver` ({}).", answer.status),
            "Write the base URL that https://YOUR-SERVER-NAME/.well-known/matrix/client names, such as https://matrix.example.org.",
        )),
        other => OpenError::Unavailable(words(other)),
    }
}

/// While listening: needs a person, or none where it is tried again.
pub fn listening(error: &CallError) -> Option<ListenError> {
    match error {
        CallError::Answered(answer) if bad_token(answer) => Some(ListenError::Refused(token_problem(answer))),
        _ => None,
    }
}

/// While delivering.
pub fn delivering(error: CallError, doing: Doing) -> DeliverError {
    let asks = doing == Doing::Ask;
    let answer = match error {
        CallError::Unreachable(_) => return DeliverError::Unavailable(words(&error)),
        CallError::Silent(_) if asks => return DeliverError::Unavailable(words(&error)),
        CallError::Silent(_) => return DeliverError::Unsure(words(&error)),
        CallError::Answered(answer) => answer,
    };
    if bad_token(&answer) {
        return DeliverError::Unauthorized(token_problem(&answer));
    }
    let told = || words(&CallError::Answered(answer.clone()));
    match (answer.status, answer.code.as_str()) {
        (429, _) | (_, "M_LIMIT_EXCEEDED") => DeliverError::RateLimited {
            retry_after: answer.retry_after.unwrap_or(WAIT),
            scope: Scope::Account,
        },
        // A proxy whose homeserver is not there.
        (502 | 503, _) => DeliverError::Unavailable(told()),
        (408 | 500.., _) if asks => DeliverError::Unavailable(told()),
        (408 | 500.., _) => DeliverError::Unsure(told()),
        (403, _) if doing == Doing::Beside => DeliverError::Rejected(told()),
        (403, _) => DeliverError::Forbidden(forbidden(&answer)),
        (404, "M_NOT_FOUND") if doing != Doing::Post => DeliverError::TargetGone,
        _ => DeliverError::Rejected(told()),
    }
}

fn forbidden(answer: &Answer) -> Problem {
    let fix = match answer.message.to_lowercase() {
        said if said.contains("not in room") || said.contains("not joined") => {
            "Invite Relay's account to the room again."
        }
        _ => "Give Relay's account the right: in Element, the room's settings → Roles & permissions.",
    };
    Problem::new(format!("Relay may not do this in this Matrix room: {}.", answer.message), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> CallError {
        CallError::Answered(Answer { status, code: code.into(), ..Answer::default() })
    }

    fn word(error: &DeliverError) -> &'static str {
        match error {
            DeliverError::RateLimited { scope: Scope::Account, .. } => "account limit",
            DeliverError::RateLimited { .. } => "room limit",
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
        use Doing::{Ask, Beside, Change, Post};
        let cases = [
            (CallError::Unreachable("refused".into()), Post, "unavailable"),
            (CallError::Silent("cut".into()), Post, "unsure"),
            (CallError::Silent("cut".into()), Ask, "unavailable"),
            (answer(401, "M_UNKNOWN_TOKEN"), Post, "unauthorized"),
            (answer(403, "M_USER_DEACTIVATED"), Post, "unauthorized"),
            (answer(403, "M_FORBIDDEN"), Post, "forbidden"),
            (answer(403, "M_FORBIDDEN"), Beside, "rejected"),
            (answer(404, "M_NOT_FOUND"), Change, "gone"),
            (answer(404, "M_NOT_FOUND"), Beside, "gone"),
            (answer(404, "M_NOT_FOUND"), Post, "rejected"),
            (answer(413, "M_TOO_LARGE"), Post, "rejected"),
            (answer(429, "M_LIMIT_EXCEEDED"), Post, "account limit"),
            (answer(500, "M_UNKNOWN"), Post, "unsure"),
            (answer(500, "M_UNKNOWN"), Ask, "unavailable"),
            (answer(502, ""), Post, "unavailable"),
            (answer(504, ""), Post, "unsure"),
        ];
        for (error, doing, expected) in cases {
            let got = delivering(error.clone(), doing);
            assert_eq!(word(&got), expected, "{error:?} {doing:?}: {got:?}");
        }
    }

    #[test]
    fn a_limit_is_obeyed() {
        for (said, waited) in
            [(Some(Duration::from_millis(1_234)), Duration::from_millis(1_234)), (None, WAIT)]
        {
            let answer = Answer { status: 429, retry_after: said, ..Answer::default() };
            let expected = DeliverError::RateLimited { retry_after: waited, scope: Scope::Account };
            assert_eq!(delivering(CallError::Answered(answer), Doing::Post), expected);
        }
    }
}
