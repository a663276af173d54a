//! Each platform's own page, `bridges/PLATFORM/README.md`: what of it is made from the code, and the test that it is current.

use super::{Column, Way, of_platforms, otherwise, size};
use crate::platforms::{self, Entry};
use relay_contract::{Capabilities, Feature, Support, Unit};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const COMMAND: &str = "RELAY_WRITE_MATRIX=1 cargo test --workspace --lib matrix";
const END: &str = "<!-- Here it ends. -->\n";

/// What a part is called, and what makes it.
type Part = (&'static str, fn(&Entry) -> String);

/// What is made, and by what. Writing into a String cannot fail.
const PARTS: [Part; 4] = [("what works", works), ("set-up", set_up), ("keys", keys), ("limits", limits)];

fn begin(part: &str) -> String {
    format!("<!-- Made from the code, by {COMMAND}: {part} -->\n")
}

fn works(entry: &Entry) -> String {
    let mut out =
        String::from("| | into the room | out of it | where it is *other* |\n| --- | --- | --- | --- |\n");
    let columns = of_platforms();
    let column = columns.iter().find(|column| column.platform == entry.platform.as_str()).unwrap();
    for (feature, row) in Feature::ALL.into_iter().zip(&column.features) {
        let other = if row.shown == Way::Fallback { otherwise(feature) } else { "" };
        let _ = writeln!(out, "| {feature} | {} | {} | {other} |", row.shown.word(), row.heard.word());
    }
    out
}

fn set_up(entry: &Entry) -> String {
    let invitation = include_str!("../../README.md")
        .lines()
        .find(|line| line.starts_with("https://discord.com/oauth2/"))
        .unwrap();
    let mut out = String::new();
    for (at, step) in entry.guide.credentials.iter().chain(entry.guide.rooms).enumerate() {
        let bot = if entry.platform.as_str() == "matrix" { "@relay:example.org" } else { "relay" };
        let step = step
            .replace(
                "{link}",
                &format!("`{invitation}` (the *Application ID* is on the page General Information)"),
            )
            .replace("{paste}", "[config/slack-manifest.json](../../config/slack-manifest.json)")
            .replace("{bot}", bot);
        let _ = writeln!(out, "{}. {step}", at + 1);
    }
    out
}

fn keys(entry: &Entry) -> String {
    crate::config::reference::keys_of(entry)
}

fn limits(entry: &Entry) -> String {
    let capabilities = (entry.capabilities)();
    let Capabilities { text, room_rate, account_rate, .. } = capabilities;
    let column = Column::new(entry.platform.as_str(), &capabilities, Vec::new());
    let unit = match text.unit {
        Unit::Chars => "characters",
        Unit::Utf16 => "characters, where many emoji count as two",
        Unit::Bytes => "bytes",
    };
    let file = |most: Option<u64>, way: &str| match most {
        Some(bytes) => format!("{way} at most {}", size(bytes)),
        None => format!("{way} whatever Relay itself takes (`[media]`)"),
    };
    let mut out = format!("- A message has at most {} {unit}; what is longer is split.\n", text.most);
    // Where files are only named, nothing is limited.
    if capabilities.shows(Feature::File) == Support::Native {
        let (shown, heard) =
            (file(column.largest_shown, "into a room"), file(column.largest_heard, "out of it"));
        let _ = writeln!(out, "- Files: {shown}, {heard}.");
    }
    if let Some(most) = column.reactions {
        let _ = writeln!(out, "- Different reactions that Relay can put on one message: {most}.");
    }
    if !capabilities.removes {
        out.push_str("- What people write is deleted by themselves alone; `/relay delete` and `moderates` take away its copies.\n");
    }
    for ((most, seconds), what) in [(room_rate, "one room"), (account_rate, "all rooms of an account")] {
        if most != u32::MAX {
            let times = if most == 1 { "once".to_owned() } else { format!("{most} times") };
            let span = if seconds == 1 { "a second".to_owned() } else { format!("in {seconds} seconds") };
            let _ = writeln!(
                out,
                "- Relay writes into {what} at most {times} {span}; what comes faster waits for its turn."
            );
        }
    }
    out
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page_of(entry: &Entry) -> PathBuf {
    root().join("bridges").join(entry.platform.as_str()).join("README.md")
}

/// The page with what the code says now.
fn current(entry: &Entry, page: &str) -> String {
    let mut page = page.to_owned();
    for (part, made) in PARTS {
        let begin = begin(part);
        let found =
            page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) =
            found.unwrap_or_else(|| panic!("{} says where `{part}` begins and ends", entry.guide.title));
        page = format!("{before}{begin}{}{END}{after}", made(entry));
    }
    page
}

/// `RELAY_WRITE_MATRIX=1 cargo test --workspace --lib matrix` writes them anew.
#[test]
fn each_platform_s_page_is_as_the_code_has_it() {
    for entry in platforms::ALL {
        let page = std::fs::read_to_string(page_of(entry)).unwrap();
        let current = current(entry, &page);
        if std::env::var_os("RELAY_WRITE_MATRIX").is_some() {
            std::fs::write(page_of(entry), current).unwrap();
        } else {
            assert_eq!(page, current, "{}: {COMMAND}", entry.guide.title);
        }
    }
}

/// Each is found from the README, has the same parts, and names who may give commands as the refusal does.
#[test]
fn the_pages_are_linked_and_alike() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let headings = ["What works", "Set it up", "Rights", "Settings", "Limits", "What people notice"];
    for entry in platforms::ALL {
        let name = entry.platform.as_str();
        assert!(readme.contains(&format!("(bridges/{name}/README.md)")), "{name} is not linked");
        let page = std::fs::read_to_string(page_of(entry)).unwrap();
        let found: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(found, headings, "{name}");
        assert!(page.starts_with(&format!("# {}\n", entry.guide.title)), "{name}");
    }
}

/// Whatever stands in one of them as `/relay …` or `!relay …` is understood.
#[test]
fn the_commands_of_the_pages_are_there() {
    let mut seen = 0;
    for entry in platforms::ALL {
        let page = std::fs::read_to_string(page_of(entry)).unwrap();
        for code in page.split('`').skip(1).step_by(2) {
            let Some(words) = code.strip_prefix("/relay").or_else(|| code.strip_prefix("!relay")) else {
                continue;
            };
            if words.is_empty() || words == " …" {
                continue;
            }
            let ask = relay_contract::Ask::parse(words);
            assert!(!matches!(ask, relay_contract::Ask::Unknown(_)), "{}: {code}", entry.guide.title);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}
