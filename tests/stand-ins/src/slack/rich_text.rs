//! The `rich_text` block that says the same as a message's mrkdwn: Slack sends both.
//!
//! Source: <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>.

use super::emoji;
use super::mrkdwn::unescape;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Style {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
}

/// How deep styles are followed into each other.
const DEPTH: usize = 8;

/// The blocks of a text; none for an empty one.
pub fn blocks(text: &str, block_id: &str) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let fence = rest.find("```").and_then(|start| {
            let end = rest[start + 3..].find("```").filter(|end| *end > 0)? + start + 3;
            Some((start, end))
        });
        let Some((start, end)) = fence else {
            lines(rest, &mut elements);
            break;
        };
        lines(rest[..start].strip_suffix('\n').unwrap_or(&rest[..start]), &mut elements);
        let code = rest[start + 3..end].trim_matches('\n');
        let mut inside = Vec::new();
        push_text(&mut inside, &plain(code), Style::default());
        elements.push(json!({ "type": "rich_text_preformatted", "elements": inside, "border": 0 }));
        rest = rest[end + 3..].strip_prefix('\n').unwrap_or(&rest[end + 3..]);
    }
    if elements.is_empty() {
        return json!([]);
    }
    json!([{ "type": "rich_text", "block_id": block_id, "elements": elements }])
}

/// Links inside of code are shown by their address.
fn plain(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('>').map(|end| start + end) else {
            break;
        };
        let inside = &rest[start + 1..end];
        out.push_str(inside.split_once('|').map_or(inside, |(_, label)| label));
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    unescape(&out)
}

/// Sections and quotes.
fn lines(text: &str, elements: &mut Vec<Value>) {
    if text.is_empty() {
        return;
    }
    let mut groups: Vec<(bool, Vec<&str>)> = Vec::new();
    for line in text.split('\n') {
        let quoted = line.strip_prefix("&gt;").map(|l| l.strip_prefix(' ').unwrap_or(l));
        let (is_quote, line) = (quoted.is_some(), quoted.unwrap_or(line));
        match groups.last_mut() {
            Some((kind, group)) if *kind == is_quote => group.push(line),
            _ => groups.push((is_quote, vec![line])),
        }
    }
    for (is_quote, group) in groups {
        let mut inside = Vec::new();
        inline(&group.join("\n"), Style::default(), DEPTH, &mut inside);
        let kind = if is_quote { "rich_text_quote" } else { "rich_text_section" };
        elements.push(json!({ "type": kind, "elements": inside }));
    }
}

fn inline(text: &str, style: Style, depth: usize, out: &mut Vec<Value>) {
    let mut plain_run = String::new();
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let boundary = !before.is_some_and(char::is_alphanumeric);
        let used = match c {
            ':' if boundary => named_emoji(rest, style).map(|(value, used)| (vec![value], used)),
            '<' => element(rest, style).map(|(value, used)| (vec![value], used)),
            '`' => rest[1..].find('`').filter(|end| *end > 0 && !rest[1..=*end].contains('\n')).map(|end| {
                let mut inside = Vec::new();
                push_text(&mut inside, &plain(&rest[1..=end]), Style { code: true, ..style });
                (inside, end + 2)
            }),
            '*' | '_' | '~' if boundary && depth > 0 => closing(rest, c).map(|end| {
                let mut inside = Vec::new();
                let mut inner = style;
                match c {
                    '*' => inner.bold = true,
                    '_' => inner.italic = true,
                    _ => inner.strike = true,
                }
                inline(&rest[1..end], inner, depth - 1, &mut inside);
                (inside, end + 1)
            }),
            _ => None,
        };
        let used = match used {
            Some((values, used)) => {
                push_text(out, &unescape(&std::mem::take(&mut plain_run)), style);
                out.extend(values);
                used
            }
            None => {
                plain_run.push(c);
                c.len_utf8()
            }
        };
        before = rest[..used].chars().next_back();
        rest = &rest[used..];
    }
    push_text(out, &unescape(&plain_run), style);
}

/// Where the mark that starts here is closed: on the same line, after a character, before a boundary.
fn closing(rest: &str, mark: char) -> Option<usize> {
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    if line[1..].starts_with(|c: char| c.is_whitespace() || c == mark) {
        return None;
    }
    let mut code = false;
    let mut before = ' ';
    for (at, c) in line.char_indices().skip(1) {
        let ends = !line[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
        if c == '`' {
            code = !code;
        } else if c == mark && !code && ends && !before.is_whitespace() && at > 1 {
            return Some(at);
        }
        before = c;
    }
    None
}

/// `:name:` of an emoji that the workspace knows.
fn named_emoji(rest: &str, style: Style) -> Option<(Value, usize)> {
    let name = |c: char| c.is_ascii_alphanumeric() || "_+-'".contains(c);
    let mut end = 1 + rest[1..].find(|c| !name(c))?;
    if let Some(toned) = rest[end..].strip_prefix("::skin-tone-")
        && toned.get(1..2) == Some(":")
    {
        end += "::skin-tone-0".len();
    }
    let named = rest.get(1..end).filter(|name| rest[end..].starts_with(':') && emoji::is_known(name))?;
    let plain = named.split("::").next().unwrap_or(named);
    let mut value = json!({ "type": "emoji", "name": plain });
    if emoji::unicode(plain).is_some() {
        let points: Vec<_> = emoji::shown(named).chars().map(|c| format!("{:x}", u32::from(c))).collect();
        value["unicode"] = json!(points.join("-"));
    }
    if let Some((_, tone)) = named.split_once("::skin-tone-") {
        value["skin_tone"] = json!(tone.parse::<u32>().ok());
    }
    if let Some(style) = told(style) {
        value["style"] = style;
    }
    Some((value, end + 1))
}

/// `<…>`: a link, a user, a channel, everybody.
fn element(rest: &str, style: Style) -> Option<(Value, usize)> {
    let end = rest.find('>')?;
    let inside = &rest[1..end];
    let (target, label) = inside.split_once('|').map_or((inside, None), |(t, l)| (t, Some(l)));
    let mut value = if let Some(user) = target.strip_prefix('@') {
        json!({ "type": "user", "user_id": user })
    } else if let Some(room) = target.strip_prefix('#') {
        json!({ "type": "channel", "channel_id": room })
    } else if let Some(range) = target.strip_prefix('!') {
        json!({ "type": "broadcast", "range": range })
    } else {
        let mut link = json!({ "type": "link", "url": unescape(target) });
        if let Some(label) = label {
            link["text"] = json!(unescape(label));
        }
        link
    };
    if let Some(style) = told(style) {
        value["style"] = style;
    }
    Some((value, end + 1))
}

fn push_text(out: &mut Vec<Value>, text: &str, style: Style) {
    if text.is_empty() {
        return;
    }
    let mut value = json!({ "type": "text", "text": text });
    if let Some(style) = told(style) {
        value["style"] = style;
    }
    out.push(value);
}

fn told(style: Style) -> Option<Value> {
    let mut told = json!({});
    for (name, set) in
        [("bold", style.bold), ("italic", style.italic), ("strike", style.strike), ("code", style.code)]
    {
        if set {
            told[name] = json!(true);
        }
    }
    (style != Style::default()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a block: `s[…]` section, `q[…]` quote, `p[…]` preformatted; an element is its text and its styles.
    fn shown(text: &str) -> String {
        let blocks = blocks(text, "b");
        let text_of = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_owned();
        let mut out = String::new();
        for block in blocks[0]["elements"].as_array().into_iter().flatten() {
            let kind = text_of(block, "type").replace("rich_text_", "");
            out += &format!("{}[", &kind[..1]);
            for e in block["elements"].as_array().into_iter().flatten() {
                let styles: String = ["bold", "italic", "strike", "code"]
                    .iter()
                    .filter(|s| e["style"][**s] == true)
                    .map(|s| &s[..1])
                    .collect();
                let said = ["text", "url", "user_id", "range", "channel_id"].map(|k| text_of(e, k)).concat();
                let emoji = if e["type"] == "emoji" {
                    format!("{} {}", text_of(e, "name"), text_of(e, "unicode"))
                } else {
                    String::new()
                };
                out += &format!("{styles}({said}{emoji})");
            }
            out += "]";
        }
        out
    }

    #[test]
    fn mrkdwn_becomes_rich_text() {
        for (text, want) in [
            ("a *b* _i_ ~s~ `c`", "s[(a )b(b)( )i(i)( )s(s)( )c(c)]"),
            ("*a _b_*", "s[b(a )bi(b)]"),
            ("2*3*4 a_b_c", "s[(2*3*4 a_b_c)]"),
            ("* a *", "s[(* a *)]"),
            ("<https://x.example|x &amp; y> <@U1> <!here>", "s[(x & yhttps://x.example)( )(U1)( )(here)]"),
            ("&gt; q\n&gt; r\ns", "q[(q\nr)]s[(s)]"),
            ("a\n```\nlet &lt;x&gt;\n```\nb", "s[(a)]p[(let <x>)]s[(b)]"),
            ("`*no*` *`yes`*", "s[c(*no*)( )bc(yes)]"),
            ("*open", "s[(*open)]"),
            ("*hi :wave:* at 12:30:45", "s[b(hi )b(wave 1f44b)( at 12:30:45)]"),
            (":+1::skin-tone-4: :party_owl: :nobody:", "s[(+1 1f44d-1f3fd)( )(party_owl )( :nobody:)]"),
            ("", ""),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }
}
