//! A choice that is typed as a message where the platform's client has a menu for commands, or where its first sign is another: whoever says
//! no in the wrong form has said no.

use crate::consent::Stance;
use relay_contract::{Ask, Envelope, Event, Standing};

/// What a command may begin with on some platform.
const CALLED: [&str; 2] = ["/relay", "!relay"];

/// The choice that a message is, and nothing but that.
pub(super) fn choice(envelope: &Envelope) -> Option<Ask> {
    let (Some(author), Event::Posted(message)) = (&envelope.author, &envelope.event) else { return None };
    let is_bare = message.attachments.is_empty() && message.forward.is_none() && message.poll.is_none();
    let is_persons = author.standing == Standing::Person;
    (is_persons && is_bare).then(|| read(&message.body.excerpt(LONGEST)))?
}

/// Longest of them, in characters, and some more.
const LONGEST: usize = 60;

fn read(text: &str) -> Option<Ask> {
    let (called, words) = text.trim().split_once(char::is_whitespace)?;
    if !CALLED.iter().any(|known| called.eq_ignore_ascii_case(known)) {
        return None;
    }
    let ask = Ask::parse(words);
    let is_whole = match &ask {
        Ask::Privacy { to: Some(word) } => Stance::named(&word.trim().to_lowercase()).is_some(),
        Ask::Consent { words } => words.split_whitespace().eq(["revoke", "bridging"]),
        _ => false,
    };
    is_whole.then_some(ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_alone_is_one_and_a_sentence_about_it_is_none() {
        for text in ["/relay privacy none", " !Relay  privacy  NONE ", "/relay consent revoke bridging"] {
            assert!(read(text).is_some_and(|ask| ask.only_forbids()), "{text}");
        }
        assert!(read("/relay privacy full").is_some_and(|ask| ask.chooses()));
        for text in [
            "/relay privacy none is what you want",
            "/relay privacy",
            "/relay status",
            "/relay consent revoke bridging to telegram",
            "/relays privacy none",
            "write /relay privacy none",
            "relay privacy none",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
