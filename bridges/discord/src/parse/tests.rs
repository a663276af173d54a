//! Tables: Discord's markdown as people type it, and the leaves it becomes.

#![allow(clippy::unwrap_used)]

use super::*;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Mention, Style, Text};
use serde_json::json;
use std::time::Instant;

const B: Style = Style::Bold;
const I: Style = Style::Italic;
const S: Style = Style::Strike;

fn read(content: &str) -> Text {
    let names = json!({"#7": "general", "&8": "mods"});
    let people: Vec<Mentioned> = serde_json::from_value(json!([
        {"id": "9", "username": "ada", "global_name": "Ada", "member": {"nick": "Countess"}}]))
    .unwrap();
    parse(content, &Lookup::new(names.as_object().unwrap(), &people))
}

fn t(text: &str, styles: &[Style]) -> Run {
    styles.iter().fold(Run::new(Leaf::Plain(text.to_owned())), |run, style| run.styled(*style))
}

fn code(text: &str) -> Run {
    Run::new(Leaf::Code(text.to_owned()))
}

fn block(lang: Option<&str>, text: &str) -> Run {
    Run::new(Leaf::Block { lang: lang.map(str::to_owned), text: text.to_owned() })
}

fn url(url: &str) -> Run {
    t(url, &[]).linked(url)
}

fn group(name: &str) -> Run {
    Run::new(Leaf::Mention(Mention::Group { name: name.to_owned() }))
}

#[test]
fn markdown_becomes_leaves() {
    for (typed, leaves) in [
        ("", vec![]),
        ("hello", vec![t("hello", &[])]),
        ("one\ntwo", vec![t("one\ntwo", &[])]),
        ("*a* _b_ **c**", vec![t("a", &[I]), t(" ", &[]), t("b", &[I]), t(" ", &[]), t("c", &[B])]),
        ("***both***", vec![t("both", &[B, I])]),
        ("**_both_**", vec![t("both", &[B, I])]),
        ("**a *b***", vec![t("a ", &[B]), t("b", &[B, I])]),
        ("*a **b***", vec![t("a ", &[I]), t("b", &[B, I])]),
        ("*a***b**", vec![t("a", &[I]), t("b", &[B])]),
        ("**a***b*", vec![t("a", &[B]), t("b", &[I])]),
        ("*a**b*", vec![t("a**b", &[I])]),
        ("__under__", vec![t("under", &[])]),
        ("___both___", vec![t("both", &[I])]),
        ("~~gone~~", vec![t("gone", &[S])]),
        ("~~**a** b~~", vec![t("a", &[B, S]), t(" b", &[S])]),
        ("||secret||", vec![t("||secret||", &[])]),
        ("snake_case_name", vec![t("snake_case_name", &[])]),
        ("2 * 3 * 4", vec![t("2 * 3 * 4", &[])]),
        ("**open", vec![t("**open", &[])]),
        ("a ~~~ b", vec![t("a ~~~ b", &[])]),
        ("**a ~~b** c~~", vec![t("a ~~b", &[B]), t(" c~~", &[])]),
        (r"\*a\* \\ \a ¯\_(ツ)_/¯", vec![t(r"*a* \ \a ¯_(ツ)_/¯", &[])]),
        ("`a * b`", vec![code("a * b")]),
        ("`` `a` ``", vec![code("`a`")]),
        ("`a``b`", vec![code("a``b")]),
        ("**`x`**", vec![code("x").styled(B)]),
        ("`open", vec![t("`open", &[])]),
        ("```rust\nfn x() {}\n```", vec![block(Some("rust"), "fn x() {}")]),
        ("```\nrust\nx\n```", vec![block(None, "rust\nx")]),
        ("```one line```", vec![block(None, "one line")]),
        ("a ```b``` c", vec![t("a", &[]), block(None, "b"), t("c", &[])]),
        ("```open\n**a**", vec![t("```open\n", &[]), t("a", &[B])]),
        ("```\n```", vec![t("```\n```", &[])]),
        ("[label](https://a.b/c)", vec![t("label", &[]).linked("https://a.b/c")]),
        ("[**l**](<https://a.b>)", vec![t("l", &[B]).linked("https://a.b")]),
        ("[l](https://a.b \"title\")", vec![t("l", &[]).linked("https://a.b")]),
        ("[w](https://a.b/X_(Y))", vec![t("w", &[]).linked("https://a.b/X_(Y)")]),
        ("[l](javascript:x)", vec![t("[l](javascript:x)", &[])]),
        ("[a] [b](https://c.d)", vec![t("[a] ", &[]), t("b", &[]).linked("https://c.d")]),
        (
            "[https://good.x](https://evil.x)",
            vec![t("[", &[]), url("https://good.x"), t("](", &[]), url("https://evil.x"), t(")", &[])],
        ),
        ("see https://a.b/c_d_e.", vec![t("see ", &[]), url("https://a.b/c_d_e"), t(".", &[])]),
        ("(https://a.b/X_(Y))", vec![t("(", &[]), url("https://a.b/X_(Y)"), t(")", &[])]),
        ("**https://a.b**", vec![url("https://a.b").styled(B)]),
        ("<https://a.b>", vec![url("https://a.b")]),
        ("http:// x", vec![t("http:// x", &[])]),
        ("<:owl:123> <a:hoot:4>", vec![t(":owl: :hoot:", &[])]),
        ("<t:1628594197> <t:1628594197:t>", vec![t("2021-08-10 11:16 UTC 11:16 UTC", &[])]),
        ("<t:99999999999999999>", vec![t("<t:99999999999999999>", &[])]),
        ("</play song:5>", vec![t("/play song", &[])]),
        (
            "<#7> <#1>",
            vec![
                Run::new(Leaf::Mention(Mention::Room { name: "general".into() })),
                t(" ", &[]),
                Run::new(Leaf::Mention(Mention::Room { name: "1".into() })),
            ],
        ),
        ("<@&8>", vec![group("mods")]),
        (
            "<@9>",
            vec![Run::new(Leaf::Mention(Mention::Person { id: Some("9".into()), name: "Countess".into() }))],
        ),
        ("<@!4>", vec![Run::new(Leaf::Mention(Mention::Person { id: Some("4".into()), name: "4".into() }))]),
        ("@everyone, @here", vec![group("everyone"), t(", ", &[]), group("here")]),
        ("<@x> <> <", vec![t("<@x> <> <", &[])]),
        (
            "> quote\n# head\n-# small\n- item\n1. one",
            vec![t("> quote\n# head\n-# small\n- item\n1. one", &[])],
        ),
        ("**مرحبا** 👩‍👩‍👧 𝒳", vec![t("مرحبا", &[B]), t(" 👩‍👩‍👧 𝒳", &[])]),
    ] {
        assert_eq!(read(typed), Text::from_runs(leaves), "{typed:?}");
    }
}

#[test]
fn whatever_comes_takes_no_time_and_panics_nowhere() {
    let nasty = [
        "*",
        "_",
        "**",
        "~~",
        "`",
        "```",
        "[",
        "](",
        "[](",
        "<",
        "<@",
        "<https://",
        "\\",
        "||",
        "*a",
        "_a ",
        "`a",
        "[a](https://x",
        "https://",
        "(https://(",
        "*a **b ",
        "[a]",
        "@",
        "<t:",
        "`` ` ",
        "** __~~[*_",
        "é*",
        "h",
    ];
    for piece in nasty {
        let text = piece.repeat(10_000);
        let begun = Instant::now();
        let _ = read(&text);
        // Unoptimised and on a busy machine; anything quadratic takes far longer.
        assert!(begun.elapsed().as_secs() < 5, "{piece:?} took {:?}", begun.elapsed());
    }
}
