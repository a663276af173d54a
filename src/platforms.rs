//! The platforms that this Relay speaks: the only file that names connector crates.

use relay_contract::{Capabilities, Connector, Field, Guide, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// What a Matrix homeserver is told of Relay.
pub use relay_matrix::registration as matrix_registration;

/// One platform, as its crate declares it.
pub struct Entry {
    /// Its name, also in the config.
    pub platform: Platform,
    /// The keys that its accounts have.
    pub fields: &'static [Field],
    /// What its rooms' ids look like.
    pub room_ids: RoomIds,
    /// What its rooms can do where Relay has every right that it asks for.
    pub capabilities: fn() -> Capabilities,
    /// A page of its own servers, whose clock is asked; empty where there are none that are everybody's.
    pub site: &'static str,
    /// How a person makes an account there.
    pub guide: &'static Guide,
    /// Whether its connections go through the proxy that the environment names.
    pub proxied: bool,
    /// Makes a connector from checked settings.
    pub open: fn(Settings) -> Result<Arc<dyn Connector>, Problem>,
}

impl Entry {
    /// Its name in the config.
    pub fn name(&'static self) -> &'static str {
        self.platform.as_str()
    }
}

/// All of them.
pub static ALL: &[Entry] = &[
    Entry {
        platform: relay_discord::PLATFORM,
        fields: relay_discord::FIELDS,
        room_ids: relay_discord::ROOM_IDS,
        capabilities: relay_discord::capabilities,
        site: "https://discord.com",
        guide: &relay_discord::GUIDE,
        proxied: false,
        open: relay_discord::open,
    },
    Entry {
        platform: relay_irc::PLATFORM,
        fields: relay_irc::FIELDS,
        room_ids: relay_irc::ROOM_IDS,
        capabilities: relay_irc::capabilities,
        site: "",
        guide: &relay_irc::GUIDE,
        proxied: false,
        open: relay_irc::open,
    },
    Entry {
        platform: relay_matrix::PLATFORM,
        fields: relay_matrix::FIELDS,
        room_ids: relay_matrix::ROOM_IDS,
        capabilities: relay_matrix::capabilities,
        site: "https://matrix.org",
        guide: &relay_matrix::GUIDE,
        proxied: true,
        open: relay_matrix::open,
    },
    Entry {
        platform: relay_slack::PLATFORM,
        fields: relay_slack::FIELDS,
        room_ids: relay_slack::ROOM_IDS,
        capabilities: relay_slack::capabilities,
        site: "https://slack.com",
        guide: &relay_slack::GUIDE,
        proxied: false,
        open: relay_slack::open,
    },
    Entry {
        platform: relay_telegram::PLATFORM,
        fields: relay_telegram::FIELDS,
        room_ids: relay_telegram::ROOM_IDS,
        capabilities: relay_telegram::capabilities,
        site: "https://api.telegram.org",
        guide: &relay_telegram::GUIDE,
        proxied: true,
        open: relay_telegram::open,
    },
];

/// The platform of that name.
pub fn named(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name() == name)
}
