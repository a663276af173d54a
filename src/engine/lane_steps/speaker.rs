//! Who says what a row brings, for platforms where people of elsewhere have accounts of their own.

use super::super::core::LaneHandle;
use super::super::files::Files;
use super::super::masked::Seen;
use crate::consent::Person;
use relay_contract::{Envelope, Feature, Speaker, Support};

/// Whoever said it; none where the room shows no names natively, and for what Relay says itself.
pub fn of(
    lane: &LaneHandle,
    envelope: &Envelope,
    content: Option<&Seen>,
    files: &Files,
    name: String,
) -> Option<Speaker> {
    let content = content?;
    let can = lane.account.connector.capabilities(&lane.room);
    if can.shows(Feature::Persona) != Support::Native {
        return None;
    }
    // Only where the platform takes ids.
    let who = Person::from_parts(content.origin(), content.by()?.id()?.as_str()).as_str().to_owned();
    Some(Speaker { who, name, at: envelope.at, picture: files.picture.clone() })
}
