//! Who comes, goes and is called something else; and what the room is called.

use super::{Nothing, Reader, required, string};
use relay_contract::{Envelope, Event, MemberChange, Standing};
use serde_json::Value;

impl Reader<'_> {
    /// What somebody was before stands beside what they are
    /// (<https://spec.matrix.org/v1.11/client-server-api/#mroommember>).
    pub(super) fn member(&self) -> Result<Envelope, Nothing> {
        let user = required(self.event, "state_key")?;
        if self.payload.is_own(user) {
            return Err(Nothing::Ignored("own membership"));
        }
        let at =
            |path: &str| self.event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let now = at("/content/membership");
        let now = now.ok_or_else(|| Nothing::Unreadable("`membership` is missing".into()))?;
        let (is, was) = (now == "join", at("/unsigned/prev_content/membership") == Some("join"));
        let (name, before) = (at("/content/displayname"), at("/unsigned/prev_content/displayname"));
        let mut author = self.person(user, Standing::Person);
        let change = match (is, was) {
            (true, false) => MemberChange::Joined,
            (false, true) => {
                // Whoever leaves has no name any more.
                if let Some(before) = before {
                    author.name = before.to_owned();
                }
                MemberChange::Left
            }
            (true, true) if name != before => {
                MemberChange::Renamed(before.unwrap_or(crate::known::local_part(user)).to_owned())
            }
            (true, true) => return Err(Nothing::Ignored("profile")),
            (false, false) => return Err(Nothing::Ignored("invitation")),
        };
        if is {
            author.name = name.unwrap_or(crate::known::local_part(user)).to_owned();
        }
        let version = self.id()?.as_str().to_owned();
        self.envelope(author, Event::Member { change, version })
    }

    pub(super) fn renamed(&self) -> Result<Envelope, Nothing> {
        if string(self.event, "state_key").is_some() {
            return Err(Nothing::Ignored("not a message"));
        }
        let name = self.event.pointer("/content/name").and_then(Value::as_str).map(str::trim);
        let before = self.event.pointer("/unsigned/prev_content/name").and_then(Value::as_str).map(str::trim);
        match name.filter(|name| !name.is_empty()) {
            Some(name) if Some(name) != before => {
                let version = self.id()?.as_str().to_owned();
                self.envelope(self.sender()?, Event::Renamed { name: name.to_owned(), version })
            }
            _ => Err(Nothing::Ignored("room name")),
        }
    }
}
