//! The typed settings of one account.

use relay_contract::{Problem, Settings};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The typed settings of one account.
#[derive(Debug)]
pub struct Config {
    /// The base URL of the homeserver, without a trailing slash.
    pub homeserver: String,
    /// The bot's credential.
    pub access_token: SecretString,
}

impl Config {
    /// Checks what can be checked without asking anybody.
    pub fn read(settings: &Settings) -> Result<Self, Problem> {
        let token = settings.secrets.get("access_token").map(|token| token.expose_secret().trim());
        let token = token.unwrap_or_default();
        // It becomes an HTTP header.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::new(
                "`access_token` is empty, or has blanks or other characters that no token has.",
                "Log in as the bot in Element and copy it whole: All settings → Help & About → Access token.",
            ));
        }
        let homeserver = settings.urls.get("homeserver").map(|url| url.trim_end_matches('/'));
        let usable = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        match homeserver.filter(|url| Url::parse(url).is_ok_and(|url| usable(&url))) {
            Some(url) => {
                Ok(Self { homeserver: url.to_owned(), access_token: SecretString::from(token.to_owned()) })
            }
            None => Err(Problem::new(
                "`homeserver` is not the base URL of a Matrix homeserver.",
                "Write it like https://matrix.example.org, without a path.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Account;
    use std::collections::BTreeMap;

    #[test]
    fn settings_that_cannot_work_are_named() {
        let cases = [
            ("syt_abc", "https://matrix.example.org", None),
            (" syt_abc\n", "http://127.0.0.1:8008/", None),
            ("", "https://matrix.example.org", Some("`access_token`")),
            ("two words", "https://matrix.example.org", Some("`access_token`")),
            ("syt_abc", "ftp://example.org", Some("`homeserver`")),
            ("syt_abc", "https://example.org/?a=b", Some("`homeserver`")),
            ("syt_abc", "example.org", Some("`homeserver`")),
        ];
        for (token, url, problem) in cases {
            let settings = Settings {
                account: Account("mx".into()),
                secrets: BTreeMap::from([("access_token", SecretString::from(token.to_owned()))]),
                urls: BTreeMap::from([("homeserver", url.to_owned())]),
                texts: BTreeMap::new(),
            };
            match (Config::read(&settings), problem) {
                (Ok(config), None) => {
                    assert!(!config.homeserver.ends_with('/'));
                    assert!(!format!("{config:?}").contains("syt_abc"));
                }
                (Err(what), Some(key)) => {
                    assert!(what.to_string().contains(key), "{token:?} {url:?}: {what}");
                    assert!(token.is_empty() || !what.to_string().contains(token), "{what}");
                }
                (read, _) => panic!("{token:?} {url:?}: {:?}", read.err()),
            }
        }
    }
}
