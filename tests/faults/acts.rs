//! What somebody does, what it comes to in the other rooms, and which requests that takes.

use crate::bench::Bench;
use stand_ins::people::{Act, Given, Seen};

/// How many marks a long text has, with words between them: more than one message of Discord holds.
const MARKS: usize = 35;

/// Something that is done in a room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Post,
    Split,
    File,
    Thread,
    Edit,
    Delete,
    React,
}

/// One deed.
pub struct Deed {
    pub kind: Kind,
    /// Where it is done.
    pub origin: &'static str,
    /// Tells it from all others.
    pub word: String,
    /// The message that it concerns.
    root: Option<String>,
}

/// What a room shows of a deed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shown {
    /// All of it is there.
    pub whole: bool,
    /// Some of it is there.
    pub some: bool,
    /// Parts beyond the first of their kind.
    pub doubled: usize,
    /// Parts that stand before an earlier one.
    pub disorder: usize,
}

impl Deed {
    /// Prepares it: what it concerns is said.
    pub fn prepare(bench: &Bench, kind: Kind, origin: &'static str, word: String) -> Self {
        let concerns = matches!(kind, Kind::Thread | Kind::Edit | Kind::Delete | Kind::React);
        let root = concerns.then(|| bench.say(origin, &format!("{word}-root.")));
        Self { kind, origin, word, root }
    }

    /// Whether what it concerns is in a room.
    pub fn prepared(&self, bench: &Bench, there: &str) -> bool {
        self.root.is_none() || !bench.with(there, &format!("{}-root.", self.word)).is_empty()
    }

    /// Does it; answers under which name the platform tells that the event was acknowledged, where that is known beforehand.
    pub fn act(&self, bench: &Bench) -> Option<String> {
        let (person, room, word) = (bench.person(self.origin), bench.room(self.origin), &self.word);
        let root = || self.root.clone().unwrap_or_default();
        let say = |text: String, files: Vec<Given>, thread: Option<String>| Act::Say {
            person: person.clone(),
            room: room.clone(),
            text,
            reply_to: None,
            files,
            thread,
        };
        let act = match self.kind {
            Kind::Post => say(format!("{word}-new."), vec![], None),
            Kind::Split => say(marks(word).collect::<Vec<_>>().join(" "), vec![], None),
            Kind::File => say(format!("{word}-new."), vec![Given::Name(format!("{word}.txt"))], None),
            Kind::Thread => say(format!("{word}-new."), vec![], Some(root())),
            Kind::Edit => Act::Edit { person, room, message: root(), text: format!("{word}-new.") },
            Kind::Delete => Act::Delete { person, room, message: root() },
            Kind::React => Act::React { person, room, message: root(), emoji: "👍".into(), on: true },
        };
        let id = bench.people(self.origin).act(act).expect("people can do this");
        self.root.is_none().then_some(id)
    }

    /// What a room shows of it.
    pub fn shown(&self, bench: &Bench, there: &str) -> Shown {
        let copies: Vec<Seen> = bench.with(there, &format!("{}-", self.word));
        let with = |what: &str| copies.iter().filter(|copy| copy.text.contains(what)).collect::<Vec<_>>();
        let (root, new) = (format!("{}-root.", self.word), format!("{}-new.", self.word));
        let one_of = |found: usize| Shown {
            whole: found > 0,
            some: found > 0,
            doubled: found.saturating_sub(1),
            disorder: 0,
        };
        match self.kind {
            Kind::Post | Kind::Thread => one_of(with(&new).len()),
            Kind::File => one_of(with(&new).iter().filter(|copy| copy.attachments.len() == 1).count()),
            Kind::Split => self.shown_in_parts(&copies),
            Kind::Edit => {
                let (old, new) = (with(&root).len(), with(&new).len());
                Shown { doubled: (old + new).saturating_sub(1), ..one_of(usize::from(new > 0 && old == 0)) }
            }
            Kind::Delete => one_of(usize::from(with(&root).is_empty())),
            Kind::React => {
                let given = with(&root).iter().map(|copy| copy.reactions.len()).sum::<usize>();
                Shown { doubled: with(&root).len().saturating_sub(1), ..one_of(usize::from(given == 1)) }
            }
        }
    }

    /// Each mark once, in their order.
    fn shown_in_parts(&self, copies: &[Seen]) -> Shown {
        let first_word = |copy: &&Seen| copy.text.split_whitespace().find_map(|word| self.number(word));
        let mut parts: Vec<usize> = copies.iter().filter_map(|copy| first_word(&copy)).collect();
        let (found, disorder) = (parts.len(), parts.windows(2).filter(|two| two[1] < two[0]).count());
        parts.sort_unstable();
        parts.dedup();
        let text: Vec<usize> = copies
            .iter()
            .flat_map(|copy| copy.text.split_whitespace())
            .filter_map(|word| self.number(word))
            .collect();
        let whole = (0..MARKS).all(|mark| text.contains(&mark));
        // A part that is said again stands behind what came after it: that is a double, and no disorder.
        let doubled = found - parts.len();
        Shown { whole, some: found > 0, doubled, disorder: if doubled > 0 { 0 } else { disorder } }
    }

    fn number(&self, word: &str) -> Option<usize> {
        let (_, mark) = word.rsplit_once(&format!("{}-m", self.word))?;
        mark.trim_end_matches('.').parse().ok()
    }

    /// Whether it may take more than one request with the same path.
    pub fn in_parts(&self) -> bool {
        self.kind == Kind::Split
    }

    /// What the requests that carry it out on a platform have in their paths.
    pub fn requests(&self, there: &str) -> &'static [&'static str] {
        match (there, self.kind) {
            ("discord", Kind::Thread) => &["/threads", "POST /api/v10/webhooks/"],
            ("discord", Kind::Edit) => &["PATCH /api/v10/webhooks/"],
            ("discord", Kind::Delete) => &["DELETE /api/v10/"],
            ("discord", Kind::React) => &["PUT /api/v10/"],
            ("discord", _) => &["POST /api/v10/webhooks/"],
            ("slack", Kind::Edit) => &["chat.update"],
            ("slack", Kind::Delete) => &["chat.delete"],
            ("slack", Kind::React) => &["reactions.add"],
            ("slack", Kind::File) => &["files.completeUploadExternal"],
            ("slack", _) => &["chat.postMessage"],
            (_, Kind::Edit) => &["editMessageText"],
            (_, Kind::Delete) => &["deleteMessage"],
            (_, Kind::React) => &["setMessageReaction"],
            _ => &["/send"],
        }
    }
}

fn marks(word: &str) -> impl Iterator<Item = String> {
    (0..MARKS).map(move |mark| format!("{word}-m{mark}. {}", "hoot ".repeat(16).trim_end()))
}
