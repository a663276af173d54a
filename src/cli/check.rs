//! `relay check`: the config file and the secrets it names, without connecting anywhere.

use super::{ConfigFile, EXIT_MISTAKES, mistakes};
use crate::config::Config;
use std::process::ExitCode;

/// Arguments of `relay check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Print the mistakes as JSON
    #[arg(long)]
    json: bool,
}

/// Checks; exit code 2 if there are mistakes.
pub fn run(check: &Check) -> ExitCode {
    match Config::load(&check.file.config) {
        Ok(config) => {
            if check.json {
                sayln!("{}", serde_json::json!({ "mistakes": [], "warnings": config.warnings }));
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
                if config.master_key.is_none() {
                    sayln!(
                        "What people say is encrypted in {}, with a key that lies there too. Better is a `master_key` of [relay], from a systemd \
                         credential: whoever copies the folder then cannot read it.",
                        config.relay.data_dir.display()
                    );
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
