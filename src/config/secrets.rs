//! Where a secret comes from: the environment, a file, or a systemd credential. Never the config file itself.

use super::masked;
use secrecy::SecretString;
use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where to read a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// An environment variable.
    Env(String),
    /// A file; one line break at its end does not belong to the secret.
    File {
        /// Where.
        path: PathBuf,
        /// Whether it is a path and not, by mistake, the secret.
        shown: bool,
    },
    /// A systemd credential (`LoadCredential=`, systemd.exec(5)).
    Credential(String),
}

/// The kinds of source, for messages.
pub(super) const KINDS: &[&str] = &["env", "file", "credential"];

/// What `LoadCredential=relay:FOLDER` puts before the name of each file of a folder.
const OF_FOLDER: &str = "relay_";

thread_local! {
    /// The folder that systemd is to make credentials of.
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Reads something while the credentials `relay_X` are the files `X` of a folder, as `LoadCredential=relay:FOLDER` will have it.
pub(super) fn with_credentials<T>(folder: &Path, read: impl FnOnce() -> T) -> T {
    struct Before(Option<PathBuf>);
    impl Drop for Before {
        fn drop(&mut self) {
            FOLDER.set(self.0.take());
        }
    }
    let _before = Before(FOLDER.replace(Some(folder.to_owned())));
    read()
}

impl Source {
    pub(super) fn new(kind: &str, name: &str, folder: &Path) -> Option<Self> {
        match kind {
            "env" => Some(Self::Env(name.into())),
            "file" => Some(Self::File { path: folder.join(name), shown: masked::is_path(name) }),
            "credential" => Some(Self::Credential(name.into())),
            _ => None,
        }
    }

    /// What an admin should know about it although it works.
    pub(super) fn warning(&self) -> Option<String> {
        let Self::File { path, .. } = self else { return None };
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        let path = path.display();
        // It was found, so it is a path and no secret.
        (mode & 0o077 != 0).then(|| {
            format!("others may read the secret's file {path} (mode {:03o}). chmod 600 {path}", mode & 0o777)
        })
    }

    /// Reads it: the reason and the way out if it is not there. A token has no white space, a certificate has.
    pub(super) fn read(&self, may_have_lines: bool) -> Result<SecretString, (String, String)> {
        let secret = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                if masked::is_variable(name) {
                    (
                        format!("the environment variable `{name}` is not set"),
                        format!("Set it before starting relay: export {name}=…"),
                    )
                } else {
                    (
                        "that is not the name of an environment variable that is set".into(),
                        "Write the variable's name here, such as DISCORD_TOKEN, and the secret into the variable."
                            .to_owned(),
                    )
                }
            })?,
            Self::File { path, shown } => read_file(path, *shown)?,
            Self::Credential(name) => read_credential(name)?,
        };
        // Some editors put a byte order mark at the start of a file.
        let secret = secret.strip_prefix('\u{feff}').unwrap_or(&secret).trim_end_matches(['\n', '\r']);
        if secret.is_empty() {
            return Err(("the secret is empty".into(), "Put the token there, on one line.".into()));
        }
        if !may_have_lines && secret.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err((
                "the secret contains white space".into(),
                "Put only the token there, on one line.".into(),
            ));
        }
        Ok(secret.to_owned().into())
    }
}

fn read_credential(name: &str) -> Result<String, (String, String)> {
    let is_plain = masked::is_plain_name(name);
    let to_be = FOLDER.with_borrow(|folder| Some(folder.as_ref()?.join(name.strip_prefix(OF_FOLDER)?)));
    if let Some(path) = to_be.filter(|_| is_plain) {
        return read_file(&path, true);
    }
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        let shown = if is_plain { name } else { "NAME" };
        (
            "there are no credentials: relay was not started by systemd with any".to_owned(),
            format!("Add LoadCredential={shown}:/path/to/it to the unit, or use {{ file = \"…\" }}."),
        )
    })?;
    let path = Path::new(&folder).join(name);
    if is_plain && !path.exists() {
        return Err((
            format!("the unit has no credential of the name {name}"),
            format!("Add LoadCredential={name}:/path/to/it to the unit, then: sudo systemctl daemon-reload"),
        ));
    }
    read_file(&path, is_plain)
}

fn read_file(path: &Path, may_be_shown: bool) -> Result<String, (String, String)> {
    super::read_bounded(path).map_err(|error| {
        let shown = if may_be_shown { format!(" {}", path.display()) } else { String::new() };
        (
            format!("the secret's file{shown} cannot be read: {error}"),
            "Write the token into it, readable only for the user that runs relay (chmod 600).".into(),
        )
    })
}
