//! Mistakes of a config file, as an admin reads them.

use crate::config::Mistakes;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use std::io::IsTerminal;

/// From this length on, in bytes, a line is not shown: nobody can read it, and the drawing of columns ends at 65,535.
const LONGEST_LINE: usize = 2_000;
/// Longest line, in characters.
const WIDEST: usize = 100;
/// So many mistakes are shown; whoever has more starts with these.
const MOST_SHOWN: usize = 100;

/// All mistakes with the lines they are in, up to a hundred of them, and a last line that counts them.
pub fn show(found: &Mistakes) -> String {
    show_where(found, "nothing was started")
}

/// The same where something else comes of them.
pub fn show_where(found: &Mistakes, outcome: &str) -> String {
    let theme = if std::io::stderr().is_terminal() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width())
        .with_links(false)
        // A command that is cut at a hyphen cannot be copied.
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace);
    let mut shown = String::new();
    for mistake in found.mistakes.iter().take(MOST_SHOWN) {
        if !shown.is_empty() {
            shown.push('\n');
        }
        let place = match found.text.is_empty() {
            true => found.path.display().to_string(),
            false => format!("{}:{}:{}", found.path.display(), mistake.line, mistake.column),
        };
        if has_long_line(&found.text, mistake.span.start) {
            shown.push_str(&format!("{place}: {}\n  help: {}\n", mistake.what, mistake.help));
            continue;
        }
        let length = mistake.span.len().min(first_line_from(&found.text, mistake.span.start));
        let mut diagnostic =
            MietteDiagnostic::new(format!("{place}: {}", mistake.what)).with_help(&mistake.help);
        if !found.text.is_empty() {
            diagnostic =
                diagnostic.with_label(LabeledSpan::new_with_span(None, (mistake.span.start, length)));
        }
        let source =
            NamedSource::new(found.path.display().to_string(), found.text.clone()).with_language("toml");
        let report = Report::new(diagnostic).with_source_code(source);
        if handler.render_report(&mut shown, report.as_ref()).is_err() {
            shown.push_str(&format!("{place}: {} {}\n", mistake.what, mistake.help));
        }
    }
    if found.mistakes.len() > MOST_SHOWN {
        shown.push_str(&format!("\n… and {} more.\n", found.mistakes.len() - MOST_SHOWN));
    }
    if found.text.is_empty() {
        return shown;
    }
    let count = found.mistakes.len();
    let s = if count == 1 { "" } else { "s" };
    shown.push_str(&format!("\n{count} mistake{s} in {}; {outcome}.\n", found.path.display()));
    shown
}

/// How wide the terminal is that is read; at most what can be read without turning one's head.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stderr());
    terminal.map_or(WIDEST, |(width, _)| usize::from(width.0).clamp(40, WIDEST))
}

/// Whether a line that would be shown, the one of this place or one next to it, is too long for that.
fn has_long_line(text: &str, place: usize) -> bool {
    let (before, after) = (text.get(..place).unwrap_or(text), text.get(place..).unwrap_or(""));
    let length = |line: Option<&str>| line.map_or(0, str::len);
    let (mut before, mut after) = (before.rsplit('\n'), after.split('\n'));
    let own = length(before.next()) + length(after.next());
    own.max(length(before.next())).max(length(after.next())) > LONGEST_LINE
}

/// Length of the rest of a line: a mistake that spans a whole table is marked at its first line only.
fn first_line_from(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    rest.find('\n').unwrap_or(rest.len())
}
