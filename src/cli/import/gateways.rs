//! Gateways: each is a channel.

use super::accounts::{Imported, key};
use super::written::{Written, commented, quoted};
use super::{line_of, plain};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The lists of a gateway, with what each is here.
const LISTS: [(&str, &str); 3] = [("inout", "both"), ("in", "in"), ("out", "out")];

/// Reads all gateways; keys of IRC channels are put beside their accounts.
pub fn read(text: &str, document: &DeTable<'_>, accounts: &mut [Imported], written: &mut Written) {
    for gateway in tables(document, "gateway") {
        one(text, gateway, accounts, written);
    }
    for gateway in tables(document, "samechannelgateway") {
        same(text, gateway, accounts, written);
    }
}

fn tables<'t>(table: &'t DeTable<'t>, key: &str) -> Vec<&'t Spanned<DeValue<'t>>> {
    match table.get(key).map(|value| value.get_ref()) {
        Some(DeValue::Array(items)) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn text_of(table: &DeTable<'_>, key: &str) -> String {
    table.get(key).map(|value| plain(value.get_ref())).unwrap_or_default()
}

/// A channel's section; commented out where matterbridge had it switched off.
fn channel(name: &str, links: &[String], table: &DeTable<'_>) -> String {
    let name: String =
        name.chars().map(|c| if c == ':' || c == '/' || c.is_control() { '-' } else { c }).collect();
    let name = if name.is_empty() { "gateway".into() } else { name };
    let links: String = links.iter().map(|link| format!("  {link}\n")).collect();
    let section = format!("[channels.{}]\nlinks = [\n{links}]\n", key(&name));
    if text_of(table, "enable") == "true" { section } else { commented(&section) }
}

fn one(text: &str, gateway: &Spanned<DeValue<'_>>, accounts: &mut [Imported], written: &mut Written) {
    let Some(table) = gateway.get_ref().as_table() else { return };
    let mut links = Vec::new();
    for (list, direction) in LISTS {
        for item in tables(table, list) {
            let Some(item_table) = item.get_ref().as_table() else { continue };
            let line = line_of(text, item.span().start);
            let (account, room) = (text_of(item_table, "account"), text_of(item_table, "channel"));
            let options = item_table.get("options").and_then(|options| options.get_ref().as_table());
            links.extend(link(line, (&account, &room), direction, accounts, written));
            for (option, value) in options.into_iter().flatten() {
                let of = accounts.iter_mut().find(|known| known.id == account);
                let name: &str = option.get_ref();
                match (name, of) {
                    ("key", Some(account)) if account.protocol == "irc" => {
                        account.keys.push(format!("{room} {}", plain(value.get_ref())));
                    }
                    _ => written.note(
                        line_of(text, option.span().start),
                        "this option of a room has no equal and is left out.",
                    ),
                }
            }
        }
    }
    let section = channel(&text_of(table, "name"), &links, table);
    written.channels.push(section);
}

fn same(text: &str, gateway: &Spanned<DeValue<'_>>, accounts: &[Imported], written: &mut Written) {
    let Some(table) = gateway.get_ref().as_table() else { return };
    let line = line_of(text, gateway.span().start);
    let all =
        |key: &str| tables(table, key).into_iter().map(|item| plain(item.get_ref())).collect::<Vec<_>>();
    for room in all("channels") {
        let of = all("accounts");
        let links: Vec<_> =
            of.iter().filter_map(|account| link(line, (account, &room), "both", accounts, written)).collect();
        let name = format!("{}-{}", text_of(table, "name"), room.trim_start_matches('#'));
        written.channels.push(channel(&name, &links, table));
    }
}

/// A link as it is written; a comment where its account is not in force, nothing for the API, which has every channel.
fn link(
    line: usize,
    (id, room): (&str, &str),
    direction: &str,
    accounts: &[Imported],
    written: &mut Written,
) -> Option<String> {
    let Some(account) = accounts.iter().find(|account| account.id == id) else {
        written.note(line, "this room's account is not in the file: it is left out.");
        return None;
    };
    if account.protocol == "api" {
        return None;
    }
    let (room, note) = room_of(account, room);
    if let Some(note) = note {
        written.note(line, note);
    }
    let at = quoted(&format!("{}:{room}", account.name));
    let link = match direction {
        "both" => format!("{at},"),
        other => format!("{{ room = {at}, direction = \"{other}\" }},"),
    };
    Some(if account.left_out.is_some() { format!("# {link}") } else { link })
}

/// A room as Relay calls it, and what is to be said about it.
fn room_of(account: &Imported, room: &str) -> (String, Option<&'static str>) {
    let by_id = room.strip_prefix("ID:");
    match account.protocol.as_str() {
        "discord" | "slack" => {
            if let Some(id) = by_id {
                return (id.to_owned(), None);
            }
            let (note, name) = match room.rsplit_once('/') {
                Some((_, name)) => {
                    (Some("the category of this room is left out: names of channels are enough."), name)
                }
                None => (None, room),
            };
            let name = format!("#{}", name.trim_start_matches('#'));
            let guild = account.server.as_ref().filter(|server| !server.bytes().all(|b| b.is_ascii_digit()));
            (guild.map_or_else(|| name.clone(), |guild| format!("{guild}/{name}")), note)
        }
        "telegram" => match room.split_once('/') {
            Some((chat, _)) => {
                (chat.to_owned(), Some("this was one topic of a group: now the whole group is linked."))
            }
            None => (room.to_owned(), None),
        },
        _ => (room.to_owned(), None),
    }
}
