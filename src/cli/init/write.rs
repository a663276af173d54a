//! `bridges.toml` with what was answered: a new one with comments, or the admin's own with nothing of theirs changed.

use super::draft::{Draft, Link, NewAccount};
use crate::config::{Config, Mistakes};
use crate::platforms;
use crate::store::folder::write_private;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// What a new file begins with.
const HEAD: &str = "\
# Made by `relay init`, which can be run again to add to it; it keeps what you write here.
# All keys: docs/config.md. After a change: relay check

[relay]
listen = \"127.0.0.1:8722\"        # /healthz and /readyz
tell_rooms = true                # each room is told once, pinned, what is shown elsewhere; false: tell it yourself
";
/// Where what it must remember goes; under systemd that says where.
const DATA_DIR: &str =
    "data_dir = \"relay-data\"          # Relay keeps everything it must remember in this folder\n";
/// Mode of a new file: it holds no secret.
const MODE: u32 = 0o644;

/// Where everything goes.
#[derive(Debug, Clone)]
pub struct Place {
    /// The config file.
    pub config: PathBuf,
    /// The folder of systemd's credentials, where secrets go there.
    pub credentials: Option<PathBuf>,
    /// The command that goes on with it.
    pub again: String,
}

impl Place {
    /// The folder of the secrets' files.
    pub(super) fn secrets(&self) -> PathBuf {
        match &self.credentials {
            Some(folder) => folder.clone(),
            None => self.config.parent().unwrap_or(Path::new("")).join("secrets"),
        }
    }

    /// What the file of one is called.
    pub(super) fn file(&self, account: &str, key: &str) -> String {
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
        write_private(&path, secret.expose_secret().as_bytes()).map_err(|error| error.to_string())?;
        // Whoever reads the config reads these too; systemd reads its own as root.
        if self.credentials.is_none()
            && let Ok(config) = std::fs::metadata(&self.config)
        {
            same_owner(&config, &folder)?;
            same_owner(&config, &path)?;
        }
        Ok(())
    }

    /// Reads one back.
    pub fn secret(&self, account: &str, key: &str) -> Result<SecretString, String> {
        let path = self.secrets().join(self.file(account, key));
        let path = std::path::absolute(path).map_err(|error| error.to_string())?;
        let read = Config::secret("file", &path.to_string_lossy(), Path::new(""), true);
        read.map_err(|(what, _)| what)
    }

    /// The config that there is.
    pub fn load(&self) -> Result<Config, Mistakes> {
        // Nobody has given them to this process: they are read where systemd takes them from.
        Config::with_credentials(self.credentials.as_deref(), || Config::load(&self.config))
    }

    fn parse(&self, text: &str) -> Result<Config, NotWritten> {
        let parse = || Config::parse(text, &self.config);
        Config::with_credentials(self.credentials.as_deref(), parse).map_err(NotWritten::Mistakes)
    }

    /// What `bridges.toml` says of a secret.
    fn source(&self, account: &str, key: &str) -> Value {
        let file = self.file(account, key);
        let mut source = InlineTable::new();
        match &self.credentials {
            None => source.insert("file", format!("secrets/{file}").into()),
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
        let (old, written) = match old {
            Some(old) => Written::of(&old),
            None => (None, Written::default()),
        };
        let text = self.text(old.as_deref(), draft).map_err(NotWritten::Failed)?;
        let config = self.parse(&text)?;
        if let Some(old) = &old {
            let old = self.parse(old)?;
            nothing_is_lost(&old, &config).map_err(NotWritten::Failed)?;
        }
        self.put(&written.again(&text)).map_err(NotWritten::Failed)?;
        Ok(config)
    }

    /// What a write that was cut off has left.
    pub(super) fn unfinished(&self) -> PathBuf {
        unfinished(&self.config)
    }

    /// In one step: whoever reads it meanwhile reads the old one or the new one.
    fn put(&self, text: &str) -> Result<(), String> {
        let target = std::fs::canonicalize(&self.config).unwrap_or_else(|_| self.config.clone());
        let known = std::fs::metadata(&target).ok();
        let mode = known.as_ref().map_or(MODE, |known| known.permissions().mode() & 0o777);
        let path = unfinished(&target);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        write_private(&path, text.as_bytes()).map_err(|error| error.to_string())?;
        if let Some(known) = &known {
            same_owner(known, &path)?;
        }
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed)?;
        std::fs::rename(&path, &target).map_err(failed)
    }

    /// The old text, or the head of a new one, with what was answered in it.
    fn text(&self, old: Option<&str>, draft: &Draft) -> Result<String, String> {
        let new = match self.credentials {
            Some(_) => HEAD.to_owned(),
            None => HEAD.replace("[relay]\n", &format!("[relay]\n{DATA_DIR}")),
        };
        let parsed = old.unwrap_or(&new).parse();
        let mut document: DocumentMut =
            parsed.map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        for account in &draft.accounts {
            let section = self.account(account);
            let accounts = section_of(&mut document, "accounts")?;
            if accounts.contains_key(&account.name) {
                return Err(format!("there is an account {} already, which stays as it is", account.name));
            }
            accounts.insert(&account.name, Item::Table(section));
        }
        for (name, links) in &draft.channels {
            let channels = section_of(&mut document, "channels")?;
            let channel = channels.entry(name).or_insert_with(|| Item::Table(apart("")));
            add_links(channel, links).map_err(|why| format!("the links of {name} {why}"))?;
        }
        Ok(document.to_string())
    }

    fn account(&self, account: &NewAccount) -> Table {
        let title = platforms::named(&account.platform).map_or("", |entry| entry.guide.title);
        let mut section = apart(&format!("# {title}, where the bot is called {}.\n", one_line(&account.bot)));
        section.insert("platform", value(&account.platform));
        for key in &account.secrets {
            section.insert(key, Item::Value(self.source(&account.name, key)));
        }
        for (key, text) in &account.plain {
            section.insert(key, value(text));
        }
        section
    }
}

/// How an editor has written a file: with a byte order mark, with the line ends of Windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Written {
    has_mark: bool,
    has_returns: bool,
}

impl Written {
    const MARK: char = '\u{FEFF}';

    /// The text without that, and how it was.
    fn of(text: &str) -> (Option<String>, Self) {
        let bare = text.strip_prefix(Self::MARK);
        let has_returns = text.contains("\r\n");
        let how = Self { has_mark: bare.is_some(), has_returns };
        (Some(bare.unwrap_or(text).replace("\r\n", "\n")), how)
    }

    fn again(self, text: &str) -> String {
        let text = if self.has_returns { text.replace('\n', "\r\n") } else { text.to_owned() };
        if self.has_mark { format!("{}{text}", Self::MARK) } else { text }
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

/// Where a file is written that is to take this one's place.
fn unfinished(target: &Path) -> PathBuf {
    target.with_added_extension("new")
}

/// A section with an empty line before it.
fn apart(comment: &str) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix(format!("\n{comment}"));
    table
}

/// Every account and every link is in the new file, whatever way they are written in the old one.
fn nothing_is_lost(old: &Config, new: &Config) -> Result<(), String> {
    let why =
        |what: String| Err(format!("{what} would be lost, so nothing was written; add the rest by hand"));
    for account in &old.accounts {
        let (name, platform) = (&account.settings.account, account.platform);
        if !new.accounts.iter().any(|kept| kept.settings.account == *name && kept.platform == platform) {
            return why(format!("the account {name}"));
        }
    }
    for channel in &old.channels {
        let kept = new.channels.iter().find(|kept| kept.name == channel.name);
        for link in &channel.links {
            if !kept.is_some_and(|kept| kept.links.contains(link)) {
                return why(format!("{}:{} in {}", link.at.account, link.at.room, channel.name));
            }
        }
    }
    Ok(())
}

/// A file that takes another's place, or stands beside it, is read by whoever reads that.
fn same_owner(known: &Metadata, path: &Path) -> Result<(), String> {
    let is = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let owner = (known.uid(), known.gid());
    if (is.uid(), is.gid()) == owner {
        return Ok(());
    }
    chown(path, Some(owner.0), Some(owner.1)).map_err(|error| {
        let (uid, gid) = owner;
        format!("{} cannot be given to user {uid} and group {gid}, as the config is: {error}", path.display())
    })
}

/// `[accounts]` and `[channels]` are written by their parts alone.
fn section_of<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut dyn TableLike, String> {
    let new = || {
        let mut section = Table::new();
        section.set_implicit(true);
        Item::Table(section)
    };
    let section = document.as_table_mut().entry(name).or_insert_with(new).as_table_like_mut();
    section.ok_or_else(|| format!("`{name}` is no section"))
}

fn add_links(channel: &mut Item, links: &[Link]) -> Result<(), &'static str> {
    const OTHERWISE: &str = "are written in a way that cannot be added to";
    let channel = channel.as_table_like_mut().ok_or(OTHERWISE)?;
    match channel.entry("links").or_insert_with(|| value(Array::new())) {
        Item::ArrayOfTables(tables) => add_tables(tables, links),
        Item::Value(Value::Array(list)) => add_to_list(list, links),
        _ => return Err(OTHERWISE),
    }
    Ok(())
}

/// `[[channels.NAME.links]]`, one a link.
fn add_tables(tables: &mut ArrayOfTables, links: &[Link]) {
    for link in links {
        let is_it = |known: &Table| known.get("room").and_then(Item::as_str) == Some(&link.link);
        if !tables.iter().any(is_it) {
            let note =
                if link.note.is_empty() { String::new() } else { format!("# {}\n", one_line(&link.note)) };
            let mut table = apart(&note);
            table.insert("room", value(&link.link));
            tables.push(table);
        }
    }
}

fn add_to_list(list: &mut Array, links: &[Link]) {
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
        Link { link: link.into(), id: "1".into(), note: note.into(), private: false }
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
        Place { config: folder.join("bridges.toml"), credentials: None, again: "relay init".into() }
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
        add_links(&mut one, &[link("a:2", "")]).unwrap();
        let shown = one.as_table().unwrap().to_string();
        assert_eq!(shown, "links = [\"a:1\", # one\n  \"a:2\",\n]\n");
        for line in own.lines().filter(|line| !line.starts_with("links = [\"")) {
            assert!(text.lines().any(|kept| kept == line), "{line:?} is kept");
        }
        let mode = std::fs::metadata(&place.config).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640);
    }

    #[test]
    fn a_file_stays_as_its_editor_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let own = "\u{FEFF}# Mine.\r\n[accounts.studio]\r\nplatform = \"telegram\"\r\ntoken = { file = \"secrets/discord.token\" }\r\n";
        std::fs::write(&place.config, own).unwrap();
        place.keep_secret("discord", "token", &"1:abc".into()).unwrap();
        place.write(&draft()).unwrap();
        let text = std::fs::read_to_string(&place.config).unwrap();
        assert!(text.starts_with(own) && text.contains("[channels.lobby]\r\n"), "{text:?}");
        assert!(!text.replace("\r\n", "").contains(['\n', '\r']), "each line ends alike: {text:?}");
        assert_eq!(text.matches('\u{FEFF}').count(), 1);
    }

    #[test]
    fn links_that_are_sections_stay_and_others_come_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let own = "[accounts.studio]\nplatform = \"telegram\"\ntoken = { file = \"t\" }\n[channels.lobby]\nprivacy = \"minimal\"\n\
                   [[channels.lobby.links]] # one\nroom = \"studio:-1\"\ndirection = \"in\"\n[[channels.lobby.links]]\nroom = \"studio:-2\"\n";
        std::fs::write(folder.path().join("t"), "123456789:AAEhBP0av28uA9WqqWqWqWqWqWqWqWqWqWq").unwrap();
        std::fs::write(&place.config, own).unwrap();
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        let config = place.write(&draft()).unwrap();
        assert_eq!(config.channels[0].links.len(), 4);
        let text = std::fs::read_to_string(&place.config).unwrap();
        for line in own.lines() {
            assert!(text.lines().any(|kept| kept == line), "{line:?} is kept: {text}");
        }
        // An account that is there, and rooms in no list: nothing is written.
        assert!(matches!(place.write(&draft()), Err(NotWritten::Failed(why)) if why.contains("already")));
        let mut none = "links = \"a:1\"".parse::<DocumentMut>().unwrap().into_item();
        assert!(add_links(&mut none, &[link("a:2", "")]).is_err());
    }

    #[test]
    fn whatever_would_be_lost_is_not_written() {
        let parsed = |rooms: &str| {
            let text = format!(
                "[accounts.a]\nplatform = \"discord\"\ntoken = {{ env = \"PATH\" }}\n[channels.lobby]\nlinks = [{rooms}]\n"
            );
            Config::parse(&text, Path::new("bridges.toml")).unwrap()
        };
        let (two, one) = (parsed("\"a:1\", \"a:2\""), parsed("\"a:1\""));
        assert_eq!(nothing_is_lost(&one, &two), Ok(()));
        assert!(nothing_is_lost(&two, &one).unwrap_err().contains("a:2 in lobby would be lost"));
    }

    #[test]
    fn the_owner_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let own = "[accounts.owls]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n";
        std::fs::write(&place.config, own).unwrap();
        let is_root = std::fs::metadata(&place.config).unwrap().uid() == 0;
        if is_root {
            chown(&place.config, Some(4242), Some(4243)).unwrap();
        }
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        place.write(&draft()).unwrap();
        let owner = |path: &Path| std::fs::metadata(path).map(|of| (of.uid(), of.gid())).unwrap();
        let expected = owner(&place.config);
        assert!(!is_root || expected == (4242, 4243), "{expected:?}");
        for path in ["secrets", "secrets/discord.token"] {
            assert_eq!(owner(&folder.path().join(path)), expected, "{path}");
        }
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
        let place = Place { credentials, ..place(folder.path()) };
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        place.write(&draft()).unwrap();
        let text = std::fs::read_to_string(&place.config).unwrap();
        assert!(text.contains("token = { credential = \"relay_discord-token\" }"), "{text}");
        assert!(!text.contains("data_dir"), "systemd says where: {text}");
        assert_eq!(place.secret("discord", "token").unwrap().expose_secret(), "abc.def");
        // Run again, it reads what systemd would give, and adds to it.
        let config = place.load().unwrap();
        assert_eq!(config.accounts.len(), 1);
        let more = draft().channels.remove("lobby").unwrap();
        let channels = BTreeMap::from([("tea".to_owned(), more)]);
        let config = place.write(&Draft { channels, ..Draft::default() }).unwrap();
        assert_eq!(config.channels.len(), 2);
        // Whoever is started without them has none.
        let found = Config::load(&place.config).unwrap_err();
        assert!(found.mistakes[0].what.contains("there are no credentials"), "{found:?}");
        std::fs::remove_file(folder.path().join("credentials/discord-token")).unwrap();
        let found = place.load().unwrap_err();
        assert!(found.mistakes[0].what.contains("credentials/discord-token cannot be read"), "{found:?}");
    }
}
