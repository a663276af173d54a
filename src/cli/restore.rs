//! `relay restore`: a state directory from a backup.

use super::backup::{count, show};
use super::keys::lost;
use super::{MasterKeyFile, RunningBridge, fail, keep_out_of_core_files, print_json};
use crate::api::tokens;
use crate::store::KEYS;
use crate::store::backup::{Checked, KeysOf, Restored, WithKeys, restore};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::Permissions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `relay restore`.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The backup
    file: PathBuf,
    /// The keys that belong to it, as `relay keys backup` has copied them; those of the state directory where it has any
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Go on with keys that are older than the backup: what only newer ones open cannot be read any more, and counts as forgotten
    #[arg(long)]
    accept_older_keys: bool,
    #[command(flatten)]
    master: MasterKeyFile,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print what was restored as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Done<'a> {
    data_dir: &'a Path,
    /// Whether there are keys for what is sealed in it.
    has_keys: bool,
    /// People who were forgotten since, or asked for it, and are again.
    forgotten: u64,
    /// Messages that cannot be read any more, for their keys are missing.
    missing: u64,
    /// Accounts that were linked to others, and are not any more.
    unlinked: u64,
    /// Of when the copy of the keys is, in milliseconds since the epoch: what people have said about themselves since is not known.
    keys_of: Option<i64>,
    #[serde(flatten)]
    checked: Checked,
}

/// Restores.
pub fn run(of: &Restore) -> ExitCode {
    if let Err(error) = keep_out_of_core_files() {
        eprintln!("relay: a crash may leave this process's memory in a core file: {error}");
    }
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    let master_key = match of.master.given(&of.bridge) {
        Ok(master_key) => master_key,
        Err(code) => return code,
    };
    let keys = WithKeys { copy: of.keys.as_deref(), master_key, accept_older: of.accept_older_keys };
    let had_tokens = tokens::are_needed(&data_dir);
    let before = Before::of(&data_dir);
    let mut bar = None;
    let mut last = 0;
    let restored = restore(&of.file, &data_dir, &keys, &mut |about, read| {
        // The second time through, it is written.
        let what = if read.records < last { "restoring" } else { "checking" };
        last = read.records.max(last);
        show(&mut bar, what, about, read);
    });
    drop(bar);
    match restored {
        Ok(Restored { checked, has_keys, forgotten, missing, unlinked, keys_of }) if of.json => {
            let keys_of = keys_of.map(|of| of.at.0);
            print_json(&Done {
                data_dir: &data_dir,
                has_keys,
                forgotten,
                missing,
                unlinked,
                keys_of,
                checked,
            })
        }
        Ok(Restored { checked, has_keys, forgotten, missing, unlinked, keys_of }) => {
            sayln!("{}", words(&checked, &data_dir));
            let are_others = !has_keys && data_dir.join(KEYS).exists();
            of_keys(has_keys, are_others, forgotten).into_iter().for_each(|words| sayln!("{words}"));
            if missing > 0 {
                sayln!("{}", lost(missing));
            }
            if unlinked > 0 {
                sayln!("{}", of_links(unlinked));
            }
            let now = relay_contract::Timestamp::now().0;
            keys_of.into_iter().for_each(|of| sayln!("{}", of_copy(of, now)));
            sayln!("{}", of_tokens(had_tokens, tokens::are_needed(&data_dir)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            before.into_iter().for_each(|before| before.bring_back(&data_dir));
            fail(format!("{} was not restored: {error}", of.file.display()))
        }
    }
}

/// How a folder was: one that did not become Relay's own is entered by whoever could before.
struct Before {
    permissions: Permissions,
    names: BTreeSet<OsString>,
}

impl Before {
    /// None of a folder that is not there.
    fn of(folder: &Path) -> Option<Self> {
        let names = folder.read_dir().ok()?.map(|entry| entry.map(|entry| entry.file_name()));
        let permissions = folder.metadata().ok()?.permissions();
        Some(Self { permissions, names: names.collect::<Result<_, _>>().ok()? })
    }

    /// Not where anything has come into it: that is not for others.
    fn bring_back(self, folder: &Path) {
        let is_same = Self::of(folder).is_some_and(|now| now.names == self.names);
        if is_same && let Err(error) = std::fs::set_permissions(folder, self.permissions) {
            eprintln!("relay: {} is for this user alone now: {error}", folder.display());
        }
    }
}

/// What became of the API's tokens.
fn of_tokens(were_there: bool, are_there: bool) -> &'static str {
    match (were_there, are_there) {
        (true, _) => "The API's tokens are those that were there already.",
        (false, true) => {
            "The API's tokens are those of then: take back again with `relay token revoke` what was taken back since."
        }
        (false, false) => {
            "It has no tokens of the API: while none is made, every program of this machine may use it where `[api]` is in the config."
        }
    }
}

/// What is to be known about the keys.
fn of_keys(has_keys: bool, are_others: bool, forgotten: u64) -> Option<String> {
    match (has_keys, forgotten) {
        (false, _) if are_others => Some(
            "The keys in the folder are not those that it was written with: put the file that `relay keys backup` has written then in their place, or \
             go on with them by `relay keys accept`; then what only the other keys open cannot be read any more."
                .to_owned(),
        ),
        (false, _) => Some(
            "There are no keys for it: put the file that `relay keys backup` has written as `keys` into the folder, with the master key it was \
             wrapped by, or make new ones with `relay keys new`; then what people said until now cannot be read any more."
                .to_owned(),
        ),
        (true, 0) => None,
        (true, count) => Some(format!(
            "{} forgotten since it was made, or asked for it, and {} at the next start.",
            super::backup::count(count, "person was", "people were"),
            if count == 1 { "is again" } else { "are again" },
        )),
    }
}

/// What became of accounts that were linked.
fn of_links(unlinked: u64) -> String {
    format!(
        "{} linked to others in it. Whether they still are is not known, so they are not: whoever wants it links them anew with `/relay link`. What was \
         forbidden with one of them is forbidden for all as before.",
        count(unlinked, "account was", "accounts were"),
    )
}

/// What a copy of the keys that is so old does not know.
fn of_copy(KeysOf { at, is_copy }: KeysOf, now: i64) -> String {
    let of = Timestamp::from_millisecond(at.0).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S UTC");
    let minutes = now.saturating_sub(at.0).max(0).unsigned_abs() / 60_000;
    let old = match minutes {
        0..120 => count(minutes, "minute", "minutes"),
        120..2880 => count(minutes / 60, "hour", "hours"),
        _ => count(minutes / 1440, "day", "days"),
    };
    let unknown = "What people have chosen since then is not known: who said that nothing of theirs is to be carried, or that it is to bear \
                   another name, or wanted to be forgotten, is carried again as before, until they say so anew. What was said until now by who \
                   has chosen nothing is not carried, nor are edits of it.";
    match is_copy {
        true => format!(
            "The copy of the keys is of {of} ({old} old). {unknown} The keys of the lost machine itself know it: put into the folder as `keys`, they \
             are taken for the newest."
        ),
        false => format!(
            "The file of keys is one that a Relay was in use with; it was written last on {of} ({old} ago). If it was copied before the end: {unknown} If \
             it is the lost machine's own as it was at the end, nothing of that is missing; put into the folder as `keys`, it is taken for the newest."
        ),
    }
}

fn words(Checked { about, contents }: &Checked, data_dir: &Path) -> String {
    let at = Timestamp::from_millisecond(about.at).unwrap_or_default();
    let media = if about.media { "" } else { " Attachments were not in it: links to files lead nowhere." };
    format!(
        "{} has {} and {} as of {}.{media}\nWhat Relay has delivered since then may be delivered again: {} in it still to be done, and \
         what was said since then is new to it. The mapping is made at the next start.",
        data_dir.display(),
        count(contents.records, "record", "records"),
        count(contents.files, "file", "files"),
        at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        count(contents.waiting, "delivery is", "deliveries are"),
    )
}
