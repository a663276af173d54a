//! Which commands are given, by whom and where. A new command is one more line of the table.

use relay_contract::Ask;

/// A command, and how it is shown.
pub struct Scene {
    /// The word behind `/relay`.
    pub word: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Who gives it, in this order.
    pub lines: &'static [Line],
}

impl Scene {
    /// Whether one platform waits for the other: Relay writes one person's file at a time.
    pub fn is_played_in_turn(&self) -> bool {
        self.word == "export"
    }
}

/// Somebody gives a command.
pub struct Line {
    /// Who.
    pub who: Who,
    /// Where.
    pub place: Place,
    /// What.
    pub asks: Asks,
    /// The only platform where it is given; none for all.
    pub only: Option<&'static str>,
}

/// Somebody of the platform's world.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever may manage its rooms.
    Manager,
    /// Somebody who may not.
    Member,
    /// Somebody else who may not, for what holds on afterwards.
    Other,
    /// Whoever comes last: on Telegram they talk to the bot alone.
    Last,
}

/// A room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that is joined from the beginning, which lets others in.
    Joined,
    /// Another one.
    Apart,
    /// The other one, made private for as long.
    Private,
    /// No room: a chat with the bot alone.
    Alone,
}

/// A command.
pub enum Asks {
    /// As it is typed; `{code}` stands for the code that was given last on this platform, `{elsewhere}` for somebody who writes on
    /// another one.
    Typed(&'static str),
    /// About the message that the member has said: chosen in its menu, or typed as an answer to it.
    About {
        /// As it is typed.
        typed: &'static str,
        /// Discord's command in the menu of messages.
        discord: &'static str,
        /// The callback of Slack's shortcut.
        slack: &'static str,
    },
}

use Asks::{About, Typed};
use Place::{Alone, Apart, Joined, Private};
use Who::{Last, Manager, Member, Other};

const fn line(who: Who, place: Place, asks: Asks) -> Line {
    Line { who, place, asks, only: None }
}

/// On Telegram a bot answers in its chat with a person, if they have begun one.
const fn on_telegram(place: Place, asks: Asks) -> Line {
    Line { who: Last, place, asks, only: Some("telegram") }
}

const WHO: Asks = About { typed: "/relay who", discord: "Who reacted", slack: "relay_who" };
const TRACE: Asks = About { typed: "/relay trace", discord: "Trace", slack: "relay_trace" };
const DELETE: Asks = About { typed: "/relay delete", discord: "Delete everywhere", slack: "relay_delete" };

/// Those of the table that this Relay knows.
pub fn scenes() -> impl Iterator<Item = &'static Scene> {
    SCENES.iter().filter(|scene| !matches!(Ask::parse(scene.word), Ask::Unknown(_)))
}

/// All commands, in the order in which they are given: each platform's rooms are joined at the end as they were at the beginning.
const SCENES: &[Scene] = &[
    Scene {
        word: "help",
        about: "what there is",
        lines: &[line(Member, Joined, Typed("/relay help")), on_telegram(Alone, Typed("/relay help"))],
    },
    Scene {
        word: "status",
        about: "how this room is joined",
        lines: &[
            line(Member, Joined, Typed("/relay status")),
            line(Member, Apart, Typed("/relay status")),
            on_telegram(Joined, Typed("/relay status")),
        ],
    },
    Scene {
        word: "connect",
        about: "join this room to a channel",
        lines: &[
            line(Member, Apart, Typed("/relay connect lobby")),
            line(Manager, Private, Typed("/relay connect lobby")),
            line(Manager, Apart, Typed("/relay connect lobby")),
        ],
    },
    Scene {
        word: "approve",
        about: "let a room in, with its code",
        lines: &[
            line(Manager, Joined, Typed("/relay approve {code}")),
            line(Manager, Joined, Typed("/relay approve {code} yes")),
        ],
    },
    Scene {
        word: "disconnect",
        about: "take a room out again",
        lines: &[line(Manager, Apart, Typed("/relay disconnect"))],
    },
    Scene {
        word: "pause",
        about: "keep back what comes from elsewhere",
        lines: &[
            line(Member, Joined, Typed("/relay pause")),
            line(Manager, Joined, Typed("/relay pause 2 hours")),
        ],
    },
    Scene {
        word: "resume",
        about: "let it come again",
        lines: &[line(Manager, Joined, Typed("/relay resume"))],
    },
    Scene {
        word: "mute",
        about: "show nothing new of somebody from elsewhere",
        lines: &[
            line(Manager, Joined, Typed("/relay mute {elsewhere}")),
            line(Manager, Joined, Typed("/relay mute")),
        ],
    },
    Scene {
        word: "unmute",
        about: "show them again",
        lines: &[line(Manager, Joined, Typed("/relay unmute {elsewhere}"))],
    },
    Scene {
        word: "template",
        about: "how people from elsewhere are called here",
        lines: &[
            line(Manager, Joined, Typed("/relay template")),
            line(Manager, Joined, Typed("/relay template ~{name}")),
            line(Manager, Joined, Typed("/relay template default")),
        ],
    },
    Scene { word: "who", about: "who reacted to a message", lines: &[line(Member, Joined, WHO)] },
    Scene { word: "trace", about: "what became of a message", lines: &[line(Member, Joined, TRACE)] },
    Scene {
        word: "delete",
        about: "delete a message in every room",
        lines: &[line(Other, Joined, DELETE), line(Member, Joined, DELETE)],
    },
    Scene {
        word: "privacy",
        about: "what is shared of you",
        lines: &[
            line(Member, Joined, Typed("/relay privacy")),
            line(Other, Joined, Typed("/relay privacy anonymous")),
        ],
    },
    Scene {
        word: "consent",
        about: "the same in particular",
        lines: &[
            line(Other, Joined, Typed("/relay consent")),
            line(Other, Joined, Typed("/relay consent revoke bridging to telegram")),
        ],
    },
    Scene {
        word: "link",
        about: "your accounts on several platforms are yours",
        lines: &[line(Member, Joined, Typed("/relay link"))],
    },
    Scene {
        word: "unlink",
        about: "your account is alone again",
        lines: &[line(Member, Joined, Typed("/relay unlink"))],
    },
    Scene {
        word: "name",
        about: "by which of your names you are shown elsewhere",
        lines: &[line(Member, Joined, Typed("/relay name"))],
    },
    Scene {
        word: "export",
        about: "all that is kept of you",
        lines: &[line(Member, Joined, Typed("/relay export"))],
    },
    Scene {
        word: "forget",
        about: "have everything of yours deleted",
        lines: &[
            line(Other, Joined, Typed("/relay forget")),
            line(Other, Joined, Typed("/relay forget yes")),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_of_the_readme_is_given() {
        let readme = include_str!("../../../README.md");
        let table = readme.lines().filter_map(|line| line.strip_prefix("| `/relay "));
        let listed: BTreeSet<&str> =
            table.filter_map(|row| row.split(['`', ' ']).next()).filter(|word| !word.is_empty()).collect();
        let given: BTreeSet<&str> = scenes().map(|scene| scene.word).collect();
        // `unlink` stands beside `link`.
        assert_eq!(listed.difference(&given).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert!(listed.len() >= 12 && given.contains("unlink"), "{listed:?}");
        for scene in SCENES {
            assert!(!scene.lines.is_empty(), "{}", scene.word);
        }
    }
}
