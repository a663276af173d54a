//! `relay demo`: the real engine and connectors against three pretend platforms in this process, with a page to try it.

use super::{EXIT_MISTAKES, fail, logging, mistakes, run};
use crate::demo::{DemoError, Running};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What the demo is started with.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Port of the page on 127.0.0.1; the next free one if it is taken, any free one if 0
    #[arg(long, default_value_t = 8711)]
    port: u16,
    /// Keep bridges.toml and Relay's state in this folder, which must be new or empty [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs the demo until it is told to stop.
pub fn run(demo: &Demo) -> ExitCode {
    logging::start("warn");
    let temporary;
    let folder: &Path = match &demo.data_dir {
        Some(folder) => folder,
        None => match tempfile::Builder::new().prefix("relay-demo-").tempdir() {
            Ok(made) => {
                temporary = made;
                temporary.path()
            }
            Err(error) => return fail(format_args!("no temporary folder can be made: {error}")),
        },
    };
    match crate::engine::block_on(serve(demo.port, folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(DemoError::Config(found)) => {
            eprint!("{}", mistakes::show(&found));
            ExitCode::from(EXIT_MISTAKES)
        }
        Err(error) => fail(error),
    }
}

async fn serve(port: u16, folder: &Path) -> Result<(), DemoError> {
    let running = Running::start(port, folder).await?;
    // Whoever started this may have closed the pipe; the page works all the same.
    let _ = writeln!(std::io::stdout(), "Relay demo: {} (Ctrl-C to end)", running.url());
    let failed = tokio::select! {
        () = run::told_to_stop() => false,
        () = running.failure() => true,
    };
    tokio::select! {
        () = running.stop() => {}
        () = run::told_to_stop() => {}
    }
    if failed {
        return Err(DemoError::LedgerFailed);
    }
    let mut out = std::io::stdout();
    // A terminal has just shown `^C`, without a line's end.
    let _ = writeln!(out, "{}Stopped.", if out.is_terminal() { "\n" } else { "" });
    Ok(())
}
