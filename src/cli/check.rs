//! `relay check`: the config file and the secrets it names, without connecting anywhere.

use super::sees::Sees;
use super::{ConfigFile, EXIT_MISTAKES, mistakes};
use crate::config::Config;
use crate::config::joined::Entry;
use crate::consent::{Level, Unsaid};
use crate::store::{Master, lacks_its_master};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `relay check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Tell also of rooms that see everything of people
    #[arg(long, short)]
    verbose: bool,
    /// Print the mistakes as JSON, and what each room sees of people
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Of a file, without anything else asked for.
    pub fn of(config: &Path) -> Self {
        Self { file: ConfigFile { config: config.to_owned() }, verbose: false, json: false }
    }
}

/// What is said of a room that the admin's own file does not name.
fn joined_in_chat(channel: &str, entry: &Entry) -> String {
    let name =
        if entry.name.is_empty() { String::new() } else { format!(" ({})", entry.name.escape_debug()) };
    let by = if entry.by.is_empty() { String::new() } else { format!(" by {}", entry.by.escape_debug()) };
    let at = if entry.at.is_empty() { String::new() } else { format!(" at {}", entry.at.escape_debug()) };
    format!("`{}`{name} joined [channels.{channel}] from the chat{by}{at}.", entry.room.escape_debug())
}

/// What is said of a channel with `consent = "opt_in"`.
fn asked_first(channel: &str) -> String {
    format!("In {channel}, nothing is carried of who has not allowed it (`consent = \"opt_in\"`).")
}

/// What is to be known of the key that opens what is kept.
fn where_the_key_lies(config: &Config) -> String {
    let folder = &config.relay.data_dir;
    if config.master_key.is_some() {
        return format!(
            "What people say is encrypted in {}, with the `master_key` of [relay].",
            folder.display()
        );
    }
    if lacks_its_master(folder) {
        return format!(
            "warning: what people say is encrypted in {}, with a key that is not there, and Relay does not start without it: put it at {}, or \
             name it with `master_key` of [relay].",
            folder.display(),
            folder.join("master.key").display()
        );
    }
    format!(
        "What people say is encrypted in {}, with a key that lies there too. Better is a `master_key` of [relay], from a systemd credential: \
         whoever copies the folder then cannot read it.",
        folder.display()
    )
}

/// Checks; exit code 2 if there are mistakes.
pub fn run(check: &Check) -> ExitCode {
    match Config::load(&check.file.config) {
        Ok(config) => {
            // What `relay run` refuses is not right.
            if let Some(Err(error)) = config.master_key.as_ref().map(Master::given) {
                return refused(check, &config, &error.to_string());
            }
            if check.json {
                let privacy = Sees::all(&config);
                sayln!(
                    "{}",
                    serde_json::json!({ "mistakes": [], "warnings": config.warnings, "privacy": privacy })
                );
            } else {
                for warning in &config.warnings {
                    eprintln!("warning: {warning}");
                }
                let links: usize = config.channels.iter().map(|channel| channel.links_in_force().len()).sum();
                let (accounts, channels) = (config.accounts.len(), config.channels.len());
                sayln!(
                    "{} is right: {accounts} account(s), {channels} channel(s), {links} link(s).",
                    check.file.config.display()
                );
                sayln!("{}", where_the_key_lies(&config));
                for channel in &config.channels {
                    channel
                        .joined
                        .links
                        .iter()
                        .for_each(|entry| sayln!("{}", joined_in_chat(&channel.name, entry)));
                }
                for (room, template) in set_in_the_chat(&config) {
                    sayln!(
                        "In {room} people are called {template}: that was set in the chat, and counts before `name` of the link."
                    );
                }
                for channel in config.channels.iter().filter(|channel| channel.unsaid == Unsaid::OptIn) {
                    sayln!("{}", asked_first(&channel.name));
                }
                let sees = Sees::all(&config).into_iter();
                for sees in sees.filter(|sees| check.verbose || sees.level != Level::Full) {
                    sayln!("{}", sees.in_words());
                }
            }
            ExitCode::SUCCESS
        }
        Err(found) => {
            if check.json {
                sayln!("{}", serde_json::json!({ "file": found.path, "mistakes": found.mistakes }));
            } else {
                eprint!("{}", mistakes::show(&found));
            }
            ExitCode::from(EXIT_MISTAKES)
        }
    }
}

/// A file that is read well, and with which Relay does not start.
fn refused(check: &Check, config: &Config, why: &str) -> ExitCode {
    let why = format!("`master_key` of [relay]: {why}");
    match check.json {
        true => sayln!("{}", serde_json::json!({ "file": config.path, "mistakes": [{ "what": why }] })),
        false => eprintln!("relay: {why}"),
    }
    ExitCode::from(EXIT_MISTAKES)
}

/// How people are called in rooms where that was set in the chat.
fn set_in_the_chat(config: &Config) -> impl Iterator<Item = (&str, &str)> {
    let named = config.channels.iter().flat_map(|channel| &channel.joined.names);
    named.map(|named| (named.room.as_str(), named.template.as_str()))
}
