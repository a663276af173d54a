//! What a server can do beyond the protocol of 1993: the IRCv3 capabilities that are switched on, with what they say about themselves.
//! Source: <https://ircv3.net/specs/extensions/capability-negotiation>.

use std::collections::BTreeMap;

/// Capabilities that are asked for where the server has them.
pub const WANTED: [&str; 20] = [
    "account-notify",
    "account-tag",
    "batch",
    "cap-notify",
    "chghost",
    "draft/chathistory",
    "draft/event-playback",
    "draft/message-redaction",
    "draft/multiline",
    "draft/relaymsg",
    "echo-message",
    "extended-join",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
];

/// Bytes of a message of several lines where the server names no limit.
const MULTILINE_BYTES: usize = 4_096;
/// Its lines.
const MULTILINE_LINES: usize = 24;

/// Capabilities of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caps {
    offered: BTreeMap<String, String>,
    on: BTreeMap<String, String>,
}

/// How much a message of several lines may hold. Source: <https://ircv3.net/specs/extensions/multiline>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multiline {
    /// All lines together, in bytes, each with its end.
    pub bytes: usize,
    /// How many lines.
    pub lines: usize,
}

impl Caps {
    /// Takes over what a server has: `name` or `name=value`, with blanks between.
    pub fn offer(&mut self, list: &str) {
        for one in list.split_ascii_whitespace() {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            if let Some(on) = self.on.get_mut(name) {
                value.clone_into(on);
            }
            self.offered.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Takes back what a server has no more.
    pub fn withdraw(&mut self, list: &str) {
        for name in list.split_ascii_whitespace() {
            self.offered.remove(name);
            self.on.remove(name);
        }
    }

    /// Takes over what was switched on, or with a `-` off.
    pub fn switch(&mut self, list: &str) {
        for name in list.split_ascii_whitespace() {
            match name.strip_prefix('-') {
                Some(name) => drop(self.on.remove(name)),
                None => {
                    let value = self.offered.get(name).cloned().unwrap_or_default();
                    self.on.insert(name.to_owned(), value);
                }
            }
        }
    }

    /// Whether the server has it.
    pub fn offers(&self, name: &str) -> bool {
        self.offered.contains_key(name)
    }

    /// What is still to be asked for.
    pub fn to_ask(&self) -> Vec<&'static str> {
        WANTED.into_iter().filter(|name| self.offers(name) && !self.has(name)).collect()
    }

    /// Whether it is switched on.
    pub fn has(&self, name: &str) -> bool {
        self.on.contains_key(name)
    }

    /// The server answers each request by its label, and what was said with the line as everybody sees it.
    pub fn answers(&self) -> bool {
        ["batch", "echo-message", "labeled-response", "message-tags"].iter().all(|name| self.has(name))
    }

    /// The server keeps what was said. Source: <https://ircv3.net/specs/extensions/chathistory>.
    pub fn keeps_history(&self) -> bool {
        self.answers() && self.has("server-time") && self.has("draft/chathistory")
    }

    /// Messages can be taken back. Source: <https://ircv3.net/specs/extensions/message-redaction>.
    pub fn redacts(&self) -> bool {
        self.answers() && self.has("draft/message-redaction")
    }

    /// Several lines can be one message.
    pub fn multiline(&self) -> Option<Multiline> {
        let value = self.on.get("draft/multiline").filter(|_| self.answers())?;
        let number = |name: &str| {
            let of = |pair: &str| pair.split_once('=').filter(|(key, _)| *key == name)?.1.parse().ok();
            value.split(',').find_map(of)
        };
        let limits = Multiline {
            bytes: number("max-bytes").unwrap_or(MULTILINE_BYTES),
            lines: number("max-lines").unwrap_or(MULTILINE_LINES),
        };
        (limits.lines > 1).then_some(limits)
    }

    /// The signs of which one has to stand in a name that Relay speaks under.
    /// Source: <https://github.com/ircv3/ircv3-specifications/pull/417> (`RELAYMSG`).
    pub fn name_signs(&self) -> Option<&str> {
        let signs = self.on.get("draft/relaymsg").filter(|_| self.answers())?;
        Some(if signs.is_empty() { "/" } else { signs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_and_on() {
        let mut caps = Caps::default();
        caps.offer("batch sasl=PLAIN draft/multiline=max-bytes=100,max-lines=5 message-tags unknown");
        caps.offer("labeled-response echo-message");
        assert_eq!(
            caps.to_ask(),
            ["batch", "draft/multiline", "echo-message", "labeled-response", "message-tags"]
        );
        caps.switch("batch message-tags draft/multiline labeled-response");
        assert!(!caps.answers() && caps.multiline().is_none(), "without echoes nobody tells the id");
        caps.switch("echo-message");
        assert_eq!(caps.multiline(), Some(Multiline { bytes: 100, lines: 5 }));
        assert!(caps.answers() && !caps.redacts() && caps.to_ask().is_empty());
        caps.offer("draft/multiline=max-bytes=200 draft/relaymsg");
        assert_eq!(caps.multiline(), Some(Multiline { bytes: 200, lines: MULTILINE_LINES }));
        assert_eq!((caps.to_ask(), caps.name_signs()), (vec!["draft/relaymsg"], None));
        caps.switch("draft/relaymsg -draft/multiline");
        assert_eq!((caps.name_signs(), caps.multiline()), (Some("/"), None));
        caps.withdraw("echo-message");
        assert!(!caps.answers() && !caps.offers("echo-message"));
    }
}
