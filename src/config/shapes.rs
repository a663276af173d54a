//! What a credential looks like, so that one that was pasted into another's place is named before anything is asked. The credential
//! itself is never shown.

use relay_contract::Field;

/// A kind of credential.
struct Shape {
    /// In words, with what it begins with.
    what: &'static str,
    /// The platform and the key that it is for; none where Relay has no use for it.
    home: Option<(&'static str, &'static str)>,
    holds: fn(&str) -> bool,
}

/// The kinds that can be told. Slack's are listed at <https://docs.slack.dev/authentication/tokens/>, Telegram's at
/// <https://core.telegram.org/bots/api#authorizing-your-bot>, Discord's at <https://discord.com/developers/docs/reference#authentication>.
const SHAPES: &[Shape] = &[
    Shape {
        what: "a Slack bot token (xoxb-…)",
        home: Some(("slack", "bot_token")),
        holds: |secret| secret.starts_with("xoxb-"),
    },
    Shape {
        what: "a Slack app-level token (xapp-…)",
        home: Some(("slack", "app_token")),
        holds: |secret| secret.starts_with("xapp-"),
    },
    Shape { what: "a Slack user token (xoxp-…)", home: None, holds: |secret| secret.starts_with("xoxp-") },
    Shape {
        what: "a Slack configuration or refresh token (xoxe…)",
        home: None,
        holds: |secret| secret.starts_with("xoxe"),
    },
    Shape {
        what: "the URL of a webhook",
        home: None,
        holds: |secret| secret.starts_with("https://") && secret.contains("hook"),
    },
    Shape {
        what: "a Telegram bot token (digits, a colon, 35 characters)",
        home: Some(("telegram", "token")),
        holds: is_telegram,
    },
    Shape {
        what: "a Discord bot token (three parts with dots between them)",
        home: Some(("discord", "token")),
        holds: is_discord,
    },
    Shape {
        what: "a Discord application's public key (64 hexadecimal digits)",
        home: None,
        holds: |secret| secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()),
    },
    Shape {
        what: "an id (digits alone)",
        home: None,
        holds: |secret| (15..=21).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_digit()),
    },
    Shape {
        what: "a Matrix access token (syt_…)",
        home: Some(("matrix", "access_token")),
        holds: |secret| secret.starts_with("syt_") || secret.starts_with("mat_"),
    },
];

fn is_telegram(secret: &str) -> bool {
    secret.split_once(':').is_some_and(|(id, rest)| {
        (6..=12).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && (30..=45).contains(&rest.len())
            && rest.bytes().all(is_url_safe)
    })
}

fn is_discord(secret: &str) -> bool {
    let parts: Vec<&str> = secret.strip_prefix("Bot ").unwrap_or(secret).split('.').collect();
    let [id, time, rest] = parts.as_slice() else { return false };
    let shaped = (18..=30).contains(&id.len()) && (5..=8).contains(&time.len()) && rest.len() >= 25;
    shaped && parts.iter().all(|part| part.bytes().all(is_url_safe))
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// What a credential is instead of what is wanted in this place; none where it can be the right one, or nobody can tell.
pub fn misplaced(platform: &str, field: &Field, secret: &str) -> Option<(String, String)> {
    // Places of other secrets, such as an IRC password, may hold anything.
    let is_known = SHAPES.iter().any(|shape| shape.home == Some((platform, field.name)));
    let secret = secret.trim();
    let shape = SHAPES.iter().find(|shape| (shape.holds)(secret)).filter(|_| is_known)?;
    if shape.home == Some((platform, field.name)) {
        return None;
    }
    let belongs = match shape.home {
        Some((of, key)) if of == platform => format!(", which belongs into `{key}`"),
        Some((of, key)) => format!(", which is `{key}` of an account with platform = \"{of}\""),
        None => String::new(),
    };
    Some((format!("the secret of `{}` is {}{belongs}", field.name, shape.what), field.doc.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms;
    use secrecy::{ExposeSecret, SecretString};

    fn field(platform: &str, name: &str) -> &'static Field {
        let entry = platforms::named(platform).unwrap();
        entry.fields.iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn what_stands_in_anothers_place_is_named_and_never_shown() {
        let discord = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
        let telegram = "7000000001:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc";
        let cases = [
            ("discord", "token", discord, None),
            ("discord", "token", "demo-discord-token", None),
            ("discord", "token", telegram, Some("`token` of an account with platform = \"telegram\"")),
            ("discord", "token", "xoxb-1-abc", Some("Slack bot token")),
            ("discord", "token", "198622483471925248", Some("an id")),
            ("discord", "token", "https://discord.com/api/webhooks/1/abc", Some("URL of a webhook")),
            ("slack", "bot_token", "xoxb-1-abc", None),
            ("slack", "bot_token", "xapp-1-abc", Some("belongs into `app_token`")),
            ("slack", "bot_token", "xoxp-1-abc", Some("user token")),
            ("slack", "app_token", "xoxb-1-abc", Some("belongs into `bot_token`")),
            ("telegram", "token", telegram, None),
            ("telegram", "token", discord, Some("Discord bot token")),
            ("matrix", "access_token", "syt_cmVsYXk_abc", None),
            ("matrix", "access_token", "hunter2", None),
            ("matrix", "access_token", telegram, Some("Telegram bot token")),
            ("irc", "password", "xoxb-1-abc", None),
        ];
        for (platform, name, secret, says) in cases {
            let secret = SecretString::from(secret.to_owned());
            let told = misplaced(platform, field(platform, name), secret.expose_secret());
            match (&told, says) {
                (None, None) => {}
                (Some((what, help)), Some(says)) => {
                    assert!(what.contains(says) && !help.is_empty(), "{platform} {name}: {what}");
                    assert!(!what.contains(secret.expose_secret()), "{what}");
                }
                _ => panic!("{platform} {name}: {told:?}"),
            }
        }
    }
}
