//! Mistakes of a config file, as an admin reads them.

use crate::config::Mistakes;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use std::io::IsTerminal;

/// All mistakes with the lines they are in, and a last line that counts them.
pub fn show(found: &Mistakes) -> String {
    let theme = if std::io::stderr().is_terminal() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut shown = String::new();
    for mistake in &found.mistakes {
        if !shown.is_empty() {
            shown.push('\n');
        }
        let place = format!("{}:{}:{}", found.path.display(), mistake.line, mistake.column);
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
    let count = found.mistakes.len();
    let s = if count == 1 { "" } else { "s" };
    shown.push_str(&format!("\n{count} mistake{s} in {}; nothing was started.\n", found.path.display()));
    shown
}

/// Length of the rest of a line: a mistake that spans a whole table is marked at its first line only.
fn first_line_from(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    rest.find('\n').unwrap_or(rest.len())
}
