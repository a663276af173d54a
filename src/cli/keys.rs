//! `relay keys`: the keys of what is kept, and what wraps them.

use super::{MasterKeyFile, RunningBridge, backup::count, fail, keep_out_of_core_files, print_json};
use crate::commands::keys::{self, KeysAnswer, KeysAsk, unused_master};
use crate::control::{self, AskError, Request, Response};
use crate::engine;
use crate::store::backup::{Kind, Whole};
use crate::store::{KEYS, KeysReport, Ledger, accept_keys, make_keys};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `relay keys`.
#[derive(Debug, clap::Args)]
pub struct Keys {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    master: MasterKeyFile,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print how it stands as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How many people have a key, how many were forgotten, and where the master key is (the default)
    Show,
    /// Take another master key, also while Relay runs
    ///
    /// Where Relay keeps the master key itself, it makes a new one and writes it in the place of the old one. Where the config names it, --to
    /// says which file has the new one; then both open the keys until Relay is started with the new one, and only that from then on.
    Rotate {
        /// A file with the new master key; made, with mode 0600, where it is not there
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Copy the keys into a file, which has to be kept apart from `relay backup` and not for long
    ///
    /// Whoever wants to be forgotten after it was made is in it: a copy of last week brings back what they said until then, if a backup of
    /// the ledger is as old. Make one every day, and keep no old ones. Without the master key it opens nothing.
    Backup {
        /// The file to write, mode 0600
        file: PathBuf,
    },
    /// Make new keys where the old ones are lost for good: what was said until now cannot be read any more, and Relay starts again
    ///
    /// What people have chosen about themselves is not among what is lost, and whoever was forgotten stays so.
    New,
    /// Go on with keys that are older than the ledger, where there are no newer ones
    ///
    /// What is sealed with keys that they lack cannot be read any more, and counts as forgotten. What people have chosen about themselves since they
    /// were copied holds, and whoever was forgotten since then is again.
    Accept,
}

/// Does it.
pub fn run(of: &Keys) -> ExitCode {
    if let Err(error) = keep_out_of_core_files() {
        eprintln!("relay: a crash may leave this process's memory in a core file: {error}");
    }
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    match of.what.as_ref().unwrap_or(&What::Show) {
        What::Show => tell(of, &data_dir, KeysAsk::Show, None),
        What::Rotate { to } => {
            let to = match to.as_ref().map(std::path::absolute).transpose() {
                Ok(to) => to,
                Err(error) => return fail(error),
            };
            let said = match &to {
                None => "There is a new master key, in the place of the old one. A copy of the old one that you keep elsewhere does not open what is kept \
                         from now on: put the new one there.\nWhat `relay keys backup` has written until now needs the old one, which Relay has not kept: \
                         make another today."
                    .to_owned(),
                Some(to) => format!(
                    "{} opens the keys now, too. Name it as `master_key`, or put it where the old one was, before Relay is started the next \
                     time; from then on the old one does not open them.\nWhat `relay keys backup` has written until now needs the old one: make \
                     another today, and keep the old one as long as you keep those.",
                    to.display()
                ),
            };
            tell(of, &data_dir, KeysAsk::Rotate { to }, Some(said))
        }
        What::Backup { file } => back_up(of, &data_dir, file),
        What::New => new(of, &data_dir),
        What::Accept => accept(of, &data_dir),
    }
}

fn tell(of: &Keys, data_dir: &Path, ask: KeysAsk, said: Option<String>) -> ExitCode {
    match answer(of, data_dir, ask) {
        Ok(KeysAnswer::Report(report)) if of.json => print_json(&report),
        Ok(KeysAnswer::Report(report)) => {
            said.into_iter().for_each(|said| sayln!("{said}"));
            sayln!("{}", words(&report));
            ExitCode::SUCCESS
        }
        Ok(KeysAnswer::Copy(_)) => {
            fail("the running relay answered something else: is it of another version?")
        }
        Err(code) => code,
    }
}

/// From the Relay that runs; where none does, from its state directory.
fn answer(of: &Keys, data_dir: &Path, ask: KeysAsk) -> Result<KeysAnswer, ExitCode> {
    let request = Request::Keys { ask: ask.clone() };
    match engine::block_on_without_actors(control::ask(data_dir, &request)) {
        Ok(Response::Keys(answer)) => Ok(answer),
        Ok(Response::Error(error)) => Err(fail(error)),
        Ok(_) => Err(fail("the running relay answered something else: is it of another version?")),
        Err(AskError::NotRunning(_)) if data_dir.join("ledger").exists() => {
            let opened = Ledger::open_with(data_dir, of.master.master(&of.bridge, data_dir)?);
            let (ledger, writer) = opened.map_err(fail)?;
            let answer = keys::with(&ledger, ask);
            drop(ledger);
            writer.join();
            answer.map_err(fail)
        }
        Err(error) => Err(fail(error)),
    }
}

fn back_up(of: &Keys, data_dir: &Path, file: &Path) -> ExitCode {
    let copy = match answer(of, data_dir, KeysAsk::Copy) {
        Ok(KeysAnswer::Copy(copy)) => STANDARD.decode(copy).unwrap_or_default(),
        Ok(_) => return fail("the running relay answered something else: is it of another version?"),
        Err(code) => return code,
    };
    let written =
        Whole::begin_kind(file, Kind::Keys, data_dir).and_then(|mut whole| match whole.write_all(&copy) {
            Ok(()) => whole.finish(),
            Err(error) => {
                whole.give_up();
                Err(error.into())
            }
        });
    match written {
        Ok(()) => {
            sayln!(
                "{}: the keys as of now. Keep it apart from the backups of the ledger and for a few days at most; the master key is not in it.",
                file.display()
            );
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

fn new(of: &Keys, data_dir: &Path) -> ExitCode {
    // Looking for the master key makes a folder that is not Relay's own into one.
    if !data_dir.join("ledger").exists() {
        return fail(format!("{} has no ledger: there is nothing to make keys for", data_dir.display()));
    }
    let path = data_dir.join(KEYS);
    if path.exists() {
        return fail(format!(
            "{} is there: nothing was changed. If it is older than the ledger, `relay keys accept` goes on with it",
            path.display()
        ));
    }
    let master = match of.master.master(&of.bridge, data_dir) {
        Ok(master) => master,
        Err(code) => return code,
    };
    match make_keys(data_dir, master) {
        Ok(missing) => {
            sayln!("{}: new keys. {}", path.display(), lost(missing));
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

fn accept(of: &Keys, data_dir: &Path) -> ExitCode {
    if !data_dir.join("ledger").exists() {
        return fail(format!("{} has no ledger: there is nothing to go on with", data_dir.display()));
    }
    let master = match of.master.master(&of.bridge, data_dir) {
        Ok(master) => master,
        Err(code) => return code,
    };
    match accept_keys(data_dir, master) {
        Ok(missing) => {
            sayln!("{}: Relay goes on with these keys. {}", data_dir.join(KEYS).display(), lost(missing));
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

/// What is not there any more.
pub(super) fn lost(missing: u64) -> String {
    match missing {
        0 => "No message is sealed with a key that is not among them.".to_owned(),
        _ => format!(
            "{} sealed with keys that are lost: they cannot be read any more, and count as forgotten. Whose key is lost is no longer \
             muted, and their accounts are no longer linked; what people have chosen about themselves holds as before.",
            count(missing, "message is", "messages are")
        ),
    }
}

fn words(report: &KeysReport) -> String {
    let beside = match (&report.unused, report.lies_beside) {
        (Some(unused), _) => format!("\n{}.", unused_master(unused)),
        (None, true) => {
            "\nIt lies beside what it opens, so whoever copies the whole folder can read what is in it. Better: `master_key` in the config, from a \
             systemd credential."
                .to_owned()
        }
        (None, false) => String::new(),
    };
    let both = if report.masters > 1 {
        "\nAnother master key opens them too, until Relay is started with it."
    } else {
        ""
    };
    format!(
        "{}: keys of {} people, {} being forgotten, {} forgotten.\nMaster key: {}.{beside}{both}",
        report.file.display(),
        report.people,
        report.retired,
        report.forgotten,
        report.master,
    )
}
