//! A config's text as it may be shown: with nothing in it that could be a secret, whatever was written where.
//!
//! Works on tokens and not on the parsed document, because most texts that are shown do not parse. Only what is known to
//! be harmless is shown; every other byte of a value or a comment becomes `*`, so that places in the text stay as they are.

use crate::platforms;
use relay_contract::FieldKind;
use std::ops::Range;

/// Keys whose value is never a secret.
const HARMLESS: &[&str] = &[
    "platform",
    "ceilings",
    "data_dir",
    "listen",
    "channels",
    "links",
    "room",
    "direction",
    "connect",
    "owners",
    "bots",
    "name",
    "notices",
    "moderates",
    "delete_on",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NewLine,
    Space,
    Comment,
    Mark(u8),
    Bare,
    /// With this many bytes of quotes at each side.
    Quoted(usize),
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    range: Range<usize>,
}

impl Token {
    fn is_word(&self) -> bool {
        matches!(self.kind, Kind::Bare | Kind::Quoted(_))
    }

    /// What is between the quotes. A text without its end reaches to the end of the token.
    fn inner(&self, text: &str) -> Range<usize> {
        let Kind::Quoted(quotes) = self.kind else { return self.range.clone() };
        let whole = text.get(self.range.clone()).unwrap_or("");
        let start = self.range.start + quotes;
        let quote = whole.get(..quotes).unwrap_or("");
        let closed = whole.len() >= 2 * quotes && whole.ends_with(quote);
        start..if closed { self.range.end - quotes } else { self.range.end }
    }
}

/// The text with everything masked that could be a secret. As many bytes, and the same lines.
pub(super) fn masked(text: &str) -> String {
    let tokens = tokens(text);
    let keys = keys(&tokens);
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut around: Vec<Option<String>> = Vec::new();
    let mut key: Option<String> = None;
    let (mut in_header, mut first_of_line, mut values) = (false, true, 0);
    for (token, is_key) in tokens.iter().zip(keys) {
        let inner = token.inner(text);
        let written = text.get(inner.clone()).unwrap_or("");
        match token.kind {
            Kind::NewLine => {
                in_header = false;
                if around.is_empty() {
                    key = None;
                }
            }
            Kind::Comment => hidden.push(inner.start + 1..inner.end),
            Kind::Mark(b'[') if first_of_line && around.is_empty() => in_header = true,
            Kind::Mark(b']') if in_header => in_header = false,
            Kind::Mark(b'[' | b'{') if !in_header => around.push(key.clone()),
            Kind::Mark(b']' | b'}') if !in_header => key = around.pop().flatten(),
            Kind::Bare | Kind::Quoted(_) if is_key => {
                let plain = written.split('.').all(|part| part.is_empty() || is_plain_word(part));
                if !plain {
                    hidden.push(inner);
                }
                key = Some(written.rsplit('.').next().unwrap_or("").to_owned());
                values = 0;
            }
            Kind::Bare | Kind::Quoted(_) if !in_header => {
                values += 1;
                let is_harmless = key.as_deref().is_some_and(|key| {
                    let alone = values == 1 || (key == "links" && token.kind != Kind::Bare);
                    alone && harmless(key, written)
                });
                if !is_harmless {
                    hidden.push(inner);
                }
            }
            _ => {}
        }
        first_of_line = match token.kind {
            Kind::NewLine => true,
            Kind::Space => first_of_line,
            _ => false,
        };
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in hidden {
        for byte in bytes.get_mut(range).into_iter().flatten().filter(|byte| !b"\r\n".contains(byte)) {
            *byte = b'*';
        }
    }
    // Ranges end at ASCII marks, so no character is cut in two.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Which tokens are a key, or a part of one: at the start of a line or of an entry, and followed by `=`.
fn keys(tokens: &[Token]) -> Vec<bool> {
    let mut keys = vec![false; tokens.len()];
    let mut start: Option<usize> = None;
    let mut may_start = true;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::NewLine | Kind::Mark(b'{' | b',') => (start, may_start) = (None, true),
            Kind::Bare | Kind::Quoted(_) if may_start => (start, may_start) = (Some(at), false),
            // The next part of a dotted key touches the one before it.
            Kind::Bare | Kind::Quoted(_) if at > 0 && tokens.get(at - 1).is_some_and(Token::is_word) => {}
            Kind::Mark(b'=') => {
                if let Some(start) = start.take() {
                    let parts = tokens.iter().zip(&mut keys).take(at).skip(start);
                    parts.filter(|(token, _)| token.is_word()).for_each(|(_, key)| *key = true);
                }
                may_start = false;
            }
            Kind::Space => {}
            _ => (start, may_start) = (None, false),
        }
    }
    keys
}

fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or("");
        let (kind, length) = match byte {
            b'\n' => (Kind::NewLine, 1),
            b' ' | b'\t' | b'\r' => (Kind::Space, 1),
            b'#' => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            b'=' | b'[' | b']' | b'{' | b'}' | b',' => (Kind::Mark(*byte), 1),
            b'"' | b'\'' => quoted(rest, *byte),
            _ => {
                let ends = |c: char| c.is_ascii() && b" \t\r\n#=[]{},\"'".contains(&(c as u8));
                (Kind::Bare, rest.find(ends).unwrap_or(rest.len()))
            }
        };
        let end = at + length.max(1);
        tokens.push(Token { kind, range: at..end.min(text.len()) });
        at = end;
    }
    tokens
}

fn quoted(rest: &str, quote: u8) -> (Kind, usize) {
    let triple = if quote == b'"' { "\"\"\"" } else { "'''" };
    if let Some(inside) = rest.strip_prefix(triple) {
        return (Kind::Quoted(3), inside.find(triple).map_or(rest.len(), |end| end + 6));
    }
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return (Kind::Quoted(1), at),
            _ if escaped => escaped = false,
            b'\\' if quote == b'"' => escaped = true,
            _ if byte == quote => return (Kind::Quoted(1), at + 1),
            _ => {}
        }
    }
    (Kind::Quoted(1), rest.len())
}

fn harmless(key: &str, written: &str) -> bool {
    let is_url = || {
        let fields = platforms::ALL.iter().flat_map(|entry| entry.fields);
        fields.into_iter().any(|field| field.name == key && matches!(field.kind, FieldKind::Url(_)))
    };
    match key {
        "env" => is_variable(written),
        "file" => is_path(written),
        "credential" => is_plain_name(written),
        "links" | "room" => !written.contains("://"),
        "url" => is_plain_url(written),
        "flood" => crate::flood::read(written).is_some(),
        "most" | "largest" => crate::sizes::read(written).is_some(),
        "keep_days" | "audit_days" | "deaf_after" | "pace" | "catch_up_hours" | "catch_up_messages" => {
            written.len() <= 7 && written.bytes().all(|b| b.is_ascii_digit())
        }
        "quiet" | "late" | "time_zone" => is_time(written),
        // One of a few words: another one in its place is a mistake, and no secret.
        "tls" | "consent" | "privacy" | "unsure" | "language" => is_plain_word(written),
        "strip_metadata" => matches!(written, "true" | "false"),
        _ if HARMLESS.contains(&key) => !written.contains('@'),
        _ => is_url() && is_plain_url(written),
    }
}

/// Whether it is what people call a key or a platform: letters, not many. No token is like that.
pub(super) fn is_plain_word(word: &str) -> bool {
    word.len() <= 24 && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-')
}

/// Whether it is what people call an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether it is what people call a small file or a credential; a token has both cases, many digits, or a prefix of its own.
pub(super) fn is_plain_name(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let slack = name.starts_with("xox") || name.starts_with("xapp");
    is_variable(name) || (letters && digits <= 4 && name.len() <= 64 && !slack)
}

/// Whether it is a path, and not a token in the place of one.
pub(super) fn is_path(path: &str) -> bool {
    let rooted = ["/", "./", "../", "~/"].iter().any(|root| path.starts_with(root));
    let folder = path.split_once('/').is_some_and(|(folder, _)| is_plain_name(folder));
    is_plain_name(path) || ((rooted || folder) && !path.contains([':', '@']))
}

/// Whether it is hours, a span of time or a time zone.
fn is_time(written: &str) -> bool {
    let plain = written.bytes().all(|b| b.is_ascii_alphanumeric() || b" :-+/_".contains(&b));
    plain && written.len() <= 32 && written.bytes().filter(u8::is_ascii_digit).count() <= 8
}

/// Whether it is a base URL without a user, a query, or a path that a token could be in.
fn is_plain_url(written: &str) -> bool {
    if !written.contains("://") {
        return written.len() <= 40
            && written.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".:-".contains(&b));
    }
    url::Url::parse(written).is_ok_and(|url| {
        let path = url.path();
        let short = path.split('/').all(|part| part.len() <= 20) && !path.contains(':');
        let rest = url.query().is_none() && url.fragment().is_none();
        short && rest && url.username().is_empty() && url.password().is_none() && !written.contains('@')
    })
}
