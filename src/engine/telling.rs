//! What people are told once of what becomes of what they say: each by the answer to their first command, and all in a notice to each room
//! that the admin has linked.

use super::core::Core;
use super::lane_steps::PINNED;
use super::links::Channel;
use crate::adapt::names::capitalised;
use crate::consent::{Person, Unsaid};
use crate::store::{StoreError, stream};
use crate::text;
use crate::texts::Language;
use relay_contract::{Account, NativeId, RoomKey, Text};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// How often it is looked for rooms that were linked and not told.
const LOOK: Duration = Duration::from_secs(2);

/// Looks until the task is ended.
pub async fn run(core: Arc<Core>) {
    let mut told = HashSet::new();
    let mut looked_at = None;
    loop {
        tokio::time::sleep(LOOK).await;
        // Links and rooms are as they were: so is what was told.
        let routes = core.routes.borrow().clone();
        if looked_at.as_ref().is_some_and(|before| Arc::ptr_eq(before, &routes)) {
            continue;
        }
        // Before all are found, half of a channel would be told, and told again of the other half.
        if !core.readiness().is_settled() {
            continue;
        }
        match core.tell_rooms(&mut told).await {
            Ok(()) => looked_at = Some(routes),
            Err(error) => tracing::error!(%error, "rooms are not told that they are linked"),
        }
    }
}

impl Core {
    /// What somebody is to be told who has not been told yet and has chosen nothing; none in a room that nothing is carried from.
    pub fn untold(
        &self,
        language: Language,
        person: &Person,
        room: &RoomKey,
    ) -> Result<Option<String>, StoreError> {
        if self.ledger.consent_of(person).is_some() || self.ledger.is_told(person)? {
            return Ok(None);
        }
        let routes = self.routes.borrow().clone();
        let targets = routes.targets(room);
        if targets.is_empty() {
            return Ok(None);
        }
        let asks = targets.iter().all(|(to, _)| routes.unsaid_between(room, to) == Unsaid::OptIn);
        Ok(Some(match asks {
            true => text!(language, "told-asked"),
            false => text!(language, "told-carried"),
        }))
    }

    /// Tells the rooms of each channel in which one was linked that was not told; `told` are those that were.
    async fn tell_rooms(&self, told: &mut HashSet<RoomKey>) -> Result<(), StoreError> {
        for (name, channel) in self.channels().iter().filter(|(_, channel)| channel.tells) {
            let rooms = self.rooms_of(channel);
            let mut untold = Vec::new();
            // Whoever joined in the chat was told there.
            let linked = rooms.iter().filter(|(_, (_, joined))| !joined);
            for (room, _) in linked {
                if told.contains(room) {
                    continue;
                }
                match self.ledger.is_room_told(room)? || self.ledger.has_pinned_notice(room)? {
                    true => drop(told.insert(room.clone())),
                    false => untold.push(room.clone()),
                }
            }
            // What is said in a room that is alone goes nowhere.
            let (Some(about), true) = (untold.first(), rooms.len() > 1) else { continue };
            let Some((account, _)) = rooms.get(about) else { continue };
            let language = self.language_in(name);
            let words = in_words(language, &rooms, channel.unsaid, &self.privacy_commands(language, name));
            // A crash before it is remembered has it asked for again, and it is the same, whatever language is spoken by then.
            let of: Vec<u8> = untold.iter().flat_map(|room| format!("{room}\n").into_bytes()).collect();
            let id = NativeId::from(format!("{PINNED}{name} {:016x}", xxh3_64(&of)));
            self.notice_with(id, account, about, name, Text::plain(&words)).await?;
            for room in untold {
                self.ledger.remember_room_told(&room).await?;
                told.insert(room);
            }
        }
        Ok(())
    }

    /// How people in the rooms of a channel call up what is shown of them.
    pub fn privacy_commands(&self, language: Language, channel: &str) -> String {
        let channels = self.channels();
        let rooms = channels.get(channel).map(|channel| self.rooms_of(channel)).unwrap_or_default();
        let mut called = Called::new();
        for (room, (account, _)) in rooms {
            if let Some(account) = self.accounts.get(&account) {
                let platforms = called.entry(account.connector.called_by()).or_default();
                platforms.insert(capitalised(&room.platform));
            }
        }
        commands_in_words(language, &called)
    }

    /// The rooms of a channel in which people are, as far as they were found, and whether each was joined in the chat.
    fn rooms_of(&self, channel: &Channel) -> Rooms {
        let found = channel.links.iter().filter_map(|link| {
            let known = self.known.get(&link.at.account, &link.at.room)?;
            (!stream::keeps(&known.key)).then(|| (known.key, (link.at.account.clone(), link.joined)))
        });
        found.collect()
    }
}

type Rooms = BTreeMap<RoomKey, (Account, bool)>;

/// The platforms on which a command begins alike, by how it begins.
type Called = BTreeMap<&'static str, BTreeSet<String>>;

fn commands_in_words(language: Language, called: &Called) -> String {
    // With a slash it is like everywhere.
    let mut all = called.iter().rev();
    let first = format!("{} privacy", all.next().map_or("/relay", |(word, _)| word));
    all.fold(first, |first, (word, platforms)| {
        let (command, platforms) = (format!("{word} privacy"), together(language, platforms));
        text!(language, "told-command-on", first = first, command = command, platforms = platforms)
    })
}

fn together(language: Language, platforms: &BTreeSet<String>) -> String {
    let platforms: Vec<String> = platforms.iter().cloned().collect();
    match platforms.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => {
            text!(language, "told-platforms", others = others.join(", "), last = last.as_str())
        }
        None => String::new(),
    }
}

fn in_words(language: Language, rooms: &Rooms, unsaid: Unsaid, privacy: &str) -> String {
    let platforms: BTreeSet<String> = rooms.keys().map(|room| capitalised(&room.platform)).collect();
    let (rooms, platforms) = (rooms.len(), together(language, &platforms));
    match unsaid {
        Unsaid::Notice => {
            text!(language, "told-rooms-carried", rooms = rooms, platforms = platforms, privacy = privacy)
        }
        Unsaid::OptIn => {
            text!(language, "told-rooms-asked", rooms = rooms, platforms = platforms, privacy = privacy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn a_command_is_told_as_it_begins_in_the_rooms_that_are_there() {
        let on = |all: &[(&'static str, &[&str])]| -> Called {
            all.iter().map(|(word, on)| (*word, on.iter().map(|name| (*name).to_owned()).collect())).collect()
        };
        let (usual, other) = (("/relay", &["Alpha", "Beta"][..]), ("!relay", &["Delta", "Gamma"][..]));
        let told = |all: &[(&'static str, &[&str])]| commands_in_words(Language::English, &on(all));
        assert_eq!(told(&[usual]), "/relay privacy");
        assert_eq!(told(&[other]), "!relay privacy");
        assert_eq!(told(&[usual, other]), "/relay privacy, or !relay privacy on Delta and Gamma");
        assert_eq!(told(&[usual, ("!relay", &["Delta"])]), "/relay privacy, or !relay privacy on Delta");
        let german = commands_in_words(Language::German, &on(&[usual, other]));
        assert_eq!(german, "/relay privacy, oder !relay privacy auf Delta und Gamma");
    }

    #[test]
    fn rooms_are_told_in_their_language() {
        let room = |platform: &str| RoomKey::new(Platform::from_stored(platform.to_owned()), "s", "r");
        let of = |platform: &str| (room(platform), (Account("a".into()), false));
        let rooms: Rooms = ["alpha", "beta", "gamma"].into_iter().map(of).collect();
        let english = in_words(Language::English, &rooms, Unsaid::Notice, "/relay privacy");
        assert_eq!(
            english,
            "3 rooms on Alpha, Beta and Gamma are joined by Relay, this one among them: what is said in one is shown in the others. \
             Everybody decides what is shown of them: /relay privacy."
        );
        let german = in_words(Language::German, &rooms, Unsaid::OptIn, "/relay privacy");
        assert!(
            german.starts_with("3 Räume auf Alpha, Beta und Gamma sind durch Relay verbunden"),
            "{german}"
        );
        assert!(german.contains("sobald er oder sie es erlaubt: /relay privacy"), "{german}");
    }
}
