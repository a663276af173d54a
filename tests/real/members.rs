//! What a member of a room sees there of what Relay said, message by message, in words without ids, ports or times.

use crate::judges::POLL;
use crate::person::Seen;
use crate::shown;
use crate::town::{PLACES, Town};

/// What Relay said, as a member of the room sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The message.
    pub id: String,
    /// How it reads.
    pub text: String,
}

/// A room at a moment.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// What Relay said, oldest first.
    pub lines: Vec<Line>,
    /// On Discord, everything.
    pub discord: Vec<stand_ins::people::Seen>,
    /// On Matrix, what Relay said.
    pub matrix: Vec<Seen>,
    /// On Matrix, what is pinned.
    pub pinned: Vec<String>,
}

impl Town {
    /// What there is to see in a place.
    pub async fn sight(&self, place: &str) -> Sight {
        match place {
            "discord" => {
                let discord = shown::there(&self.bench, "discord");
                let line = |seen: &stand_ins::people::Seen| Line {
                    id: seen.id.clone(),
                    text: self.plain(&shown::written(&self.bench, std::slice::from_ref(seen))),
                };
                Sight { lines: discord.iter().map(line).collect(), discord, ..Sight::default() }
            }
            "matrix" => {
                let all = self.mia.sees(&self.room).await;
                let matrix: Vec<Seen> =
                    all.into_iter().filter(|seen| seen.sender == self.relay.user).collect();
                let pinned = self.mia.state(&self.room, "m.room.pinned_events").await["pinned"].take();
                let pinned: Vec<String> = serde_json::from_value(pinned).unwrap_or_default();
                let line =
                    |seen: &Seen| Line { id: seen.id.clone(), text: self.read_on_matrix(seen, &pinned) };
                Sight { lines: matrix.iter().map(line).collect(), matrix, pinned, ..Sight::default() }
            }
            irc => {
                let person = if irc == PLACES[1] { &self.ada } else { &self.ivo };
                let said = person.said().into_iter().filter(|said| said.nick == "relay").enumerate();
                let line = |(at, said): (usize, crate::socket::Said)| Line {
                    id: at.to_string(),
                    text: format!("{}\n", self.plain(&visible(&said.text))),
                };
                Sight { lines: said.map(line).collect(), ..Sight::default() }
            }
        }
    }

    fn read_on_matrix(&self, seen: &Seen, pinned: &[String]) -> String {
        let content = &seen.content;
        let string = |key: &str| content[key].as_str().unwrap_or_default();
        let mut text = format!("{}\n", seen.body());
        let html = string("formatted_body");
        if !html.is_empty() {
            text.push_str(&format!("  html {html}\n"));
        }
        if let Some(question) = content[POLL]["question"]["body"].as_str() {
            text.push_str(&format!("  poll {question}\n"));
        }
        if content["url"].is_string() {
            let kind = if seen.kind == "m.sticker" { "m.sticker" } else { string("msgtype") };
            let voice = if content["org.matrix.msc3245.voice"].is_object() { ", a voice" } else { "" };
            let mime = content["info"]["mimetype"].as_str().unwrap_or_default();
            text.push_str(&format!("  file {kind} ({mime}){voice}\n"));
        }
        for (_, key) in &seen.reactions {
            text.push_str(&format!("  reaction {key}\n"));
        }
        let in_thread = seen.relates_to["rel_type"] == "m.thread";
        let marks = [
            (seen.answers().is_some() && !in_thread, "an answer"),
            (in_thread, "in a thread"),
            (pinned.contains(&seen.id), "pinned"),
            (content["msgtype"] == "m.notice", "a notice"),
        ];
        for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) {
            text.push_str(&format!("  {mark}\n"));
        }
        self.plain(&text)
    }

    /// Without what is another at each run.
    pub fn plain(&self, text: &str) -> String {
        let mut text = shown::without_ids(&self.bench, text);
        for (person, name) in [(&self.mia, "@mia"), (&self.bo, "@bo"), (&self.relay, "@relay")] {
            text = text.replace(&person.user, name);
            text = text.replace(&crate::person::encoded(&person.user), name);
        }
        text = text.replace(&self.room, "!ROOM");
        let text = cut(&text, "http://127.0.0.1:", "http://HOST", |c| {
            c.is_ascii_alphanumeric() || "/-_%".contains(c)
        });
        let text = cut(&text, "mxc://", "mxc://MEDIA", |c| c.is_ascii_alphanumeric() || ".:/-_".contains(c));
        // Where two servers of a platform have to be told apart, by a part of their address.
        let text = cut(&text, "‹IRC ", "‹IRC N", |c| c.is_ascii_hexdigit());
        cut(&text, "said at ", "said at TIME", |c| c.is_ascii_digit() || ":- UTC".contains(c))
    }
}

/// Puts something else into the place of what begins so and goes on with these characters.
fn cut(text: &str, begins: &str, instead: &str, goes_on: impl Fn(char) -> bool) -> String {
    let mut pieces = text.split(begins);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(instead);
        out.push_str(piece.trim_start_matches(&goes_on));
    }
    out
}

/// Codes and what has no width, written out.
fn visible(text: &str) -> String {
    let written = |c: char| match c {
        c if c.is_control() || c == '\u{2060}' => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(written).collect()
}

/// What is there now and was not, or not so, before.
pub fn changed(before: &Sight, now: &Sight, but: &str) -> Vec<Line> {
    let new = now.lines.iter().filter(|line| !before.lines.contains(line));
    new.filter(|line| !line.text.contains(but)).cloned().collect()
}

/// How many messages are gone.
pub fn gone(before: &Sight, now: &Sight) -> usize {
    before.lines.iter().filter(|line| !now.lines.iter().any(|known| known.id == line.id)).count()
}
