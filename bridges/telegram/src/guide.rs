//! How a bot is made for Relay on Telegram.

use relay_contract::{Asked, Guide};

/// What `relay init` walks through.
pub const GUIDE: Guide = Guide {
    title: "Telegram",
    credentials: &[
        "Open https://t.me/BotFather and send /newbot. It asks for a name, and answers with the token.",
        "Send /setprivacy, choose the bot, then Disable: only then does it hear what people say to each other.",
    ],
    paste: None,
    asked: &[Asked { key: "token", question: "The bot's token", begins: "", optional: false }],
    rooms: &[
        "With the privacy mode off, add the bot to the group. Was it there already? Remove it and add it again: the setting counts from when it joins.",
        "Make it an administrator of the group: only then is it told of reactions, and may pin, open topics and delete. It works without.",
        "Telegram tells a bot of a group only when something happens there: write something in it.",
    ],
    heard: true,
    rooms_are_named: false,
};
