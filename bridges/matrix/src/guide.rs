//! How an account is made for Relay on Matrix.

use relay_contract::{Asked, Guide};

/// What `relay init` walks through. An application service is set up by hand: `relay matrix registration`.
pub const GUIDE: Guide = Guide {
    title: "Matrix",
    credentials: &[
        "Register an account for Relay on your homeserver, and sign in as it in Element (https://app.element.io), best in a private window. \
         (On a homeserver of your own, README.md tells how people get accounts with names and pictures: relay matrix registration.)",
        "All settings → Help & About → Access Token, and copy it.",
        "Close the window without signing out, which would end the token.",
    ],
    paste: None,
    asked: &[
        Asked {
            key: "homeserver",
            question: "The homeserver, such as https://matrix.example.org",
            begins: "http",
            optional: false,
        },
        Asked { key: "access_token", question: "The access token", begins: "", optional: false },
    ],
    rooms: &["In each room that is to be joined, write: /invite {bot}"],
    heard: true,
    rooms_are_named: false,
};
