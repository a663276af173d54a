//! What somebody is told, as their client asked to be told it.

use super::state::Said;
use std::collections::BTreeSet;

/// Tags by the capability that they come with; all others come with `message-tags`.
const OF_CAPABILITY: [(&str, &str); 4] =
    [("time", "server-time"), ("account", "account-tag"), ("label", "labeled-response"), ("batch", "batch")];

/// A line, or a batch of such.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    tags: Vec<(String, String)>,
    words: String,
    /// In a batch: its number, what is in it, and whether clients without such batches are told that.
    inside: Option<(String, Vec<Told>, &'static str)>,
}

impl Told {
    /// A line from nobody.
    pub fn plain(words: &str) -> Self {
        Self { words: words.to_owned(), ..Self::default() }
    }

    /// A line from somebody.
    pub fn from(source: &str, words: &str) -> Self {
        Self::plain(&format!(":{source} {words}"))
    }

    /// With a tag.
    pub fn tag(mut self, name: &str, value: impl Into<String>) -> Self {
        self.tags.push((name.to_owned(), value.into()));
        self
    }

    /// A batch; who has not switched `needs` on is told what is in it.
    pub fn batch(source: &str, number: &str, words: &str, needs: &'static str, inside: Vec<Self>) -> Self {
        let inside = Some((number.to_owned(), inside, needs));
        Self { inside, ..Self::from(source, &format!("BATCH +{number} {words}")) }
    }

    /// Something that was said in a channel.
    pub fn said(said: &Said, number: &str) -> Self {
        let tagged = |told: Self| {
            let told = told.tag("time", time(said.at)).tag("msgid", said.id.as_str());
            said.tags.iter().fold(told, |told, (name, value)| told.tag(name, value.as_str()))
        };
        let words = |line: &str| match said.command.as_str() {
            "TAGMSG" => format!("TAGMSG {}", said.channel),
            "REDACT" => format!("REDACT {} {line}", said.channel),
            command => format!("{command} {} :{line}", said.channel),
        };
        match said.lines.as_slice() {
            [] => tagged(Self::from(&said.source, &words(""))),
            [(_, line)] => tagged(Self::from(&said.source, &words(line))),
            lines => {
                let one = |(goes_on, line): &(bool, String)| {
                    let told = Self::from(&said.source, &words(line));
                    if *goes_on { told.tag("draft/multiline-concat", "") } else { told }
                };
                let inside = lines.iter().map(one).collect();
                let words = format!("draft/multiline {}", said.channel);
                tagged(Self::batch(&said.source, number, &words, "draft/multiline", inside))
            }
        }
    }

    /// The lines of it, for a client with these capabilities.
    pub fn lines(&self, caps: &BTreeSet<String>) -> Vec<String> {
        if self.words.split(' ').nth(1) == Some("TAGMSG") && !caps.contains("message-tags") {
            return Vec::new();
        }
        let Some((number, inside, needs)) = &self.inside else { return vec![self.line(caps)] };
        if !caps.contains("batch") || !caps.contains(*needs) {
            return inside.iter().flat_map(|told| told.lines(caps)).collect();
        }
        let mut lines = vec![self.line(caps)];
        for told in inside {
            let told = told.clone().tag("batch", number.as_str());
            lines.extend(told.lines(caps));
        }
        lines.push(format!("BATCH -{number}"));
        lines
    }

    fn line(&self, caps: &BTreeSet<String>) -> String {
        let needs = |tag: &str| {
            let of = OF_CAPABILITY.iter().find(|(found, _)| *found == tag);
            of.map_or("message-tags", |(_, capability)| *capability)
        };
        let mut tags = String::new();
        for (name, value) in self.tags.iter().filter(|(name, _)| caps.contains(needs(name))) {
            tags.push(if tags.is_empty() { '@' } else { ';' });
            tags.push_str(name);
            if !value.is_empty() {
                tags.push('=');
                tags.push_str(value);
            }
        }
        if tags.is_empty() { self.words.clone() } else { format!("{tags} {}", self.words) }
    }
}

/// A time as `server-time` writes it.
pub(super) fn time(at: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
