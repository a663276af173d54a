//! A line of IRC to the tree.

use crate::formatting::{COLOUR, HEX_COLOUR, MONOSPACE, PLAIN, REVERSE, STYLES};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Style, Text};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// What the codes have switched on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Look {
    styles: BTreeSet<Style>,
    code: bool,
    /// Fore- and background.
    colours: (Option<String>, Option<String>),
}

impl Look {
    /// Text in the colour of what is behind it is hidden.
    fn hides(&self) -> bool {
        self.colours.0.is_some() && self.colours.0 == self.colours.1
    }
}

/// The text of a message: mostly a line, of some servers several.
pub fn lines(said: &str) -> Text {
    let mut runs = Vec::new();
    for (at, line) in said.split('\n').enumerate() {
        if at > 0 {
            runs.push(Run::new(Leaf::Break));
        }
        runs.extend(text(line).into_runs());
    }
    Text::from_runs(runs)
}

/// The text of a line. Colours go, but for those that hide.
pub fn text(line: &str) -> Text {
    let mut runs = Vec::new();
    let mut look = Look::default();
    let mut said = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let mut next = look.clone();
        match c {
            PLAIN => next = Look::default(),
            MONOSPACE => next.code = !next.code,
            COLOUR => next.colours = colours(&mut rest, look.colours.1.clone(), 2, char::is_ascii_digit),
            HEX_COLOUR => {
                next.colours = colours(&mut rest, look.colours.1.clone(), 6, char::is_ascii_hexdigit)
            }
            REVERSE => {}
            c => match STYLES.into_iter().find(|(_, code)| *code == c) {
                Some((style, _)) if !next.styles.remove(&style) => {
                    next.styles.insert(style);
                }
                Some(_) => {}
                None if c.is_control() => {}
                None => said.push(c),
            },
        }
        if next != look {
            push(&mut runs, std::mem::take(&mut said), &look);
            look = next;
        }
    }
    push(&mut runs, said, &look);
    Text::from_runs(runs)
}

/// The text of an action: in italics, as other platforms show what somebody does.
pub fn action(line: &str) -> Text {
    let runs = text(line).into_runs().into_iter().map(|run| run.styled(Style::Italic));
    Text::from_runs(runs.collect())
}

/// The numbers behind a colour's code; without any, all colours end. A foreground alone keeps the background.
fn colours(
    rest: &mut Peekable<Chars<'_>>,
    behind: Option<String>,
    most: usize,
    is_digit: fn(&char) -> bool,
) -> (Option<String>, Option<String>) {
    let number = |rest: &mut Peekable<Chars<'_>>| {
        let mut digits = String::new();
        while digits.len() < most
            && let Some(digit) = rest.next_if(is_digit)
        {
            digits.push(digit.to_ascii_lowercase());
        }
        digits
    };
    let fore = number(rest);
    if fore.is_empty() {
        return (None, None);
    }
    let mut ahead = rest.clone();
    let has_back = ahead.next() == Some(',') && ahead.peek().is_some_and(is_digit);
    if has_back {
        rest.next();
    }
    let back = has_back.then(|| normal(number(rest)));
    (Some(normal(fore)), back.or(behind))
}

/// `01` is `1`.
fn normal(number: String) -> String {
    let short = number.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

fn push(runs: &mut Vec<Run>, said: String, look: &Look) {
    if said.is_empty() {
        return;
    }
    let styled = |mut run: Run| {
        run.styles.clone_from(&look.styles);
        if look.hides() {
            run.styles.insert(Style::Spoiler);
        }
        run
    };
    if look.code {
        runs.push(styled(Run::new(Leaf::Code(said))));
        return;
    }
    let mut rest = said.as_str();
    while let Some((before, url, after)) = next_url(rest) {
        if !before.is_empty() {
            runs.push(styled(Run::new(Leaf::Plain(before.to_owned()))));
        }
        runs.push(styled(Run::new(Leaf::Plain(url.to_owned())).linked(url)));
        rest = after;
    }
    if !rest.is_empty() {
        runs.push(styled(Run::new(Leaf::Plain(rest.to_owned()))));
    }
}

/// The first web address in a text, with what is before and behind it.
fn next_url(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let found =
            ["https://", "http://"].into_iter().filter_map(|scheme| Some((rest.find(scheme)?, scheme.len())));
        let (at, scheme) = found.min()?;
        let begin = from + at;
        let all = text.get(begin..)?;
        let end = all.find(|c: char| c.is_whitespace() || "<>\"".contains(c)).unwrap_or(all.len());
        let end = begin + bare(all.get(..end)?).len();
        if end > begin + scheme && !text.get(..begin)?.ends_with(char::is_alphanumeric) {
            return Some((text.get(..begin)?, text.get(begin..end)?, text.get(end..)?));
        }
        from = begin + scheme;
    }
}

/// An address without the sentence's own marks behind it; a bracket is its own where it was opened.
fn bare(url: &str) -> &str {
    let mut url = url;
    loop {
        let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~']);
        let opened = |open: char, close: char| url.matches(open).count() >= url.matches(close).count();
        let shorter = match shorter.chars().next_back() {
            Some(')') if !opened('(', ')') => shorter.strip_suffix(')').unwrap_or(shorter),
            Some(']') if !opened('[', ']') => shorter.strip_suffix(']').unwrap_or(shorter),
            _ => shorter,
        };
        if shorter.len() == url.len() {
            return url;
        }
        url = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each run with the first letters of its styles: `b:bold`, `c:code`, `l:link`.
    fn shown(text: Text) -> String {
        let one = |run: Run| {
            let mut marks: String =
                run.styles.iter().map(|style| format!("{style:?}").to_lowercase().remove(0)).collect();
            if matches!(run.leaf, Leaf::Code(_)) {
                marks.push('c');
            }
            if run.url.is_some() {
                marks.push('l');
            }
            if marks.is_empty() { run.leaf.shown() } else { format!("{marks}:{}", run.leaf.shown()) }
        };
        text.into_runs().into_iter().map(one).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn codes() {
        let cases = [
            ("plain * _ `", "plain * _ `"),
            ("\u{2}bold\u{2} not", "b:bold| not"),
            ("\u{1d}i\u{2}ib\u{f}x", "i:i|bi:ib|x"),
            ("\u{1f}u\u{1f}\u{1e}gone", "u:u|s:gone"),
            ("\u{11}a b\u{11} c", "c:a b| c"),
            ("\u{3}4red\u{3} x", "red x"),
            ("\u{3}04,12red,blue", "red,blue"),
            ("\u{3}4,red", ",red"),
            ("\u{3}1,1hidden\u{3} seen", "s:hidden| seen"),
            ("\u{3}01,1hidden\u{3}4 seen", "s:hidden| seen"),
            ("\u{4}ff0000,FF0000hidden\u{f}!", "s:hidden|!"),
            ("\u{3}123", "3"),
            ("a\u{1}b\u{7}c\u{16}d", "abcd"),
            ("see https://a.example/b_c_d, ok", "see |l:https://a.example/b_c_d|, ok"),
            ("(http://a.example/x(y))", "(|l:http://a.example/x(y)|)"),
            ("https:// xhttp://a", "https:// xhttp://a"),
            ("\u{2}\u{2}", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(text(line)), expected, "{line:?}");
        }
        assert_eq!(shown(action("waves \u{2}wildly")), "i:waves |bi:wildly");
    }

    proptest! {
        #[test]
        fn any_line_is_a_text(line in "[\u{1}-\u{1f}0-9,a-f:/() ]{0,60}|\\PC{0,60}") {
            let said: String = text(&line).into_runs().iter().map(|run| run.leaf.shown()).collect();
            prop_assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{:?}", said);
        }
    }
}
