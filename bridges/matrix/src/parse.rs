//! What a message says into the tree: its HTML where it has any, else its plain words
//! (<https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>). Pure and total.

mod html;
mod links;
mod tame;
#[cfg(test)]
mod tests;

use relay_contract::text::{Leaf, Run};
use relay_contract::{Mention, Style, Text};
use serde_json::Value;

/// The longest body that is read, in bytes; no event can be larger
/// (<https://spec.matrix.org/v1.11/client-server-api/#size-limits>).
const LONGEST: usize = 65_536;
/// What notifies a whole room.
const WHOLE_ROOM: &str = "@room";

/// The plain words of a message, without what they answer.
pub fn words(content: &Value) -> String {
    let body = string(content, "body").unwrap_or_default();
    match content.pointer("/m.relates_to/m.in_reply_to").is_some() {
        true => without_fallback(body),
        false => body.to_owned(),
    }
}

/// The text of a message's content.
pub fn content(content: &Value) -> Text {
    let html = string(content, "formatted_body")
        .filter(|_| string(content, "format") == Some("org.matrix.custom.html"))
        .filter(|html| !html.trim().is_empty() && html.len() <= LONGEST && tame::is_tame(html));
    let mut runs = match html {
        Some(html) => html::runs(html),
        None => vec![Run::new(Leaf::Plain(words(content)))],
    };
    runs = links::linked(runs);
    if content.pointer("/m.mentions/room").and_then(Value::as_bool) == Some(true) {
        runs = with_whole_room(runs);
    }
    if string(content, "msgtype") == Some("m.emote") {
        runs = runs.into_iter().map(|run| run.styled(Style::Italic)).collect();
    }
    Text::from_runs(runs)
}

/// The words without the quote of what they answer, which older clients put before them
/// (<https://spec.matrix.org/v1.11/client-server-api/#fallbacks-for-rich-replies>).
fn without_fallback(body: &str) -> String {
    if !(body.starts_with("> <@") || body.starts_with("> * <@")) {
        return body.to_owned();
    }
    let mut lines = body.lines().skip_while(|line| line.starts_with("> ") || *line == ">").peekable();
    lines.next_if(|line| line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// With each `@room` as what it is.
fn with_whole_room(runs: Vec<Run>) -> Vec<Run> {
    let mut made = Vec::with_capacity(runs.len());
    for run in runs {
        let Leaf::Plain(text) = &run.leaf else {
            made.push(run);
            continue;
        };
        for (at, piece) in text.split(WHOLE_ROOM).enumerate() {
            if at > 0 {
                made.push(run.with_leaf(Leaf::Mention(Mention::Group { name: "room".into() })));
            }
            made.push(run.with_leaf(Leaf::Plain(piece.to_owned())));
        }
    }
    made
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
