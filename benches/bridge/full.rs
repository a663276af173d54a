//! State directories that a Relay has filled in years: a million receipts, a million deliveries that wait.

use crate::rig::Rig;
use crate::running::{Trouble, trouble};
use futures::{StreamExt, TryStreamExt, stream};
use relay::store::ledger::FannedOut;
use relay::store::{EnvelopeId, Ledger, MappingIndex, OutboxRow, Verdict};
use relay_contract::{Account, Author, Envelope, Event, Message, MessageRef, Standing, Text, Timestamp};

/// Envelopes in one command.
const AT_ONCE: u64 = 256;

/// What has become of the messages.
#[derive(Clone, Copy, PartialEq)]
pub enum Became {
    /// Each was delivered: two receipts, one where it was said and one where it was shown.
    Delivered,
    /// Each waits for its delivery.
    Waits,
}

/// Fills the state of a rig that has not been started yet.
pub async fn fill(rig: &Rig, messages: u64, became: Became) -> Result<(), Trouble> {
    let state = rig.state();
    let (ledger, writer) = Ledger::open(&state).map_err(trouble("the ledger"))?;
    let (here, there) = (rig.discord_room(), rig.slack_room());
    for first in (0..messages).step_by(AT_ONCE as usize) {
        let last = (first + AT_ONCE).min(messages);
        let said = (first..last).map(|number| {
            let text = format!("{number} is a line as people write it, with some words in it.");
            Envelope {
                origin: here.clone(),
                author: Some(Author {
                    id: "1".into(),
                    name: "Ada".into(),
                    avatar: None,
                    standing: Standing::Person,
                }),
                at: Timestamp::now(),
                event: Event::Posted(Message::new(
                    MessageRef::plain((1_000_000_000_000_000_000 + number).to_string()),
                    Text::plain(&text),
                )),
            }
        });
        let queued =
            ledger.accept(Account("discord".into()), said.collect()).await.map_err(trouble("accepting"))?;
        let verdicts = queued.await.map_err(trouble("accepting"))?.map_err(trouble("accepting"))?;
        let ids: Vec<EnvelopeId> = verdicts
            .into_iter()
            .filter_map(|verdict| match verdict {
                Verdict::Accepted(id) => Some(id),
                _ => None,
            })
            .collect();
        let row = || OutboxRow::new("lobby", None);
        let fanned =
            ids.iter().map(|&id| FannedOut { rows: vec![(there.clone(), row())], ..FannedOut::nowhere(id) });
        ledger.fan_out(fanned.collect()).await.map_err(trouble("fanning out"))?;
        if became == Became::Delivered {
            let (ledger, there) = (&ledger, &there);
            let completed = stream::iter(ids).map(|id| async move {
                let copy = vec![MessageRef::plain(format!("copy-{id}"))];
                ledger.complete(there.clone(), id, id, Some(copy), vec![], None).await
            });
            completed
                .buffered(AT_ONCE as usize)
                .try_collect::<Vec<()>>()
                .await
                .map_err(trouble("completing"))?;
        }
    }
    let index = MappingIndex::open(&state, &ledger, &mut |_, _| {}).map_err(trouble("the mapping"))?;
    ledger.close().await.map_err(trouble("closing"))?;
    drop(ledger);
    writer.join();
    index.close().map_err(trouble("the mapping"))
}
