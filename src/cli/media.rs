//! `relay media`: the links to files that were given out, and the folder that the files are in.

use super::{RunningBridge, fail, print_json};
use crate::control::{Request, Response};
use crate::media::{LinkLine, Swept};
use crate::sizes;
use clap::Subcommand;
use relay_contract::Timestamp;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `relay media`.
#[derive(Debug, clap::Args)]
pub struct Media {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the links to files, newest first
    List {
        #[command(flatten)]
        bridge: RunningBridge,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a link back at once, for good
    Revoke {
        /// The link, or its id as `relay media list` shows it
        link: String,
        #[command(flatten)]
        bridge: RunningBridge,
    },
    /// Drop the files that are kept long enough, and the oldest where there are too many
    Sweep {
        #[command(flatten)]
        bridge: RunningBridge,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub fn run(media: &Media) -> ExitCode {
    let (bridge, request, json) = match &media.command {
        Command::List { bridge, json } => (bridge, Request::MediaList, *json),
        Command::Revoke { link, bridge } => (bridge, Request::MediaRevoke { link: link.clone() }, false),
        Command::Sweep { bridge, json } => (bridge, Request::MediaSweep, *json),
    };
    match bridge.ask(&request) {
        Ok(Response::Links(links)) if json => print_json(&links),
        Ok(Response::Swept(swept)) if json => print_json(&swept),
        Ok(Response::Links(links)) => said(&table(&links, Timestamp::now())),
        Ok(Response::Swept(swept)) => said(&words(&swept)),
        Ok(Response::Done(words)) => said(&format!("{words}\n")),
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn said(words: &str) -> ExitCode {
    say!("{words}");
    ExitCode::SUCCESS
}

fn table(links: &[LinkLine], now: Timestamp) -> String {
    if links.is_empty() {
        return "No link to a file has been given out, or all have ended.\n".into();
    }
    let width = links.iter().map(|link| link.name.chars().count()).max().unwrap_or(0).min(40);
    let mut out = String::new();
    for link in links {
        let state = if link.revoked { "taken back".to_owned() } else { ends(link.expires - now.0) };
        let size = sizes::in_words(link.size);
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{}  {:<width$}  {size:>9}  {state}", link.id, link.name);
    }
    out
}

fn ends(ms: i64) -> String {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    match ms / HOUR_MS {
        ..1 => "ends within the hour".into(),
        1..48 => format!("ends in {} h", ms / HOUR_MS),
        hours => format!("ends in {} days", hours / 24),
    }
}

fn words(swept: &Swept) -> String {
    let files = |count: u64| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let [freed, bytes, most] = [swept.freed, swept.bytes, swept.most].map(sizes::in_words);
    format!(
        "Dropped {} ({freed}). Kept {} ({bytes} of at most {most}).\n",
        files(swept.dropped),
        files(swept.kept)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_and_until_when() {
        let link = LinkLine {
            id: "0123456789ab".into(),
            name: "film.mp4".into(),
            mime: "video/mp4".into(),
            size: 61_000_000,
            given: 0,
            expires: 3 * 24 * 60 * 60 * 1000,
            revoked: false,
        };
        let revoked = LinkLine { name: "a".into(), revoked: true, ..link.clone() };
        let short = LinkLine { expires: 5, ..link.clone() };
        assert_eq!(
            table(&[link, revoked, short], Timestamp(0)),
            "0123456789ab  film.mp4      61 MB  ends in 3 days\n\
             0123456789ab  a             61 MB  taken back\n\
             0123456789ab  film.mp4      61 MB  ends within the hour\n"
        );
        assert!(table(&[], Timestamp(0)).starts_with("No link"));
    }

    #[test]
    fn a_sweep_in_words() {
        let swept = Swept { dropped: 1, freed: 5_000, kept: 0, bytes: 0, most: 10_000_000_000 };
        assert_eq!(words(&swept), "Dropped 1 file (5 kB). Kept 0 files (0 bytes of at most 10 GB).\n");
    }
}
