//! What an import comes to.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;

/// A config, its secrets, and what is to be said of it.
#[derive(Default)]
pub struct Written {
    /// `[api]`, where there is one.
    pub api: Option<Api>,
    /// Accounts, section by section.
    pub accounts: Vec<String>,
    /// Channels, section by section.
    pub channels: Vec<String>,
    /// The names of those that are in force.
    pub names: BTreeSet<String>,
    /// Names and contents of files.
    pub secrets: Vec<(String, String)>,
    /// What has no equal, by line.
    pub notes: Vec<Note>,
}

/// matterbridge's API, and Relay's own, of which it is a part.
pub struct Api {
    /// The account that it was, as matterbridge calls it.
    pub account: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// What stands in the config for its token.
    pub token: Option<String>,
    /// The channels of the gateways that it was in: it reaches no others.
    pub channels: Vec<String>,
}

impl Api {
    fn text(&self) -> String {
        // Relay's own usual port, unless that is taken.
        let port = if self.listen.port() == 8724 { 8725 } else { 8724 };
        let channels: Vec<_> = self.channels.iter().map(|channel| quoted(channel)).collect();
        let token = self.token.as_ref().map(|token| format!("token = {token}\n")).unwrap_or_default();
        format!(
            "[api]\nlisten = \"127.0.0.1:{port}\"\nchannels = [{}]\n\n[api.matterbridge]\nlisten = \"{}\"\n{token}",
            channels.join(", "),
            self.listen
        )
    }
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
        // Accounts may be called anything, files may not.
        let is_harmless = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        let name: String = name.chars().map(|c| if is_harmless(c) { c } else { '-' }).collect();
        self.secrets.push((name.clone(), format!("{value}\n")));
        format!("{{ file = \"secrets/{name}\" }}")
    }

    /// The config.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Made of a matterbridge.toml by `relay import`.\n\n[relay]\ndata_dir = \"relay-data\"\n",
        );
        for section in self.api.as_ref().map(Api::text).iter().chain(&self.accounts).chain(&self.channels) {
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
