//! What the asker may want next, as buttons below an answer, and what a click on one says.
//!
//! <https://docs.slack.dev/reference/block-kit/block-elements/button-element/> and
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/>.

use relay_contract::Offer;
use serde_json::{Value, json};

/// What our buttons' ids begin with; a number comes behind it, for each id stands once in a block.
const OURS: &str = "relay_offer_";
/// Buttons of a block, and characters of a label and of a value.
const MOST: usize = 25;
const LONGEST_LABEL: usize = 75;
const LONGEST_VALUE: usize = 2_000;

/// A block of buttons; none where nothing is offered. What Slack would refuse is left out: the words say the command, too.
pub fn block(offers: &[Offer]) -> Option<Value> {
    let fits = |offer: &&Offer| {
        let length = offer.words.chars().count();
        (1..=LONGEST_VALUE).contains(&length) && !offer.label.trim().is_empty()
    };
    let button = |(at, offer): (usize, &Offer)| {
        let label: String = offer.label.trim().chars().take(LONGEST_LABEL).collect();
        let mut button = json!({
            "type": "button", "action_id": format!("{OURS}{at}"), "value": offer.words,
            "text": { "type": "plain_text", "text": label, "emoji": false },
        });
        if offer.grave {
            button["style"] = json!("danger");
        }
        button
    };
    let buttons: Vec<Value> = offers.iter().filter(fits).take(MOST).enumerate().map(button).collect();
    (!buttons.is_empty()).then(|| json!({ "type": "actions", "elements": buttons }))
}

/// The words of a command that a click gives; none when it is no button of ours. Whoever clicks can send any.
pub fn words(payload: &Value) -> Option<&str> {
    let action = payload.pointer("/actions/0")?;
    let ours = action.get("action_id").and_then(Value::as_str).is_some_and(|id| id.starts_with(OURS));
    let words = action.get("value").and_then(Value::as_str).filter(|_| ours)?;
    (words.chars().count() <= LONGEST_VALUE).then_some(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn offer(label: &str, words: &str, grave: bool) -> Offer {
        Offer { label: label.to_owned(), words: words.to_owned(), grave }
    }

    #[test]
    fn only_what_slack_takes_becomes_a_button() {
        let long = "x".repeat(2_001);
        let offers = [
            offer("Status", "status", false),
            offer("Delete everything", "forget yes", true),
            offer("Too long", &long, false),
            offer(" ", "help", false),
            offer(&long, "privacy", false),
        ];
        let block = block(&offers).unwrap();
        let buttons = block["elements"].as_array().unwrap();
        let shown: Vec<_> = buttons
            .iter()
            .map(|it| (it["action_id"].as_str().unwrap(), it["value"].as_str().unwrap()))
            .collect();
        assert_eq!(
            shown,
            [("relay_offer_0", "status"), ("relay_offer_1", "forget yes"), ("relay_offer_2", "privacy")]
        );
        assert_eq!((buttons[0].get("style"), &buttons[1]["style"]), (None, &json!("danger")));
        assert_eq!(buttons[2]["text"]["text"], "x".repeat(75));
        let many: Vec<Offer> = (0..40).map(|n| offer("n", &n.to_string(), false)).collect();
        assert_eq!(super::block(&many).unwrap()["elements"].as_array().unwrap().len(), 25);
        assert_eq!(super::block(&[]), None);
    }

    #[test]
    fn only_our_buttons_say_something() {
        let clicked = |id: &str, value: Value| json!({ "actions": [{ "action_id": id, "value": value }] });
        let long = json!("x".repeat(2_001));
        for (payload, said) in [
            (clicked("relay_offer_0", json!("connect lobby yes")), Some("connect lobby yes")),
            (clicked("poll_1", json!("connect lobby yes")), None),
            (clicked("relay_offer_0", Value::Null), None),
            (clicked("relay_offer_0", long), None),
            (json!({ "actions": [] }), None),
            (json!({}), None),
        ] {
            assert_eq!(words(&payload), said, "{payload}");
        }
    }
}
