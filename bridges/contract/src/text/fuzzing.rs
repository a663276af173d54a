//! What the fuzz target `text` does with bytes; the tests do it with the corpus that the target found.

use super::{Container, Leaf, Run, Style, Text};

/// Makes runs of bytes, a text of the runs and parts of the text, and checks each.
pub fn text(bytes: &[u8]) {
    let text = Text::from_runs(bytes.chunks(4).map(run).collect());
    assert_eq!(Text::new(text.blocks().to_vec()), text, "the normal form of itself");
    assert_eq!(Text::from_runs(text.clone().into_runs()), text, "there and back");
    let words = |text: &Text| text.clone().into_runs().iter().map(|run| run.leaf.shown()).collect::<String>();
    let letters = |text: &Text| words(text).chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let parts = text.clone().split(20, |text| words(text).chars().count());
    assert!(parts.iter().all(|part| words(part).chars().count() <= 20), "within the limit");
    assert_eq!(parts.iter().map(letters).collect::<String>(), letters(&text), "nothing is lost");
}

/// Four bytes: the leaf, its styles, how deep it stands, and in what.
fn run(bytes: &[u8]) -> Run {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let words = ["a", " b", "c ", "\n", "d\ne", "é", "👩‍👩‍👧", ""][usize::from(byte(0) % 8)].to_owned();
    let leaf = match byte(0) >> 5 {
        0 => Leaf::Code(words),
        1 => Leaf::Block { lang: None, text: words },
        2 => Leaf::Break,
        _ => Leaf::Plain(words),
    };
    let containers = (0..byte(2) % 12).map(|deep| match byte(3).rotate_left(u32::from(deep)) % 4 {
        0 => Container::Quote,
        1 => Container::Item { item: u32::from(byte(3) % 3), number: None },
        2 => Container::Item { item: u32::from(byte(2) % 3), number: Some(u32::from(byte(3))) },
        _ => Container::Heading(byte(3)),
    });
    let styles = Style::ALL.into_iter().enumerate().filter(|(at, _)| byte(1) >> at & 1 == 1);
    let url = (byte(1) >> 6 == 3).then(|| "https://x.example".to_owned());
    Run { leaf, styles: styles.map(|(_, style)| style).collect(), url, within: containers.collect() }
}
