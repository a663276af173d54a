//! What the fuzz targets `discord` and `discord_cards` do with bytes; the tests do it with the corpora that they found.

use crate::{cards, native, parse, render};
use relay_contract::{Draft, Text};
use serde_json::Value;

/// Reads bytes as a message, renders what it says, and checks that no part is too long or says what nobody wrote.
pub fn markdown(bytes: &[u8]) {
    let names = serde_json::Map::new();
    check(parse::parse(&String::from_utf8_lossy(bytes), &parse::Lookup::new(&names, &[])));
}

/// Reads bytes as the JSON of a bot's embeds.
pub fn cards(bytes: &[u8]) {
    let Ok(embeds) = serde_json::from_slice::<Value>(bytes) else { return };
    let message = serde_json::json!({ "id": "1", "channel_id": "2", "webhook_id": "3", "embeds": embeds });
    let Ok(native) = serde_json::from_value::<native::Message>(message) else { return };
    let names = serde_json::Map::new();
    let cards = cards::of(&native);
    let _ = cards::pictures(&cards).count();
    for card in cards {
        check(cards::shown(card, &parse::Lookup::new(&names, &[])));
    }
}

fn check(body: Text) {
    if body.is_empty() {
        return;
    }
    let names = serde_json::Map::new();
    let read = |content: &str| parse::parse(content, &parse::Lookup::new(&names, &[]));
    for part in render::parts(&Draft { body, ..Draft::default() }) {
        assert!(part.text.chars().count() <= 2_000, "within the limit");
        for id in ["<@1", "<@&1", "<#1"] {
            let bare = part.text.match_indices(id).all(|(at, _)| part.text[..at].ends_with(['\\', '`']));
            assert!(bare || part.text.contains('`'), "nobody is mentioned: {}", part.text);
        }
        // What was rendered is read and rendered again without a panic.
        let _ = render::markup(&read(&part.text));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpora_of_the_fuzz_targets() {
        type Target = (&'static str, fn(&[u8]));
        let targets: [Target; 2] = [("discord", super::markdown), ("discord_cards", super::cards)];
        for (target, run) in targets {
            let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
            let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            assert!(files.len() > 20, "{target}");
            files.iter().for_each(|file| run(&std::fs::read(file).unwrap()));
        }
    }
}
