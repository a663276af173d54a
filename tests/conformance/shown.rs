//! What members of a room see, written down so that two runs write the same.

use crate::bench::{Bench, PLATFORMS};
use stand_ins::people::Seen;

/// All messages of a room that are there.
pub fn there(bench: &Bench, platform: &str) -> Vec<Seen> {
    let mut there: Vec<Seen> = bench.seen(platform).into_iter().filter(|message| !message.deleted).collect();
    // Discord signs a file's address anew each time.
    for file in there.iter_mut().flat_map(|message| &mut message.attachments) {
        file.url.clear();
    }
    there
}

/// What is in a room now and was not so before, without the messages that contain `but`.
pub fn changed(before: &[Seen], now: &[Seen], but: &str) -> Vec<Seen> {
    let is_new = |message: &&Seen| !before.iter().any(|known| known == *message);
    now.iter().filter(is_new).filter(|message| !message.text.contains(but)).cloned().collect()
}

/// What is gone from a room.
pub fn gone(before: &[Seen], now: &[Seen]) -> Vec<String> {
    let is_gone = |message: &&Seen| !now.iter().any(|known| known.id == message.id);
    before.iter().filter(is_gone).map(|message| message.id.clone()).collect()
}

/// Messages as a reader would describe them: no id, port or time in it.
pub fn written(bench: &Bench, messages: &[Seen]) -> String {
    let mut out = String::new();
    for message in messages {
        out.push_str(&format!("{}: {}\n", message.author, message.text));
        for entity in &message.entities {
            out.push_str(&format!("  {entity}\n"));
        }
        for extra in &message.extras {
            out.push_str(&format!("  {extra}\n"));
        }
        for file in &message.attachments {
            let hidden = if file.spoiler { ", hidden" } else { "" };
            out.push_str(&format!("  file {} ({}, {}){hidden}\n", file.name, file.kind, file.mime));
        }
        for reaction in &message.reactions {
            out.push_str(&format!("  reaction {} ×{}\n", reaction.emoji, reaction.people.len()));
        }
        if let Some(poll) = &message.poll {
            out.push_str(&format!("  poll {} {:?}\n", poll.question, poll.answers));
        }
        let marks = [
            (message.reply_to.is_some(), "an answer"),
            (message.thread.is_some(), "in a thread"),
            (message.pinned, "pinned"),
        ];
        for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) {
            out.push_str(&format!("  {mark}\n"));
        }
    }
    without_ids(bench, &out)
}

/// A text without the ids of messages and the ports of stand-ins.
pub fn without_ids(bench: &Bench, text: &str) -> String {
    let mut text = text.to_owned();
    let mut ids: Vec<String> = Vec::new();
    for platform in PLATFORMS {
        let (_, port) = bench
            .people(platform)
            .api_url()
            .rsplit_once(':')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        text = text.replace(&format!("127.0.0.1:{port}"), "HOST");
        for message in bench.seen(platform) {
            // Slack's links leave the point out.
            ids.extend([message.id.clone(), message.id.replace('.', "")]);
        }
    }
    // Telegram's are too short to be told from other numbers.
    ids.retain(|id| id.len() > 6);
    ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
    ids.iter().fold(text, |text, id| text.replace(id.as_str(), "ID"))
}
