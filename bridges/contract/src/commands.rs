//! `/relay …`, wherever it was typed or clicked.

use crate::ids::{MessageRef, NativeId, RoomKey, Timestamp};
use crate::preflight::SpaceRef;
use crate::text::Text;
use std::fmt;

/// Somebody's command.
#[derive(Clone, PartialEq)]
pub struct Call {
    /// Where it was given.
    pub room: RoomKey,
    /// The space of that room.
    pub space: SpaceRef,
    /// By whom.
    pub asker: Asker,
    /// The language that the platform speaks with them, as it writes it (`de`, `en-US`); none where it does not say.
    pub locale: Option<String>,
    /// What is asked.
    pub ask: Ask,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// The message that gives it, where a history may bring that again: then it is the same.
    pub message: Option<NativeId>,
    /// What the connector needs to answer and to tell the asker's rights. Opaque, and not for any log: it may hold a token. `Null`
    /// where the engine made the call of a sign that somebody gave.
    pub reply: serde_json::Value,
}

impl Call {
    /// Nobody waits for an answer: it was given by a sign, such as a reaction.
    pub fn is_sign(&self) -> bool {
        self.reply.is_null()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("room", &self.room)
            .field("asker", &self.asker)
            .field("ask", &self.ask)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Their id on the platform.
    pub id: NativeId,
    /// The name that people in that room see.
    pub name: String,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What there is.
    Help,
    /// Join this room to a Relay channel.
    Connect {
        /// The channel's name.
        channel: String,
        /// The asker has been told what they should know, and says yes.
        sure: bool,
    },
    /// How this room is joined, and whether it works.
    Status,
    /// Take this room out of a Relay channel; out of its only one when none is named.
    Disconnect {
        /// The channel's name.
        channel: Option<String>,
    },
    /// Let somebody's room into a channel.
    Approve {
        /// The code that they were given.
        code: String,
        /// The asker has been told who it is, and says yes.
        sure: bool,
    },
    /// Who reacted to a message, and with what.
    Who {
        /// The message: what was answered or clicked on.
        message: Option<MessageRef>,
    },
    /// Delete a message in every room.
    Delete {
        /// The message: what was answered or clicked on.
        message: Option<MessageRef>,
    },
    /// Why a message looks as it does elsewhere, or is not there.
    Trace {
        /// The message: what was answered or clicked on.
        message: Option<MessageRef>,
    },
    /// What is shared of the asker, or what they choose about it.
    Privacy {
        /// `full`, `anonymous` or `none`, as it was written; none to be told.
        to: Option<String>,
    },
    /// What the asker allows in particular, and changes of it.
    Consent {
        /// What stands behind the word.
        words: String,
    },
    /// Everything of the asker's is to go; or what became of that.
    Forget {
        /// The asker has been told what comes of it, and says yes.
        sure: bool,
    },
    /// What is kept of the asker.
    Export,
    /// The asker's accounts are one person's: a code for the other one, or what that one was given.
    Link {
        /// The code; none to be given one.
        code: Option<String>,
    },
    /// The asker's account is to be alone again.
    Unlink {
        /// All of that person's.
        all: bool,
    },
    /// By the name of which of their accounts the asker is shown elsewhere.
    Name {
        /// A platform, `there` or `own`, as it was written; none to be told.
        of: Option<String>,
    },
    /// What is said elsewhere is kept back from this room for a while.
    Pause {
        /// For how long, as it was written; none until it is resumed.
        span: Option<String>,
    },
    /// What was kept back comes, and goes on coming.
    Resume,
    /// Nothing new of somebody from elsewhere is shown in this room; or who is muted here.
    Mute {
        /// A message of theirs: what was answered or clicked on.
        message: Option<MessageRef>,
        /// Their name, and for how long, as it was written: `Ada for 1 hour`.
        words: String,
    },
    /// They are shown again.
    Unmute {
        /// Their name.
        words: String,
    },
    /// How people of elsewhere are named in this room.
    Template {
        /// What it is to be, or `default`; none to be told.
        words: Option<String>,
    },
    /// Something else.
    Unknown(String),
}

impl Ask {
    /// Whether it can only forbid something, so that it counts however late it is heard.
    pub fn only_forbids(&self) -> bool {
        match self {
            Self::Privacy { to: Some(word) } => word.trim().eq_ignore_ascii_case("none"),
            Self::Consent { words } => words.trim_start().to_lowercase().starts_with("revoke"),
            _ => false,
        }
    }

    /// Whether it says what the asker allows or not: what one person says of that counts in the order in which they say it.
    pub fn chooses(&self) -> bool {
        match self {
            Self::Privacy { to } => to.is_some(),
            Self::Consent { words } => !words.trim().is_empty(),
            _ => false,
        }
    }

    /// Reads what stands behind `/relay`. A last word `yes` is a confirmation.
    pub fn parse(words: &str) -> Self {
        let words = words.trim();
        let (verb, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        let (object, sure) = match rest.rsplit_once(char::is_whitespace) {
            Some((object, last)) if last.eq_ignore_ascii_case("yes") => (object.trim_end(), true),
            _ => (rest, false),
        };
        match verb.to_lowercase().as_str() {
            "" | "help" => Self::Help,
            "status" => Self::Status,
            "connect" => Self::Connect { channel: object.to_owned(), sure },
            "disconnect" => Self::Disconnect { channel: (!rest.is_empty()).then(|| rest.to_owned()) },
            "who" => Self::Who { message: None },
            "delete" => Self::Delete { message: None },
            "trace" => Self::Trace { message: None },
            "privacy" => Self::Privacy { to: (!rest.is_empty()).then(|| rest.to_owned()) },
            "consent" => Self::Consent { words: rest.to_owned() },
            "forget" => Self::Forget { sure: rest.eq_ignore_ascii_case("yes") },
            "export" => Self::Export,
            "link" => Self::Link { code: (!rest.is_empty()).then(|| rest.to_owned()) },
            "unlink" => Self::Unlink { all: rest.eq_ignore_ascii_case("all") },
            "name" => Self::Name { of: (!rest.is_empty()).then(|| rest.to_owned()) },
            "approve" => Self::Approve { code: object.to_owned(), sure },
            "pause" => Self::Pause { span: (!rest.is_empty()).then(|| without_for(rest).to_owned()) },
            "resume" => Self::Resume,
            "mute" => Self::Mute { message: None, words: rest.to_owned() },
            "unmute" => Self::Unmute { words: rest.to_owned() },
            "template" => Self::Template { words: (!rest.is_empty()).then(|| rest.to_owned()) },
            _ => Self::Unknown(verb.chars().take(40).collect()),
        }
    }
}

/// `for 2 hours` says the same as `2 hours`.
fn without_for(span: &str) -> &str {
    match span.split_once(char::is_whitespace) {
        Some((word, span)) if word.eq_ignore_ascii_case("for") => span.trim_start(),
        _ => span,
    }
}

impl Ask {
    /// The same about this message, where it can be about one.
    pub fn about(self, message: Option<MessageRef>) -> Self {
        match self {
            Self::Who { .. } => Self::Who { message },
            Self::Delete { .. } => Self::Delete { message },
            Self::Trace { .. } => Self::Trace { message },
            Self::Mute { words, .. } => Self::Mute { message, words },
            other => other,
        }
    }
}

/// What is answered: shown to the asker alone wherever the platform can.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The words.
    pub text: Text,
    /// What the asker may want next: buttons, where the platform has such.
    pub offers: Vec<Offer>,
}

impl Answer {
    /// Words alone.
    pub fn plain(words: &str) -> Self {
        Self { text: Text::plain(words), offers: Vec::new() }
    }
}

/// A command that one click gives. The words say it too: not every platform has buttons, and not every command fits one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What stands on it.
    pub label: String,
    /// The command, as it would stand behind `/relay`. Whoever clicks gives it, as if they had typed it.
    pub words: String,
    /// It undoes or takes away something.
    pub grave: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_about_a_message_is() {
        let message = Some(MessageRef::plain("7"));
        let about = |words: &str| Ask::parse(words).about(message.clone());
        assert_eq!(about("mute for 1h"), Ask::Mute { message: message.clone(), words: "for 1h".into() });
        assert_eq!(about("who"), Ask::Who { message: message.clone() });
        assert_eq!(about("unmute Ada"), Ask::Unmute { words: "Ada".into() });
    }

    #[test]
    fn words() {
        let connect = |channel: &str, sure| Ask::Connect { channel: channel.into(), sure };
        let approve = |code: &str, sure| Ask::Approve { code: code.into(), sure };
        let cases = [
            ("", Ask::Help),
            ("  help me", Ask::Help),
            ("STATUS", Ask::Status),
            ("connect lobby", connect("lobby", false)),
            ("connect  the lobby  yes ", connect("the lobby", true)),
            ("connect yes", connect("yes", false)),
            ("connect", connect("", false)),
            ("disconnect", Ask::Disconnect { channel: None }),
            ("disconnect lobby", Ask::Disconnect { channel: Some("lobby".into()) }),
            ("approve K7M2-9QXD", approve("K7M2-9QXD", false)),
            ("approve\tK7M2-9QXD YES", approve("K7M2-9QXD", true)),
            ("who", Ask::Who { message: None }),
            ("delete", Ask::Delete { message: None }),
            ("trace", Ask::Trace { message: None }),
            ("privacy", Ask::Privacy { to: None }),
            ("privacy  None", Ask::Privacy { to: Some("None".into()) }),
            ("consent grant archive", Ask::Consent { words: "grant archive".into() }),
            ("forget", Ask::Forget { sure: false }),
            ("forget  Yes", Ask::Forget { sure: true }),
            ("forget me", Ask::Forget { sure: false }),
            ("export", Ask::Export),
            ("link", Ask::Link { code: None }),
            ("link  K7M2-9QXD ", Ask::Link { code: Some("K7M2-9QXD".into()) }),
            ("unlink", Ask::Unlink { all: false }),
            ("unlink ALL", Ask::Unlink { all: true }),
            ("name", Ask::Name { of: None }),
            ("Name  Slack ", Ask::Name { of: Some("Slack".into()) }),
            ("name there", Ask::Name { of: Some("there".into()) }),
            ("pause", Ask::Pause { span: None }),
            ("pause for 2 hours", Ask::Pause { span: Some("2 hours".into()) }),
            ("Pause  FOR  2h ", Ask::Pause { span: Some("2h".into()) }),
            ("pause 2 hours", Ask::Pause { span: Some("2 hours".into()) }),
            ("pause for", Ask::Pause { span: Some("for".into()) }),
            ("resume", Ask::Resume),
            ("mute", Ask::Mute { message: None, words: String::new() }),
            ("mute Ada for 1 hour", Ask::Mute { message: None, words: "Ada for 1 hour".into() }),
            ("unmute Ada", Ask::Unmute { words: "Ada".into() }),
            ("template", Ask::Template { words: None }),
            ("template {name}  of {platform}", Ask::Template { words: Some("{name}  of {platform}".into()) }),
            ("template default", Ask::Template { words: Some("default".into()) }),
            ("dance", Ask::Unknown("dance".into())),
        ];
        for (words, expected) in cases {
            assert_eq!(Ask::parse(words), expected, "{words:?}");
        }
    }
}
