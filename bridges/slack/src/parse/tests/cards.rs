//! Cards by table.

use super::*;

#[test]
fn cards() {
    let card = |attachment: Value| json!({ "bot_id": "B1", "text": "", "attachments": [attachment] });
    let kit = |blocks: Value| json!({ "bot_id": "B1", "text": "fallback", "blocks": blocks });
    let cases = [
        (
            card(
                json!({ "pretext": "new:", "author_name": "CI", "author_link": "https://c", "title": "#7", "title_link": "https://t",
                "text": "*red*", "fields": [{ "title": "Branch", "value": "main" }, { "title": "By", "value": "<@U1>" }],
                "footer": "ci.example", "ts": 1_700_000_000 }),
            ),
            "new:q(l(https://c CI)⏎l(https://t b(#7))b(⏎red⏎Branch)⏎main⏎b(By)⏎@[Ada]⏎i(ci.example t(1700000000 DateClock)))",
        ),
        (
            card(json!({ "author_name": "for <@U1>", "text": "x", "footer": "by <@U1>, *as it is*" })),
            "q(for @[Ada]⏎x⏎i(by @[Ada], )b(i(as it is)))",
        ),
        (card(json!({ "text": "x", "footer": "*as it is*" })), "q(x⏎i(*as it is*))"),
        (
            card(
                json!({ "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": "in a card" } }] }),
            ),
            "q(in a card)",
        ),
        (
            kit(json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "*a* :wave:" },
                "fields": [{ "type": "mrkdwn", "text": "*x*" }, { "type": "plain_text", "text": ":+1: y" }] },
                { "type": "divider" },
                { "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Yes" } },
                    { "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://o" }] }])),
            "b(a) 👋⏎b(x)⏎👍 y⏎———⏎[Yes] l(https://o Open)",
        ),
        (
            kit(
                json!([{ "type": "table", "rows": [[{ "type": "raw_text", "text": "a" }, { "type": "raw_text", "text": "b" }],
                [{ "type": "raw_text", "text": "1" }, { "type": "rich_text", "elements": [{ "type": "rich_text_section",
                    "elements": [{ "type": "text", "text": "2", "style": { "bold": true } }] }] }]] }]),
            ),
            "a | b⏎1 | b(2)",
        ),
        (kit(json!([{ "type": "image", "image_url": "https://i", "alt_text": "a cat" }])), "fallback"),
        (kit(json!([{ "type": "from_the_future", "text": "words" }])), "words"),
    ];
    for (message, expected) in cases {
        assert_eq!(noted(&body(&message, &names())), expected, "{message}");
    }
    let header = kit(json!([{ "type": "header", "text": { "type": "plain_text", "text": "Big" } }]));
    let inlines = vec![Inline::Plain("Big".into())];
    assert_eq!(body(&header, &names()).blocks(), [Block::Heading { level: 1, inlines }]);
}

#[test]
fn what_cards_show() {
    let message = json!({ "bot_id": "B1", "blocks": [
        { "type": "image", "image_url": "https://i", "alt_text": "a cat" },
        { "type": "image", "slack_file": { "id": "F1" }, "alt_text": "a dog" },
        { "type": "section", "text": { "type": "mrkdwn", "text": "x" }, "accessory": { "type": "image", "image_url": "https://j" } },
    ], "attachments": [{ "fallback": "a bird", "thumb_url": "https://k" }] });
    let picture =
        |url: &str, alt: Option<&str>| Shown::Picture { url: url.into(), alt: alt.map(str::to_owned) };
    let file = Shown::File(json!({ "id": "F1", "mimetype": "image/*", "alt_txt": "a dog" }));
    let expected = [
        picture("https://i", Some("a cat")),
        file,
        picture("https://j", None),
        picture("https://k", Some("a bird")),
    ];
    assert_eq!(content(&message, &names()).shown, expected);
}
