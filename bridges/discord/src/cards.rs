//! Embeds as part of the text: what bots make. What Discord itself makes of a link stays out.
//!
//! <https://discord.com/developers/docs/resources/message#embed-object>

use crate::native::{Embed, Message, Picture};
use crate::parse::{Lookup, parse};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, Style, Text};

/// The embeds of a message that say something of their own: those that a bot or a webhook made, and those of what is passed on.
pub fn of(native: &Message) -> Vec<&Embed> {
    let by_bot = native.webhook_id.is_some() || native.author.as_ref().is_some_and(|author| author.bot);
    let own = native.embeds.iter().filter(|embed| by_bot && embed.is_rich());
    let passed_on = native.message_snapshots.iter().flat_map(|it| &it.message.embeds);
    own.chain(passed_on.filter(|embed| embed.is_rich())).collect()
}

/// The addresses of their pictures.
pub fn pictures<'a>(cards: &'a [&Embed]) -> impl Iterator<Item = &'a str> {
    let all = cards.iter().flat_map(|card| [&card.image, &card.thumbnail]).flatten();
    // The first is a copy of Discord's own.
    all.filter_map(|picture: &Picture| picture.proxy_url.as_deref().or(picture.url.as_deref()))
}

/// One of them as a quote: author, linked title, text, fields, footer.
pub fn shown(card: &Embed, lookup: &Lookup<'_>) -> Text {
    let plain = |words: &str| Run::new(Leaf::Plain(words.to_owned()));
    // What Discord shows as it is written. An id in it is parsed all the same: whose it is may not be shown elsewhere.
    let as_it_is = |words: &str| match words.contains("<@") {
        true => parse(words, lookup).into_runs(),
        false => vec![plain(words)],
    };
    let linked = |run: Run, url: &Option<String>| Run { url: url.clone().filter(|url| is_link(url)), ..run };
    let mut lines = Vec::new();
    if let Some(author) = card.author.as_ref().filter(|author| !author.name.trim().is_empty()) {
        let runs = as_it_is(author.name.trim()).into_iter();
        lines.push(Text::from_runs(runs.map(|run| linked(run, &author.url)).collect()));
    }
    if let Some(title) = &card.title {
        // A title may have emoji and mentions in it.
        let runs = parse(title, lookup).into_runs().into_iter();
        let bold = runs.map(|run| linked(run.styled(Style::Bold), &card.url));
        lines.push(Text::from_runs(bold.collect()));
    }
    lines.extend(card.description.as_deref().map(|text| parse(text, lookup)));
    for field in &card.fields {
        let bold = parse(&field.name, lookup).into_runs().into_iter().map(|run| run.styled(Style::Bold));
        lines.push(Text::from_runs(bold.collect()));
        lines.push(parse(&field.value, lookup));
    }
    if let Some(footer) = card.footer.as_ref().filter(|footer| !footer.text.trim().is_empty()) {
        let runs = as_it_is(footer.text.trim()).into_iter();
        lines.push(Text::from_runs(runs.map(|run| run.styled(Style::Italic)).collect()));
    }
    let all = lines.into_iter().fold(Text::default(), Text::followed_by);
    if all.is_empty() { all } else { Text::new(vec![Block::Quote(all.into())]) }
}

fn is_link(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Map, json};

    #[test]
    fn an_id_in_a_footer_is_somebody_who_may_be_hidden() {
        let card: Embed = serde_json::from_value(json!({
            "type": "rich", "author": { "name": "for <@654>" }, "footer": { "text": "by <@654>" },
        }))
        .unwrap();
        let text = shown(&card, &Lookup::new(&Map::new(), &[]));
        let runs = text.into_runs();
        let mentions = runs.iter().filter(|run| matches!(run.leaf, Leaf::Mention(_))).count();
        let plain = runs
            .iter()
            .filter(|run| matches!(&run.leaf, Leaf::Plain(words) if words.contains("654")))
            .count();
        assert_eq!((mentions, plain), (2, 0), "{runs:?}");
    }

    #[test]
    fn a_card_is_a_quote() {
        let card: Embed = serde_json::from_value(json!({
            "type": "rich", "author": { "name": "Forge", "url": "https://f.example" }, "title": "Build *7*",
            "url": "https://f.example/7", "description": "**failed**\nsee log", "footer": { "text": "main" },
            "fields": [{ "name": "Tests", "value": "3 of 4" }, { "name": "Time", "value": "`2 s`" }],
            "image": { "url": "https://a.example/x.png" }, "thumbnail": { "proxy_url": "https://b.example/y.png" },
        }))
        .unwrap();
        let names = Map::new();
        let text = shown(&card, &Lookup::new(&names, &[]));
        let lines = [
            "> [Forge](https://f.example)",
            "> [**Build _7_**](https://f.example/7)",
            "> **failed**",
            "> see log",
            "> **Tests**",
            "> 3 of 4",
            "> **Time**",
            "> `2 s`",
            "> _main_",
        ];
        assert_eq!(crate::render::markup(&text), lines.join("\n"));
        let pictures: Vec<_> = pictures(&[&card]).map(str::to_owned).collect();
        assert_eq!(pictures, ["https://a.example/x.png", "https://b.example/y.png"]);
        assert!(shown(&Embed::default(), &Lookup::new(&names, &[])).is_empty());
    }

    #[test]
    fn only_what_bots_made_is_one() {
        for (changes, cards) in [
            (json!({ "author": { "id": "9" } }), 0),
            (json!({ "author": { "id": "9", "bot": true } }), 1),
            (json!({ "author": { "id": "9" }, "webhook_id": "9" }), 1),
            (
                json!({ "author": { "id": "9" }, "message_snapshots": [{ "message": { "embeds": [{ "title": "T" }] } }] }),
                1,
            ),
        ] {
            let mut native = json!({ "id": "1", "channel_id": "2",
                "embeds": [{ "type": "rich", "title": "T" }, { "type": "link", "title": "unfurled" }] });
            native.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            let native: Message = serde_json::from_value(native).unwrap();
            assert_eq!(of(&native).len(), cards, "{changes}");
        }
    }
}
