//! The mapping actor: the single writer of the index, on a thread of its own because sled blocks.

use super::core::Core;
use crate::store::{Ledger, MappingIndex, StoreError};
use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use std::sync::Arc;

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

/// Starts the actor.
pub fn start(index: MappingIndex, ledger: Ledger) -> Addr<Mapping> {
    SyncArbiter::start(1, move || Mapping { index: index.clone(), ledger: ledger.clone() })
}

/// Keeps the index close behind the ledger. Lookups never depend on it: they read the ledger's lines beyond it.
pub async fn follow(core: Arc<Core>, mapping: Addr<Mapping>) {
    loop {
        core.ledger.something_indexed().await;
        match mapping.send(CatchUp).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the mapping cannot be written; lookups use the ledger")
            }
            Err(error) => tracing::error!(%error, "the mapping's thread is gone; lookups use the ledger"),
        }
    }
}
