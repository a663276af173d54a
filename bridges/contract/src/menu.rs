//! The commands as platforms offer them while somebody types: one table, given by the engine.

/// A text in every language that Relay speaks, by its code; the first is for everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says(pub Vec<(&'static str, String)>);

impl Says {
    /// For whoever speaks none of the others.
    pub fn usual(&self) -> &str {
        self.0.first().map_or("", |(_, text)| text)
    }

    /// The others, by their codes.
    pub fn others(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().skip(1).map(|(code, text)| (*code, text.as_str()))
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What `/relay` does, where each of its parts is offered by itself.
    pub says: Says,
    /// The same where it is one command with words behind it.
    pub says_alone: Says,
    /// Its parts.
    pub commands: Vec<Offered>,
}

/// A part of `/relay`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The word behind `/relay`.
    pub name: &'static str,
    /// What it does, in at most 100 characters.
    pub says: Says,
    /// What can stand behind it, what has to first.
    pub options: Vec<Choosing>,
}

/// Something that can stand behind a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choosing {
    /// Its name.
    pub name: &'static str,
    /// What it is, in at most 100 characters.
    pub says: Says,
    /// What is to be given.
    pub of: Given,
    /// The command makes no sense without it.
    pub required: bool,
}

/// What is to be given for an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Words.
    Words,
    /// The name of a Relay channel, which is proposed while it is typed.
    Channel,
    /// Yes or no.
    Switch,
    /// One of these words; what people see of each has at most 100 characters.
    OneOf(Vec<(&'static str, Says)>),
}
