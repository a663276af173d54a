//! What is typed behind a command's name → its options, as Discord's client fills them in.
//!
//! <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type>

use serde_json::{Value, json};

/// Option types that hold others: a command's part, and a group of them.
const PARTS: [u64; 2] = [1, 2];
const STRING: u64 = 3;
const INTEGER: u64 = 4;
const BOOLEAN: u64 = 5;

/// The options that `rest` fills in. With `completing`, the last one is still being typed.
pub fn options(declared: &Value, rest: &str, completing: bool) -> Result<Vec<Value>, String> {
    let declared = declared.as_array().map(Vec::as_slice).unwrap_or_default();
    if declared.iter().any(|option| PARTS.contains(&kind(option))) {
        let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let part = declared.iter().find(|option| option["name"] == name);
        let part = part.ok_or_else(|| format!("the command has no part `{name}`"))?;
        let inner = options(&part["options"], rest.trim(), completing)?;
        return Ok(vec![json!({ "name": part["name"], "type": part["type"], "options": inner })]);
    }
    if completing {
        let asks = declared.iter().find(|option| option["autocomplete"] == true);
        let asks = asks.ok_or("nothing is proposed there")?;
        let typed = json!({ "name": asks["name"], "type": asks["type"], "value": rest, "focused": true });
        return Ok(vec![typed]);
    }
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let mut filled = Vec::new();
    for (at, option) in declared.iter().enumerate() {
        match value(option, &declared[at + 1..], &mut words)? {
            Some(value) => {
                filled.push(json!({ "name": option["name"], "type": option["type"], "value": value }))
            }
            None if option["required"] == true => {
                return Err(format!("`{}` must be filled in", option["name"].as_str().unwrap_or_default()));
            }
            None => {}
        }
    }
    if words.is_empty() { Ok(filled) } else { Err(format!("`{}` fits no option", words.join(" "))) }
}

fn kind(option: &Value) -> u64 {
    option["type"].as_u64().unwrap_or(0)
}

/// Takes an option's words.
fn value(option: &Value, later: &[Value], words: &mut Vec<&str>) -> Result<Option<Value>, String> {
    let Some(first) = words.first().copied() else {
        return Ok(None);
    };
    let one = |words: &mut Vec<&str>| drop(words.drain(..1));
    match kind(option) {
        STRING => {
            // As many words as no later option wants.
            let left = match (words.last(), later.first().map(kind)) {
                (Some(last), Some(BOOLEAN)) if words.len() > 1 && truth(last).is_some() => 1,
                (_, Some(STRING | INTEGER)) => words.len() - 1,
                _ => 0,
            };
            let text: Vec<&str> = words.drain(..words.len() - left).collect();
            Ok(Some(text.join(" ").into()))
        }
        BOOLEAN => Ok(truth(first).map(|truth| {
            one(words);
            truth.into()
        })),
        INTEGER => Ok(first.parse::<i64>().ok().map(|number| {
            one(words);
            number.into()
        })),
        other => Err(format!("options of type {other} cannot be typed here")),
    }
}

fn truth(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_options() {
        let declared = json!([
            { "name": "status", "type": 1 },
            { "name": "connect", "type": 1, "options": [
                { "name": "channel", "type": 3, "required": true, "autocomplete": true },
                { "name": "sure", "type": 5 },
            ] },
        ]);
        let channel = |value: &str| json!({ "name": "channel", "type": 3, "value": value });
        let sure = |value: bool| json!({ "name": "sure", "type": 5, "value": value });
        let part = |name: &str, options: Vec<Value>| {
            Ok(vec![json!({ "name": name, "type": 1, "options": options })])
        };
        let typed = json!({ "name": "channel", "type": 3, "value": "lo", "focused": true });
        for (rest, completing, expected) in [
            ("status", false, part("status", vec![])),
            ("connect lobby", false, part("connect", vec![channel("lobby")])),
            ("connect the lobby", false, part("connect", vec![channel("the lobby")])),
            ("connect lobby yes", false, part("connect", vec![channel("lobby"), sure(true)])),
            ("connect lobby False", false, part("connect", vec![channel("lobby"), sure(false)])),
            ("connect yes", false, part("connect", vec![channel("yes")])),
            ("connect lo", true, part("connect", vec![typed])),
            ("connect", false, Err("`channel` must be filled in".to_owned())),
            ("status now", false, Err("`now` fits no option".to_owned())),
            ("status", true, Err("nothing is proposed there".to_owned())),
            ("", false, Err("the command has no part ``".to_owned())),
            ("dance", false, Err("the command has no part `dance`".to_owned())),
        ] {
            assert_eq!(options(&declared, rest, completing), expected, "{rest:?}");
        }
    }
}
