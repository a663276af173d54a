//! The commands that platforms offer while somebody types: one table, in every language that Relay speaks.

use crate::text;
use crate::texts::Language;
use relay_contract::{Choosing, Given, Menu, Offered, Says};
use std::sync::LazyLock;

/// The table.
pub fn menu() -> &'static Menu {
    static MENU: LazyLock<Menu> = LazyLock::new(made);
    &MENU
}

/// A text in all languages, English first.
fn says(text: fn(Language) -> String) -> Says {
    Says(Language::ALL.into_iter().map(|language| (language.code(), text(language))).collect())
}

fn command(name: &'static str, says: Says, options: Vec<Choosing>) -> Offered {
    Offered { name, says, options }
}

fn option(name: &'static str, of: Given, says: Says) -> Choosing {
    Choosing { name, says, of, required: false }
}

fn required(option: Choosing) -> Choosing {
    Choosing { required: true, ..option }
}

fn made() -> Menu {
    let channel = || option("channel", Given::Channel, says(|it| text!(it, "menu-channel")));
    let span = || option("for", Given::Words, says(|it| text!(it, "menu-span")));
    let levels = vec![
        ("full", says(|it| text!(it, "menu-full"))),
        ("balanced", says(|it| text!(it, "menu-balanced"))),
        ("anonymous", says(|it| text!(it, "menu-anonymous"))),
        ("minimal", says(|it| text!(it, "menu-minimal"))),
        ("none", says(|it| text!(it, "menu-none"))),
    ];
    let of_rooms = vec![
        command("help", says(|it| text!(it, "menu-help")), vec![]),
        command(
            "connect",
            says(|it| text!(it, "menu-connect")),
            vec![
                required(channel()),
                option("sure", Given::Switch, says(|it| text!(it, "menu-connect-sure"))),
            ],
        ),
        command("status", says(|it| text!(it, "menu-status")), vec![]),
        command("disconnect", says(|it| text!(it, "menu-disconnect")), vec![channel()]),
        command(
            "approve",
            says(|it| text!(it, "menu-approve")),
            vec![
                required(option("code", Given::Words, says(|it| text!(it, "menu-approve-code")))),
                option("sure", Given::Switch, says(|it| text!(it, "menu-approve-sure"))),
            ],
        ),
        command("pause", says(|it| text!(it, "menu-pause")), vec![span()]),
        command("resume", says(|it| text!(it, "menu-resume")), vec![]),
        command(
            "mute",
            says(|it| text!(it, "menu-mute")),
            vec![option("who", Given::Words, says(|it| text!(it, "menu-mute-who"))), span()],
        ),
        command(
            "unmute",
            says(|it| text!(it, "menu-unmute")),
            vec![required(option("who", Given::Words, says(|it| text!(it, "menu-unmute-who"))))],
        ),
        command(
            "template",
            says(|it| text!(it, "menu-template")),
            vec![option("template", Given::Words, says(|it| text!(it, "menu-template-words")))],
        ),
    ];
    let of_people = vec![
        command(
            "privacy",
            says(|it| text!(it, "menu-privacy")),
            vec![option("choice", Given::OneOf(levels), says(|it| text!(it, "menu-privacy-choice")))],
        ),
        command(
            "consent",
            says(|it| text!(it, "menu-consent")),
            vec![option("change", Given::Words, says(|it| text!(it, "menu-consent-change")))],
        ),
        command(
            "link",
            says(|it| text!(it, "menu-link")),
            vec![option("code", Given::Words, says(|it| text!(it, "menu-link-code")))],
        ),
        command(
            "unlink",
            says(|it| text!(it, "menu-unlink")),
            vec![option("all", Given::Switch, says(|it| text!(it, "menu-unlink-all")))],
        ),
        command(
            "name",
            says(|it| text!(it, "menu-name")),
            vec![option("of", Given::Words, says(|it| text!(it, "menu-name-of")))],
        ),
        command("export", says(|it| text!(it, "menu-export")), vec![]),
        command(
            "forget",
            says(|it| text!(it, "menu-forget")),
            vec![option("sure", Given::Switch, says(|it| text!(it, "menu-forget-sure")))],
        ),
    ];
    Menu {
        says: says(|it| text!(it, "menu-relay")),
        says_alone: says(|it| text!(it, "menu-relay-alone")),
        commands: of_rooms.into_iter().chain(of_people).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Ask;

    /// What Discord takes at most, in characters.
    const LONGEST: usize = 100;

    #[test]
    fn each_command_is_understood_and_each_text_fits() {
        for offered in &menu().commands {
            let is_known = !matches!(Ask::parse(offered.name), Ask::Unknown(_));
            assert!(is_known, "{}", offered.name);
            let choices = offered.options.iter().flat_map(|option| match &option.of {
                Given::OneOf(all) => all.iter().map(|(_, says)| says).collect(),
                _ => Vec::new(),
            });
            let options = offered.options.iter().map(|option| &option.says);
            for says in [&offered.says].into_iter().chain(options).chain(choices) {
                assert_eq!(says.0.len(), Language::ALL.len());
                for (code, text) in &says.0 {
                    let length = text.chars().count();
                    assert!(
                        (1..=LONGEST).contains(&length),
                        "{} in {code}: {text} has {length}",
                        offered.name
                    );
                }
            }
            let order: Vec<bool> = offered.options.iter().map(|option| !option.required).collect();
            assert!(order.is_sorted(), "what is required comes first: {}", offered.name);
        }
        assert_eq!((menu().says.0[0].0, menu().says.0[1].0), ("en", "de"));
        assert!(menu().says_alone.0.iter().all(|(_, text)| text.chars().count() <= 256));
    }
}
