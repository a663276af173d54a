//! A sentence of Relay's own around what is shown in a way of its own, such as a name in bold, wherever a language has it stand.

use relay_contract::text::{Leaf, Run};

/// Stands for it while the sentence is put together: a character that is none, for which no platform has a sign.
const HERE: char = '\u{FDD0}';

/// The runs of a sentence: `say` is given what it is to put in the place of `inner`.
pub fn around(inner: Run, say: impl FnOnce(&str) -> String) -> Vec<Run> {
    let said = say(HERE.encode_utf8(&mut [0; 4]));
    let plain = |words: &str| (!words.is_empty()).then(|| Run::new(Leaf::Plain(words.to_owned())));
    match said.split_once(HERE) {
        Some((before, after)) => [plain(before), Some(inner), plain(after)].into_iter().flatten().collect(),
        None => plain(&said).into_iter().collect(),
    }
}

/// What comes from outside and stands in such a sentence.
pub fn harmless(words: &str) -> String {
    words.replace(HERE, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Style;

    #[test]
    fn it_stands_where_the_sentence_has_it() {
        let plain = |words: &str| Run::new(Leaf::Plain(words.to_owned()));
        let ada = || plain("Ada").styled(Style::Bold);
        let said = |before: &str, after: &str| around(ada(), |here| format!("{before}{here}{after}"));
        assert_eq!(said("", " asks:"), [ada(), plain(" asks:")]);
        assert_eq!(said("what ", " said"), [plain("what "), ada(), plain(" said")]);
        assert_eq!(around(ada(), |_| "nobody".into()), [plain("nobody")]);
        assert_eq!(harmless("a\u{FDD0}b"), "ab");
    }
}
