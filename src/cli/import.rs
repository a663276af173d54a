//! `relay import`: makes a `bridges.toml` of a matterbridge.toml, and says of each line that has no equal what became of it.

mod accounts;
mod gateways;
mod written;

use super::fail;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use toml::de::{DeTable, DeValue};
use written::Written;

/// Most bytes of a file that are read.
const LONGEST: u64 = 1 << 20;

/// Arguments of `relay import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The matterbridge.toml
    file: PathBuf,
    /// The config file to write; what holds a secret is put into the folder `secrets` beside it
    #[arg(long, default_value = "bridges.toml")]
    out: PathBuf,
}

/// Does it; nothing that is there is overwritten.
pub fn run(import: &Import) -> ExitCode {
    let written = match read(&import.file) {
        Ok(written) => written,
        Err(error) => return fail(format!("{}: {error}", import.file.display())),
    };
    let folder = import.out.parent().unwrap_or(Path::new("")).join("secrets");
    if let Err((path, error)) = write(&written, &import.out, &folder) {
        return fail(format!("{}: {error}", path.display()));
    }
    for note in &written.notes {
        eprintln!("{}:{}: {}", import.file.display(), note.line, note.what);
    }
    sayln!("{} is written. Next: relay check --config {}", import.out.display(), import.out.display());
    ExitCode::SUCCESS
}

fn read(path: &Path) -> Result<Written, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LONGEST {
        return Err("it is larger than a megabyte".into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    convert(&text)
}

/// What becomes of a config's text.
fn convert(text: &str) -> Result<Written, String> {
    let document = DeTable::parse(text).map_err(|error| {
        // Without the line itself, which may hold a secret.
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        format!("line {line} is not TOML: {}", error.message().replace('\n', ", "))
    })?;
    let document = document.into_inner();
    let mut written = Written::default();
    let mut accounts = accounts::read(text, &document, &mut written);
    gateways::read(text, &document, &mut accounts, &mut written);
    if let Some(general) = document.get("general") {
        accounts::general(text, general, &mut written);
    }
    accounts::write(&accounts, &mut written);
    written.notes.sort_by_key(|note| note.line);
    Ok(written)
}

/// Which line a place is on, from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The text of a value, whatever kind it is of.
fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Boolean(yes) => yes.to_string(),
        _ => String::new(),
    }
}

fn write(written: &Written, out: &Path, folder: &Path) -> Result<(), (PathBuf, std::io::Error)> {
    if out.exists() {
        let error = std::io::Error::other("it is there already; write elsewhere with --out");
        return Err((out.to_owned(), error));
    }
    // Before anything is written: half an import would be in the way of the next.
    if written.secrets.iter().any(|(name, _)| folder.join(name).exists()) {
        let error = std::io::Error::other(
            "secrets of an earlier import are in this folder; move it away, or write elsewhere with --out. Nothing was written",
        );
        return Err((folder.to_owned(), error));
    }
    let of = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    if !written.secrets.is_empty() {
        std::fs::create_dir_all(folder).map_err(of(folder))?;
    }
    for (name, secret) in &written.secrets {
        let path = folder.join(name);
        put(&path, 0o600, secret).map_err(of(&path))?;
    }
    put(out, 0o644, &written.text()).map_err(of(out))
}

/// A new file.
fn put(path: &Path, mode: u32, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
