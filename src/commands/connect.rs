//! `/relay connect CHANNEL`: a room joins a Relay channel.

use super::codes::{ASKS, GOOD_FOR, GUESSES, Waiting};
use super::words::{full_name, named, named_in, now, shown, too_many};
use super::{COMMAND_LINE, Commands, Refused, Reply, carries, offer, problem};
use crate::config::joined::Entry;
use crate::consent::{Level, Unsaid};
use crate::engine::{PlannedLink, PlannedRoom, RunningAccount, preflight};
use crate::routing::{Connect, Direction};
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, NativeId, OpenError, RoomKey, RoomReport, Visibility};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

impl Commands {
    pub(super) async fn connect(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        channel: &str,
        sure: bool,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        // Some write it like a room.
        let channel = match self.core.channels().contains_key(channel) {
            true => channel,
            false => channel.trim_start_matches('#'),
        };
        if channel.is_empty() {
            return Err(text!(language, "connect-which"));
        }
        self.must_manage(account, call).await?;
        if self.core.joined(&call.room).iter().any(|(name, _)| name == channel) {
            return Err(text!(language, "connect-already", channel = channel));
        }
        let channels = self.core.channels();
        let wanted = channels.get(channel);
        // The admin's own file names this room: it was disconnected in the chat, and may come back. Not so if the admin did it.
        let is_own = wanted.is_some_and(|wanted| {
            let mut gone = wanted.disconnected.iter().filter(|link| self.is_room(&link.at, &call.room));
            gone.any(|link| !self.was_taken_out(channel, &link.at) && !self.is_wider(&link.at))
        });
        let policy = match wanted {
            _ if is_own => Connect::Open,
            Some(wanted) if wanted.connect != Connect::Closed => wanted.connect,
            // Whether it is closed or not there is nobody's business.
            _ => return self.unknown_channel(call, channel),
        };
        let report = self.describe(language, account, &call.room.room).await?;
        if report.visibility == Visibility::Private && !sure {
            let room = full_name(language, &report);
            let words = text!(language, "connect-private", room = room, channel = channel);
            let words = [Some(words), self.also(language, &call.room)].into_iter().flatten();
            let words = words.collect::<Vec<_>>().join("\n");
            let sure = offer(text!(language, "connect-sure"), format!("connect {channel} yes"));
            return Ok(Reply::offering(words, vec![sure]));
        }
        let by = named(&call.asker);
        if policy == Connect::Open {
            return self.join(language, account, report, channel, by).await.map(Reply::from);
        }
        self.may(call, "ask", ASKS)?;
        let carries = carries::report(language, &account.connector.capabilities(&report.key));
        let people = self.people_shown(language, &report.key, channel);
        let waiting =
            Waiting::new(channel, account.name.clone(), report, (by, call.asker.id.clone()), Instant::now());
        let code = self.codes().make(waiting, Instant::now());
        let Some(code) = code else {
            return Err(text!(language, "connect-too-many"));
        };
        tracing::info!(account = %account.name, room = %call.room, channel, "a room asks to join");
        let minutes = GOOD_FOR.as_secs() / 60;
        let give = text!(language, "connect-code", channel = channel, minutes = minutes);
        let used = match wanted.is_some_and(|wanted| !wanted.owners.is_empty()) {
            true => text!(language, "connect-use-in-chat", code = code.clone()),
            false => text!(language, "connect-use", code = code.clone()),
        };
        let also = self.also(language, &call.room).map_or_else(String::new, |also| format!("{also}\n\n"));
        let then = text!(language, "connect-once-in");
        Ok(format!("{give}\n\n{code}\n\n{used}\n\n{also}{then}\n{carries}\n• {people}").into())
    }

    /// Of a room that is to join one more channel: what is said in it goes to all.
    fn also(&self, language: Language, room: &RoomKey) -> Option<String> {
        let joined: Vec<String> = self.core.joined(room).into_iter().map(|(name, _)| name).collect();
        let also = || text!(language, "connect-also", channels = joined.join(", "), count = joined.len());
        (!joined.is_empty()).then(also)
    }

    /// Nobody guesses names, or asks for codes without end.
    fn may(&self, call: &Call, what: &str, most: usize) -> Result<(), Refused> {
        let who = format!("{what} {}/{}", call.room.platform, call.asker.id);
        match self.codes().may_try(&who, most, Instant::now()) {
            true => Ok(()),
            false => Err(too_many(self.language(call))),
        }
    }

    fn unknown_channel(&self, call: &Call, channel: &str) -> Result<Reply, Refused> {
        self.may(call, "connect", GUESSES)?;
        let offered = self.core.suggest(&call.room, "");
        let language = self.language(call);
        let words = match offered.is_empty() {
            true => text!(language, "connect-unknown", channel = channel),
            false => text!(language, "connect-unknown-open", channel = channel, open = offered.join(", ")),
        };
        Ok(Reply::offering(words, self.open(language, &call.room)))
    }

    /// Whether whoever runs Relay took a room out, and not somebody in it.
    fn was_taken_out(&self, channel: &str, room: &PlannedRoom) -> bool {
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = joined.get(channel).into_iter().flat_map(|joined| &joined.disconnected);
        gone.any(|entry| entry.is(&room.account, &room.room) && entry.by == COMMAND_LINE)
    }

    /// Whether more people can read a room than was agreed to.
    fn is_wider(&self, room: &PlannedRoom) -> bool {
        self.core.known.get(&room.account, &room.room).is_some_and(|known| known.is_wider())
    }

    pub(super) fn is_room(&self, planned: &PlannedRoom, room: &RoomKey) -> bool {
        self.core.known.get(&planned.account, &planned.room).is_some_and(|known| known.key == *room)
    }

    /// The room as the platform describes it now.
    pub(super) async fn describe(
        &self,
        language: Language,
        account: &RunningAccount,
        room: &NativeId,
    ) -> Result<RoomReport, Refused> {
        let asked = [room.clone()];
        let answered = preflight(account, &asked).await.map_err(|error| match error {
            OpenError::Refused(found) => problem(&found),
            OpenError::Unavailable(why) => text!(language, "platform-away", why = why),
        })?;
        match answered.rooms.into_iter().next() {
            Some((_, Ok(report))) => Ok(report),
            Some((_, Err(found))) => Err(problem(&found)),
            None => Err(text!(language, "room-not-told")),
        }
    }

    /// Joins a room that may: on disk, in force, and every room is told.
    pub(super) async fn join(
        &self,
        language: Language,
        account: &Arc<RunningAccount>,
        report: RoomReport,
        channel: &str,
        by: String,
    ) -> Result<String, Refused> {
        let asked = report.key.room.clone();
        let cannot = |error: crate::store::StoreError| {
            tracing::error!(%error, "a room cannot be joined");
            text!(language, "connect-not-written")
        };
        self.core.join(account, report.clone()).await.map_err(cannot)?;
        // What others say in its other channels is not shown to more people because somebody joins it to one more.
        if self.core.wider(&report.key).is_some() && !self.core.joined(&report.key).is_empty() {
            return Err(text!(language, "connect-wider"));
        }
        let entry = Entry {
            room: format!("{}:{asked}", account.name),
            name: full_name(Language::English, &report),
            id: None,
            by: by.clone(),
            at: now(),
            told: false,
        };
        let own = self.core.channels().get(channel).and_then(|channel| {
            channel.disconnected.iter().find(|link| self.is_room(&link.at, &report.key)).cloned()
        });
        let link = own.clone().unwrap_or_else(|| PlannedLink {
            at: PlannedRoom { account: account.name.clone(), room: asked, by_name: false },
            direction: Direction::Both,
            settings: Default::default(),
            joined: true,
            own_name: None,
        });
        let (name, at) = (channel.to_owned(), link.at.clone());
        let on_disk = move |joined: &mut crate::config::Joined| {
            let before = (joined.links.len(), joined.disconnected.len());
            match own {
                Some(own) => joined.disconnected.retain(|entry| !entry.is(&own.at.account, &own.at.room)),
                None if joined.links.iter().any(|other| other.room == entry.room) => {}
                None => joined.links.push(entry),
            }
            before != (joined.links.len(), joined.disconnected.len())
        };
        let is_new = self
            .change(channel, on_disk, move |channels| {
                let channel = channels.entry(name).or_default();
                channel.disconnected.retain(|other| other.at != at);
                channel.links.retain(|other| other.at != at);
                channel.links.push(link);
            })
            .await?;
        if !is_new {
            return Err(text!(language, "connect-again", channel = channel));
        }
        self.core.agree(account, &report.key.room).await.map_err(cannot)?;
        tracing::info!(account = %account.name, room = %report.key, channel, "a room has joined");
        let name = full_name(self.core.language_in(channel), &report);
        self.announce(account, &report.key, &name, channel).await;
        let capabilities = account.connector.capabilities(&report.key);
        let done = text!(language, "connect-done", channel = channel);
        let carries = carries::report(language, &capabilities);
        Ok(format!("{done}\n{carries}\n• {}", self.shown_of_people(language, &report.key, channel)))
    }

    /// What a room and the others of a channel see of each other's people, in one sentence; also before it has joined.
    fn people_shown(&self, language: Language, room: &RoomKey, channel: &str) -> String {
        let level = self.level_in(room, channel);
        text!(language, "connect-people", level = level.word(), words = level.in_words())
    }

    /// The same, said elsewhere than in the room.
    pub(super) fn people_between(&self, language: Language, room: &RoomKey, channel: &str) -> String {
        let level = self.level_in(room, channel);
        text!(language, "room-people", level = level.word(), words = level.in_words())
    }

    /// How much is shown of people between a room and the others of a channel at most.
    fn level_in(&self, room: &RoomKey, channel: &str) -> Level {
        let routes = self.core.routes.borrow();
        let own = routes.links_of(room).find(|(name, _)| *name == channel);
        routes.level(channel).tighter(own.map(|(_, link)| link.settings.privacy).unwrap_or_default())
    }

    /// The same of a room that has joined; where it is not the same for all others, each of them.
    fn shown_of_people(&self, language: Language, room: &RoomKey, channel: &str) -> String {
        let level = self.level_in(room, channel);
        let routes = self.core.routes.borrow().clone();
        let others = routes.targets(room).into_iter().map(|(to, _)| routes.level_between(room, &to));
        if others.into_iter().any(|other| other != level)
            && let Some(levels) = self.levels(language, room)
        {
            return levels;
        }
        self.people_shown(language, room, channel)
    }

    /// Tells every room of a channel who has joined, and notes that it was told: a crash in between is made up for at the next
    /// start.
    async fn announce(&self, account: &RunningAccount, room: &RoomKey, name: &str, channel: &str) {
        let (language, platform) = (self.core.language_in(channel), shown(&room.platform));
        let (unsaid, privacy) =
            (self.core.routes.borrow().unsaid(channel), self.core.privacy_commands(language, channel));
        let words = match unsaid {
            Unsaid::Notice => text!(
                language,
                "room-joined",
                room = name,
                platform = platform,
                channel = channel,
                privacy = privacy
            ),
            Unsaid::OptIn => text!(
                language,
                "room-joined-asked",
                room = name,
                platform = platform,
                channel = channel,
                privacy = privacy
            ),
        };
        let words = match self.level_in(room, channel) {
            Level::Full => words,
            _ => format!("{words} {}", self.people_between(language, room, channel)),
        };
        self.tell_of_joining(account, room, channel, &words).await;
        let place = format!("{}:{}", account.name, room.room);
        let told = move |joined: &mut crate::config::Joined| {
            let mut untold = joined.links.iter_mut().filter(|entry| entry.room == place && !entry.told);
            untold.next().map(|entry| entry.told = true).is_some()
        };
        if let Err(refused) = self.change(channel, told, |_| {}).await {
            tracing::warn!(channel, refused, "it is told again at the next start");
        }
    }

    /// Tells what an earlier run had no time to tell.
    pub(super) async fn announce_untold(&self) {
        let all: Vec<_> = {
            let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
            let untold = joined.values().flat_map(|joined| {
                joined
                    .links
                    .iter()
                    .filter(|entry| !entry.told)
                    .map(|entry| (joined.channel.clone(), entry.clone()))
            });
            untold.collect()
        };
        for (channel, entry) in all {
            let joined =
                self.core.channels().get(&channel).map(|channel| channel.links.clone()).unwrap_or_default();
            let link = joined.into_iter().find(|link| entry.is(&link.at.account, &link.at.room));
            let known = link.as_ref().and_then(|link| self.core.known.get(&link.at.account, &link.at.room));
            if let (Some(link), Some(known)) = (link, known)
                && let Some(account) = self.core.accounts.get(&link.at.account)
            {
                let name = named_in(self.core.language_in(&channel), &known.name, &known.space_name);
                self.announce(&account, &known.key, &name, &channel).await;
            }
        }
    }
}
