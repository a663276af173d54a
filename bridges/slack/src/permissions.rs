//! The scopes a bot token needs (<https://docs.slack.dev/reference/scopes/>).

use crate::errors::missing_scopes;
use relay_contract::Problem;

/// Without these nothing works.
pub const NEEDED: &[&str] = &["chat:write", "channels:history", "channels:read", "users:read"];
/// Without these private channels don't work.
pub const PRIVATE: &[&str] = &["groups:history", "groups:read"];
/// Without this posts stand under the app's own name.
pub const CUSTOMIZE: &str = "chat:write.customize";
/// Without this there is no `/relay` and no shortcut.
pub const COMMANDS: &str = "commands";

/// Without these files stay names, or cannot be posted.
pub const FILES: &[&str] = &["files:read", "files:write"];
/// Without this reactions with the workspace's own emoji are not put.
pub const EMOJI: &str = "emoji:read";

/// What each scope that costs only features is for, as what is said where it is missing.
const COSTS: &[(&[&str], &str)] = &[
    (&[CUSTOMIZE], "Messages will stand under the app's name, with the author's before the text."),
    (&[COMMANDS], "`/relay` and the app's shortcuts will not work."),
    (&["files:read"], "Files from here will arrive as their names only."),
    (&["files:write"], "Files from elsewhere will be linked, not posted."),
    (&["reactions:read"], "Reactions here will not arrive elsewhere."),
    (&["reactions:write"], "Reactions from elsewhere will be shown as text."),
    (&["pins:read"], "Pins here will not arrive elsewhere."),
    (&["pins:write"], "What is pinned elsewhere will not be pinned here."),
    (&[EMOJI], "The workspace's own emoji will not be used for reactions."),
];

/// Every scope that is of use.
#[cfg(test)]
pub fn all() -> Vec<&'static str> {
    let others = COSTS.iter().flat_map(|(scopes, _)| scopes.iter());
    NEEDED.iter().chain(PRIVATE).chain(others).copied().collect()
}

/// What a token may do beyond text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// Names and pictures.
    pub customize: bool,
    /// Fetching files.
    pub reads_files: bool,
    /// Posting files.
    pub writes_files: bool,
    /// Hearing of reactions.
    pub reads_reactions: bool,
    /// Reacting.
    pub reacts: bool,
    /// Hearing of pins.
    pub reads_pins: bool,
    /// Pinning.
    pub pins: bool,
    /// Knowing the workspace's own emoji.
    pub reads_emoji: bool,
}

impl Rights {
    /// Everything that Relay asks for.
    pub const ALL: Self = Self {
        customize: true,
        reads_files: true,
        writes_files: true,
        reads_reactions: true,
        reacts: true,
        reads_pins: true,
        pins: true,
        reads_emoji: true,
    };
}

/// What a token's scopes allow. A server that doesn't tell them is taken at its best.
#[derive(Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Beyond text.
    pub rights: Rights,
    /// Private channels.
    pub private: bool,
    /// What is missing and costs the account some of its rooms.
    pub of_account: Vec<Problem>,
    /// What is missing and costs each room some features.
    pub of_rooms: Vec<Problem>,
}

impl Permissions {
    /// Reads the scopes; `Err` when the bridge could not work at all.
    pub fn from_scopes(scopes: Option<&[String]>) -> Result<Self, Problem> {
        let missing = |wanted: &[&'static str]| -> Vec<&'static str> {
            let Some(scopes) = scopes else { return Vec::new() };
            wanted.iter().copied().filter(|scope| !scopes.iter().any(|has| has == scope)).collect()
        };
        let has = |scope: &'static str| missing(&[scope]).is_empty();
        let needed = missing(NEEDED);
        if !needed.is_empty() {
            let rest =
                missing(PRIVATE).into_iter().chain(COSTS.iter().flat_map(|(scopes, _)| missing(scopes)));
            let all: Vec<_> = needed.into_iter().chain(rest).collect();
            return Err(missing_scopes("bot_token", &all));
        }
        let warning = |missing: &[&'static str], so: &str| -> Option<Problem> {
            let problem = (!missing.is_empty()).then(|| missing_scopes("bot_token", missing))?;
            Some(Problem::new(format!("{} {so}", problem.what), problem.fix))
        };
        let private = missing(PRIVATE);
        Ok(Self {
            rights: Rights {
                customize: has(CUSTOMIZE),
                reads_files: has("files:read"),
                // Where a message is that holds an upload is asked for with the right to read.
                writes_files: missing(FILES).is_empty(),
                reads_reactions: has("reactions:read"),
                reacts: has("reactions:write"),
                reads_pins: has("pins:read"),
                pins: has("pins:write"),
                reads_emoji: has(EMOJI),
            },
            private: private.is_empty(),
            of_account: warning(&private, "Private channels will not work.").into_iter().collect(),
            of_rooms: COSTS.iter().filter_map(|(scopes, so)| warning(&missing(scopes), so)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(scopes: &str) -> Result<Permissions, Problem> {
        let scopes: Vec<String> = scopes.split(' ').map(str::to_owned).collect();
        Permissions::from_scopes(Some(&scopes))
    }

    #[test]
    fn scopes() {
        let all: Vec<_> = all().into_iter().map(str::to_owned).collect();
        let permissions = Permissions::from_scopes(Some(&all)).unwrap();
        assert!(permissions.rights.customize && permissions.private, "{permissions:?}");
        assert!(permissions.of_account.is_empty() && permissions.of_rooms.is_empty(), "{permissions:?}");
        let permissions = of("chat:write channels:history users:read channels:read").unwrap();
        assert!(!permissions.rights.customize && !permissions.private);
        assert_eq!((permissions.of_account.len(), permissions.of_rooms.len()), (1, COSTS.len()));
        assert_eq!(permissions.rights, Rights::default());
        let permissions =
            of("chat:write chat:write.customize channels:history users:read channels:read").unwrap();
        assert!(permissions.of_rooms[0].what.contains("`commands`"), "{permissions:?}");
        let problem = of("chat:write").unwrap_err();
        for scope in ["channels:history", "users:read", "groups:read", "chat:write.customize", "files:write"]
        {
            assert!(problem.what.contains(scope), "{problem}");
        }
        assert!(Permissions::from_scopes(None).unwrap().rights.customize);
    }
}
