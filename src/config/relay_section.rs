//! `[relay]`: the process itself.

use super::document::{Value, names, refuse_unknown, table, text};
use super::links;
use super::media_section::{MOST_DAYS, bytes};
use super::{Mistake, RELAY_KEYS, RelaySection, Reload};
use crate::consent::Level;
use crate::flood::{self, Flood};
use crate::policy::CatchUpLimits;
use crate::spans;
use crate::texts::Language;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The furthest that can be asked for: ten years.
const MOST_HOURS: u32 = 87_600;
/// The most that can be asked for.
const MOST_MESSAGES: u32 = 1_000_000;

/// Longest path of a Unix socket in bytes: `sun_path` has 108, the last of them zero (unix(7)).
const LONGEST_SOCKET: usize = 107;
/// What is kept and left free where nothing is written.
const KEEP_DAYS: u32 = 90;
const AUDIT_DAYS: u32 = 365;
const LEAST_FREE: u64 = 200_000_000;
/// What the socket's path has more than the folder's.
pub(super) const SOCKET: &str = "/control.sock";

/// The state directory where none is written.
pub(super) fn default_dir(folder: &Path) -> PathBuf {
    std::env::var_os("STATE_DIRECTORY").map_or_else(|| folder.join("relay-data"), PathBuf::from)
}

/// Checks the section. Answers as much as could be understood, and reports all that could not.
pub(super) fn check(
    value: Option<&Value<'_>>,
    folder: &Path,
    mistakes: &mut Vec<Mistake>,
) -> Option<RelaySection> {
    let Some(value) = value else {
        let data_dir = default_dir(folder);
        usable(&data_dir, 0..0, mistakes);
        let (catch_up, flood) = (CatchUpLimits::default(), Some(Flood::default()));
        return Some(RelaySection {
            data_dir,
            listen: None,
            catch_up,
            flood,
            expire: None,
            keep_days: Some(KEEP_DAYS),
            audit_days: Some(AUDIT_DAYS),
            least_free: LEAST_FREE,
            privacy: Level::default(),
            language: Language::default(),
            tell_rooms: true,
            reload: Reload::default(),
        });
    };
    let section = table(value, "[relay]", mistakes)?;
    refuse_unknown(section, &names(RELAY_KEYS), "[relay]", mistakes);
    let data_dir = match section.get("data_dir") {
        Some(value) => text(value, "`data_dir`", mistakes).map(|written| folder.join(written)),
        None => Some(default_dir(folder)),
    };
    if let Some(data_dir) = &data_dir {
        usable(data_dir, section.get("data_dir").map_or(value.span(), toml::Spanned::span), mistakes);
    }
    let listen = section.get("listen").and_then(|value| {
        let address = text(value, "`listen`", mistakes)?.parse::<SocketAddr>();
        if address.is_err() {
            mistakes.push(Mistake::new(
                value.span(),
                "`listen` is not an address with a port",
                "Write it like \"127.0.0.1:8722\".",
            ));
        }
        address.ok()
    });
    let mut catch_up = CatchUpLimits::default();
    if let Some(hours) = whole(section.get("catch_up_hours"), "catch_up_hours", MOST_HOURS, mistakes) {
        catch_up.age = Duration::from_secs(u64::from(hours) * 3_600);
    }
    if let Some(messages) =
        whole(section.get("catch_up_messages"), "catch_up_messages", MOST_MESSAGES, mistakes)
    {
        catch_up.messages = messages;
    }
    let flood = section.get("flood").map_or(Some(Some(Flood::default())), |value| {
        let read = flood::read(text(value, "`flood`", mistakes)?);
        if read.is_none() {
            mistakes.push(Mistake::new(
                value.span(),
                "`flood` is not so much a minute",
                "Write it like \"30 per minute\", \"30 per minute, 60 at once\", or \"off\".",
            ));
        }
        read
    });
    let expire = section.get("expire").and_then(|value| expire(value, mistakes)).flatten();
    let keep_days = match section.get("keep_days") {
        Some(written) => days(written, ("keep_days", "for ever"), mistakes).unwrap_or(KEEP_DAYS),
        None => KEEP_DAYS,
    };
    let audit_days = match section.get("audit_days") {
        Some(written) => days(written, ("audit_days", "nothing"), mistakes).unwrap_or(AUDIT_DAYS),
        None => AUDIT_DAYS,
    };
    let least_free = section.get("least_free").and_then(|written| bytes(written, "least_free", mistakes));
    Some(RelaySection {
        data_dir: data_dir?,
        listen,
        catch_up,
        flood: flood?,
        expire,
        keep_days: (keep_days > 0).then_some(keep_days),
        audit_days: (audit_days > 0).then_some(audit_days),
        least_free: least_free.unwrap_or(LEAST_FREE),
        privacy: section.get("privacy").and_then(|value| links::level(value, mistakes)).unwrap_or_default(),
        language: section
            .get("language")
            .and_then(|value| links::language(value, mistakes))
            .unwrap_or_default(),
        tell_rooms: section
            .get("tell_rooms")
            .and_then(|value| truth(value, "tell_rooms", mistakes))
            .unwrap_or(true),
        reload: section.get("reload").and_then(|value| reload(value, mistakes)).unwrap_or_default(),
    })
}

fn reload(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Reload> {
    let all = [("on_change", Reload::OnChange), ("asked", Reload::Asked)];
    links::one_of(value, "reload", &all, mistakes)
}

/// True or false.
fn truth(value: &Value<'_>, key: &str, mistakes: &mut Vec<Mistake>) -> Option<bool> {
    let found = value.get_ref().as_bool();
    if found.is_none() {
        let what = format!("`{key}` is {}", value.get_ref().type_str());
        mistakes.push(Mistake::new(value.span(), what, "Write true or false, without quotes."));
    }
    found
}

/// A whole number up to `most`.
fn whole(value: Option<&Value<'_>>, key: &str, most: u32, mistakes: &mut Vec<Mistake>) -> Option<u32> {
    let value = value?;
    let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
    let number = number.filter(|number| *number <= most);
    if number.is_none() {
        let what = format!("`{key}` is not a number that can be meant");
        let help = format!("Write a whole number from 0 to {most}, without quotes.");
        mistakes.push(Mistake::new(value.span(), what, help));
    }
    number
}

/// `expire`: a span of time, or never.
pub(super) fn expire(value: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Option<Duration>> {
    let written = text(value, "`expire`", mistakes)?;
    if written == "never" {
        return Some(None);
    }
    let span = spans::read(written);
    if span.is_none() {
        mistakes.push(Mistake::new(
            value.span(),
            "`expire` is not a span of time",
            "Write it like \"7 days\" or \"12 hours\", or \"never\".",
        ));
    }
    span.map(Some)
}

/// A number of days, of which none means something else.
fn days(written: &Value<'_>, (key, none): (&str, &str), mistakes: &mut Vec<Mistake>) -> Option<u32> {
    let days = written.get_ref().as_integer().and_then(|days| days.as_str().parse::<u32>().ok());
    let days = days.filter(|days| *days <= MOST_DAYS);
    if days.is_none() {
        mistakes.push(Mistake::new(
            written.span(),
            format!("`{key}` is not a number of days"),
            format!("Write a whole number from 0 ({none}) to {MOST_DAYS}, without quotes."),
        ));
    }
    days
}

fn usable(data_dir: &Path, span: std::ops::Range<usize>, mistakes: &mut Vec<Mistake>) {
    let most = LONGEST_SOCKET - SOCKET.len();
    let length = data_dir.as_os_str().as_bytes().len();
    if length > most {
        mistakes.push(Mistake::new(
            span,
            format!("`data_dir` is a path of {length} bytes, too long for the control socket in it"),
            format!("Name a folder whose path has at most {most} bytes."),
        ));
    } else if data_dir.exists() && !data_dir.is_dir() {
        mistakes.push(Mistake::new(
            span,
            format!("`data_dir` is {}, which is not a folder", data_dir.display()),
            "Name a folder; it is made if it is not there.",
        ));
    }
}
