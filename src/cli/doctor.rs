//! `relay doctor`: what is not as it should be, and what to do about it.

use super::{EXIT_MISTAKES, RunningBridge, mistakes, note};
use crate::config::{Config, Mistakes};
use crate::control::{self, AskError, Request, Response};
use crate::doctor::{self, Report};
use crate::engine::{self, Finding, Grade, Hop};
use crate::spans;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `relay doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    bridge: RunningBridge,
    /// Send a marked message into this room, follow it hop by hop, and take it away again
    #[arg(long, value_name = "ROOM")]
    canary: Option<String>,
    /// Show only what is not as it should be
    #[arg(long, short)]
    quiet: bool,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Exit code where something was found.
const EXIT_FOUND: u8 = 1;

/// All that is told.
#[derive(serde::Serialize)]
struct Told {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<Vec<Hop>>,
    /// The config file has mistakes: nothing else was looked at.
    #[serde(skip)]
    is_unusable: bool,
}

impl Told {
    fn of(report: Report, canary: Option<Vec<Hop>>) -> Self {
        Self { report, canary, is_unusable: false }
    }
}

/// Asks the running bridge; where none runs, the config file and the platforms. Exit code 0 when all is well, 1 with findings, 2 when
/// it cannot be asked.
pub fn run(of: &Doctor) -> ExitCode {
    match told(of) {
        Ok(told) if told.is_unusable => {
            super::print_json(&told);
            ExitCode::from(EXIT_MISTAKES)
        }
        Ok(told) => {
            let found = told.report.findings.iter().any(|finding| finding.grade != Grade::Fine)
                || told.canary.iter().flatten().any(|hop| hop.problem.is_some());
            if of.json {
                super::print_json(&told);
            } else {
                say!("{}", table(&told, of.quiet));
            }
            if found { ExitCode::from(EXIT_FOUND) } else { ExitCode::SUCCESS }
        }
        Err(Some(why)) => {
            eprintln!("relay: {why}");
            ExitCode::from(EXIT_MISTAKES)
        }
        Err(None) => ExitCode::from(EXIT_MISTAKES),
    }
}

fn told(of: &Doctor) -> Result<Told, Option<String>> {
    let data_dir = match (&of.bridge.data_dir, of.json) {
        (None, true) => match of.bridge.named_data_dir() {
            Ok(data_dir) => data_dir,
            Err(found) => return Ok(unusable(&found)),
        },
        // Mistakes of the config file are shown.
        _ => of.bridge.data_dir().map_err(|_| None)?,
    };
    let ask = |request| engine::block_on_without_actors(control::ask(&data_dir, &request));
    let other = || Some("the running relay answered something else: is it of another version?".to_owned());
    let bar = spinner("Asking the platforms and looking at the disk …");
    let asked = ask(Request::Doctor);
    let report = match asked {
        Ok(Response::Doctor(report)) => report,
        Ok(Response::Error(error)) => return Err(Some(error)),
        Ok(_) => return Err(other()),
        Err(AskError::NotRunning(_)) if of.bridge.data_dir.is_none() => {
            match Config::load(&of.bridge.config) {
                Ok(config) => engine::block_on_without_actors(doctor::of_config(&config)),
                Err(found) if of.json => return Ok(unusable(&found)),
                Err(found) => {
                    bar.finish_and_clear();
                    eprint!("{}", mistakes::show(&found));
                    return Err(None);
                }
            }
        }
        Err(error) => return Err(Some(error.to_string())),
    };
    bar.finish_and_clear();
    let Some(room) = &of.canary else { return Ok(Told::of(report, None)) };
    if !report.running {
        return Err(Some("--canary needs a running relay: start it with `relay run`".into()));
    }
    let bar = spinner("A marked message is on its way …");
    let sent = ask(Request::Canary { room: room.clone() });
    bar.finish_and_clear();
    match sent {
        Ok(Response::Canary(hops)) => Ok(Told::of(report, Some(hops))),
        Ok(Response::Error(error)) => Err(Some(format!("no marked message was sent: {error}"))),
        Ok(_) => Err(other()),
        Err(error) => Err(Some(error.to_string())),
    }
}

fn unusable(found: &Mistakes) -> Told {
    Told { report: doctor::of_mistakes(found), canary: None, is_unusable: true }
}

/// Only where somebody looks: on a terminal.
fn spinner(words: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(words);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn table(told: &Told, quiet: bool) -> String {
    let mut out = String::new();
    let Report { running, findings } = &told.report;
    if !running {
        out.push_str("No relay runs with this state directory: only the config, the disk and the platforms were looked at.\n\n");
    }
    let mut sorted: Vec<&Finding> =
        findings.iter().filter(|finding| !quiet || finding.grade != Grade::Fine).collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    for finding in sorted {
        let word = match finding.grade {
            Grade::Fine => "fine",
            Grade::Look => "look",
            Grade::Broken => "BROKEN",
        };
        match &finding.fix {
            None => note_beside(&format!("{word:<7} {}: {}", finding.about, finding.what), &mut out),
            Some(fix) => {
                out.push_str(&format!("{word:<7} {}\n", finding.about));
                note(&format!("{} {fix}", finding.what), &mut out);
            }
        }
    }
    let bad = findings.iter().filter(|finding| finding.grade != Grade::Fine).count();
    out.push_str(&match (bad, out.is_empty()) {
        (0, true) => "All is well.\n".to_owned(),
        (0, false) => "\nAll is well.\n".to_owned(),
        (1, _) => "\n1 finding.\n".to_owned(),
        (bad, _) => format!("\n{bad} findings.\n"),
    });
    if let Some(hops) = &told.canary {
        out.push_str("\nThe marked message\n");
        for hop in hops {
            let how = match (hop.ms, &hop.note) {
                (Some(ms), _) => spans::short(Duration::from_millis(ms)),
                (None, Some(note)) => note.clone(),
                (None, None) => "FAILED".into(),
            };
            out.push_str(&format!("  {:<12}  {how}\n", hop.hop));
            if let Some(problem) = &hop.problem {
                note(&problem.to_string(), &mut out);
            }
        }
    }
    out
}

/// A line that goes on indented where it is too long.
fn note_beside(text: &str, out: &mut String) {
    let options = super::at_blanks(textwrap::Options::new(super::width()).subsequent_indent("        "));
    out.push_str(&textwrap::fill(text, options));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_comes_first_and_each_finding_names_its_fix() {
        let findings = vec![
            Finding::fine("clock", "as the platforms' own"),
            Finding::look("room a:#b", "It may not post there.", "Give it the right."),
            Finding::broken("disk", "Full.", "Make room."),
        ];
        let told = |findings| Told::of(Report { running: true, findings }, None);
        let shown = table(&told(findings.clone()), false);
        let at = |part: &str| shown.find(part).unwrap_or_else(|| panic!("{part}: {shown}"));
        assert!(at("BROKEN") < at("look") && at("look") < at("fine"), "{shown}");
        assert!(shown.contains("Full. Make room.") && shown.ends_with("2 findings.\n"), "{shown}");
        assert!(!table(&told(findings), true).contains("clock"));
        assert_eq!(table(&told(vec![Finding::fine("a", "b")]), true), "All is well.\n");
    }
}
