//! What is in a room and is not to be seen there any more, or not as it is.

use super::super::core::{Core, LaneHandle};
use super::super::files::Files;
use super::super::masked::Seen;
use super::{Work, change, delete};
use crate::observe::Count;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{Envelope, Event, Feature, Support};

/// A message of which the room may see less than it did: shown anew, or deleted where it would still say who it is.
pub fn masked(
    core: &Core,
    lane: &LaneHandle,
    target: EnvelopeId,
    content: Option<&Seen>,
    files: &Files,
) -> Result<Work, StoreError> {
    let can = lane.account.connector.capabilities(&lane.room);
    let Some(posted) = core.ledger.envelope(target)? else { return Ok(Work::Nothing) };
    if posted.origin == lane.room {
        return Ok(Work::Nothing);
    }
    if matches!(posted.event, Event::PollEnded { .. } | Event::Member { .. }) {
        return untold(core, lane, target, &posted);
    }
    let named = core.is_named_too_much(&lane.room, target, &posted);
    match content.filter(|_| !(named && can.shows(Feature::Persona) == Support::Native)) {
        None if can.shows(Feature::Delete) == Support::Native => delete(core, lane, target),
        Some(content) if can.shows(Feature::Edit) == Support::Native => {
            change::rerender(core, lane, target, content, files)
        }
        // It stays as it was said: nothing can be changed there.
        _ => Ok(Work::Nothing),
    }
}

/// A message that was changed, where the room may not see what it is now.
pub fn outdated(core: &Core, lane: &LaneHandle, target: EnvelopeId) -> Result<Work, StoreError> {
    core.counters.add(Count::Withheld);
    masked(core, lane, target, None, &Files::default())
}

/// A line that the room was told, which goes where what it tells of is not to be seen any more.
fn untold(core: &Core, lane: &LaneHandle, line: EnvelopeId, told: &Envelope) -> Result<Work, StoreError> {
    let deletes = lane.account.connector.capabilities(&lane.room).shows(Feature::Delete) == Support::Native;
    let about = match told.subject() {
        Some(subject) => core.lookup.find(&subject)?.map(|found| found.envelope),
        None => None,
    };
    match deletes && core.is_withheld(&lane.room, line, told, &OutboxRow::new("", about))? {
        true => delete(core, lane, line),
        false => Ok(Work::Nothing),
    }
}
