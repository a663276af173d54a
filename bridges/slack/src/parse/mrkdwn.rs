//! mrkdwn, Slack's own markup (<https://docs.slack.dev/messaging/formatting-message-text/>). Linear: each search that
//! fails is remembered, and styles are paired line by line with a stack.

use super::{Mentioned, Names, group, moment, plain};
use crate::emoji;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Style, Text};
use std::collections::BTreeSet;

/// No name of an emoji is longer, in bytes.
const LONGEST_EMOJI: usize = 100;

/// A piece of the text: something to show, or a mark that may open or close a style.
enum Token {
    Show(Run),
    Mark {
        sign: char,
        opens: bool,
        closes: bool,
    },
    /// A line ends; another begins, in a quote or not.
    Line {
        quoted: bool,
    },
}

/// Parses.
pub fn text(source: &str, names: &Names) -> Text {
    let tokens = tokens(source, names);
    let paired = pairs(&tokens);
    let mut styles: BTreeSet<Style> = BTreeSet::new();
    let mut runs: Vec<Run> = Vec::new();
    let mut within: &[Container] = &[];
    for (token, paired) in tokens.into_iter().zip(paired) {
        match (token, paired) {
            (Token::Show(mut run), _) => {
                if !matches!(run.leaf, Leaf::Block { .. }) {
                    run.styles = styles.clone();
                }
                runs.push(run.inside(within));
            }
            (Token::Line { quoted }, _) => {
                within = if quoted { &[Container::Quote] } else { &[] };
                runs.push(Run::new(Leaf::Break).inside(within));
            }
            (Token::Mark { sign, .. }, true) => {
                let style = style(sign);
                if !styles.remove(&style) {
                    styles.insert(style);
                }
            }
            (Token::Mark { sign, .. }, false) => {
                let mut run = plain(sign.to_string());
                run.styles = styles.clone();
                runs.push(run.inside(within));
            }
        }
    }
    Text::from_runs(runs)
}

fn style(sign: char) -> Style {
    match sign {
        '*' => Style::Bold,
        '_' => Style::Italic,
        _ => Style::Strike,
    }
}

fn tokens(source: &str, names: &Names) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut quotes = Quotes::default();
    while let Some((before, code, after)) = fenced(rest) {
        lines(before, names, &mut quotes, &mut tokens);
        tokens.push(Token::Show(if code.trim().is_empty() {
            plain(&rest[before.len()..rest.len() - after.len()])
        } else {
            Run::new(Leaf::Block { lang: None, text: in_code(code, names) })
        }));
        quotes.within_line = true;
        rest = after;
    }
    lines(rest, names, &mut quotes, &mut tokens);
    tokens
}

/// Which lines are quoted: those that begin with `>`, and after `>>>` all of them.
#[derive(Default)]
struct Quotes {
    /// All that follows.
    all: bool,
    /// The line has begun before.
    within_line: bool,
}

impl Quotes {
    /// Whether this line, at its beginning, is quoted, and its words.
    fn begin<'a>(&mut self, line: &'a str) -> (bool, &'a str) {
        let sign = |line: &'a str| line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'));
        if self.all {
            return (true, line);
        }
        let Some(one) = sign(line) else {
            return (false, line);
        };
        let three = sign(one).and_then(sign);
        self.all = three.is_some();
        let words = three.unwrap_or(one);
        (true, words.strip_prefix(' ').unwrap_or(words))
    }
}

/// What stands before, in and after the first pair of fences.
fn fenced(source: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = source.split_once("```")?;
    let (code, after) = rest.split_once("```")?;
    Some((before, code, after))
}

fn lines(source: &str, names: &Names, quotes: &mut Quotes, tokens: &mut Vec<Token>) {
    for (at, one) in source.split('\n').enumerate() {
        let begins = at > 0 || !std::mem::replace(&mut quotes.within_line, true);
        let words = if begins {
            let (quoted, words) = quotes.begin(one);
            // The first line of all follows none.
            if at > 0 || quoted {
                tokens.push(Token::Line { quoted });
            }
            words
        } else {
            one
        };
        line(words, names, tokens);
    }
}

fn line(source: &str, names: &Names, tokens: &mut Vec<Token>) {
    let mut rest = source;
    let mut before: Option<char> = None;
    let mut words = String::new();
    let mut ticks = true;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        let inner = &rest[taken..];
        let mut token = None;
        match c {
            '`' if ticks && before != Some('`') && !inner.starts_with('`') => match inner.split_once('`') {
                Some((code, _)) if !code.trim().is_empty() => {
                    taken += code.len() + 1;
                    token = Some(Token::Show(Run::new(Leaf::Code(in_code(code, names)))));
                }
                Some(_) => {}
                None => ticks = false,
            },
            '<' => {
                if let Some((inside, run)) = bracket(inner, names) {
                    taken += inside + 1;
                    token = Some(Token::Show(run));
                }
            }
            '*' | '_' | '~' => {
                let after = inner.chars().next();
                let edge = |side: Option<char>| side.is_none_or(|side| !side.is_alphanumeric() && side != c);
                let word = |side: Option<char>| side.is_some_and(|side| !side.is_whitespace() && side != c);
                token = Some(Token::Mark {
                    sign: c,
                    opens: edge(before) && word(after),
                    closes: word(before) && edge(after),
                });
            }
            _ => {}
        }
        if c == ':'
            && !before.is_some_and(char::is_alphanumeric)
            && let Some((length, shown)) = emoji_at(inner)
        {
            words.push_str(&shown);
            before = Some(':');
            rest = &inner[length..];
            continue;
        }
        let entity = if c == '&' { entity(rest) } else { None };
        match (token, entity) {
            (Some(token), _) => {
                if !words.is_empty() {
                    tokens.push(Token::Show(plain(std::mem::take(&mut words))));
                }
                tokens.push(token);
            }
            (None, Some((name, decoded))) => {
                taken = name.len();
                words.push(decoded);
            }
            (None, None) => words.push(c),
        }
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    if !words.is_empty() {
        tokens.push(Token::Show(plain(words)));
    }
}

/// Which marks belong to a pair. A pair closes over what stands open inside it, which is then no mark.
fn pairs(tokens: &[Token]) -> Vec<bool> {
    let mut paired = vec![false; tokens.len()];
    let mut open: Vec<(char, usize)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Line { .. } => open.clear(),
            Token::Mark { sign, opens, closes } => {
                // At most one mark of each sign stands open, so the stack never holds more than three.
                let begun = open.iter().position(|(begun, _)| begun == sign);
                match begun {
                    Some(depth) if *closes => {
                        paired[open[depth].1] = true;
                        paired[at] = true;
                        open.truncate(depth);
                    }
                    None if *opens => open.push((*sign, at)),
                    _ => {}
                }
            }
            Token::Show(run) if matches!(run.leaf, Leaf::Block { .. }) => open.clear(),
            Token::Show(_) => {}
        }
    }
    paired
}

/// Plain text in which emoji are written by name.
pub fn emojified(source: &str) -> Text {
    let mut shown = String::new();
    let mut rest = source;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let inner = &rest[c.len_utf8()..];
        let starts = c == ':' && !before.is_some_and(char::is_alphanumeric);
        (before, rest) = match starts.then(|| emoji_at(inner)).flatten() {
            Some((length, emoji)) => {
                shown.push_str(&emoji);
                (Some(':'), &inner[length..])
            }
            None => {
                shown.push(c);
                (Some(c), inner)
            }
        };
    }
    Text::plain(&shown)
}

/// The emoji of Unicode whose name stands here between colons, given the text after the first, and how long that is. A name that only
/// the workspace knows is left as it is.
fn emoji_at(source: &str) -> Option<(usize, String)> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+-'".contains(byte);
    let longest = &source.as_bytes()[..source.len().min(LONGEST_EMOJI)];
    let end = longest.iter().position(|byte| !is_name(byte)).filter(|end| longest[*end] == b':')?;
    let mut end = end;
    // `:+1::skin-tone-3:`
    let toned = source[end..].strip_prefix("::skin-tone-").and_then(|rest| rest.get(1..2)) == Some(":");
    if toned {
        end += "::skin-tone-0".len();
    }
    Some((end + 1, emoji::unicode(&source[..end])?))
}

/// The three entities that Slack writes.
fn entity(source: &str) -> Option<(&'static str, char)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')].into_iter().find(|(name, _)| source.starts_with(name))
}

fn decoded(source: &str) -> String {
    if source.contains('&') {
        // `&amp;` last, so that `&amp;lt;` stays `&lt;`.
        source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    } else {
        source.to_owned()
    }
}

/// What stands in `<…>`, given the text after `<`: how many bytes it is long, and what it shows.
fn bracket(source: &str, names: &Names) -> Option<(usize, Run)> {
    let end = source.find(['<', '>']).filter(|end| source[*end..].starts_with('>'))?;
    let (target, label) = match source[..end].split_once('|') {
        Some((target, label)) => (target, Some(decoded(label)).filter(|label| !label.is_empty())),
        None => (&source[..end], None),
    };
    let label_str = label.as_deref();
    let run = match target.chars().next()? {
        '@' => Run::new(names.person(id(&target[1..])?, label_str)),
        '#' => Run::new(names.room(id(&target[1..])?, label_str)),
        '!' => Run::new(special(&target[1..], label_str, names)),
        _ if is_url(target) => {
            let url = decoded(target);
            plain(label.clone().unwrap_or_else(|| url.clone())).linked(url)
        }
        _ => return None,
    };
    Some((end, run))
}

fn special(target: &str, label: Option<&str>, names: &Names) -> Leaf {
    let mut fields = target.split('^');
    match (fields.next().unwrap_or_default(), fields.next()) {
        (word @ ("here" | "channel" | "everyone" | "group"), _) => group(word),
        ("subteam", Some(id)) => names.group(id, label),
        ("date", seconds) => match seconds.and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => moment(seconds, fields.next().unwrap_or_default()),
            None => Leaf::Plain(label.unwrap_or_default().to_owned()),
        },
        _ => Leaf::Plain(label.unwrap_or(target).to_owned()),
    }
}

fn id(source: &str) -> Option<&str> {
    (!source.is_empty() && source.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(source)
}

fn is_url(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace)
    })
}

/// Code as people see it: Slack writes links and mentions into it all the same.
fn in_code(source: &str, names: &Names) -> String {
    let mut shown = String::new();
    let mut rest = source;
    while let Some((before, inner)) = rest.split_once('<') {
        shown.push_str(&decoded(before));
        rest = match bracket(inner, names) {
            Some((inside, run)) => {
                shown.push_str(&run.leaf.shown());
                &inner[inside + 1..]
            }
            None => {
                shown.push('<');
                inner
            }
        };
    }
    shown.push_str(&decoded(rest));
    shown
}

/// Adds the ids that a text names.
pub fn mentioned(source: &str, found: &mut Mentioned) {
    for piece in source.split('<').skip(1) {
        let Some((inside, _)) = piece.split_once('>') else {
            continue;
        };
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        if let Some(person) = target.strip_prefix('@').and_then(id) {
            found.people.push(person.to_owned());
        } else if let Some(room) = target.strip_prefix('#').and_then(id) {
            if label.is_empty() {
                found.rooms.push(room.to_owned());
            }
        } else if let Some(group) = target.strip_prefix("!subteam^").and_then(id)
            && !label.is_empty()
        {
            found.groups.insert(group.to_owned(), decoded(label));
        }
    }
}
