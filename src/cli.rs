//! The command line: one file a command.

/// Prints to standard output. Whoever reads it may have gone (`| head`), which is no fault.
macro_rules! say {
    ($($words:tt)*) => {{
        let words = $crate::cli::printable(&format!($($words)*));
        let _ = std::io::Write::write_all(&mut std::io::stdout(), words.as_bytes());
    }};
}

/// The same with a line's end.
macro_rules! sayln {
    () => { say!("\n") };
    ($($words:tt)*) => {{
        say!($($words)*);
        say!("\n");
    }};
}

mod alerts;
mod approve;
mod audit;
mod backup;
mod capabilities;
mod check;
#[cfg(feature = "demo")]
mod demo;
mod disconnect;
mod doctor;
mod export;
mod forget;
mod import;
mod init;
mod keys;
mod logging;
mod matrix;
mod media;
mod mistakes;
mod notify;
mod pages;
mod plan;
mod purge;
mod queue;
mod restore;
mod resync;
mod rooms;
mod run;
mod sees;
mod status;
mod token;
mod trace;

use crate::config::{Config, Mistakes};
use crate::control::{self, Request, Response};
use crate::engine;
use crate::store::Master;
use clap::{Parser, Subcommand};
use secrecy::SecretString;
use std::io::IsTerminal;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The config file, where nobody names another.
const USUAL_CONFIG: &str = "bridges.toml";
/// Exit code for a config file with mistakes, and for a command line that cannot be understood.
const EXIT_MISTAKES: u8 = 2;

/// Joins rooms on different chat platforms, and loses nothing on the way.
#[derive(Debug, Parser)]
#[command(name = "relay", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set Relay up, question by question: bots, rooms, the config file; run again to add a platform or rooms
    Init(init::Init),
    /// Run the bridge until it is told to stop (SIGINT, SIGTERM)
    Run(ConfigFile),
    /// Check the config file: all mistakes at once, each with its line and what to write instead
    Check(check::Check),
    /// Show what a reload would start, stop and change; nothing is done
    ///
    /// Ends with 0 when nothing would change, with 3 when something would, with 4 when only a restart takes it, and with 2 when the file has
    /// mistakes. Where no Relay runs it shows what would start.
    Plan(plan::Planned),
    /// Have the running Relay read its config anew, wholly or not at all, and show what was changed
    ///
    /// Ends with 0 when the config is in force, with 5 when it is and an account of it waits for somebody (such as for another token), with 4
    /// when only a restart takes it, and with 2 when the file has mistakes: then all goes on as before.
    Reload(plan::Planned),
    /// List the rooms that each account sees, with what to write into `links`
    Rooms(rooms::Rooms),
    /// Let a room in that asked to join from the chat
    Approve(approve::Approve),
    /// Read a room's history once more, for what was said while nobody listened
    Resync(resync::ResyncOf),
    /// Take a room out of a channel; `/relay connect` in the room brings it back
    Disconnect(disconnect::Disconnect),
    /// Have what somebody said lately gone: what waits is cancelled, what was delivered is deleted
    Purge(purge::Purge),
    /// Write what is kept of a person into a file, for that person: of attachments the names alone
    Export(export::Export),
    /// Show, export and verify the log of what has left, where to, and by whose leave
    Audit(audit::Audit),
    /// Have everything of a person deleted, who cannot ask for it in the chat; or tell what has become of such a wish
    Forget(forget::ForgetWho),
    /// Show, take back and clear away the links to files that were given out
    Media(media::Media),
    /// Make a config of a matterbridge.toml, and say what has no equal
    Import(import::Import),
    /// Write what a Matrix homeserver has to know of Relay
    Matrix(matrix::Matrix),
    /// Make, list and take back the tokens with which programs use the API
    Token(token::Tokens),
    /// Show how the running bridge is: accounts, rooms, what waits, what went wrong
    Status(status::StatusOf),
    /// Look for what is not as it should be, and say what to do: accounts, rights, network, clock, disk, keys, ports, queues
    ///
    /// Ends with 0 when all is well, with 1 when something was found (the marked message of --canary that did not go through is one), and with 2
    /// when nothing could be looked at: the config file has mistakes, or the running Relay does not answer. --json gives each finding as `about`,
    /// `grade` (fine, look, broken), `what` and `fix`, also with 2 where the config file is why.
    Doctor(doctor::Doctor),
    /// Show what needs a person; try the ways by which admins are told
    Alerts(alerts::Alerts),
    /// Look at what waits and what was given up; retry, drop, pause and resume deliveries
    Queue(queue::Queue),
    /// Show what carries over into each room and out of it
    Capabilities(capabilities::CapabilitiesOf),
    /// Show what became of a message in every room: delivered, waiting or given up, and what it lost
    Trace(trace::TraceOf),
    /// Back up everything that Relay keeps into one file, also while it runs
    ///
    /// The backup shows one instant, whatever is said meanwhile. It holds everything that Relay keeps (messages, what is still to be
    /// delivered, what was delivered as what, cursors), what was changed from the chat (bridges.d), and the hashes of the API's
    /// tokens. It does not hold bridges.toml, the credentials, and the keys: what people said and are
    /// called in it can be read only with `keys` and `master.key` of the state directory, which `relay keys backup` is for. With --media the
    /// attachments in it can be read by whoever has it.
    Backup(backup::Backup),
    /// Look after the keys that what is kept is sealed with: how it stands, another master key, a copy
    Keys(keys::Keys),
    /// Make a state directory from a backup
    ///
    /// Only into a state directory without a ledger; the whole backup is checked before anything is written. After it, Relay knows
    /// what it knew then: what it has delivered since is delivered again, unless the platform can tell that it is there, and what was
    /// said since is carried again where the platform still tells of it.
    Restore(restore::Restore),
    /// Print what a shell completes: `relay completions bash`, `zsh` or `fish`
    Completions(pages::Completions),
    /// Print the manual page, or write one for each command
    Man(pages::Man),
    /// Try Relay in the browser: three pretend platforms inside this process, bridged by the real thing
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
}

/// Which config file.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The config file
    #[arg(long, short, default_value = USUAL_CONFIG, env = "RELAY_CONFIG")]
    config: PathBuf,
}

/// Which running bridge.
#[derive(Debug, clap::Args)]
struct RunningBridge {
    /// The config file, which names the state directory
    #[arg(long, short, global = true, default_value = USUAL_CONFIG, env = "RELAY_CONFIG")]
    config: PathBuf,
    /// The state directory, instead of a config file
    #[arg(long, global = true, conflicts_with = "config")]
    data_dir: Option<PathBuf>,
}

/// Where the master key is.
#[derive(Debug, clap::Args)]
struct MasterKeyFile {
    /// The file with the master key, where it is neither in the state directory nor can be had as the config names it, such as a credential of
    /// systemd's
    #[arg(long, global = true, value_name = "FILE")]
    master_key: Option<PathBuf>,
}

impl MasterKeyFile {
    /// The one in the file, or else the one that the config names.
    fn given(&self, bridge: &RunningBridge) -> Result<Option<SecretString>, ExitCode> {
        let Some(file) = &self.master_key else { return bridge.master_key() };
        let read = Config::secret("file", &file.to_string_lossy(), Path::new("."), false);
        read.map(Some).map_err(|(what, help)| fail(format!("{}: {what}. {help}", file.display())))
    }

    /// The master key for a state directory, where nothing runs that could be asked.
    fn master(&self, bridge: &RunningBridge, data_dir: &Path) -> Result<Master, ExitCode> {
        self.given(bridge)?.map_or_else(|| Master::own(data_dir), |key| Master::given(&key)).map_err(fail)
    }
}

impl RunningBridge {
    /// Its state directory; mistakes of the config file are shown.
    fn data_dir(&self) -> Result<PathBuf, ExitCode> {
        match &self.data_dir {
            Some(data_dir) => Ok(data_dir.clone()),
            None => self.named_data_dir().map_err(|found| {
                eprint!("{}", mistakes::show_where(&found, "nothing was done"));
                ExitCode::from(EXIT_MISTAKES)
            }),
        }
    }

    /// The one that the config names. A Relay that runs goes on with what a file said before it had mistakes, and answers.
    fn named_data_dir(&self) -> Result<PathBuf, Mistakes> {
        Config::data_dir(&self.config).or_else(|found| {
            let likely = Config::likely_data_dir(&self.config);
            let answers = UnixStream::connect(control::path(&likely)).is_ok();
            if answers { Ok(likely) } else { Err(found) }
        })
    }

    /// The master key that its config names.
    fn master_key(&self) -> Result<Option<SecretString>, ExitCode> {
        match &self.data_dir {
            Some(_) => Ok(None),
            None => Config::master_key(&self.config).map_err(|found| {
                eprint!("{}", mistakes::show(&found));
                ExitCode::from(EXIT_MISTAKES)
            }),
        }
    }

    /// Asks it.
    fn ask(&self, request: &Request) -> Result<Response, ExitCode> {
        self.follow(request, &mut |_| {})
    }

    /// Asks it for something that takes longer, and hears how it goes.
    fn follow(&self, request: &Request, step: &mut dyn FnMut(&Response)) -> Result<Response, ExitCode> {
        let data_dir = self.data_dir()?;
        match engine::block_on_without_actors(control::follow(&data_dir, request, step)) {
            Ok(Response::Error(error)) => Err(fail(error)),
            Ok(response) => Ok(response),
            Err(error) => Err(fail(error)),
        }
    }
}

/// A core file would have in clear what is sealed on the disk, and the tokens.
fn keep_out_of_core_files() -> rustix::io::Result<()> {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
}

/// A sentence below a row: indented, and no wider than the terminal.
fn note(text: &str, out: &mut String) {
    const INDENT: &str = "      ";
    let options = at_blanks(textwrap::Options::new(width()).initial_indent(INDENT).subsequent_indent(INDENT));
    out.push_str(&textwrap::fill(text, options));
    out.push('\n');
}

/// Lines end at blanks alone: a command that is cut at a slash or a hyphen cannot be copied.
fn at_blanks(options: textwrap::Options<'_>) -> textwrap::Options<'_> {
    options
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false)
}

/// How many characters a line may have.
fn width() -> usize {
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map_or(100, |(width, _)| usize::from(width.0).max(40))
}

/// Names come from outside: what would move the cursor, colour the screen or turn the direction around is not printed.
fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || turns(*c))).collect()
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    let text = &printable(text);
    match text.chars().count() > most {
        true => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> ExitCode {
    match serde_json::to_string_pretty(value) {
        Ok(json) => {
            sayln!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // One TLS provider for all clients; an error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Init(init) => init::run(&init),
        Command::Run(file) => run::run(&file.config),
        Command::Check(check) => check::run(&check),
        Command::Plan(of) => plan::plan(&of),
        Command::Reload(of) => plan::reload(&of),
        Command::Rooms(of) => rooms::run(&of),
        Command::Approve(approve) => approve::run(&approve),
        Command::Resync(of) => resync::run(&of),
        Command::Disconnect(disconnect) => disconnect::run(&disconnect),
        Command::Purge(of) => purge::run(&of),
        Command::Export(of) => export::run(&of),
        Command::Audit(of) => audit::run(&of),
        Command::Forget(of) => forget::run(&of),
        Command::Media(media) => media::run(&media),
        Command::Import(of) => import::run(&of),
        Command::Matrix(of) => matrix::run(&of),
        Command::Token(of) => token::run(&of),
        Command::Status(of) => status::run(&of),
        Command::Doctor(of) => doctor::run(&of),
        Command::Alerts(of) => alerts::run(&of),
        Command::Queue(queue) => queue::run(&queue),
        Command::Capabilities(of) => capabilities::run(&of),
        Command::Trace(of) => trace::run(&of),
        Command::Backup(of) => backup::run(&of),
        Command::Keys(of) => keys::run(&of),
        Command::Restore(of) => restore::run(&of),
        Command::Completions(of) => pages::completions(&of),
        Command::Man(of) => pages::man(&of),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::run(&demo),
    }
}

/// Says on standard error what went wrong.
fn fail(what: impl std::fmt::Display) -> ExitCode {
    eprintln!("relay: {what}");
    ExitCode::FAILURE
}
