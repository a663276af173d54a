//! What will not carry over in a room, in sentences, from the same table as `relay capabilities`.

use crate::matrix;
use relay_contract::{Capabilities, Feature, Support, Unit};

/// A line each.
pub fn report(room: &Capabilities) -> String {
    let shown = |support| Feature::ALL.into_iter().filter(move |feature| room.shows(*feature) == support);
    let heard = |support| Feature::ALL.into_iter().filter(move |feature| room.hears(*feature) == support);
    let words = |features: &mut dyn Iterator<Item = Feature>| -> String {
        features.map(Feature::word).collect::<Vec<_>>().join(", ")
    };
    let other: Vec<String> = shown(Support::Fallback)
        .map(|feature| format!("{feature} ({})", matrix::otherwise(feature)))
        .collect();
    let unit = match room.text.unit {
        Unit::Bytes => "bytes",
        Unit::Utf16 | Unit::Chars => "characters",
    };
    let mut lines = Vec::new();
    let mut say = |before: &str, what: String| {
        if !what.is_empty() {
            lines.push(format!("{before}{what}."));
        }
    };
    say("Shown here by other means: ", other.join("; "));
    say("Not shown here: ", words(&mut shown(Support::Dropped)));
    say("Carried from here by other means: ", words(&mut heard(Support::Fallback)));
    say("Not carried from here, because the platform does not tell: ", words(&mut heard(Support::Dropped)));
    lines.push("Everything else carries over, both ways.".to_owned());
    lines.push(format!("Messages longer than {} {unit} are split.", room.text.most));
    lines.push("Nobody is pinged by what comes from elsewhere.".to_owned());
    lines.iter().map(|line| format!("• {line}")).collect::<Vec<_>>().join("\n")
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
        assert_eq!(report(&all), nothing_lost);
        let some = all
            .with(Feature::Reply, Cell::new(Support::Fallback, Support::Native))
            .with(Feature::Delete, Cell::new(Support::Native, Support::Dropped))
            .with(Feature::Card, Cell::new(Support::Native, Support::Fallback))
            .with(Feature::Pin, Cell::NONE);
        assert_eq!(
            report(&some),
            format!(
                "• Shown here by other means: reply (quoted in a line above, with a link).\n• Not shown here: pin.\n\
                 • Carried from here by other means: card.\n\
                 • Not carried from here, because the platform does not tell: delete, pin.\n{nothing_lost}"
            )
        );
    }
}
