//! Permissions and intents by name, and who may do what where, as Discord documents it.
//!
//! <https://discord.com/developers/docs/topics/permissions>

/// Permission names and bits.
const PERMISSIONS: &[(&str, u32)] = &[
    ("CREATE_INSTANT_INVITE", 0),
    ("KICK_MEMBERS", 1),
    ("BAN_MEMBERS", 2),
    ("ADMINISTRATOR", 3),
    ("MANAGE_CHANNELS", 4),
    ("MANAGE_GUILD", 5),
    ("ADD_REACTIONS", 6),
    ("VIEW_AUDIT_LOG", 7),
    ("VIEW_CHANNEL", 10),
    ("SEND_MESSAGES", 11),
    ("SEND_TTS_MESSAGES", 12),
    ("MANAGE_MESSAGES", 13),
    ("EMBED_LINKS", 14),
    ("ATTACH_FILES", 15),
    ("READ_MESSAGE_HISTORY", 16),
    ("MENTION_EVERYONE", 17),
    ("USE_EXTERNAL_EMOJIS", 18),
    ("CHANGE_NICKNAME", 26),
    ("MANAGE_NICKNAMES", 27),
    ("MANAGE_ROLES", 28),
    ("MANAGE_WEBHOOKS", 29),
    ("MANAGE_GUILD_EXPRESSIONS", 30),
    ("USE_APPLICATION_COMMANDS", 31),
    ("MANAGE_EVENTS", 33),
    ("MANAGE_THREADS", 34),
    ("CREATE_PUBLIC_THREADS", 35),
    ("CREATE_PRIVATE_THREADS", 36),
    ("USE_EXTERNAL_STICKERS", 37),
    ("SEND_MESSAGES_IN_THREADS", 38),
    ("MODERATE_MEMBERS", 40),
    ("SEND_VOICE_MESSAGES", 46),
    ("SEND_POLLS", 49),
    ("PIN_MESSAGES", 51),
];

/// Full control, past every overwrite.
pub const ADMINISTRATOR: u64 = 1 << 3;
/// Manage, rename and delete channels.
pub const MANAGE_CHANNELS: u64 = 1 << 4;
/// Put a reaction on a message that has none like it.
pub const ADD_REACTIONS: u64 = 1 << 6;
/// See a channel and hear of what happens in it.
pub const VIEW_CHANNEL: u64 = 1 << 10;
/// Post.
pub const SEND_MESSAGES: u64 = 1 << 11;
/// Delete what others posted.
pub const MANAGE_MESSAGES: u64 = 1 << 13;
/// Attach files.
pub const ATTACH_FILES: u64 = 1 << 15;
/// Read what was said before.
pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
/// `@everyone`, `@here` and any role.
pub const MENTION_EVERYONE: u64 = 1 << 17;
/// Make, list and delete webhooks.
pub const MANAGE_WEBHOOKS: u64 = 1 << 29;

/// Archive, lock and delete threads.
pub const MANAGE_THREADS: u64 = 1 << 34;
/// Open threads.
pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
/// Post in threads.
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
/// Post polls.
pub const SEND_POLLS: u64 = 1 << 49;
/// Pin messages.
pub const PIN_MESSAGES: u64 = 1 << 51;

/// Gateway intents by name, and whether the application must be granted them.
///
/// <https://discord.com/developers/docs/events/gateway#gateway-intents>
const INTENTS: &[(&str, u32, bool)] = &[
    ("GUILDS", 0, false),
    ("GUILD_MEMBERS", 1, true),
    ("GUILD_MODERATION", 2, false),
    ("GUILD_EXPRESSIONS", 3, false),
    ("GUILD_INTEGRATIONS", 4, false),
    ("GUILD_WEBHOOKS", 5, false),
    ("GUILD_INVITES", 6, false),
    ("GUILD_VOICE_STATES", 7, false),
    ("GUILD_PRESENCES", 8, true),
    ("GUILD_MESSAGES", 9, false),
    ("GUILD_MESSAGE_REACTIONS", 10, false),
    ("GUILD_MESSAGE_TYPING", 11, false),
    ("DIRECT_MESSAGES", 12, false),
    ("DIRECT_MESSAGE_REACTIONS", 13, false),
    ("DIRECT_MESSAGE_TYPING", 14, false),
    ("MESSAGE_CONTENT", 15, true),
    ("GUILD_SCHEDULED_EVENTS", 16, false),
    ("AUTO_MODERATION_CONFIGURATION", 20, false),
    ("AUTO_MODERATION_EXECUTION", 21, false),
    ("GUILD_MESSAGE_POLLS", 24, false),
    ("DIRECT_MESSAGE_POLLS", 25, false),
];

/// `GUILD_CREATE`, `GUILD_DELETE`.
pub const GUILDS: u64 = 1;
/// All members in `GUILD_CREATE`.
pub const GUILD_MEMBERS: u64 = 1 << 1;
/// `WEBHOOKS_UPDATE`.
pub const GUILD_WEBHOOKS: u64 = 1 << 5;
/// `MESSAGE_*`.
pub const GUILD_MESSAGES: u64 = 1 << 9;
/// `MESSAGE_REACTION_*`.
pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
/// `TYPING_START`.
pub const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
/// What others write, in messages.
pub const MESSAGE_CONTENT: u64 = 1 << 15;
/// `MESSAGE_POLL_VOTE_*`.
pub const GUILD_MESSAGE_POLLS: u64 = 1 << 24;
const GUILD_PRESENCES: u64 = 1 << 8;

/// What one bot may do.
#[derive(Debug, Clone, Copy)]
pub struct May {
    /// Permission bits of its role.
    pub permissions: u64,
    /// Privileged intents that its application was granted.
    pub privileged: u64,
}

impl May {
    /// From the names in a world; `None` is everything except `ADMINISTRATOR`, which would reach into rooms it is not in.
    pub fn from_names(names: Option<&[String]>) -> Result<Self, String> {
        let all = |bits: u64, bit: u32| bits | 1 << bit;
        let Some(names) = names else {
            return Ok(Self {
                permissions: PERMISSIONS.iter().map(|p| p.1).fold(0, all) & !ADMINISTRATOR,
                privileged: INTENTS.iter().filter(|i| i.2).map(|i| i.1).fold(0, all),
            });
        };
        let mut may = Self { permissions: 0, privileged: 0 };
        for name in names {
            if let Some((_, bit)) = PERMISSIONS.iter().find(|p| p.0 == name) {
                may.permissions |= 1 << bit;
            } else if let Some((_, bit, privileged)) = INTENTS.iter().find(|i| i.0 == name) {
                may.privileged |= u64::from(*privileged) << bit;
            } else {
                return Err(format!("`{name}` is neither a Discord permission nor an intent"));
            }
        }
        Ok(may)
    }

    /// The application's public flags, which tell the privileged intents that a small application was granted.
    ///
    /// <https://discord.com/developers/docs/resources/application#application-object-application-flags>
    pub fn application_flags(self) -> u64 {
        [(GUILD_PRESENCES, 13), (GUILD_MEMBERS, 15), (MESSAGE_CONTENT, 19)]
            .iter()
            .filter(|(intent, _)| self.privileged & intent != 0)
            .fold(0, |flags, (_, bit)| flags | 1 << bit)
    }

    /// The close code for intents that cannot be had: 4013 unknown, 4014 not granted.
    pub fn refuses(self, intents: u64) -> Option<(u16, &'static str)> {
        let known = INTENTS.iter().fold(0, |bits: u64, i| bits | 1 << i.1);
        let privileged = INTENTS.iter().filter(|i| i.2).fold(0, |bits: u64, i| bits | 1 << i.1);
        if intents & !known != 0 {
            Some((4013, "Invalid intent(s)."))
        } else if intents & privileged & !self.privileged != 0 {
            Some((4014, "Disallowed intent(s)."))
        } else {
            None
        }
    }
}

/// What everybody in a guild may do, bots too: see its channels, as far as no overwrite hides them.
pub fn of_everyone() -> u64 {
    VIEW_CHANNEL
}

/// Everything.
pub fn all() -> u64 {
    PERMISSIONS.iter().fold(0, |bits, p| bits | 1 << p.1)
}

/// What every person in a guild may do: talk, and ping everybody.
pub fn of_people() -> u64 {
    let names = [
        "CREATE_INSTANT_INVITE",
        "ADD_REACTIONS",
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "EMBED_LINKS",
        "ATTACH_FILES",
        "READ_MESSAGE_HISTORY",
        "MENTION_EVERYONE",
        "USE_EXTERNAL_EMOJIS",
        "CHANGE_NICKNAME",
        "USE_APPLICATION_COMMANDS",
        "CREATE_PUBLIC_THREADS",
        "SEND_MESSAGES_IN_THREADS",
        "SEND_POLLS",
    ];
    PERMISSIONS.iter().filter(|p| names.contains(&p.0)).fold(0, |bits, p| bits | 1 << p.1)
}

/// A channel's exception for one role.
#[derive(Debug, Clone, Copy)]
pub struct Overwrite {
    /// The role; the guild's id for `@everyone`.
    pub role: u64,
    /// Bits taken away.
    pub deny: u64,
    /// Bits given.
    pub allow: u64,
}

/// A member's permissions in a channel: base, then the overwrite of `@everyone`, then those of their roles together.
pub fn in_channel(base: u64, everyone: u64, roles: &[u64], overwrites: &[Overwrite]) -> u64 {
    if base & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    let mut bits = base;
    for overwrite in overwrites.iter().filter(|o| o.role == everyone) {
        bits = bits & !overwrite.deny | overwrite.allow;
    }
    let theirs = || overwrites.iter().filter(|o| roles.contains(&o.role));
    let (deny, allow) = theirs().fold((0, 0), |(deny, allow), o| (deny | o.deny, allow | o.allow));
    bits & !deny | allow
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn overwrites_apply_in_the_documented_order() {
        let everyone = Overwrite { role: 1, deny: VIEW_CHANNEL, allow: 0 };
        let member = Overwrite { role: 2, deny: 0, allow: VIEW_CHANNEL };
        let muted = Overwrite { role: 3, deny: SEND_MESSAGES | VIEW_CHANNEL, allow: 0 };
        for (base, roles, overwrites, expected) in [
            (VIEW_CHANNEL, &[][..], &[][..], VIEW_CHANNEL),
            (VIEW_CHANNEL, &[2], &[everyone][..], 0),
            (0, &[2], &[everyone, member][..], VIEW_CHANNEL),
            // Among a member's own roles, allow wins over deny.
            (SEND_MESSAGES, &[2, 3], &[everyone, member, muted][..], VIEW_CHANNEL),
            (ADMINISTRATOR, &[3], &[everyone, muted][..], u64::MAX),
        ] {
            assert_eq!(in_channel(base, 1, roles, overwrites), expected);
        }
    }

    #[test]
    fn names_become_bits_and_unknown_ones_are_refused() {
        let may = May::from_names(Some(&["SEND_MESSAGES".into(), "MESSAGE_CONTENT".into(), "GUILDS".into()]))
            .unwrap();
        assert_eq!((may.permissions, may.privileged), (SEND_MESSAGES, MESSAGE_CONTENT));
        assert_eq!(may.refuses(GUILDS | MESSAGE_CONTENT), None);
        assert_eq!(may.refuses(GUILD_MEMBERS).unwrap().0, 4014);
        assert_eq!(may.refuses(1 << 40).unwrap().0, 4013);
        assert!(May::from_names(Some(&["FLY".into()])).is_err());
    }
}
