//! `parse_mode`: HTML and MarkdownV2 to text and ranges.
//!
//! Source: <https://core.telegram.org/bots/api#formatting-options>. The errors are worded as the server words them.

use super::entities::{Entity, Formatted};

/// Text being built, counting UTF-16 units as it grows.
#[derive(Default)]
struct Builder {
    out: Formatted,
    unit: usize,
}

impl Builder {
    fn push(&mut self, c: char) {
        self.out.text.push(c);
        self.unit += c.len_utf16();
    }

    fn close(&mut self, mut entity: Entity) {
        entity.length = self.unit as i64 - entity.offset;
        if entity.length > 0 {
            self.out.entities.push(entity);
        }
    }

    fn done(mut self) -> Formatted {
        super::entities::order(&mut self.out.entities);
        self.out
    }
}

/// Reads `parse_mode=HTML`.
pub fn html(text: &str) -> Result<Formatted, String> {
    let mut built = Builder::default();
    let mut open: Vec<(String, Entity)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        match c {
            '&' => match character(rest) {
                Some((c, used)) => {
                    built.push(c);
                    at += used;
                }
                None => {
                    built.push('&');
                    at += 1;
                }
            },
            '<' if rest.starts_with("</") => {
                let end = rest.find('>').ok_or_else(|| format!("Unclosed end tag at byte offset {at}"))?;
                let name = rest[2..end].trim().to_ascii_lowercase();
                let (tag, entity) =
                    open.pop().ok_or_else(|| format!("Unexpected end tag at byte offset {at}"))?;
                if !name.is_empty() && name != tag {
                    return Err(format!(
                        "Unmatched end tag at byte offset {at}, expected \"</{tag}>\", found \"</{name}>\""
                    ));
                }
                // `<pre><code class="language-x">` is one block with a language.
                let nested = open.last_mut().filter(|(tag, e)| tag == "pre" && e.offset == entity.offset);
                match (entity.kind.as_str(), nested) {
                    ("code", Some((_, pre))) => pre.language = entity.language,
                    ("", _) => {}
                    _ => built.close(Entity { language: entity.language.filter(|_| tag == "pre"), ..entity }),
                }
                at += end + 1;
            }
            '<' => {
                let end = rest.find('>').ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
                open.push(start_tag(&rest[1..end], built.unit, at)?);
                at += end + 1;
            }
            c => {
                built.push(c);
                at += c.len_utf8();
            }
        }
    }
    match open.pop() {
        Some((tag, _)) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
        None => Ok(built.done()),
    }
}

/// `&lt;`, `&#33;` … : the character and the bytes used.
fn character(rest: &str) -> Option<(char, usize)> {
    let end = rest.bytes().take(12).position(|b| b == b';')?;
    let c = match &rest[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    Some((c, end + 1))
}

fn start_tag(inside: &str, unit: usize, at: usize) -> Result<(String, Entity), String> {
    let (name, attributes) = inside.trim().split_once(char::is_whitespace).unwrap_or((inside.trim(), ""));
    let name = name.to_ascii_lowercase();
    let attribute = |wanted: &str| {
        let (_, after) = attributes.split_once(wanted)?;
        let after = after.trim_start().strip_prefix('=')?.trim_start();
        let value = match after.chars().next()? {
            quote @ ('"' | '\'') => after[1..].split(quote).next()?,
            _ => after.split(char::is_whitespace).next()?,
        };
        let mut plain = String::new();
        let mut rest = value;
        while let Some(c) = rest.chars().next() {
            let (c, used) = character(rest).filter(|_| c == '&').unwrap_or((c, c.len_utf8()));
            plain.push(c);
            rest = &rest[used..];
        }
        Some(plain)
    };
    let kind = match &*name {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" => "spoiler",
        "span" if attribute("class").as_deref() == Some("tg-spoiler") => "spoiler",
        "span" => {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"));
        }
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" if attributes.split_whitespace().any(|a| a.starts_with("expandable")) => {
            "expandable_blockquote"
        }
        "blockquote" => "blockquote",
        "tg-emoji" => "custom_emoji",
        _ => return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}")),
    };
    let mut entity = Entity::new(kind, unit, 0);
    match kind {
        "text_link" => match attribute("href").filter(|url| !url.is_empty()) {
            Some(url) => entity.url = Some(url),
            // Without an address the text is shown and no link is made.
            None => entity.kind = String::new(),
        },
        "code" => {
            entity.language = attribute("class").and_then(|c| c.strip_prefix("language-").map(str::to_owned))
        }
        "custom_emoji" => entity.custom_emoji_id = attribute("emoji-id"),
        _ => {}
    }
    Ok((name, entity))
}

/// Characters that MarkdownV2 wants escaped where they mean nothing.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

/// Reads `parse_mode=MarkdownV2`.
pub fn markdown(text: &str) -> Result<Formatted, String> {
    let mut built = Builder::default();
    let mut open: Vec<(&'static str, Entity, usize)> = Vec::new();
    let mut at = 0;
    let mut line_start = true;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let quoted = open.iter().any(|(mark, ..)| *mark == ">");
        if line_start {
            line_start = false;
            if c == '>' && open.is_empty() {
                open.push((">", Entity::new("blockquote", built.unit, 0), at));
                at += 1;
                continue;
            }
            if quoted {
                if c == '>' {
                    at += 1;
                    continue;
                }
                if let Some((">", entity, _)) = open.pop() {
                    built.close(entity);
                }
            }
        }
        if c == '\\' && rest[1..].starts_with(|c: char| c.is_ascii() && c > ' ') {
            at += 1;
            built.push(char::from(rest.as_bytes().get(1).copied().unwrap_or(b' ')));
            at += 1;
            continue;
        }
        let inside = open.last().map(|(mark, ..)| *mark);
        let Some((mark, kind)) = mark(rest, inside) else {
            if RESERVED.contains(c) && !matches!(inside, Some("`" | "```")) {
                return Err(format!(
                    "Character '{c}' is reserved and must be escaped with the preceding '\\'"
                ));
            }
            line_start = c == '\n';
            built.push(c);
            at += c.len_utf8();
            continue;
        };
        at += mark.len();
        let closes = inside == Some(mark) || (mark == "]" && inside == Some("["));
        if !closes {
            let mut entity = Entity::new(kind, built.unit, 0);
            if mark == "```" {
                let word = text[at..].bytes().take_while(|b| !b.is_ascii_whitespace() && *b != b'`').count();
                if word > 0 && text[at + word..].starts_with('\n') {
                    entity.language = Some(text[at..at + word].to_owned());
                    at += word;
                }
                at += usize::from(text[at..].starts_with('\n'));
            }
            open.push((mark, entity, at));
            continue;
        }
        let Some((_, mut entity, _)) = open.pop() else {
            continue;
        };
        if mark == "]" {
            let Some(address) = text[at..].strip_prefix('(') else {
                continue;
            };
            let end =
                address.find(')').ok_or_else(|| format!("Can't find end of a URL at byte offset {at}"))?;
            entity.url = Some(address[..end].replace('\\', ""));
            at += end + 2;
        }
        built.close(entity);
    }
    if let Some(last) = open.pop_if(|(mark, ..)| *mark == ">") {
        built.close(last.1);
    }
    match open.pop() {
        Some((_, entity, at)) => Err(format!("Can't find end of {} entity at byte offset {at}", entity.kind)),
        None => Ok(built.done()),
    }
}

/// The mark that starts here, with what it opens.
fn mark(rest: &str, inside: Option<&str>) -> Option<(&'static str, &'static str)> {
    const MARKS: [(&str, &str); 9] = [
        ("```", "pre"),
        ("`", "code"),
        ("||", "spoiler"),
        ("__", "underline"),
        ("_", "italic"),
        ("*", "bold"),
        ("~", "strikethrough"),
        ("[", "text_link"),
        ("]", ""),
    ];
    match inside {
        // Inside of code only its own end counts.
        Some(code @ ("`" | "```")) => MARKS.into_iter().find(|(m, _)| *m == code && rest.starts_with(m)),
        _ => MARKS.into_iter().find(|(m, _)| rest.starts_with(m) && (*m != "]" || inside == Some("["))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ranges(read: &Formatted) -> Vec<(&str, i64, i64)> {
        read.entities.iter().map(|e| (&*e.kind, e.offset, e.length)).collect()
    }

    type Case = (&'static str, &'static str, &'static [(&'static str, i64, i64)]);

    #[test]
    fn html_becomes_ranges() {
        let cases: &[Case] = &[
            ("a &lt;b&gt; &amp; &#128512;", "a <b> & 😀", &[]),
            ("<b>a <i>b</i></b>", "a b", &[("bold", 0, 3), ("italic", 2, 1)]),
            ("😀<s>x</s>", "😀x", &[("strikethrough", 2, 1)]),
            ("<a href=\"https://x.example/?a=1&amp;b=2\">x</a>", "x", &[("text_link", 0, 1)]),
            ("<pre><code class=\"language-rust\">fn</code></pre>", "fn", &[("pre", 0, 2)]),
            ("<span class=\"tg-spoiler\">x</span>", "x", &[("spoiler", 0, 1)]),
            ("<blockquote expandable>q</blockquote>", "q", &[("expandable_blockquote", 0, 1)]),
        ];
        for (text, plain, want) in cases {
            let read = html(text).unwrap();
            assert_eq!((&*read.text, &*ranges(&read)), (*plain, *want), "{text}");
        }
        assert_eq!(
            html("<a href='https://x/?a&amp;b'>x</a>").unwrap().entities[0].url.as_deref(),
            Some("https://x/?a&b")
        );
        for bad in ["<b>x", "<blink>x</blink>", "<b>x</i>", "x</b>", "a < b"] {
            assert!(html(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn markdown_becomes_ranges() {
        let cases: &[Case] = &[
            (
                "*b* _i_ __u__ ~s~ ||x||",
                "b i u s x",
                &[
                    ("bold", 0, 1),
                    ("italic", 2, 1),
                    ("underline", 4, 1),
                    ("strikethrough", 6, 1),
                    ("spoiler", 8, 1),
                ],
            ),
            ("1\\. a\\!", "1. a!", &[]),
            ("[x](https://x.example)", "x", &[("text_link", 0, 1)]),
            ("```rust\nlet a_b = *c;\n```", "let a_b = *c;\n", &[("pre", 0, 14)]),
            ("`a_b`", "a_b", &[("code", 0, 3)]),
            (">q\n>r\ns", "q\nr\ns", &[("blockquote", 0, 4)]),
        ];
        for (text, plain, want) in cases {
            let read = markdown(text).unwrap();
            assert_eq!((&*read.text, &*ranges(&read)), (*plain, *want), "{text}");
        }
        for bad in ["a.b", "*open", "x!", "[x](y"] {
            assert!(markdown(bad).is_err(), "{bad}");
        }
    }
}
