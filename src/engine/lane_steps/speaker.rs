//! Who says what a row brings, for platforms where people of elsewhere have accounts of their own.

use super::super::core::LaneHandle;
use super::super::fan_out::holder;
use super::super::files::Files;
use super::content::Content;
use relay_contract::{Envelope, Feature, Speaker, Support};

/// Whoever said it; none where the room shows no names natively, and for what Relay says itself.
pub fn of(
    lane: &LaneHandle,
    envelope: &Envelope,
    content: Option<&Content>,
    files: &Files,
    name: String,
) -> Option<Speaker> {
    let content = content?;
    let can = lane.account.connector.capabilities(&lane.room);
    if can.shows(Feature::Persona) != Support::Native {
        return None;
    }
    let who = holder(&content.origin, content.author.as_ref()?);
    Some(Speaker { who, name, at: envelope.at, picture: files.picture.clone() })
}
