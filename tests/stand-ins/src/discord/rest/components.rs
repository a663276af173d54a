//! Buttons in rows: what Discord takes, and what it refuses.
//!
//! <https://discord.com/developers/docs/components/reference>

use super::Answer;
use crate::discord::errors::ApiError;
use serde_json::Value;
use std::collections::HashSet;

const ACTION_ROW: u64 = 1;
const BUTTON: u64 = 2;
/// Rows of a message, and buttons of a row.
const ROWS: usize = 5;
const A_ROW: usize = 5;
/// Characters of a button's id and label.
const LONGEST_ID: usize = 100;
const LONGEST_LABEL: usize = 80;
/// Styles of buttons that tell the application of a click.
const STYLES: std::ops::RangeInclusive<u64> = 1..=4;

/// Refuses components that Discord would refuse.
pub fn checked(rows: &[Value]) -> Answer<()> {
    if rows.len() > ROWS {
        return Err(wrong("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."));
    }
    let mut ids = HashSet::new();
    for row in rows {
        if row["type"] != ACTION_ROW {
            return Err(wrong("UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,)."));
        }
        let buttons = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !(1..=A_ROW).contains(&buttons.len()) {
            return Err(wrong("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."));
        }
        for button in buttons {
            let text = |key: &str| button[key].as_str().unwrap_or_default();
            let (id, label) = (text("custom_id"), text("label"));
            if button["type"] != BUTTON || !button["style"].as_u64().is_some_and(|it| STYLES.contains(&it)) {
                return Err(wrong("COMPONENT_TYPE_INVALID", "The specified component is invalid."));
            }
            if !(1..=LONGEST_ID).contains(&id.chars().count()) {
                return Err(wrong("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."));
            }
            if !(1..=LONGEST_LABEL).contains(&label.chars().count()) {
                return Err(wrong("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length."));
            }
            if !ids.insert(id) {
                let says = "Component custom id cannot be duplicated";
                return Err(wrong("COMPONENT_CUSTOM_ID_DUPLICATED", says));
            }
        }
    }
    Ok(())
}

fn wrong(code: &str, says: &str) -> ApiError {
    ApiError::field("components", code, says)
}
