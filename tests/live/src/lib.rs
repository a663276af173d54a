//! The connectors, driven through the contract against whatever the environment names: the real platforms, or stand-ins.
//!
//! One room a platform. What is posted there bears a mark and is deleted at the end, whatever went wrong before.

mod inbox;
mod steps;

pub use steps::{Outcome, drive};

use relay_contract::{Account, Connector, Field, FieldKind, NativeId, Problem, Settings};
use secrecy::SecretString;
use std::sync::Arc;

/// A platform's declarations.
struct Platform {
    name: &'static str,
    fields: &'static [Field],
    open: fn(Settings) -> Result<Arc<dyn Connector>, Problem>,
    /// A bot is told of its own posts.
    echoes: bool,
}

const PLATFORMS: [Platform; 3] = [
    Platform { name: "discord", fields: relay_discord::FIELDS, open: relay_discord::open, echoes: true },
    Platform { name: "slack", fields: relay_slack::FIELDS, open: relay_slack::open, echoes: true },
    Platform { name: "telegram", fields: relay_telegram::FIELDS, open: relay_telegram::open, echoes: false },
];

/// A platform that the environment has everything for.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// The room that is written in.
    pub room: NativeId,
    echoes: bool,
    settings: Settings,
    open: fn(Settings) -> Result<Arc<dyn Connector>, Problem>,
}

/// The platforms that the variables name, with what is missing of those that are named by half.
///
/// `DISCORD_TOKEN`, `SLACK_BOT_TOKEN` and so on are the secrets; `RELAY_LIVE_DISCORD_ROOM` is the room's id, and
/// `RELAY_LIVE_DISCORD_API_URL` a server other than the platform's own.
pub fn targets(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for platform in &PLATFORMS {
        let upper = platform.name.to_uppercase();
        let room_name = format!("RELAY_LIVE_{upper}_ROOM");
        let room = variable(&room_name);
        let mut settings = Settings {
            account: Account(platform.name.to_owned()),
            secrets: Default::default(),
            urls: Default::default(),
            texts: Default::default(),
        };
        let mut missing = Vec::new();
        for field in platform.fields {
            let key = field.name.to_uppercase();
            let name = match field.kind {
                FieldKind::Secret | FieldKind::SecretLines => format!("{upper}_{key}"),
                FieldKind::Url(_) | FieldKind::Text => format!("RELAY_LIVE_{upper}_{key}"),
            };
            match (variable(&name), field.kind) {
                (Some(value), FieldKind::Secret | FieldKind::SecretLines) => {
                    settings.secrets.insert(field.name, SecretString::from(value));
                }
                (Some(value), FieldKind::Url(_)) => {
                    settings.urls.insert(field.name, value.trim_end_matches('/').to_owned());
                }
                (Some(value), FieldKind::Text) => {
                    settings.texts.insert(field.name, value);
                }
                (None, _) if field.required => missing.push(name),
                (None, _) => {}
            }
        }
        match (room, missing.as_slice()) {
            (None, _) if settings.secrets.is_empty() => {}
            (None, _) => return Err(format!("set {room_name} to the id of the room to write in")),
            (Some(_), [first, ..]) => return Err(format!("set {first} as well")),
            (Some(room), []) => targets.push(Target {
                name: platform.name,
                room: room.into(),
                echoes: platform.echoes,
                settings,
                open: platform.open,
            }),
        }
    }
    Ok(targets)
}
