//! Reactions from elsewhere on a message in a lane's room: Relay's own, and the line below a copy.

use super::super::core::{Core, LaneHandle};
use super::super::fan_out::holder;
use super::super::files::Files;
use super::super::masked::Seen;
use super::show::called;
use super::{Mark, Step, Steps, Work, change};
use crate::adapt::reactions::{self, Reaction};
use crate::store::{EnvelopeId, OutboxRow, ShownReactions, StoreError};
use relay_contract::{Author, Feature, MessageRef, Speaker, Standing, Support, Timestamp};

/// What people in other rooms reacted with, in the order of their first reactions.
pub fn of(core: &Core, lane: &LaneHandle, subject: EnvelopeId) -> Result<Vec<Reaction>, StoreError> {
    let mut all: Vec<Reaction> = Vec::new();
    for (room, by) in core.reactions_seen_in(&lane.room, subject)? {
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
    for (room, by) in core.reactions_seen_in(&lane.room, subject)? {
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

/// So many are put before it is looked again what is wanted.
const MARKS: usize = 16;

/// What is to be taken from a message and put on it, each with what is shown then.
fn marks(
    message: &MessageRef,
    first: Option<&MessageRef>,
    wanted: &[String],
    theirs: Vec<(Speaker, String)>,
    mut shown: ShownReactions,
) -> Vec<(Mark, ShownReactions)> {
    let mut marks = Vec::new();
    let mut put = |mark, shown: &ShownReactions| {
        if marks.len() < MARKS {
            marks.push((mark, shown.clone()));
        }
    };
    let react = |emoji: String, on, by| Mark::React { target: message.clone(), emoji, on, by };
    let gone: Vec<String> = shown.own.iter().filter(|emoji| !wanted.contains(emoji)).cloned().collect();
    for emoji in gone {
        shown.own.retain(|own| *own != emoji);
        put(react(emoji, false, None), &shown);
    }
    for emoji in wanted {
        if !shown.own.contains(emoji) {
            shown.own.push(emoji.clone());
            put(react(emoji.clone(), true, None), &shown);
        }
    }
    let is_wanted = |(who, emoji): &(String, String)| {
        theirs.iter().any(|(speaker, native)| speaker.who == *who && native == emoji)
    };
    let gone: Vec<(String, String)> = shown.by.iter().filter(|by| !is_wanted(by)).cloned().collect();
    for by in gone {
        shown.by.retain(|other| *other != by);
        let (who, emoji) = by;
        let speaker = Speaker { who, name: String::new(), at: Timestamp::now(), picture: None };
        put(react(emoji, false, Some(speaker)), &shown);
    }
    for (speaker, emoji) in theirs {
        let by = (speaker.who.clone(), emoji.clone());
        if !shown.by.contains(&by) {
            shown.by.push(by);
            put(react(emoji, true, Some(speaker)), &shown);
        }
    }
    if let (Some(pinned), Some(first)) = (&mut shown.pinned, first)
        && *pinned != first.id.as_str()
    {
        *pinned = first.id.to_string();
        put(Mark::Pin { target: first.clone(), on: true }, &shown);
    }
    marks
}

/// From what Relay has put on the message to what is to be there.
pub fn plan(
    core: &Core,
    lane: &LaneHandle,
    target: EnvelopeId,
    row: &OutboxRow,
    content: Option<&Seen>,
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
    shown.on = Some(message.id.to_string());
    let before = shown.clone();
    let marks = marks(message, there.first(), &wanted, theirs, shown);
    // With a part of the line changed already, that is brought to its end; what came meanwhile has a row of its own.
    if !marks.is_empty() && row.done.is_empty() {
        let of_person = *content.origin() == lane.room;
        return Ok(Work::Marks { marks, subject: target, of_person, are_all: false });
    }
    // A person's own message cannot be given a line, and no message where none can be changed.
    let of_person = *content.origin() == lane.room;
    let changes = can.shows(Feature::Edit) == Support::Native;
    let language = core.language_of(&lane.room);
    let tally = changes && !of_person && reactions::tally(language, &all, can.reactions).is_some();
    let (mut lost, mut steps) = (Vec::new(), Vec::new());
    if (tally || before.tally)
        && let Work::Steps(changes) = change::rerender(core, lane, target, content, files)?
    {
        lost = changes.lost;
        steps.extend(changes.steps);
    } else {
        steps.extend(there.into_iter().map(Step::Keep));
    }
    let shown = Some(ShownReactions { tally, ..before });
    Ok(Work::Steps(Steps { steps, subject: target, shown, of_person, lost, ..Steps::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_says_what_is_shown_then_and_the_last_what_is_wanted() {
        let speaker = |who: &str| Speaker {
            who: who.into(),
            name: who.to_uppercase(),
            at: Timestamp::now(),
            picture: None,
        };
        let by = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            all.iter().map(|(who, emoji)| ((*who).to_owned(), (*emoji).to_owned())).collect()
        };
        let own = |all: &[&str]| all.iter().map(|emoji| (*emoji).to_owned()).collect::<Vec<_>>();
        let shown = ShownReactions {
            own: own(&["old", "kept"]),
            by: by(&[("ada", "x"), ("bo", "x")]),
            pinned: Some("0".into()),
            ..ShownReactions::default()
        };
        let message = MessageRef::plain("1");
        let theirs = vec![(speaker("bo"), "x".to_owned()), (speaker("cy"), "y".to_owned())];
        let all = marks(&message, Some(&message), &own(&["kept", "new"]), theirs.clone(), shown);
        let told = all.iter().map(|(mark, _)| match mark {
            Mark::React { emoji, on, by, .. } => {
                let who = by.as_ref().map_or("Relay", |by| by.who.as_str());
                format!("{}{emoji} by {who}", if *on { '+' } else { '-' })
            }
            Mark::Pin { target, on } => format!("{}pin {}", if *on { '+' } else { '-' }, target.id),
        });
        let expected = ["-old by Relay", "+new by Relay", "-x by ada", "+y by cy", "+pin 1"];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(all[0].1.own, own(&["kept"]));
        assert_eq!(all[2].1.by, by(&[("bo", "x")]), "what comes after it is not shown yet");
        // Broken off anywhere, the rest is what is left to do.
        for at in 0..all.len() {
            let rest =
                marks(&message, Some(&message), &own(&["kept", "new"]), theirs.clone(), all[at].1.clone());
            assert_eq!(rest.len(), all.len() - at - 1);
        }
    }
}
