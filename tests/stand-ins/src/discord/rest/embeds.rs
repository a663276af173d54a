//! The lengths of embeds.
//!
//! <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>

use super::Answer;
use crate::discord::errors::ApiError;
use serde_json::{Map, Value};

/// Embeds of a message.
const MOST: usize = 10;
/// Fields of an embed.
const MOST_FIELDS: usize = 25;
/// Characters of all embeds of a message together.
const TOGETHER: usize = 6_000;
/// Characters, by where in an embed.
const LONGEST: [(&str, usize); 4] =
    [("/title", 256), ("/description", 4_096), ("/footer/text", 2_048), ("/author/name", 256)];
/// Characters, by where in a field.
const LONGEST_IN_FIELD: [(&str, usize); 2] = [("/name", 256), ("/value", 1_024)];

/// Refuses embeds that Discord would refuse.
pub fn checked(embeds: &[Value]) -> Answer<()> {
    if embeds.len() > MOST {
        return Err(too_long(&["embeds"], MOST));
    }
    let mut together = 0;
    for (at, embed) in embeds.iter().enumerate() {
        let at = at.to_string();
        together += lengths(embed, &LONGEST, &["embeds", &at])?;
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        if fields.len() > MOST_FIELDS {
            return Err(too_long(&["embeds", &at, "fields"], MOST_FIELDS));
        }
        for (number, field) in fields.iter().enumerate() {
            together += lengths(field, &LONGEST_IN_FIELD, &["embeds", &at, "fields", &number.to_string()])?;
        }
    }
    if together > TOGETHER {
        let says = "Embed size exceeds maximum size of 6000";
        return Err(ApiError::at(&["embeds"], "MAX_EMBED_SIZE_EXCEEDED", says));
    }
    Ok(())
}

/// The characters of all texts of `object` that are limited.
fn lengths(object: &Value, limits: &[(&str, usize)], place: &[&str]) -> Answer<usize> {
    let mut together = 0;
    for (pointer, longest) in limits {
        let length = object.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        if length > *longest {
            let whole: Vec<&str> = place.iter().copied().chain(pointer.split('/').skip(1)).collect();
            return Err(too_long(&whole, *longest));
        }
        together += length;
    }
    Ok(together)
}

fn too_long(place: &[&str], longest: usize) -> ApiError {
    ApiError::at(place, "BASE_TYPE_MAX_LENGTH", &format!("Must be {longest} or fewer in length."))
}

/// What Discord adds to an embed that was sent.
pub fn completed(embed: &mut Map<String, Value>) {
    embed.insert("type".into(), "rich".into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lengths_are_counted_in_characters_and_together() {
        let long = |n: usize| "é".repeat(n);
        for (embeds, fine) in [
            (vec![json!({ "title": long(256), "description": long(4_096) })], true),
            (vec![json!({ "title": long(257) })], false),
            (vec![json!({ "author": { "name": long(257) } })], false),
            (vec![json!({ "fields": [{ "name": "x", "value": long(1_025) }] })], false),
            (vec![json!({ "fields": vec![json!({ "name": "x" }); 26] })], false),
            (vec![json!({ "description": long(3_000) }); 2], true),
            (vec![json!({ "description": long(3_001) }); 2], false),
            (vec![json!({}); 11], false),
        ] {
            assert_eq!(checked(&embeds).is_ok(), fine);
        }
    }
}
