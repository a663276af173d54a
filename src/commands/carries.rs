//! What will not carry over in a room, in sentences, from the same table as `relay capabilities`.

use crate::matrix;
use crate::text;
use crate::texts::Language;
use relay_contract::{Capabilities, Feature, Support, Unit};

/// A line each.
pub fn report(language: Language, room: &Capabilities) -> String {
    let shown = |support| Feature::ALL.into_iter().filter(move |feature| room.shows(*feature) == support);
    let heard = |support| Feature::ALL.into_iter().filter(move |feature| room.hears(*feature) == support);
    let all = |features: &mut dyn Iterator<Item = Feature>| {
        let words: Vec<String> = features.map(|feature| word(language, feature)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    };
    let other: Vec<String> = shown(Support::Fallback)
        .map(|feature| format!("{} ({})", word(language, feature), otherwise(language, feature)))
        .collect();
    let most = room.text.most;
    let lines = [
        (!other.is_empty()).then(|| text!(language, "carries-otherwise", what = other.join("; "))),
        all(&mut shown(Support::Dropped)).map(|what| text!(language, "carries-not-shown", what = what)),
        all(&mut heard(Support::Fallback))
            .map(|what| text!(language, "carries-heard-otherwise", what = what)),
        all(&mut heard(Support::Dropped)).map(|what| text!(language, "carries-not-heard", what = what)),
        Some(text!(language, "carries-rest")),
        Some(match room.text.unit {
            Unit::Bytes => text!(language, "carries-split-bytes", most = most),
            Unit::Utf16 | Unit::Chars => text!(language, "carries-split-characters", most = most),
        }),
        Some(text!(language, "carries-no-pings")),
    ];
    lines.into_iter().flatten().map(|line| format!("• {line}")).collect::<Vec<_>>().join("\n")
}

/// What people call a feature.
fn word(language: Language, feature: Feature) -> String {
    named(language, feature.word())
}

/// The same, from the word that the table has for it.
pub fn named(language: Language, word: &str) -> String {
    text!(language, "feature", feature = key(word), word = word)
}

/// What becomes of it in a room that has no such thing.
fn otherwise(language: Language, feature: Feature) -> String {
    text!(language, "feature-otherwise", feature = key(feature.word()), word = matrix::otherwise(feature))
}

/// A feature in the files of texts.
fn key(word: &str) -> String {
    word.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Cell, TextLimit};

    #[test]
    fn only_what_does_not_carry_over_is_named() {
        let text = TextLimit { most: 500, unit: Unit::Bytes };
        let all = Capabilities::new(|_| Cell::NATIVE, text);
        let nothing_lost = "• Everything else carries over, both ways.\n• Messages longer than 500 bytes are split.\n\
                            • Nobody is pinged by what comes from elsewhere.";
        assert_eq!(report(Language::English, &all), nothing_lost);
        let some = all
            .with(Feature::Reply, Cell::new(Support::Fallback, Support::Native))
            .with(Feature::Delete, Cell::new(Support::Native, Support::Dropped))
            .with(Feature::Card, Cell::new(Support::Native, Support::Fallback))
            .with(Feature::Pin, Cell::NONE);
        assert_eq!(
            report(Language::English, &some),
            format!(
                "• Shown here by other means: reply (quoted in a line above, with a link).\n• Not shown here: pin.\n\
                 • Carried from here by other means: card.\n\
                 • Not carried from here, because the platform does not tell: delete, pin.\n{nothing_lost}"
            )
        );
    }

    #[test]
    fn every_feature_has_its_german_words() {
        for feature in Feature::ALL {
            let named = word(Language::German, feature);
            let english = feature.word();
            assert_ne!(named, english, "a noun begins with a capital, or it is a phrase");
            assert_ne!(otherwise(Language::German, feature), matrix::otherwise(feature), "{feature}");
            assert_eq!(word(Language::English, feature), english);
            assert_eq!(otherwise(Language::English, feature), matrix::otherwise(feature));
        }
    }
}
