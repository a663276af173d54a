//! How a person makes an account for Relay on a platform: what `relay init` walks through. Words only, declared by the connector.

/// What to do on one platform, in order.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// The platform's name as people write it.
    pub title: &'static str,
    /// What to click until there is a credential: a step each.
    pub credentials: &'static [&'static str],
    /// A text that one of these steps pastes somewhere.
    pub paste: Option<Paste>,
    /// The keys that are asked for.
    pub asked: &'static [Asked],
    /// What to do so that the account sees rooms: a step each. `{link}` is [`crate::Connector::invitation`].
    pub rooms: &'static [&'static str],
    /// Whether rooms come to be seen while somebody listens: an invitation is accepted, or nothing is told before something happens.
    pub heard: bool,
    /// Whether people name the rooms, because the account sees none before it was told of them.
    pub rooms_are_named: bool,
}

/// A key that is asked for; what it is, its `Field` says.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The key in `bridges.toml`.
    pub key: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// What every such value begins with, so that a wrong one is seen while it is typed.
    pub begins: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A text to be pasted.
#[derive(Debug, Clone, Copy)]
pub struct Paste {
    /// The file that it is written to.
    pub file: &'static str,
    /// The text.
    pub text: &'static str,
}
