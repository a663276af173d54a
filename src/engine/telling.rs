//! What people are told once of what becomes of what they say: each by the answer to their first command, and all in a notice to each room
//! that the admin has linked.

mod tightened;
mod told;

use super::core::Core;
use super::lane_steps::{LOOSENED, PINNED, PINNED_ANEW};
use super::links::Channel;
use crate::adapt::names::capitalised;
use crate::consent::{Person, Unsaid};
use crate::store::{RoomTold, StoreError, Told};
use crate::text;
use crate::texts::Language;
use relay_contract::{Account, NativeId, RoomKey, Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

/// How often it is looked for rooms that were linked and not told.
const LOOK: Duration = Duration::from_secs(2);
/// So long the rooms of a channel wait for those of it that are not found.
const WAIT: Duration = Duration::from_secs(600);

/// Since when rooms are waited for, by channel.
type Incomplete = HashMap<String, Instant>;

/// Looks until the task is ended.
pub async fn run(core: Arc<Core>) {
    let mut incomplete = Incomplete::default();
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
        match core.tell_rooms(&mut incomplete).await {
            Ok(waits) => looked_at = (!waits).then_some(routes),
            Err(error) => tracing::error!(%error, "rooms are not told that they are linked"),
        }
    }
}

impl Core {
    /// What somebody is to be told who has not been told that yet and has chosen nothing; none in a room that nothing is carried from.
    pub fn untold(
        &self,
        language: Language,
        person: &Person,
        room: &RoomKey,
    ) -> Result<Option<(String, Unsaid)>, StoreError> {
        if self.ledger.consent_of(person).is_some() {
            return Ok(None);
        }
        let routes = self.routes.borrow().clone();
        let targets = routes.targets(room);
        if targets.is_empty() {
            return Ok(None);
        }
        let asks = self.still_asks(&routes, room).is_some()
            || targets.iter().all(|(to, _)| routes.unsaid_between(room, to) == Unsaid::OptIn);
        let is_told = match self.ledger.told(person)? {
            None => false,
            Some(Told::Of(Unsaid::OptIn)) => asks,
            Some(Told::Of(Unsaid::Notice)) => !asks,
            Some(Told::Either) => asks || !self.ledger.ever_asked(room),
        };
        let whom = || {
            let programs = targets.iter().filter(|(to, _)| self.is_program(to)).count();
            match programs {
                0 => "rooms",
                _ if programs == targets.len() => "programs",
                _ => "both",
            }
        };
        Ok((!is_told).then(|| match asks {
            true => (text!(language, "told-asked", whom = whom()), Unsaid::OptIn),
            false => (text!(language, "told-carried", whom = whom()), Unsaid::Notice),
        }))
    }

    /// Tells the rooms of each channel in which one was linked that was not told, or in which what they were told is so no more; answers
    /// whether rooms are waited for.
    async fn tell_rooms(&self, incomplete: &mut Incomplete) -> Result<bool, StoreError> {
        let routes = self.routes.borrow().clone();
        let mut waits = false;
        for (name, channel) in self.channels().iter() {
            let (rooms, programs) = (self.rooms_of(channel), self.has_programs(channel));
            if channel.tells {
                self.tell_tightened(&routes, (name, channel), (&rooms, programs)).await?;
            }
            self.remember_asking(name, channel, &rooms).await?;
            if !channel.tells {
                continue;
            }
            let told = self.told_in(&rooms)?;
            let untold = self.untold_in((&rooms, programs), &told);
            let stays = channel.unsaid == Unsaid::OptIn;
            let asked = rooms.keys().filter_map(|room| Some((room, self.still_asks(&routes, room)?)));
            let asked = asked.filter(|_| !stays).max_by_key(|(_, since)| *since);
            // Half of a channel would be told, and told again of the other half.
            if !untold.is_empty() && asked.is_none() && !self.has_all(channel) {
                let since = *incomplete.entry(name.clone()).or_insert_with(Instant::now);
                if since.elapsed() < WAIT {
                    waits = true;
                    continue;
                }
            }
            incomplete.remove(name);
            // What is said in a room that is alone goes nowhere.
            let goes_on = rooms.len() > 1 || programs;
            let (Some(about), true) = (asked.map(|(room, _)| room).or(untold.first()), goes_on) else {
                self.keep_told((&rooms, programs), &told, !stays, |room| told.contains_key(room)).await?;
                continue;
            };
            let Some((account, _)) = rooms.get(about) else { continue };
            let language = self.language_in(name);
            let privacy = self.privacy_commands(language, name);
            let is_new = asked.is_some();
            let words = in_words(language, (&rooms, programs), channel.unsaid, is_new, &privacy);
            let kind = match asked {
                Some(_) => LOOSENED,
                None if told.is_empty() => PINNED,
                None => PINNED_ANEW,
            };
            // A crash before all of it is remembered has it asked for again, and it is the same, whatever language is spoken by then.
            let since = asked.map(|(_, since)| since.0.to_be_bytes().to_vec()).unwrap_or_default();
            let of = rooms.keys().flat_map(|room| format!("{room}\n").into_bytes());
            let of: Vec<u8> = of.chain(since).chain(programs.then_some(b'p')).collect();
            let id = NativeId::from(format!("{kind}{name} {:016x}", xxh3_64(&of)));
            self.notice_with(id, account, about, name, Text::plain(&words)).await?;
            self.keep_told((&rooms, programs), &told, !stays, |_| true).await?;
        }
        Ok(waits)
    }

    /// Keeps in which rooms people are told that nothing of theirs is carried until they allow it. Where nobody is told unasked, whoever runs
    /// Relay tells them in their own words.
    async fn remember_asking(&self, name: &str, channel: &Channel, rooms: &Rooms) -> Result<(), StoreError> {
        for room in rooms.keys() {
            if !channel.tells {
                self.ledger.remember_asks_no_more(room, |of| of == name, Timestamp::now()).await?;
            } else if channel.unsaid == Unsaid::OptIn
                && self.ledger.asks_since(room, |of| of == name).is_none()
            {
                self.ledger.remember_asking(room, name, Timestamp::now()).await?;
            }
        }
        Ok(())
    }

    /// A room has been told that what is said in it is carried from now on.
    pub(super) async fn room_knows(&self, room: &RoomKey) -> Result<(), StoreError> {
        let routes = self.routes.borrow().clone();
        let now = Timestamp::now();
        self.ledger.remember_asks_no_more(room, |of| routes.unsaid(of) != Unsaid::OptIn, now).await?;
        let told = self.ledger.room_told(room)?.unwrap_or_default();
        self.ledger.remember_room_told(room, RoomTold { carries: true, ..told }).await?;
        self.whispers.begin_anew();
        Ok(())
    }

    /// Whether each room of a channel was found.
    fn has_all(&self, channel: &Channel) -> bool {
        channel.links.iter().all(|link| self.known.get(&link.at.account, &link.at.room).is_some())
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
            (!self.is_program(&known.key)).then(|| (known.key, (link.at.account.clone(), link.joined)))
        });
        found.collect()
    }

    /// Whether what is said in a channel goes to programs.
    fn has_programs(&self, channel: &Channel) -> bool {
        let known = channel.links.iter().filter_map(|link| self.known.get(&link.at.account, &link.at.room));
        known.into_iter().any(|known| self.is_program(&known.key))
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

fn in_words(
    language: Language,
    (rooms, programs): (&Rooms, bool),
    unsaid: Unsaid,
    is_new: bool,
    privacy: &str,
) -> String {
    let platforms: BTreeSet<String> = rooms.keys().map(|room| capitalised(&room.platform)).collect();
    let (count, platforms) = (rooms.len(), together(language, &platforms));
    let goes_to_rooms = count > 1;
    let told = match (unsaid, goes_to_rooms) {
        (Unsaid::Notice, true) if is_new => {
            text!(language, "told-rooms-loosened", rooms = count, platforms = platforms, privacy = privacy)
        }
        (Unsaid::Notice, true) => {
            text!(language, "told-rooms-carried", rooms = count, platforms = platforms, privacy = privacy)
        }
        (Unsaid::OptIn, true) if is_new => {
            text!(language, "told-rooms-tightened", rooms = count, platforms = platforms, privacy = privacy)
        }
        (Unsaid::OptIn, true) => {
            text!(language, "told-rooms-asked", rooms = count, platforms = platforms, privacy = privacy)
        }
        (Unsaid::Notice, false) if is_new => text!(language, "told-programs-loosened", privacy = privacy),
        (Unsaid::Notice, false) => text!(language, "told-programs-carried", privacy = privacy),
        (Unsaid::OptIn, false) if is_new => text!(language, "told-programs-tightened", privacy = privacy),
        (Unsaid::OptIn, false) => text!(language, "told-programs-asked", privacy = privacy),
    };
    match programs && goes_to_rooms {
        true => format!("{told} {}", text!(language, "told-programs-too")),
        false => told,
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
        let english = in_words(Language::English, (&rooms, false), Unsaid::Notice, false, "/relay privacy");
        assert_eq!(
            english,
            "3 rooms on Alpha, Beta and Gamma are joined by Relay, this one among them: what is said in one is shown in the others. \
             Everybody decides what is shown of them: /relay privacy."
        );
        let german = in_words(Language::German, (&rooms, false), Unsaid::OptIn, false, "/relay privacy");
        assert!(
            german.starts_with("3 Räume auf Alpha, Beta und Gamma sind durch Relay verbunden"),
            "{german}"
        );
        assert!(german.contains("sobald er oder sie es erlaubt: /relay privacy"), "{german}");
        let programs = |rooms: &Rooms| {
            in_words(Language::English, (rooms, true), Unsaid::Notice, false, "/relay privacy")
        };
        assert_eq!(
            programs(&rooms),
            format!("{english} Programs that whoever runs Relay lets in see it, too.")
        );
        let alone: Rooms = [of("alpha")].into();
        assert!(
            programs(&alone).starts_with("What is said in this room is shown to programs"),
            "{}",
            programs(&alone)
        );
    }
}
