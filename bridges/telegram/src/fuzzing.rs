//! What the fuzz target `telegram` does with bytes; the tests do it with the corpus that the target found.

use crate::wire::Entity;
use crate::{parse, render};
use relay_contract::{Draft, Unit};

const KINDS: [&str; 15] = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "code",
    "pre",
    "text_link",
    "url",
    "mention",
    "text_mention",
    "custom_emoji",
    "blockquote",
    "expandable_blockquote",
    "date_time",
];

/// Reads bytes as entities, three bytes each up to a zero, and the text that they lie over.
pub fn entities(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (entities, text) = bytes.split_at(end);
    let entities: Vec<Entity> = entities.chunks_exact(3).filter_map(entity).collect();
    let body = parse::text(&String::from_utf8_lossy(text), &entities);
    for part in render::parts(&Draft { body, ..Draft::default() }) {
        assert!(Unit::Utf16.measure(&part.text) <= 4_096, "within the limit");
        let entities = part.formatting["entities"].as_array().map_or(0, Vec::len);
        assert!(entities <= 100, "within the server's number of entities");
    }
}

fn entity(bytes: &[u8]) -> Option<Entity> {
    let [kind, offset, length] = bytes else { return None };
    Some(Entity {
        kind: (*KINDS.get(usize::from(*kind) % KINDS.len())?).to_owned(),
        offset: i64::from(*offset) - 8,
        length: i64::from(*length),
        url: Some("https://x.example/@a".to_owned()),
        language: None,
        custom_emoji_id: None,
        unix_time: Some(i64::from(*offset)),
        date_time_format: Some("wDt".to_owned()),
        user: Some(1),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_of_the_fuzz_target() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/telegram");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 20);
        files.iter().for_each(|file| super::entities(&std::fs::read(file).unwrap()));
    }
}
