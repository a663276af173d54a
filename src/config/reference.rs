//! The reference of all keys, made from the tables that the check uses.

use super::{
    ACCOUNT_KEYS, ALERTS_KEYS, API_KEYS, CHANNEL_KEYS, COMPATIBLE_KEYS, HOOK_KEYS, INCOMING_KEYS, Key,
    LINK_KEYS, MAIL_KEYS, MEDIA_KEYS, OUTGOING_KEYS, RELAY_KEYS,
};
use crate::platforms::{self, Entry};
use relay_contract::FieldKind;
use std::fmt::Write;

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# bridges.toml\n\nEvery key there is; any other is a mistake. `relay check` finds all mistakes at once. This page is made from the code.\n",
    );
    section(&mut page, "[relay]", "The process itself.", RELAY_KEYS);
    section(
        &mut page,
        "[media]",
        "Files. They are fetched, looked at, and kept for a while, so that no room depends on a link that expires. A file that a room does \
         not take is linked there, if `listen` and `url` say where people can have it.",
        MEDIA_KEYS,
    );
    section(
        &mut page,
        "[alerts]",
        "What needs a person (a parked account, messages that are late or were given up, a missing right, unusual silence, the disk, the clock) is told, once, with \
         what to do about it, and that it is over. By each way that is named here; `relay alerts test` tries them all.",
        ALERTS_KEYS,
    );
    section(&mut page, "[alerts.webhook]", "A webhook that is called with it.", HOOK_KEYS);
    section(&mut page, "[alerts.email]", "It as an email.", MAIL_KEYS);
    section(
        &mut page,
        "[api]",
        "Relay's own API, for programs: each channel is there under /api/v1/channels/NAME, also one that no platform is linked to.",
        API_KEYS,
    );
    section(
        &mut page,
        "[api.matterbridge]",
        "matterbridge's API, for programs that were written for it, beside Relay's own: the gateways are the channels.",
        COMPATIBLE_KEYS,
    );
    section(
        &mut page,
        "[api.incoming.NAME]",
        "A webhook that others call, at /api/v1/webhooks/NAME, to say something in a channel. Calls are signed by Standard Webhooks \
         (<https://www.standardwebhooks.com>); NAME is yours to choose.",
        INCOMING_KEYS,
    );
    section(
        &mut page,
        "[api.outgoing.NAME]",
        "A webhook that Relay calls with what happens in a channel, one call an event, in order, signed in the same way. A receiver that \
         cannot be reached holds only its own queue: the room `webhooks:NAME`.",
        OUTGOING_KEYS,
    );
    section(
        &mut page,
        "[accounts.NAME]",
        "One credential: a bot, an app. NAME is yours to choose. A secret is never written here: `{ env = \"VARIABLE\" }` reads it from the \
         environment, `{ file = \"PATH\" }` from a file, `{ credential = \"NAME\" }` from systemd's `LoadCredential=`.",
        ACCOUNT_KEYS,
    );
    for entry in platforms::ALL {
        heading(&mut page, 3, &format!("platform = \"{}\"", entry.name()));
        page.push_str(&keys_of(entry));
    }
    section(&mut page, "[channels.NAME]", "A Relay channel: rooms that share what is said.", CHANNEL_KEYS);
    section(&mut page, "A link as a table", "Where more than the room is to be said.", LINK_KEYS);
    page
}

/// The keys of a platform's accounts, and what its rooms are called.
pub fn keys_of(entry: &Entry) -> String {
    let mut page = String::new();
    for field in entry.fields {
        let kind = match field.kind {
            FieldKind::Secret => "secret".to_owned(),
            FieldKind::SecretLines => "secret of several lines".to_owned(),
            FieldKind::Url(schemes) => format!("URL, {}", schemes.join(" or ")),
            FieldKind::Text => "text".to_owned(),
        };
        let needed = if field.required { "required" } else { "optional" };
        row(&mut page, &format!("{}` ({kind}, {needed})", field.name), field.doc);
    }
    page.push_str(&format!("- Rooms: {}\n", entry.room_ids.doc));
    page
}

fn section(page: &mut String, title: &str, about: &str, keys: &[Key]) {
    heading(page, 2, title);
    page.push_str(about);
    page.push_str("\n\n");
    for key in keys {
        row(page, &format!("{}`", key.name), key.doc);
    }
}

// Writing into a String cannot fail.
fn heading(page: &mut String, level: usize, title: &str) {
    let _ = writeln!(page, "\n{} {title}\n", "#".repeat(level));
}

fn row(page: &mut String, name: &str, doc: &str) {
    let _ = writeln!(page, "- `{name}: {doc}");
}
