//! `relay backup`: everything that is kept, as one file.

use super::{RunningBridge, fail, print_json};
use crate::control::AskError;
use crate::control::backup::{FetchError, fetch};
use crate::sizes;
use crate::store::backup::{About, BackupError, Checked, Contents, Kind, Reader, Whole, back_up_unused};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// So many names there are for the backups of one second.
const MOST_A_SECOND: u32 = 1_000;

/// Arguments of `relay backup`.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The file to write, mode 0600; a folder, or what ends with `/`: into it, named by the time; `-`: standard output
    #[arg(default_value = ".")]
    file: PathBuf,
    /// The attachments too. Without them, links to files that Relay gave out lead nowhere after a restore, and files that were still to
    /// be delivered are fetched again, as long as the platform has them
    #[arg(long)]
    media: bool,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print what was written as JSON; with `-` on standard error
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct Made<'a> {
    /// Where; none for standard output.
    pub file: Option<&'a Path>,
    /// What it is of.
    pub about: About,
    /// How much is in it.
    pub contents: Contents,
}

/// Makes one.
pub fn run(of: &Backup) -> ExitCode {
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    let to_output = of.file.as_os_str() == "-";
    let made = match to_output {
        true => make(&data_dir, of.media, io::stdout().lock()).map(|checked| (None, checked)),
        false => into(&of.file, &data_dir, of.media).map(|(file, checked)| (Some(file), checked)),
    };
    let (file, Checked { about, contents }) = match made {
        Ok(made) => made,
        Err(error) => return fail(format!("no backup was made: {error}")),
    };
    let made = Made { file: file.as_deref(), about, contents };
    match (of.json, to_output) {
        (true, false) => return print_json(&made),
        (true, true) => match serde_json::to_string(&made) {
            Ok(json) => eprintln!("{json}"),
            Err(error) => return fail(error),
        },
        (false, true) => eprintln!("{}", words(&made)),
        (false, false) => sayln!("{}", words(&made)),
    }
    ExitCode::SUCCESS
}

/// Into this file, or into this folder; answers which file it is.
fn into(file: &Path, data_dir: &Path, media: bool) -> Result<(PathBuf, Checked), FetchError> {
    // What is written like a folder is one.
    if file.as_os_str().as_bytes().ends_with(b"/") && !file.exists() {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(file);
        made.map_err(|why| BackupError::Io { what: "making", path: file.to_owned(), why })?;
    }
    let mut whole = match file.is_dir() {
        true => Whole::begin_free(names(file, Timestamp::now()), data_dir)?,
        false => Whole::begin_kind(file, Kind::Backup, data_dir)?,
    };
    let file = whole.path().to_owned();
    match make(data_dir, media, &mut whole) {
        Ok(checked) => whole.finish().map(|()| (file, checked)).map_err(FetchError::from),
        Err(error) => {
            whole.give_up();
            Err(error)
        }
    }
}

/// From the Relay that runs; where none does, from its state directory.
fn make(data_dir: &Path, media: bool, mut out: impl Write) -> Result<Checked, FetchError> {
    let mut bar = None;
    let fetched = fetch(data_dir, media, &mut out)
        .map(|backup| backup.check(&mut |about, read| show(&mut bar, "backing up", about, read)));
    let checked = match fetched {
        Ok(checked) => checked?,
        Err(FetchError::Ask(AskError::NotRunning(_))) => unused(data_dir, media, &mut out)?,
        Err(error) => return Err(error),
    };
    out.flush().map_err(BackupError::from)?;
    Ok(checked)
}

/// What is written is read back through a pipe, so that it is checked like any.
fn unused(data_dir: &Path, media: bool, out: impl Write) -> Result<Checked, FetchError> {
    let (read, write) = io::pipe().map_err(BackupError::from)?;
    std::thread::scope(|scope| {
        let making = scope.spawn(move || back_up_unused(data_dir, media, io::BufWriter::new(write)));
        let mut bar = None;
        let checked = Reader::new(Tee { from: read, copy: out })
            .and_then(|backup| backup.check(&mut |about, read| show(&mut bar, "backing up", about, read)));
        // Whoever could not even begin knows better what is wrong.
        match making.join() {
            Ok(Err(error)) if !matches!(error, BackupError::Stream(_)) => Err(error.into()),
            _ => Ok(checked?),
        }
    })
}

struct Tee<R, W> {
    from: R,
    copy: W,
}

impl<R: io::Read, W: Write> io::Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.copy.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// How far it is, by the records of the ledger; of files only the number is known.
pub fn show(bar: &mut Option<ProgressBar>, what: &'static str, about: &About, read: Contents) {
    let bar = bar.get_or_insert_with(|| {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} records {eta}");
        let bar = ProgressBar::new(about.roughly).with_message(what);
        if let Ok(style) = style { bar.with_style(style) } else { bar }
    });
    bar.set_length(about.roughly.max(read.records));
    bar.set_position(read.records);
    if read.files > 0 {
        bar.set_message(format!("{what}, file {}", read.files));
    }
}

/// Files of a folder that are named by the time: more than one may be made within a second.
fn names(folder: &Path, at: Timestamp) -> impl Iterator<Item = PathBuf> {
    let first = format!("relay-{}", at.strftime("%Y%m%dT%H%M%SZ"));
    let further = (2..=MOST_A_SECOND).map({
        let first = first.clone();
        move |number| format!("{first}-{number}")
    });
    std::iter::once(first).chain(further).map(|name| folder.join(name + ".backup"))
}

/// A count of things, in words.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn words(made: &Made<'_>) -> String {
    let Contents { records, waiting, files, bytes } = made.contents;
    let file = made.file.map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
    let media = if made.about.media { "" } else { " Attachments are not in it; --media adds them." };
    format!(
        "{file}: {}, {} and {}, with {} still to be done.{media}",
        sizes::in_words(bytes),
        count(records, "record", "records"),
        count(files, "file", "files"),
        count(waiting, "delivery", "deliveries"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_in_words() {
        let about = About {
            identity: "i".into(),
            ledger_format: 2,
            relay: "0".into(),
            at: 0,
            media: false,
            roughly: 0,
        };
        let contents = Contents { records: 12, waiting: 1, files: 2, bytes: 61_000 };
        let made = Made { file: Some(Path::new("a.backup")), about: about.clone(), contents };
        assert_eq!(
            words(&made),
            "a.backup: 61 kB, 12 records and 2 files, with 1 delivery still to be done. Attachments are not in it; --media adds them."
        );
        let made = Made { file: None, about: About { media: true, ..about }, contents: Contents::default() };
        assert_eq!(
            words(&made),
            "standard output: 0 bytes, 0 records and 0 files, with 0 deliveries still to be done."
        );
    }

    #[test]
    fn two_of_one_second_have_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let begin = || {
            Whole::begin_free(names(folder.path(), Timestamp::UNIX_EPOCH), &folder.path().join("state"))
                .unwrap()
        };
        let called = |name: &str| folder.path().join(format!("relay-19700101T000000Z{name}.backup"));
        let (first, second) = (begin(), begin());
        assert_eq!((first.path(), second.path()), (&*called(""), &*called("-2")), "both are being written");
        first.finish().unwrap();
        second.give_up();
        assert_eq!(begin().path(), called("-2"), "the first is there, the second was given up");
        assert!(called("").exists());
    }
}
