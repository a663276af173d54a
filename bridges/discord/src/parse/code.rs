//! Code: spans between runs of backticks, and fenced blocks.

use std::collections::HashMap;

/// Where runs of backticks of each length begin, so that each span finds its end at once.
pub struct Ticks {
    runs: HashMap<usize, Vec<usize>>,
}

impl Ticks {
    /// Counts them.
    pub fn new(text: &str) -> Self {
        let mut runs: HashMap<usize, Vec<usize>> = HashMap::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let length = run(&bytes[at..], b'`');
            if length > 0 {
                runs.entry(length).or_default().push(at);
            }
            at += length.max(1);
        }
        Self { runs }
    }

    /// Where the next run of exactly `length` begins, at or after `from`.
    pub fn next(&self, length: usize, from: usize) -> Option<usize> {
        let starts = self.runs.get(&length)?;
        starts.get(starts.partition_point(|start| *start < from)).copied()
    }
}

/// What a run of backticks turns out to be.
pub enum Code<'a> {
    /// A fenced block, with all its bytes.
    Block(Option<&'a str>, &'a str, usize),
    /// A span, with all its bytes.
    Span(&'a str, usize),
    /// As many backticks.
    Ticks(usize),
}

impl Code<'_> {
    /// In bytes.
    pub fn length(&self) -> usize {
        match self {
            Self::Block(.., length) | Self::Span(_, length) | Self::Ticks(length) => *length,
        }
    }
}

impl Ticks {
    /// What begins at this run of backticks. `no_fence` remembers that none ends any more.
    pub fn code<'a>(&self, text: &'a str, at: usize, no_fence: &mut bool) -> Code<'a> {
        let rest = &text[at..];
        let ticks = run(rest.as_bytes(), b'`');
        if ticks >= 3 && !*no_fence {
            match rest[3..].find("```") {
                None => *no_fence = true,
                Some(end) => {
                    if let Some((lang, code)) = block(&rest[3..3 + end]) {
                        return Code::Block(lang, code, end + 6);
                    }
                }
            }
        }
        match self.next(ticks, at + ticks) {
            Some(end) if !text[at + ticks..end].trim_matches(['\n', '\r']).is_empty() => {
                Code::Span(span(&text[at + ticks..end]), end + ticks - at)
            }
            _ => Code::Ticks(ticks),
        }
    }
}

/// How many times `byte` stands at the beginning.
pub fn run(bytes: &[u8], byte: u8) -> usize {
    bytes.iter().take_while(|b| **b == byte).count()
}

/// What a span says: the blank that keeps a backtick from its edge is not part of it.
fn span(inner: &str) -> &str {
    let inner = match inner.strip_prefix(' ') {
        Some(rest) if rest.trim_start_matches(' ').starts_with('`') => rest,
        _ => inner,
    };
    match inner.strip_suffix(' ') {
        Some(rest) if rest.trim_end_matches(' ').ends_with('`') => rest,
        _ => inner,
    }
}

/// A block's language and code; `None` where there is nothing in it.
fn block(inner: &str) -> Option<(Option<&str>, &str)> {
    let (lang, code) = match inner.split_once('\n') {
        Some((first, rest)) if is_lang(first) && !rest.trim_matches('\n').is_empty() => (Some(first), rest),
        _ => (None, inner),
    };
    (!code.trim_matches('\n').is_empty()).then_some((lang, code))
}

/// Whether this is a language on the first line of a block.
pub fn is_lang(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-.#".contains(&b))
}
