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

/// What a token's scopes allow. A server that doesn't tell them is taken at its best.
#[derive(Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Names and pictures.
    pub customize: bool,
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
        let needed = missing(NEEDED);
        if !needed.is_empty() {
            let rest = [missing(PRIVATE), missing(&[CUSTOMIZE]), missing(&[COMMANDS])];
            let all: Vec<_> = needed.into_iter().chain(rest.into_iter().flatten()).collect();
            return Err(missing_scopes("bot_token", &all));
        }
        let warning = |missing: &[&'static str], so: &str| -> Option<Problem> {
            let problem = (!missing.is_empty()).then(|| missing_scopes("bot_token", missing))?;
            Some(Problem::new(format!("{} {so}", problem.what), problem.fix))
        };
        let (private, customize) = (missing(PRIVATE), missing(&[CUSTOMIZE]));
        let app_name = "Messages will stand under the app's name, with the author's before the text.";
        let no_commands = "`/relay` and the app's shortcuts will not work.";
        Ok(Self {
            customize: customize.is_empty(),
            private: private.is_empty(),
            of_account: warning(&private, "Private channels will not work.").into_iter().collect(),
            of_rooms: [warning(&customize, app_name), warning(&missing(&[COMMANDS]), no_commands)]
                .into_iter()
                .flatten()
                .collect(),
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
        let all: Vec<_> =
            [NEEDED, PRIVATE, &[CUSTOMIZE, COMMANDS]].concat().into_iter().map(str::to_owned).collect();
        let permissions = Permissions::from_scopes(Some(&all)).unwrap();
        assert!(permissions.customize && permissions.private, "{permissions:?}");
        assert!(permissions.of_account.is_empty() && permissions.of_rooms.is_empty(), "{permissions:?}");
        let permissions = of("chat:write channels:history users:read channels:read").unwrap();
        assert!(!permissions.customize && !permissions.private);
        assert_eq!((permissions.of_account.len(), permissions.of_rooms.len()), (1, 2));
        let permissions =
            of("chat:write chat:write.customize channels:history users:read channels:read").unwrap();
        assert!(permissions.of_rooms[0].what.contains("`commands`"), "{permissions:?}");
        let problem = of("chat:write").unwrap_err();
        for scope in ["channels:history", "users:read", "groups:read", "chat:write.customize", "commands"] {
            assert!(problem.what.contains(scope), "{problem}");
        }
        assert!(Permissions::from_scopes(None).unwrap().customize);
    }
}
