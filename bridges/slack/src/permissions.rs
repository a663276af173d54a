//! The scopes a bot token needs (<https://docs.slack.dev/reference/scopes/>).

use crate::errors::missing_scopes;
use relay_contract::Problem;

/// Without these nothing works.
const NEEDED: &[&str] = &["chat:write", "channels:history", "channels:read", "users:read"];
/// Without these private channels don't work.
const PRIVATE: &[&str] = &["groups:history", "groups:read"];
/// Without this posts stand under the app's own name.
const CUSTOMIZE: &str = "chat:write.customize";

/// What a token's scopes allow. A server that doesn't tell them is taken at its best.
#[derive(Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Names and pictures.
    pub customize: bool,
    /// Private channels.
    pub private: bool,
    /// What is missing and costs only some features.
    pub warnings: Vec<Problem>,
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
            let all: Vec<_> =
                needed.into_iter().chain(missing(PRIVATE)).chain(missing(&[CUSTOMIZE])).collect();
            return Err(missing_scopes("bot_token", &all));
        }
        let mut warnings = Vec::new();
        let private = missing(PRIVATE);
        if !private.is_empty() {
            let problem = missing_scopes("bot_token", &private);
            warnings
                .push(Problem::new(format!("{} Private channels will not work.", problem.what), problem.fix));
        }
        let customize = missing(&[CUSTOMIZE]);
        if !customize.is_empty() {
            let problem = missing_scopes("bot_token", &customize);
            warnings.push(Problem::new(
                format!(
                    "{} Messages will stand under the app's name, with the author's before the text.",
                    problem.what
                ),
                problem.fix,
            ));
        }
        Ok(Self { customize: customize.is_empty(), private: private.is_empty(), warnings })
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
        let all = "chat:write chat:write.customize channels:history groups:history users:read channels:read groups:read";
        let permissions = of(all).unwrap();
        assert!(permissions.customize && permissions.private && permissions.warnings.is_empty());
        let permissions = of("chat:write channels:history users:read channels:read").unwrap();
        assert!(!permissions.customize && !permissions.private);
        assert_eq!(permissions.warnings.len(), 2);
        let problem = of("chat:write").unwrap_err();
        for scope in ["channels:history", "users:read", "groups:read", "chat:write.customize"] {
            assert!(problem.what.contains(scope), "{problem}");
        }
        assert!(Permissions::from_scopes(None).unwrap().customize);
    }
}
