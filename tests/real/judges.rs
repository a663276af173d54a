//! What a member of a room on Matrix or IRC sees when a feature is carried as the platform's own.

use crate::members::{Line, Sight, changed};
use crate::person::Seen;
use crate::suite::SETTLED;
use crate::town::Town;
use relay_contract::Feature;

/// The kind of a poll's event, and where its content asks.
pub const POLL: &str = "org.matrix.msc3381.poll.start";

/// A case, seen from the room to which it was carried.
pub struct Case<'a> {
    /// Everything.
    pub town: &'a Town,
    /// The room.
    pub there: &'a str,
    /// In every message of the case.
    pub word: &'a str,
    /// What the files of the origin's message hash to.
    pub given: &'a [String],
    /// What there was before.
    pub before: &'a Sight,
    /// Relay was shown as typing meanwhile.
    pub typed: bool,
}

impl Case<'_> {
    /// The one new message with the word.
    pub fn arrived(&self, now: &Sight) -> Result<Line, String> {
        let mut new = changed(self.before, now, SETTLED);
        new.retain(|line| line.text.contains(self.word));
        match new.len() {
            1 => Ok(new.remove(0)),
            _ => Err(format!("one message with {:?} should be there: {new:?}", self.word)),
        }
    }

    fn seen<'b>(&self, now: &'b Sight) -> Result<&'b Seen, String> {
        let line = self.arrived(now)?;
        now.matrix.iter().find(|seen| seen.id == line.id).ok_or_else(|| "it is not on Matrix".to_owned())
    }

    /// The copy of the message that was there before the act.
    fn base(&self) -> Result<&str, String> {
        let base = self.before.matrix.iter().find(|seen| seen.body().contains(self.word));
        base.map(|seen| seen.id.as_str()).ok_or_else(|| "it was not there before the act".to_owned())
    }

    fn files(&self, now: &Sight) -> Vec<Seen> {
        let new = changed(self.before, now, SETTLED);
        let is_new =
            |seen: &&Seen| seen.content["url"].is_string() && new.iter().any(|line| line.id == seen.id);
        now.matrix.iter().filter(is_new).cloned().collect()
    }
}

fn so<T: std::fmt::Debug>(is_so: bool, seen: &T) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("it is not so: {seen:?}")) }
}

/// IRC has no block of code, only words of equal width: elsewhere they are that, in their line.
pub fn code_of_irc(case: &Case<'_>, now: &Sight) -> Result<(), String> {
    let line = case.arrived(now)?;
    so(["`let owl = 1;`", "<code>let owl = 1;</code>"].iter().any(|code| line.text.contains(code)), &line)
}

/// Whether it is there as IRC's own.
pub fn on_irc(feature: Feature, case: &Case<'_>, now: &Sight) -> Result<(), String> {
    let line = case.arrived(now)?;
    let text = line.text.trim_end();
    match feature {
        Feature::Text => so(text.starts_with('<') && text.ends_with(&format!("> {}", case.word)), &line),
        Feature::Underline => so(text.contains(&format!("\\u{{1f}}{}", case.word)), &line),
        other => Err(format!("there is no check for {other} on IRC")),
    }
}

/// Whether it is there as Matrix's own.
pub async fn on_matrix(feature: Feature, case: &Case<'_>, now: &Sight) -> Result<(), String> {
    let marked = |mark: &str| {
        let seen = case.seen(now)?;
        so(seen.content["formatted_body"].as_str().is_some_and(|html| html.contains(mark)), seen)
    };
    match feature {
        Feature::Text => {
            let seen = case.seen(now)?;
            let nobody = seen.content["m.mentions"] == serde_json::json!({});
            so(nobody && seen.body().ends_with(&format!(": {}", case.word)), seen)
        }
        Feature::Edit => {
            let base = case.base()?;
            let with: Vec<&Seen> = now.matrix.iter().filter(|seen| seen.body().contains(case.word)).collect();
            let again = format!("{} again", case.word);
            so(with.len() == 1 && with[0].id == base && with[0].body().ends_with(&again), &with)
        }
        Feature::EditFiles => {
            let its = now.matrix.iter().skip_while(|seen| !seen.body().contains(case.word));
            let files: Vec<&Seen> = its
                .take_while(|seen| !seen.body().contains(SETTLED))
                .filter(|seen| seen.content["url"].is_string())
                .collect();
            so(files.len() == 1 && files[0].body() == "two.txt", &files)
        }
        Feature::Delete | Feature::Moderate => {
            case.base()?;
            let left: Vec<&Seen> = now.matrix.iter().filter(|seen| seen.body().contains(case.word)).collect();
            so(left.is_empty(), &left)
        }
        Feature::Reply => {
            let seen = case.seen(now)?;
            so(seen.answers() == Some(case.base()?), seen)
        }
        Feature::Thread => {
            let seen = case.seen(now)?;
            let relation = &seen.relates_to;
            so(relation["rel_type"] == "m.thread" && relation["event_id"] == case.base()?, seen)
        }
        Feature::Reaction => {
            let base = case.base()?;
            let seen = now.matrix.iter().find(|seen| seen.id == base).ok_or("the message is gone")?;
            so(seen.reactions == [(case.town.relay.user.clone(), "👍".to_owned())], seen)
        }
        Feature::File => {
            let files = case.files(now);
            let [file] = files.as_slice() else { return Err(format!("one file should be there: {files:?}")) };
            let bytes = case.town.bo.downloads(file.content["url"].as_str().unwrap_or_default()).await;
            let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
            so(case.given == [hash.clone()], &(hash, case.given, file))
        }
        Feature::Sticker => {
            let files = case.files(now);
            so(files.len() == 1 && files[0].kind == "m.sticker", &files)
        }
        Feature::Voice => {
            let files = case.files(now);
            let is_voice = |file: &Seen| file.content["org.matrix.msc3245.voice"].is_object();
            so(files.len() == 1 && files[0].content["msgtype"] == "m.audio" && is_voice(&files[0]), &files)
        }
        Feature::Poll => {
            let seen = case.seen(now)?;
            let answers = seen.content[POLL]["answers"].as_array().map(Vec::len);
            so(seen.kind == POLL && answers == Some(2), seen)
        }
        Feature::Heading => marked("<h1>"),
        Feature::List => marked("<ul>"),
        Feature::Quote => marked("<blockquote>"),
        Feature::Code => marked("<pre><code"),
        Feature::Underline => marked("<u>"),
        Feature::Spoiler => marked("data-mx-spoiler"),
        Feature::Pin => {
            let base = case.base()?;
            so(now.pinned.iter().any(|pinned| pinned == base), &now.pinned)
        }
        Feature::Typing => so(case.typed, &"nobody types"),
        other => Err(format!("there is no check for {other} on Matrix")),
    }
}
