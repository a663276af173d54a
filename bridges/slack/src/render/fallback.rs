//! The text in mrkdwn.

use super::{can_link, shown_runs};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, Style, Text};

/// The text in mrkdwn, with signs for what that has no markup for.
pub fn fallback(text: &Text) -> String {
    blocks(text.blocks())
}

fn blocks(blocks: &[Block]) -> String {
    let block = |block: &Block| match block {
        Block::Paragraph(_) | Block::Heading { .. } => line(&shown_runs(block)),
        Block::Code { text, .. } => format!("```\n{}\n```", escaped(text)),
        Block::Quote(inner) => indented(&self::blocks(inner), "> ", "> "),
        Block::List { start, items } => {
            let items = items.iter().zip(start.unwrap_or(1)..).map(|(item, number)| {
                let mark = if start.is_some() { format!("{number}. ") } else { "• ".to_owned() };
                indented(&self::blocks(item), &mark, "    ")
            });
            items.collect::<Vec<_>>().join("\n")
        }
    };
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn indented(text: &str, first: &str, others: &str) -> String {
    format!("{first}{}", text.replace('\n', &format!("\n{others}")))
}

fn line(runs: &[Run]) -> String {
    let mut shown = String::new();
    for (at, run) in runs.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| runs.get(before));
        run_between(before, run, runs.get(at + 1), &mut shown);
    }
    shown
}

/// A run with the marks that begin and end at it; links inside the styles, as Slack reads them.
fn run_between(before: Option<&Run>, run: &Run, after: Option<&Run>, shown: &mut String) {
    const MARKS: [(Style, char); 3] = [(Style::Bold, '*'), (Style::Italic, '_'), (Style::Strike, '~')];
    if run.leaf == Leaf::Break {
        shown.push('\n');
        return;
    }
    // Styles nest in one order: where an outer one changes, the inner ones end and begin again. A line's end ends all.
    let changes = |other: Option<&Run>| {
        let other = other.filter(|other| !matches!(other.leaf, Leaf::Break | Leaf::Block { .. }));
        let has = |style: &Style| other.is_some_and(|other| other.styles.contains(style));
        MARKS.iter().position(|(style, _)| has(style) != run.styles.contains(style))
    };
    let (opens, closes) = (changes(before), changes(after));
    let marks = |from: Option<usize>| {
        let marks = MARKS.iter().skip(from.unwrap_or(MARKS.len()));
        marks.filter(|(style, _)| run.styles.contains(style)).map(|(_, mark)| *mark)
    };
    // A mark counts only beside a word, so white space stays outside of it.
    let all = run.leaf.shown();
    let core = if matches!(run.leaf, Leaf::Plain(_)) { all.trim() } else { &all };
    if core.is_empty() {
        shown.push_str(&all);
        return;
    }
    let leading =
        all.len() - if matches!(run.leaf, Leaf::Plain(_)) { all.trim_start().len() } else { all.len() };
    shown.push_str(&all[..leading]);
    shown.extend(marks(opens));
    shown.push_str(&linked(run, core));
    shown.extend(marks(closes).collect::<Vec<_>>().into_iter().rev());
    shown.push_str(&all[leading + core.len()..]);
}

/// The words of a run, as a link where they are one.
fn linked(run: &Run, words: &str) -> String {
    let text =
        if matches!(run.leaf, Leaf::Code(_)) { format!("`{}`", escaped(words)) } else { escaped(words) };
    match run.url.as_deref() {
        None => text,
        Some(url) if can_link(url) && url == words => format!("<{}>", escaped_url(url)),
        Some(url) if can_link(url) => format!("<{}|{}>", escaped_url(url), text.replace('|', "¦")),
        Some(url) if url == words => text,
        Some(url) => format!("{text} ({})", escaped(url)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A bar would end the URL.
fn escaped_url(url: &str) -> String {
    escaped(url).replace('|', "%7C")
}
