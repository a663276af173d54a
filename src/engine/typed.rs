//! A *no* that is typed as a message where the platform's client has a menu for commands, or where its first sign is another: whoever says it in
//! the wrong form has said it. A *yes* is none: nobody would be told what it comes to.

use relay_contract::text::{Leaf, Run};
use relay_contract::{Ask, Envelope, Event, Standing};

/// What a command may begin with on some platform.
const CALLED: [&str; 2] = ["/relay", "!relay"];

/// The no that a message is, and nothing but that: what is shown as code or in a quote is shown, and not said.
pub(super) fn no(envelope: &Envelope) -> Option<Ask> {
    let (Some(author), Event::Posted(message)) = (&envelope.author, &envelope.event) else { return None };
    let is_bare = message.attachments.is_empty() && message.forward.is_none() && message.poll.is_none();
    let is_persons = author.standing == Standing::Person;
    let is_said = |run: &Run| {
        matches!(run.leaf, Leaf::Plain(_))
            && run.styles.is_empty()
            && run.within.is_empty()
            && run.url.is_none()
    };
    let is_plain = || message.body.clone().into_runs().iter().all(is_said);
    let ask = (is_persons && is_bare).then(|| read(&message.body.excerpt(LONGEST)))??;
    is_plain().then_some(ask)
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
        Ask::Consent { words } => words.split_whitespace().eq(["revoke", "bridging"]),
        ask => ask.only_forbids(),
    };
    is_whole.then_some(ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_alone_is_one_and_a_sentence_about_it_is_none() {
        for text in ["/relay privacy none", " !Relay  privacy  NONE ", "/relay consent revoke bridging"] {
            assert!(read(text).is_some_and(|ask| ask.only_forbids()), "{text}");
        }
        for text in [
            "/relay privacy full",
            "/relay privacy anonymous",
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
