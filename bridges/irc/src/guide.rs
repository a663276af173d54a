//! What Relay needs on IRC.

use relay_contract::{Asked, Guide};

/// What `relay init` walks through.
pub const GUIDE: Guide = Guide {
    title: "IRC",
    credentials: &[
        "Where the network has services, register a nick for Relay with them: /msg NickServ HELP REGISTER",
    ],
    paste: None,
    asked: &[
        Asked {
            key: "server",
            question: "The server, such as ircs://irc.libera.chat",
            begins: "irc",
            optional: false,
        },
        Asked { key: "nick", question: "The nick that Relay goes by", begins: "", optional: false },
        Asked {
            key: "sasl_password",
            question: "The nick's password (Enter alone: it is not registered)",
            begins: "",
            optional: true,
        },
    ],
    rooms: &["Relay joins the channels by itself, and needs to be no operator."],
    heard: false,
    rooms_are_named: true,
};
