//! `[channels.NAME]`: which rooms are joined, and who may join them.

use super::document::{self, Value, did_you_mean, is_misspelt, missing, names, refuse_unknown, table, text};
use super::template;
use super::{CHANNEL_KEYS, ChannelSection, Joined, LINK_KEYS, LinkSection, Mistake, RoomText, relay_section};
use crate::consent::{Level, Unsaid};
use crate::platforms::Entry;
use crate::routing::{Connect, Direction, LinkSettings, Notices};
use crate::texts::Language;
use relay_contract::{Account, NativeId};
use std::time::Duration;
use toml::de::DeTable;

/// An account's name, and its platform if there is one of that name.
pub(super) type Known<'v> = (&'v str, Option<&'static Entry>);

/// Checks one channel's section, which needs no links where the API has it; `relay_expire` is what holds where it says nothing else.
pub(super) fn channel(
    name: &str,
    value: &Value<'_>,
    (accounts, has_api): (&[Known<'_>], bool),
    relay_expire: Option<Duration>,
    mistakes: &mut Vec<Mistake>,
) -> Option<ChannelSection> {
    let place = format!("[channels.{name}]");
    let section = table(value, &place, mistakes)?;
    refuse_unknown(section, &names(CHANNEL_KEYS), &place, mistakes);
    let expire = match section.get("expire") {
        Some(value) => relay_section::expire(value, mistakes).flatten(),
        None => relay_expire,
    };
    let connect = section.get("connect").and_then(|value| connect(value, mistakes)).unwrap_or_default();
    let owners = section.get("owners").map_or_else(Vec::new, |owners| {
        let items = items(owners, "`owners`", mistakes);
        items.iter().filter_map(|item| room(item, accounts, mistakes)).collect()
    });
    let unsaid = section.get("consent").and_then(|value| unsaid(value, mistakes)).unwrap_or_default();
    let privacy = section.get("privacy").and_then(|value| level(value, mistakes)).unwrap_or_default();
    let language = section.get("language").and_then(|value| language(value, mistakes));
    let Some(links) = section.get("links") else {
        if is_misspelt(section, "links", &names(CHANNEL_KEYS)) {
            return None;
        }
        // Rooms may join it from the chat.
        if has_api || (section.get("connect").is_some() && connect != Connect::Closed) {
            let (links, joined) = (Vec::new(), Joined::default());
            return Some(ChannelSection {
                name: name.to_owned(),
                links,
                connect,
                owners,
                joined,
                expire,
                unsaid,
                privacy,
                language,
            });
        }
        mistakes.push(missing(
            value.span(),
            &format!("`links` in {place}"),
            "Add links = [\"ACCOUNT:ROOM\", …].",
        ));
        return None;
    };
    let mut found: Vec<LinkSection> = Vec::new();
    for item in items(links, "`links`", mistakes) {
        let Some(link) = link(item, accounts, mistakes) else {
            continue;
        };
        if found.iter().any(|other| other.at == link.at) {
            mistakes.push(Mistake::new(
                item.span(),
                format!("`{}:{}` is linked twice in {place}", link.at.account, link.at.room),
                "Remove one of them.",
            ));
        } else {
            found.push(link);
        }
    }
    let joined = Joined::default();
    let name = name.to_owned();
    Some(ChannelSection { name, links: found, connect, owners, joined, expire, unsaid, privacy, language })
}

fn items<'v, 'i>(value: &'v Value<'i>, what: &str, mistakes: &mut Vec<Mistake>) -> &'v [Value<'i>] {
    match value.get_ref().as_array() {
        Some(items) => items,
        None => {
            mistakes.push(document::wrong_kind(value, what, "a list in square brackets"));
            &[]
        }
    }
}

fn link(item: &Value<'_>, accounts: &[Known<'_>], mistakes: &mut Vec<Mistake>) -> Option<LinkSection> {
    if item.get_ref().is_str() {
        return Some(LinkSection {
            at: room(item, accounts, mistakes)?,
            direction: Direction::Both,
            settings: LinkSettings::default(),
        });
    }
    let section = table(item, "a link", mistakes)?;
    refuse_unknown(section, &names(LINK_KEYS), "a link", mistakes);
    let direction = match section.get("direction") {
        Some(value) => direction(value, mistakes)?,
        None => Direction::Both,
    };
    let settings = LinkSettings {
        bots: yes_or_no(section, "bots", mistakes),
        name: section.get("name").and_then(|value| name_template(value, mistakes)),
        notices: section.get("notices").and_then(|value| notices(value, mistakes)).unwrap_or_default(),
        moderates: yes_or_no(section, "moderates", mistakes),
        delete_on: section.get("delete_on").and_then(|value| emoji(value, mistakes)),
        privacy: section.get("privacy").and_then(|value| level(value, mistakes)).unwrap_or_default(),
    };
    match section.get("room") {
        Some(value) => Some(LinkSection { at: room(value, accounts, mistakes)?, direction, settings }),
        None => {
            mistakes.push(missing(item.span(), "`room` of a link", "Add room = \"ACCOUNT:ROOM\"."));
            None
        }
    }
}

fn yes_or_no(section: &DeTable<'_>, key: &str, mistakes: &mut Vec<Mistake>) -> bool {
    section.get(key).is_some_and(|value| {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            mistakes.push(document::wrong_kind(value, &format!("`{key}`"), "true or false"));
        }
        found.unwrap_or(false)
    })
}

fn name_template(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let written = text(value, "`name`", mistakes)?;
    match template::check(written) {
        Ok(()) => Some(written.to_owned()),
        Err(wrong) => {
            let (what, help) = wrong.of(written);
            mistakes.push(Mistake::new(value.span(), what, help));
            None
        }
    }
}

fn emoji(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let written = text(value, "`delete_on`", mistakes)?.trim();
    if written.is_empty() || written.chars().count() > 40 || written.chars().all(|c| c.is_ascii_digit()) {
        let what = format!("`delete_on` is not an emoji: `{}`", written.escape_debug());
        mistakes.push(Mistake::new(
            value.span(),
            what,
            "Write an emoji, or the name of one of the space's own.",
        ));
        return None;
    }
    Some(written.trim_matches(':').to_owned())
}

fn notices(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Notices> {
    let all = [("off", Notices::Off), ("digest", Notices::Digest), ("each", Notices::Each)];
    one_of(value, "notices", &all, mistakes)
}

fn direction(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Direction> {
    let all = [("both", Direction::Both), ("in", Direction::In), ("out", Direction::Out)];
    one_of(value, "direction", &all, mistakes)
}

fn connect(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Connect> {
    let all = [("open", Connect::Open), ("ask", Connect::Ask), ("closed", Connect::Closed)];
    one_of(value, "connect", &all, mistakes)
}

fn unsaid(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Unsaid> {
    let all = [("notice", Unsaid::Notice), ("opt_in", Unsaid::OptIn)];
    one_of(value, "consent", &all, mistakes)
}

/// `privacy`: how much of people is shown.
pub(super) fn level(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Level> {
    one_of(value, "privacy", &Level::ALL.map(|level| (level.word(), level)), mistakes)
}

/// `language`: what Relay itself says there is said in.
pub(super) fn language(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Language> {
    one_of(value, "language", &Language::ALL.map(|language| (language.code(), language)), mistakes)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    value: &Value<'_>,
    key: &str,
    all: &[(&str, T)],
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    let written = text(value, &format!("`{key}`"), mistakes)?;
    let found = all.iter().find(|(word, _)| *word == written).map(|(_, meant)| *meant);
    if found.is_none() {
        let help = did_you_mean(written, all.iter().map(|(word, _)| *word));
        mistakes.push(Mistake::new(value.span(), format!("there is no {key} `{written}`"), help));
    }
    found
}

/// A room that is written as `ACCOUNT:ROOM`.
pub(super) fn room(
    value: &Value<'_>,
    accounts: &[Known<'_>],
    mistakes: &mut Vec<Mistake>,
) -> Option<RoomText> {
    let written = text(value, "a room", mistakes)?;
    let (account, room) = match written.split_once(':') {
        Some((account, room)) if !account.is_empty() && !room.trim().is_empty() => (account, room.trim()),
        _ => {
            mistakes.push(Mistake::new(
                value.span(),
                format!("`{written}` does not name an account and a room"),
                "Write \"ACCOUNT:ROOM\".",
            ));
            return None;
        }
    };
    let Some((_, platform)) = accounts.iter().find(|(name, _)| *name == account) else {
        mistakes.push(Mistake::new(
            value.span(),
            format!("there is no account `{account}`"),
            did_you_mean(account, accounts.iter().map(|(name, _)| *name)),
        ));
        return None;
    };
    if room.chars().any(char::is_control) {
        let what = format!("`{}` is not the name of a room", room.escape_debug());
        mistakes.push(Mistake::new(value.span(), what, "Write its name on one line, or its id."));
        return None;
    }
    let by_name = platform.is_some_and(|platform| !(platform.room_ids.holds)(room));
    Some(RoomText { account: Account(account.to_owned()), room: NativeId::from(room), by_name })
}
