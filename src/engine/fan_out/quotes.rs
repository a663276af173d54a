//! A quote follows what it quotes: when a message is changed or deleted, its answers are shown anew where they quote it.

use super::super::core::Core;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{Account, Envelope, Event, Timestamp};
use std::collections::BTreeMap;

/// How many answers to one message are looked after, oldest first.
const MOST: usize = 200;
/// How the version of such an event begins; behind it stands the change.
const QUOTED: &str = "quoted ";

/// Whether an arrival is that of a new quote, and not of a file.
pub fn is_of_quote(version: &str) -> bool {
    version.starts_with(QUOTED)
}

/// Puts the answers to a message into the journal, to be shown anew after the change. Doing it again changes nothing.
pub async fn follow(core: &Core, change: EnvelopeId, target: EnvelopeId) -> Result<(), StoreError> {
    // One wait for the disk an account, however many answers there are: everybody's messages wait meanwhile.
    let mut all: BTreeMap<Account, Vec<Envelope>> = BTreeMap::new();
    for answer in core.ledger.answers(target, MOST)? {
        let Some(posted) = core.ledger.envelope(answer)? else { continue };
        let Event::Posted(message) = &posted.event else { continue };
        let account = core.known.asked_for(&posted.origin).into_iter().next().map(|(by, ..)| by);
        let Some(account) = account else { continue };
        let event = Event::Arrived { target: message.at.id.clone(), version: format!("{QUOTED}{change}") };
        let arrived = Envelope { origin: posted.origin.clone(), author: None, at: Timestamp::now(), event };
        all.entry(account).or_default().push(arrived);
    }
    for (account, arrived) in all {
        let queued = core.ledger.accept(account, arrived).await?;
        queued.await.map_err(|_| StoreError::Closed)??;
    }
    Ok(())
}
