//! What a message looks like in a room that cannot do everything. Pure and total: always a best rendering, plus a list of
//! what was lost.

pub mod corrections;
mod files;
pub mod names;
pub mod plain;
pub mod reactions;
mod sentence;
#[cfg(test)]
mod tests;

use crate::text;
use crate::texts::Language;
pub use files::FileShown;
pub use names::presentable;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{
    Capabilities, Draft, Feature, FileDraft, Forward, Message, MessageRef, Part, Persona, Poll, Reply, Style,
    Support, Text,
};
pub use sentence::{around, harmless};

/// Longest quoted beginning of an answered message.
const LONGEST_QUOTE: usize = 80;
/// Longest name of a thread, in user-perceived characters; Discord takes 100.
const LONGEST_THREAD: usize = 80;

/// A message as one room will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// What is said, before which every part bears the name where there is no persona.
    body: Vec<Run>,
    /// What stands before the first part only: the thread's name, the quote.
    before: Vec<Run>,
    /// The name, where it has to stand in the text.
    name: Option<String>,
    /// It stands before each line, where the connector puts it.
    names_lines: bool,
    /// Files that go along.
    files: Vec<FileDraft>,
    /// A poll that the room shows as one.
    poll: Option<Poll>,
    no_preview: bool,
    /// In which Relay puts in its own words.
    language: Language,
    /// Where all of it can be read, if it may be too long for the room.
    whole: Option<String>,
    /// Under which name, where the room can.
    pub persona: Option<Persona>,
    /// What it answers, where the room can.
    pub reply_to: Option<MessageRef>,
    /// What the room does not show as the origin did.
    pub lost: Vec<Feature>,
}

/// What is known of an answered message beyond what the event told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplyTarget {
    /// Its id in the room that is delivered to, if it is there.
    pub message: Option<MessageRef>,
    /// A link to it there.
    pub link: Option<String>,
    /// Who wrote it, where they wrote it: an event may only know the bridged copy, which is Relay's.
    pub author: Option<String>,
    /// How it began.
    pub excerpt: Option<String>,
}

/// All that a room is told of a message.
#[derive(Debug, Clone, Default)]
pub struct Told<'a> {
    /// Who said it, as they are called elsewhere; none where nobody knows.
    pub name: Option<&'a str>,
    /// URL of their picture.
    pub avatar: Option<&'a str>,
    /// What is known of what it answers.
    pub answered: ReplyTarget,
    /// What has become of each of its files.
    pub files: &'a [FileShown],
    /// The name of a conversation that begins with it and that the room has no place for.
    pub thread: Option<&'a str>,
    /// The first message of its thread, which it answers where the room has no threads.
    pub thread_root: Option<&'a MessageRef>,
    /// Reactions from other rooms.
    pub reactions: &'a [reactions::Reaction],
    /// Where the whole text can be read, if it may be too long for the room.
    pub whole: Option<&'a str>,
    /// The language of what Relay itself says in the room.
    pub language: Language,
}

/// Adapts a message to a room's capabilities.
pub fn message(message: &Message, told: &Told<'_>, room: &Capabilities) -> Adapted {
    let language = told.language;
    let mut lost = Vec::new();
    let mut before = Vec::new();
    let mut reply_to = None;
    if let Some(name) = told.thread {
        lost.push(Feature::Topic);
        before.push(Run::new(Leaf::Plain(format!("🧵 {}", thread_name(language, name)))).styled(Style::Bold));
        before.push(Run::new(Leaf::Break));
    }
    let replies = room.shows(Feature::Reply) == Support::Native;
    if let Some(reply) = &message.reply {
        match &told.answered.message {
            Some(target) if replies => reply_to = Some(target.clone()),
            _ => {
                lost.push(Feature::Reply);
                before.extend(quote(language, reply, &told.answered));
                before.push(Run::new(Leaf::Break));
            }
        }
    } else if let Some(root) = told.thread_root {
        reply_to = Some(root.clone()).filter(|_| replies);
    }
    if told.thread_root.is_some() {
        lost.push(Feature::Thread);
    }
    let name = told.name.map_or_else(|| text!(language, "someone"), str::to_owned);
    let persona = (room.shows(Feature::Persona) == Support::Native)
        .then(|| Persona { name: name.clone(), avatar: told.avatar.map(str::to_owned) });
    let name = persona.is_none().then_some(name);
    if name.is_some() {
        lost.push(Feature::Persona);
    }
    let (files, lines) = files::files(language, &message.attachments, told.files, room, &mut lost);
    let poll = message.poll.clone().filter(|_| room.shows(Feature::Poll) == Support::Native);
    let has_more = !files.is_empty() || poll.is_some();
    let mut body = body(language, message, lines, has_more, room, &mut lost);
    if let Some(tally) = reactions::tally(language, told.reactions, room.reactions) {
        lost.push(Feature::Reaction);
        below(&mut body, tally);
    }
    let no_preview = message.no_preview && room.shows(Feature::Preview) != Support::Dropped;
    if message.no_preview && !no_preview {
        lost.push(Feature::Preview);
    }
    lost.sort_unstable();
    lost.dedup();
    let names_lines = room.names_lines;
    let whole = told.whole.map(str::to_owned);
    Adapted {
        body,
        before,
        name,
        names_lines,
        files,
        poll,
        no_preview,
        language,
        whole,
        persona,
        reply_to,
        lost,
    }
}

/// What Relay itself says in a room: under its own name, where the room shows names.
pub fn notice(body: &Text, reply_to: Option<MessageRef>, room: &Capabilities) -> Adapted {
    let persona = (room.shows(Feature::Persona) == Support::Native)
        .then(|| Persona { name: "Relay".into(), avatar: None });
    Adapted {
        body: body.clone().into_runs(),
        before: Vec::new(),
        name: None,
        names_lines: room.names_lines,
        files: Vec::new(),
        poll: None,
        no_preview: true,
        language: Language::default(),
        whole: None,
        persona,
        reply_to: reply_to.filter(|_| room.shows(Feature::Reply) == Support::Native),
        lost: Vec::new(),
    }
}

/// A thread's name, for any room.
pub fn thread_name(language: Language, name: &str) -> String {
    let name = Text::plain(&presentable(name)).excerpt(LONGEST_THREAD);
    if name == names::NAMELESS { text!(language, "a-thread") } else { name }
}

impl Adapted {
    /// The native messages. Where the name stands in the text, each bears it: a part without it could be begun with
    /// somebody else's name.
    pub fn parts(&self, render: impl Fn(&Draft) -> Vec<Part>) -> Vec<Part> {
        let whole = render(&self.draft(&self.body, true, false, true));
        if self.name.is_none()
            || self.names_lines
            || whole.iter().filter(|part| !part.text.is_empty()).count() <= 1
        {
            return whole;
        }
        // Measured with all that could stand before it, so that each part is one message.
        let parts_of = |text: &Text| render(&self.draft(&text.clone().into_runs(), true, true, false)).len();
        let texts = Text::from_runs(self.body.clone()).split(1, parts_of);
        let last = texts.len().saturating_sub(1);
        let drafts = texts.into_iter().enumerate();
        drafts
            .flat_map(|(at, text)| render(&self.draft(&text.into_runs(), at == 0, at > 0, at == last)))
            .collect()
    }

    /// Whether nothing would be said without the files.
    pub fn says_nothing(&self) -> bool {
        self.body.is_empty() && self.before.is_empty() && self.poll.is_none()
    }

    /// Takes those files out for which this does not hold: they go by themselves, with [`Adapted::follow_up`].
    pub fn take_files(&mut self, stays: impl Fn(u16) -> bool) -> Vec<FileDraft> {
        let (stay, go) = std::mem::take(&mut self.files).into_iter().partition(|file| stays(file.index));
        self.files = stay;
        go
    }

    /// Files without the text, which is there already: under the name, where that stands in the text.
    pub fn follow_up(&self, files: Vec<FileDraft>, render: impl Fn(&Draft) -> Vec<Part>) -> Vec<Part> {
        if files.is_empty() {
            return Vec::new();
        }
        let name = self.name.iter().map(|name| Run::new(Leaf::Plain(name.clone())).styled(Style::Bold));
        render(&Draft { body: Text::from_runs(name.collect()), files, ..Draft::default() })
    }

    fn draft(&self, body: &[Run], first: bool, continued: bool, last: bool) -> Draft {
        let mut runs = if first { self.before.clone() } else { Vec::new() };
        if let Some(name) = self.name.as_ref().filter(|_| !self.names_lines) {
            let name = Run::new(Leaf::Plain(name.clone())).styled(Style::Bold);
            // Before files alone the name is enough.
            let then = match (continued, body.is_empty(), &self.poll) {
                (true, ..) => Some(": … "),
                (false, false, _) => Some(": "),
                (false, true, Some(_)) => {
                    let asks = |name: &str| text!(self.language, "poll-asks", name = name);
                    runs.extend(around(name.clone(), asks));
                    None
                }
                (false, true, None) => Some(""),
            };
            if let Some(then) = then {
                runs.push(name);
                runs.push(Run::new(Leaf::Plain(then.into())));
            }
        }
        runs.extend_from_slice(body);
        Draft {
            body: Text::from_runs(runs),
            name: self.name.clone().filter(|_| self.names_lines),
            files: if last { self.files.clone() } else { Vec::new() },
            poll: self.poll.clone().filter(|_| last),
            no_preview: self.no_preview,
            whole: self.whole.clone(),
        }
    }
}

/// What is said: the text, what it was passed on from, a poll in words, files by name.
fn body(
    language: Language,
    message: &Message,
    files: Vec<Vec<Run>>,
    has_more: bool,
    room: &Capabilities,
    lost: &mut Vec<Feature>,
) -> Vec<Run> {
    let said = message.body.clone().into_runs();
    lost.extend(not_shown(&said, room));
    let mut runs = match &message.forward {
        Some(from) => {
            if room.shows(Feature::Forward) != Support::Native {
                lost.push(Feature::Forward);
            }
            forwarded(language, from, said)
        }
        None => said,
    };
    if let Some(poll) = message.poll.as_ref().filter(|_| room.shows(Feature::Poll) != Support::Native) {
        lost.push(Feature::Poll);
        below(&mut runs, asked(poll));
    }
    for line in files {
        below(&mut runs, line);
    }
    if runs.is_empty() && !has_more {
        runs.push(Run::new(Leaf::Plain(text!(language, "no-text"))).styled(Style::Italic));
    }
    runs
}

fn below(runs: &mut Vec<Run>, more: Vec<Run>) {
    let text = Text::from_runs(std::mem::take(runs)).followed_by(Text::from_runs(more));
    *runs = text.into_runs();
}

/// A quote of what was passed on, below a line that says so.
fn forwarded(language: Language, from: &Forward, said: Vec<Run>) -> Vec<Run> {
    let whose = match (&from.author, &from.room) {
        (Some(author), Some(room)) => {
            let (author, room) = (presentable(author), presentable(room));
            text!(language, "forwarded-from-in", author = author, room = room)
        }
        (Some(whose), None) | (None, Some(whose)) => {
            text!(language, "forwarded-from", whose = presentable(whose))
        }
        (None, None) => text!(language, "forwarded"),
    };
    let mut runs = vec![Run::new(Leaf::Plain(whose)).styled(Style::Italic)];
    runs.extend(said.into_iter().map(|run| run.inside(&[Container::Quote])));
    runs
}

/// A poll in words.
fn asked(poll: &Poll) -> Vec<Run> {
    let question = Text::plain(&poll.question).excerpt(300);
    let mut runs = vec![
        Run::new(Leaf::Plain("📊 ".into())),
        Run::new(Leaf::Plain(question)).styled(Style::Bold),
        Run::new(Leaf::Break),
    ];
    let answers = poll.answers.iter().zip(1_u32..);
    runs.extend(answers.map(|(answer, number)| {
        let answer = Text::plain(answer).excerpt(300);
        Run::new(Leaf::Plain(answer)).inside(&[Container::Item { item: number, number: Some(number) }])
    }));
    runs
}

/// How a poll ended, for rooms that hold a copy of it or its words.
pub fn poll_result(language: Language, poll: &Poll, counts: &[u64], at: &str) -> Text {
    let question = Text::plain(&poll.question).excerpt(300);
    let question = Run::new(Leaf::Plain(question)).styled(Style::Bold);
    let mut runs = around(question, |question| text!(language, "poll-ended", question = question, at = at));
    runs.push(Run::new(Leaf::Break));
    let answers = poll.answers.iter().zip(counts).zip(1_u32..);
    runs.extend(answers.map(|((answer, count), number)| {
        let line = format!("{}: {count}", Text::plain(answer).excerpt(300));
        Run::new(Leaf::Plain(line)).inside(&[Container::Item { item: number, number: None }])
    }));
    Text::from_runs(runs)
}

/// What the text has and the room shows by other means or not at all, feature by feature.
fn not_shown(runs: &[Run], room: &Capabilities) -> Vec<Feature> {
    let within = |test: fn(&Container) -> bool| runs.iter().any(|run| run.within.iter().any(test));
    let styled = |style| runs.iter().any(|run| run.styles.contains(&style));
    let leaf = |test: fn(&Leaf) -> bool| runs.iter().any(|run| test(&run.leaf));
    let features = [
        (Feature::Heading, within(|container| matches!(container, Container::Heading(_)))),
        (Feature::List, within(|container| matches!(container, Container::Item { .. }))),
        (Feature::Quote, within(|container| matches!(container, Container::Quote))),
        (Feature::Code, leaf(|leaf| matches!(leaf, Leaf::Code(_) | Leaf::Block { .. }))),
        (Feature::Underline, styled(Style::Underline)),
        (Feature::Spoiler, styled(Style::Spoiler)),
        (Feature::Mention, leaf(|leaf| matches!(leaf, Leaf::Mention(_)))),
        (Feature::Emoji, leaf(|leaf| matches!(leaf, Leaf::Emoji(_)))),
        (Feature::Time, leaf(|leaf| matches!(leaf, Leaf::Time(_)))),
    ];
    let lost = features.into_iter().filter(|(feature, has)| *has && room.shows(*feature) != Support::Native);
    lost.map(|(feature, _)| feature).collect()
}

/// One line that says what is answered, for rooms that cannot show it.
fn quote(language: Language, reply: &Reply, answered: &ReplyTarget) -> Vec<Run> {
    let author = answered.author.as_ref().or(reply.author.as_ref());
    let excerpt = answered.excerpt.as_ref().or(reply.excerpt.as_ref());
    let said = match (author, excerpt) {
        (Some(author), Some(excerpt)) if !excerpt.is_empty() => format!("{}: {excerpt}", presentable(author)),
        (Some(author), _) => presentable(author),
        (None, Some(excerpt)) if !excerpt.is_empty() => excerpt.clone(),
        (None, _) => text!(language, "an-earlier-message"),
    };
    let label = Run::new(Leaf::Plain(Text::plain(&said).excerpt(LONGEST_QUOTE)));
    let label = match &answered.link {
        Some(url) => label.linked(url),
        None => label.styled(Style::Italic),
    };
    vec![Run::new(Leaf::Plain("↪ ".into())), label]
}
