//! What came with a message, by name and size.

use relay_contract::Attachment;
use serde_json::{Map, Value};

/// Kinds of files, with the name for one that has none.
const FILES: [(&str, &str); 6] = [
    ("document", "file"),
    ("video", "video"),
    ("audio", "audio"),
    ("voice", "voice message"),
    ("video_note", "video message"),
    ("animation", "animation"),
];

/// Kinds that have no file of their own and need no more than a word.
const OTHERS: [(&str, &str); 6] = [
    ("story", "story"),
    ("game", "game"),
    ("invoice", "invoice"),
    ("giveaway", "giveaway"),
    ("paid_media", "paid media"),
    ("checklist", "checklist"),
];

/// The attachments among a message's fields. Source: <https://core.telegram.org/bots/api#message>.
pub fn among(fields: &Map<String, Value>) -> Vec<Attachment> {
    let mut found = Vec::new();
    if let Some(Value::Array(sizes)) = fields.get("photo") {
        found.push(Attachment {
            size: sizes.iter().filter_map(|photo| number(photo, "file_size")).max(),
            ..Attachment::named("photo")
        });
    }
    for (kind, name) in FILES {
        // An animation comes with itself as a document, for clients that know none.
        let doubled = kind == "document" && fields.contains_key("animation");
        if let Some(file) = fields.get(kind).filter(|_| !doubled) {
            found.push(Attachment {
                size: number(file, "file_size"),
                ..Attachment::named(string(file, "file_name").unwrap_or(name))
            });
        }
    }
    if let Some(sticker) = fields.get("sticker") {
        found.push(Attachment {
            size: number(sticker, "file_size"),
            ..Attachment::named(with("sticker", " ", string(sticker, "emoji")))
        });
    }
    let named = words(fields).into_iter().map(Attachment::named);
    found.extend(named);
    found
}

/// What is no file, in words.
fn words(fields: &Map<String, Value>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(poll) = fields.get("poll") {
        let options = poll.get("options").and_then(Value::as_array).into_iter().flatten();
        let options: Vec<&str> = options.filter_map(|option| string(option, "text")).collect();
        let question = with("poll", ": ", string(poll, "question"));
        words.push(with(&question, " ", Some(&*options.join(" / ")).filter(|all| !all.is_empty())));
    }
    // A venue comes with its location, for clients that know none.
    if let Some(venue) = fields.get("venue") {
        let place = [string(venue, "title"), string(venue, "address")].into_iter().flatten();
        let place = place.collect::<Vec<_>>().join(", ");
        words.push(with("place", ": ", Some(&*place).filter(|place| !place.is_empty())));
    } else if let Some(location) = fields.get("location") {
        let degrees = |name| location.get(name).and_then(Value::as_f64);
        words.push(match (degrees("latitude"), degrees("longitude")) {
            (Some(latitude), Some(longitude)) => format!("location {latitude:.5}, {longitude:.5}"),
            _ => "location".into(),
        });
    }
    if let Some(contact) = fields.get("contact") {
        // The number stays here: whoever shared it did so with this chat.
        let name = [string(contact, "first_name"), string(contact, "last_name")].into_iter().flatten();
        let name = name.collect::<Vec<_>>().join(" ");
        words.push(with("contact", ": ", Some(&*name).filter(|name| !name.is_empty())));
    }
    if let Some(dice) = fields.get("dice") {
        let thrown = dice.get("value").and_then(Value::as_i64).map(|value| value.to_string());
        words.push(with(string(dice, "emoji").unwrap_or("dice"), " ", thrown.as_deref()));
    }
    let others = OTHERS.iter().filter(|(kind, _)| fields.contains_key(*kind));
    words.extend(others.map(|(_, name)| (*name).to_owned()));
    words
}

/// Whether a location moves by itself, which comes as an edit every few seconds.
pub fn is_live_location(fields: &Map<String, Value>) -> bool {
    fields.get("location").is_some_and(|location| location.get("live_period").is_some())
}

fn with(word: &str, between: &str, more: Option<&str>) -> String {
    more.map_or_else(|| word.to_owned(), |more| format!("{word}{between}{more}"))
}

fn string<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn number(of: &Value, name: &str) -> Option<u64> {
    of.get(name).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_sizes() {
        let cases = [
            (json!({"photo": [{"file_size": 10}, {"file_size": 900}]}), vec![("photo", Some(900))]),
            (json!({"photo": []}), vec![("photo", None)]),
            (json!({"document": {"file_name": "a.pdf", "file_size": 1}}), vec![("a.pdf", Some(1))]),
            (json!({"document": {}}), vec![("file", None)]),
            (
                json!({"animation": {"file_name": "a.mp4"}, "document": {"file_name": "a.mp4"}}),
                vec![("a.mp4", None)],
            ),
            (json!({"sticker": {"emoji": "😀", "file_size": 2}}), vec![("sticker 😀", Some(2))]),
            (json!({"sticker": {}}), vec![("sticker", None)]),
            (json!({"voice": {"file_size": 3}}), vec![("voice message", Some(3))]),
            (json!({"video_note": {}}), vec![("video message", None)]),
            (
                json!({"poll": {"question": "When?", "options": [{"text": "Sat"}, {"text": "Sun"}]}}),
                vec![("poll: When? Sat / Sun", None)],
            ),
            (
                json!({"location": {"latitude": 52.52, "longitude": -13.4}}),
                vec![("location 52.52000, -13.40000", None)],
            ),
            (
                json!({"venue": {"title": "Café", "address": "Main St 1"}, "location": {"latitude": 1.0}}),
                vec![("place: Café, Main St 1", None)],
            ),
            (
                json!({"contact": {"first_name": "Ada", "phone_number": "+49123"}}),
                vec![("contact: Ada", None)],
            ),
            (json!({"dice": {"emoji": "🎲", "value": 5}}), vec![("🎲 5", None)]),
            (json!({"paid_media": {}}), vec![("paid media", None)]),
            (json!({"pinned_message": {}}), vec![]),
            (json!({"photo": 7, "document": "odd"}), vec![("file", None)]),
        ];
        for (fields, expected) in cases {
            let found = among(fields.as_object().unwrap_or(&Map::new()));
            let found: Vec<_> = found.iter().map(|a| (a.name.as_str(), a.size)).collect();
            assert_eq!(found, expected, "{fields}");
        }
    }
}
