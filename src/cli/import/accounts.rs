//! Accounts: what each of matterbridge's is here.

use super::written::{Api, Written, commented, quoted};
use super::{line_of, plain};
use crate::platforms;
use std::net::SocketAddr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Sections that are no accounts.
const OTHER: [&str; 3] = ["general", "gateway", "samechannelgateway"];
/// Keys that need no equal: Relay does so by itself, or need not.
const BY_ITSELF: [&str; 12] = [
    "AutoWebhooks",
    "Buffer",
    "EditDisable",
    "IgnoreFailureOnStart",
    "MessageDelay",
    "MessageQueue",
    "PreserveThreading",
    "PrefixMessagesWithNick",
    "UseUserName",
    "WebhookURL",
    "SyncTopic",
    "MessageSplit",
];

/// An account.
pub struct Imported {
    /// As matterbridge calls it: `PROTOCOL.NAME`.
    pub id: String,
    /// As Relay calls it.
    pub name: String,
    /// matterbridge's protocol.
    pub protocol: String,
    /// Why it is not in force; none where it is.
    pub left_out: Option<String>,
    /// The guild, of Discord.
    pub server: Option<String>,
    /// Keys of channels, of IRC: the channel, a blank, the key.
    pub keys: Vec<String>,
    lines: Vec<String>,
}

/// A table of matterbridge's config.
struct Section<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
    taken: Vec<&'static str>,
}

impl Section<'_> {
    /// A value, and its line. Keys are compared without case, as matterbridge does.
    fn get(&mut self, key: &'static str) -> Option<(String, usize)> {
        self.taken.push(key);
        let found = self.table.iter().find(|(name, _)| name.get_ref().eq_ignore_ascii_case(key));
        let (name, value) = found?;
        let value = plain(value.get_ref());
        (!value.is_empty()).then(|| (value, line_of(self.text, name.span().start)))
    }

    fn value(&mut self, key: &'static str) -> Option<String> {
        self.get(key).map(|(value, _)| value)
    }

    fn is(&mut self, key: &'static str) -> bool {
        self.value(key).is_some_and(|value| value == "true")
    }

    /// Says of all other keys what becomes of them.
    fn rest(&self, of: &str, written: &mut Written) {
        for (name, value) in self.table {
            let key: &str = name.get_ref();
            if self.taken.iter().any(|taken| taken.eq_ignore_ascii_case(key)) {
                continue;
            }
            let line = line_of(self.text, name.span().start);
            written.note(line, left(key, value.get_ref(), of));
        }
    }
}

/// What becomes of a key that has no equal.
fn left(key: &str, value: &DeValue<'_>, of: &str) -> String {
    let harmless = key.len() <= 32 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let shown = if harmless { format!("`{key}`") } else { "a key".into() };
    let off = matches!(value, DeValue::Boolean(false));
    let known = |keys: &[&str]| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    let what = if known(&BY_ITSELF) || off {
        "is not needed: Relay sees to it by itself"
    } else if known(&["RemoteNickFormat", "StripNick"]) {
        "is left out: names are shown with where they write, as in Ada ‹Slack›; `name` of a link changes how"
    } else if known(&["ShowJoinPart", "ShowTopicChange"]) {
        "is left out: write notices = \"each\" or \"digest\" at the link that is to be told"
    } else if known(&["IgnoreNicks", "IgnoreMessages", "ReplaceMessages", "ReplaceNicks", "Label"]) {
        "has no equal: Relay filters and rewrites nothing"
    } else if known(&["SkipTLSVerify"]) {
        "is left out: certificates are always checked; name the server's own one with `trust`"
    } else if known(&["MediaServerUpload", "MediaServerDownload", "MediaDownloadPath", "MediaDownloadSize"]) {
        "is left out: `[media]` with `listen` and `url` gives out files that a room does not take"
    } else {
        "has no equal and is left out"
    };
    format!("{shown} of {of} {what}.")
}

/// Reads all accounts; nothing is written of them yet.
pub fn read(text: &str, document: &DeTable<'_>, written: &mut Written) -> Vec<Imported> {
    let mut all: Vec<Imported> = Vec::new();
    for (protocol, value) in document {
        let protocol: &str = protocol.get_ref();
        if OTHER.contains(&protocol) {
            continue;
        }
        let Some(accounts) = value.get_ref().as_table() else {
            written.note(line_of(text, value.span().start), "this is no section, and is left out.");
            continue;
        };
        for (name, section) in accounts {
            let at = line_of(text, name.span().start);
            let Some(table) = section.get_ref().as_table() else {
                written.note(at, left(name.get_ref(), section.get_ref(), &format!("[{protocol}]")));
                continue;
            };
            let mut section = Section { text, table, taken: Vec::new() };
            let name: &str = name.get_ref();
            let taken = all.iter().any(|other| other.name == name) || ["api", "webhooks"].contains(&name);
            let mut account = Imported {
                id: format!("{protocol}.{name}"),
                name: if taken { format!("{protocol}-{name}") } else { name.to_owned() },
                protocol: protocol.to_owned(),
                left_out: None,
                server: None,
                keys: Vec::new(),
                lines: Vec::new(),
            };
            account.read(&mut section, at, written);
            section.rest(&format!("[{}]", account.id), written);
            if let Some(why) = &account.left_out {
                written.note(at, format!("[{}] is not in force: {why}", account.id));
            }
            all.push(account);
        }
    }
    all
}

/// What `[general]` says.
pub fn general(text: &str, value: &Spanned<DeValue<'_>>, written: &mut Written) {
    if let Some(table) = value.get_ref().as_table() {
        Section { text, table, taken: Vec::new() }.rest("[general]", written);
    }
}

/// Writes the sections of all accounts.
pub fn write(accounts: &[Imported], written: &mut Written) {
    for account in accounts.iter().filter(|account| !account.lines.is_empty()) {
        let mut lines = account.lines.clone();
        if !account.keys.is_empty() {
            let keys = account.keys.join("\n");
            lines.push(format!("keys = {}", written.secret(&format!("{}-keys", account.name), &keys)));
        }
        let section = format!(
            "[accounts.{}]\nplatform = \"{}\"\n{}\n",
            key(&account.name),
            account.protocol,
            lines.join("\n")
        );
        let section = match &account.left_out {
            Some(why) => format!("# Not in force: {why}\n{}", commented(&section)),
            None => section,
        };
        written.accounts.push(section);
    }
}

/// A name as a key of TOML.
pub fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}

impl Imported {
    fn read(&mut self, section: &mut Section<'_>, at: usize, written: &mut Written) {
        match self.protocol.as_str() {
            "discord" => {
                // Whoever wrote it as a header of HTTP has it.
                let token = section.get("Token").map(|(token, line)| {
                    (token.strip_prefix("Bot ").map_or(token.clone(), |token| token.trim().to_owned()), line)
                });
                self.secret("token", token, written);
                self.server = section.value("Server");
            }
            "telegram" => self.secret("token", section.get("Token"), written),
            "slack" => {
                self.secret("bot_token", section.get("Token"), written);
                self.lines.push("app_token = { file = \"secrets/APP_TOKEN\" }".into());
                self.left_out = Some(
                    "Relay hears Slack over Socket Mode, which needs an app of today: make one (README, Slack), put its two \
                     tokens into files, and take the comment marks away."
                        .into(),
                );
            }
            "irc" => self.irc(section, written),
            "matrix" => {
                if let Some((server, line)) = section.get("Server") {
                    let (mut server, login) = without_login(&server);
                    if login.is_some() {
                        written.note(line, "there was a login in this server's address, which is left out: Relay logs in with the access token alone.");
                    }
                    if !server.contains("://") {
                        server.insert_str(0, "https://");
                        written
                            .note(line, "this server was written without https://, which is put before it.");
                    }
                    self.lines.push(format!("homeserver = {}", quoted(&server)));
                }
                self.secret("access_token", section.get("Token"), written);
                for key in ["Login", "MxID"] {
                    section.value(key);
                }
                if section.value("Password").is_some() && self.left_out.is_some() {
                    self.left_out = Some("Relay logs in with an access token, not with a password.".into());
                }
            }
            "api" => self.api(section, at, written),
            _ => {}
        }
        if self.protocol != "api" && platforms::named(&self.protocol).is_none() {
            let protocol = self.protocol.escape_debug();
            self.left_out = Some(format!("this Relay does not speak `{protocol}`."));
        }
    }

    fn irc(&mut self, section: &mut Section<'_>, written: &mut Written) {
        let scheme = if section.is("UseTLS") { "ircs" } else { "irc" };
        let mut login = None;
        match section.get("Server") {
            Some((server, line)) => {
                let (server, found) = without_login(&server);
                login = found.map(|login| (login, line));
                // Whoever wrote a whole URL said it there.
                let server = if server.contains("://") { server } else { format!("{scheme}://{server}") };
                self.lines.push(format!("server = {}", quoted(&server)));
            }
            None => self.left_out = Some("`Server` is missing.".into()),
        }
        let nick = section.value("Nick").unwrap_or_else(|| "relay".into());
        self.lines.push(format!("nick = {}", quoted(&nick)));
        match (section.get("Password"), login) {
            (Some(password), login) => {
                if let Some((_, line)) = login {
                    written.note(line, "there was a login in this server's address, which is left out: `Password` is the server's.");
                }
                self.secret("password", Some(password), written);
            }
            (None, Some((login, line))) => {
                written.note(line, "the password in this server's address is in a file of its own now.");
                let password = login.split_once(':').map_or(login.as_str(), |(_, password)| password);
                self.secret("password", Some((password.to_owned(), line)), written);
            }
            (None, None) => {}
        }
        if let Some((file, line)) = section.get("TLSClientCertificate") {
            self.lines.push(format!("sasl_certificate = {{ file = {} }}", quoted(&file)));
            written.note(
                line,
                "`TLSClientCertificate` is `sasl_certificate`: a file with the certificate and its key, looked for beside the config.",
            );
        }
        let (user, password) = (section.value("NickServNick"), section.get("NickServPassword"));
        match (section.is("UseSASL"), password) {
            (true, Some(password)) => {
                if let Some(user) = user {
                    self.lines.push(format!("sasl_user = {}", quoted(&user)));
                }
                self.secret("sasl_password", Some(password), written);
            }
            (false, Some(password)) => self.secret("nickserv_password", Some(password), written),
            (_, None) => {}
        }
    }

    /// matterbridge's API is a part of Relay's own.
    fn api(&mut self, section: &mut Section<'_>, at: usize, written: &mut Written) {
        let address = section.value("BindAddress");
        let token = section.get("Token");
        section.value("RemoteNickFormat");
        if written.api.is_some() {
            self.left_out = Some(
                "there is one such API. For programs of this one, add its gateways to `channels` in [api]: whoever has the \
                 other's token has them too."
                    .into(),
            );
            return;
        }
        let address = address.map(|address| match address.strip_prefix(':') {
            Some(port) => format!("0.0.0.0:{port}"),
            None => address.replace("localhost", "127.0.0.1"),
        });
        let Some(listen) = address.and_then(|address| address.parse::<SocketAddr>().ok()) else {
            self.left_out = Some("`BindAddress` is not an address with a port.".into());
            return;
        };
        if token.is_none() && !listen.ip().is_loopback() {
            written.note(
                at,
                "this API has no token: from other machines it can be used with one only (`relay token new`).",
            );
        }
        let token = token.map(|(token, line)| {
            note_white_space(&token, line, written);
            written.secret(&format!("{}-token", self.name), &token)
        });
        written.api = Some(Api { account: self.id.clone(), listen, token, channels: Vec::new() });
    }

    fn secret(&mut self, key: &str, value: Option<(String, usize)>, written: &mut Written) {
        match value {
            Some((value, line)) => {
                note_white_space(&value, line, written);
                let file = written.secret(&format!("{}-{}", self.name, key.replace('_', "-")), &value);
                self.lines.push(format!("{key} = {file}"));
            }
            None => {
                self.lines.push(format!("{key} = {{ file = \"secrets/{}\" }}", key.to_uppercase()));
                self.left_out = Some(format!("its `{key}` is missing."));
            }
        }
    }
}

/// A server's address without what stands before an `@` in it, and that: a secret, which belongs in no config.
fn without_login(server: &str) -> (String, Option<String>) {
    let (scheme, rest) = match server.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), server),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => (format!("{scheme}{}", &rest[at + 1..]), Some(rest[..at].to_owned())),
        None => (server.to_owned(), None),
    }
}

/// Says of a secret that Relay will not take it.
fn note_white_space(secret: &str, line: usize, written: &mut Written) {
    if secret.chars().any(|c| c.is_whitespace() || c.is_control()) {
        written.note(
            line,
            "this secret contains white space, which Relay takes for a mistake: choose another one there, and put it into the file.",
        );
    }
}
