//! `relay token`: who may use the API from elsewhere. Changes count at once, whether Relay runs or not.

use super::{RunningBridge, fail, print_json};
use crate::api::tokens::{self, Scope, Token};
use crate::config::Config;
use crate::control::{self, Request, Response};
use crate::engine;
use clap::Subcommand;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
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
        /// What it is good for: read, write, admin, persona (with write; matterbridge's API needs it)
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

/// The state directory. One that is named must be there; one of a config is made with the first token, or by the first start.
fn state_dir(bridge: &RunningBridge) -> Result<PathBuf, ExitCode> {
    match &bridge.data_dir {
        Some(named) if !named.is_dir() => {
            let error = "this state directory is not there: is it written as Relay's config has it?";
            Err(fail(format!("{}: {error}", named.display())))
        }
        _ => bridge.data_dir(),
    }
}

/// What is said of channels that there are not, as far as that can be told: as the config has them, or else as the running Relay has.
fn unknown(channels: &BTreeSet<String>, bridge: &RunningBridge, data_dir: &Path) -> Option<String> {
    if channels.is_empty() {
        return None;
    }
    let known = match bridge.data_dir {
        None => Config::channel_names(&bridge.config),
        Some(_) => match engine::block_on_without_actors(control::ask(data_dir, &Request::Status)) {
            Ok(Response::Status(status)) => status.channels.into_iter().map(|channel| channel.name).collect(),
            _ => Vec::new(),
        },
    };
    let unknown: Vec<_> = channels.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    if known.is_empty() || unknown.is_empty() {
        return None;
    }
    Some(format!("There is no channel {}. There is: {}.", unknown.join(", "), known.join(", ")))
}

/// Does it.
pub fn run(of: &Tokens) -> ExitCode {
    match &of.command {
        Command::New { name, scope, channel, bridge } => {
            let data_dir = match state_dir(bridge) {
                Ok(data_dir) => data_dir,
                Err(code) => return code,
            };
            if scope.contains(&Scope::Persona) && !scope.contains(&Scope::Write) {
                return fail(
                    "the scope `persona` says under which names something is posted, and posts nothing: add `write`",
                );
            }
            let channels: BTreeSet<String> = channel.iter().cloned().collect();
            if let Some(unknown) = unknown(&channels, bridge, &data_dir) {
                return fail(unknown);
            }
            match tokens::make(&data_dir, name, scope.iter().copied().collect(), channels) {
                Ok(token) => {
                    sayln!("{}", token.expose_secret());
                    eprintln!("This is shown only now. Send it as `Authorization: Bearer …`.");
                    ExitCode::SUCCESS
                }
                Err(error) => fail(error),
            }
        }
        Command::List { bridge, json } => match state_dir(bridge).map(|data_dir| tokens::all(&data_dir)) {
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
        Command::Revoke { name, bridge } => match state_dir(bridge) {
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
