//! `relay audit verify`: whether a line was altered, removed or moved, in an export or in the log itself.

use super::beside::Beside;
use crate::audit::{Checked, Checker};
use crate::cli::{fail, print_json};
use crate::control::audit::fetch;
use crate::store::audit::Wanted;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Reads an export as it comes.
#[derive(Default)]
struct Checking {
    checker: Checker,
    begun: Vec<u8>,
    /// The number whose hash is wanted, and the hash.
    asked: Option<(u64, Option<String>)>,
    /// An export that is read at the same time.
    beside: Option<Beside>,
}

impl Checking {
    fn line(&mut self, line: &[u8]) {
        self.checker.line(line);
        if let Some(beside) = &mut self.beside {
            beside.line(line);
        }
        if let Some((number, found)) = &mut self.asked
            && self.checker.reached().is_some_and(|head| head.n == *number)
        {
            *found = self.checker.reached().map(|head| head.hash.clone());
        }
    }
}

impl Write for Checking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let begun = std::mem::take(&mut self.begun);
        let mut lines = begun.split(|byte| *byte == b'\n');
        self.begun = lines.next_back().unwrap_or_default().to_vec();
        lines.for_each(|line| self.line(line));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was found of an export, or of the log itself.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// The export.
    file: Option<PathBuf>,
    /// The first line and the last one, where it is whole.
    from: Option<u64>,
    to: Option<u64>,
    /// The hash of the last one.
    hash: Option<String>,
    /// How the log that is kept goes with it.
    kept: Option<String>,
    /// What is not as it was written; none where all is well.
    fault: Option<String>,
    #[serde(skip)]
    whole: Option<String>,
}

impl Verified {
    fn of(name: &str, checked: &Checked) -> Self {
        Self {
            from: Some(checked.from),
            to: Some(checked.head.n),
            hash: Some(checked.head.hash.clone()),
            whole: Some(whole(name, checked)),
            ..Self::default()
        }
    }

    fn failed(why: impl std::fmt::Display) -> Self {
        Self { fault: Some(why.to_string()), ..Self::default() }
    }

    /// Prints it, in words or as JSON.
    pub fn told(self, json: bool) -> ExitCode {
        if json {
            let printed = print_json(&self);
            return if self.fault.is_some() { ExitCode::FAILURE } else { printed };
        }
        self.whole.iter().chain(&self.kept).for_each(|line| sayln!("{line}"));
        self.fault.map_or(ExitCode::SUCCESS, fail)
    }
}

/// The log that is kept.
pub fn kept(data_dir: &Path) -> Verified {
    let mut checking = Checking::default();
    if let Err(error) = fetch(data_dir, &Wanted::default(), None, &mut checking) {
        return Verified::failed(error);
    }
    match checking.checker.end() {
        Ok(checked) => Verified::of("the audit", &checked),
        Err(fault) => Verified::failed(format!("the audit is not what was written: {fault}")),
    }
}

/// An export, and whether the log that is kept goes on from it, where there is one.
pub fn file(file: &Path, data_dir: Option<&Path>) -> Verified {
    let mut checker = Checker::default();
    let read = || -> io::Result<()> {
        let mut lines = BufReader::new(File::open(file)?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            checker.line(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
        Ok(())
    };
    let name = file.display();
    let of_file = |verified: Verified| Verified { file: Some(file.to_owned()), ..verified };
    if let Err(why) = { read }() {
        return of_file(Verified::failed(format!("{name}: {why}")));
    }
    let checked = match checker.end() {
        Ok(checked) => checked,
        Err(fault) => return of_file(Verified::failed(format!("{name} is not what was written: {fault}"))),
    };
    let found = of_file(Verified::of(&name.to_string(), &checked));
    match compare(file, &checked, data_dir) {
        Ok(kept) => Verified { kept: Some(kept), ..found },
        Err(fault) => Verified { fault: Some(fault), ..found },
    }
}

/// Whether the log that is kept goes on from an export.
fn compare(file: &Path, export: &Checked, data_dir: Option<&Path>) -> Result<String, String> {
    let beside = File::open(file).ok().map(Beside::new);
    let mut checking = Checking { asked: Some((export.head.n, None)), beside, ..Checking::default() };
    let fetched = data_dir.map(|data_dir| fetch(data_dir, &Wanted::default(), None, &mut checking));
    // Whoever only has the file can compare it with nothing.
    let Some(Ok(())) = fetched else {
        return Ok("There is no Relay here to compare it with.".into());
    };
    let found = checking.asked.take().and_then(|(_, hash)| hash);
    let parts = checking.beside.take().map(|beside| beside.parts()).unwrap_or_default();
    match checking.checker.end() {
        Err(fault) => Err(format!("the audit that is kept here is not what was written: {fault}")),
        Ok(kept) if kept.head.n < export.head.n => Err(format!(
            "the audit that is kept here ends with line {}, before the export does: it was cut off, or a backup of before the export was \
             restored. {parts}",
            kept.head.n
        )),
        // What is kept here and goes on from the export was kept when that was made: lines only ever go from the front.
        Ok(kept) if export.from > kept.from && found.as_deref() == Some(export.head.hash.as_str()) => {
            Err(format!(
                "the beginning of the export was cut off: it begins with line {}, and lines {} to {} are kept here",
                export.from,
                kept.from,
                export.from - 1
            ))
        }
        Ok(kept) if kept.from > export.head.n + 1 => Ok(format!(
            "The audit that is kept here begins later, with line {}: older ones are not kept.",
            kept.from
        )),
        Ok(kept) if found.as_deref().is_some_and(|hash| hash != export.head.hash) => Err(format!(
            "the audit that is kept here is another one: its line {} is not that of the export (it ends with line {}). It was altered, or a \
             backup of before the export was restored. {parts}",
            export.head.n, kept.head.n
        )),
        Ok(kept) if kept.head.n == export.head.n => {
            Ok("The audit that is kept here ends with the same line.".into())
        }
        Ok(kept) => Ok(format!(
            "The audit that is kept here goes on from it: lines {} to {} are not in the export. They are newer than it, or its end was cut off.",
            export.head.n + 1,
            kept.head.n
        )),
    }
}

fn whole(what: &str, checked: &Checked) -> String {
    match checked.lines() {
        0 => format!("{what} is whole: it has no lines yet."),
        _ => {
            let before = match checked.from {
                0 | 1 => String::new(),
                from => format!(" Lines 1 to {} are not in it.", from - 1),
            };
            format!(
                "{what} is whole: lines {} to {}, none altered, removed or moved.{before} It ends with {}.",
                checked.from, checked.head.n, checked.head.hash
            )
        }
    }
}
