//! Text on its way in: what a client makes of what a person types, and what the server makes of what an app sends.
//!
//! Source: <https://docs.slack.dev/messaging/formatting-message-text>. `&`, `<` and `>` are escaped; links, mentions
//! and channels are written in angle brackets.

use crate::links::link_end;

/// Turns handles and channel names into ids.
pub trait Names {
    /// A user's id by handle.
    fn user(&self, handle: &str) -> Option<String>;
    /// A channel's id by name.
    fn room(&self, name: &str) -> Option<String>;
}

/// What is read in a text besides links.
#[derive(Clone, Copy)]
struct Rules {
    /// `<…>` and `&amp;` mean something already.
    marked: bool,
    /// `@handle`, `@everyone` and `#room` are looked up.
    names: bool,
}

/// What a person typed.
pub fn typed(text: &str, names: &dyn Names) -> String {
    walk(text, names, Rules { marked: false, names: true })
}

/// What an app sent; `names` is its `link_names` or `parse=full`.
pub fn sent(text: &str, names: &dyn Names, link_names: bool) -> String {
    walk(text, names, Rules { marked: true, names: link_names })
}

/// `&amp;`, `&lt;` and `&gt;` as characters.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Characters as `&amp;`, `&lt;` and `&gt;`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| escape(c, &mut out));
    out
}

fn escape(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}

fn walk(text: &str, names: &dyn Names, rules: Rules) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let used = code(rest, rules, &mut out)
            .or_else(|| rules.marked.then(|| marked(rest, &mut out)).flatten())
            .or_else(|| {
                let starts = !before.is_some_and(|b: char| b.is_alphanumeric() || b == '_');
                starts.then(|| link(rest, &mut out).or_else(|| name(rest, names, rules, &mut out))).flatten()
            })
            .unwrap_or_else(|| {
                escape(c, &mut out);
                c.len_utf8()
            });
        before = rest[..used].chars().next_back();
        rest = &rest[used..];
    }
    out
}

/// A code span or block: only escaped.
fn code(rest: &str, rules: Rules, out: &mut String) -> Option<usize> {
    let fence = if rest.starts_with("```") { "```" } else { "`" };
    let body = rest.strip_prefix(fence)?;
    let end = body.find(fence).filter(|end| *end > 0)?;
    if fence == "`" && body[..end].contains('\n') {
        return None;
    }
    out.push_str(fence);
    let mut inner = &body[..end];
    while let Some(c) = inner.chars().next() {
        let used = rules.marked.then(|| marked(inner, out)).flatten().unwrap_or_else(|| {
            escape(c, out);
            c.len_utf8()
        });
        inner = &inner[used..];
    }
    out.push_str(fence);
    Some(end + 2 * fence.len())
}

/// What an app has escaped or put into angle brackets itself.
fn marked(rest: &str, out: &mut String) -> Option<usize> {
    let known = ["&amp;", "&lt;", "&gt;"].into_iter().find(|e| rest.starts_with(e));
    if let Some(entity) = known {
        out.push_str(entity);
        return Some(entity.len());
    }
    let inside = rest.strip_prefix('<')?;
    let inside = &inside[..inside.find('>')?];
    let known = inside.starts_with(['@', '#', '!']) && inside.len() > 1
        || ["http://", "https://", "mailto:", "tel:"]
            .iter()
            .any(|s| inside.starts_with(s) && inside.len() > s.len());
    if !known || inside.contains(['<', '\n']) {
        return None;
    }
    out.push('<');
    out.push_str(inside);
    out.push('>');
    Some(inside.len() + 2)
}

fn link(rest: &str, out: &mut String) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|s| rest.starts_with(s))?;
    // A mark that closes around the link does not belong to it.
    let end = link_end(rest);
    let end = rest[..end].trim_end_matches(['*', '_', '~']).len();
    if end <= scheme.len() {
        return None;
    }
    out.push('<');
    rest[..end].replace("&amp;", "&").chars().for_each(|c| escape(c, out));
    out.push('>');
    Some(end)
}

fn name(rest: &str, names: &dyn Names, rules: Rules, out: &mut String) -> Option<usize> {
    if !rules.names {
        return None;
    }
    let word = |rest: &str| {
        let end =
            rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
        rest[..end].trim_end_matches(['.', '-']).to_owned()
    };
    if let Some(after) = rest.strip_prefix('@') {
        let handle = word(after);
        match &*handle {
            "everyone" | "channel" | "here" => out.push_str(&format!("<!{handle}>")),
            _ => out.push_str(&format!("<@{}>", names.user(&handle)?)),
        }
        return Some(handle.len() + 1);
    }
    let room = word(rest.strip_prefix('#')?);
    out.push_str(&format!("<#{}|{room}>", names.room(&room)?));
    Some(room.len() + 1)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::slack) struct Ada;

    impl Names for Ada {
        fn user(&self, handle: &str) -> Option<String> {
            (handle == "ada").then(|| "U1".to_owned())
        }
        fn room(&self, name: &str) -> Option<String> {
            (name == "general").then(|| "C1".to_owned())
        }
    }

    #[test]
    fn typed_text_becomes_mrkdwn() {
        for (text, want) in [
            ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
            ("&amp; <@U1>", "&amp;amp; &lt;@U1&gt;"),
            ("see https://a.example/?x=1&y=2.", "see <https://a.example/?x=1&amp;y=2>."),
            ("*https://a.example*", "*<https://a.example>*"),
            ("@ada, @everyone @here @channel @bob", "<@U1>, <!everyone> <!here> <!channel> @bob"),
            ("me@ada.example", "me@ada.example"),
            ("in #general or #other", "in <#C1|general> or #other"),
            (
                "`@ada <b>` and ```@here\nhttps://x.example```",
                "`@ada &lt;b&gt;` and ```@here\nhttps://x.example```",
            ),
            ("> quoted", "&gt; quoted"),
            ("😀 `open", "😀 `open"),
        ] {
            assert_eq!(typed(text, &Ada), want, "{text}");
        }
    }

    #[test]
    fn sent_text_keeps_its_marks() {
        for (text, names, want) in [
            ("&amp; &lt; & <", false, "&amp; &lt; &amp; &lt;"),
            (
                "<@U1> <!here> <https://a.example|a> <b>",
                false,
                "<@U1> <!here> <https://a.example|a> &lt;b&gt;",
            ),
            ("@ada @everyone", false, "@ada @everyone"),
            ("@ada @everyone", true, "<@U1> <!everyone>"),
            ("https://a.example/?x=1&amp;y=2", false, "<https://a.example/?x=1&amp;y=2>"),
        ] {
            assert_eq!(sent(text, &Ada, names), want, "{text}");
        }
    }
}
