//! The settings of an account, typed.

use relay_contract::{Problem, Settings};
use secrecy::{ExposeSecret, SecretString};

/// Slack's own Web API, <https://docs.slack.dev/apis/web-api/>.
const SLACK_API: &str = "https://slack.com/api";

/// What `bridges.toml` says, checked.
#[derive(Debug)]
pub struct Config {
    /// `xoxb-…`
    pub bot_token: SecretString,
    /// `xapp-…`
    pub app_token: SecretString,
    /// Base URL of the Web API's methods, without a trailing slash.
    pub api: String,
}

impl Config {
    /// Reads and checks; the token types are documented at <https://docs.slack.dev/authentication/tokens/>.
    pub fn from_settings(settings: &Settings) -> Result<Self, Problem> {
        let api = match settings.urls.get("api_url") {
            None => SLACK_API.to_owned(),
            Some(base) => format!("{}/api", base.trim_end_matches('/')),
        };
        Ok(Self {
            bot_token: token(
                settings,
                "bot_token",
                "xoxb-",
                "Take the Bot User OAuth Token from api.slack.com/apps, your app, OAuth & Permissions.",
            )?,
            app_token: token(
                settings,
                "app_token",
                "xapp-",
                "Make one with the scope connections:write at api.slack.com/apps, your app, Basic Information, \
                 App-Level Tokens.",
            )?,
            api,
        })
    }
}

fn token(settings: &Settings, key: &'static str, prefix: &str, fix: &str) -> Result<SecretString, Problem> {
    let Some(secret) = settings.secrets.get(key) else {
        return Err(Problem::new(format!("`{key}` is missing."), fix));
    };
    let value = secret.expose_secret().trim();
    if !value.starts_with(prefix) {
        return Err(Problem::new(format!("`{key}` does not begin with `{prefix}`."), fix));
    }
    // It becomes an HTTP header, and the library panics on nothing but fails late.
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new(
            format!("`{key}` has white space or other characters that no token has."),
            fix,
        ));
    }
    Ok(SecretString::from(value.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use relay_contract::Account;

    fn settings(bot: &str, app: &str, url: Option<&str>) -> Settings {
        Settings {
            account: Account("work".into()),
            secrets: [("bot_token", bot), ("app_token", app)]
                .map(|(key, value)| (key, SecretString::from(value.to_owned())))
                .into(),
            texts: Default::default(),
            urls: url.map(|url| ("api_url", url.to_owned())).into_iter().collect(),
        }
    }

    #[test]
    fn tokens_and_urls() {
        let wrong = [
            ("xapp-1", "xoxb-1", "`bot_token`"),
            ("xoxb-1", "xoxb-1", "`app_token`"),
            ("", "xapp-1", "`bot_token`"),
            ("xoxb-1\nx", "xapp-1", "`bot_token`"),
        ];
        for (bot, app, key) in wrong {
            let problem = Config::from_settings(&settings(bot, app, None)).unwrap_err();
            assert!(problem.what.starts_with(key), "{problem}");
        }
        let config = Config::from_settings(&settings("xoxb-1 ", "xapp-1", None)).unwrap();
        assert_eq!(config.api, "https://slack.com/api");
        let config =
            Config::from_settings(&settings("xoxb-1", "xapp-1", Some("http://127.0.0.1:1"))).unwrap();
        assert_eq!(config.api, "http://127.0.0.1:1/api");
        assert!(!format!("{config:?}").contains("xoxb-1"));
    }
}
