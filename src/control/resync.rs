//! Reading a history through the control socket: a line a step, and what came of it.

use super::{Response, write};
use crate::commands::Commands;
use crate::engine::Progress;
use relay_contract::Timestamp;
use tokio::net::unix::OwnedWriteHalf;

/// Reads a history, and tells how it goes.
pub(super) async fn answer(
    commands: &Commands,
    room: &str,
    since: Option<i64>,
    batch: u16,
    to: &mut OwnedWriteHalf,
) -> std::io::Result<Response> {
    let (since, mut steps) = match commands.resync(room, since.map(Timestamp), batch.clamp(1, 100)) {
        Ok(begun) => begun,
        Err(refused) => return Ok(Response::Error(refused)),
    };
    let mut last = None;
    while let Some(step) = steps.recv().await {
        if step.at.is_none() {
            last = Some(step);
            continue;
        }
        let shown = Response::Resyncing { since: since.0, read: step.read, new: step.new, at: step.at };
        write(&shown, to).await?;
        last = Some(step);
    }
    Ok(match last {
        Some(Progress { refused: Some(why), .. }) => Response::Error(format!("{why}.")),
        Some(Progress { at: None, read, new, .. }) => Response::Resynced { read, new },
        _ => Response::Error("The connection to the platform ended before the end; ask again.".into()),
    })
}
