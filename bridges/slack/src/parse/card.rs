//! Cards: the blocks (<https://docs.slack.dev/reference/block-kit/blocks/>) and attachments
//! (<https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments/>) with which apps lay out what they say. An
//! attachment becomes a quote; pictures stand beside the text.

use super::rich::{kind, list, string};
use super::{Content, Mentioned, Names, Shown, mrkdwn, plain, rich};
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Block, Style, Text, Time, TimeStyle};
use serde_json::Value;

/// Between the blocks of a card.
const DIVIDER: &str = "———";

/// Slack made it of a link, of a message or of the web, so that it is not what somebody said.
pub fn is_preview(attachment: &Value) -> bool {
    let is = |key: &str| attachment.get(key).and_then(Value::as_bool).unwrap_or(false);
    let has = |key: &str| string(attachment, key).is_some();
    is("is_msg_unfurl")
        || is("is_app_unfurl")
        || ["from_url", "original_url", "app_unfurl_url"].into_iter().any(has)
}

/// Blocks of what somebody wrote, whose text says the same.
pub fn is_text(blocks: &[Value]) -> bool {
    blocks.iter().any(|block| kind(block) == "rich_text")
}

/// Adds what blocks say and show.
pub fn blocks(blocks: &[Value], names: &Names, content: &mut Content) {
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        // Neighbours are one text, so that lists and quotes go on.
        let rich = rest.iter().take_while(|block| kind(block) == "rich_text").count();
        let said =
            if rich > 0 { rich::text(&rest[..rich], names) } else { block(first, names, &mut content.shown) };
        content.body = std::mem::take(&mut content.body).followed_by(said);
        rest = &rest[rich.max(1)..];
    }
}

fn block(block: &Value, names: &Names, shown: &mut Vec<Shown>) -> Text {
    match kind(block) {
        "header" => {
            let words = object(block, "text", names).into_runs();
            Text::from_runs(words.into_iter().map(|run| run.inside(&[Container::Heading(1)])).collect())
        }
        "section" => {
            if let Some(accessory) = block.get("accessory") {
                picture(accessory, shown);
            }
            let fields = list(block, "fields").iter().map(|field| words(field, names));
            let said = fields.fold(object(block, "text", names), Text::followed_by);
            match block.get("accessory").map(|accessory| action(accessory, names)) {
                Some(action) if !action.is_empty() => said.followed_by(action),
                _ => said,
            }
        }
        "context" => {
            let said = list(block, "elements").iter().map(|element| words(element, names));
            let runs = spaced(said).into_runs().into_iter().map(|run| run.styled(Style::Italic));
            Text::from_runs(runs.collect())
        }
        "actions" => spaced(list(block, "elements").iter().map(|element| action(element, names))),
        "divider" => Text::plain(DIVIDER),
        "image" => {
            picture(block, shown);
            object(block, "title", names)
        }
        "video" => {
            if let Some(url) = string(block, "thumbnail_url") {
                shown.push(Shown::Picture {
                    url: url.to_owned(),
                    alt: string(block, "alt_text").map(str::to_owned),
                });
            }
            let title = object(block, "title", names);
            let url = string(block, "title_url").or(string(block, "video_url"));
            linked(title, url).followed_by(object(block, "description", names))
        }
        "table" => {
            let rows = block.get("rows").and_then(Value::as_array).into_iter().flatten();
            rows.map(|row| cells(row, names)).fold(Text::default(), Text::followed_by)
        }
        _ => rich::words_of(block, names),
    }
}

/// A row as a line, with bars between its cells.
fn cells(row: &Value, names: &Names) -> Text {
    let mut runs = Vec::new();
    for (at, cell) in row.as_array().into_iter().flatten().enumerate() {
        if at > 0 {
            runs.push(plain(" | "));
        }
        let said = match kind(cell) {
            "rich_text" => rich::text(std::slice::from_ref(cell), names),
            _ => as_it_is(string(cell, "text").unwrap_or_default(), names),
        };
        runs.extend(said.into_runs());
    }
    Text::from_runs(runs)
}

/// A button or menu as its label, in brackets or as a link.
fn action(element: &Value, names: &Names) -> Text {
    let label = object(element, "text", names);
    let label = if label.is_empty() { object(element, "placeholder", names) } else { label };
    match string(element, "url") {
        _ if label.is_empty() => Text::default(),
        Some(url) => linked(label, Some(url)),
        None => {
            let mut runs = vec![plain("[")];
            runs.extend(label.into_runs());
            runs.push(plain("]"));
            Text::from_runs(runs)
        }
    }
}

fn picture(image: &Value, shown: &mut Vec<Shown>) {
    if kind(image) != "image" {
        return;
    }
    let alt = string(image, "alt_text").map(str::to_owned);
    match (string(image, "image_url"), image.get("slack_file").filter(|file| file.is_object())) {
        (Some(url), _) => shown.push(Shown::Picture { url: url.to_owned(), alt }),
        (None, Some(file)) => {
            let mut file = file.clone();
            file["mimetype"] = "image/*".into();
            file["alt_txt"] = alt.unwrap_or_default().into();
            shown.push(Shown::File(file));
        }
        (None, None) => {}
    }
}

/// Adds an attachment: what stands before it, and the card as a quote.
pub fn add(attachment: &Value, names: &Names, content: &mut Content) {
    let text = |key: &str| mrkdwn::text(string(attachment, key).unwrap_or_default(), names);
    let mut card = Content::default();
    let author = linked(
        as_it_is(string(attachment, "author_name").unwrap_or_default(), names),
        string(attachment, "author_link"),
    );
    let title = linked(bold(text("title")), string(attachment, "title_link"));
    card.body = author.followed_by(title).followed_by(text("text"));
    for field in list(attachment, "fields") {
        let field = |key: &str| mrkdwn::text(string(field, key).unwrap_or_default(), names);
        card.body = card.body.followed_by(bold(field("title"))).followed_by(field("value"));
    }
    blocks(list(attachment, "blocks"), names, &mut card);
    let actions = spaced(list(attachment, "actions").iter().map(|action| {
        let label = mrkdwn::text(string(action, "text").unwrap_or_default(), names);
        linked(label, string(action, "url"))
    }));
    card.body = card.body.followed_by(actions).followed_by(footer(attachment, names));
    let alt = string(attachment, "fallback").map(str::to_owned);
    for key in ["image_url", "thumb_url"] {
        if let Some(url) = string(attachment, key) {
            card.shown.push(Shown::Picture { url: url.to_owned(), alt: alt.clone() });
        }
    }
    if card.body.is_empty() && card.shown.is_empty() {
        card.body = text("fallback");
    }
    let before = std::mem::take(&mut content.body).followed_by(text("pretext"));
    content.body = before.followed_by(quoted(card.body));
    content.shown.extend(card.shown);
}

/// Adds the ids that an attachment's own words name.
pub fn mentioned(attachment: &Value, found: &mut Mentioned) {
    let fields =
        list(attachment, "fields").iter().flat_map(|field| [string(field, "title"), string(field, "value")]);
    let own =
        ["pretext", "title", "text", "author_name", "footer"].into_iter().map(|key| string(attachment, key));
    for words in own.chain(fields).flatten() {
        mrkdwn::mentioned(words, found);
    }
}

/// Where it comes from, and when, in italics.
fn footer(attachment: &Value, names: &Names) -> Text {
    let mut runs = as_it_is(string(attachment, "footer").unwrap_or_default(), names).into_runs();
    let seconds = attachment.get("ts").and_then(|ts| match ts {
        Value::String(text) => text.split('.').next()?.parse().ok(),
        ts => ts.as_i64(),
    });
    if let Some(seconds) = seconds {
        runs.push(plain(" "));
        runs.push(Run::new(Leaf::Time(Time { seconds, style: TimeStyle::default() })));
    }
    Text::from_runs(runs.into_iter().map(|run| run.styled(Style::Italic)).collect())
}

/// What Slack shows as it is written. An id in it is parsed all the same: whose it is may not be shown elsewhere.
fn as_it_is(words: &str, names: &Names) -> Text {
    if words.contains("<@") { mrkdwn::text(words, names) } else { Text::plain(words) }
}

/// In a quote; nothing stays nothing.
pub fn quoted(text: Text) -> Text {
    Text::new(vec![Block::Quote(text.into())])
}

/// In bold.
pub fn bold(text: Text) -> Text {
    Text::from_runs(text.into_runs().into_iter().map(|run| run.styled(Style::Bold)).collect())
}

fn linked(text: Text, url: Option<&str>) -> Text {
    let Some(url) = url else { return text };
    Text::from_runs(text.into_runs().into_iter().map(|run| run.linked(url)).collect())
}

/// One after the other on a line.
fn spaced(texts: impl Iterator<Item = Text>) -> Text {
    let mut runs: Vec<Run> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !runs.is_empty() {
            runs.push(plain(" "));
        }
        runs.extend(text.into_runs());
    }
    Text::from_runs(runs)
}

/// The text object of this name.
fn object(value: &Value, key: &str, names: &Names) -> Text {
    value.get(key).map(|text| words(text, names)).unwrap_or_default()
}

/// A text object (<https://docs.slack.dev/reference/block-kit/composition-objects/text-object/>), or text itself.
fn words(text: &Value, names: &Names) -> Text {
    match (kind(text), text.as_str().or(string(text, "text"))) {
        (_, None) => Text::default(),
        ("mrkdwn", Some(words)) => mrkdwn::text(words, names),
        // Emoji are written by name there too, where the app lets them be.
        ("plain_text", Some(words)) if text.get("emoji").is_none_or(|emoji| emoji == true) => {
            mrkdwn::emojified(words)
        }
        (_, Some(words)) => Text::plain(words),
    }
}
