//! The typed settings of one account.

use crate::service::{Service, registration};
use relay_contract::{Problem, Settings};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The typed settings of one account.
#[derive(Debug)]
pub struct Config {
    /// The base URL of the homeserver, without a trailing slash.
    pub homeserver: String,
    /// The bot's credential, or the application service's.
    pub access_token: SecretString,
    /// The registration, where Relay is an application service.
    pub service: Option<Service>,
}

impl Config {
    /// Checks what can be checked without asking anybody.
    pub fn read(settings: &Settings) -> Result<Self, Problem> {
        let listen = settings.texts.get("listen").map(String::as_str);
        let (service, token) = match (
            settings.secrets.get("registration"),
            settings.secrets.get("access_token"),
        ) {
            (Some(registration), None) => {
                let (service, token) = registration::read(registration, listen)?;
                (Some(service), token)
            }
            (None, Some(token)) => (None, token.clone()),
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    "`access_token` stands beside `registration`: an account is a bot or an application service.",
                    "Leave one of the two out.",
                ));
            }
            (None, None) => {
                return Err(Problem::new(
                    "Neither `access_token` nor `registration` is there.",
                    "For a bot's account write access_token = { env = \"MATRIX_TOKEN\" }; for an application service \
                     registration = { file = \"registration.yaml\" }, a file that `relay matrix registration` writes.",
                ));
            }
        };
        if listen.is_some() && service.is_none() {
            return Err(Problem::new(
                "`listen` is only for an application service.",
                "Leave it out, or write `registration` instead of `access_token`.",
            ));
        }
        let token = token.expose_secret().trim();
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
                let access_token = SecretString::from(token.to_owned());
                Ok(Self { homeserver: url.to_owned(), access_token, service })
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
    fn an_account_is_a_bot_or_an_application_service() {
        let registration = "id: r\nurl: http://localhost:9\nas_token: hunter2\nhs_token: hunter3\nsender_localpart: relay\n\
                            namespaces: { users: [{ exclusive: true, regex: '@_relay_.*' }] }\n";
        let cases = [
            (vec!["registration"], None, None),
            (vec!["registration"], Some("127.0.0.1:7"), None),
            (vec!["registration"], Some("seven"), Some("`listen`")),
            (vec!["registration", "access_token"], None, Some("`access_token`")),
            (vec!["access_token"], Some("127.0.0.1:7"), Some("`listen`")),
            (vec![], None, Some("`access_token`")),
        ];
        for (keys, listen, problem) in cases {
            let secrets = keys.iter().map(|key| match *key {
                "registration" => (*key, SecretString::from(registration.to_owned())),
                _ => (*key, SecretString::from("hunter1".to_owned())),
            });
            let settings = Settings {
                account: Account("mx".into()),
                secrets: secrets.collect(),
                urls: BTreeMap::from([("homeserver", "http://localhost:8008".to_owned())]),
                texts: listen.map(|listen| ("listen", listen.to_owned())).into_iter().collect(),
            };
            match (Config::read(&settings), problem) {
                (Ok(config), None) => {
                    assert_eq!(config.access_token.expose_secret(), "hunter2");
                    assert!(config.service.is_some() && !format!("{config:?}").contains("hunter"));
                }
                (Err(what), Some(key)) => {
                    let what = what.to_string();
                    assert!(what.contains(key) && !what.contains("hunter"), "{keys:?} {listen:?}: {what}");
                }
                (read, _) => panic!("{keys:?} {listen:?}: {:?}", read.err()),
            }
        }
    }

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
