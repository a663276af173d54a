//! What the linked rooms can do, for `relay capabilities`.

use super::Commands;
use super::words::named_in;
use crate::matrix::{Column, RoomName};
use crate::texts::Language;

impl Commands {
    /// The rooms that these words mean, those that can do the same in one column: a channel, a room as `links` has it, or its name;
    /// without words all rooms that are linked and found.
    pub fn capabilities(&self, of: Option<&str>) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for (channel, section) in self.core.channels().iter() {
            for link in &section.links {
                let (account, asked) = (&link.at.account, &link.at.room);
                let running = self.core.accounts.get(account);
                let (Some(running), Some(known)) = (running, self.core.known.get(account, asked)) else {
                    continue;
                };
                let written = format!("{account}:{asked}");
                let id = format!("{account}:{}", known.key.room);
                let full = format!("{account}:{}/{}", known.space_name, known.name);
                let bare = |text: &str| text.replace('#', "").to_lowercase();
                let names = [channel, &written, &id, &full, &known.name];
                if of.is_some_and(|of| names.iter().all(|name| bare(name) != bare(of))) {
                    continue;
                }
                let room = RoomName {
                    link: written,
                    name: named_in(Language::English, &known.name, &known.space_name),
                    channels: vec![channel.clone()],
                };
                let capabilities = running.connector.capabilities(&known.key);
                add(&mut columns, Column::new(known.key.platform.as_str(), &capabilities, vec![room]));
            }
        }
        columns
    }
}

fn add(columns: &mut Vec<Column>, new: Column) {
    let Some(column) = columns.iter_mut().find(|column| column.is_like(&new)) else {
        columns.push(new);
        return;
    };
    for room in new.rooms {
        match column.rooms.iter_mut().find(|known| known.link == room.link) {
            Some(known) => known.channels.extend(room.channels),
            None => column.rooms.push(room),
        }
    }
}
