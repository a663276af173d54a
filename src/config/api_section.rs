//! `[api]`: Relay's own API.

use super::check::secret;
use super::document::{Value, did_you_mean, missing, names, refuse_unknown, table, text, wrong_kind};
use super::masked::is_plain_word;
use super::{
    API_KEYS, ApiSection, COMPATIBLE_KEYS, ChannelSection, CompatibleSection, MediaSection, Mistake,
    RelaySection, webhooks_section,
};
use relay_contract::{Field, FieldKind};
use std::net::SocketAddr;
use std::path::Path;

/// Checks the section. Answers as much as could be understood, and reports all that could not.
pub(super) fn check(
    value: Option<&Value<'_>>,
    (relay, media): (Option<&RelaySection>, &MediaSection),
    folder: &Path,
    (mistakes, warnings): (&mut Vec<Mistake>, &mut Vec<String>),
) -> Option<ApiSection> {
    let value = value?;
    let section = table(value, "[api]", mistakes)?;
    refuse_unknown(section, &names(API_KEYS), "[api]", mistakes);
    let Some(written) = section.get("listen") else {
        let help = "Add listen = \"127.0.0.1:8724\".";
        mistakes.push(missing(value.span(), "`listen` in [api]", help));
        return None;
    };
    let taken = [relay.and_then(|relay| relay.listen), media.listen];
    let listen = listen(written, &taken, mistakes)?;
    let channels = section.get("channels").and_then(|written| channels(written, mistakes));
    let matterbridge = section.get("matterbridge").and_then(|value| {
        let taken = [taken[0], taken[1], Some(listen)];
        compatible(value, &taken, folder, (mistakes, warnings))
    });
    let incoming = webhooks_section::incoming(section.get("incoming"), folder, (mistakes, warnings));
    let outgoing = webhooks_section::outgoing(section.get("outgoing"), folder, (mistakes, warnings));
    Some(ApiSection { listen, channels, matterbridge, incoming, outgoing })
}

fn compatible(
    value: &Value<'_>,
    taken: &[Option<SocketAddr>],
    folder: &Path,
    (mistakes, warnings): (&mut Vec<Mistake>, &mut Vec<String>),
) -> Option<CompatibleSection> {
    const TOKEN: Field =
        Field { name: "token", kind: FieldKind::Secret, required: false, doc: "The bearer token." };
    let section = table(value, "[api.matterbridge]", mistakes)?;
    refuse_unknown(section, &names(COMPATIBLE_KEYS), "[api.matterbridge]", mistakes);
    let token = section.get("token").map(|value| secret(&TOKEN, value, folder, mistakes, warnings));
    let Some(written) = section.get("listen") else {
        let help = "Add listen = \"127.0.0.1:4242\".";
        mistakes.push(missing(value.span(), "`listen` in [api.matterbridge]", help));
        return None;
    };
    Some(CompatibleSection { listen: listen(written, taken, mistakes)?, token: token.flatten() })
}

fn listen(
    written: &Value<'_>,
    taken: &[Option<SocketAddr>],
    mistakes: &mut Vec<Mistake>,
) -> Option<SocketAddr> {
    let Ok(address) = text(written, "`listen`", mistakes)?.parse::<SocketAddr>() else {
        let help = "Write it like \"127.0.0.1:8724\".";
        mistakes.push(Mistake::new(written.span(), "`listen` is not an address with a port", help));
        return None;
    };
    if taken.contains(&Some(address)) && address.port() != 0 {
        let what = "`listen` is the same as in another section";
        mistakes.push(Mistake::new(written.span(), what, "Choose another port."));
    }
    Some(address)
}

fn channels(written: &Value<'_>, mistakes: &mut Vec<Mistake>) -> Option<Vec<String>> {
    let Some(items) = written.get_ref().as_array() else {
        mistakes.push(wrong_kind(written, "`channels`", "a list in square brackets"));
        return None;
    };
    let named = items.iter().filter_map(|item| text(item, "a channel", mistakes).map(str::to_owned));
    Some(named.collect())
}

/// Reports channels that are named in `[api]` and nowhere else, and those of webhooks that the API does not have.
pub(super) fn channels_exist(
    value: Option<&Value<'_>>,
    known: &[ChannelSection],
    mistakes: &mut Vec<Mistake>,
) {
    let Some(section) = value.and_then(|value| value.get_ref().as_table()) else { return };
    let listed = section.get("channels").and_then(|value| value.get_ref().as_array());
    for item in listed.into_iter().flatten() {
        exists(item, known, mistakes);
    }
    for kind in ["incoming", "outgoing"] {
        let webhooks = section.get(kind).and_then(|value| value.get_ref().as_table());
        let named = webhooks.into_iter().flatten();
        for item in named.filter_map(|(_, webhook)| webhook.get_ref().as_table()?.get("channel")) {
            let is_listed = |name: &str| {
                let mut names = listed.into_iter().flatten().filter_map(|item| item.get_ref().as_str());
                listed.is_none() || names.any(|listed| listed == name)
            };
            if exists(item, known, mistakes) && !item.get_ref().as_str().is_some_and(is_listed) {
                let what = "the API does not have this channel";
                mistakes.push(Mistake::new(item.span(), what, "Add it to `channels` in [api]."));
            }
        }
    }
}

/// Whether there is such a channel; reports it where there is none. What is no name is reported elsewhere.
fn exists(item: &Value<'_>, known: &[ChannelSection], mistakes: &mut Vec<Mistake>) -> bool {
    let Some(name) = item.get_ref().as_str().filter(|name| !name.is_empty()) else { return false };
    let is_known = known.iter().any(|channel| channel.name == name);
    if !is_known {
        let what = match is_plain_word(name) {
            true => format!("there is no channel `{name}`"),
            false => "there is no such channel".into(),
        };
        let help = did_you_mean(name, known.iter().map(|channel| channel.name.as_str()));
        mistakes.push(Mistake::new(item.span(), what, help));
    }
    is_known
}
