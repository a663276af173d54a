//! A message that a person passes on: an attachment that the client's "Forward message" makes. Slack does not document it; its
//! fields are those that <https://docs.slack.dev/reference/events/link_shared/> and clients show.

use super::rich::{list, string};
use super::{Content, Names, Shown, card, mrkdwn, plain, said};
use relay_contract::{Forward, NativeId, Style, Text};
use serde_json::Value;

/// Adds what was passed on. What the person says to it stands before it, and it is then a quote.
pub fn add(share: &Value, names: &Names, content: &mut Content) {
    let passed = passed_on(share, names);
    // Also where Slack does not tell: whose words they are is then unknown, and not nobody's.
    let id = |name| NativeId::from(string(share, name).unwrap_or_default());
    content.words_of.push((id("channel_id"), id("ts")));
    let from = Forward {
        author: author(share),
        author_id: string(share, "author_id").map(Into::into),
        room: room(share),
    };
    if content.body.is_empty() && content.shown.is_empty() && content.forward.is_none() {
        let words_of = std::mem::take(&mut content.words_of);
        *content = Content { forward: Some(from), words_of, ..passed };
        return;
    }
    content.quoted.extend(from.author_id);
    let whose = [from.author, from.room.map(|room| format!("#{room}"))].into_iter().flatten();
    let whose = plain(format!("Forwarded from {}", whose.collect::<Vec<_>>().join(" in ")));
    let head = Text::from_runs(vec![whose.styled(Style::Italic)]);
    content.body = std::mem::take(&mut content.body).followed_by(card::quoted(head.followed_by(passed.body)));
    content.shown.extend(passed.shown);
}

fn passed_on(share: &Value, names: &Names) -> Content {
    let messages = list(share, "message_blocks").iter().filter_map(|one| one.get("message"));
    let mut passed = Content::default();
    for message in messages {
        let one = said(message, names);
        passed.body = passed.body.followed_by(one.body);
        passed.shown.extend(one.shown);
    }
    if passed.body.is_empty() {
        let text = string(share, "text").or(string(share, "fallback")).unwrap_or_default();
        passed.body = mrkdwn::text(text, names);
    }
    passed.shown.extend(list(share, "files").iter().cloned().map(Shown::File));
    if let Some(url) = string(share, "image_url") {
        passed.shown.push(Shown::Picture { url: url.to_owned(), alt: None });
    }
    passed
}

fn author(share: &Value) -> Option<String> {
    let name = string(share, "author_subname").or(string(share, "author_name"))?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Named, or told in words: `Posted in #general`.
fn room(share: &Value) -> Option<String> {
    let told = string(share, "footer").and_then(|footer| footer.rsplit_once('#')).map(|(_, name)| name);
    let name = string(share, "channel_name").or(told)?.trim_start_matches('#').trim();
    (!name.is_empty()).then(|| name.to_owned())
}
