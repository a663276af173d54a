//! Whom a message notifies: what its content mentions, filtered by `allowed_mentions`.
//!
//! <https://discord.com/developers/docs/resources/message#allowed-mentions-object>

use super::errors::ApiError;
use serde_json::Value;

/// What a text mentions, or whom it pings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mentions {
    /// Users, each once, in order.
    pub users: Vec<u64>,
    /// Roles, likewise.
    pub roles: Vec<u64>,
    /// `@everyone`.
    pub everyone: bool,
    /// `@here`.
    pub here: bool,
}

impl Mentions {
    /// Everything that `content` mentions outside code.
    pub fn of(content: &str) -> Self {
        let mut found = Self::default();
        let mut rest = content;
        while let Some(at) = rest.find(['`', '<', '@']) {
            rest = &rest[at..];
            if let Some(after) = past_code(rest) {
                rest = after;
            } else if let Some((id, role, after)) = mention(rest) {
                let list = if role { &mut found.roles } else { &mut found.users };
                if !list.contains(&id) {
                    list.push(id);
                }
                rest = after;
            } else {
                found.everyone |= rest.starts_with("@everyone");
                found.here |= rest.starts_with("@here");
                rest = &rest[1..];
            }
        }
        found
    }
}

/// What follows a code span or block that starts here and ends somewhere.
fn past_code(text: &str) -> Option<&str> {
    let ticks = if text.starts_with("```") { "```" } else { "`" };
    let inside = text.strip_prefix(ticks)?;
    inside.find(ticks).map(|end| &inside[end + ticks.len()..])
}

/// `<@1>`, `<@!1>` or (a role) `<@&1>` at the start of `text`; its id, whether it is a role, and what follows.
fn mention(text: &str) -> Option<(u64, bool, &str)> {
    let (inside, after) = text.strip_prefix("<@")?.split_once('>')?;
    let (role, id) = match inside.strip_prefix('&') {
        Some(id) => (true, id),
        None => (false, inside.strip_prefix('!').unwrap_or(inside)),
    };
    Some((id.parse().ok()?, role, after))
}

#[derive(Debug, Clone, PartialEq)]
enum Which {
    All,
    These(Vec<u64>),
}

impl Which {
    fn keep(&self, ids: &mut Vec<u64>) {
        if let Self::These(these) = self {
            ids.retain(|id| these.contains(id));
        }
    }
}

/// An `allowed_mentions` object.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowed {
    users: Which,
    roles: Which,
    everyone: bool,
    /// A reply notifies the author of what it answers.
    pub replied_user: bool,
}

impl Allowed {
    /// What holds when nothing is said: everything.
    pub const EVERYTHING: Self =
        Self { users: Which::All, roles: Which::All, everyone: true, replied_user: true };

    /// Reads the object; `null` or nothing is everything.
    pub fn read(object: Option<&Value>) -> Result<Self, ApiError> {
        let Some(object) = object.filter(|o| !o.is_null()) else {
            return Ok(Self::EVERYTHING);
        };
        let parse: Vec<&str> =
            object["parse"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let which = |name: &str| {
            let ids: Vec<u64> = object[name].as_array().into_iter().flatten().filter_map(id).collect();
            match (parse.contains(&name), ids.is_empty()) {
                (true, false) => Err(ApiError::field(
                    "allowed_mentions",
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    &format!("parse:[\"{name}\"] and {name}: [ids...] are mutually exclusive."),
                )),
                (true, true) => Ok(Which::All),
                (false, _) => Ok(Which::These(ids)),
            }
        };
        Ok(Self {
            users: which("users")?,
            roles: which("roles")?,
            everyone: parse.contains(&"everyone"),
            replied_user: object["replied_user"].as_bool().unwrap_or(false),
        })
    }

    /// Keeps of what was mentioned only what is allowed.
    pub fn filter(&self, mut found: Mentions) -> Mentions {
        self.users.keep(&mut found.users);
        self.roles.keep(&mut found.roles);
        found.everyone &= self.everyone;
        found.here &= self.everyone;
        found
    }
}

/// An id, written as a string or (as some clients do) as a number.
pub fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn mentions_are_found_outside_code_and_filtered() {
        let found = Mentions::of("<@1> `<@2>` <@!3><@1> ```\n@everyone``` <@&4> @here `open <@5");
        assert_eq!((found.users.as_slice(), found.roles.as_slice()), (&[1, 3][..], &[4][..]));
        assert!(found.here && !found.everyone);
        let pings = |allowed: Value| {
            let kept = Allowed::read(Some(&allowed)).unwrap().filter(found.clone());
            (kept.users.len(), kept.roles.len(), kept.here)
        };
        for (allowed, expected) in [
            (json!(null), (2, 1, true)),
            (json!({ "parse": [] }), (0, 0, false)),
            (json!({ "parse": ["everyone"] }), (0, 0, true)),
            (json!({ "parse": ["roles"], "users": ["3", 9] }), (1, 1, false)),
        ] {
            assert_eq!(pings(allowed.clone()), expected, "{allowed}");
        }
        assert!(Allowed::read(Some(&json!({ "parse": ["users"], "users": ["1"] }))).is_err());
    }

    #[test]
    fn text_that_only_looks_like_a_mention_is_none() {
        for text in ["<@", "<@>", "<@x>", "<#1>", "@every one", "é`@here`", "``"] {
            assert_eq!(Mentions::of(text), Mentions::default(), "{text}");
        }
    }
}
