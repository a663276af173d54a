//! Reactions from elsewhere on a message in a lane's room: Relay's own, and the line below a copy.

use super::super::core::{Core, LaneHandle};
use super::super::fan_out::holder;
use super::super::files::Files;
use super::content::Content;
use super::show::called;
use super::{Step, Steps, Work, change};
use crate::adapt::reactions::{self, Reaction};
use crate::store::{EnvelopeId, ShownReactions, StoreError};
use relay_contract::{Author, Feature, Speaker, Standing, Support, Timestamp};

/// What people in other rooms reacted with, in the order of their first reactions.
pub fn of(core: &Core, lane: &LaneHandle, subject: EnvelopeId) -> Result<Vec<Reaction>, StoreError> {
    let mut all: Vec<Reaction> = Vec::new();
    for (room, by) in core.ledger.reactions(subject)? {
        if room == lane.room {
            continue;
        }
        let emoji = by.emoji();
        match all.iter_mut().find(|reaction| plain(&reaction.emoji.name) == plain(&emoji.name)) {
            Some(reaction) => reaction.names.push(by.name),
            None => {
                let native = lane.account.connector.reaction(&lane.room, &emoji);
                all.push(Reaction { emoji, names: vec![by.name], native });
            }
        }
    }
    Ok(all)
}

/// The reactions of each, for a room where people of elsewhere react for themselves, with how the room writes them.
fn each(core: &Core, lane: &LaneHandle, subject: EnvelopeId) -> Result<Vec<(Speaker, String)>, StoreError> {
    let mut all: Vec<(Speaker, String)> = Vec::new();
    for (room, by) in core.ledger.reactions(subject)? {
        let native = lane.account.connector.reaction(&lane.room, &by.emoji());
        let Some(native) = native.filter(|_| room != lane.room) else { continue };
        let author = Author {
            id: by.user.as_str().into(),
            name: by.name.clone(),
            avatar: None,
            standing: Standing::Person,
        };
        let who = holder(&room, &author);
        if all.iter().any(|(speaker, emoji)| speaker.who == who && *emoji == native) {
            continue;
        }
        let name = called(core, &lane.room, &room, &author, "")?;
        all.push((Speaker { who, name, at: Timestamp(by.at), picture: None }, native));
    }
    Ok(all)
}

/// An emoji without the sign that asks for its coloured form: platforms write it or not.
fn plain(emoji: &str) -> &str {
    emoji.trim_end_matches('\u{FE0F}')
}

/// From what Relay has put on the message to what is to be there.
pub fn plan(
    core: &Core,
    lane: &LaneHandle,
    target: EnvelopeId,
    content: Option<&Content>,
    files: &Files,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    // Where it was split, what people look at last.
    let Some(message) = there.iter().rev().find(|message| !message.no_text).or(there.last()) else {
        return Ok(Work::Nothing);
    };
    let Some(content) = content else { return Ok(Work::Nothing) };
    let can = lane.account.connector.capabilities(&lane.room);
    let mut all = of(core, lane, target)?;
    let mut theirs = Vec::new();
    if lane.account.connector.each_reacts(&lane.room) {
        theirs = each(core, lane, target)?;
        all.retain(|reaction| reaction.native.is_none());
    }
    let wanted = match can.shows(Feature::Reaction) {
        Support::Native => reactions::own(&all, can.reactions),
        Support::Fallback | Support::Dropped => Vec::new(),
    };
    let mut shown = core.ledger.shown_reactions(target, &lane.room)?;
    // An edit may have put another message in its place, which bears nothing yet.
    if shown.on.as_ref().is_some_and(|on| *on != message.id.as_str()) {
        shown.own.clear();
        shown.by.clear();
    }
    let off = shown.own.iter().filter(|emoji| !wanted.contains(emoji));
    let on = wanted.iter().filter(|emoji| !shown.own.contains(emoji));
    let react = |emoji: &String, on| Step::React(message.clone(), emoji.clone(), on, None);
    let mut steps: Vec<Step> =
        off.map(|emoji| react(emoji, false)).chain(on.map(|emoji| react(emoji, true))).collect();
    let by: Vec<(String, String)> =
        theirs.iter().map(|(speaker, emoji)| (speaker.who.clone(), emoji.clone())).collect();
    for (who, emoji) in shown.by.iter().filter(|theirs| !by.contains(theirs)) {
        let gone = Speaker { who: who.clone(), name: String::new(), at: Timestamp::now(), picture: None };
        steps.push(Step::React(message.clone(), emoji.clone(), false, Some(gone)));
    }
    for ((speaker, emoji), key) in theirs.into_iter().zip(&by) {
        if !shown.by.contains(key) {
            steps.push(Step::React(message.clone(), emoji, true, Some(speaker)));
        }
    }
    if let (Some(pinned), Some(first)) = (&mut shown.pinned, there.first())
        && *pinned != first.id.as_str()
    {
        steps.push(Step::Pin(first.clone(), true));
        *pinned = first.id.to_string();
    }
    let on = Some(message.id.to_string());
    // A person's own message cannot be given a line, and no message where none can be changed.
    let of_person = content.origin == lane.room;
    let changes = can.shows(Feature::Edit) == Support::Native;
    let tally = changes && !of_person && reactions::tally(&all, can.reactions).is_some();
    let mut lost = Vec::new();
    if (tally || shown.tally)
        && let Work::Steps(changes) = change::rerender(core, lane, target, content, files)?
    {
        lost = changes.lost;
        steps.extend(changes.steps);
    } else {
        steps.extend(there.into_iter().map(Step::Keep));
    }
    let shown = Some(ShownReactions { own: wanted, by, tally, on, ..shown });
    Ok(Work::Steps(Steps { steps, subject: target, shown, of_person, lost, ..Steps::default() }))
}
