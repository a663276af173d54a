//! The mapping actor: the single writer of the index, on a thread of its own because sled blocks.

use super::core::Core;
use crate::store::records::IndexLine;
use crate::store::{Ledger, MappingIndex, StoreError};
use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long the ledger's newer lines are gathered, unless many come sooner: each write to the index wakes all of sled's threads,
/// however little it is.
const GATHER: Duration = Duration::from_secs(1);

/// The actor.
pub struct Mapping {
    index: MappingIndex,
    ledger: Ledger,
}

impl Actor for Mapping {
    type Context = SyncContext<Self>;
}

/// Take in what the ledger has and the index has not.
#[derive(Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct CatchUp;

impl Handler<CatchUp> for Mapping {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: CatchUp, _: &mut SyncContext<Self>) -> Self::Result {
        self.index.catch_up(&self.ledger, &mut |_, _| {})
    }
}

/// Forget what these lines have told, before the ledger does.
#[derive(Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Forget(pub Vec<IndexLine>);

impl Handler<Forget> for Mapping {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, Forget(lines): Forget, _: &mut SyncContext<Self>) -> Self::Result {
        self.index.forget(&self.ledger, &lines)
    }
}

/// Starts the actor.
pub fn start(index: MappingIndex, ledger: Ledger) -> Addr<Mapping> {
    SyncArbiter::start(1, move || Mapping { index: index.clone(), ledger: ledger.clone() })
}

/// Keeps the index close behind the ledger. Lookups never depend on it: they read the ledger's lines beyond it, or wait.
pub async fn follow(core: Arc<Core>, mapping: Addr<Mapping>) {
    let begun = core.lookup.is_behind().then(Instant::now);
    if begun.is_some() {
        let (reached, of) = (core.lookup.position(), core.ledger.position());
        tracing::info!(
            reached,
            of,
            "the mapping is brought up to the ledger: events are accepted, deliveries wait"
        );
    }
    catch_up(&mapping).await;
    if let Some(begun) = begun {
        tracing::info!(seconds = begun.elapsed().as_secs(), "the mapping is complete: deliveries go on");
    }
    loop {
        core.ledger.something_indexed().await;
        tokio::select! {
            () = core.ledger.much_indexed() => {}
            () = tokio::time::sleep(GATHER) => {}
        }
        catch_up(&mapping).await;
    }
}

async fn catch_up(mapping: &Addr<Mapping>) {
    match mapping.send(CatchUp).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the mapping cannot be written; lookups use the ledger"),
        Err(error) => tracing::error!(%error, "the mapping's thread is gone; lookups use the ledger"),
    }
}
