//! The typed settings of one account.

use crate::{ids, line};
use relay_contract::{Problem, Settings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use url::Url;

/// Lines of a message when nothing is said about it.
const MOST_LINES: usize = 20;

/// The most that can be asked for.
const MOST_OF_LINES: usize = 100;

/// The typed settings of one account.
pub struct Config {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over TLS.
    pub tls: bool,
    /// The name to go by.
    pub nick: String,
    /// The user name.
    pub user: String,
    /// What `/whois` says.
    pub realname: String,
    /// The server's password.
    pub password: Option<SecretString>,
    /// The services account.
    pub sasl_user: String,
    /// Its password, for SASL PLAIN.
    pub sasl_password: Option<SecretString>,
    /// The certificate and its key, for SASL EXTERNAL.
    pub certificate: Option<Certificate>,
    /// The password that NickServ is told.
    pub nickserv_password: Option<SecretString>,
    /// Keys of channels, by the channel as it was written.
    pub keys: Vec<(String, SecretString)>,
    /// Certificates trusted beside the machine's.
    pub trust: Vec<CertificateDer<'static>>,
    /// How many lines a message may have.
    pub most_lines: usize,
}

/// A client certificate.
pub struct Certificate {
    /// The chain, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key.
    pub key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("host", &self.host).field("nick", &self.nick).finish_non_exhaustive()
    }
}

impl Config {
    /// Checks what can be checked without asking anybody.
    pub fn read(settings: &Settings) -> Result<Self, Problem> {
        let text = |name: &str| settings.texts.get(name).map(|text| text.trim().to_owned());
        let server = settings.urls.get("server").and_then(|url| Url::parse(url).ok());
        let server = server.filter(|url| matches!(url.path(), "" | "/") && url.query().is_none());
        let (server, host) = server.and_then(|url| Some((url.clone(), host(&url)?))).ok_or_else(|| {
            Problem::new(
                "`server` is not the address of an IRC server.",
                "Write it like ircs://irc.example.org:6697, without anything behind the port.",
            )
        })?;
        let tls = server.scheme() == "ircs";
        let nick = text("nick").filter(|nick| ids::is_nick(nick)).ok_or_else(|| {
            Problem::new(
                "`nick` cannot be a nick on IRC.",
                "Use letters, digits and -_[]{}|^`, and begin with a letter.",
            )
        })?;
        let user = text("user").unwrap_or_else(|| "relay".to_owned());
        if !user.chars().all(|c| c.is_ascii_graphic() && !"@!:".contains(c)) {
            return Err(Problem::new(
                "`user` cannot be a user name on IRC.",
                "Use letters and digits of ASCII, without blanks.",
            ));
        }
        let most_lines = match text("most_lines") {
            None => MOST_LINES,
            Some(written) => {
                let lines = written.parse::<usize>().ok().filter(|lines| (1..=MOST_OF_LINES).contains(lines));
                lines.ok_or_else(|| {
                    Problem::new(
                        "`most_lines` is not a number of lines.",
                        format!("Write a whole number from 1 to {MOST_OF_LINES}, in quotes."),
                    )
                })?
            }
        };
        Ok(Self {
            host,
            port: server.port().unwrap_or(if tls { 6697 } else { 6667 }),
            tls,
            sasl_user: text("sasl_user").unwrap_or_else(|| nick.clone()),
            nick,
            user,
            realname: text("realname").unwrap_or_else(|| "Relay, a chat bridge".to_owned()),
            password: secret(settings, "password")?,
            sasl_password: secret(settings, "sasl_password")?,
            certificate: certificate(settings, tls)?,
            nickserv_password: secret(settings, "nickserv_password")?,
            keys: keys(settings)?,
            trust: trust(settings)?,
            most_lines,
        })
    }
}

/// Without the brackets that an IPv6 address has in a URL.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// A secret on one line.
fn secret(settings: &Settings, name: &'static str) -> Result<Option<SecretString>, Problem> {
    let Some(secret) = settings.secrets.get(name) else { return Ok(None) };
    let secret = secret.expose_secret().trim();
    if secret.is_empty() || secret.contains(line::breaks_out) {
        return Err(Problem::new(
            format!("`{name}` is empty, or more than a line."),
            "Write the password alone into its file or variable.",
        ));
    }
    Ok(Some(SecretString::from(secret)))
}

fn keys(settings: &Settings) -> Result<Vec<(String, SecretString)>, Problem> {
    let Some(written) = settings.secrets.get("keys") else { return Ok(Vec::new()) };
    let lines = written.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let (channel, key) = line.split_once(char::is_whitespace)?;
        let key = key.trim();
        let sound = ids::is_channel(channel) && !key.is_empty() && !key.contains([' ', ',']);
        sound.then(|| (channel.to_owned(), SecretString::from(key)))
    };
    let all = lines.map(|line| {
        read(line).ok_or_else(|| {
            Problem::new(
                "A line of `keys` does not name a channel and its key.",
                "Write a line for each, such as: #club open-sesame",
            )
        })
    });
    all.collect()
}

fn trust(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let Some(written) = settings.secrets.get("trust") else { return Ok(Vec::new()) };
    certificates(written, "trust")
}

fn certificates(written: &SecretString, name: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(written.expose_secret().as_bytes()).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(|| {
        Problem::new(
            format!("`{name}` holds no certificate."),
            "It is a file in PEM: -----BEGIN CERTIFICATE----- and so on.",
        )
    })
}

fn certificate(settings: &Settings, tls: bool) -> Result<Option<Certificate>, Problem> {
    let Some(written) = settings.secrets.get("sasl_certificate") else { return Ok(None) };
    if !tls {
        return Err(Problem::new(
            "`sasl_certificate` is shown over TLS, and the server is irc://.",
            "Write ircs:// in `server`, or remove it.",
        ));
    }
    let chain = certificates(written, "sasl_certificate")?;
    let key = PrivateKeyDer::from_pem_slice(written.expose_secret().as_bytes()).map_err(|_| {
        Problem::new(
            "`sasl_certificate` holds no private key.",
            "Put certificate and key into one file, both in PEM.",
        )
    })?;
    Ok(Some(Certificate { chain, key }))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use relay_contract::Account;

    /// Settings with these values.
    pub fn settings(
        server: &str,
        texts: &[(&'static str, &str)],
        secrets: &[(&'static str, &str)],
    ) -> Settings {
        Settings {
            account: Account("irc".into()),
            secrets: secrets.iter().map(|(key, value)| (*key, SecretString::from(*value))).collect(),
            urls: [("server", server.to_owned())].into(),
            texts: texts.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn settings_that_can_work() {
        let cases = [
            ("ircs://irc.example.org", "irc.example.org", 6697, true),
            ("irc://irc.example.org", "irc.example.org", 6667, false),
            ("ircs://IRC.example.org:7000", "irc.example.org", 7000, true),
            ("irc://[::1]:6668", "::1", 6668, false),
        ];
        for (server, host, port, tls) in cases {
            let config = Config::read(&settings(server, &[("nick", "relay")], &[])).unwrap();
            assert_eq!((config.host.as_str(), config.port, config.tls), (host, port, tls), "{server}");
        }
        let keys = Config::read(&settings("irc://h", &[("nick", "r")], &[("keys", "#a x\n\n #b  y \n")]))
            .unwrap()
            .keys;
        let keys: Vec<_> = keys.iter().map(|(room, key)| (room.as_str(), key.expose_secret())).collect();
        assert_eq!(keys, [("#a", "x"), ("#b", "y")]);
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        type Values = &'static [(&'static str, &'static str)];
        let good: Values = &[("nick", "relay")];
        let cases: &[(&str, Values, Values, &str)] = &[
            ("ircs://host/path", good, &[], "`server`"),
            ("ircs://host", &[], &[], "`nick`"),
            ("ircs://host", &[("nick", "two words")], &[], "`nick`"),
            ("ircs://host", &[("nick", "r"), ("user", "a b")], &[], "`user`"),
            ("ircs://host", &[("nick", "r"), ("most_lines", "0")], &[], "`most_lines`"),
            ("ircs://host", good, &[("password", "hunter2\nQUIT")], "`password`"),
            ("ircs://host", good, &[("sasl_password", " ")], "`sasl_password`"),
            ("ircs://host", good, &[("keys", "#a")], "`keys`"),
            ("ircs://host", good, &[("keys", "a hunter2")], "`keys`"),
            ("ircs://host", good, &[("trust", "hunter2")], "`trust`"),
            ("ircs://host", good, &[("sasl_certificate", "hunter2")], "`sasl_certificate`"),
            ("irc://host", good, &[("sasl_certificate", "hunter2")], "`sasl_certificate`"),
        ];
        for (server, texts, secrets, key) in cases {
            let problem =
                Config::read(&settings(server, texts, secrets)).map(|_| ()).unwrap_err().to_string();
            assert!(problem.contains(key) && !problem.contains("hunter2"), "{texts:?}: {problem}");
        }
    }
}
