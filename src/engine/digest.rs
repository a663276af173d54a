//! Who came and went, told once an hour: a message of Relay's own in each room whose link wants a digest. Which digests told of somebody is
//! found again in the journal.

use super::consent::Deed;
use super::core::Core;
use super::news;
use crate::adapt::names::presentable;
use crate::adapt::plain;
use crate::consent::DataClass;
use crate::store::{EnvelopeId, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Envelope, Event, RoomKey, Text, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How the id of a digest begins.
pub(super) const DIGEST: &str = "digest-";
/// How often it is looked whether a digest is due.
const LOOK: Duration = Duration::from_secs(60);
/// News are told at the latest after so many milliseconds.
const AFTER: i64 = 60 * 60 * 1000;
/// So many lines; the rest is counted.
const LINES: usize = 20;

/// Tells digests until the task is ended.
pub async fn run(core: Arc<Core>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = tell_due(&core, Timestamp::now().0).await {
            tracing::error!(%error, "a digest was not told; it is tried again");
        }
    }
}

async fn tell_due(core: &Core, now: i64) -> Result<(), StoreError> {
    for (room, ids) in core.ledger.digests()? {
        let oldest = match ids.first() {
            Some(first) => core.ledger.envelope(*first)?.map_or(0, |news| news.at.0),
            None => continue,
        };
        if now.saturating_sub(oldest) >= AFTER {
            tell(core, room, ids).await?;
        }
    }
    Ok(())
}

async fn tell(core: &Core, room: RoomKey, ids: Vec<EnvelopeId>) -> Result<(), StoreError> {
    let Some((account, last)) = core.lane(&room).map(|lane| lane.account.name.clone()).zip(ids.last()) else {
        return core.ledger.digested(room, ids).await;
    };
    let (language, mut lines) = (core.language_of(&room), Vec::new());
    // Whoever says no from here on withholds it.
    let at = Timestamp::now();
    for id in &ids {
        let Some(news) = core.ledger.envelope(*id)? else { continue };
        // They may have said no since.
        let seen = Deed::of(*id, &news).is_none_or(|deed| {
            [DataClass::Presence, DataClass::Identity]
                .into_iter()
                .all(|class| core.may_see(&room, deed, class))
        });
        if seen {
            lines.extend(news::line(core, &room, &news));
        }
    }
    if lines.is_empty() {
        return core.ledger.digested(room, ids).await;
    }
    // Named by the last of its news: told again after a crash, it is known.
    let event = Event::Noticed {
        id: format!("{DIGEST}{last}").as_str().into(),
        // No channel has an empty name: the room alone is told.
        channel: String::new(),
        body: in_words(language, &lines),
    };
    let envelope = Envelope { origin: room.clone(), author: None, at, event };
    let queued = core.ledger.accept(account, vec![envelope]).await?;
    queued.await.map_err(|_| StoreError::Closed)??;
    core.ledger.digested(room, ids).await
}

/// Finds the digests that told of somebody, where the journal is gone through in its order.
#[derive(Default)]
pub(super) struct Digests {
    /// Their comings and goings so far.
    news: Vec<(EnvelopeId, Envelope)>,
    /// The last news of each room's last digest so far.
    told: BTreeMap<RoomKey, EnvelopeId>,
}

impl Digests {
    /// Somebody came or went.
    pub fn add(&mut self, id: EnvelopeId, news: Envelope) {
        self.news.push((id, news));
    }

    /// Which of these a digest has told.
    pub fn told_by(&mut self, core: &Core, digest: &Envelope) -> Vec<&(EnvelopeId, Envelope)> {
        let (Some(last), Event::Noticed { body, .. }) = (last_of(digest), &digest.event) else {
            return Vec::new();
        };
        let room = &digest.origin;
        let before = self.told.insert(room.clone(), last);
        let is_of_its_hour = |id: EnvelopeId| id <= last && before.is_none_or(|before| id > before);
        let routes = core.routes.borrow().clone();
        let words = plain::text(body);
        // The room may be linked with others by now.
        let is_in = |news: &Envelope| {
            let names = news.author.as_ref().map(|author| core.names_of(&news.origin, author));
            names.into_iter().flatten().any(|name| words.contains(&*presentable(&name)))
                || routes.targets(&news.origin).iter().any(|(target, _)| target == room)
        };
        self.news.iter().filter(|(id, news)| is_of_its_hour(*id) && is_in(news)).collect()
    }
}

/// Whether an envelope is a digest.
pub(super) fn is_digest(envelope: &Envelope) -> bool {
    last_of(envelope).is_some()
}

/// The last news that a digest has told; none where it is none.
fn last_of(envelope: &Envelope) -> Option<EnvelopeId> {
    match &envelope.event {
        Event::Noticed { id, .. } => EnvelopeId::parse(id.as_str().strip_prefix(DIGEST)?),
        _ => None,
    }
}

fn in_words(language: Language, lines: &[String]) -> Text {
    let mut runs = vec![Run::new(Leaf::Plain(text!(language, "digest-first")))];
    let shown = lines.iter().take(LINES).cloned();
    let more = lines.len().saturating_sub(LINES);
    let rest = (more > 0).then(|| text!(language, "digest-more", count = more));
    runs.extend(
        shown.chain(rest).zip(0_u32..).map(|(line, item)| {
            Run::new(Leaf::Plain(line)).inside(&[Container::Item { item, number: None }])
        }),
    );
    Text::from_runs(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted() {
        let lines: Vec<String> = (0..25).map(|number| format!("line {number}")).collect();
        let words = in_words(Language::English, &lines).excerpt(1000);
        assert!(words.starts_with("In the last hour: line 0 line 1"), "{words}");
        assert!(words.ends_with("line 19 and 5 more"), "{words}");
        assert!(in_words(Language::English, &lines[..2]).excerpt(1000).ends_with("line 1"));
    }
}
