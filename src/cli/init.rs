//! `relay init`: a wizard from nothing to a `bridges.toml` that works, and from there to another platform or channel.

mod account;
mod answers;
mod asker;
mod channels;
mod discover;
mod draft;
mod pairs;
mod rooms;
mod steps;
mod taken;
mod terminal;
mod write;

use super::{ConfigFile, USUAL_CONFIG, check, cut, fail, mistakes};
use crate::engine;
use answers::Answers;
use asker::{Asker, Ended};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use terminal::Terminal;
use write::Place;

/// As a shell reports what Ctrl-C ended.
const EXIT_INTERRUPTED: u8 = 130;

/// Arguments of `relay init`.
#[derive(Debug, clap::Args)]
pub struct Init {
    #[command(flatten)]
    file: ConfigFile,
    /// Take the answers from this file, and ask nobody
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Print what such a file may look like
    #[arg(long, conflicts_with = "answers")]
    print_answers: bool,
    /// Put the secrets into this folder, as credentials for systemd, instead of the folder `secrets` beside the config file
    #[arg(long, value_name = "FOLDER")]
    credentials: Option<PathBuf>,
    /// A further key of a new account, such as discord.api_url=https://chat.example.org for a compatible server
    #[arg(long, value_name = "ACCOUNT.KEY=VALUE", value_parser = set)]
    set: Vec<steps::Set>,
}

impl Init {
    /// The command that goes on with the same, as somebody types it.
    fn again(&self) -> String {
        let mut words = vec![myself(), "init".to_owned()];
        let mut option = |name: &str, value: &str| words.extend([name.to_owned(), typed(value)]);
        if self.file.config != Path::new(USUAL_CONFIG) {
            option("--config", &self.file.config.to_string_lossy());
        }
        if let Some(folder) = &self.credentials {
            option("--credentials", &folder.to_string_lossy());
        }
        for (account, key, value) in &self.set {
            option("--set", &format!("{account}.{key}={value}"));
        }
        words.join(" ")
    }
}

/// A word as a shell takes it for one.
fn typed(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn set(written: &str) -> Result<steps::Set, String> {
    let parts = written.split_once('=').and_then(|(key, value)| Some((key.rsplit_once('.')?, value)));
    let ((account, key), value) = parts.ok_or("write it as ACCOUNT.KEY=VALUE")?;
    Ok((account.to_owned(), key.to_owned(), value.to_owned()))
}

/// Asks, checks, writes.
pub fn run(init: &Init) -> ExitCode {
    if init.print_answers {
        say!("{}", answers::EXAMPLE);
        return ExitCode::SUCCESS;
    }
    let mut asker: Box<dyn Asker> = match &init.answers {
        Some(path) => match Answers::read(path) {
            Ok(answers) => Box::new(answers),
            Err(why) => return fail(why),
        },
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            Box::new(Terminal::new())
        }
        None => {
            return fail(
                "`relay init` asks in a terminal; without one: --answers FILE (see --print-answers)",
            );
        }
    };
    let (config, credentials) = (init.file.config.clone(), init.credentials.clone());
    let place = Place { config, credentials, again: init.again() };
    let ended =
        engine::block_on_without_actors(interruptible(steps::converse(asker.as_mut(), &place, &init.set)));
    // The terminal is as it was before anything else is said.
    drop(asker);
    match ended {
        Ok(true) => next(&place),
        Ok(false) => ExitCode::SUCCESS,
        Err(Ended::Interrupted) => {
            eprintln!("\nWhat you have answered is kept. This goes on from there:\n  {}", place.again);
            ExitCode::from(EXIT_INTERRUPTED)
        }
        Err(Ended::Failed(why)) => fail(why.trim_end()),
    }
}

/// Ctrl-C while a platform is asked; while somebody is, it is a key.
async fn interruptible(conversation: impl Future<Output = Result<bool, Ended>>) -> Result<bool, Ended> {
    tokio::select! {
        ended = conversation => ended,
        Ok(()) = tokio::signal::ctrl_c() => Err(Ended::Interrupted),
    }
}

/// What starts this Relay from where somebody is: its name, where a shell finds it by that, else its path.
fn myself() -> String {
    let Ok(here) = std::env::current_exe() else { return "relay".to_owned() };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("relay")).find(|file| file.is_file());
    match found.and_then(|file| file.canonicalize().ok()) == here.canonicalize().ok() {
        true => "relay".to_owned(),
        false => here.display().to_string(),
    }
}

/// What `relay check` says of it, and what comes then.
fn next(place: &Place) -> ExitCode {
    let config = place.config.display();
    if let Some(folder) = &place.credentials {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        sayln!("In the unit:\n  LoadCredential=relay:{}", folder.display());
        sayln!("README.md, “As a service”, has the rest of it.");
        return ExitCode::SUCCESS;
    }
    let checked = check::run(&check::Check::of(&place.config));
    sayln!("\nNext:    {} run --config {config}", myself());
    sayln!("Always:  README.md, “As a service”.");
    sayln!("A Relay that runs already takes in by itself what was changed.");
    checked
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        init: Init,
    }

    #[test]
    fn what_was_given_is_given_again() {
        let again = |given: &[&str]| Typed::parse_from(["init"].iter().chain(given)).init.again();
        assert!(again(&[]).ends_with(" init"), "{}", again(&[]));
        let all = [
            "--config",
            "/etc/relay/bridges.toml",
            "--credentials",
            "/etc/my relay",
            "--set",
            "discord.nick=it's",
        ];
        let shown = again(&all);
        let expected = r" init --config /etc/relay/bridges.toml --credentials '/etc/my relay' --set 'discord.nick=it'\''s'";
        assert!(shown.ends_with(expected), "{shown}");
    }
}
