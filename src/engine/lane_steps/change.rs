//! A message that is in the room already, as it is to be now: parts are changed, added and deleted.

use super::super::core::{Core, LaneHandle};
use super::super::files::Files;
use super::super::masked::Seen;
use super::place::Place;
use super::show::show;
use super::{Step, Steps, Work};
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{Draft, FileDraft, MessageRef, Part};

/// What leads from what is there to what is to be there.
pub fn rerender(
    core: &Core,
    lane: &LaneHandle,
    target: EnvelopeId,
    content: &Seen,
    files: &Files,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    if there.is_empty() {
        return Ok(match core.ledger.is_taken_back(target)? {
            // It was deleted before it came here, and nobody is to see any of it.
            true => Work::Nothing,
            false => Work::Impossible("target_gone"),
        });
    }
    let thread = there.first().and_then(|message| message.thread.clone());
    let connector = &lane.account.connector;
    let render = |draft: &Draft| connector.render(&lane.room, draft);
    let mut adapted = show(core, lane, content, files, &Place::Main, "")?;
    let new = adapted.take_files(|number| there.iter().any(|message| message.files.contains(&number)));
    // Where the text stands by itself it stays so, and files beside it are what they are.
    let apart = there.first().is_some_and(|first| first.files.is_empty());
    let beside = if apart { adapted.take_files(|_| false) } else { Vec::new() };
    let (of_files, of_text): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|message| apart && !message.files.is_empty());
    let more = core.routes.borrow().speaks(&lane.room);
    // The line that said what follows: the files take its place.
    let only_files = apart && more && adapted.says_nothing() && !(beside.is_empty() && new.is_empty());
    let parts = if only_files { Vec::new() } else { adapted.parts(render) };
    let can_post = |part: &Part| files.of_part(&part.files).len() == part.files.len();
    let mut steps = match more && out_of_order(&of_text, &parts) && parts.iter().all(can_post) {
        true => of_text.into_iter().map(Step::Delete).chain(parts.into_iter().map(Step::Post)).collect(),
        false => steps(of_text, parts, more),
    };
    for message in of_files {
        let kept: Vec<FileDraft> =
            beside.iter().filter(|file| message.files.contains(&file.index)).cloned().collect();
        let all = kept.len() == message.files.len();
        steps.push(match adapted.follow_up(kept, render).into_iter().next() {
            // What bears words beside its files bore a part of a longer text.
            Some(_) if all && message.no_text => Step::Keep(message),
            Some(part) => Step::Edit(message, part),
            None => Step::Delete(message),
        });
    }
    // A room that has left is told what changes in what it has, and gets nothing new.
    if more {
        steps.extend(adapted.follow_up(new, render).into_iter().map(Step::Post));
    }
    Ok(Work::Steps(Steps { thread, reply_to: None, rerenders: true, ..Steps::of(steps, adapted, target) }))
}

/// The same where nothing of what is there may stay: all of it goes, and comes again behind it.
pub fn anew(
    core: &Core,
    lane: &LaneHandle,
    target: EnvelopeId,
    content: &Seen,
    files: &Files,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    // A room that has left gets nothing new, and what is gone already is told in the same words.
    if there.is_empty() || !core.routes.borrow().speaks(&lane.room) {
        return match there.is_empty() {
            true => rerender(core, lane, target, content, files),
            false => super::delete(core, lane, target),
        };
    }
    let thread = there.first().and_then(|message| message.thread.clone());
    let connector = &lane.account.connector;
    let adapted = show(core, lane, content, files, &Place::Main, "")?;
    let parts = adapted.parts(|draft| connector.render(&lane.room, draft));
    // A file whose bytes are not kept any more cannot come again.
    let kept = |part: Part| {
        let has = |number: &u16| files.uploads.iter().any(|upload| upload.index == *number);
        Part { files: part.files.iter().copied().filter(has).collect(), ..part }
    };
    let parts = parts.into_iter().map(kept).filter(|part| !(part.text.is_empty() && part.files.is_empty()));
    let steps = there.into_iter().map(Step::Delete).chain(parts.map(Step::Post)).collect();
    Ok(Work::Steps(Steps { thread, reply_to: None, rerenders: true, ..Steps::of(steps, adapted, target) }))
}

/// Whether words would have to be posted that belong before what is there already: a text that has outgrown the file it stood beside.
fn out_of_order(there: &[MessageRef], parts: &[Part]) -> bool {
    let Some(first) = there.first().filter(|first| !first.files.is_empty()) else { return false };
    let stays = parts.iter().position(|part| part.files.iter().any(|file| first.files.contains(file)));
    stays.is_some_and(|stays| parts[..stays].iter().any(|part| !part.text.is_empty()))
}

/// Pairs what is there with what is to be there: by files first, then text by text in order.
pub fn steps(there: Vec<MessageRef>, parts: Vec<Part>, more: bool) -> Vec<Step> {
    let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    // Files of parts that are paired: the other messages of an album go with its first.
    let mut settled: Vec<u16> = Vec::new();
    let mut steps = Vec::new();
    for message in there {
        if !message.files.is_empty() && message.files.iter().all(|file| settled.contains(file)) {
            steps.push(Step::Keep(message));
            continue;
        }
        let belongs = |part: &Part| match message.files.is_empty() {
            true => part.files.is_empty(),
            false => part.files.iter().any(|file| message.files.contains(file)),
        };
        let found = parts.iter_mut().find(|part| part.as_ref().is_some_and(belongs)).and_then(Option::take);
        steps.push(match found {
            Some(part) => {
                settled.extend(&part.files);
                let kept: Vec<u16> =
                    message.files.iter().copied().filter(|file| part.files.contains(file)).collect();
                if message.no_text && part.text.is_empty() && kept == message.files {
                    Step::Keep(message)
                } else {
                    Step::Edit(message, Part { files: kept, ..part })
                }
            }
            None => Step::Delete(message),
        });
    }
    if more {
        steps.extend(parts.into_iter().flatten().map(Step::Post));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(steps: &[Step]) -> String {
        let words = steps.iter().map(|step| match step {
            Step::Post(part) => format!("post {} {:?}", part.text, part.files),
            Step::Edit(message, part) => format!("edit {} {} {:?}", message.id, part.text, part.files),
            Step::Keep(message) => format!("keep {}", message.id),
            Step::Delete(message) => format!("delete {}", message.id),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_is_there_becomes_what_is_to_be_there() {
        let text = |id: &str| MessageRef::plain(id);
        let with = |id: &str, files: &[u16], no_text| MessageRef::plain(id).holding(files.to_vec(), no_text);
        let part = |text: &str, files: &[u16]| Part {
            files: files.to_vec(),
            ..Part::text(text, serde_json::Value::Null)
        };
        let album = || vec![with("1", &[0], false), with("2", &[1], true), with("3", &[2], true)];
        let cases = [
            ("another text", vec![text("1")], vec![part("b", &[])], "edit 1 b []"),
            ("a part more", vec![text("1")], vec![part("b", &[]), part("c", &[])], "edit 1 b [], post c []"),
            ("a part less", vec![text("1"), text("2")], vec![part("b", &[])], "edit 1 b [], delete 2"),
            ("a caption", vec![with("1", &[0], false)], vec![part("b", &[0])], "edit 1 b [0]"),
            ("a file less", vec![with("1", &[0, 1], false)], vec![part("b", &[1])], "edit 1 b [1]"),
            ("all files gone", vec![with("1", &[0], false)], vec![part("b", &[])], "delete 1, post b []"),
            (
                "text and file apart",
                vec![text("1"), with("2", &[0], true)],
                vec![part("b", &[]), part("", &[0])],
                "edit 1 b [], keep 2",
            ),
            (
                "a file of its own gone",
                vec![text("1"), with("2", &[0], true)],
                vec![part("b", &[])],
                "edit 1 b [], delete 2",
            ),
            ("a late file", vec![text("1")], vec![part("b", &[]), part("", &[0])], "edit 1 b [], post  [0]"),
            ("an album's caption", album(), vec![part("b", &[0, 1, 2])], "edit 1 b [0], keep 2, keep 3"),
            (
                "an album without its second",
                album(),
                vec![part("b", &[0, 2])],
                "edit 1 b [0], delete 2, keep 3",
            ),
        ];
        for (what, there, parts, expected) in cases {
            assert_eq!(said(&steps(there, parts, true)), expected, "{what}");
        }
        assert_eq!(said(&steps(vec![text("1")], vec![part("b", &[]), part("c", &[])], false)), "edit 1 b []");
        let beside = [with("1", &[0], false)];
        assert!(out_of_order(&beside, &[part("b", &[]), part("", &[0])]));
        assert!(!out_of_order(&beside, &[part("b", &[0]), part("c", &[])]));
        assert!(!out_of_order(&[text("1")], &[part("b", &[]), part("", &[0])]));
    }
}
