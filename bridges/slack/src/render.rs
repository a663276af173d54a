//! The tree into Slack's rich text, and into mrkdwn for notifications and clients without blocks. Pure.
//!
//! The blocks are what people see. Nothing in them is markup, and names of people are plain words, so nobody is
//! notified (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>). In the fallback `&`, `<` and `>` are
//! escaped, so that it can hold no `<!…>` or `<@…>`; its other characters are never changed, for mrkdwn has no escape
//! for `*`, `_`, `~` and `` ` ``.

use crate::capabilities::MOST_CHARS;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Draft, Part, Style, Text};
use serde_json::{Value, json};

/// Slack refuses blocks somewhere above 13,000 characters of JSON with `msg_blocks_too_long`
/// (<https://github.com/slackapi/bolt-js/issues/2509>).
const MOST_JSON: usize = 12_000;
/// The longest URL of a link element.
const MOST_URL: usize = 3_000;

/// The parts of a draft.
pub fn parts(draft: &Draft) -> Vec<Part> {
    draft.body.clone().split(MOST_CHARS, length).into_iter().map(part).collect()
}

fn part(text: Text) -> Part {
    Part { text: fallback(&text), formatting: blocks(&text) }
}

/// In characters of the fallback, or what the JSON of the blocks takes of its own limit, whichever is more.
fn length(text: &Text) -> usize {
    let json = blocks(text).to_string().chars().count();
    let share = (json * MOST_CHARS).div_ceil(MOST_JSON);
    fallback(text).chars().count().max(share)
}

/// One rich text block.
fn blocks(text: &Text) -> Value {
    let mut elements: Vec<Value> = Vec::new();
    let mut section: Vec<Value> = Vec::new();
    for run in text.clone().into_runs() {
        if let Leaf::Block { lang, text } = run.leaf {
            close(&mut section, &mut elements);
            let mut block = json!({
                "type": "rich_text_preformatted",
                "elements": [{ "type": "text", "text": text }],
            });
            if let Some(lang) = lang.filter(|lang| is_language(lang)) {
                block["language"] = lang.into();
            }
            elements.push(block);
        } else {
            inline(run, &mut section);
        }
    }
    close(&mut section, &mut elements);
    json!([{ "type": "rich_text", "elements": elements }])
}

fn close(section: &mut Vec<Value>, elements: &mut Vec<Value>) {
    if !section.is_empty() {
        elements.push(json!({ "type": "rich_text_section", "elements": std::mem::take(section) }));
    }
}

fn inline(run: Run, section: &mut Vec<Value>) {
    let mut style = serde_json::Map::new();
    for (name, on) in [
        ("bold", run.styles.contains(&Style::Bold)),
        ("italic", run.styles.contains(&Style::Italic)),
        ("strike", run.styles.contains(&Style::Strike)),
        ("code", matches!(run.leaf, Leaf::Code(_))),
    ] {
        if on && run.leaf != Leaf::Break {
            style.insert(name.into(), true.into());
        }
    }
    let text = run.leaf.shown();
    let mut element = match run.url.as_deref() {
        Some(url) if run.leaf != Leaf::Break && can_link(url) => {
            let mut link = json!({ "type": "link", "url": url });
            if url != text {
                link["text"] = text.into();
            }
            link
        }
        Some(url) if run.leaf != Leaf::Break && url != text => {
            json!({ "type": "text", "text": format!("{text} ({url})") })
        }
        _ => json!({ "type": "text", "text": text }),
    };
    if !style.is_empty() {
        element["style"] = Value::Object(style);
    }
    // Plain neighbours are one element: fewer of them, and the same as Slack itself writes.
    if let Some(last) = section.last_mut()
        && last["type"] == "text"
        && element["type"] == "text"
        && last.get("style") == element.get("style")
        && let (Some(before), Some(more)) = (last["text"].as_str(), element["text"].as_str())
    {
        last["text"] = format!("{before}{more}").into();
        return;
    }
    section.push(element);
}

/// A name of a language, not whatever stood behind a fence.
fn is_language(lang: &str) -> bool {
    lang.len() <= 32 && lang.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-._".contains(&byte))
}

/// Slack refuses the whole message for a link it cannot use.
fn can_link(url: &str) -> bool {
    url.chars().count() <= MOST_URL
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
        && url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto" | "tel"))
}

/// The text in mrkdwn.
fn fallback(text: &Text) -> String {
    let runs = text.clone().into_runs();
    let mut shown = String::new();
    for (at, run) in runs.iter().enumerate() {
        if let Leaf::Block { text, .. } = &run.leaf {
            new_line(&mut shown);
            shown.push_str("```\n");
            shown.push_str(&escaped(text));
            shown.push_str("\n```");
            continue;
        }
        if at > 0 && matches!(runs[at - 1].leaf, Leaf::Block { .. }) {
            new_line(&mut shown);
        }
        let before = at.checked_sub(1).and_then(|before| runs.get(before));
        fallback_run(before, run, runs.get(at + 1), &mut shown);
    }
    shown
}

fn new_line(shown: &mut String) {
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
}

/// A run with the marks that begin and end at it; links inside the styles, as Slack reads them.
fn fallback_run(before: Option<&Run>, run: &Run, after: Option<&Run>, shown: &mut String) {
    const MARKS: [(Style, char); 3] = [(Style::Bold, '*'), (Style::Italic, '_'), (Style::Strike, '~')];
    if run.leaf == Leaf::Break {
        shown.push('\n');
        return;
    }
    // Styles nest in one order: where an outer one changes, the inner ones end and begin again. A line's end ends all.
    let changes = |other: Option<&Run>| {
        let other = other.filter(|other| !matches!(other.leaf, Leaf::Break | Leaf::Block { .. }));
        let has = |style: &Style| other.is_some_and(|other| other.styles.contains(style));
        MARKS.iter().position(|(style, _)| has(style) != run.styles.contains(style))
    };
    let (opens, closes) = (changes(before), changes(after));
    let marks = |from: Option<usize>| {
        let marks = MARKS.iter().skip(from.unwrap_or(MARKS.len()));
        marks.filter(|(style, _)| run.styles.contains(style)).map(|(_, mark)| *mark)
    };
    // A mark counts only beside a word, so white space stays outside of it.
    let all = run.leaf.shown();
    let core = if matches!(run.leaf, Leaf::Plain(_)) { all.trim() } else { &all };
    if core.is_empty() {
        shown.push_str(&all);
        return;
    }
    let leading =
        all.len() - if matches!(run.leaf, Leaf::Plain(_)) { all.trim_start().len() } else { all.len() };
    shown.push_str(&all[..leading]);
    shown.extend(marks(opens));
    shown.push_str(&linked(run, core));
    shown.extend(marks(closes).collect::<Vec<_>>().into_iter().rev());
    shown.push_str(&all[leading + core.len()..]);
}

/// The words of a run, as a link where they are one.
fn linked(run: &Run, words: &str) -> String {
    let text =
        if matches!(run.leaf, Leaf::Code(_)) { format!("`{}`", escaped(words)) } else { escaped(words) };
    match run.url.as_deref() {
        None => text,
        Some(url) if can_link(url) && url == words => format!("<{}>", escaped_url(url)),
        Some(url) if can_link(url) => format!("<{}|{}>", escaped_url(url), text.replace('|', "¦")),
        Some(url) if url == words => text,
        Some(url) => format!("{text} ({})", escaped(url)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A bar would end the URL.
fn escaped_url(url: &str) -> String {
    escaped(url).replace('|', "%7C")
}

#[cfg(test)]
mod tests;
