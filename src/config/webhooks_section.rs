//! `[api.incoming.NAME]` and `[api.outgoing.NAME]`: webhooks, one way each.

use super::check::secret;
use super::document::{Value, missing, names, refuse_unknown, table, text, wrong_kind};
use super::{INCOMING_KEYS, IncomingSection, Mistake, OUTGOING_KEYS, OutgoingSection};
use crate::adapt::presentable;
use crate::signed::Key;
use relay_contract::{Field, FieldKind};
use std::path::Path;
use toml::de::DeTable;
use url::Url;

/// Longest name of a webhook, in bytes.
const LONGEST_NAME: usize = 64;

/// Where mistakes go, and what works and should be changed all the same.
type Said<'a> = (&'a mut Vec<Mistake>, &'a mut Vec<String>);

/// Those that are called.
pub(super) fn incoming(
    value: Option<&Value<'_>>,
    folder: &Path,
    (mistakes, warnings): Said<'_>,
) -> Vec<IncomingSection> {
    let mut found = Vec::new();
    for (name, value) in named("incoming", value, mistakes) {
        let place = format!("[api.incoming.{name}]");
        let Some(section) = table(value, &place, mistakes) else { continue };
        refuse_unknown(section, &names(INCOMING_KEYS), &place, mistakes);
        let one = One { section, header: value, place, folder };
        let (channel, key) = (one.words("channel", "\"lobby\"", mistakes), one.key(mistakes, warnings));
        let persona = one.flag("persona", mistakes);
        let shown = match section.get("name") {
            Some(written) => one.shown(written, mistakes),
            None => Some(presentable(name)),
        };
        if let (Some(channel), Some(key), Some(shown)) = (channel, key, shown) {
            found.push(IncomingSection { name: name.to_owned(), channel, key, shown, persona });
        }
    }
    found
}

/// Those that Relay calls.
pub(super) fn outgoing(
    value: Option<&Value<'_>>,
    folder: &Path,
    (mistakes, warnings): Said<'_>,
) -> Vec<OutgoingSection> {
    let mut found = Vec::new();
    for (name, value) in named("outgoing", value, mistakes) {
        let place = format!("[api.outgoing.{name}]");
        let Some(section) = table(value, &place, mistakes) else { continue };
        refuse_unknown(section, &names(OUTGOING_KEYS), &place, mistakes);
        let one = One { section, header: value, place, folder };
        let (channel, key) = (one.words("channel", "\"lobby\"", mistakes), one.key(mistakes, warnings));
        let private = one.flag("private", mistakes);
        let url = one.url(private, mistakes);
        if let (Some(channel), Some(key), Some(url)) = (channel, key, url) {
            found.push(OutgoingSection { name: name.to_owned(), channel, url, key, private });
        }
    }
    found
}

/// The tables of a section. A name stands in a URL and in what commands take.
fn named<'v, 'i>(
    kind: &str,
    value: Option<&'v Value<'i>>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(&'v str, &'v Value<'i>)> {
    let Some(inner) = value.and_then(|value| table(value, &format!("[api.{kind}]"), mistakes)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in inner {
        let name = key.get_ref().as_ref();
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_plain || name.is_empty() || name.len() > LONGEST_NAME {
            let what = format!("this cannot be a name in [api.{kind}]");
            mistakes.push(Mistake::new(key.span(), what, "Use letters, digits, `-` and `_`."));
        }
        found.push((name, value));
    }
    found
}

/// One webhook's section.
struct One<'s, 'v, 'i> {
    section: &'v DeTable<'i>,
    header: &'v Value<'i>,
    place: String,
    folder: &'s Path,
}

impl<'v, 'i> One<'_, 'v, 'i> {
    /// What is written of a key that has to be there.
    fn needed(&self, key: &str, example: &str, mistakes: &mut Vec<Mistake>) -> Option<&'v Value<'i>> {
        let written = self.section.get(key);
        if written.is_none() {
            let what = format!("`{key}` in {}", self.place);
            mistakes.push(missing(self.header.span(), &what, format!("Add {key} = {example}.")));
        }
        written
    }

    fn words(&self, key: &str, example: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let written = self.needed(key, example, mistakes)?;
        text(written, &format!("`{key}`"), mistakes).map(str::to_owned)
    }

    fn flag(&self, key: &str, mistakes: &mut Vec<Mistake>) -> bool {
        let Some(written) = self.section.get(key) else { return false };
        let flag = written.get_ref().as_bool();
        if flag.is_none() {
            mistakes.push(wrong_kind(written, &format!("`{key}`"), "true or false"));
        }
        flag.unwrap_or_default()
    }

    fn key(&self, mistakes: &mut Vec<Mistake>, warnings: &mut Vec<String>) -> Option<Key> {
        const SECRET: Field =
            Field { name: "secret", kind: FieldKind::Secret, required: true, doc: "What both sides know." };
        let written = self.needed("secret", "{ file = \"…\" }", mistakes)?;
        let key = Key::read(&secret(&SECRET, written, self.folder, mistakes, warnings)?);
        if key.is_none() {
            let help = "Make one with: echo \"whsec_$(openssl rand -base64 32)\"";
            let what = "`secret` is not `whsec_` with 24 to 64 bytes in base64 behind it";
            mistakes.push(Mistake::new(written.span(), what, help));
        }
        key
    }

    fn shown(&self, written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let name = text(written, "`name`", mistakes)?;
        if presentable(name) != name {
            let help = "Write up to 56 characters that can be seen, on one line.";
            mistakes.push(Mistake::new(written.span(), "`name` cannot be shown", help));
            return None;
        }
        Some(name.to_owned())
    }

    fn url(&self, private: bool, mistakes: &mut Vec<Mistake>) -> Option<Url> {
        let written = self.needed("url", "\"https://…\"", mistakes)?;
        let url = Url::parse(text(written, "`url`", mistakes)?).ok().filter(|url| {
            let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            url.has_host() && plain && (url.scheme() == "https" || (private && url.scheme() == "http"))
        });
        if url.is_none() {
            let help = "Write it like \"https://host/path\"; with private = true, http will do.";
            mistakes.push(Mistake::new(written.span(), "`url` is not a URL that can be used here", help));
        }
        url
    }
}
