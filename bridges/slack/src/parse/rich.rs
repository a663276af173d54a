//! Rich text blocks, which Slack's own composer makes of everything people write
//! (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>).

use super::{Mentioned, Names, group, mrkdwn, plain, utc};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Style, Text};
use serde_json::Value;

/// The text of all rich text blocks; `None` if there is none.
pub fn text(blocks: &[Value], names: &Names) -> Option<Text> {
    let rich = || blocks.iter().filter(|block| kind(block) == "rich_text");
    rich().next()?;
    let mut runs = Vec::new();
    for element in rich().flat_map(|block| list(block, "elements")) {
        element_runs(element, names, &mut runs);
    }
    Some(Text::from_runs(runs))
}

/// The words of other blocks, for messages of apps that come without `text`.
pub fn words_of(blocks: &[Value], names: &Names) -> Vec<Run> {
    let mut runs = Vec::new();
    for block in blocks {
        let texts = [block.get("text"), block.get("title")]
            .into_iter()
            .flatten()
            .chain(list(block, "fields"))
            .chain(list(block, "elements"));
        for text in texts {
            let Some(words) = text.as_str().or_else(|| text.get("text")?.as_str()) else {
                continue;
            };
            if !runs.is_empty() {
                runs.push(Run::new(Leaf::Break));
            }
            match kind(text) {
                "plain_text" => runs.push(plain(words)),
                _ => runs.extend(mrkdwn::text(words, names).into_runs()),
            }
        }
    }
    runs
}

fn element_runs(element: &Value, names: &Names, runs: &mut Vec<Run>) {
    begin_line(runs);
    match kind(element) {
        "rich_text_preformatted" => runs.push(Run::new(Leaf::Block {
            lang: string(element, "language").map(str::to_owned),
            text: list(element, "elements").iter().map(|inline| words(inline, names)).collect(),
        })),
        "rich_text_quote" => {
            let mut inner = Vec::new();
            inlines(element, names, &mut inner);
            quoted(inner, runs);
        }
        "rich_text_list" => list_runs(element, names, runs),
        _ => inlines(element, names, runs),
    }
}

/// Sections, quotes and lists each stand on lines of their own.
fn begin_line(runs: &mut Vec<Run>) {
    let open = match runs.last().map(|run| &run.leaf) {
        None | Some(Leaf::Break | Leaf::Block { .. }) => false,
        Some(Leaf::Plain(text) | Leaf::Code(text)) => !text.ends_with('\n'),
        Some(_) => true,
    };
    if open {
        runs.push(Run::new(Leaf::Break));
    }
}

fn quoted(inner: Vec<Run>, runs: &mut Vec<Run>) {
    runs.push(plain("> "));
    for run in inner {
        let Leaf::Plain(text) = &run.leaf else {
            let breaks = run.leaf == Leaf::Break;
            runs.push(run);
            if breaks {
                runs.push(plain("> "));
            }
            continue;
        };
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                runs.extend([Run::new(Leaf::Break), plain("> ")]);
            }
            let mut piece = run.clone();
            piece.leaf = Leaf::Plain(line.to_owned());
            runs.push(piece);
        }
    }
}

fn list_runs(element: &Value, names: &Names, runs: &mut Vec<Run>) {
    let number = |key| element.get(key).and_then(Value::as_u64).unwrap_or(0);
    let indent = "    ".repeat(usize::try_from(number("indent").min(8)).unwrap_or(0));
    let ordered = string(element, "style") == Some("ordered");
    for (at, item) in list(element, "elements").iter().enumerate() {
        begin_line(runs);
        let position = number("offset").saturating_add(at as u64).saturating_add(1);
        let mark = if ordered { format!("{position}. ") } else { "• ".into() };
        runs.push(plain(format!("{indent}{mark}")));
        inlines(item, names, runs);
    }
}

fn inlines(section: &Value, names: &Names, runs: &mut Vec<Run>) {
    for inline in list(section, "elements") {
        runs.push(inline_run(inline, names));
    }
}

fn inline_run(inline: &Value, names: &Names) -> Run {
    let style = |key| inline.pointer(key).and_then(Value::as_bool).unwrap_or(false);
    let leaf = match (kind(inline), id_of(inline)) {
        ("user", Some(id)) => names.person(id, None),
        ("channel", Some(id)) => names.room(id, None),
        ("usergroup", Some(id)) => names.group(id, None),
        ("broadcast", _) => group(string(inline, "range").unwrap_or("everyone")),
        _ if style("/style/code") => Leaf::Code(words(inline, names)),
        _ => Leaf::Plain(words(inline, names)),
    };
    let mut run = Run::new(leaf);
    for (key, as_style) in
        [("/style/bold", Style::Bold), ("/style/italic", Style::Italic), ("/style/strike", Style::Strike)]
    {
        if style(key) {
            run = run.styled(as_style);
        }
    }
    match (kind(inline), string(inline, "url")) {
        ("link", Some(url)) => run.linked(url),
        _ => run,
    }
}

/// An inline element as plain words: in code, and where there is nothing better.
fn words(inline: &Value, names: &Names) -> String {
    let name = |leaf: Leaf| match leaf {
        Leaf::Mention(mention) => mention.shown(),
        _ => String::new(),
    };
    match (kind(inline), id_of(inline)) {
        ("user", Some(id)) => return name(names.person(id, None)),
        ("channel", Some(id)) => return name(names.room(id, None)),
        ("usergroup", Some(id)) => return name(names.group(id, None)),
        ("broadcast", _) => return format!("@{}", string(inline, "range").unwrap_or("everyone")),
        ("emoji", _) => return emoji(inline),
        ("date", _) => {
            let moment = inline.get("timestamp").and_then(Value::as_i64).map(utc);
            return string(inline, "fallback").map(str::to_owned).or(moment).unwrap_or_default();
        }
        _ => {}
    }
    // What is not known yet is shown by whatever it has to say.
    ["text", "fallback", "value", "name", "url"]
        .into_iter()
        .find_map(|key| string(inline, key).filter(|words| !words.is_empty()))
        .unwrap_or_default()
        .to_owned()
}

/// The emoji itself where Slack gives its code points (`1f44b-1f3fb`), else its name.
fn emoji(inline: &Value) -> String {
    let points = string(inline, "unicode").map(|codes| {
        codes
            .split('-')
            .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
            .collect::<Option<String>>()
    });
    match points {
        Some(Some(emoji)) if !emoji.is_empty() => emoji,
        _ => format!(":{}:", string(inline, "name").unwrap_or("emoji")),
    }
}

/// Adds the ids in blocks of any shape.
pub fn mentioned(blocks: &Value, found: &mut Mentioned) {
    match blocks {
        Value::Array(values) => values.iter().for_each(|value| mentioned(value, found)),
        Value::Object(fields) => {
            match (kind(blocks), id_of(blocks)) {
                ("user", Some(id)) => found.people.push(id.to_owned()),
                ("channel", Some(id)) => found.rooms.push(id.to_owned()),
                ("mrkdwn", _) => mrkdwn::mentioned(string(blocks, "text").unwrap_or_default(), found),
                _ => {}
            }
            fields.values().for_each(|value| mentioned(value, found));
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &str {
    string(value, "type").unwrap_or_default()
}

fn id_of(value: &Value) -> Option<&str> {
    match kind(value) {
        "user" => string(value, "user_id"),
        "channel" => string(value, "channel_id"),
        "usergroup" => string(value, "usergroup_id"),
        _ => None,
    }
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
