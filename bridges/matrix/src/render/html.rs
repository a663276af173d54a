//! The tree as HTML.

use relay_contract::{Block, Inline, Style, Text};
use std::fmt::Write;

/// Of links; others are written out (<https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>).
const SCHEMES: [&str; 5] = ["https:", "http:", "ftp:", "mailto:", "magnet:"];

/// The text as HTML; none where it is plain words on lines.
pub fn written(text: &Text) -> Option<String> {
    let is_plain = |inline: &Inline| match inline {
        Inline::Plain(_) | Inline::Break | Inline::Mention(_) | Inline::Emoji(_) | Inline::Time(_) => true,
        Inline::Link { url, label } => matches!(&label[..], [Inline::Plain(label)] if label == url),
        Inline::Styled(..) | Inline::Code(_) => false,
    };
    if let [Block::Paragraph(inlines)] = text.blocks()
        && inlines.iter().all(is_plain)
    {
        return None;
    }
    let mut html = String::new();
    blocks(text.blocks(), &mut html);
    Some(html)
}

// Writing into a String cannot fail.
fn blocks(blocks: &[Block], html: &mut String) {
    for block in blocks {
        match block {
            Block::Paragraph(words) => inlines(words, html),
            Block::Heading { level, inlines: words } => {
                let level = level.clamp(&1, &6);
                let _ = write!(html, "<h{level}>");
                inlines(words, html);
                let _ = write!(html, "</h{level}>");
            }
            Block::Code { lang, text } => {
                let lang = lang.as_deref().filter(|lang| is_language(lang));
                let class = lang.map(|lang| format!(" class=\"language-{lang}\"")).unwrap_or_default();
                // A parser drops a line break at the very beginning.
                let _ = write!(html, "<pre><code{class}>{}\n</code></pre>", escaped(text));
            }
            Block::Quote(inner) => {
                html.push_str("<blockquote>");
                self::blocks(inner, html);
                html.push_str("</blockquote>");
            }
            Block::List { start, items } => {
                match start {
                    Some(1) => html.push_str("<ol>"),
                    Some(start) => drop(write!(html, "<ol start=\"{start}\">")),
                    None => html.push_str("<ul>"),
                }
                for item in items {
                    html.push_str("<li>");
                    self::blocks(item, html);
                    html.push_str("</li>");
                }
                html.push_str(if start.is_some() { "</ol>" } else { "</ul>" });
            }
        }
    }
}

fn inlines(inlines: &[Inline], html: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Plain(text) => html.push_str(&spaced(text)),
            Inline::Styled(style, inner) => {
                let (open, close) = match style {
                    Style::Spoiler => ("<span data-mx-spoiler>", "</span>"),
                    Style::Bold => ("<strong>", "</strong>"),
                    Style::Underline => ("<u>", "</u>"),
                    Style::Italic => ("<em>", "</em>"),
                    Style::Strike => ("<del>", "</del>"),
                };
                html.push_str(open);
                self::inlines(inner, html);
                html.push_str(close);
            }
            Inline::Code(text) => drop(write!(html, "<code>{}</code>", escaped(text))),
            Inline::Link { url, label } if can_link(url) => {
                let _ = write!(html, "<a href=\"{}\">", escaped(url));
                self::inlines(label, html);
                html.push_str("</a>");
            }
            Inline::Link { url, label } => {
                self::inlines(label, html);
                if !matches!(&label[..], [Inline::Plain(label)] if label == url) {
                    html.push_str(&escaped(&format!(" ({url})")));
                }
            }
            Inline::Mention(mention) => html.push_str(&spaced(&mention.shown())),
            Inline::Emoji(emoji) => html.push_str(&escaped(&emoji.shown())),
            Inline::Time(time) => html.push_str(&escaped(&time.shown())),
            Inline::Break => html.push_str("<br>"),
        }
    }
}

/// A name of a language, not whatever stood behind a fence.
fn is_language(lang: &str) -> bool {
    lang.len() <= 32 && lang.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-._".contains(&byte))
}

fn can_link(url: &str) -> bool {
    SCHEMES
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
}

/// Escaped, with spaces that would be shown as one kept apart.
fn spaced(text: &str) -> String {
    escaped(text).replace("  ", " \u{A0}")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\0' => {}
            c => escaped.push(c),
        }
    }
    escaped
}
