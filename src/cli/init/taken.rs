//! Which secrets' files are somebody's already: of this config's other accounts, and of other configs in the same folder.

use super::draft::Draft;
use super::write::Place;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item};

/// A config is not larger, in bytes.
const LARGEST: u64 = 1 << 20;

impl Place {
    /// Whether no account, of this config or of another one beside it, has a secret where this one would have its own.
    pub fn is_free(&self, account: &str, keys: &[&str]) -> bool {
        let files: Vec<String> = keys.iter().map(|key| self.file(account, key)).collect();
        let own = std::fs::read_to_string(&self.config).ok().and_then(|text| text.parse().ok());
        let is_own = |document: &DocumentMut| self.is_named_in(document, &files);
        !own.as_ref().is_some_and(is_own)
            && !self.beside().iter().any(|other| self.is_taken_by(other, &files))
    }

    /// Other files in the config's folder.
    fn beside(&self) -> Vec<PathBuf> {
        let folder = self.config.parent().filter(|folder| !folder.as_os_str().is_empty());
        let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
        let own = [self.config.clone(), Draft::path(&self.config), self.unfinished()];
        let is_own = |name: &std::ffi::OsStr| own.iter().any(|own| own.file_name() == Some(name));
        let others = entries.filter(|entry| !is_own(&entry.file_name())).map(|entry| entry.path());
        others.filter(|path| path.is_file()).collect()
    }

    /// Whether another file is a config, or the draft of one, that has a secret in one of these files.
    fn is_taken_by(&self, other: &Path, files: &[String]) -> bool {
        if std::fs::metadata(other).is_ok_and(|about| about.len() > LARGEST) {
            return false;
        }
        let text = match std::fs::read(other) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return false,
            // It may name any of those that are there.
            Err(_) => return files.iter().any(|file| self.secrets().join(file).exists()),
        };
        if let Ok(draft) = toml::from_str::<Draft>(&text) {
            let of = |name: &str, key: &str| files.contains(&self.file(name, key));
            return draft
                .accounts
                .iter()
                .any(|account| account.secrets.iter().any(|key| of(&account.name, key)));
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        match text.parse::<DocumentMut>() {
            // Answers may name the same file, to have it read.
            Ok(document) => document.contains_key("accounts") && self.is_named_in(&document, files),
            // Somebody is in the middle of changing it.
            Err(_) => files.iter().any(|file| text.contains(file.as_str())),
        }
    }

    fn is_named_in(&self, document: &DocumentMut, files: &[String]) -> bool {
        let folder = self.config.parent().unwrap_or(Path::new(""));
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let mut named = Vec::new();
        texts(document.as_item(), &mut named);
        files.iter().any(|file| {
            let path = absolute(self.secrets().join(file));
            let credential = format!("relay_{file}");
            named.iter().any(|text| **text == credential || absolute(folder.join(text)) == path)
        })
    }
}

/// All texts that stand somewhere in it.
fn texts<'a>(item: &'a Item, found: &mut Vec<&'a str>) {
    if let Some(text) = item.as_str() {
        found.push(text);
    }
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(_, item)| texts(item, found));
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::NewAccount;
    use super::*;

    const TOKEN: &str =
        "[accounts.studio]\nplatform = \"telegram\"\ntoken = { file = \"secrets/discord.token\" }\n";

    fn place(folder: &Path) -> Place {
        Place { config: folder.join("bridges.toml"), credentials: None, again: "relay init".into() }
    }

    /// With this in a file beside the config.
    fn is_free_beside(name: &str, text: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        place.keep_secret("discord", "token", &"abc.def".into()).unwrap();
        assert!(place.is_free("discord", &["token"]), "nobody names it");
        std::fs::write(folder.path().join(name), text).unwrap();
        assert!(place.is_free("discord-2", &["token"]));
        place.is_free("discord", &["token"])
    }

    #[test]
    fn a_secret_of_another_account_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        assert!(place.is_free("discord", &["token"]));
        std::fs::write(&place.config, TOKEN).unwrap();
        assert!(!place.is_free("discord", &["token"]) && place.is_free("discord-2", &["token"]));
    }

    #[test]
    fn a_secret_of_another_config_is_not_written_over() {
        assert!(!is_free_beside("owls.toml", TOKEN));
        assert!(!is_free_beside("owls.toml", &TOKEN.replace("secrets/", "./secrets/")));
        assert!(!is_free_beside("owls.toml", &format!("\u{FEFF}{TOKEN}[acc")), "also while it is written");
        let credential =
            TOKEN.replace("file = \"secrets/discord.token\"", "credential = \"relay_discord.token\"");
        assert!(!is_free_beside("owls.toml", &credential));
        let account = NewAccount {
            name: "discord".into(),
            platform: "discord".into(),
            bot: "Relay".into(),
            plain: [].into(),
            secrets: vec!["token".into()],
        };
        let draft = Draft { accounts: vec![account], ..Draft::default() };
        assert!(!is_free_beside("owls.toml.init", &toml::to_string(&draft).unwrap()));
    }

    #[test]
    fn what_is_no_config_takes_nothing() {
        assert!(is_free_beside("answers.toml", "[discord]\ntoken = { file = \"secrets/discord.token\" }\n"));
        assert!(is_free_beside("owls.toml", &TOKEN.replace("discord.token", "telegram.token")));
        assert!(is_free_beside("bridges.toml.init", "accounts = 1"), "its own draft is gone on with");
    }
}
