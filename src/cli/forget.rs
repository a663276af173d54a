//! `relay forget`: somebody asked for it who cannot, or does not want to, in the chat.

use super::{RunningBridge, fail, print_json};
use crate::commands::receipt;
use crate::control::{Request, Response};
use crate::texts::Language;
use std::process::ExitCode;

/// Arguments of `relay forget`.
#[derive(Debug, clap::Args)]
pub struct ForgetWho {
    /// Who: PLATFORM:USERID
    who: String,
    /// Have everything of theirs deleted, here and elsewhere; without it, only tells what has become of an earlier wish
    #[arg(long)]
    yes: bool,
    /// Print what has become of it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bridge: RunningBridge,
}

/// Has them forgotten, or tells how far that is.
pub fn run(of: &ForgetWho) -> ExitCode {
    match of.bridge.ask(&Request::Forget { who: of.who.clone(), sure: of.yes }) {
        Ok(Response::Erased(erased)) if of.json => print_json(&erased),
        Ok(Response::Erased(Some(erased))) => {
            sayln!("{}", receipt(Language::English, &erased).replacen("You asked", "It was asked for", 1));
            ExitCode::SUCCESS
        }
        Ok(Response::Erased(None)) => fail(format!(
            "nobody has asked for {} to be forgotten. With --yes everything of theirs is deleted: what was carried in the other rooms, \
             as far as their platforms let Relay delete, and all that Relay keeps. It cannot be taken back",
            of.who
        )),
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}
