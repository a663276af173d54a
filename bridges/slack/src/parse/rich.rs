//! Rich text blocks, which Slack's own composer makes of everything people write
//! (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>).

use super::{Mentioned, Names, group, moment, mrkdwn};
use crate::emoji;
use relay_contract::text::{Container, DEEPEST, Leaf, Run};
use relay_contract::{Emoji, Style, Text};
use serde_json::Value;

/// The text of rich text blocks that follow one another.
pub fn text(blocks: &[Value], names: &Names) -> Text {
    let mut rich_text = Rich { names, runs: Vec::new(), open: Vec::new(), quoted: false, items: 0 };
    for element in blocks.iter().flat_map(|block| list(block, "elements")) {
        rich_text.element(element);
    }
    Text::from_runs(rich_text.runs)
}

/// The words of any other block.
pub fn words_of(block: &Value, names: &Names) -> Text {
    let mut said = Text::default();
    let texts = [block.get("text"), block.get("title")]
        .into_iter()
        .flatten()
        .chain(list(block, "fields"))
        .chain(list(block, "elements"));
    for text in texts {
        let Some(words) = text.as_str().or_else(|| text.get("text")?.as_str()) else {
            continue;
        };
        said = said.followed_by(match kind(text) {
            "plain_text" => Text::plain(words),
            _ => mrkdwn::text(words, names),
        });
    }
    said
}

/// Runs so far, and the lists that are open.
struct Rich<'a> {
    names: &'a Names,
    runs: Vec<Run>,
    /// The newest item of each list that is open, outermost first.
    open: Vec<Container>,
    /// Those lists have a quote's border.
    quoted: bool,
    items: u32,
}

impl Rich<'_> {
    fn element(&mut self, element: &Value) {
        let kind = kind(element);
        let quoted = kind == "rich_text_quote" || element.get("border").and_then(Value::as_i64) == Some(1);
        if kind != "rich_text_list" || quoted != self.quoted {
            self.open.clear();
        }
        self.quoted = quoted;
        match kind {
            "rich_text_preformatted" => {
                let words = list(element, "elements").iter().map(|inline| words(inline, self.names));
                let lang = string(element, "language").map(str::to_owned);
                let code = Run::new(Leaf::Block { lang, text: words.collect() });
                self.add(vec![code]);
            }
            "rich_text_list" => self.list(element),
            _ => self.add(inlines(element, self.names)),
        }
    }

    /// A list is flat and says how deep it is: it lies in the newest item of the one around it.
    fn list(&mut self, element: &Value) {
        let number = |key| element.get(key).and_then(Value::as_u64).unwrap_or(0);
        let deep = usize::try_from(number("indent")).unwrap_or(DEEPEST).min(DEEPEST - 1);
        let ordered = string(element, "style") == Some("ordered");
        self.open.truncate(deep);
        while self.open.len() < deep {
            let item = self.item(None);
            self.open.push(item);
        }
        for (at, section) in list(element, "elements").iter().enumerate() {
            let position = number("offset").saturating_add(at as u64).saturating_add(1);
            let item = self.item(ordered.then(|| u32::try_from(position).unwrap_or(u32::MAX)));
            self.open.truncate(deep);
            self.open.push(item);
            self.add(inlines(section, self.names));
        }
    }

    fn item(&mut self, number: Option<u32>) -> Container {
        let item = Container::Item { item: self.items, number };
        self.items = self.items.saturating_add(1);
        item
    }

    /// Sections, quotes and items each stand on lines of their own.
    fn add(&mut self, runs: Vec<Run>) {
        let quote = self.quoted.then_some(Container::Quote);
        let within: Vec<Container> = quote.into_iter().chain(self.open.iter().copied()).collect();
        let ended = match self.runs.last().map(|run| &run.leaf) {
            None | Some(Leaf::Break | Leaf::Block { .. }) => true,
            Some(Leaf::Plain(text) | Leaf::Code(text)) => text.ends_with('\n'),
            Some(_) => false,
        };
        if !ended && self.runs.last().is_some_and(|last| last.within == within) {
            self.runs.push(Run::new(Leaf::Break).inside(&within));
        }
        self.runs.extend(runs.into_iter().map(|run| run.inside(&within)));
    }
}

fn inlines(section: &Value, names: &Names) -> Vec<Run> {
    list(section, "elements").iter().map(|inline| inline_run(inline, names)).collect()
}

fn inline_run(inline: &Value, names: &Names) -> Run {
    let style = |key| inline.pointer(key).and_then(Value::as_bool).unwrap_or(false);
    let leaf = match (kind(inline), id_of(inline)) {
        ("user", Some(id)) => names.person(id, None),
        ("channel", Some(id)) => names.room(id, None),
        ("usergroup", Some(id)) => names.group(id, None),
        ("broadcast", _) => group(string(inline, "range").unwrap_or("everyone")),
        ("date", _) if inline.get("timestamp").is_some_and(Value::is_i64) => {
            let seconds = inline.get("timestamp").and_then(Value::as_i64).unwrap_or(0);
            moment(seconds, string(inline, "format").unwrap_or_default())
        }
        ("emoji", _) => emoji_leaf(inline),
        _ if style("/style/code") => Leaf::Code(words(inline, names)),
        _ => Leaf::Plain(words(inline, names)),
    };
    let mut run = Run::new(leaf);
    for (key, as_style) in [
        ("/style/bold", Style::Bold),
        ("/style/italic", Style::Italic),
        ("/style/underline", Style::Underline),
        ("/style/strike", Style::Strike),
    ] {
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
    match (kind(inline), id_of(inline)) {
        ("user", Some(id)) => return names.person(id, None).shown(),
        ("channel", Some(id)) => return names.room(id, None).shown(),
        ("usergroup", Some(id)) => return names.group(id, None).shown(),
        ("broadcast", _) => return format!("@{}", string(inline, "range").unwrap_or("everyone")),
        ("emoji", _) => return emoji_leaf(inline).shown(),
        ("date", _) => {
            let moment = inline.get("timestamp").and_then(Value::as_i64).map(|at| moment(at, "").shown());
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

/// The emoji itself where Slack gives its code points (`1f44b-1f3fb`) or it is known by name, else one of the workspace's own.
fn emoji_leaf(inline: &Value) -> Leaf {
    let points = string(inline, "unicode").map(|codes| {
        codes
            .split('-')
            .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
            .collect::<Option<String>>()
    });
    match points {
        Some(Some(emoji)) if !emoji.is_empty() => Leaf::Plain(emoji),
        _ => {
            let name = string(inline, "name").filter(|name| !name.is_empty()).unwrap_or("emoji");
            match emoji::unicode(name) {
                Some(emoji) => Leaf::Plain(emoji),
                None => Leaf::Emoji(Emoji { name: name.to_owned(), id: None }),
            }
        }
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

pub(super) fn kind(value: &Value) -> &str {
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

pub(super) fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
