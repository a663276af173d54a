//! `/relay help` and `/relay status`.

use super::words::shown;
use super::{Commands, Reply, offer};
use crate::engine::{Elsewhere, LaneState, LinkStatus, Trouble, why_late};
use crate::routing::Direction;
use crate::store::stream::PLATFORM;
use crate::text;
use crate::texts::Language;
use relay_contract::{Connector, Feature, Platform, RoomKey, Support};
use std::collections::BTreeMap;

/// How people name the message that a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// In the message's own menu, where the platform has such, or by answering it.
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

    fn about(self, language: Language, platform: &Platform) -> Option<String> {
        match self {
            Self::ByMenu => Some(text!(language, "help-message-menu", platform = platform.as_str())),
            Self::ByAnswer => Some(text!(language, "help-message-answer")),
            Self::Never => None,
        }
    }
}

/// What there is; after a word that is none of it.
pub(super) fn help(language: Language, unknown: Option<&str>, naming: Naming, platform: &Platform) -> Reply {
    let first = match unknown {
        Some(verb) => text!(language, "help-unknown", verb = verb),
        None => text!(language, "help-first"),
    };
    let lines = [
        Some(text!(language, "help-status")),
        Some(text!(language, "help-connect")),
        Some(text!(language, "help-disconnect")),
        Some(text!(language, "help-approve")),
        Some(text!(language, "help-pause")),
        Some(text!(language, "help-mute")),
        Some(text!(language, "help-template")),
        Some(text!(language, "help-privacy")),
        Some(text!(language, "help-consent")),
        Some(text!(language, "help-link")),
        Some(text!(language, "help-name")),
        Some(text!(language, "help-export")),
        Some(text!(language, "help-forget")),
        naming.about(language, platform),
        Some(text!(language, "help-help")),
    ];
    let lines = lines.into_iter().flatten().map(|line| format!("\n• {line}"));
    let offers = vec![
        offer(text!(language, "offer-status"), "status"),
        offer(text!(language, "offer-privacy"), "privacy"),
    ];
    Reply::offering(first + &lines.collect::<String>(), offers)
}

impl Commands {
    /// How a room is joined, and what of its messages is not where it is to be. Other rooms are counted and not named: the asker may
    /// not be able to see them.
    pub(super) async fn status(&self, language: Language, room: &RoomKey) -> String {
        let mut text = self.joined_in_words(language, room);
        if let Some(paused) = self.paused_in_words(language, room) {
            text.push_str(&format!("\n• {paused}"));
        }
        if self.core.config.borrow().refused.is_some() {
            // What is in the config is the business of whoever runs Relay.
            text.push_str(&format!("\n• {}", text!(language, "status-config-refused")));
        }
        let (core, origin) = (self.core.clone(), room.clone());
        match tokio::task::spawn_blocking(move || core.elsewhere(&origin)).await {
            Ok(Ok(found)) => text.push_str(&elsewhere(language, &found)),
            Ok(Err(error)) => tracing::error!(%error, "what became of a room's messages cannot be read"),
            Err(_) => tracing::error!("looking for what became of a room's messages panicked"),
        }
        text
    }

    fn joined_in_words(&self, language: Language, room: &RoomKey) -> String {
        let joined = self.core.joined(room);
        if joined.is_empty() {
            return text!(language, "status-not-joined");
        }
        let depths = self.core.ledger.depths();
        let routes = self.core.routes.borrow().clone();
        let mut lines = Vec::new();
        for (name, link) in joined {
            let status = self.core.link_status(&link, &depths);
            let others = routes.channel(&name).iter().map(|link| &link.room);
            let rooms = rooms(language, others.filter(|other| *other != room));
            let state = how(language, &status);
            let told = text!(language, "status-joined", channel = name, rooms = rooms, state = state);
            lines.push(match link.direction {
                Direction::Both => told,
                Direction::In => format!("{told} {}", text!(language, "status-into-only")),
                Direction::Out => format!("{told} {}", text!(language, "status-out-only")),
            });
            let reasons = self.given_up(language, room, status.dead).into_iter();
            let problems = status.problems.iter().map(ToString::to_string);
            lines.extend(reasons.chain(problems).map(|line| format!("• {line}")));
        }
        lines.join("\n")
    }
}

/// How many rooms there are on which platform.
fn rooms<'r>(language: Language, others: impl Iterator<Item = &'r RoomKey>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // The API is there by the config: nobody joined it.
    for other in others.filter(|other| other.platform != PLATFORM) {
        *counts.entry(shown(&other.platform)).or_default() += 1;
    }
    if counts.is_empty() {
        return text!(language, "status-alone");
    }
    let told = counts
        .into_iter()
        .map(|(platform, count)| text!(language, "status-rooms", count = count, platform = platform));
    told.collect::<Vec<_>>().join(", ")
}

/// So many reasons are told.
const REASONS: usize = 3;
/// So many other rooms are told of.
const ROOMS: usize = 5;

impl Commands {
    /// Why the newest deliveries into a room were given up: they were to be shown here, so their reasons may be told here.
    fn given_up(&self, language: Language, room: &RoomKey, dead: u64) -> Vec<String> {
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
        let mut told: Vec<String> =
            reasons.into_iter().map(|reason| text!(language, "status-given-up", why = reason)).collect();
        told.push(text!(language, "status-retry"));
        told
    }
}

/// What of a room's messages waits for other rooms or was given up there.
fn elsewhere(language: Language, found: &[Elsewhere]) -> String {
    let mut lines = Vec::new();
    for there in found.iter().take(ROOMS) {
        let platform = shown(&there.platform);
        let least = if there.more { "yes" } else { "no" };
        let mut parts = Vec::new();
        if there.waits > 0 {
            let why = why_late(language, &there.lane, &there.platform);
            parts.push(text!(
                language,
                "status-elsewhere-waits",
                least = least,
                count = there.waits,
                why = why
            ));
        }
        for (trouble, count) in &there.given_up {
            let why = trouble_in_words(language, *trouble, &platform);
            parts.push(text!(language, "status-elsewhere-dead", least = least, count = *count, why = why));
        }
        let what = parts.join("; ");
        lines.push(text!(language, "status-elsewhere", platform = platform, what = what));
    }
    let more = found.len().saturating_sub(ROOMS);
    if more > 0 {
        lines.push(text!(language, "status-elsewhere-more", count = more));
    }
    lines.into_iter().map(|line| format!("\n• {line}")).collect()
}

fn trouble_in_words(language: Language, trouble: Trouble, platform: &str) -> String {
    match trouble {
        Trouble::Expired => text!(language, "trouble-expired"),
        Trouble::TargetGone => text!(language, "trouble-target-gone"),
        Trouble::Unlinked => text!(language, "trouble-unlinked"),
        Trouble::Dropped => text!(language, "trouble-dropped"),
        Trouble::Unsure => text!(language, "trouble-unsure"),
        Trouble::Refused => text!(language, "trouble-refused", platform = platform),
    }
}

fn how(language: Language, link: &LinkStatus) -> String {
    let state = match &link.lane {
        Some(LaneState::Idle | LaneState::Busy) => text!(language, "status-works"),
        Some(LaneState::Held) => text!(language, "status-held"),
        Some(LaneState::Waiting) | None => text!(language, "status-waits"),
        Some(LaneState::Retrying { .. }) => text!(language, "status-retrying"),
        Some(LaneState::Parked { problem }) => {
            text!(language, "status-parked", problem = problem.to_string())
        }
        Some(LaneState::Paused { chat: true, .. }) => text!(language, "status-paused-here"),
        Some(LaneState::Paused { .. }) => text!(language, "status-paused"),
    };
    let mut parts = vec![state.trim_end_matches('.').to_owned()];
    if link.queued > 0 {
        parts.push(text!(language, "status-queued", count = link.queued));
    }
    if link.dead > 0 {
        parts.push(text!(language, "status-dead", count = link.dead));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Problem;

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
            elsewhere(Language::English, std::slice::from_ref(&there)),
            "\n• of what was said here, for a Slack room, 3 wait: Slack does not take it now, and it is tried again and again; 2 given up: \
             it could not be delivered in time; 1 given up: Slack did not take it"
        );
        let parked = Elsewhere {
            lane: LaneState::Parked { problem },
            given_up: Vec::new(),
            more: true,
            ..there.clone()
        };
        let told = elsewhere(Language::English, &[parked]);
        assert!(told.contains("at least 3 wait: somebody who runs Relay"), "{told}");
        let many = elsewhere(Language::English, &vec![there; ROOMS + 2]);
        assert!(many.ends_with("and the like for 2 more rooms") && !many.contains("secret"), "{many}");
        assert_eq!(elsewhere(Language::English, &[]), "");
    }
}
