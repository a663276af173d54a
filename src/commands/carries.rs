//! What will and will not carry over in a room, from its capabilities.

use relay_contract::{Capabilities, Feature, Support, Unit};

/// A line each.
pub fn report(room: &Capabilities) -> String {
    let yes = |support: Support, native: &str, fallback: &str, dropped: &str| {
        match support {
            Support::Native => native,
            Support::Fallback => fallback,
            Support::Dropped => dropped,
        }
        .to_owned()
    };
    let unit = match room.text.unit {
        Unit::Bytes => "bytes",
        Unit::Utf16 | Unit::Chars => "characters",
    };
    let lines = [
        yes(
            room.shows(Feature::Persona),
            "People from elsewhere appear here under their own name and picture.",
            "People from elsewhere appear here with their name before the text.",
            "Here it does not show who wrote what comes from elsewhere.",
        ),
        yes(
            room.shows(Feature::Reply),
            "Answers are shown as answers.",
            "Answers quote what they answer.",
            "It does not show what an answer answers.",
        ),
        yes(
            room.shows(Feature::Edit),
            "Edits made elsewhere change the message here.",
            "Edits made elsewhere are told here in a new message.",
            "Edits made elsewhere are not shown here.",
        ),
        yes(
            room.shows(Feature::Delete),
            "What is deleted elsewhere is deleted here.",
            "What is deleted elsewhere is marked here.",
            "What is deleted elsewhere stays here.",
        ),
        yes(
            room.hears(Feature::Delete),
            "What is deleted here is deleted elsewhere.",
            "What is deleted here is marked elsewhere.",
            "What is deleted here stays elsewhere: this platform does not tell Relay of it.",
        ),
        yes(
            room.shows(Feature::File),
            "Files are carried.",
            "Files are named, not carried.",
            "Files are left out.",
        ),
        format!("Messages longer than {} {unit} are split.", room.text.most),
        "Nobody is pinged by what comes from elsewhere.".to_owned(),
    ];
    lines.map(|line| format!("• {line}")).join("\n")
}
