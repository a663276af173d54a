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

/// A gateway as far as it was read.
struct Gateway<'a> {
    table: &'a DeTable<'a>,
    line: usize,
    links: Vec<Link>,
    /// matterbridge's API was in it.
    has_api: bool,
}

/// A link, before it is written.
struct Link {
    at: String,
    direction: &'static str,
    is_in_force: bool,
}

impl Gateway<'_> {
    /// One more room. What was in two lists is one link.
    fn add(&mut self, link: Link) {
        match self.links.iter_mut().find(|other| other.at == link.at) {
            Some(other) if other.direction != link.direction => other.direction = "both",
            Some(_) => {}
            None => self.links.push(link),
        }
    }

    /// The channel's section; commented out where matterbridge had it switched off.
    fn write(self, name: &str, written: &mut Written) {
        let name: String =
            name.chars().map(|c| if c == ':' || c == '/' || c.is_control() { '-' } else { c }).collect();
        let mut name = if name.is_empty() { "gateway".into() } else { name };
        let is_on = text_of(self.table, "enable") == "true";
        if is_on && written.names.contains(&name) {
            let mut numbered = (2..).map(|number| format!("{name}-{number}"));
            // There is always one.
            name = numbered.find(|name| !written.names.contains(name)).unwrap_or_default();
            written.note(
                self.line,
                "there is a gateway of this name above: this channel has a number behind it.",
            );
        }
        let links: String = self.links.iter().map(|link| format!("  {}\n", link.text())).collect();
        let section = format!("[channels.{}]\nlinks = [\n{links}]\n", key(&name));
        if !is_on {
            written.note(
                self.line,
                "`enable` of this gateway is not true: its channel is written behind comment marks.",
            );
            written.channels.push(commented(&section));
            return;
        }
        if let Some(api) = written.api.as_mut().filter(|_| self.has_api) {
            api.channels.push(name.clone());
        }
        written.channels.push(section);
        written.names.insert(name);
    }
}

impl Link {
    fn text(&self) -> String {
        let at = &self.at;
        let link = match self.direction {
            "both" => format!("{at},"),
            other => format!("{{ room = {at}, direction = \"{other}\" }},"),
        };
        if self.is_in_force { link } else { format!("# {link}") }
    }
}

fn one(text: &str, gateway: &Spanned<DeValue<'_>>, accounts: &mut [Imported], written: &mut Written) {
    let Some(table) = gateway.get_ref().as_table() else { return };
    let line = line_of(text, gateway.span().start);
    let mut gateway = Gateway { table, line, links: Vec::new(), has_api: false };
    for (list, direction) in LISTS {
        for item in tables(table, list) {
            let Some(item_table) = item.get_ref().as_table() else { continue };
            let line = line_of(text, item.span().start);
            let (account, room) = (text_of(item_table, "account"), text_of(item_table, "channel"));
            let options = item_table.get("options").and_then(|options| options.get_ref().as_table());
            gateway.has_api |= is_api(&account, written);
            if let Some(link) = link(line, (&account, &room), direction, accounts, written) {
                gateway.add(link);
            }
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
    gateway.write(&text_of(table, "name"), written);
}

fn same(text: &str, gateway: &Spanned<DeValue<'_>>, accounts: &[Imported], written: &mut Written) {
    let Some(table) = gateway.get_ref().as_table() else { return };
    let line = line_of(text, gateway.span().start);
    let all =
        |key: &str| tables(table, key).into_iter().map(|item| plain(item.get_ref())).collect::<Vec<_>>();
    for room in all("channels") {
        let of = all("accounts");
        let mut gateway = Gateway { table, line, links: Vec::new(), has_api: false };
        for account in &of {
            gateway.has_api |= is_api(account, written);
            if let Some(link) = link(line, (account, &room), "both", accounts, written) {
                gateway.add(link);
            }
        }
        gateway.write(&format!("{}-{}", text_of(table, "name"), room.trim_start_matches('#')), written);
    }
}

/// Whether an account is the API that there will be.
fn is_api(id: &str, written: &Written) -> bool {
    written.api.as_ref().is_some_and(|api| api.account == id)
}

/// A room's link; none for the API, whose channels stand in its own section.
fn link(
    line: usize,
    (id, room): (&str, &str),
    direction: &'static str,
    accounts: &[Imported],
    written: &mut Written,
) -> Option<Link> {
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
    Some(Link { at, direction, is_in_force: account.left_out.is_none() })
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
