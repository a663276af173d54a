//! What came with a message.

use crate::{ids, locate};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Attachment, FileKind, Mention, Text};
use serde_json::{Map, Value};

/// Kinds of files, with the name for one that has none and the media type that it has when Telegram tells none.
const FILES: [(&str, &str, FileKind, Option<&str>); 6] = [
    ("document", "file", FileKind::File, None),
    ("video", "video", FileKind::Video, Some("video/mp4")),
    ("audio", "audio", FileKind::Audio, None),
    ("voice", "voice message", FileKind::Voice, Some("audio/ogg")),
    ("video_note", "video message", FileKind::VideoNote, Some("video/mp4")),
    ("animation", "animation", FileKind::Animation, None),
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
        // Telegram makes JPEG of every picture, in sizes from the smallest to the largest.
        let pixels = |photo: &Value| Some(number(photo, "width")?.saturating_mul(number(photo, "height")?));
        let largest = sizes.iter().max_by_key(|photo| (pixels(photo), number(photo, "file_size")));
        found.push(Attachment {
            kind: FileKind::Image,
            mime: Some("image/jpeg".to_owned()),
            ..largest.map_or_else(|| Attachment::named("photo"), |largest| file(largest, "photo"))
        });
    }
    for (kind, name, what, mime) in FILES {
        // An animation comes with itself as a document, for clients that know none.
        let doubled = kind == "document" && fields.contains_key("animation");
        if let Some(one) = fields.get(kind).filter(|_| !doubled) {
            let told = file(one, name);
            let mime = told.mime.clone().or_else(|| mime.map(str::to_owned));
            found.push(Attachment { kind: what, mime, ..told });
        }
    }
    if let Some(one) = fields.get("sticker") {
        let is = |name: &str| one.get(name) == Some(&Value::Bool(true));
        let mime = match (is("is_animated"), is("is_video")) {
            (true, _) => "application/x-tgsticker",
            (false, true) => "video/webm",
            (false, false) => "image/webp",
        };
        let emoji = string(one, "emoji");
        found.push(Attachment {
            kind: FileKind::Sticker,
            mime: Some(mime.to_owned()),
            alt: emoji.map(str::to_owned),
            ..file(one, &with("sticker", " ", emoji))
        });
    }
    if fields.get("has_media_spoiler") == Some(&Value::Bool(true)) {
        found.iter_mut().for_each(|file| file.spoiler = true);
    }
    let named = words(fields).into_iter().map(Attachment::named);
    found.extend(named);
    found
}

/// One file, under a name when it has none.
fn file(told: &Value, name: &str) -> Attachment {
    let id = string(told, "file_id");
    Attachment {
        mime: string(told, "mime_type").map(str::to_owned),
        size: number(told, "file_size"),
        source: id.map(|id| locate::source(string(told, "file_unique_id"), id)),
        seconds: number(told, "duration").and_then(|seconds| u32::try_from(seconds).ok()),
        ..Attachment::named(string(told, "file_name").unwrap_or(name))
    }
}

/// What is no file, in words.
fn words(fields: &Map<String, Value>) -> Vec<String> {
    let mut words = Vec::new();
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
    if let Some(dice) = fields.get("dice") {
        let thrown = dice.get("value").and_then(Value::as_i64).map(|value| value.to_string());
        words.push(with(string(dice, "emoji").unwrap_or("dice"), " ", thrown.as_deref()));
    }
    let others = OTHERS.iter().filter(|(kind, _)| fields.contains_key(*kind));
    words.extend(others.map(|(_, name)| (*name).to_owned()));
    words
}

/// Somebody whose contact is shared, as a mention of them: what may be known of them elsewhere is theirs to say.
pub fn contact(fields: &Map<String, Value>) -> Option<Text> {
    let contact = fields.get("contact")?;
    // The number stays here: whoever shared it did so with this chat.
    let name = [string(contact, "first_name"), string(contact, "last_name")].into_iter().flatten();
    let name = name.collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Some(Text::plain("contact"));
    }
    let id = contact.get("user_id").and_then(Value::as_i64).map(ids::native);
    let mention = Leaf::Mention(Mention::Person { id, name });
    Some(Text::from_runs(vec![Run::new(Leaf::Plain("contact: ".into())), Run::new(mention)]))
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
                json!({"location": {"latitude": 52.52, "longitude": -13.4}}),
                vec![("location 52.52000, -13.40000", None)],
            ),
            (
                json!({"venue": {"title": "Café", "address": "Main St 1"}, "location": {"latitude": 1.0}}),
                vec![("place: Café, Main St 1", None)],
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

    #[test]
    fn a_contact_names_somebody() {
        let of = |contact: Value| {
            let text = contact_of(&contact).into_runs();
            text.into_iter().map(|run| run.leaf).collect::<Vec<_>>()
        };
        let contact_of_ada =
            json!({"first_name": "Ada", "last_name": "L", "phone_number": "+49123", "user_id": 5});
        let named = Leaf::Mention(Mention::Person { id: Some("5".into()), name: "Ada L".into() });
        assert_eq!(of(contact_of_ada), [Leaf::Plain("contact: ".into()), named]);
        let unknown = Leaf::Mention(Mention::Person { id: None, name: "Ada".into() });
        assert_eq!(of(json!({"first_name": "Ada"})), [Leaf::Plain("contact: ".into()), unknown]);
        assert_eq!(of(json!({"phone_number": "+49123"})), [Leaf::Plain("contact".into())]);
    }

    fn contact_of(told: &Value) -> Text {
        contact(json!({ "contact": told }).as_object().unwrap()).unwrap()
    }

    #[test]
    fn files_and_where_they_are() {
        let file = |more: Value| {
            let mut file = json!({"file_id": "BQAC1", "file_unique_id": "AgAD1", "file_size": 9});
            if let (Value::Object(file), Value::Object(more)) = (&mut file, more) {
                file.extend(more);
            }
            file
        };
        let sizes = json!([
            {"file_id": "S", "file_unique_id": "s", "width": 90, "height": 60, "file_size": 3},
            {"file_id": "L", "file_unique_id": "l", "width": 900, "height": 600, "file_size": 2},
        ]);
        let cases = [
            (json!({"photo": sizes}), "Image image/jpeg 2 l/L"),
            (json!({"document": file(json!({"mime_type": "text/plain"}))}), "File text/plain 9 AgAD1/BQAC1"),
            (json!({"document": {"file_id": "X"}}), "File - - X"),
            (
                json!({"video": file(json!({"duration": 3})), "has_media_spoiler": true}),
                "Video video/mp4 9 AgAD1/BQAC1 3s hidden",
            ),
            (json!({"voice": file(json!({"duration": -3}))}), "Voice audio/ogg 9 AgAD1/BQAC1"),
            (json!({"video_note": file(json!({}))}), "VideoNote video/mp4 9 AgAD1/BQAC1"),
            (json!({"audio": file(json!({"mime_type": "audio/mpeg"}))}), "Audio audio/mpeg 9 AgAD1/BQAC1"),
            (
                json!({"animation": file(json!({"mime_type": "video/mp4"})), "document": {}}),
                "Animation video/mp4 9 AgAD1/BQAC1",
            ),
            (json!({"sticker": file(json!({"emoji": "🦉"}))}), "Sticker image/webp 9 AgAD1/BQAC1 🦉"),
            (
                json!({"sticker": file(json!({"is_animated": true}))}),
                "Sticker application/x-tgsticker 9 AgAD1/BQAC1",
            ),
            (json!({"sticker": file(json!({"is_video": true}))}), "Sticker video/webm 9 AgAD1/BQAC1"),
        ];
        for (fields, expected) in cases {
            let found = among(fields.as_object().unwrap_or(&Map::new()));
            let shown = |a: &Attachment| {
                let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
                let mut words = vec![
                    format!("{:?}", a.kind),
                    or_dash(a.mime.clone()),
                    or_dash(a.size.map(|size| size.to_string())),
                    or_dash(a.source.clone()),
                ];
                words.extend(a.seconds.map(|seconds| format!("{seconds}s")));
                words.extend(a.spoiler.then(|| "hidden".into()));
                words.extend(a.alt.clone());
                words.join(" ")
            };
            assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), [expected], "{fields}");
        }
    }
}
