//! `/relay help` and `/relay status`.

use super::Commands;
use super::words::shown;
use crate::engine::{Elsewhere, LaneState, LinkStatus, Trouble, why_late};
use crate::routing::Direction;
use crate::store::stream::PLATFORM;
use crate::texts::Language;
use relay_contract::{Connector, Feature, RoomKey, Support};
use std::collections::BTreeMap;

/// How people name the message that a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// In the message's own menu, or by answering it.
    ByMenu,
    /// By answering it.
    ByAnswer,
    /// Not at all: there are no such commands.
    Never,
}

impl Naming {
    /// How it is in a room: where commands begin with a slash, messages have menus.
    pub fn of(connector: &dyn Connector, room: &RoomKey) -> Self {
        match (connector.called_by(), connector.capabilities(room).hears(Feature::Reply)) {
            ("/relay", _) => Self::ByMenu,
            (_, Support::Native | Support::Fallback) => Self::ByAnswer,
            (_, Support::Dropped) => Self::Never,
        }
    }

    fn how(self) -> Option<&'static str> {
        match self {
            Self::ByMenu => Some(
                "in the message's own menu; on Telegram answer it with /relay who, /relay trace or /relay delete",
            ),
            Self::ByAnswer => Some("answer it with /relay who, /relay trace or /relay delete"),
            Self::Never => None,
        }
    }
}

/// What there is; after a word that is none of it.
pub fn help(unknown: Option<&str>, naming: Naming) -> String {
    let first = match unknown {
        Some(verb) => format!("There is no /relay {verb}. There is:"),
        None => "Relay joins rooms on different platforms. There is:".to_owned(),
    };
    let about = naming.how().map(|how| {
        format!(
            "• who reacted to a message, what became of it elsewhere, delete it everywhere (its author, and those who may manage the \
             room): {how}\n"
        )
    });
    format!(
        "{first}\n\
         • /relay status: how this room is joined, and whether it works\n\
         • /relay connect CHANNEL: join this room to a Relay channel; for those who may manage the room\n\
         • /relay disconnect [CHANNEL]: leave it again\n\
         • /relay approve CODE: let a room in; in a room of a channel's owners\n\
         • /relay pause [for TIME]: keep back what is said elsewhere, until /relay resume; for those who may manage the room\n\
         • /relay mute [NAME] [for TIME]: show nothing new of somebody from elsewhere here; /relay unmute NAME ends it; for the same\n\
         • /relay template [TEMPLATE]: how people from elsewhere are called here; for the same\n\
         • /relay privacy: what is shared of you, and how to change it\n\
         • /relay consent: the same in particular: for what, to whom, for how long\n\
         • /relay link: prove that accounts on several platforms are yours; /relay unlink parts them\n\
         • /relay export: all that is kept of you\n\
         • /relay forget: have it deleted, here and elsewhere\n\
         {}• /relay help: this",
        about.unwrap_or_default()
    )
}

impl Commands {
    /// How a room is joined, and what of its messages is not where it is to be. Other rooms are counted and not named: the asker may
    /// not be able to see them.
    pub(super) async fn status(&self, language: Language, room: &RoomKey) -> String {
        let mut text = self.joined_in_words(room);
        if let Some(paused) = self.paused_in_words(language, room) {
            text.push_str(&format!("\n• {paused}"));
        }
        if self.core.config.borrow().refused.is_some() {
            text.push_str(CONFIG_REFUSED);
        }
        let (core, origin) = (self.core.clone(), room.clone());
        match tokio::task::spawn_blocking(move || core.elsewhere(&origin)).await {
            Ok(Ok(found)) => text.push_str(&elsewhere(&found)),
            Ok(Err(error)) => tracing::error!(%error, "what became of a room's messages cannot be read"),
            Err(_) => tracing::error!("looking for what became of a room's messages panicked"),
        }
        text
    }

    fn joined_in_words(&self, room: &RoomKey) -> String {
        let joined = self.core.joined(room);
        if joined.is_empty() {
            return "This room is not joined to any Relay channel.".into();
        }
        let depths = self.core.ledger.depths();
        let routes = self.core.routes.borrow().clone();
        let mut text = String::new();
        for (name, link) in joined {
            let status = self.core.link_status(&link, &depths);
            let mut others: BTreeMap<String, usize> = BTreeMap::new();
            for link in routes.channel(&name).iter().filter(|link| link.room != *room) {
                // The API is there by the config: nobody joined it.
                if link.room.platform != PLATFORM {
                    *others.entry(shown(&link.room.platform)).or_default() += 1;
                }
            }
            let others: Vec<String> = others
                .into_iter()
                .map(|(platform, count)| {
                    format!("{count} {platform} room{}", if count == 1 { "" } else { "s" })
                })
                .collect();
            let with = match others.is_empty() {
                true => "no other room yet".to_owned(),
                false => others.join(", "),
            };
            let way = match link.direction {
                Direction::Both => "",
                Direction::In => " What is said elsewhere is not shown here.",
                Direction::Out => " What is said here is not shown elsewhere.",
            };
            text.push_str(&format!("Joined to {name}, with {with}: {}.{way}\n", how(&status)));
            for reason in self.given_up(room, status.dead) {
                text.push_str(&format!("• {reason}\n"));
            }
            for problem in &status.problems {
                text.push_str(&format!("• {problem}\n"));
            }
        }
        text.trim_end().to_owned()
    }
}

/// What is in the config is the business of whoever runs Relay.
const CONFIG_REFUSED: &str = "\n• Relay's config was changed in a way that cannot be taken: all goes on as before. `relay status` tells whoever runs it why.";
/// So many reasons are told.
const REASONS: usize = 3;
/// So many other rooms are told of.
const ROOMS: usize = 5;

impl Commands {
    /// Why the newest deliveries into a room were given up: they were to be shown here, so their reasons may be told here.
    fn given_up(&self, room: &RoomKey, dead: u64) -> Vec<String> {
        if dead == 0 {
            return Vec::new();
        }
        let letters =
            self.core.ledger.newest_letters_of(room, 20, |letter| !letter.is_purged()).unwrap_or_default();
        let mut reasons: Vec<String> = Vec::new();
        for (_, letter) in letters.into_iter().rev() {
            if !reasons.contains(&letter.reason) {
                reasons.push(letter.reason);
            }
        }
        reasons.truncate(REASONS);
        let mut told: Vec<String> = reasons.into_iter().map(|reason| format!("given up: {reason}")).collect();
        told.push("whoever runs Relay sends them with: relay queue retry".to_owned());
        told
    }
}

/// What of a room's messages waits for other rooms or was given up there.
fn elsewhere(found: &[Elsewhere]) -> String {
    let mut text = String::new();
    for there in found.iter().take(ROOMS) {
        let platform = shown(&there.platform);
        let at_least = if there.more { "at least " } else { "" };
        let mut parts = Vec::new();
        if there.waits > 0 {
            let why = why_late(&there.lane, &there.platform);
            parts.push(format!("{at_least}{} wait: {why}", there.waits));
        }
        for (trouble, count) in &there.given_up {
            parts.push(format!("{at_least}{count} given up: {}", trouble_in_words(*trouble, &platform)));
        }
        text.push_str(&format!("\n• of what was said here, for a {platform} room, {}", parts.join("; ")));
    }
    let more = found.len().saturating_sub(ROOMS);
    if more > 0 {
        text.push_str(&format!("\n• and the like for {more} more room{}", if more == 1 { "" } else { "s" }));
    }
    text
}

fn trouble_in_words(trouble: Trouble, platform: &str) -> String {
    match trouble {
        Trouble::Expired => "it could not be delivered in time".to_owned(),
        Trouble::TargetGone => "what it was about is not there any more".to_owned(),
        Trouble::Unlinked => "that room has left".to_owned(),
        Trouble::Dropped => "whoever runs Relay has taken it out".to_owned(),
        Trouble::Unsure => "it may be there all the same; whoever runs Relay is to decide".to_owned(),
        Trouble::Refused => format!("{platform} did not take it"),
    }
}

fn how(link: &LinkStatus) -> String {
    let state = match &link.lane {
        Some(LaneState::Idle | LaneState::Busy) => "works".to_owned(),
        Some(LaneState::Held) => "held by a rate limit".into(),
        Some(LaneState::Waiting) | None => "waits for its platform".into(),
        Some(LaneState::Retrying { .. }) => {
            "the last message could not be delivered; it is tried again".into()
        }
        Some(LaneState::Parked { problem }) => format!("parked: {problem}"),
        Some(LaneState::Paused { chat: true, .. }) => "paused; what is said is kept for later".into(),
        Some(LaneState::Paused { .. }) => {
            "paused by whoever runs Relay; what is said is kept for later".into()
        }
    };
    let queued = if link.queued > 0 { format!(", {} waiting", link.queued) } else { String::new() };
    let dead = if link.dead > 0 { format!(", {} given up", link.dead) } else { String::new() };
    format!("{}{queued}{dead}", state.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Platform, Problem};

    #[test]
    fn what_is_told_of_other_rooms_names_none_of_them() {
        let problem = Problem::new("The bot is not in #secret.", "Invite it into #secret.");
        let there = Elsewhere {
            platform: Platform::new("slack"),
            waits: 3,
            lane: LaneState::Retrying { reason: "502 from #secret".into() },
            given_up: vec![(Trouble::Expired, 2), (Trouble::Refused, 1)],
            more: false,
        };
        assert_eq!(
            elsewhere(std::slice::from_ref(&there)),
            "\n• of what was said here, for a Slack room, 3 wait: Slack does not take it now, and it is tried again and again; 2 given up: \
             it could not be delivered in time; 1 given up: Slack did not take it"
        );
        let parked = Elsewhere {
            lane: LaneState::Parked { problem },
            given_up: Vec::new(),
            more: true,
            ..there.clone()
        };
        let told = elsewhere(&[parked]);
        assert!(told.contains("at least 3 wait: somebody who runs Relay"), "{told}");
        let many = elsewhere(&vec![there; ROOMS + 2]);
        assert!(many.ends_with("and the like for 2 more rooms") && !many.contains("secret"), "{many}");
        assert_eq!(elsewhere(&[]), "");
    }
}
