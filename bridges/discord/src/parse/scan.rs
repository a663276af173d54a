//! From left to right over a text: each place is looked at once, and every look ahead is bounded.

use super::spans::{Mark, Spans};
use super::tags::{self, Tag};
use super::{Lookup, code, url};
use code::{Code, Ticks};
use relay_contract::Mention;
use relay_contract::text::Leaf;

/// The reader of one section.
pub struct Scan<'a> {
    text: &'a str,
    at: usize,
    lookup: &'a Lookup<'a>,
    ticks: Ticks,
    /// No fence ends after this place: known once one search has failed.
    no_fence: bool,
    spans: &'a mut Spans,
}

impl<'a> Scan<'a> {
    /// At the beginning.
    pub fn new(text: &'a str, lookup: &'a Lookup<'a>, spans: &'a mut Spans) -> Self {
        Self { text, at: 0, lookup, ticks: Ticks::new(text), no_fence: false, spans }
    }

    /// Adds all leaves.
    pub fn all(mut self) {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\\' => self.escape(),
                '`' => self.code(),
                '<' => self.tag(),
                '*' => self.stars_or_lines('*', Mark::Star, Mark::Bold),
                '_' => self.stars_or_lines('_', Mark::Line, Mark::Underline),
                '~' => self.tildes(),
                '|' => self.bars(),
                '[' => {
                    self.spans.begin(Mark::Bracket);
                    self.at += 1;
                }
                ']' => self.bracket(),
                '@' => self.everyone(),
                'h' if url::begins(self.rest()) => self.link(),
                _ => self.plain(),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes `length` bytes as they are.
    fn take(&mut self, length: usize) {
        let taken = &self.text[self.at..self.at + length];
        self.spans.text(taken);
        self.at += length;
    }

    /// Takes what means nothing, up to the next place that might.
    fn plain(&mut self) {
        let rest = self.rest();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let more = rest[first..].find(['\\', '`', '<', '*', '_', '~', '|', '[', ']', '@', 'h']);
        self.take(more.map_or(rest.len(), |more| first + more));
    }

    /// A backslash takes the meaning of any sign after it; before letters, digits and blanks it is only itself.
    fn escape(&mut self) {
        match self.rest()[1..].chars().next() {
            Some(sign) if !sign.is_ascii_alphanumeric() && !sign.is_whitespace() => {
                self.at += 1;
                self.take(sign.len_utf8());
            }
            _ => self.take(1),
        }
    }

    fn code(&mut self) {
        match self.ticks.code(self.text, self.at, &mut self.no_fence) {
            Code::Block(lang, text, length) => {
                self.spans.leaf(Leaf::Block { lang: lang.map(str::to_owned), text: text.to_owned() });
                self.at += length;
            }
            Code::Span(text, length) => {
                self.spans.leaf(Leaf::Code(text.to_owned()));
                self.at += length;
            }
            Code::Ticks(length) => self.take(length),
        }
    }

    fn tag(&mut self) {
        let Some((tag, length)) = tags::read(self.rest(), self.lookup) else {
            return self.take(1);
        };
        match tag {
            Tag::Leaf(leaf) => self.spans.leaf(leaf),
            Tag::Text(text) => self.spans.text(&text),
            Tag::Link(url) => self.spans.bare_link(&url),
        }
        self.at += length;
    }

    /// A run of `*` or `_`: one is italic, two are bold or underline, three are both.
    fn stars_or_lines(&mut self, sign: char, single: Mark, double: Mark) {
        let rest = self.rest();
        let run = rest.len() - rest.trim_start_matches(sign).len();
        let next = rest[run..].chars().next();
        let before = self.text[..self.at].chars().next_back();
        let (may_begin, may_end) = if sign == '*' {
            (next.is_some_and(|c| !c.is_whitespace()), before.is_some_and(|c| !c.is_whitespace()))
        } else {
            (next.is_some(), next.is_none_or(|c| !c.is_ascii_alphanumeric()))
        };
        let mut left = run;
        while left > 0 {
            match self.spans.innermost(single, double) {
                Some(mark) if mark == double && left >= 2 => {
                    self.spans.end(double);
                    left -= 2;
                }
                Some(mark) if mark == single && left != 2 && may_end => {
                    self.spans.end(single);
                    left -= 1;
                }
                Some(mark) if mark == single && left >= 2 && self.spans.is_open(double) => {
                    self.spans.end(double);
                    left -= 2;
                }
                Some(mark) if mark == double && self.spans.is_open(single) && may_end => {
                    self.spans.end(single);
                    left -= 1;
                }
                _ => break,
            }
        }
        self.at += run - left;
        let (doubles, singles) = match left {
            1 => (false, may_begin),
            2 => (next.is_some(), false),
            3 => (next.is_some(), may_begin),
            _ => (false, false),
        };
        if doubles {
            self.spans.begin(double);
            self.at += 2;
            left -= 2;
        }
        if singles {
            self.spans.begin(single);
            self.at += 1;
            left -= 1;
        }
        self.take(left);
    }

    fn tildes(&mut self) {
        let run = code::run(self.rest().as_bytes(), b'~');
        if run != 2 {
            return self.take(run);
        }
        if self.spans.is_open(Mark::Strike) {
            self.spans.end(Mark::Strike);
        } else {
            self.spans.begin(Mark::Strike);
        }
        self.at += 2;
    }

    /// Two bars begin or end a spoiler, in which there is something.
    fn bars(&mut self) {
        if !self.rest().starts_with("||") {
            return self.take(1);
        }
        if !self.spans.is_open(Mark::Spoiler) {
            self.spans.begin(Mark::Spoiler);
        } else if self.spans.has_begun(Mark::Spoiler) {
            return self.take(1);
        } else {
            self.spans.end(Mark::Spoiler);
        }
        self.at += 2;
    }

    fn bracket(&mut self) {
        if self.spans.is_open(Mark::Bracket) {
            if let Some((url, length)) = target(&self.rest()[1..])
                && self.spans.end_link(url)
            {
                self.at += 1 + length;
                return;
            }
            self.spans.give_up_bracket();
        }
        self.take(1);
    }

    fn everyone(&mut self) {
        for name in ["everyone", "here"] {
            if self.rest()[1..].starts_with(name) {
                self.spans.leaf(Leaf::Mention(Mention::Group { name: name.to_owned() }));
                self.at += 1 + name.len();
                return;
            }
        }
        self.take(1);
    }

    /// A bare link, up to where what is open around it ends.
    fn link(&mut self) {
        let rest = self.rest();
        let mut link = &rest[..url::extent(rest)];
        let ends = [(Mark::Bold, "**"), (Mark::Underline, "__"), (Mark::Strike, "~~"), (Mark::Bracket, "](")];
        for (mark, end) in ends {
            if self.spans.is_open(mark)
                && let Some(at) = link.find(end)
            {
                link = &link[..at];
            }
        }
        link = link.split("||").next().unwrap_or(link);
        for (mark, end) in [(Mark::Star, '*'), (Mark::Line, '_')] {
            if self.spans.is_open(mark) {
                link = link.trim_end_matches(end);
            }
        }
        if url::begins(link) {
            self.spans.bare_link(link);
            self.at += link.len();
        } else {
            self.take(link.len().max(1));
        }
    }
}

/// The address in parentheses after a label, and its length in bytes with them: `(URL)`, `(<URL>)`, with or without a title.
fn target(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('(')?;
    let (angled, address) = match inside.strip_prefix('<') {
        Some(rest) => (true, rest),
        None => (false, inside),
    };
    if !url::begins(address) {
        return None;
    }
    let mut depth = 0usize;
    let mut end = None;
    for (at, c) in address.char_indices().take_while(|(at, _)| *at <= url::MOST) {
        match c {
            '>' if angled => end = Some(at),
            '(' if !angled => depth += 1,
            ')' if !angled && depth > 0 => depth -= 1,
            ')' if !angled => end = Some(at),
            c if c.is_whitespace() && !angled && depth == 0 => end = Some(at),
            c if c.is_whitespace() || c == '<' => return None,
            _ => {}
        }
        if end.is_some() {
            break;
        }
    }
    let end = end?;
    let url = &address[..end];
    let after = &address[end + usize::from(angled)..];
    let closed = close_of_target(after)?;
    Some((url, text.len() - after.len() + closed))
}

/// The length of what follows an address up to its `)`: nothing, or a title in quotes.
fn close_of_target(after: &str) -> Option<usize> {
    let trimmed = after.trim_start_matches(' ');
    if trimmed.starts_with(')') {
        return Some(after.len() - trimmed.len() + 1);
    }
    let quote = trimmed.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    // The title itself is bounded, like the address.
    let end = trimmed.char_indices().skip(1).take(256).find(|(_, c)| *c == quote)?.0;
    let closing = trimmed[end + 1..].trim_start_matches(' ');
    closing.starts_with(')').then(|| after.len() - closing.len() + 1)
}
