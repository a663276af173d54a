//! Blocks within blocks: their normal form by table, and what holds for any runs.

use super::*;
use crate::capabilities::Unit;
use proptest::prelude::*;

const Q: Container = Container::Quote;

fn bullet(item: u32) -> Container {
    Container::Item { item, number: None }
}

fn numbered(item: u32, number: u32) -> Container {
    Container::Item { item, number: Some(number) }
}

fn run(text: &str, within: &[Container]) -> Run {
    Run::new(Leaf::Plain(text.into())).inside(within)
}

fn code(text: &str, within: &[Container]) -> Run {
    Run::new(Leaf::Block { lang: None, text: text.into() }).inside(within)
}

/// A text in one line: `q(…)`, `h1(…)`, `{code}`, `[• item • item]`, `[3. item • item]`, `⏎` a break, `¶` between blocks.
fn noted(blocks: &[Block]) -> String {
    let block = |block: &Block| match block {
        Block::Paragraph(inlines) => inlines.iter().map(inline).collect(),
        Block::Heading { level, inlines } => {
            format!("h{level}({})", inlines.iter().map(inline).collect::<String>())
        }
        Block::Code { text, .. } => format!("{{{text}}}"),
        Block::Quote(blocks) => format!("q({})", noted(blocks)),
        Block::List { start, items } => {
            let first = start.map_or("•".to_owned(), |start| format!("{start}."));
            let items: Vec<String> = items.iter().map(|item| noted(item)).collect();
            format!("[{first} {}]", items.join(" • "))
        }
    };
    blocks.iter().map(block).collect::<Vec<String>>().join("¶")
}

fn inline(one: &Inline) -> String {
    match one {
        Inline::Plain(text) | Inline::Code(text) => text.clone(),
        Inline::Break => "⏎".into(),
        Inline::Styled(_, inner) | Inline::Link { label: inner, .. } => inner.iter().map(inline).collect(),
        Inline::Mention(mention) => mention.shown(),
        Inline::Emoji(emoji) => emoji.shown(),
        Inline::Time(time) => time.shown(),
    }
}

#[test]
fn runs_become_blocks() {
    let h = Container::Heading;
    let cases = [
        (vec![run("a", &[]), run("b", &[Q]), run("c", &[])], "a¶q(b)¶c"),
        (vec![run("a", &[Q]), run("\nb", &[Q])], "q(a⏎b)"),
        (vec![run("a", &[Q]), run("\n", &[]), run("b", &[Q])], "q(a⏎⏎b)"),
        (vec![run("a", &[]), run(" \n", &[Q]), run("b", &[])], "a⏎b"),
        (vec![run("a", &[Q]), run("b", &[Q, Q]), run("c", &[Q])], "q(a¶q(b)¶c)"),
        (vec![run("a", &[bullet(0)]), run("b", &[bullet(1)])], "[• a • b]"),
        (vec![run("a", &[bullet(0)]), run("b", &[bullet(0)])], "[• ab]"),
        (vec![run("a", &[bullet(0)]), run("\n\n", &[]), run("b", &[bullet(1)])], "[• a • b]"),
        (vec![run("a", &[bullet(0)]), run(" ", &[bullet(1)]), run("b", &[bullet(2)])], "[• a • b]"),
        (vec![run("a", &[bullet(0)]), run("b", &[numbered(1, 1)])], "[• a]¶[1. b]"),
        (vec![run("a", &[numbered(0, 3)]), run("b", &[numbered(1, 9)])], "[3. a • b]"),
        (vec![run(" ", &[numbered(0, 1)]), run("b", &[numbered(1, 2)])], "[2. b]"),
        (vec![run("a", &[numbered(0, 0)]), run("b", &[numbered(1, u32::MAX)])], "[1. a • b]"),
        (
            vec![
                run("a", &[bullet(0)]),
                run("b", &[bullet(0), numbered(1, 1)]),
                run("c", &[bullet(0), numbered(2, 2)]),
                run("d", &[bullet(3)]),
            ],
            "[• a¶[1. b • c] • d]",
        ),
        (vec![run("a", &[bullet(0), bullet(1)])], "[• [• a]]"),
        (vec![run("a", &[h(1)]), run("b", &[])], "h1(a)¶b"),
        (vec![run("a\n\nb", &[h(1)])], "h1(a)¶h1(b)"),
        (vec![run("a", &[h(1)]), run("\n", &[]), run("b", &[h(1)])], "h1(a)¶h1(b)"),
        (vec![run("a", &[h(1)]), run("b", &[h(2)])], "h1(a)¶h2(b)"),
        (vec![run("a", &[h(0)]), run("b", &[h(77)])], "h1(a)¶h6(b)"),
        (vec![run("a", &[h(1), Q])], "h1(a)"),
        (vec![run("a", &[Q, h(2)]), code("b", &[Q, h(2)]), run("c", &[Q, h(2)])], "q(h2(a)¶{b}¶h2(c))"),
        (vec![code("a", &[Q]), code("b", &[Q])], "q({a}¶{b})"),
        (vec![code("\n", &[Q])], ""),
        (vec![run("a", &[]), code("\n", &[Q]), run("b", &[])], "a⏎b"),
        (vec![run("a", &[Q; 8]), run("b", &[Q; 9])], "q(q(q(q(q(q(q(q(a⏎b))))))))"),
    ];
    for (runs, expected) in cases {
        let text = Text::from_runs(runs.clone());
        assert_eq!(noted(text.blocks()), expected, "{runs:?}");
        assert_eq!(Text::new(text.blocks().to_vec()), text, "the normal form of itself: {runs:?}");
    }
}

#[test]
fn a_hidden_block_of_code_stays_hidden() {
    let hidden = code("a\nb", &[]).styled(Style::Spoiler);
    let text = Text::from_runs(vec![run("x", &[]), hidden, run("y", &[])]);
    assert_eq!(noted(text.blocks()), "x⏎a⏎b⏎y");
    let runs = text.into_runs();
    let hidden = runs.iter().filter(|run| run.styles.contains(&Style::Spoiler));
    assert_eq!(hidden.map(|run| run.leaf.shown()).collect::<String>(), "a\nb");
}

#[test]
fn what_follows_has_items_of_its_own() {
    let list = |text: &str| Text::from_runs(vec![run(text, &[bullet(0)])]);
    assert_eq!(noted(list("a").followed_by(list("b")).blocks()), "[• a • b]");
    assert_eq!(noted(Text::plain("x").followed_by(list("b")).blocks()), "x¶[• b]");
    let quote = Text::from_runs(vec![run("q", &[Q])]);
    assert_eq!(noted(quote.clone().followed_by(Text::plain("x")).blocks()), "q(q)¶x");
    assert_eq!(noted(quote.clone().followed_by(quote).blocks()), "q(q⏎⏎q)");
}

#[test]
fn a_cut_keeps_structure() {
    let measure = |text: &Text| Unit::Chars.measure(&words(text));
    let lang = |text: &str| Leaf::Block { lang: Some("rust".into()), text: text.into() };
    let cases = [
        (
            vec![run("one two", &[numbered(0, 7)]), run("three", &[numbered(1, 8)])],
            8,
            "[7. one two] | [8. three]",
        ),
        (vec![run("one two three", &[numbered(0, 7)])], 8, "[7. one two] | [7. three]"),
        (vec![run("one two three", &[Q])], 8, "q(one two) | q(three)"),
        (vec![run("head", &[Container::Heading(1)]), run("body", &[])], 5, "h1(head) | body"),
        (vec![Run::new(lang("a = 1;\nb = 2;")).inside(&[Q])], 8, "q({a = 1;}) | q({b = 2;})"),
        (
            vec![
                run("a", &[bullet(0)]),
                run("bb", &[bullet(0), bullet(1)]),
                run("cc", &[bullet(0), bullet(2)]),
            ],
            3,
            "[• a¶[• bb]] | [• [• cc]]",
        ),
    ];
    for (runs, most, expected) in cases {
        let parts = Text::from_runs(runs.clone()).split(most, measure);
        let shown: Vec<_> = parts.iter().map(|part| noted(part.blocks())).collect();
        assert_eq!(shown.join(" | "), expected, "{runs:?}");
        let langs = parts.iter().flat_map(|part| part.clone().into_runs()).all(|run| match run.leaf {
            Leaf::Block { lang, .. } => lang.as_deref() == Some("rust"),
            _ => true,
        });
        assert!(langs);
    }
}

#[test]
fn an_old_text_is_read_into_the_normal_form() {
    let read: Text = serde_json::from_str(r#"[{"Paragraph":[{"Plain":"a"},{"Plain":"\n"}]}]"#).unwrap();
    assert_eq!(read, Text::plain("a"));
}

#[test]
fn ten_times_as_many_containers_take_ten_times_as_long_and_not_a_hundred_times() {
    let takes = |count: u32| {
        let begun = std::time::Instant::now();
        let deep: Vec<Container> = (0..count).map(bullet).collect();
        let text = Text::from_runs(vec![run("a", &deep), run("b", &deep[..deep.len() / 2])]);
        assert_eq!(words(&text), "a\nb");
        let wide = (0..count).map(|at| run("a", &[Q, bullet(at)])).collect();
        assert!(!Text::from_runs(wide).is_empty());
        begun.elapsed()
    };
    // The best of three: others use this machine too.
    let best = |count| (0..3).map(|_| takes(count)).min().unwrap();
    let (few, many) = (best(5_000), best(50_000));
    assert!(many < few * 40, "{few:?}, {many:?}");
}

fn words(text: &Text) -> String {
    text.clone().into_runs().iter().map(|run| run.leaf.shown()).collect()
}

#[test]
fn the_corpus_of_the_fuzz_target() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/text");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 20);
    files.iter().for_each(|file| fuzzing::text(&std::fs::read(file).unwrap()));
}

fn any_run() -> impl Strategy<Value = Run> {
    let leaf = prop_oneof![
        6 => "[ab \n]{0,3}".prop_map(Leaf::Plain),
        1 => "[a\n]{0,2}".prop_map(Leaf::Code),
        2 => Just(Leaf::Break),
        1 => "[a\n]{0,3}".prop_map(|text| Leaf::Block { lang: None, text }),
        1 => "[a ]{0,2}".prop_map(|name| Leaf::Emoji(Emoji { name, id: None })),
    ];
    let container = prop_oneof![
        3 => Just(Q),
        3 => (0..3u32).prop_map(bullet),
        3 => (0..3u32, 0..4u32).prop_map(|(item, number)| numbered(item, number)),
        1 => (0..8u8).prop_map(Container::Heading),
    ];
    let within = prop_oneof![
        8 => prop::collection::vec(container.clone(), 0..4),
        1 => prop::collection::vec(container, 7..12),
    ];
    let styles = prop::collection::btree_set(prop::sample::select(Style::ALL.to_vec()), 0..3);
    (leaf, styles, within).prop_map(|(leaf, styles, within)| Run { leaf, styles, url: None, within })
}

fn is_normal(blocks: &[Block], deep: usize) -> bool {
    let inner = blocks.iter().all(|block| match block {
        Block::Paragraph(inlines) => !inlines.is_empty(),
        Block::Heading { level, inlines } => {
            (1..=6).contains(level) && !inlines.is_empty() && !inlines.contains(&Inline::Break)
        }
        Block::Code { text, .. } => !text.is_empty(),
        Block::Quote(blocks) => deep < DEEPEST && !blocks.is_empty() && is_normal(blocks, deep + 1),
        Block::List { items, start } => {
            deep < DEEPEST
                && start.is_none_or(|start| (1..=HIGHEST_NUMBER).contains(&start))
                && !items.is_empty()
                && items.iter().all(|item| !item.is_empty() && is_normal(item, deep + 1))
        }
    });
    inner
        && blocks.windows(2).all(|pair| match pair {
            [Block::Paragraph(_), Block::Paragraph(_)] | [Block::Quote(_), Block::Quote(_)] => false,
            [Block::List { start: a, .. }, Block::List { start: b, .. }] => a.is_some() != b.is_some(),
            _ => true,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_runs_become_the_normal_form(runs in prop::collection::vec(any_run(), 0..12)) {
        let letters = |text: String| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let said: String = runs.iter().map(|run| run.leaf.shown()).collect();
        let text = Text::from_runs(runs);
        prop_assert!(is_normal(text.blocks(), 0), "{:?}", text);
        prop_assert_eq!(letters(words(&text)), letters(said));
        prop_assert_eq!(Text::new(text.blocks().to_vec()), text.clone());
        prop_assert_eq!(Text::from_runs(text.clone().into_runs()), text);
    }

    #[test]
    fn a_cut_of_anything_loses_nothing(runs in prop::collection::vec(any_run(), 0..12), most in 1usize..9) {
        let letters = |text: &Text| words(text).chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let text = Text::from_runs(runs);
        let parts = text.clone().split(most, |text| words(text).chars().count());
        let longest = |part: &Text| words(part).chars().count() <= most.max(4);
        prop_assert!(parts.iter().all(longest), "{:?}", parts);
        prop_assert!(parts.iter().all(|part| is_normal(part.blocks(), 0)));
        prop_assert_eq!(parts.iter().map(letters).collect::<String>(), letters(&text));
    }
}
