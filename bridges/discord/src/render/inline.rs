//! The inlines of a paragraph as one piece of markdown.

use super::LOOKALIKE;
use super::plain::{self, Line};
use crate::parse::{TIME_STYLES, url};
use relay_contract::{Inline, Style};

/// A paragraph's or a heading's text.
pub fn written(inlines: &[Inline]) -> String {
    let mut writer = Writer::default();
    writer.inlines(inlines);
    joined(writer.tokens)
}

enum Token {
    /// As it is.
    Text(String),
    /// A style begins. The number tells the pairs apart.
    Begin(Style, usize),
    /// It ends.
    End(Style, usize),
    /// A link that shows its address.
    Url(String),
}

#[derive(Default)]
struct Writer {
    tokens: Vec<Token>,
    line: Line,
    styles: usize,
    /// Within a spoiler.
    hidden: bool,
}

impl Writer {
    fn raw(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.tokens.last_mut() {
            Some(Token::Text(before)) => before.push_str(text),
            _ => self.tokens.push(Token::Text(text.to_owned())),
        }
    }

    /// Begins a style; answers its end.
    fn begin(&mut self, style: Style) -> Token {
        self.styles += 1;
        self.tokens.push(Token::Begin(style, self.styles));
        Token::End(style, self.styles)
    }

    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("http") {
            let (before, link) = rest.split_at(at);
            if url::begins(link) {
                let escaped = self.line.escape(before);
                self.raw(&escaped);
                let length = url::extent(link).max("http".len());
                self.tokens.push(Token::Url(link[..length].to_owned()));
                self.line = Line::Within;
                rest = &link[length..];
            } else {
                let (before, after) = rest.split_at(at + "http".len());
                let escaped = self.line.escape(before);
                self.raw(&escaped);
                rest = after;
            }
        }
        let escaped = self.line.escape(rest);
        self.raw(&escaped);
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Plain(text) => self.plain(text),
                Inline::Styled(style, inner) => {
                    let end = self.begin(*style);
                    self.hidden |= *style == Style::Spoiler;
                    self.inlines(inner);
                    self.hidden &= *style != Style::Spoiler;
                    self.tokens.push(end);
                }
                Inline::Code(text) if self.hidden => {
                    // Two bars would end what hides them.
                    self.raw(&code(&text.replace("||", "¦¦")));
                    self.line = Line::Within;
                }
                Inline::Code(text) => {
                    self.raw(&code(text));
                    self.line = Line::Within;
                }
                Inline::Link { url, label } => self.link(url, label),
                Inline::Mention(mention) => self.plain(&mention.shown()),
                Inline::Emoji(emoji) => self.plain(&emoji.shown()),
                Inline::Time(time) => {
                    let known = TIME_STYLES.into_iter().find(|(_, style)| *style == time.style);
                    let letter = known.map_or('f', |(letter, _)| letter);
                    self.raw(&format!("<t:{}:{letter}>", time.seconds));
                    self.line = Line::Within;
                }
                Inline::Break => {
                    self.raw("\n");
                    self.line = Line::Start;
                }
            }
        }
    }

    fn link(&mut self, url: &str, label: &[Inline]) {
        let shown = shown(label);
        let linkable = url::begins(url) && url.len() <= url::MOST;
        if shown == url && linkable {
            self.bare(url, label);
        } else if !linkable || shown.contains("://") {
            // Discord makes no link of this: the label, and where it leads if that is not the same.
            self.inlines(label);
            if shown != url {
                self.plain(" (");
                self.plain(url);
                self.plain(")");
            }
        } else {
            self.raw("[");
            self.inlines(label);
            self.raw(&format!("]({})", target(url)));
            self.line = Line::Within;
        }
    }

    /// A link that shows its address, in whatever style the address is shown.
    fn bare(&mut self, url: &str, label: &[Inline]) {
        match label {
            [Inline::Styled(style, inner)] => {
                let end = self.begin(*style);
                self.bare(url, inner);
                self.tokens.push(end);
            }
            _ => self.tokens.push(Token::Url(url.to_owned())),
        }
        self.line = Line::Within;
    }
}

/// A label's words.
pub fn shown(label: &[Inline]) -> String {
    label
        .iter()
        .map(|inline| match inline {
            Inline::Plain(text) | Inline::Code(text) => text.clone(),
            Inline::Styled(_, inner) | Inline::Link { label: inner, .. } => shown(inner),
            Inline::Mention(mention) => mention.shown(),
            Inline::Emoji(emoji) => emoji.shown(),
            Inline::Time(time) => time.shown(),
            Inline::Break => "\n".to_owned(),
        })
        .collect()
}

/// An address in parentheses: what would end it is percent-encoded, parentheses that pair up stay.
fn target(url: &str) -> String {
    let mut depth = 0usize;
    let balanced = url.chars().all(|c| {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
        true
    }) && depth == 0;
    encoded(url, |c| matches!(c, '(' | ')') && !balanced)
}

/// An address without what no address may contain, nor what `also` names.
fn encoded(url: &str, also: impl Fn(char) -> bool) -> String {
    let mut made = String::with_capacity(url.len());
    for c in url.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '\\') || also(c) {
            let mut bytes = [0; 4];
            made.extend(c.encode_utf8(&mut bytes).bytes().map(|b| format!("%{b:02X}")));
        } else {
            made.push(c);
        }
    }
    made
}

/// Code between backticks: one, or two where the code has single ones.
pub fn code(text: &str) -> String {
    let has_run = |length: usize| text.split(|c| c != '`').any(|run| run.len() == length);
    let (ticks, text) = match (has_run(1), has_run(2)) {
        (false, _) => ("`", text.to_owned()),
        (true, false) => ("``", text.to_owned()),
        (true, true) => ("`", text.replace('`', LOOKALIKE)),
    };
    // A blank keeps a backtick from the edge.
    let pad = |beside: bool| if beside { " " } else { "" };
    let before = pad(text.trim_start_matches(' ').starts_with('`'));
    let after = pad(text.trim_end_matches(' ').ends_with('`'));
    format!("{ticks}{before}{text}{after}{ticks}")
}

/// Moves blanks from the edges of a style to its outside: they look the same there, and marks that touch words are read by all.
fn tightened(tokens: Vec<Token>) -> Vec<Token> {
    let mut made: Vec<Token> = Vec::with_capacity(tokens.len());
    let text = |text: &str| (!text.is_empty()).then(|| Token::Text(text.to_owned()));
    for token in tokens {
        match token {
            Token::Text(words) if matches!(made.last(), Some(Token::Begin(..))) => {
                let (blank, words) = words.split_at(words.len() - words.trim_start().len());
                let outside = made.iter().rposition(|token| !matches!(token, Token::Begin(..)));
                let outside = outside.map_or(0, |at| at + 1);
                made.splice(outside..outside, text(blank));
                made.extend(text(words));
            }
            Token::End(..) => {
                let blank = match made.last_mut() {
                    Some(Token::Text(words)) => words.split_off(words.trim_end().len()),
                    _ => String::new(),
                };
                made.pop_if(|token| matches!(token, Token::Text(words) if words.is_empty()));
                // A style of nothing but blanks is none.
                if made.pop_if(|token| matches!(token, Token::Begin(..))).is_none() {
                    made.push(token);
                }
                made.extend(text(&blank));
            }
            token => made.push(token),
        }
    }
    made
}

/// The tokens as text, now that it is known what follows each.
fn joined(tokens: Vec<Token>) -> String {
    let tokens = tightened(tokens);
    let underlined = tokens.iter().any(|token| matches!(token, Token::Begin(Style::Underline, _)));
    let mut out = String::new();
    let mut italics: Vec<&str> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Text(text) => out.push_str(text),
            Token::Url(url) => {
                let alone = tokens.get(at + 1).is_none_or(|next| first_char(next).is_whitespace());
                if alone && url::extent(url) == url.len() && !url.contains("||") {
                    out.push_str(url);
                } else {
                    out.push_str(&format!("<{}>", encoded(url, |_| false)));
                }
            }
            Token::Begin(Style::Bold, _) | Token::End(Style::Bold, _) => out.push_str("**"),
            Token::Begin(Style::Underline, _) | Token::End(Style::Underline, _) => out.push_str("__"),
            Token::Begin(Style::Spoiler, _) | Token::End(Style::Spoiler, _) => out.push_str("||"),
            Token::Begin(Style::Strike, _) | Token::End(Style::Strike, _) => out.push_str("~~"),
            Token::Begin(Style::Italic, number) => {
                let mark = if underlined { "*" } else { italic_mark(&tokens[at + 1..], *number) };
                italics.push(mark);
                out.push_str(mark);
            }
            Token::End(Style::Italic, _) => out.push_str(italics.pop().unwrap_or("_")),
        }
    }
    out
}

/// `_` stays clear of the stars of bold, but ends only where no letter follows, and not before a `_` inside code or a link.
fn italic_mark(after: &[Token], number: usize) -> &'static str {
    let end = after.iter().position(|token| matches!(token, Token::End(_, n) if *n == number));
    let Some(end) = end else { return "_" };
    // An address that stands alone begins with a letter.
    let followed = after
        .get(end + 1)
        .is_some_and(|next| matches!(next, Token::Url(_)) || first_char(next).is_ascii_alphanumeric());
    let has_line = after[..end].iter().any(|token| match token {
        Token::Text(text) => plain::has_bare(text, '_'),
        Token::Url(url) => url.contains('_'),
        _ => false,
    });
    if followed || has_line { "*" } else { "_" }
}

fn first_char(token: &Token) -> char {
    match token {
        Token::Text(text) => text.chars().next().unwrap_or('\n'),
        // In angle brackets, unless it stands alone.
        Token::Url(_) => '<',
        Token::Begin(..) | Token::End(..) => '*',
    }
}
