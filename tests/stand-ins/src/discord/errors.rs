//! Discord's errors, as its API words them.
//!
//! <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes>

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    code: u32,
    message: &'static str,
    errors: Option<Value>,
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $message:literal;)*) => {
        $($(#[$doc])* pub const $name: ApiError =
            ApiError { status: $status, code: $code, message: $message, errors: None };)*
    };
}

errors! {
    /// Wrong or missing token.
    UNAUTHORIZED = 401 0 "401: Unauthorized";
    /// No such route.
    NOT_FOUND = 404 0 "404: Not Found";
    /// Another method.
    METHOD_NOT_ALLOWED = 405 0 "405: Method Not Allowed";
    /// The channel does not exist.
    UNKNOWN_CHANNEL = 404 10003 "Unknown Channel";
    /// The bot is not in such a guild.
    UNKNOWN_GUILD = 404 10004 "Unknown Guild";
    /// Nobody of that id is in the guild.
    UNKNOWN_MEMBER = 404 10007 "Unknown Member";
    /// The message does not exist, or no longer, or is not the webhook's.
    UNKNOWN_MESSAGE = 404 10008 "Unknown Message";
    /// Nobody has that id.
    UNKNOWN_USER = 404 10013 "Unknown User";
    /// The webhook was deleted, or never was.
    UNKNOWN_WEBHOOK = 404 10015 "Unknown Webhook";
    /// No such emoji, or nobody reacted with it.
    UNKNOWN_EMOJI = 400 10014 "Unknown Emoji";
    /// No such interaction, or none that waits for an answer any more.
    UNKNOWN_INTERACTION = 404 10062 "Unknown interaction";
    /// The application has no such command.
    UNKNOWN_COMMAND = 404 10063 "Unknown application command";
    /// A message has at most 20 different reactions.
    TOO_MANY_REACTIONS = 400 30010 "Maximum number of reactions reached (20)";
    /// A channel has at most 250 pinned messages.
    TOO_MANY_PINS = 400 30003 "Maximum number of pins reached (250)";
    /// A channel cannot have more than 15.
    TOO_MANY_WEBHOOKS = 400 30007 "Maximum number of webhooks reached (15)";
    /// A file is larger than the guild allows.
    TOO_LARGE = 413 40005 "Request entity too large";
    /// An interaction is answered once.
    ALREADY_ANSWERED = 400 40060 "Interaction has already been acknowledged.";
    /// The bot cannot see the channel.
    MISSING_ACCESS = 403 50001 "Missing Access";
    /// Only one's own messages can be edited.
    NOT_YOURS = 403 50005 "Cannot edit a message authored by another user";
    /// No content, embed, component, poll, sticker or file.
    EMPTY_MESSAGE = 400 50006 "Cannot send an empty message";
    /// The bot may not do that there.
    MISSING_PERMISSIONS = 403 50013 "Missing Permissions";
    /// The token in the path is not the webhook's.
    INVALID_WEBHOOK_TOKEN = 401 50027 "Invalid Webhook Token";
    /// Messages of a system cannot be pinned or reacted to so.
    SYSTEM_MESSAGE = 400 50021 "Cannot execute action on a system message";
    /// Only posts are taken there.
    THREAD_ARCHIVED = 400 50083 "Thread is archived";
    /// Only moderators may do that in it.
    THREAD_LOCKED = 400 160_005 "Thread is locked";
    /// The message has a thread already.
    HAS_THREAD = 400 160_004 "A thread has already been created for this message";
    /// A webhook of a forum needs a thread.
    THREAD_WANTED = 400 220_001 "Webhooks posted to forum channels must have a thread_name or thread_id";
    /// A webhook can only begin threads in forums.
    NO_FORUM = 400 220_003 "Webhooks can only create threads in forum channels";
    /// The poll has ended.
    POLL_EXPIRED = 400 520_001 "Poll expired";
    /// Not a channel in which messages stand by themselves.
    NOT_TEXT = 400 50008 "Cannot send messages in a non-text channel";
    /// The stand-in changes no other channels through the API.
    NO_THREAD = 400 50024 "Cannot execute action on this channel type";
    /// The guild has an outage.
    UNAVAILABLE = 503 0 "503: Service Unavailable";
    /// The body is not JSON.
    INVALID_JSON = 400 50109 "The request body contains invalid JSON.";
}

impl ApiError {
    /// 50035: `field` of the body or the query is wrong for the reason `code`, in Discord's own words.
    pub fn field(field: &str, code: &str, message: &str) -> Self {
        Self::at(&[field], code, message)
    }

    /// 50035 for something deeper in the body: `["embeds", "0", "title"]`.
    pub fn at(place: &[&str], code: &str, message: &str) -> Self {
        let told = json!({ "_errors": [{ "code": code, "message": message }] });
        let errors = place.iter().rev().fold(told, |inner, name| json!({ *name: inner }));
        Self { status: 400, code: 50035, message: "Invalid Form Body", errors: Some(errors) }
    }

    /// An id in a path that is not one.
    pub fn not_snowflake(text: &str) -> Self {
        Self::field("id", "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."))
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        (status, Json(body)).into_response()
    }
}
