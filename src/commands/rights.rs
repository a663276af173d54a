//! Who may give a command: whoever the platform itself lets manage the room.

use super::{Commands, PLATFORM, Refused, words};
use crate::engine::RunningAccount;
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, Platform};

impl Commands {
    /// The asker must have the platform's own right to manage the room.
    pub(super) async fn must_manage(&self, account: &RunningAccount, call: &Call) -> Result<(), Refused> {
        let (connector, language) = (&account.connector, self.language(call));
        let asked = async {
            match call.is_sign() {
                true => connector.manages_room(&call.room, &call.asker.id).await,
                false => connector.may_manage(call).await,
            }
        };
        match tokio::time::timeout(PLATFORM, asked).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(must_manage(language, &call.room.platform, connector.manages())),
            Ok(Err(error)) => Err(text!(language, "cannot-check-right", why = error.to_string())),
            Err(_) => Err(text!(language, "right-not-told")),
        }
    }
}

/// Who may do what they may not, as their platform calls it.
fn must_manage(language: Language, platform: &Platform, right: &str) -> Refused {
    let on = words::shown(platform);
    text!(language, "must-manage", on = on, platform = platform.as_str(), right = right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_refused_is_told_what_their_platform_calls_the_right() {
        let right = "whoever has the permission Manage Channels in it";
        assert_eq!(
            must_manage(Language::English, &Platform::new("discord"), right),
            format!("Only somebody who may manage this room can do that: on Discord, {right}.")
        );
        for platform in crate::platforms::ALL {
            let told = must_manage(Language::German, &Platform::new(platform.name()), right);
            assert!(told.starts_with("Das darf nur") && !told.contains(right), "{told}");
        }
        let other = must_manage(Language::German, &Platform::new("other"), right);
        assert!(other.ends_with(&format!("auf Other {right}.")), "{other}");
    }
}
