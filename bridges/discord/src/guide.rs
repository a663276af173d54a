//! How a bot is made for Relay on Discord.

use relay_contract::{Asked, Guide};

/// What `relay init` walks through.
pub const GUIDE: Guide = Guide {
    title: "Discord",
    credentials: &[
        "Open https://discord.com/developers/applications and click New Application. Its name is the bot's.",
        "On the page Bot: switch on Message Content Intent, below Privileged Gateway Intents, and Save Changes. Without it, messages come empty.",
        "On the same page: Reset Token, and copy it.",
    ],
    paste: None,
    asked: &[Asked { key: "token", question: "The bot's token", begins: "", optional: false }],
    rooms: &[
        "Open this link and choose your server. It asks for what Relay uses, and for nothing else: {link}",
        "In a private channel that is to be joined: Edit Channel → Permissions → add the bot's role.",
    ],
    heard: false,
    rooms_are_named: false,
};
