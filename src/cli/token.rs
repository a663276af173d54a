//! `relay token`: who may use the API from elsewhere. Changes count at once, whether Relay runs or not.

use super::{RunningBridge, fail, print_json};
use crate::api::tokens::{self, Scope, Token};
use clap::Subcommand;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::process::ExitCode;

/// The last token is gone, and that lets nobody in.
const NONE_LEFT: &str = "There is no token left, and the API still needs one: `relay token new NAME` makes one. To let every program of this \
                         machine in again, delete tokens.json in the state directory.";

/// Arguments of `relay token`.
#[derive(Debug, clap::Args)]
pub struct Tokens {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it: it is shown only now
    New {
        /// The name that it posts under
        name: String,
        /// What it is good for: read, write, admin, persona
        #[arg(long, value_delimiter = ',', default_value = "read,write", value_parser = scope)]
        scope: Vec<Scope>,
        /// Only for this channel; may be given again
        #[arg(long)]
        channel: Vec<String>,
        #[command(flatten)]
        bridge: RunningBridge,
    },
    /// List the tokens that there are
    List {
        #[command(flatten)]
        bridge: RunningBridge,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back: its next request is refused, its streams end
    Revoke {
        /// Its name
        name: String,
        #[command(flatten)]
        bridge: RunningBridge,
    },
}

fn scope(word: &str) -> Result<Scope, String> {
    let words = || Scope::ALL.map(Scope::word).join(", ");
    Scope::named(word).ok_or_else(|| format!("there is no scope `{word}`: {}", words()))
}

/// Does it.
pub fn run(of: &Tokens) -> ExitCode {
    match &of.command {
        Command::New { name, scope, channel, bridge } => {
            let data_dir = match bridge.data_dir() {
                Ok(data_dir) => data_dir,
                Err(code) => return code,
            };
            let channels: BTreeSet<String> = channel.iter().cloned().collect();
            match tokens::make(&data_dir, name, scope.iter().copied().collect(), channels) {
                Ok(token) => {
                    sayln!("{}", token.expose_secret());
                    eprintln!("This is shown only now. Send it as `Authorization: Bearer …`.");
                    ExitCode::SUCCESS
                }
                Err(error) => fail(error),
            }
        }
        Command::List { bridge, json } => match bridge.data_dir().map(|data_dir| tokens::all(&data_dir)) {
            Ok(Ok(tokens)) if *json => {
                let shown = |token: &Token| {
                    serde_json::json!({
                        "name": token.name,
                        "scopes": token.scopes,
                        "channels": token.channels,
                        "made": token.made,
                    })
                };
                print_json(&tokens.iter().map(shown).collect::<Vec<_>>())
            }
            Ok(Ok(tokens)) => {
                say!(
                    "{}",
                    table(&tokens, bridge.data_dir().is_ok_and(|data_dir| tokens::are_needed(&data_dir)))
                );
                ExitCode::SUCCESS
            }
            Ok(Err(error)) => fail(format!("the tokens cannot be read: {error}")),
            Err(code) => code,
        },
        Command::Revoke { name, bridge } => match bridge.data_dir() {
            Ok(data_dir) => match tokens::revoke(&data_dir, name) {
                Ok(left) => {
                    sayln!("`{name}` is taken back.");
                    if left == 0 {
                        sayln!("{NONE_LEFT}");
                    }
                    ExitCode::SUCCESS
                }
                Err(error) => fail(error),
            },
            Err(code) => code,
        },
    }
}

fn table(tokens: &[Token], are_needed: bool) -> String {
    if tokens.is_empty() && are_needed {
        return format!("{NONE_LEFT}\n");
    }
    if tokens.is_empty() {
        return "There are no tokens: only programs of this machine may use the API.\n".into();
    }
    let width = tokens.iter().map(|token| token.name.chars().count()).max().unwrap_or(0);
    let line = |token: &Token| {
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.word()).collect();
        let channels: Vec<_> = token.channels.iter().map(String::as_str).collect();
        let channels = if channels.is_empty() { "all channels".to_owned() } else { channels.join(", ") };
        format!("{:<width$}  {}  {channels}\n", token.name, scopes.join(","))
    };
    tokens.iter().map(line).collect()
}
