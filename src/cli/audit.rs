//! `relay audit`: the log of what has left, where to, and by whose leave.

mod beside;
mod verify;

use super::{RunningBridge, cut, fail, note};
use crate::control::audit::fetch;
use crate::spans;
use crate::store::audit::Wanted;
use crate::store::backup::{Kind, Whole};
use relay_contract::Timestamp;
use serde_json::Value;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `relay audit`.
#[derive(Debug, clap::Args)]
pub struct Audit {
    #[command(subcommand)]
    what: Act,
    #[command(flatten)]
    bridge: RunningBridge,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Show what has left lately
    Show(Show),
    /// Write the whole log, one JSON object a line, so that anybody can verify it
    Export {
        /// The file to write, mode 0600; `-`: standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Find out whether a line was altered, removed or moved; exit code 1 where one was
    Verify {
        /// An export; without it, the log itself. Where the log can be read too, the export is compared with it
        file: Option<PathBuf>,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Show {
    /// So many lines at most, the newest
    #[arg(long, default_value_t = 20)]
    last: usize,
    /// Only the time since then, such as "2 hours"
    #[arg(long)]
    since: Option<String>,
    /// Only what went into rooms, or came from rooms, whose id has this in it, such as slack or C024BE91L
    #[arg(long)]
    room: Option<String>,
    /// Only what is of this person: PLATFORM:USERID. Needs a running Relay
    #[arg(long)]
    person: Option<String>,
    /// The lines as they are
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(of: &Audit) -> ExitCode {
    let data_dir = of.bridge.data_dir();
    match (&of.what, data_dir) {
        (Act::Verify { file: Some(file), json }, data_dir) => {
            verify::file(file, data_dir.ok().as_deref()).told(*json)
        }
        (_, Err(code)) => code,
        (Act::Show(of), Ok(data_dir)) => show(of, &data_dir),
        (Act::Export { file }, Ok(data_dir)) => export(file, &data_dir),
        (Act::Verify { file: None, json }, Ok(data_dir)) => verify::kept(&data_dir).told(*json),
    }
}

fn export(file: &Path, data_dir: &Path) -> ExitCode {
    let all = Wanted::default();
    if file.as_os_str() == "-" {
        let mut counted = Counted::new(io::stdout().lock());
        return match fetch(data_dir, &all, None, &mut counted).map(|()| counted.whole()) {
            Ok(Ok(_)) => ExitCode::SUCCESS,
            Ok(Err(why)) => fail(why),
            Err(error) => fail(error),
        };
    }
    let mut whole = match Whole::begin_kind(file, Kind::Audit, data_dir) {
        Ok(whole) => whole,
        Err(error) => return fail(error),
    };
    let mut counted = Counted::new(&mut whole);
    let fetched = fetch(data_dir, &all, None, &mut counted);
    let lines = fetched.map_err(|error| error.to_string()).and_then(|()| counted.whole());
    match lines {
        Ok(lines) => match whole.finish() {
            Ok(()) => {
                sayln!("{}: {lines} lines of the audit.", file.display());
                ExitCode::SUCCESS
            }
            Err(error) => fail(error),
        },
        Err(why) => {
            whole.give_up();
            fail(why)
        }
    }
}

/// Counts lines, and looks whether the last one is the end.
struct Counted<W> {
    out: W,
    lines: usize,
    last: Vec<u8>,
}

impl<W: Write> Counted<W> {
    fn new(out: W) -> Self {
        Self { out, lines: 0, last: Vec::new() }
    }

    fn whole(self) -> Result<usize, String> {
        let is_whole =
            serde_json::from_slice::<Value>(&self.last).is_ok_and(|last| last.get("ends").is_some());
        match is_whole {
            true => Ok(self.lines.saturating_sub(2)),
            false => Err("it ended in the middle; the log of Relay says why".into()),
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        for byte in bytes.iter().take(written) {
            if self.last.last() == Some(&b'\n') {
                self.last.clear();
            }
            self.last.push(*byte);
            self.lines += usize::from(*byte == b'\n');
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn show(of: &Show, data_dir: &Path) -> ExitCode {
    let since = match of.since.as_deref().map(|since| spans::read(since).ok_or(since)) {
        Some(Err(since)) => return fail(format!("`{since}` is no span of time; write it like \"2 hours\"")),
        Some(Ok(since)) => {
            let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            Some(Timestamp::now().0.saturating_sub(since))
        }
        None => None,
    };
    let wanted = Wanted { last: Some(of.last), since, room: of.room.clone(), who: None };
    let mut all = Vec::new();
    if let Err(error) = fetch(data_dir, &wanted, of.person.as_deref(), &mut all) {
        return fail(error);
    }
    let all = String::from_utf8_lossy(&all);
    let mut lines: Vec<&str> = all.lines().collect();
    // Where they begin and where they end.
    if lines.pop().is_none_or(|last| !last.starts_with("{\"ends\":")) || lines.is_empty() {
        return fail("it ended in the middle; the log of Relay says why");
    }
    lines.remove(0);
    if of.json {
        lines.iter().for_each(|line| sayln!("{line}"));
        return ExitCode::SUCCESS;
    }
    if lines.is_empty() {
        sayln!("There is no such line.");
        return ExitCode::SUCCESS;
    }
    say!("{}", table(&lines));
    ExitCode::SUCCESS
}

/// A line each, and below it by whose leave it went and what was done to it.
fn table(lines: &[&str]) -> String {
    let mut out = format!("{:>7}  {:<19}  {:<8}  {:<31}  into\n", "line", "at", "what", "from");
    for line in lines {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        let at = text("at").get(..19).unwrap_or_default().replace('T', " ");
        let what = text("what").replace('_', " ");
        let (from, into) = (cut(text("from"), 31), cut(text("room"), 31));
        let row = format!("{:>7}  {at}  {what:<8}  {from:<31}  {into}", line["n"].to_string());
        out.push_str(row.trim_end());
        out.push('\n');
        let more = match text("what") {
            "consent" => said(&line),
            "forget" => text("stage").to_owned(),
            "name" => match text("by") {
                "own" => "is shown by the name of the account that speaks".to_owned(),
                "there" => "is shown by the name of their account in each network".to_owned(),
                _ => "is shown by the name of one of their accounts".to_owned(),
            },
            _ => [granted(&line), words(&line["did"])]
                .into_iter()
                .filter(|more| !more.is_empty())
                .collect::<Vec<_>>()
                .join("; "),
        };
        if !more.is_empty() {
            note(&more, &mut out);
        }
    }
    out
}

/// What went, and by whose leave; what went by the same together.
fn granted(line: &Value) -> String {
    let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
    for (class, grant) in line["grants"].as_object().into_iter().flatten() {
        let grant = grant.as_str().unwrap_or_default();
        match by.iter_mut().find(|(known, _)| *known == grant) {
            Some((_, classes)) => classes.push(class),
            None => by.push((grant, vec![class])),
        }
    }
    by.into_iter()
        .map(|(grant, classes)| format!("{} by {grant}", classes.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

fn said(line: &Value) -> String {
    let allows = if line["allows"] == true { "allows" } else { "does not allow" };
    let to = line["to"].as_str().unwrap_or_default();
    let (purpose, how) =
        (line["purpose"].as_str().unwrap_or_default(), line["how"].as_str().unwrap_or_default());
    let until = line["until"].as_str().and_then(|until| until.get(..19)).map(|until| until.replace('T', " "));
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{allows} {} for {purpose} to {to}{until}: {how}", words(&line["classes"]))
}

fn words(list: &Value) -> String {
    let all = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    all.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_went_by_whose_leave() {
        let lines = [
            r#"{"n":7,"at":"2026-11-26T19:54:17.123Z","what":"left","room":"slack/T1/C2","from":"discord/1/22","envelope":"01J","who":"ab","purpose":"bridging","grants":{"content":"notice","identity":"notice"},"did":["in 3 parts","lost reply"],"body":"cd","prev":"00","hash":"11"}"#,
            r#"{"n":8,"at":"2026-11-26T19:54:18.123Z","what":"consent","who":"ab","entry":0,"allows":false,"purpose":"bridging","classes":["identity","presence"],"to":"all","how":"/relay privacy anonymous in slack","words":1,"holds_from":"2026-11-26T19:54:18.123Z","prev":"11","hash":"22"}"#,
            r#"{"n":8,"at":"2026-11-26T19:54:18.123Z","what":"consent","who":"ab","entry":2,"allows":true,"purpose":"bridging","classes":["picture"],"to":"irc","how":"/relay consent in a/b/c","words":1,"holds_from":"2026-11-26T19:54:18.123Z","until":"2026-12-26T19:54:18.123Z","prev":"11","hash":"22"}"#,
            r#"{"n":9,"at":"2026-11-26T19:54:19.123Z","what":"deleted","room":"slack/T1/C2","from":"discord/1/22","envelope":"01J","who":"ab","did":[],"prev":"00","hash":"11"}"#,
        ];
        let expected = "   line  at                   what      from                             into\n      \
             7  2026-11-26 19:54:17  left      discord/1/22                     slack/T1/C2\n      \
             content, identity by notice; in 3 parts, lost reply\n      \
             8  2026-11-26 19:54:18  consent\n      \
             does not allow identity, presence for bridging to all: /relay privacy anonymous in slack\n      \
             8  2026-11-26 19:54:18  consent\n      \
             allows picture for bridging to irc until 2026-12-26 19:54:18: /relay consent in a/b/c\n      \
             9  2026-11-26 19:54:19  deleted   discord/1/22                     slack/T1/C2\n";
        assert_eq!(table(&lines), expected);
    }
}
