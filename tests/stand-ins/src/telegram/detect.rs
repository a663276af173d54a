//! What the server finds in a text by itself: links, mentions, commands, hashtags, e-mail addresses.

use super::entities::{Entity, units};
use crate::links::link_end;

/// Endings of bare domains that are taken for links; the real list is the root zone.
const ENDINGS: [&str; 20] = [
    "app", "at", "ch", "co", "com", "de", "dev", "edu", "eu", "fr", "gov", "info", "io", "me", "net", "org",
    "rs", "tv", "uk", "xyz",
];

/// Ranges found outside of those in `taken` that already are a link, a mention or code.
pub fn find(text: &str, taken: &[Entity]) -> Vec<Entity> {
    let closed: Vec<(i64, i64)> = taken
        .iter()
        .filter(|e| matches!(&*e.kind, "code" | "pre" | "text_link" | "text_mention" | "custom_emoji"))
        .map(|e| (e.offset, e.end()))
        .collect();
    let mut found = Vec::new();
    let (mut at, mut unit) = (0, 0);
    let mut before = None;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let hit = (!before.is_some_and(is_word)).then(|| here(rest, before)).flatten();
        match hit {
            Some((kind, bytes)) => {
                let part = &rest[..bytes];
                let entity = Entity::new(kind, unit, units(part));
                if !closed.iter().any(|(from, to)| entity.offset < *to && *from < entity.end()) {
                    found.push(entity);
                }
                at += bytes;
                unit += units(part);
                before = part.chars().next_back();
            }
            None => {
                at += c.len_utf8();
                unit += c.len_utf16();
                before = Some(c);
            }
        }
    }
    found
}

/// What starts exactly here: its type and its length in bytes.
fn here(rest: &str, before: Option<char>) -> Option<(&'static str, usize)> {
    let first = rest.chars().next()?;
    match first {
        '@' => word(&rest[1..]).filter(|n| (2..=32).contains(n)).map(|n| ("mention", n + 1)),
        '#' => {
            let body: usize = rest[1..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
            let named = rest[1..=body].chars().any(|c| !c.is_ascii_digit());
            (body > 0 && named).then_some(("hashtag", body + 1))
        }
        '/' if before.is_none_or(|c| !matches!(c, '/' | '<' | '>')) => command(rest),
        _ => {
            url(rest).map(|n| ("url", n)).or_else(|| email(rest).map(|n| ("email", n))).or_else(|| bare(rest))
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of a handle.
fn word(rest: &str) -> Option<usize> {
    let n = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let ends = rest[n..].chars().next().is_none_or(|c| !is_word(c));
    (n > 0 && ends).then_some(n)
}

fn command(rest: &str) -> Option<(&'static str, usize)> {
    let name = word(&rest[1..]).filter(|n| *n <= 64)?;
    let mut end = name + 1;
    if let Some(bot) = rest[end..].strip_prefix('@').and_then(word) {
        end += bot + 1;
    }
    (!rest[end..].starts_with(['/', '<', '>'])).then_some(("bot_command", end))
}

fn url(rest: &str) -> Option<usize> {
    let scheme = ["https://", "http://", "tg://"]
        .into_iter()
        .find(|s| rest.get(..s.len()).is_some_and(|start| start.eq_ignore_ascii_case(s)))?;
    let end = link_end(rest);
    (end > scheme.len()).then_some(end)
}

fn email(rest: &str) -> Option<usize> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-');
    let local = rest.bytes().take_while(|b| ok(*b)).count();
    let domain = rest[local..].strip_prefix('@')?;
    let n = host(domain)?;
    (local > 0).then_some(local + 1 + n)
}

/// A domain without a scheme, and what follows it up to a blank.
fn bare(rest: &str) -> Option<(&'static str, usize)> {
    let n = host(rest)?;
    let ending = rest[..n].rsplit('.').next()?.to_ascii_lowercase();
    if !ENDINGS.contains(&&*ending) || rest[n..].starts_with('@') {
        return None;
    }
    Some(("url", if rest[n..].starts_with(['/', '?', '#', ':']) { link_end(rest).max(n) } else { n }))
}

/// Bytes of a host name with at least one dot.
fn host(rest: &str) -> Option<usize> {
    let n = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')).count();
    let name = rest[..n].trim_end_matches(['.', '-']);
    let ends = rest[n..].chars().next().is_none_or(|c| !is_word(c));
    (ends && name.contains('.') && !name.starts_with('.') && !name.contains("..")).then_some(name.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::telegram::entities::slice;

    #[test]
    fn finds() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("see https://a.example/x.", &[("url", "https://a.example/x")]),
            ("(https://a.example/x_(y))", &[("url", "https://a.example/x_(y)")]),
            ("😀 @ada and me@x.org", &[("mention", "@ada"), ("email", "me@x.org")]),
            ("no@", &[]),
            ("/start@relay_bot now #go #1", &[("bot_command", "/start@relay_bot"), ("hashtag", "#go")]),
            ("a/b and/or", &[]),
            ("example.com, notes.txt", &[("url", "example.com")]),
            ("مرحبا @ada", &[("mention", "@ada")]),
        ];
        for (text, want) in cases {
            let got: Vec<_> = find(text, &[])
                .into_iter()
                .map(|e| (e.kind.clone(), slice(text, e.offset, e.end()).unwrap().to_owned()))
                .collect();
            let want: Vec<_> = want.iter().map(|(k, t)| ((*k).to_owned(), (*t).to_owned())).collect();
            assert_eq!(got, want, "{text}");
        }
    }
}
