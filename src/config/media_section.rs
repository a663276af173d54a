//! `[media]`: how files are kept and given out.

use super::document::{Value, names, refuse_unknown, table, text, wrong_kind};
use super::{MEDIA_KEYS, MediaSection, Mistake, RelaySection};
use crate::sizes;
use std::net::SocketAddr;
use toml::de::DeTable;

/// The longest that files are kept, in days.
pub(super) const MOST_DAYS: u32 = 3650;

/// Checks the section. Answers as much as could be understood, and reports all that could not.
pub(super) fn check(
    value: Option<&Value<'_>>,
    relay: Option<&RelaySection>,
    mistakes: &mut Vec<Mistake>,
) -> MediaSection {
    let mut media = MediaSection::default();
    let Some(value) = value else { return media };
    let Some(section) = table(value, "[media]", mistakes) else { return media };
    refuse_unknown(section, &names(MEDIA_KEYS), "[media]", mistakes);
    if let Some(written) = section.get("listen") {
        media.listen = listen(written, relay, mistakes);
    }
    if let Some(written) = section.get("url") {
        media.url = url(written, mistakes);
    }
    belong_together(section, value, mistakes);
    if let Some(written) = section.get("keep_days") {
        let days = written.get_ref().as_integer().and_then(|days| days.as_str().parse::<u32>().ok());
        match days.filter(|days| (1..=MOST_DAYS).contains(days)) {
            Some(days) => media.keep_days = days,
            None => mistakes.push(Mistake::new(
                written.span(),
                "`keep_days` is not a number of days",
                format!("Write a whole number from 1 to {MOST_DAYS}, without quotes."),
            )),
        }
    }
    for (key, size) in [("most", &mut media.most), ("largest", &mut media.largest)] {
        if let Some(written) = section.get(key)
            && let Some(bytes) = bytes(written, key, mistakes)
        {
            *size = bytes;
        }
    }
    if media.largest > media.most {
        media.largest = media.most;
        if let Some(written) = section.get("largest") {
            mistakes.push(Mistake::new(
                written.span(),
                "`largest` is more than `most`, all that is kept",
                format!("Write at most \"{}\".", sizes::in_words(media.most)),
            ));
        }
    }
    if let Some(written) = section.get("strip_metadata") {
        match written.get_ref().as_bool() {
            Some(strip) => media.strip_metadata = strip,
            None => mistakes.push(wrong_kind(written, "`strip_metadata`", "true or false")),
        }
    }
    media
}

fn listen(
    written: &Value<'_>,
    relay: Option<&RelaySection>,
    mistakes: &mut Vec<Mistake>,
) -> Option<SocketAddr> {
    let Ok(address) = text(written, "`listen`", mistakes)?.parse::<SocketAddr>() else {
        mistakes.push(Mistake::new(
            written.span(),
            "`listen` is not an address with a port",
            "Write it like \"127.0.0.1:8723\".",
        ));
        return None;
    };
    if relay.and_then(|relay| relay.listen) == Some(address) && address.port() != 0 {
        mistakes.push(Mistake::new(
            written.span(),
            "`listen` is the same as in [relay]",
            "Files are served from an address of their own: choose another port.",
        ));
    }
    Some(address)
}

fn url(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let text = text(written, "`url`", mistakes)?;
    let sound = url::Url::parse(text).is_ok_and(|url| {
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && plain && bare
    });
    if !sound {
        mistakes.push(Mistake::new(
            written.span(),
            "`url` is not a URL that links can begin with",
            "Write it like \"https://media.example.org\".",
        ));
    }
    sound.then(|| text.trim_end_matches('/').to_owned())
}

fn belong_together(section: &DeTable<'_>, header: &Value<'_>, mistakes: &mut Vec<Mistake>) {
    let (there, missing, help) = match (section.contains_key("listen"), section.contains_key("url")) {
        (true, false) => {
            ("listen", "url", "Add url = \"https://…\": the address under which people reach it.")
        }
        (false, true) => {
            ("url", "listen", "Add listen = \"127.0.0.1:8723\": the address that files are served on.")
        }
        _ => return,
    };
    let span = section.get(there).map_or(header.span(), toml::Spanned::span);
    mistakes.push(Mistake::new(span, format!("`{there}` in [media] needs `{missing}`"), help));
}

/// A size that is written in words.
pub(super) fn bytes(written: &Value<'_>, key: &str, mistakes: &mut Vec<Mistake>) -> Option<u64> {
    let what = format!("`{key}`");
    let bytes = sizes::read(text(written, &what, mistakes)?);
    if bytes.is_none() {
        mistakes.push(Mistake::new(
            written.span(),
            format!("{what} is not a size"),
            "Write it like \"500 MB\" or \"10 GB\".",
        ));
    }
    bytes
}
