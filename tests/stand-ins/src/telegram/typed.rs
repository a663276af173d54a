//! What an official Telegram client makes of what a person types: `**bold**`, `__italic__`, `~~strike~~`,
//! `||spoiler||`, `` `code` ``, fenced blocks, `[text](url)`, and `[text](tg://time?unix=1647531900&format=wDt)`. Marks without a partner stay as they are.

use super::entities::{Entity, Formatted, units};

const MARKS: [(&str, &str); 4] =
    [("**", "bold"), ("__", "italic"), ("~~", "strikethrough"), ("||", "spoiler")];

/// How deep marks are followed into each other.
const DEPTH: usize = 16;

/// The text without its marks, and the ranges they meant.
pub fn parse(typed: &str) -> Formatted {
    let mut out = Formatted::default();
    read(typed, &mut out, DEPTH);
    out
}

fn read(typed: &str, out: &mut Formatted, depth: usize) {
    let mut rest = typed;
    let mut unit = units(&out.text);
    while let Some(c) = rest.chars().next() {
        if let Some(used) = (depth > 0).then(|| marked(rest, out, unit, depth)).flatten() {
            rest = &rest[used..];
            unit = units(&out.text);
            continue;
        }
        out.text.push(c);
        unit += c.len_utf16();
        rest = &rest[c.len_utf8()..];
    }
}

/// Reads one marked stretch that starts here; answers the bytes used.
fn marked(rest: &str, out: &mut Formatted, unit: usize, depth: usize) -> Option<usize> {
    match rest.as_bytes().first()? {
        b'`' => code(rest, out, unit),
        b'[' => link(rest, out, unit, depth),
        b'*' | b'_' | b'~' | b'|' => {
            let (mark, kind) = MARKS.into_iter().find(|(mark, _)| rest.starts_with(mark))?;
            let inner = &rest[2..];
            let end = closing(inner, mark).filter(|end| *end > 0)?;
            range(kind, &inner[..end], out, unit, depth);
            Some(end + 4)
        }
        _ => None,
    }
}

/// Puts out the inner text and a range around it.
fn range(kind: &str, inner: &str, out: &mut Formatted, unit: usize, depth: usize) {
    let place = out.entities.len();
    read(inner, out, depth - 1);
    out.entities.insert(place, Entity::new(kind, unit, units(&out.text) - unit));
}

/// Where the closing mark is; marks inside of code do not close.
fn closing(inner: &str, mark: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let next = inner[at..].find(mark)? + at;
        match inner[at..next].find('`').map(|tick| at + tick) {
            Some(tick) => match inner[tick + 1..].find('`') {
                Some(end) => at = tick + end + 2,
                None => return Some(next),
            },
            None => return Some(next),
        }
    }
}

fn code(rest: &str, out: &mut Formatted, unit: usize) -> Option<usize> {
    if let Some(block) = rest.strip_prefix("```") {
        let end = block.find("```").filter(|end| *end > 0)?;
        let body = &block[..end];
        let (language, body) = match body.split_once('\n') {
            Some((first, body))
                if !body.trim().is_empty()
                    && first.chars().all(|c| c.is_alphanumeric() || "+-#._".contains(c)) =>
            {
                (first, body)
            }
            _ => ("", body),
        };
        let body = body.trim_matches('\n');
        let mut entity = Entity::new("pre", unit, units(body));
        entity.language = (!language.is_empty()).then(|| language.to_owned());
        out.text.push_str(body);
        out.entities.push(entity);
        return Some(end + 6);
    }
    let end = rest[1..].find('`').filter(|end| *end > 0)?;
    let body = &rest[1..=end];
    out.text.push_str(body);
    out.entities.push(Entity::new("code", unit, units(body)));
    Some(end + 2)
}

fn link(rest: &str, out: &mut Formatted, unit: usize, depth: usize) -> Option<usize> {
    let end = rest.find("](")?;
    let inner = rest.get(1..end).filter(|s| !s.is_empty() && !s.contains('['))?;
    let close = rest[end..].find(')')? + end;
    let url = rest[end + 2..close].trim();
    let known = url.contains("://") || (url.contains('.') && !url.contains(char::is_whitespace));
    if url.is_empty() || !known {
        return None;
    }
    let place = out.entities.len();
    range("text_link", inner, out, unit, depth);
    if let (Some(entity), Some(moment)) = (out.entities.get_mut(place), url.strip_prefix("tg://time?")) {
        let field = |name| moment.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        entity.kind = "date_time".to_owned();
        entity.unix_time = field("unix").and_then(|seconds| seconds.parse().ok());
        entity.date_time_format = Some(field("format").unwrap_or_default().to_owned());
    } else if let Some(entity) = out.entities.get_mut(place) {
        entity.url = Some(if url.contains("://") { url.to_owned() } else { format!("http://{url}") });
    }
    Some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static str, &'static str, &'static [(&'static str, usize, usize)]);

    #[test]
    fn typed_text_becomes_entities() {
        let cases: &[Case] = &[
            ("plain * _ ~ | text", "plain * _ ~ | text", &[]),
            (
                "**b** __i__ ~~s~~ ||x||",
                "b i s x",
                &[("bold", 0, 1), ("italic", 2, 1), ("strikethrough", 4, 1), ("spoiler", 6, 1)],
            ),
            ("**a __b__**", "a b", &[("bold", 0, 3), ("italic", 2, 1)]),
            ("😀 **x**", "😀 x", &[("bold", 3, 1)]),
            ("`**no**` **yes**", "**no** yes", &[("code", 0, 6), ("bold", 7, 3)]),
            ("**a `**` b**", "a ** b", &[("bold", 0, 6), ("code", 2, 2)]),
            ("**open", "**open", &[]),
            ("****", "****", &[]),
            ("```rust\nfn x()\n```", "fn x()", &[("pre", 0, 6)]),
            ("```\nunclosed", "```\nunclosed", &[]),
            ("[**r**elay](https://r.example)!", "relay!", &[("text_link", 0, 5), ("bold", 0, 1)]),
            ("[noon](tg://time?unix=43200&format=t)", "noon", &[("date_time", 0, 4)]),
            ("[x](not a link)", "[x](not a link)", &[]),
        ];
        for (typed, text, want) in cases {
            let got = parse(typed);
            assert_eq!(got.text, *text, "{typed}");
            let got: Vec<_> =
                got.entities.iter().map(|e| (&*e.kind, e.offset as usize, e.length as usize)).collect();
            assert_eq!(got, *want, "{typed}");
        }
        assert_eq!(parse("```rust\nx\n```").entities[0].language.as_deref(), Some("rust"));
    }
}
