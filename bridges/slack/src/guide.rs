//! How an app is made for Relay on Slack.

use relay_contract::{Asked, Guide, Paste};

/// What `relay init` walks through.
pub const GUIDE: Guide = Guide {
    title: "Slack",
    credentials: &[
        "Open https://api.slack.com/apps?new_app=1 and choose From a manifest, then your workspace.",
        "Under JSON, paste {paste} in place of what is there. It has all scopes and events, and switches Socket Mode on.",
        "Install App → Install to Workspace, and copy the Bot User OAuth Token (xoxb-…).",
        "Basic Information → App-Level Tokens → Generate one with the scope connections:write, and copy it (xapp-…).",
    ],
    paste: Some(Paste {
        file: "slack-manifest.json",
        text: include_str!("../../../config/slack-manifest.json"),
    }),
    asked: &[
        Asked { key: "bot_token", question: "The Bot User OAuth Token", begins: "xoxb-", optional: false },
        Asked { key: "app_token", question: "The App-Level Token", begins: "xapp-", optional: false },
    ],
    rooms: &["In each channel that is to be joined, write: /invite @{bot}"],
    heard: false,
    rooms_are_named: false,
};
