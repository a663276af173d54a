//! What can go wrong with a request, in Slack's words, and what it means to the engine.
//!
//! The codes are listed on each method's page, e.g. <https://docs.slack.dev/reference/methods/chat.postMessage/>.

use http::{HeaderValue, StatusCode};
use hyper_util::client::legacy::Error as HyperError;
use relay_contract::{DeliverError, OpenError, Problem, Scope};
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use std::time::Duration;

/// When a limit is reported without `Retry-After`.
const UNSAID_WAIT: Duration = Duration::from_secs(5);
const MOST_WORDS: usize = 300;

/// Why a request brought nothing. Holds no URL, no header and no body: nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// Slack says `ok: false`.
    Api {
        /// Its code.
        code: String,
        /// The scope that is missing, or details of invalid blocks.
        details: String,
    },
    /// Too many requests.
    RateLimited(Duration),
    /// Another HTTP status than 200 and 429.
    Status(StatusCode),
    /// The request never left.
    NotSent(String),
    /// The request may have arrived; no usable answer came.
    Lost(String),
    /// HTTP 200, but not Slack's JSON: a login page, a proxy.
    NotSlack,
}

impl CallError {
    /// The deadline passed.
    pub fn no_answer(most: Duration) -> Self {
        Self::Lost(format!("no answer within {} s", most.as_secs()))
    }

    /// An answer with `ok: true`.
    pub fn checked(value: Value) -> Result<Value, Self> {
        match value.get("ok").and_then(Value::as_bool) {
            Some(true) => Ok(value),
            Some(false) => {
                let code = value.get("error").and_then(Value::as_str).unwrap_or("unknown_error");
                Err(Self::api(code, &value))
            }
            // The library turns any page that is not JSON into an empty object.
            None => Err(Self::NotSlack),
        }
    }

    /// From a status without a usable body.
    pub fn from_status(status: StatusCode, retry_after: Option<&HeaderValue>) -> Self {
        if status != StatusCode::TOO_MANY_REQUESTS {
            return Self::Status(status);
        }
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Self::RateLimited(seconds.map_or(UNSAID_WAIT, Duration::from_secs))
    }

    /// From hyper's client.
    pub fn from_hyper(error: &HyperError) -> Self {
        if error.is_connect() { Self::NotSent(innermost(error)) } else { Self::Lost(innermost(error)) }
    }

    /// From the library.
    pub fn from_library(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) => {
                let body = error.http_response_body.as_deref().unwrap_or_default();
                Self::api(&error.code, &serde_json::from_str(body).unwrap_or(Value::Null))
            }
            SlackClientError::RateLimitError(error) => {
                Self::RateLimited(error.retry_after.unwrap_or(UNSAID_WAIT))
            }
            SlackClientError::HttpError(error) => Self::from_status(error.status_code, None),
            SlackClientError::HttpProtocolError(error) => match error.cause {
                Some(cause) => match cause.downcast_ref::<HyperError>() {
                    Some(error) => Self::from_hyper(error),
                    // Everything else in this variant is an unusable URL or request.
                    None => Self::NotSent("the request cannot be written".into()),
                },
                None => Self::Lost("the connection failed".into()),
            },
            SlackClientError::ProtocolError(_) => Self::Lost("the answer cannot be read".into()),
            _ => Self::Lost("the answer broke off".into()),
        }
    }

    fn api(code: &str, body: &Value) -> Self {
        if matches!(code, "ratelimited" | "rate_limited") {
            return Self::RateLimited(UNSAID_WAIT);
        }
        let messages = body
            .pointer("/response_metadata/messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let details: Vec<&str> =
            body.get("needed").and_then(Value::as_str).into_iter().chain(messages).collect();
        Self::Api {
            code: code.chars().take(MOST_WORDS).collect(),
            details: details.join("; ").chars().take(MOST_WORDS).collect(),
        }
    }

    /// What Slack would not take, in its words or ours.
    pub fn refused(why: String) -> Self {
        Self::Api { code: why, details: String::new() }
    }

    /// The same, of a request after which nothing can be seen yet: whatever became of it, the message is certainly not there.
    pub fn before_posting(self) -> Self {
        match self {
            Self::Lost(why) => Self::NotSent(why),
            Self::NotSlack => Self::NotSent("something that is not Slack answered".into()),
            Self::Status(StatusCode::GATEWAY_TIMEOUT) => Self::NotSent("a gateway gave up waiting".into()),
            Self::Api { code, .. } if matches!(code.as_str(), "internal_error" | "fatal_error") => {
                Self::NotSent(format!("Slack says {code}"))
            }
            other => other,
        }
    }

    /// Slack's code, where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api { code, .. } => Some(code),
            _ => None,
        }
    }

    /// What a changing request's failure means; `room` is the conversation's id.
    pub fn into_deliver(self, room: &str) -> DeliverError {
        match self {
            Self::RateLimited(retry_after) => DeliverError::RateLimited { retry_after, scope: Scope::Room },
            Self::NotSent(why) => DeliverError::Unavailable(why),
            Self::Lost(why) => DeliverError::Unsure(why),
            Self::NotSlack => DeliverError::Unsure("something that is not Slack answered".into()),
            Self::Status(status) => match status.as_u16() {
                401 => DeliverError::Unauthorized(bad_credential("bot_token", "HTTP 401")),
                // A gateway that gave up waiting does not know what became of the request.
                408 | 504 => DeliverError::Unsure(format!("HTTP {status}")),
                500..=599 | 300..=399 => DeliverError::Unavailable(format!("HTTP {status}")),
                _ => DeliverError::Rejected(format!("HTTP {status}")),
            },
            Self::Api { code, details } => api_deliver(&code, &details, room),
        }
    }

    /// What a failed check means; `key` is the setting of the credential that was used.
    pub fn into_open(self, key: &str) -> OpenError {
        match self {
            Self::Api { code, details } if code == "missing_scope" => {
                OpenError::Refused(missing_scopes(key, &[details.as_str()]))
            }
            Self::Api { code, .. } if is_bad_credential(&code) => {
                OpenError::Refused(bad_credential(key, &code))
            }
            Self::Api { code, .. } if is_passing(&code) => {
                OpenError::Unavailable(format!("Slack says {code}"))
            }
            Self::Api { code, .. } => OpenError::Refused(Problem::new(
                format!("Slack refuses `{key}`: {code}."),
                "Check the app at api.slack.com/apps.",
            )),
            Self::Status(StatusCode::UNAUTHORIZED) => OpenError::Refused(bad_credential(key, "HTTP 401")),
            other => OpenError::Unavailable(other.to_string()),
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Api { code, details } if details.is_empty() => write!(f, "Slack says {code}"),
            Self::Api { code, details } => write!(f, "Slack says {code} ({details})"),
            Self::RateLimited(wait) => write!(f, "rate limited for {} s", wait.as_secs()),
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::NotSent(why) | Self::Lost(why) => f.write_str(why),
            Self::NotSlack => f.write_str("something that is not Slack answered"),
        }
    }
}

fn api_deliver(code: &str, details: &str, room: &str) -> DeliverError {
    let forbidden =
        |what: &str, fix: String| DeliverError::Forbidden(Problem::new(format!("{what} ({code})."), fix));
    match code {
        code if is_bad_credential(code) => DeliverError::Unauthorized(bad_credential("bot_token", code)),
        "missing_scope" => DeliverError::Forbidden(missing_scopes("bot_token", &[details])),
        "not_in_channel" | "user_not_in_channel" => forbidden(
            &format!("Relay is not in the Slack channel {room}"),
            "Type `/invite` and the app's name in that channel.".into(),
        ),
        "channel_not_found" => forbidden(
            &format!("There is no Slack channel {room}, or Relay cannot see it"),
            "Check the id; in a private channel, type `/invite` and the app's name.".into(),
        ),
        // Of a post, and of an edit.
        "is_archived" | "is_inactive" => forbidden(
            &format!("The Slack channel {room} is archived"),
            "Unarchive it, or remove the link.".into(),
        ),
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked"
        | "posting_to_general_channel_denied"
        | "no_permission"
        | "access_denied"
        | "team_access_not_granted" => forbidden(
            &format!("The workspace's settings do not let Relay post in {room}"),
            "Let the app post there: channel settings, Posting permissions.".into(),
        ),
        "message_not_found" => DeliverError::TargetGone,
        // The documentation says of both: some of it may have been done.
        "internal_error" | "fatal_error" => DeliverError::Unsure(format!("Slack says {code}")),
        code if is_passing(code) => DeliverError::Unavailable(format!("Slack says {code}")),
        "message_limit_exceeded" => {
            DeliverError::RateLimited { retry_after: UNSAID_WAIT, scope: Scope::Account }
        }
        code if details.is_empty() => DeliverError::Rejected(code.to_owned()),
        code => DeliverError::Rejected(format!("{code}: {details}")),
    }
}

/// The credential itself is the trouble.
pub fn is_bad_credential(code: &str) -> bool {
    matches!(
        code,
        "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "not_allowed_token_type"
            | "user_removed_from_team"
    )
}

fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org"
            | "org_login_required"
            | "accesslimited"
    )
}

/// A token that is not accepted, or no longer.
pub fn bad_credential(key: &str, code: &str) -> Problem {
    let fix = match (key, code) {
        (_, "account_inactive") => {
            "The app was removed from the workspace: install it again at api.slack.com/apps, your app, Install App, \
             put the new token where this key is read from, and run `relay reload` (where the environment has it: restart Relay)."
        }
        ("app_token", _) => {
            "At api.slack.com/apps, your app, Basic Information, App-Level Tokens, make a token with connections:write, \
             put it where `app_token` is read from, and run `relay reload` (where the environment has it: restart Relay)."
        }
        _ => {
            "At api.slack.com/apps, your app, OAuth & Permissions, copy the Bot User OAuth Token (reinstall the app if there \
             is none), put it where `bot_token` is read from, and run `relay reload` (where the environment has it: restart Relay)."
        }
    };
    Problem::new(format!("Slack does not accept `{key}` ({code})."), fix)
}

/// Scopes that a token needs and lacks.
pub fn missing_scopes(key: &str, scopes: &[&str]) -> Problem {
    let list = scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let fix = if key == "app_token" {
        "At api.slack.com/apps, your app, Basic Information, App-Level Tokens, make a token with connections:write."
    } else {
        "At api.slack.com/apps, your app, OAuth & Permissions, Scopes, Bot Token Scopes, add them, then reinstall the app."
    };
    Problem::new(format!("The token in `{key}` lacks {list}."), fix)
}

/// The last cause of an error: hyper's own say only that something failed. None of them carries a URL.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A secret is read at the start only.
    #[test]
    fn a_new_token_needs_a_restart() {
        for (key, code) in
            [("bot_token", "account_inactive"), ("app_token", "invalid_auth"), ("bot_token", "invalid_auth")]
        {
            let problem = bad_credential(key, code);
            assert!(
                problem.fix.contains(
                    "is read from, and run `relay reload` (where the environment has it: restart Relay)"
                ),
                "{problem}"
            );
        }
    }

    #[test]
    fn what_a_failed_request_means() {
        let api = |code: &str| CallError::checked(json!({ "ok": false, "error": code }));
        let cases = [
            ("ratelimited", "rate limited"),
            ("not_in_channel", "forbidden"),
            ("channel_not_found", "forbidden"),
            ("is_archived", "forbidden"),
            ("is_inactive", "forbidden"),
            ("restricted_action", "forbidden"),
            ("missing_scope", "forbidden"),
            ("invalid_auth", "unauthorized"),
            ("token_revoked", "unauthorized"),
            ("account_inactive", "unauthorized"),
            ("message_not_found", "gone"),
            ("cant_update_message", "rejected"),
            ("cant_delete_message", "rejected"),
            ("msg_too_long", "rejected"),
            ("something_new", "rejected"),
            ("service_unavailable", "unavailable"),
            ("internal_error", "unsure"),
            ("fatal_error", "unsure"),
        ];
        for (code, expected) in cases {
            let error = api(code).err().map(|error| error.into_deliver("C1"));
            assert_eq!(error.as_ref().map(word), Some(expected), "{code}");
        }
        let statuses = [
            (401, "unauthorized"),
            (400, "rejected"),
            (404, "rejected"),
            (500, "unavailable"),
            (502, "unavailable"),
            (503, "unavailable"),
            (504, "unsure"),
            (302, "unavailable"),
            (429, "rate limited"),
        ];
        for (status, expected) in statuses {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert_eq!(word(&CallError::from_status(status, None).into_deliver("C1")), expected, "{status}");
        }
        assert_eq!(word(&CallError::NotSent("x".into()).into_deliver("C1")), "unavailable");
        assert_eq!(word(&CallError::Lost("x".into()).into_deliver("C1")), "unsure");
        // Before anything can be seen, nothing is in doubt.
        for error in [
            CallError::Lost("x".into()),
            CallError::NotSlack,
            CallError::Status(StatusCode::GATEWAY_TIMEOUT),
            CallError::refused("internal_error".into()),
        ] {
            assert_eq!(word(&error.before_posting().into_deliver("C1")), "unavailable");
        }
        // The library makes `{}` of a login page.
        assert_eq!(CallError::checked(json!({})), Err(CallError::NotSlack));
        let wait =
            CallError::from_status(StatusCode::TOO_MANY_REQUESTS, Some(&HeaderValue::from_static("30")));
        assert_eq!(wait, CallError::RateLimited(Duration::from_secs(30)));
    }

    fn word(error: &DeliverError) -> &'static str {
        match error {
            DeliverError::RateLimited { .. } => "rate limited",
            DeliverError::Unavailable(_) => "unavailable",
            DeliverError::Unauthorized(_) => "unauthorized",
            DeliverError::Forbidden(_) => "forbidden",
            DeliverError::Rejected(_) => "rejected",
            DeliverError::TargetGone => "gone",
            DeliverError::Unsure(_) => "unsure",
        }
    }
}
