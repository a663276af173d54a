//! What an edit changed, for rooms in which a message stays as it was said.

use super::presentable;
use crate::text;
use crate::texts::Language;
use relay_contract::Text;
use relay_contract::text::{Leaf, Run};

/// Up to how many characters a text is said again as a whole.
const SHORT: usize = 160;
/// Words that are shown on both sides of what changed in a longer one.
const AROUND: usize = 4;

/// What is said of the change; none when nobody could see any.
pub fn words(before: &Text, after: &Text) -> Option<Text> {
    if before == after {
        return None;
    }
    let mark = Run::new(Leaf::Plain("✎ ".into()));
    let (old, new) = (before.excerpt(usize::MAX), after.excerpt(usize::MAX));
    if new.chars().count() <= SHORT {
        return Some(Text::from_runs(std::iter::once(mark).chain(after.clone().into_runs()).collect()));
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split(' ').collect(), new.split(' ').collect());
    let begin = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - begin;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (from, to) = (begin.saturating_sub(AROUND), (new.len() - end + AROUND).min(new.len()));
    let shown = new.get(from..to).unwrap_or_default().join(" ");
    let (first, last) = (if from > 0 { "… " } else { "" }, if to < new.len() { " …" } else { "" });
    Some(Text::from_runs(vec![mark, Run::new(Leaf::Plain(format!("{first}{shown}{last}")))]))
}

/// What is said of files that were taken out of a message.
pub fn removed<'a>(language: Language, names: impl IntoIterator<Item = &'a str>) -> Option<Text> {
    let names: Vec<String> = names.into_iter().map(presentable).collect();
    (!names.is_empty()).then(|| Text::plain(&text!(language, "files-removed", names = names.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_out() {
        let said =
            |names: &[&str]| removed(Language::English, names.iter().copied()).map(|text| text.excerpt(99));
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["owl.png", "a\nb.txt"]).as_deref(), Some("✎ without owl.png, a b.txt"));
    }

    #[test]
    fn what_changed() {
        let long = |middle: &str| format!("{}{middle} {}", "before ".repeat(20), "after ".repeat(20));
        let cases = [
            ("helo".to_owned(), "hello".to_owned(), Some("✎ hello")),
            ("same".to_owned(), "same".to_owned(), None),
            (long("old"), long("new"), Some("✎ … before before before before new after after after after …")),
            (long("old"), long(""), Some("✎ … before before before before after after after after …")),
        ];
        for (before, after, expected) in cases {
            let words = words(&Text::plain(&before), &Text::plain(&after)).map(|words| words.excerpt(999));
            assert_eq!(words.as_deref(), expected, "{before} {after}");
        }
    }
}
