//! `[alerts]`: who is told what needs a person, and when.

use super::check::secret;
use super::document::{Value, missing, names, refuse_unknown, table, text, wrong_kind};
use super::{
    ALERTS_KEYS, AlertHook, AlertMail, AlertsSection, HOOK_KEYS, MAIL_KEYS, MailTls, Mistake, links,
};
use crate::quiet::Quiet;
use crate::signed::Key;
use crate::spans;
use jiff::tz::TimeZone;
use relay_contract::{Field, FieldKind};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;
use toml::de::DeTable;
use url::Url;

/// What counts as late where nothing is written, and the most that can be.
const LATE: Duration = Duration::from_secs(300);
const LATEST: Duration = Duration::from_secs(86_400);

/// Where mistakes go, and what works and should be changed all the same.
type Said<'a> = (&'a mut Vec<Mistake>, &'a mut Vec<String>);

/// Checks the section.
pub(super) fn check(
    value: Option<&Value<'_>>,
    accounts: &[links::Known<'_>],
    folder: &Path,
    (mistakes, warnings): Said<'_>,
) -> Option<AlertsSection> {
    let value = value?;
    let section = table(value, "[alerts]", mistakes)?;
    refuse_unknown(section, &names(ALERTS_KEYS), "[alerts]", mistakes);
    let room = section.get("room").and_then(|written| links::room(written, accounts, mistakes));
    let late = section.get("late").and_then(|written| late(written, mistakes)).unwrap_or(LATE);
    let webhook =
        section.get("webhook").and_then(|written| webhook(written, folder, (&mut *mistakes, &mut *warnings)));
    let email =
        section.get("email").and_then(|written| email(written, folder, (&mut *mistakes, &mut *warnings)));
    let quiet = quiet(section, mistakes);
    if !["room", "webhook", "email"].iter().any(|way| section.contains_key(*way)) {
        let help = "Add room = \"ACCOUNT:ROOM\", webhook = \"https://…\" or a section [alerts.email].";
        mistakes.push(missing(value.span(), "whom [alerts] tells", help));
    }
    Some(AlertsSection { room, quiet, late, webhook, email })
}

fn late(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Duration> {
    let span = spans::read(text(written, "`late`", mistakes)?).filter(|span| *span <= LATEST);
    if span.is_none() {
        let help = "Write it like \"5 minutes\": a day at most.";
        mistakes.push(Mistake::new(written.span(), "`late` is not a span of time that can be meant", help));
    }
    span
}

fn quiet(section: &DeTable<'_>, mistakes: &mut Vec<Mistake>) -> Option<Quiet> {
    let zone = match section.get("time_zone") {
        Some(written) => zone(written, mistakes)?,
        None => TimeZone::system(),
    };
    let written = section.get("quiet")?;
    let quiet = Quiet::read(text(written, "`quiet`", mistakes)?, zone);
    if quiet.is_none() {
        let help = "Write it like \"22:00-07:00\".";
        mistakes.push(Mistake::new(written.span(), "`quiet` does not name hours of the day", help));
    }
    quiet
}

fn zone(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<TimeZone> {
    let name = text(written, "`time_zone`", mistakes)?;
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let help = "Write it like \"Europe/Berlin\" or \"UTC\"; where this machine has no list of time zones, install tzdata.";
        mistakes.push(Mistake::new(written.span(), "`time_zone` is not known here", help));
    }
    zone
}

/// `webhook = "https://…"`, or a section with more.
fn webhook(written: &Value<'_>, folder: &Path, (mistakes, warnings): Said<'_>) -> Option<AlertHook> {
    if written.get_ref().is_str() {
        let url = url(written, text(written, "`webhook`", mistakes)?, false, mistakes)?;
        return Some(AlertHook { url, key: None, private: false });
    }
    let place = "[alerts.webhook]";
    let section = table(written, "`webhook` in [alerts]", mistakes)?;
    refuse_unknown(section, &names(HOOK_KEYS), place, mistakes);
    let private = section.get("private").is_some_and(|written| flag(written, "`private`", mistakes));
    let key = match section.get("secret") {
        Some(written) => Some(signing_key(written, folder, (&mut *mistakes, &mut *warnings))?),
        None => None,
    };
    let Some(written) = section.get("url") else {
        mistakes.push(missing(written.span(), &format!("`url` in {place}"), "Add url = \"https://…\"."));
        return None;
    };
    // Many of them are secrets themselves: whoever knows one may say something.
    let url = match written.get_ref().is_str() {
        true => url(written, text(written, "`url`", mistakes)?, private, mistakes)?,
        false => {
            const URL: Field =
                Field { name: "url", kind: FieldKind::Secret, required: true, doc: "Where to." };
            let read = secret(&URL, written, folder, mistakes, warnings)?;
            url(written, read.expose_secret(), private, mistakes)?
        }
    };
    Some(AlertHook { url, key, private })
}

fn url(place: &Value<'_>, written: &str, private: bool, mistakes: &mut Vec<Mistake>) -> Option<Url> {
    let url = Url::parse(written).ok().filter(|url| {
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        url.has_host() && plain && (url.scheme() == "https" || (private && url.scheme() == "http"))
    });
    if url.is_none() {
        let help =
            "Write it like \"https://host/path\"; with private = true in [alerts.webhook], http will do.";
        mistakes.push(Mistake::new(place.span(), "this is not a URL that can be called here", help));
    }
    url
}

fn signing_key(written: &Value<'_>, folder: &Path, (mistakes, warnings): Said<'_>) -> Option<Key> {
    const SECRET: Field =
        Field { name: "secret", kind: FieldKind::Secret, required: false, doc: "What both sides know." };
    let key = Key::read(&secret(&SECRET, written, folder, mistakes, warnings)?);
    if key.is_none() {
        let help = "Make one with: echo \"whsec_$(openssl rand -base64 32)\"";
        let what = "`secret` is not `whsec_` with 24 to 64 bytes in base64 behind it";
        mistakes.push(Mistake::new(written.span(), what, help));
    }
    key
}

fn flag(written: &Value<'_>, what: &str, mistakes: &mut Vec<Mistake>) -> bool {
    let flag = written.get_ref().as_bool();
    if flag.is_none() {
        mistakes.push(wrong_kind(written, what, "true or false"));
    }
    flag.unwrap_or_default()
}

fn email(written: &Value<'_>, folder: &Path, (mistakes, warnings): Said<'_>) -> Option<AlertMail> {
    let place = "[alerts.email]";
    let section = table(written, place, mistakes)?;
    refuse_unknown(section, &names(MAIL_KEYS), place, mistakes);
    let before = mistakes.len();
    let needed = |key: &str, example: &str, mistakes: &mut Vec<Mistake>| {
        let found = section.get(key);
        if found.is_none() {
            let help = format!("Add {key} = {example}.");
            mistakes.push(missing(written.span(), &format!("`{key}` in {place}"), help));
        }
        found
    };
    let server = needed("server", "\"smtp.example.org\"", mistakes)
        .and_then(|value| text(value, "`server`", mistakes).map(|server| (value, server)));
    let from = needed("from", "\"relay@example.org\"", mistakes)
        .and_then(|value| address(value, text(value, "`from`", mistakes)?, mistakes));
    let to = needed("to", "\"you@example.org\"", mistakes).map(|value| addresses(value, mistakes));
    let tls = section.get("tls").map_or(Some(MailTls::StartTls), |value| tls(value, mistakes));
    let login = login(section, folder, (&mut *mistakes, &mut *warnings));
    let port = section.get("port").and_then(|value| port(value, mistakes));
    if let (Some((value, name)), Some(MailTls::None)) = (server, tls)
        && !["localhost", "127.0.0.1", "::1"].contains(&name)
    {
        let what = "without TLS a mail server may be on this machine only";
        mistakes.push(Mistake::new(value.span(), what, "Write tls = \"starttls\" or tls = \"tls\"."));
    }
    if mistakes.len() > before {
        return None;
    }
    let tls = tls?;
    let usual = match tls {
        MailTls::StartTls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let server = server?.1.to_owned();
    Some(AlertMail { server, port: port.unwrap_or(usual), tls, login, from: from?, to: to? })
}

fn tls(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<MailTls> {
    let all = [("starttls", MailTls::StartTls), ("tls", MailTls::Tls), ("none", MailTls::None)];
    links::one_of(written, "tls", &all, mistakes)
}

fn port(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<u16> {
    let port = written.get_ref().as_integer().and_then(|port| port.as_str().parse::<u16>().ok());
    if port.is_none_or(|port| port == 0) {
        let help = "Write a whole number from 1 to 65535, without quotes.";
        mistakes.push(Mistake::new(written.span(), "`port` is not a port", help));
    }
    port
}

/// `user` and `password`, which belong together.
fn login(
    section: &DeTable<'_>,
    folder: &Path,
    (mistakes, warnings): Said<'_>,
) -> Option<(String, SecretString)> {
    const PASSWORD: Field =
        Field { name: "password", kind: FieldKind::Secret, required: true, doc: "The mailbox's password." };
    let (user, password) = (section.get("user"), section.get("password"));
    match (user, password) {
        (Some(user), Some(password)) => {
            let user = text(user, "`user`", mistakes).map(str::to_owned);
            Some((user?, secret(&PASSWORD, password, folder, mistakes, warnings)?))
        }
        (Some(alone), None) | (None, Some(alone)) => {
            let what = "`user` and `password` in [alerts.email] belong together";
            mistakes.push(Mistake::new(alone.span(), what, "Write both, or neither."));
            None
        }
        (None, None) => None,
    }
}

/// One address, or a list of them.
fn addresses(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Vec<String> {
    let Some(items) = written.get_ref().as_array() else {
        let one = text(written, "`to`", mistakes).and_then(|one| address(written, one, mistakes));
        return one.into_iter().collect();
    };
    if items.is_empty() {
        mistakes.push(missing(written.span(), "an address in `to`", "Write to = \"you@example.org\"."));
    }
    items.iter().filter_map(|item| address(item, text(item, "an address", mistakes)?, mistakes)).collect()
}

/// Roughly: what is wrong in particular the mail server says.
fn address(place: &Value<'_>, written: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@,;\"".contains(c))
    };
    let sound = written.split_once('@').is_some_and(|(name, domain)| plain(name) && plain(domain));
    if !sound {
        let what = "this is not an email address";
        mistakes.push(Mistake::new(place.span(), what, "Write it like \"you@example.org\", without a name."));
    }
    sound.then(|| written.to_owned())
}
