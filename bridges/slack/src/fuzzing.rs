//! What the fuzz targets `slack_mrkdwn`, `slack_rich_text` and `slack_cards` do with bytes; the tests do it with the corpora that they
//! found.

use crate::{parse, render};
use relay_contract::{Draft, Text};
use serde_json::{Value, json};

/// Reads bytes as the text of a message.
pub fn mrkdwn(bytes: &[u8]) {
    check(&json!({ "text": String::from_utf8_lossy(bytes) }));
}

/// Reads bytes as the JSON of a rich text block's elements.
pub fn rich_text(bytes: &[u8]) {
    if let Ok(elements) = serde_json::from_slice::<Value>(bytes) {
        check(&json!({ "blocks": [{ "type": "rich_text", "elements": elements }] }));
    }
}

/// Reads bytes as the JSON of a message's blocks and of its attachments.
pub fn cards(bytes: &[u8]) {
    if let Ok(cards) = serde_json::from_slice::<Value>(bytes) {
        check(&json!({ "text": "words", "blocks": cards["blocks"], "attachments": cards["attachments"] }));
    }
}

fn check(message: &Value) {
    let _ = parse::mentioned(message);
    let body: Text = parse::body(message, &parse::Names::default());
    if body.is_empty() {
        return;
    }
    for part in render::parts(&Draft { body, ..Draft::default() }) {
        assert!(part.text.chars().count() <= 4_000, "within the limit");
        assert!(!["<!", "<@", "<#"].into_iter().any(|ping| part.text.contains(ping)), "nobody is mentioned");
        let again = json!({ "text": part.text, "blocks": part.formatting["blocks"] });
        assert_eq!(parse::mentioned(&again), parse::Mentioned::default(), "nobody is named by id");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpora_of_the_fuzz_targets() {
        type Target = (&'static str, fn(&[u8]));
        let targets: [Target; 3] = [
            ("slack_mrkdwn", super::mrkdwn),
            ("slack_rich_text", super::rich_text),
            ("slack_cards", super::cards),
        ];
        for (target, run) in targets {
            let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
            let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            assert!(files.len() > 20, "{target}");
            files.iter().for_each(|file| run(&std::fs::read(file).unwrap()));
        }
    }
}
