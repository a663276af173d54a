//! `relay matrix`: what a Matrix homeserver has to know of Relay.

use super::fail;
use crate::platforms::matrix_registration::{self, Wanted};
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `relay matrix`.
#[derive(Debug, clap::Args)]
pub struct Matrix {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the file with which a homeserver takes Relay in as an application service
    Registration {
        /// The homeserver's name: what stands behind the colon of its user ids, such as example.org
        server_name: String,
        /// Where the homeserver reaches Relay
        #[arg(long, default_value = "http://127.0.0.1:9337")]
        url: String,
        /// The first part of Relay's own user id
        #[arg(long, default_value = "relay")]
        bot: String,
        /// What the user ids of people of elsewhere begin with; nobody else gets such an id
        #[arg(long, default_value = "_relay_")]
        prefix: String,
        /// The id that the homeserver knows Relay by
        #[arg(long, default_value = "relay")]
        id: String,
        /// The file to write, which only you can read; what is there is not overwritten
        #[arg(long, default_value = "registration.yaml")]
        out: PathBuf,
    },
}

/// Does it.
pub fn run(matrix: &Matrix) -> ExitCode {
    let Command::Registration { server_name, url, bot, prefix, id, out } = &matrix.command;
    let wanted = Wanted {
        id: id.clone(),
        server_name: server_name.clone(),
        url: url.clone(),
        bot: bot.clone(),
        prefix: prefix.clone(),
    };
    let text = match matrix_registration::written(&wanted) {
        Ok(text) => text,
        Err(problem) => return fail(problem),
    };
    if let Err(error) = put(out, &text) {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let what =
            if there { "it is there already; write elsewhere with --out".into() } else { error.to_string() };
        return fail(format!("{}: {what}", out.display()));
    }
    let whole = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let path = whole.display();
    sayln!("{path} is written. It holds two tokens: only Relay and the homeserver may read it.");
    sayln!(
        "1. Let the homeserver read it; where that runs as another user, give it a copy: sudo install -m 640 -g matrix-synapse {path} \
         /etc/matrix-synapse/relay.yaml. Synapse: app_service_config_files: [\"/etc/matrix-synapse/relay.yaml\"] in homeserver.yaml; then \
         restart it."
    );
    sayln!("2. In bridges.toml, instead of access_token: registration = {{ file = \"{path}\" }}");
    sayln!("3. Start Relay, and invite @{bot}:{server_name} into each room.");
    ExitCode::SUCCESS
}

fn put(path: &Path, text: &SecretString) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.sync_all()
}
