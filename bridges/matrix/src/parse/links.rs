//! Bare links: Matrix marks none, every client finds them by itself.

use relay_contract::text::{Leaf, Run};

/// The longest URL that is read as a link, in bytes.
const LONGEST: usize = 2_048;
const SCHEMES: [&str; 2] = ["https://", "http://"];

/// Runs with the links in their plain words marked.
pub fn linked(runs: Vec<Run>) -> Vec<Run> {
    let mut made = Vec::with_capacity(runs.len());
    for run in runs {
        match &run.leaf {
            Leaf::Plain(text) if run.url.is_none() => {
                let mut rest = text.as_str();
                while let Some((before, link, after)) = first(rest) {
                    made.push(run.with_leaf(Leaf::Plain(before.to_owned())));
                    made.push(run.with_leaf(Leaf::Plain(link.to_owned())).linked(link));
                    rest = after;
                }
                made.push(run.with_leaf(Leaf::Plain(rest.to_owned())));
            }
            _ => made.push(run),
        }
    }
    made
}

/// The words before the first link, the link, and what follows it.
fn first(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let begin = SCHEMES.iter().filter_map(|scheme| text[from..].find(scheme)).min()? + from;
        let whole_word = text[..begin].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let length = extent(&text[begin..]);
        let scheme = SCHEMES.iter().find(|scheme| text[begin..].starts_with(**scheme)).map_or(0, |s| s.len());
        if whole_word && length > scheme && length <= LONGEST {
            return Some((&text[..begin], &text[begin..begin + length], &text[begin + length..]));
        }
        from = begin + scheme.max(1);
    }
}

/// Up to white space or a bracket that quotes it, without the punctuation that ends a sentence and without a parenthesis that was
/// opened before the link.
fn extent(text: &str) -> usize {
    let link = text.split(|c: char| c.is_whitespace() || "<>\"".contains(c)).next().unwrap_or_default();
    let mut open = link.matches('(').count() as i64 - link.matches(')').count() as i64;
    let mut kept = link;
    while let Some(last) = kept.chars().next_back() {
        match last {
            ')' if open < 0 => open += 1,
            '.' | ',' | ':' | ';' | '!' | '?' | '\'' | ']' | '*' | '_' => {}
            _ => break,
        }
        kept = &kept[..kept.len() - last.len_utf8()];
    }
    kept.len()
}
