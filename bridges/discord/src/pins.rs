//! Which messages are pinned: Discord tells of an unpinned one only by saying that it is not pinned.
//!
//! <https://discord.com/developers/docs/resources/message#message-object>

use crate::connector::Discord;
use crate::rest::Rest;
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::Value;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

/// How many pinned messages are remembered.
const REMEMBERED: usize = 20_000;

/// Ids of pinned messages.
#[derive(Debug)]
pub struct Pins(Cache<String, ()>);

impl Default for Pins {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// The answer of `GET /channels/{channel}/messages/pins`.
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    message: Pinned,
}

#[derive(Deserialize)]
struct Pinned {
    id: String,
}

impl Pins {
    /// Learns from an updated message; answers whether it was unpinned just now.
    pub fn unpinned(&self, native: &Value) -> bool {
        let Some(id) = native.get("id").and_then(Value::as_str) else {
            return false;
        };
        match native.get("pinned").and_then(Value::as_bool) {
            Some(true) => {
                self.0.insert(id.to_owned(), ());
                false
            }
            Some(false) => self.forget(id),
            None => false,
        }
    }

    /// It is not pinned any more: what Relay itself unpins is no news. Answers whether it was known to be pinned.
    pub fn forget(&self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }
}

impl Discord {
    /// Learns what is pinned in a room. As far as Discord tells: an unknown one's unpinning is not noticed.
    pub(crate) async fn learn_pins(&self, rest: &Rest, channel: Id<ChannelMarker>) {
        match rest.ask::<Listed>(rest.client().pins(channel)).await {
            Ok(listed) => {
                listed.items.into_iter().for_each(|item| self.pins.0.insert(item.message.id, ()));
            }
            Err(failure) => tracing::debug!(%channel, why = failure.words(), "pins cannot be listed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_pinned_is_unpinned() {
        let pins = Pins::default();
        for (pinned, unpinned) in [
            (json!(false), false),
            (json!(true), false),
            (json!(null), false),
            (json!(false), true),
            (json!(false), false),
        ] {
            assert_eq!(pins.unpinned(&json!({ "id": "5", "pinned": pinned })), unpinned);
        }
        pins.unpinned(&json!({ "id": "5", "pinned": true }));
        assert!(pins.forget("5") && !pins.unpinned(&json!({ "id": "5", "pinned": false })));
    }
}
