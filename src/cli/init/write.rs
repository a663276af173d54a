//! `bridges.toml` with what was answered: a new one with comments, or the admin's own with nothing of theirs changed.

use super::draft::{Draft, Link, NewAccount};
use crate::config::{Config, Mistakes};
use crate::platforms;
use crate::store::folder::write_private;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// What a new file begins with.
const HEAD: &str = "\
# Made by `relay init`, which can be run again to add to it; it keeps what you write here.
# All keys: docs/config.md. After a change: relay check

[relay]
data_dir = \"relay-data\"          # Relay keeps everything it must remember in this folder
listen = \"127.0.0.1:8722\"        # /healthz and /readyz
tell_rooms = true                # each room is told once, pinned, what is shown elsewhere; false: tell it yourself
";
/// Mode of a new file: it holds no secret.
const MODE: u32 = 0o644;

/// Where everything goes.
#[derive(Debug, Clone)]
pub struct Place {
    /// The config file.
    pub config: PathBuf,
    /// The folder of systemd's credentials, where secrets go there.
    pub credentials: Option<PathBuf>,
}

impl Place {
    /// The folder of the secrets' files.
    fn secrets(&self) -> PathBuf {
        match &self.credentials {
            Some(folder) => folder.clone(),
            None => self.config.parent().unwrap_or(Path::new("")).join("secrets"),
        }
    }

    fn file(&self, account: &str, key: &str) -> String {
        match self.credentials {
            Some(_) => format!("{account}-{}", key.replace('_', "-")),
            None => format!("{account}.{key}"),
        }
    }

    /// Puts a secret into a file of its own, in a folder that only this user can look into.
    pub fn keep_secret(&self, account: &str, key: &str, secret: &SecretString) -> Result<(), String> {
        let folder = self.secrets();
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        let path = folder.join(self.file(account, key));
        write_private(&path, secret.expose_secret().as_bytes()).map_err(|error| error.to_string())
    }

    /// Reads one back.
    pub fn secret(&self, account: &str, key: &str) -> Result<SecretString, String> {
        let path = self.secrets().join(self.file(account, key));
        let path = std::path::absolute(path).map_err(|error| error.to_string())?;
        let read = Config::secret("file", &path.to_string_lossy(), Path::new(""), true);
        read.map_err(|(what, _)| what)
    }

    /// What `bridges.toml` says of a secret.
    fn source(&self, account: &str, key: &str, as_file: bool) -> Value {
        let file = self.file(account, key);
        let mut source = InlineTable::new();
        match &self.credentials {
            None => source.insert("file", format!("secrets/{file}").into()),
            // Where there are no credentials yet, the check reads the files that they are made of.
            Some(folder) if as_file => {
                let path = std::path::absolute(folder.join(file)).unwrap_or_default();
                source.insert("file", path.to_string_lossy().into_owned().into())
            }
            Some(_) => source.insert("credential", format!("relay_{file}").into()),
        };
        Value::InlineTable(source)
    }

    /// Checks what would be written, then writes it; the old file stays as it is where there are mistakes.
    pub fn write(&self, draft: &Draft) -> Result<Config, NotWritten> {
        let old = match std::fs::read_to_string(&self.config) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(NotWritten::Failed(format!("{}: {error}", self.config.display()))),
        };
        let shown = |error: toml_edit::TomlError| NotWritten::Failed(error.message().to_owned());
        let checked = self.text(old.as_deref(), draft, true).map_err(shown)?;
        let config = Config::parse(&checked, &self.config).map_err(NotWritten::Mistakes)?;
        let text = self.text(old.as_deref(), draft, false).map_err(shown)?;
        self.put(&text).map_err(NotWritten::Failed)?;
        Ok(config)
    }

    /// In one step: whoever reads it meanwhile reads the old one or the new one.
    fn put(&self, text: &str) -> Result<(), String> {
        let target = std::fs::canonicalize(&self.config).unwrap_or_else(|_| self.config.clone());
        let mode = std::fs::metadata(&target).map_or(MODE, |known| known.permissions().mode() & 0o777);
        let path = target.with_added_extension("new");
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        write_private(&path, text.as_bytes()).map_err(|error| error.to_string())?;
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed)?;
        std::fs::rename(&path, &target).map_err(failed)
    }

    /// The old text, or the head of a new one, with what was answered in it.
    fn text(&self, old: Option<&str>, draft: &Draft, as_file: bool) -> Result<String, toml_edit::TomlError> {
        let mut document: DocumentMut = old.unwrap_or(HEAD).parse()?;
        for account in &draft.accounts {
            let section = self.account(account, as_file);
            if let Some(accounts) = section_of(&mut document, "accounts") {
                accounts.insert(&account.name, Item::Table(section));
            }
        }
        for (name, links) in &draft.channels {
            if let Some(channels) = section_of(&mut document, "channels") {
                add_links(channels.entry(name).or_insert_with(|| Item::Table(apart(""))), links);
            }
        }
        Ok(document.to_string())
    }

    fn account(&self, account: &NewAccount, as_file: bool) -> Table {
        let title = platforms::named(&account.platform).map_or("", |entry| entry.guide.title);
        let mut section = apart(&format!("# {title}, where the bot is called {}.\n", one_line(&account.bot)));
        section.insert("platform", value(&account.platform));
        for key in &account.secrets {
            section.insert(key, Item::Value(self.source(&account.name, key, as_file)));
        }
        for (key, text) in &account.plain {
            section.insert(key, value(text));
        }
        section
    }
}

/// Why nothing was written.
#[derive(Debug)]
pub enum NotWritten {
    /// It could not be.
    Failed(String),
    /// The file would have mistakes.
    Mistakes(Mistakes),
}

/// A section with an empty line before it.
fn apart(comment: &str) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix(format!("\n{comment}"));
    table
}

/// `[accounts]` and `[channels]` are written by their parts alone; `None` where the name is something else, which the check tells.
fn section_of<'a>(document: &'a mut DocumentMut, name: &str) -> Option<&'a mut dyn TableLike> {
    let new = || {
        let mut section = Table::new();
        section.set_implicit(true);
        Item::Table(section)
    };
    document.as_table_mut().entry(name).or_insert_with(new).as_table_like_mut()
}

fn add_links(channel: &mut Item, links: &[Link]) {
    let Some(channel) = channel.as_table_like_mut() else { return };
    if !channel.get("links").is_some_and(Item::is_array) {
        channel.insert("links", value(Array::new()));
    }
    let Some(list) = channel.get_mut("links").and_then(Item::as_array_mut) else { return };
    let is_there = |list: &Array, link: &Link| {
        list.iter().any(|known| {
            known.as_str().or_else(|| known.as_inline_table()?.get("room")?.as_str()) == Some(&link.link)
        })
    };
    let in_lines = list.is_empty()
        || list.iter().any(has_break)
        || list.trailing().as_str().is_some_and(|end| end.contains('\n'));
    let new: Vec<&Link> = links.iter().filter(|link| !is_there(list, link)).collect();
    let added = !new.is_empty();
    let mut comment = if new.is_empty() { String::new() } else { behind_the_last(list) };
    for link in new {
        let before = match (in_lines, link.note.is_empty()) {
            (false, _) => if list.is_empty() { "" } else { " " }.to_owned(),
            (true, true) => "\n  ".to_owned(),
            (true, false) => format!("\n  # {}\n  ", one_line(&link.note)),
        };
        let mut written = Value::from(link.link.as_str());
        written.decor_mut().set_prefix(std::mem::take(&mut comment) + &before);
        list.push_formatted(written);
    }
    if in_lines && added {
        list.set_trailing_comma(true);
        list.set_trailing("\n");
    }
}

/// A comment behind the last room, which stays there: taken out of where it would stand behind the new ones.
fn behind_the_last(list: &mut Array) -> String {
    let mut comment = String::new();
    if let Some(last) = list.iter_mut().last() {
        let decor = last.decor_mut();
        comment.extend(decor.suffix().and_then(|suffix| suffix.as_str()));
        decor.set_suffix("");
    }
    comment.extend(list.trailing().as_str());
    list.set_trailing("");
    comment.trim_end().to_owned()
}

fn has_break(value: &Value) -> bool {
    let decor = value.decor();
    let around = [decor.prefix(), decor.suffix()].into_iter().flatten();
    around.filter_map(|blank| blank.as_str()).any(|blank| blank.contains('\n'))
}

/// Names come from outside: in a comment they must not end it.
fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeMap;

    fn link(link: &str, note: &str) -> Link {
        Link { link: link.into(), id: "1".into(), note: note.into() }
    }

    fn draft() -> Draft {
        let account = NewAccount {
            name: "discord".into(),
            platform: "discord".into(),
            bot: "Relay\n[evil]".into(),
            plain: BTreeMap::from([("api_url".to_owned(), "http://127.0.0.1:1".to_owned())]),
            secrets: vec!["token".into()],
        };
        let links = vec![link("discord:Night Owls/#general", ""), link("discord:-100", "Hikers\nx = 1")];
        Draft {
            platforms: vec![],
            accounts: vec![account],
            channels: BTreeMap::from([("lobby".to_owned(), links)]),
        }
    }

    fn place(folder: &Path) -> Place {
        Place { config: folder.join("bridges.toml"), credentials: None }
    }

    #[test]
    fn a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        let config = place.write(&draft()).unwrap();
        assert_eq!((config.accounts.len(), config.channels[0].links.len()), (1, 2));
        let text = std::fs::read_to_string(&place.config).unwrap();
        insta::assert_snapshot!(text);
        assert!(!text.contains("abc.def"));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("secrets")), 0o700);
        assert_eq!(mode(&folder.path().join("secrets/discord.token")), 0o600);
        assert_eq!(mode(&place.config), MODE);
    }

    #[test]
    fn nothing_of_the_admins_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let own = "# My bridge.\n[relay]\nlisten = \"127.0.0.1:1\" # mine\n\n[accounts.studio]\nplatform = \"telegram\"\n\
                   token = { file = \"secrets/discord.token\" }\n\n[channels.lobby] # the one\nlinks = [\"studio:-1\", \"studio:-2\"]\n\
                   privacy = \"minimal\"\n\n[channels.tea]\nlinks = [\n  \"studio:-3\", # three\n  { room = \"studio:-4\", direction = \"in\" }, # four\n]\n# The end.\n";
        std::fs::write(&place.config, own).unwrap();
        std::fs::set_permissions(&place.config, Permissions::from_mode(0o640)).unwrap();
        place.keep_secret("discord", "token", &"1:abc".into()).unwrap();
        let mut draft = draft();
        draft.channels.insert("tea".into(), vec![link("studio:-4", ""), link("studio:-5", "five")]);
        place.write(&draft).unwrap();
        let text = std::fs::read_to_string(&place.config).unwrap();
        insta::assert_snapshot!(text);
        // A list in one line, with a comment that needs a line's end.
        let mut one: Item = "links = [\"a:1\" # one\n]".parse::<DocumentMut>().unwrap().into_item();
        add_links(&mut one, &[link("a:2", "")]);
        let shown = one.as_table().unwrap().to_string();
        assert_eq!(shown, "links = [\"a:1\", # one\n  \"a:2\",\n]\n");
        for line in own.lines().filter(|line| !line.starts_with("links = [\"")) {
            assert!(text.lines().any(|kept| kept == line), "{line:?} is kept");
        }
        let mode = std::fs::metadata(&place.config).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640);
    }

    #[test]
    fn what_would_be_wrong_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        // The secret's file is missing.
        assert!(matches!(place.write(&draft()), Err(NotWritten::Mistakes(_))));
        assert!(!place.config.exists());
    }

    #[test]
    fn credentials_of_systemd() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Some(folder.path().join("credentials"));
        let place = Place { config: folder.path().join("bridges.toml"), credentials };
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        place.write(&draft()).unwrap();
        let text = std::fs::read_to_string(&place.config).unwrap();
        assert!(text.contains("token = { credential = \"relay_discord-token\" }"), "{text}");
        assert_eq!(place.secret("discord", "token").unwrap().expose_secret(), "abc.def");
    }
}
