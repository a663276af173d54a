//! The meaning of a document: every section, every key, every reference.

use super::document::{self, Value, did_you_mean, is_misspelt, missing, names, refuse_unknown, table, text};
use super::masked::is_plain_word;
use super::secrets::{KINDS, Source};
use super::{
    ACCOUNT_KEYS, AccountSection, ChannelSection, Config, Mistake, alerts_section, api_section, links,
    media_section, relay_section,
};
use super::{same, shapes};
use crate::platforms;
use crate::policy::Unsure;
use relay_contract::{Account, Field, FieldKind, Settings};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeTable;

/// After how long without anything heard a connection counts as deaf, and the longest that can be asked for, in seconds.
const DEAF_AFTER: Duration = Duration::from_secs(60);
const LONGEST_DEAF: u64 = 86_400;
/// The most that `pace` can be.
const FASTEST: u32 = 10_000;

const SECTIONS: &[&str] = &["relay", "media", "alerts", "api", "accounts", "channels"];
/// The names of the API's own accounts.
const OWN_ACCOUNTS: [&str; 2] = ["api", "webhooks"];

/// Checks a document. Answers as much as could be understood; it may be used only without mistakes.
pub(super) fn check(document: &DeTable<'_>, folder: &Path, mistakes: &mut Vec<Mistake>) -> Option<Config> {
    refuse_unknown(document, SECTIONS, "the file", mistakes);
    let relay = relay_section::check(document.get("relay"), folder, mistakes);
    let media = media_section::check(document.get("media"), relay.as_ref(), mistakes);
    let mut warnings = Vec::new();
    let master_key = master_key(document, folder, (mistakes, &mut warnings));
    let api =
        api_section::check(document.get("api"), (relay.as_ref(), &media), folder, (mistakes, &mut warnings));
    let sections = named_tables(document, "accounts", mistakes);
    for (name, value) in sections.iter().filter(|(name, _)| OWN_ACCOUNTS.contains(name) && api.is_some()) {
        let what = format!("`{name}` is the name of an account of Relay's own API");
        mistakes.push(Mistake::new(value.span(), what, "Choose another name for this account."));
    }
    // Beside the API a channel needs no platform.
    if sections.is_empty() && api.is_none() {
        mistakes.push(missing(
            0..0,
            "an account",
            "Add a section [accounts.NAME] with a platform and its token.",
        ));
    }
    let known: Vec<links::Known<'_>> =
        sections.iter().map(|(name, value)| (*name, platform_of(value))).collect();
    let alerts = alerts_section::check(document.get("alerts"), &known, folder, (mistakes, &mut warnings));
    let accounts: Vec<AccountSection> = sections
        .iter()
        .filter_map(|(name, value)| account(name, value, folder, mistakes, &mut warnings))
        .collect();
    same::check(&accounts, |name, key| key_of(&sections, name, key), mistakes);
    let expire = relay.as_ref().and_then(|relay| relay.expire);
    let channels: Vec<ChannelSection> = named_tables(document, "channels", mistakes)
        .into_iter()
        .filter_map(|(name, value)| {
            let has_api = api.as_ref().is_some_and(|api| api.has(name));
            links::channel(name, value, (&known, has_api), expire, mistakes)
        })
        .collect();
    if channels.is_empty() {
        warnings.push("There is no [channels.NAME] section: nothing is carried anywhere. Write one, with the rooms to join in its `links`.".into());
    }
    api_section::channels_exist(document.get("api"), &channels, mistakes);
    // Whoever has read the file says which it is.
    let path = PathBuf::new();
    Some(Config { path, relay: relay?, media, alerts, api, accounts, channels, master_key, warnings })
}

fn platform_of(account: &Value<'_>) -> Option<&'static platforms::Entry> {
    platforms::named(account.get_ref().as_table()?.get("platform")?.get_ref().as_str()?)
}

/// Where a key of a section stands.
fn key_of(sections: &[(&str, &Value<'_>)], name: &str, key: &str) -> Range<usize> {
    let section = sections.iter().find(|(other, _)| *other == name).map(|(_, section)| section);
    let value = section.and_then(|section| section.get_ref().as_table()?.get(key));
    value.map_or(0..0, Value::span)
}

/// The tables inside a section such as `[accounts.NAME]`.
fn named_tables<'v, 'i>(
    document: &'v DeTable<'i>,
    section: &str,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(&'v str, &'v Value<'i>)> {
    let Some(value) = document.get(section) else {
        return Vec::new();
    };
    let Some(inner) = table(value, &format!("[{section}]"), mistakes) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in inner {
        let name = key.get_ref().as_ref();
        if name.is_empty() || name.contains([':', '/', '\0']) || name.chars().any(char::is_control) {
            mistakes.push(Mistake::new(
                key.span(),
                format!("this cannot be a name in [{section}]"),
                "Use letters, digits, `-` and `_`.",
            ));
        }
        found.push((name, value));
    }
    found
}

fn account(
    name: &str,
    value: &Value<'_>,
    folder: &Path,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<String>,
) -> Option<AccountSection> {
    let before = mistakes.len();
    let place = format!("[accounts.{name}]");
    let section = table(value, &place, mistakes)?;
    let known_platforms = platforms::ALL.iter().map(|entry| entry.name());
    let Some(platform) = section.get("platform") else {
        let help =
            format!("Add platform = \"…\", one of {}.", known_platforms.collect::<Vec<_>>().join(", "));
        mistakes.push(missing(value.span(), &format!("`platform` in {place}"), help));
        return None;
    };
    let written = text(platform, "`platform`", mistakes)?;
    let Some(entry) = platforms::named(written) else {
        let what = match is_plain_word(written) {
            true => format!("there is no platform `{written}`"),
            false => "there is no such platform".into(),
        };
        mistakes.push(Mistake::new(platform.span(), what, did_you_mean(written, known_platforms)));
        return None;
    };
    let mut known = names(ACCOUNT_KEYS);
    known.extend(entry.fields.iter().map(|field| field.name));
    refuse_unknown(section, &known, &place, mistakes);
    let mut settings = Settings {
        account: Account(name.to_owned()),
        secrets: BTreeMap::new(),
        urls: BTreeMap::new(),
        texts: BTreeMap::new(),
    };
    for field in entry.fields {
        match section.get(field.name) {
            Some(value) => {
                read_field(field, value, folder, &mut settings, mistakes, warnings);
                let secret = settings.secrets.get(field.name).map(|secret| secret.expose_secret());
                let misplaced = secret.and_then(|secret| shapes::misplaced(entry.name(), field, secret));
                mistakes.extend(
                    misplaced
                        .map(|(what, help)| Mistake::new(value.span(), format!("{place}: {what}"), help)),
                );
            }
            None if field.required && !is_misspelt(section, field.name, &known) => {
                let what = format!("`{}` in {place}", field.name);
                let help = format!("Add {} = {}. {}", field.name, example(field), field.doc);
                mistakes.push(missing(value.span(), &what, help));
            }
            None => {}
        }
    }
    let ceilings = section.get("ceilings").is_none_or(|value| {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            mistakes.push(document::wrong_kind(value, "`ceilings`", "true or false"));
        }
        found.unwrap_or(true)
    });
    let pace = pace(section, mistakes);
    let deaf_after = deaf_after(section.get("deaf_after"), mistakes);
    let unsure = unsure(section.get("unsure"), mistakes);
    if mistakes.len() == before
        // It reads the settings and asks nobody.
        && let Err(problem) = (entry.open)(settings.clone())
    {
        let named = entry.fields.iter().find(|field| problem.what.contains(&format!("`{}`", field.name)));
        let span = named.and_then(|field| section.get(field.name)).unwrap_or(value).span();
        mistakes.push(Mistake::new(span, format!("{place}: {}", problem.what), problem.fix));
    }
    Some(AccountSection { platform: entry.name(), settings, ceilings, pace, deaf_after, unsure })
}

/// Only for a server that is not the platform's own: there the limits are what was published.
fn pace(section: &DeTable<'_>, mistakes: &mut Vec<Mistake>) -> u32 {
    let Some(value) = section.get("pace") else { return 1 };
    let pace = value.get_ref().as_integer().and_then(|pace| pace.as_str().parse::<u32>().ok());
    let pace = pace.filter(|pace| (1..=FASTEST).contains(pace));
    if pace.is_none() {
        mistakes.push(Mistake::new(
            value.span(),
            "`pace` is not a number of times",
            format!("Write a whole number from 1 to {FASTEST}, without quotes."),
        ));
    } else if section.get("api_url").is_none() {
        mistakes.push(Mistake::new(
            value.span(),
            "`pace` is not for the platform's own server",
            "Remove it, or name the compatible server with `api_url`.",
        ));
    }
    pace.unwrap_or(1)
}

fn deaf_after(value: Option<&Value<'_>>, mistakes: &mut Vec<Mistake>) -> Duration {
    let Some(value) = value else { return DEAF_AFTER };
    let seconds = value.get_ref().as_integer().and_then(|seconds| seconds.as_str().parse::<u64>().ok());
    let seconds = seconds.filter(|seconds| (1..=LONGEST_DEAF).contains(seconds));
    if seconds.is_none() {
        mistakes.push(Mistake::new(
            value.span(),
            "`deaf_after` is not a number of seconds",
            format!("Write a whole number from 1 to {LONGEST_DEAF}, without quotes."),
        ));
    }
    seconds.map_or(DEAF_AFTER, Duration::from_secs)
}

fn unsure(value: Option<&Value<'_>>, mistakes: &mut Vec<Mistake>) -> Unsure {
    let Some(value) = value else { return Unsure::default() };
    match document::text(value, "`unsure`", mistakes) {
        Some("repeat") | None => Unsure::Repeat,
        Some("hold") => Unsure::Hold,
        Some(_) => {
            let what = "`unsure` is neither \"repeat\" nor \"hold\"";
            mistakes.push(Mistake::new(
                value.span(),
                what,
                "Write unsure = \"repeat\" or unsure = \"hold\".",
            ));
            Unsure::Repeat
        }
    }
}

fn read_field(
    field: &Field,
    value: &Value<'_>,
    folder: &Path,
    settings: &mut Settings,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<String>,
) {
    match field.kind {
        FieldKind::Secret | FieldKind::SecretLines => {
            if let Some(secret) = secret(field, value, folder, mistakes, warnings) {
                settings.secrets.insert(field.name, secret);
            }
        }
        FieldKind::Url(schemes) => {
            if let Some(url) = url(field, value, schemes, mistakes) {
                settings.urls.insert(field.name, url);
            }
        }
        FieldKind::Text => {
            if let Some(words) = words(field, value, mistakes) {
                settings.texts.insert(field.name, words);
            }
        }
    }
}

/// `master_key` of `[relay]`.
pub(super) fn master_key(
    document: &DeTable<'_>,
    folder: &Path,
    (mistakes, warnings): (&mut Vec<Mistake>, &mut Vec<String>),
) -> Option<SecretString> {
    const MASTER_KEY: Field =
        Field { name: "master_key", kind: FieldKind::Secret, required: false, doc: "The master key." };
    let value = document.get("relay")?.get_ref().as_table()?.get("master_key")?;
    secret(&MASTER_KEY, value, folder, mistakes, warnings)
}

pub(super) fn secret(
    field: &Field,
    value: &Value<'_>,
    folder: &Path,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<String>,
) -> Option<SecretString> {
    let name = field.name;
    if value.get_ref().is_str() {
        mistakes.push(Mistake::new(
            value.span(),
            format!("`{name}` stands in the file in plain text"),
            format!(
                "A secret does not belong here. Write {name} = {} or {{ file = \"…\" }}.",
                example(field)
            ),
        ));
        return None;
    }
    let source = table(value, &format!("`{name}`"), mistakes)?;
    refuse_unknown(source, KINDS, &format!("`{name}`"), mistakes);
    let named: Vec<_> = source.iter().filter(|(key, _)| KINDS.contains(&key.get_ref().as_ref())).collect();
    let [(kind, from)] = named.as_slice() else {
        mistakes.push(Mistake::new(
            value.span(),
            format!("`{name}` names {} sources", named.len()),
            format!(
                "Write one: {name} = {}, {{ file = \"…\" }} or {{ credential = \"…\" }}.",
                example(field)
            ),
        ));
        return None;
    };
    let written = text(from, &format!("`{}` of `{name}`", kind.get_ref()), mistakes)?;
    let source = Source::new(kind.get_ref(), written, folder)?;
    warnings.extend(source.warning());
    match source.read(field.kind == FieldKind::SecretLines) {
        Ok(secret) => Some(secret),
        Err((what, help)) => {
            mistakes.push(Mistake::new(from.span(), format!("`{name}`: {what}"), help));
            None
        }
    }
}

fn url(field: &Field, value: &Value<'_>, schemes: &[&str], mistakes: &mut Vec<Mistake>) -> Option<String> {
    let written = text(value, &format!("`{}`", field.name), mistakes)?;
    let sound = url::Url::parse(written)
        .is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host() && url.username().is_empty());
    if !sound {
        mistakes.push(Mistake::new(
            value.span(),
            format!("`{}` is not a URL that can be used here", field.name),
            format!("Write it like \"{}://host:port\".", schemes.first().unwrap_or(&"https")),
        ));
    }
    sound.then(|| written.trim_end_matches('/').to_owned())
}

fn words(field: &Field, value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let written = text(value, &format!("`{}`", field.name), mistakes)?.trim();
    if written.is_empty() || written.chars().any(char::is_control) {
        mistakes.push(Mistake::new(
            value.span(),
            format!("`{}` says nothing, or more than a line", field.name),
            "Write it on one line, or leave the key out.",
        ));
        return None;
    }
    Some(written.to_owned())
}

fn example(field: &Field) -> String {
    match field.kind {
        FieldKind::SecretLines => "{ file = \"…\" }".to_owned(),
        FieldKind::Secret => format!("{{ env = \"{}\" }}", field.name.to_uppercase()),
        FieldKind::Url(schemes) => format!("\"{}://…\"", schemes.first().unwrap_or(&"https")),
        FieldKind::Text => "\"…\"".to_owned(),
    }
}
