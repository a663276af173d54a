//! Commands about one message: `/relay who` and `/relay delete`, in an answer to it or from its menu.

use super::{Commands, Refused, words};
use crate::adapt::names::{capitalised, presentable};
use crate::engine::RunningAccount;
use crate::store::{EnvelopeId, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::{Author, Call, Envelope, Event, MessageKey, MessageRef, RoomKey, Standing, Timestamp};
use std::sync::Arc;

/// So many names are told an emoji.
const NAMES: usize = 40;

impl Commands {
    /// Who reacted to a message, in all rooms, and with what.
    pub(super) fn who(&self, call: &Call, message: Option<&MessageRef>) -> Result<String, Refused> {
        let language = self.language(call);
        let (_, subject) = self.subject(call, message, "who")?;
        let reactions = self.core.reactions_seen_in(&call.room, subject);
        let reactions = reactions.map_err(|error| unreadable(language, &error))?;
        if reactions.is_empty() {
            return Ok(text!(language, "who-nobody"));
        }
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for (room, by) in reactions {
            let who = format!("{} ({})", presentable(&by.name), capitalised(&room.platform));
            let emoji = by.emoji().shown();
            match lines.iter_mut().find(|(known, _)| *known == emoji) {
                Some((_, names)) => names.push(who),
                None => lines.push((emoji, vec![who])),
            }
        }
        let line = |(emoji, mut names): (String, Vec<String>)| {
            let more = names.len().saturating_sub(NAMES);
            names.truncate(NAMES);
            let more = match more {
                0 => String::new(),
                more => format!(" {}", text!(language, "who-more", count = more)),
            };
            format!("{emoji} {}{more}", names.join(", "))
        };
        Ok(lines.into_iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Deletes a message in every room: its author may, and whoever may manage the room.
    pub(super) async fn remove(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        message: Option<&MessageRef>,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        let (message, posted) = self.posted(call, message)?;
        let origin = posted.as_ref().map(|posted| posted.origin.clone());
        let is_author = posted.is_some_and(|posted| {
            let same_network = (&posted.origin.platform, &posted.origin.network)
                == (&call.room.platform, &call.room.network);
            same_network && posted.author.as_ref().is_some_and(|author| author.id == call.asker.id)
        });
        if !is_author {
            self.must_manage(account, call).await?;
        }
        let asker = &call.asker;
        let author = Author {
            id: asker.id.clone(),
            name: asker.name.clone(),
            avatar: None,
            standing: Standing::Person,
        };
        let event = Event::Removed { target: message.id.clone() };
        let envelope =
            Envelope { origin: call.room.clone(), author: Some(author), at: Timestamp::now(), event };
        // What is held at the door goes before it, so that it is known where it is to go.
        let stored = match self.core.ledger.hold(account.name.clone(), vec![(envelope, false)]).await {
            Ok(queued) => queued.await.map_err(|_| StoreError::Closed).and_then(|verdict| verdict),
            Err(error) => Err(error),
        };
        stored.map_err(|error| unreadable(language, &error))?;
        tracing::info!(room = %call.room, message = %message.id, "a message is removed everywhere");
        let moderated =
            |origin: &RoomKey| *origin == call.room || self.core.routes.borrow().moderates(origin);
        Ok(match origin {
            Some(origin) if !moderated(&origin) => text!(language, "delete-stays"),
            Some(origin) if !self.core.removes_in(&origin) => text!(language, "delete-kept"),
            _ => text!(language, "delete-begun"),
        })
    }

    /// The message that is meant, and what brought it; it may be held at the door still.
    fn posted<'m>(
        &self,
        call: &Call,
        message: Option<&'m MessageRef>,
    ) -> Result<(&'m MessageRef, Option<Arc<Envelope>>), Refused> {
        let (ledger, language) = (&self.core.ledger, self.language(call));
        if let Some(message) = message {
            let key = MessageKey { room: call.room.clone(), id: message.id.clone() };
            if let Some(held) = ledger.held_message(&key).map_err(|error| unreadable(language, &error))? {
                return Ok((message, Some(Arc::new(held.envelope))));
            }
        }
        let (message, subject) = self.subject(call, message, "delete")?;
        Ok((message, ledger.envelope(subject).map_err(|error| unreadable(language, &error))?))
    }

    pub(super) fn subject<'m>(
        &self,
        call: &Call,
        message: Option<&'m MessageRef>,
        verb: &str,
    ) -> Result<(&'m MessageRef, EnvelopeId), Refused> {
        let language = self.language(call);
        let Some(message) = message else {
            return Err(words::which(language, &call.room.platform, verb));
        };
        let key = MessageKey { room: call.room.clone(), id: message.id.clone() };
        match self.core.lookup.find(&key) {
            Ok(Some(found)) => Ok((message, found.envelope)),
            Ok(None) => Err(text!(language, "message-unknown")),
            Err(error) => Err(unreadable(language, &error)),
        }
    }
}

fn unreadable(language: Language, error: &StoreError) -> Refused {
    tracing::error!(%error, "a command cannot use the ledger");
    text!(language, "state-unreadable")
}
