//! What the fuzz target `discord` does with bytes; the tests do it with the corpus that the target found.

use crate::{parse, render};
use relay_contract::Draft;

/// Reads bytes as a message, renders what it says, and checks that no part is too long or says what nobody wrote.
pub fn markdown(bytes: &[u8]) {
    let names = serde_json::Map::new();
    let read = |content: &str| parse::parse(content, &parse::Lookup::new(&names, &[]));
    let body = read(&String::from_utf8_lossy(bytes));
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
    fn the_corpus_of_the_fuzz_target() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/discord");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 20);
        files.iter().for_each(|file| super::markdown(&std::fs::read(file).unwrap()));
    }
}
