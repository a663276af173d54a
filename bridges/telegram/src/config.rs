//! The typed settings of one account.

use relay_contract::{Problem, Settings};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The typed settings of one account.
#[derive(Debug)]
pub struct Config {
    /// The bot's credential.
    pub token: SecretString,
    /// A Bot API server other than Telegram's.
    pub api_url: Option<Url>,
}

impl Config {
    /// Checks what can be checked without asking anybody.
    pub fn read(settings: &Settings) -> Result<Self, Problem> {
        let token = settings.secrets.get("token").map(|token| token.expose_secret().trim());
        let token = token.unwrap_or_default();
        if token.is_empty()
            || token.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#".contains(c))
        {
            return Err(Problem::new(
                "`token` is not a Telegram bot token: those look like 123456789:AAE…, without blanks or slashes.",
                "Send /token to @BotFather in Telegram, choose the bot, and copy the whole token.",
            ));
        }
        let api_url = settings.urls.get("api_url").map(|url| api_url(url)).transpose()?;
        Ok(Self { token: SecretString::from(token), api_url })
    }

    /// The bot's user id, with which every token of Telegram's begins.
    pub fn own_id(&self) -> Option<i64> {
        self.token.expose_secret().split_once(':')?.0.parse().ok()
    }
}

fn api_url(url: &str) -> Result<Url, Problem> {
    let parsed = Url::parse(url.trim_end_matches('/')).ok();
    let usable =
        |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host() && !url.cannot_be_a_base();
    parsed.filter(usable).ok_or_else(|| {
        Problem::new(
            "`api_url` is not the base URL of a Bot API server.",
            "Write it like https://bot-api.example.org, or leave it out for Telegram's own.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Account;
    use std::collections::BTreeMap;

    fn settings(token: &str, api_url: Option<&str>) -> Settings {
        Settings {
            account: Account("tg".into()),
            secrets: BTreeMap::from([("token", SecretString::from(token))]),
            texts: BTreeMap::new(),
            urls: api_url.map(|url| ("api_url", url.to_owned())).into_iter().collect(),
        }
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let cases = [
            ("1:abc", None, None),
            (" 1:abc\n", Some("http://127.0.0.1:81"), None),
            ("1:abc", Some("https://example.org/bots/"), None),
            ("", None, Some("`token`")),
            ("two words", None, Some("`token`")),
            ("1:a/../b", None, Some("`token`")),
            ("1:abc", Some("ftp://example.org"), Some("`api_url`")),
            ("1:abc", Some("mailto:a@example.org"), Some("`api_url`")),
        ];
        for (token, url, problem) in cases {
            let read = Config::read(&settings(token, url));
            match problem {
                None => assert_eq!(read.map(|config| config.own_id()), Ok(Some(1)), "{token:?} {url:?}"),
                Some(key) => {
                    let what = read.err().map(|problem| problem.to_string()).unwrap_or_default();
                    assert!(what.contains(key), "{token:?} {url:?}: {what}");
                    assert!(token.is_empty() || !what.contains(token), "{what}");
                }
            }
        }
    }
}
