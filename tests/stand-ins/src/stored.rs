//! What each platform keeps of a text that an app sends, and whom it would notify, without a server in between: the same functions that
//! the servers use.

use crate::discord::mentions::Mentions;
use crate::slack::{mrkdwn, wire};
use crate::telegram::entities::{Formatted, clean};
use serde_json::{Value, json};

/// A text as the platform keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// In the platform's own markup (Telegram: plain text).
    pub text: String,
    /// Telegram's ranges.
    pub entities: Vec<Value>,
    /// Slack's blocks.
    pub blocks: Vec<Value>,
    /// Whom it names in a way that notifies, whatever the request allows.
    pub named: Vec<String>,
}

/// Discord's `content`.
pub fn discord(content: &str) -> Stored {
    let text = content.trim().to_owned();
    // A client shows an escaped one as it is written; the request allows none at all.
    let found = Mentions::of(&text.replace("\\<", ""));
    let named = found.users.iter().chain(&found.roles).map(u64::to_string).collect();
    Stored { text, entities: Vec::new(), blocks: Vec::new(), named }
}

/// Slack's `text` and `blocks`, in a workspace where nobody has a handle.
pub fn slack(text: &str, blocks: &Value) -> Stored {
    let text = mrkdwn::sent(text, &Nobody, false);
    let named = wire::pinged(&text, blocks);
    let blocks = blocks.as_array().cloned().unwrap_or_default();
    Stored { text, entities: Vec::new(), blocks, named }
}

/// Telegram's `text` and `entities`; an error is the server's own.
pub fn telegram(text: &str, entities: &Value) -> Result<Stored, String> {
    let given = if entities.is_null() { json!([]) } else { entities.clone() };
    let entities = serde_json::from_value(given).map_err(|error| error.to_string())?;
    let kept = clean(Formatted { text: text.to_owned(), entities })?;
    let mentions = kept.entities.iter().filter(|entity| matches!(&*entity.kind, "mention" | "text_mention"));
    let named = mentions.map(|entity| format!("{entity:?}")).collect();
    let entities = kept.entities.iter().map(|entity| json!(entity)).collect();
    Ok(Stored { text: kept.text, entities, blocks: Vec::new(), named })
}

struct Nobody;

impl mrkdwn::Names for Nobody {
    fn user(&self, _handle: &str) -> Option<String> {
        None
    }

    fn room(&self, _name: &str) -> Option<String> {
        None
    }
}
