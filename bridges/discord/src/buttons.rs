//! What the asker may want next, as buttons below an answer, and what a click on one says.
//!
//! <https://discord.com/developers/docs/components/reference#button>

use relay_contract::Offer;
use twilight_model::channel::message::Component;
use twilight_model::channel::message::component::{ActionRow, Button, ButtonStyle};

/// What our buttons' ids begin with; the words of the command come behind it.
const OURS: &str = "relay:";
/// How long an id is at most, and a label, in characters.
const LONGEST_ID: usize = 100;
const LONGEST_LABEL: usize = 80;
/// Buttons in a row, and rows below a message.
const A_ROW: usize = 5;
const ROWS: usize = 5;

/// Rows of buttons. What Discord would refuse is left out: the words say the command, too.
pub fn rows(offers: &[Offer]) -> Vec<Component> {
    let mut buttons: Vec<Button> = Vec::new();
    for offer in offers {
        let Some(button) = button(offer) else { continue };
        // Each id stands once in a message.
        if buttons.iter().all(|other| other.custom_id != button.custom_id) {
            buttons.push(button);
        }
    }
    let row = |buttons: &[Button]| {
        let components = buttons.iter().cloned().map(Component::Button).collect();
        Component::ActionRow(ActionRow { components, id: None })
    };
    buttons.chunks(A_ROW).take(ROWS).map(row).collect()
}

fn button(offer: &Offer) -> Option<Button> {
    let id = format!("{OURS}{}", offer.words);
    let label: String = offer.label.trim().chars().take(LONGEST_LABEL).collect();
    (id.chars().count() <= LONGEST_ID && !label.is_empty()).then_some(Button {
        custom_id: Some(id),
        disabled: false,
        emoji: None,
        id: None,
        label: Some(label),
        sku_id: None,
        style: if offer.grave { ButtonStyle::Danger } else { ButtonStyle::Secondary },
        url: None,
    })
}

/// The words of a command that a click gives; none when it is no button of ours. Whoever clicks can send any.
pub fn words(id: &str) -> Option<&str> {
    id.strip_prefix(OURS).filter(|words| words.chars().count() <= LONGEST_ID)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn offer(label: &str, words: &str, grave: bool) -> Offer {
        Offer { label: label.to_owned(), words: words.to_owned(), grave }
    }

    #[test]
    fn only_what_discord_takes_becomes_a_button() {
        let long = "x".repeat(100);
        let offers = [
            offer("Status", "status", false),
            offer("Delete everything", "forget yes", true),
            offer("Again", "status", false),
            offer("Too long", &long, false),
            offer(" ", "help", false),
            offer(&long, "privacy", false),
        ];
        let told = serde_json::to_value(rows(&offers)).unwrap();
        let shown = |at: usize, key: &str| told[0]["components"][at][key].clone();
        assert_eq!(told[0]["components"].as_array().unwrap().len(), 3);
        assert_eq!((shown(0, "custom_id"), shown(0, "style")), (json!("relay:status"), json!(2)));
        assert_eq!((shown(1, "custom_id"), shown(1, "style")), (json!("relay:forget yes"), json!(4)));
        assert_eq!(shown(2, "label"), json!("x".repeat(80)));
        let many: Vec<Offer> = (0..40).map(|n| offer("n", &n.to_string(), false)).collect();
        let all = serde_json::to_value(rows(&many)).unwrap();
        let sizes: Vec<usize> =
            all.as_array().unwrap().iter().map(|row| row["components"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [5; 5]);
        assert_eq!(serde_json::to_value(rows(&[])).unwrap(), Value::Array(Vec::new()));
    }

    #[test]
    fn only_our_buttons_say_something() {
        assert_eq!(words("relay:connect the lobby yes"), Some("connect the lobby yes"));
        assert_eq!((words("other:status"), words("status")), (None, None));
        assert_eq!(words(&format!("relay:{}", "x".repeat(101))), None);
    }
}
