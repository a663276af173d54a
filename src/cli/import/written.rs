//! What an import comes to.

use std::fmt::Write;

/// A config, its secrets, and what is to be said of it.
#[derive(Default)]
pub struct Written {
    /// `[api]`, where there is one.
    pub api: Option<String>,
    /// Accounts, section by section.
    pub accounts: Vec<String>,
    /// Channels, section by section.
    pub channels: Vec<String>,
    /// Names and contents of files.
    pub secrets: Vec<(String, String)>,
    /// What has no equal, by line.
    pub notes: Vec<Note>,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line of matterbridge's config.
    pub line: usize,
    /// What became of it. Never a value.
    pub what: String,
}

impl Written {
    /// One more.
    pub fn note(&mut self, line: usize, what: impl Into<String>) {
        self.notes.push(Note { line, what: what.into() });
    }

    /// A secret's file; what stands in the config for it.
    pub fn secret(&mut self, name: &str, value: &str) -> String {
        self.secrets.push((name.to_owned(), format!("{value}\n")));
        format!("{{ file = \"secrets/{name}\" }}")
    }

    /// The config.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Made of a matterbridge.toml by `relay import`.\n\n[relay]\ndata_dir = \"relay-data\"\n",
        );
        for section in self.api.iter().chain(&self.accounts).chain(&self.channels) {
            // Writing into a String cannot fail.
            let _ = write!(text, "\n{section}");
        }
        text
    }
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A section that is not in force.
pub fn commented(section: &str) -> String {
    section.lines().map(|line| format!("# {line}\n")).collect()
}
