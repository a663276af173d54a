//! Telegram's text and entities to the tree.
//!
//! Entities count in UTF-16 units, nest, and may overlap. Source: <https://core.telegram.org/bots/api#messageentity>.
//! Total: a range outside of the text is cut to it, and one that splits a character is widened to the whole of it.

#[cfg(test)]
pub(crate) mod tests;

use crate::wire::Entity;
use crate::{inert, times};
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Emoji, Mention, Style, Text, Time};
use std::collections::BTreeSet;

/// More than Telegram ever sends with one message (100 of people's, and what it finds by itself).
const MOST_ENTITIES: usize = 1_000;

/// An entity with a meaning, as a range of bytes on character boundaries; never empty.
struct Range<'a> {
    from: usize,
    to: usize,
    what: What<'a>,
}

enum What<'a> {
    Style(Style),
    Code,
    Link(&'a str),
    Quote,
    /// Taken whole, with nothing inside.
    Pre(Option<&'a str>),
    /// Taken whole, with nothing inside.
    Mention(Option<i64>),
    /// Taken whole: what is written there is told again by everybody's own clock.
    Time(Time),
    /// Taken whole: the emoji of Unicode that stands for it.
    Emoji(Option<&'a str>),
}

impl What<'_> {
    fn is_whole(&self) -> bool {
        matches!(self, What::Pre(_) | What::Mention(_) | What::Emoji(_) | What::Time(_))
    }
}

/// The tree of a text and its entities.
pub fn text(text: &str, entities: &[Entity]) -> Text {
    let ranges = ranges(text, entities);
    let mut cuts: BTreeSet<usize> = ranges.iter().flat_map(|range| [range.from, range.to]).collect();
    cuts.extend([0, text.len()]);
    let mut runs = Vec::new();
    let mut active: Vec<&Range> = Vec::new();
    let mut next = ranges.iter().peekable();
    let mut from = 0;
    while let Some(&to) = cuts.range(from + 1..).next() {
        active.retain(|range| range.to > from);
        while let Some(range) = next.next_if(|range| range.from <= from) {
            if range.to > from {
                active.push(range);
            }
        }
        let whole = active.iter().find(|range| range.what.is_whole());
        let to = whole.map_or(to, |range| range.to);
        runs.push(run(text, from, to, &active));
        from = to;
    }
    Text::from_runs(runs)
}

fn run(text: &str, from: usize, to: usize, active: &[&Range]) -> Run {
    let piece = text.get(from..to).unwrap_or_default();
    let mut run = Run::new(Leaf::Plain(String::new()));
    let (mut code, mut leaf) = (false, None);
    for range in active {
        match &range.what {
            What::Style(style) => run = run.styled(*style),
            What::Link(url) => run = run.linked(*url),
            What::Code => code = true,
            What::Time(time) => leaf = leaf.or(Some(Leaf::Time(*time))),
            // Telegram has no quote in a quote.
            What::Quote => run.within = vec![Container::Quote],
            What::Emoji(id) => {
                let (name, id) = (piece.trim().to_owned(), id.map(Into::into));
                leaf = leaf.or((!name.is_empty()).then_some(Leaf::Emoji(Emoji { name, id })));
            }
            // A block of nothing but line breaks is nothing but line breaks.
            What::Pre(lang) if !piece.trim_matches(['\r', '\n']).is_empty() => {
                let lang = lang.map(str::to_owned);
                let text = piece.to_owned();
                leaf = leaf.or(Some(Leaf::Block { lang, text }));
            }
            What::Pre(_) => {}
            What::Mention(id) => {
                let name = piece.trim_start_matches('@').trim().to_owned();
                let id = id.map(crate::ids::native);
                leaf = leaf.or((!name.is_empty()).then_some(Leaf::Mention(Mention::Person { id, name })));
            }
        }
    }
    run.leaf = match leaf {
        Some(leaf) => leaf,
        None if code => Leaf::Code(piece.to_owned()),
        None => Leaf::Plain(inert::without_joiners(text, from, piece)),
    };
    run
}

/// Entities that mean something, in order of their beginning.
fn ranges<'a>(text: &'a str, entities: &'a [Entity]) -> Vec<Range<'a>> {
    let bytes = Utf16::of(text);
    let mut ranges: Vec<Range> = entities
        .iter()
        .take(MOST_ENTITIES)
        .filter_map(|entity| {
            let from = bytes.at_or_before(entity.offset);
            let to = bytes.at_or_after(entity.offset.saturating_add(entity.length.max(0)));
            (from < to).then_some(())?;
            let what = what(entity, text.get(from..to)?)?;
            Some(Range { from, to, what })
        })
        .collect();
    ranges.sort_by_key(|range| range.from);
    ranges
}

fn what<'a>(entity: &'a Entity, piece: &'a str) -> Option<What<'a>> {
    Some(match entity.kind.as_str() {
        "bold" => What::Style(Style::Bold),
        "italic" => What::Style(Style::Italic),
        "underline" => What::Style(Style::Underline),
        "spoiler" => What::Style(Style::Spoiler),
        "blockquote" | "expandable_blockquote" => What::Quote,
        "custom_emoji" => What::Emoji(entity.custom_emoji_id.as_deref()),
        "date_time" => {
            let style = times::style(entity.date_time_format.as_deref().unwrap_or_default());
            What::Time(Time { seconds: entity.unix_time?, style })
        }
        "strikethrough" => What::Style(Style::Strike),
        "code" => What::Code,
        "pre" => What::Pre(entity.language.as_deref()),
        "text_link" => What::Link(entity.url.as_deref().filter(|url| !url.is_empty())?),
        // Without a scheme it is a link only to Telegram's eyes: the words are all there is to keep.
        "url" if piece.contains("://") => What::Link(piece),
        "mention" => What::Mention(None),
        "text_mention" => What::Mention(entity.user),
        // Hashtags, commands, addresses, numbers, and what is not known yet: plain text.
        _ => return None,
    })
}

/// Byte offsets of a text's characters by UTF-16 offset.
struct Utf16 {
    /// (UTF-16 offset, byte offset) of each character, and of the end.
    characters: Vec<(i64, usize)>,
}

impl Utf16 {
    fn of(text: &str) -> Self {
        let mut unit = 0;
        let mut characters = Vec::with_capacity(text.len() + 1);
        for (byte, c) in text.char_indices() {
            characters.push((unit, byte));
            unit += if c.len_utf16() == 2 { 2 } else { 1 };
        }
        characters.push((unit, text.len()));
        Self { characters }
    }

    fn at_or_before(&self, unit: i64) -> usize {
        let after = self.characters.partition_point(|(at, _)| *at <= unit);
        self.byte(after.saturating_sub(1))
    }

    fn at_or_after(&self, unit: i64) -> usize {
        self.byte(self.characters.partition_point(|(at, _)| *at < unit))
    }

    fn byte(&self, index: usize) -> usize {
        let end = self.characters.last().map_or(0, |(_, byte)| *byte);
        self.characters.get(index).map_or(end, |(_, byte)| *byte)
    }
}
