//! Reactions, pins and what is taken back.

use super::{Nothing, Reader, required, string};
use crate::known::Reaction;
use relay_contract::{Emoji, Envelope, Event, Standing};
use serde_json::Value;
use std::collections::BTreeSet;

impl Reader<'_> {
    pub(super) fn reaction(&self) -> Result<Envelope, Nothing> {
        let Some(reaction) = Reaction::of(self.event) else {
            return match self.event.pointer("/content/m.relates_to") {
                None => Err(Nothing::Ignored("redacted")),
                Some(_) => Err(Nothing::Unreadable("a reaction without a target or a key".into())),
            };
        };
        self.reacted(&reaction, true)
    }

    fn reacted(&self, reaction: &Reaction, added: bool) -> Result<Envelope, Nothing> {
        let name = reaction.key.split_whitespace().collect::<String>();
        if name.is_empty() {
            return Err(Nothing::Ignored("reaction"));
        }
        // Clients without pictures of their own write the name of an emoji between colons.
        let name = match name.strip_prefix(':').and_then(|name| name.strip_suffix(':')) {
            Some(inner) if !inner.is_empty() => inner.to_owned(),
            _ => name,
        };
        let id = reaction.key.starts_with("mxc://").then(|| reaction.key.as_str().into());
        let event = Event::Reacted {
            target: reaction.target.as_str().into(),
            emoji: Emoji { name, id },
            added,
            version: self.id()?.as_str().to_owned(),
        };
        self.envelope(self.person(&reaction.sender, Standing::Person), event)
    }

    /// Rooms of version 11 and later name the target in the content
    /// (<https://spec.matrix.org/v1.11/client-server-api/#mroomredaction>).
    pub(super) fn redaction(&self) -> Result<Envelope, Nothing> {
        if let Some(reaction) = &self.added.reaction {
            return self.reacted(reaction, false);
        }
        let target = string(self.event, "redacts");
        let target = target.or_else(|| self.event.pointer("/content/redacts").and_then(Value::as_str));
        let target = target.ok_or_else(|| Nothing::Unreadable("`redacts` is missing".into()))?;
        self.envelope(self.sender()?, Event::Deleted { target: target.into() })
    }

    /// The list of pins, against the one before (<https://spec.matrix.org/v1.11/client-server-api/#mroompinned_events>).
    pub(super) fn pins(&self) -> Result<Vec<Envelope>, Nothing> {
        let list = |path: &str| -> Vec<&str> {
            let pinned = self.event.pointer(path).and_then(Value::as_array);
            pinned.into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let now = list("/content/pinned");
        let before = list("/unsigned/prev_content/pinned");
        let (now_set, before_set): (BTreeSet<_>, BTreeSet<_>) =
            (now.iter().copied().collect(), before.iter().copied().collect());
        let version = required(self.event, "event_id")?;
        let gone = before.iter().filter(|id| !now_set.contains(*id)).map(|id| (*id, false));
        let new = now.iter().filter(|id| !before_set.contains(*id)).map(|id| (*id, true));
        let changes: Vec<_> = gone.chain(new).collect();
        if changes.is_empty() {
            return Err(Nothing::Ignored("pin"));
        }
        let author = self.sender()?;
        let pinned = |(id, on): (&str, bool)| {
            self.envelope(
                author.clone(),
                Event::Pinned { target: id.into(), on, version: version.to_owned() },
            )
        };
        changes.into_iter().map(pinned).collect()
    }
}
