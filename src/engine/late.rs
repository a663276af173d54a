//! Files that rooms were told of and that were not there yet: when one comes, or certainly does not, its message is shown anew.

use super::core::Core;
use crate::media::FileKey;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{Envelope, Event, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How often it is looked whether something was missed.
const LOOK: Duration = Duration::from_secs(60);

/// Follows files until the task is ended.
pub async fn run(core: Arc<Core>) {
    let mut settled = core.media.settled();
    if let Err(error) = look_at_all(&core).await {
        tracing::error!(%error, "late files are not looked at");
    }
    loop {
        let told = tokio::select! {
            key = settled.recv() => match key {
                Ok(FileKey { envelope, index }) => told(&core, EnvelopeId(envelope), index).await,
                Err(RecvError::Lagged(_)) => look_at_all(&core).await,
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(LOOK) => look_at_all(&core).await,
        };
        match told {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::error!(%error, "a late file is not shown; it is looked at again"),
        }
    }
}

/// After a start nothing is being fetched: it begins again. What has settled meanwhile is told.
async fn look_at_all(core: &Core) -> Result<(), StoreError> {
    for (subject, file) in core.ledger.late_files()? {
        if !core.fetch_again(subject, file).await? {
            told(core, subject, file).await?;
        }
    }
    Ok(())
}

/// Says that a file has come, through the journal like everything that happens.
async fn told(core: &Core, subject: EnvelopeId, file: u16) -> Result<(), StoreError> {
    if !core.ledger.is_late(subject, file)? {
        return Ok(());
    }
    if let Some(posted) = core.ledger.envelope(subject)?
        && let Event::Posted(message) = &posted.event
        && let Some(account) = core.known.asked_for(&posted.origin).into_iter().next().map(|(by, ..)| by)
    {
        let event = Event::Arrived { target: message.at.id.clone(), version: file.to_string() };
        let arrived = Envelope { origin: posted.origin.clone(), author: None, at: Timestamp::now(), event };
        let queued = core.ledger.accept(account, vec![arrived]).await?;
        queued.await.map_err(|_| StoreError::Closed)??;
    }
    core.ledger.mark_late(subject, vec![file], false).await
}
