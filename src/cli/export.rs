//! `relay export`: all that is kept of a person, for that person.

use super::{RunningBridge, fail};
use crate::control::export::fetch;
use crate::store::backup::{Kind, Whole};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `relay export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// Whose: PLATFORM:USERID
    who: String,
    /// The file to write, mode 0600: one JSON object a line; `-`: standard output
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    bridge: RunningBridge,
}

/// Writes it.
pub fn run(of: &Export) -> ExitCode {
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    if of.out.as_os_str() == "-" {
        return match fetch(&data_dir, &of.who, io::stdout().lock()) {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        };
    }
    let mut whole = match Whole::begin_kind(&of.out, Kind::Person, &data_dir) {
        Ok(whole) => whole,
        Err(error) => return fail(error),
    };
    match fetch(&data_dir, &of.who, &mut whole) {
        Ok(lines) => match whole.finish() {
            Ok(()) => {
                sayln!("{}: {lines} lines. It is theirs: give it to nobody else.", of.out.display());
                ExitCode::SUCCESS
            }
            Err(error) => fail(error),
        },
        Err(error) => {
            whole.give_up();
            fail(error)
        }
    }
}
