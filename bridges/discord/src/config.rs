//! An account's settings, typed.

use http::Uri;
use relay_contract::{Field, FieldKind, Problem, Settings};
use secrecy::{ExposeSecret, SecretString};

/// The keys of a Discord account in `bridges.toml`.
pub const FIELDS: &[Field] = &[
    Field {
        name: "token",
        kind: FieldKind::Secret,
        required: true,
        doc: "The bot's token: Discord Developer Portal → your application → Bot → Reset Token.",
    },
    Field {
        name: "api_url",
        kind: FieldKind::Url(&["http", "https"]),
        required: false,
        doc: "Base URL of a compatible server's API. Discord's own when left out.",
    },
    Field {
        name: "gateway_url",
        kind: FieldKind::Url(&["ws", "wss"]),
        required: false,
        doc: "URL of a compatible server's gateway. Asked from the API when only `api_url` is given.",
    },
];

/// The network in room identities: ids are unique in one instance. Compatible servers share a word, because their address is a
/// route and may change.
pub const DISCORD: &str = "discord.com";
const COMPATIBLE: &str = "compatible";

/// Where and as whom.
#[derive(Debug)]
pub struct Config {
    /// The bot's token, without a prefix.
    pub token: SecretString,
    /// Another server than Discord's own.
    pub server: Option<Server>,
    /// Another gateway than Discord's own (`ws://host:port`).
    pub gateway: Option<String>,
}

/// A compatible server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `host:port`.
    pub authority: String,
    /// Without TLS.
    pub plain: bool,
}

impl Config {
    /// Checks what the engine cannot know.
    pub fn read(settings: Settings) -> Result<Self, Problem> {
        let token = settings.secrets.get("token").ok_or_else(|| {
            Problem::new("There is no `token`.", "Add `token = { env = \"DISCORD_TOKEN\" }` to the account.")
        })?;
        // As it is pasted: with white space around it, or with the prefix of the HTTP header.
        let shown = token.expose_secret().trim();
        let shown = shown.strip_prefix("Bot ").unwrap_or(shown).trim();
        if shown.is_empty() || !shown.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Problem::new(
                "`token` is empty or has characters that no Discord token has.",
                "Copy the token again: Discord Developer Portal → your application → Bot → Reset Token.",
            ));
        }
        let server = settings.urls.get("api_url").map(|url| server(url)).transpose()?;
        let gateway = settings.urls.get("gateway_url").map(|url| gateway(url)).transpose()?;
        Ok(Self { token: shown.to_owned().into(), server, gateway })
    }

    /// The network of this account's rooms.
    pub fn network(&self) -> &'static str {
        if self.server.is_some() { COMPATIBLE } else { DISCORD }
    }

    /// Where a person's browser finds rooms and messages, without a trailing slash.
    pub fn web(&self) -> String {
        match &self.server {
            None => format!("https://{DISCORD}"),
            Some(Server { authority, plain }) => {
                format!("{}://{authority}", if *plain { "http" } else { "https" })
            }
        }
    }
}

fn server(url: &str) -> Result<Server, Problem> {
    let problem = |what: &str| {
        Problem::new(
            format!("`api_url` {what}."),
            "Write it as `https://host` or `http://host:port`.".to_owned(),
        )
    };
    let uri: Uri = url.parse().map_err(|_| problem("is not a URL"))?;
    let authority = uri.authority().ok_or_else(|| problem("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(problem("contains a user name"));
    }
    // The library appends `/api/v10` by itself.
    let path = uri.path().trim_end_matches('/');
    let version = path.strip_prefix("/api").map(|rest| rest.strip_prefix("/v10").unwrap_or(rest));
    if !path.is_empty() && version != Some("") {
        return Err(problem("has a path other than `/api/v10`, which is the one that Relay speaks"));
    }
    Ok(Server { authority: authority.to_string(), plain: uri.scheme_str() == Some("http") })
}

/// A gateway's address as twilight-gateway wants it: no path, no slash at the end.
pub fn gateway(url: &str) -> Result<String, Problem> {
    let fix = "Write it as `wss://host` or `ws://host:port`.";
    let uri: Uri = url.parse().map_err(|_| Problem::new("`gateway_url` is not a URL.", fix))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("ws" | "wss")), Some(authority)) if !authority.as_str().contains('@') => {
            let path = uri.path().trim_end_matches('/');
            Ok(format!("{scheme}://{authority}{path}"))
        }
        _ => Err(Problem::new("`gateway_url` names no WebSocket server.", fix)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use relay_contract::Account;
    use std::collections::BTreeMap;

    pub fn settings(token: &str, urls: &[(&'static str, &str)]) -> Settings {
        Settings {
            account: Account("owls".into()),
            secrets: BTreeMap::from([("token", SecretString::from(token.to_owned()))]),
            texts: BTreeMap::new(),
            urls: urls.iter().map(|(key, url)| (*key, (*url).to_owned())).collect(),
        }
    }

    #[test]
    fn settings_that_can_work() {
        for (url, authority, plain) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
            ("https://chat.example/api", "chat.example", false),
            ("https://chat.example/api/v10", "chat.example", false),
        ] {
            let config = Config::read(settings(" Bot abc.def ", &[("api_url", url)])).unwrap();
            assert_eq!(config.server, Some(Server { authority: authority.into(), plain }));
            assert_eq!((config.token.expose_secret(), config.network()), ("abc.def", "compatible"));
        }
        assert_eq!(Config::read(settings("abc", &[])).unwrap().network(), "discord.com");
        assert_eq!(gateway("ws://127.0.0.1:1/").unwrap(), "ws://127.0.0.1:1");
    }

    #[test]
    fn settings_that_cannot_work() {
        for (token, key, url, says) in [
            ("", "api_url", "https://a", "`token`"),
            ("a\nb", "api_url", "https://a", "`token`"),
            ("a b", "api_url", "https://a", "`token`"),
            ("\u{f6}wl", "api_url", "https://a", "`token`"),
            ("a\0b", "api_url", "https://a", "`token`"),
            ("a", "api_url", "https://a/api/v9", "path"),
            ("a", "api_url", "https://me@a", "user name"),
            ("a", "gateway_url", "https://a", "WebSocket"),
        ] {
            let problem = Config::read(settings(token, &[(key, url)])).unwrap_err();
            assert!(problem.to_string().contains(says), "{problem}");
        }
    }

    #[test]
    fn the_token_is_in_no_debug_output() {
        let config = Config::read(settings("abc.def", &[])).unwrap();
        assert!(!format!("{config:?}").contains("abc"));
    }
}
