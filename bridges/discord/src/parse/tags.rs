//! What stands in angle brackets: mentions, custom emoji, times, commands, links.
//!
//! <https://discord.com/developers/docs/reference#message-formatting>

use super::{Lookup, url};
use relay_contract::text::Leaf;
use relay_contract::{Emoji, Mention, Time, TimeStyle};

/// The longest tag that is not a link, in bytes: names have at most 32 characters, ids 20.
const MOST: usize = 200;

/// What a tag stands for.
pub enum Tag {
    /// A mention, an emoji or a moment.
    Leaf(Leaf),
    /// Plain text instead.
    Text(String),
    /// A link shown as it is.
    Link(String),
}

/// Reads the tag that `text` begins with (at its `<`); answers its length in bytes too.
pub fn read(text: &str, lookup: &Lookup<'_>) -> Option<(Tag, usize)> {
    let rest = text.strip_prefix('<')?;
    let most = if url::begins(rest) { url::MOST } else { MOST };
    // Bytes: `>` and what ends the search are ASCII, and so is every place that is cut at.
    let window = rest.as_bytes().iter().take(most);
    let end = window.clone().position(|b| matches!(b, b'>' | b'<' | b'\n'))?;
    if rest.as_bytes().get(end) != Some(&b'>') {
        return None;
    }
    let inner = &rest[..end];
    let tag = if url::begins(inner) {
        (!inner.contains(char::is_whitespace)).then(|| Tag::Link(inner.to_owned()))?
    } else {
        tag(inner, lookup)?
    };
    Some((tag, end + 2))
}

fn tag(inner: &str, lookup: &Lookup<'_>) -> Option<Tag> {
    if let Some(id) = inner.strip_prefix("@&").filter(|id| is_id(id)) {
        return Some(mention(Mention::Group { name: lookup.named('&', id) }));
    }
    if let Some(rest) = inner.strip_prefix('@') {
        let id = rest.strip_prefix('!').unwrap_or(rest);
        let person = || Mention::Person { id: Some(id.into()), name: lookup.person(id) };
        return is_id(id).then(|| mention(person()));
    }
    if let Some(id) = inner.strip_prefix('#').filter(|id| is_id(id)) {
        return Some(mention(Mention::Room { name: lookup.named('#', id) }));
    }
    if let Some(rest) = inner.strip_prefix("t:") {
        return time(rest).map(|time| Tag::Leaf(Leaf::Time(time)));
    }
    if let Some((name, id)) = inner.strip_prefix('/').and_then(|rest| rest.rsplit_once(':')) {
        return (is_id(id) && !name.is_empty()).then(|| Tag::Text(format!("/{name}")));
    }
    let emoji = inner.strip_prefix("a:").or_else(|| inner.strip_prefix(':'))?;
    let (name, id) = emoji.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let emoji = || Emoji { name: name.to_owned(), id: Some(id.into()) };
    (is_name && is_id(id)).then(|| Tag::Leaf(Leaf::Emoji(emoji())))
}

fn mention(mention: Mention) -> Tag {
    Tag::Leaf(Leaf::Mention(mention))
}

fn is_id(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

/// The letters of the styles in which Discord shows a moment.
pub const TIME_STYLES: [(char, TimeStyle); 9] = [
    ('t', TimeStyle::Clock),
    ('T', TimeStyle::ClockSeconds),
    ('d', TimeStyle::ShortDate),
    ('D', TimeStyle::Date),
    ('f', TimeStyle::DateClock),
    ('F', TimeStyle::WeekdayDateClock),
    ('s', TimeStyle::ShortDateClock),
    ('S', TimeStyle::ShortDateClockSeconds),
    ('R', TimeStyle::Relative),
];

/// `SECONDS` or `SECONDS:STYLE`.
fn time(written: &str) -> Option<Time> {
    let (seconds, letter) = written.split_once(':').unwrap_or((written, "f"));
    let seconds = seconds.parse().ok()?;
    jiff::Timestamp::from_second(seconds).ok()?;
    let (_, style) = TIME_STYLES.into_iter().find(|(known, _)| letter.chars().eq([*known]))?;
    Some(Time { seconds, style })
}
