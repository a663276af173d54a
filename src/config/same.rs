//! Two accounts of one bot: some platforms give each thing that happens to one of its connections, and the other never hears of it.

use super::{AccountSection, Mistake};
use relay_contract::Settings;
use secrecy::ExposeSecret;
use std::ops::Range;

/// Whether a secret is of one bot alone; a password may be alike in two places.
fn is_of_one_bot(key: &str) -> bool {
    key.ends_with("token") || key == "registration"
}

/// The key of a secret that is the same in two accounts of one platform and one server.
pub fn shared_secret(
    (platform, one): (&str, &Settings),
    (other_platform, other): (&str, &Settings),
) -> Option<&'static str> {
    if platform != other_platform || one.urls != other.urls {
        return None;
    }
    let mut secrets = one.secrets.iter().filter(|(key, _)| is_of_one_bot(key));
    let is_same = |key: &&'static str, secret: &str| {
        other.secrets.get(*key).is_some_and(|other| other.expose_secret() == secret)
    };
    secrets.find(|(key, secret)| is_same(key, secret.expose_secret())).map(|(key, _)| *key)
}

/// Platforms whose bots are one connection each: of two, Slack and Telegram tell one of what happens, and on Discord both answer it.
const IS_ONE: [&str; 3] = ["slack", "telegram", "discord"];

/// Every account that is the bot of another one; `place` says where a key of an account stands in the file.
pub(super) fn check(
    accounts: &[AccountSection],
    place: impl Fn(&str, &str) -> Range<usize>,
    mistakes: &mut Vec<Mistake>,
) {
    for (at, later) in accounts.iter().enumerate().filter(|(_, later)| IS_ONE.contains(&later.platform)) {
        let same = accounts.iter().take(at).find_map(|first| {
            let key = shared_secret((first.platform, &first.settings), (later.platform, &later.settings))?;
            Some((key, &first.settings.account))
        });
        let Some((key, first)) = same else { continue };
        // The one that stands further down in the file.
        let (of, name) = (first, &later.settings.account);
        let is_first = place(&name.0, key).start < place(&of.0, key).start;
        let (first, name) = if is_first { (name, of) } else { (of, name) };
        mistakes.push(Mistake::new(
            place(&name.0, key),
            format!("`{key}` of [accounts.{name}] is also that of [accounts.{first}]: a bot is one account"),
            format!("Remove [accounts.{name}], and write {first}:ROOM in `links`; or make a bot of its own for it, with its own token."),
        ));
    }
}
