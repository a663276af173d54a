//! What a member of the room sees when a feature is carried as the platform's own.

use crate::bench::Bench;
use crate::shown::{changed, there};
use relay_contract::Feature;
use stand_ins::people::{Seen, SeenFile};
use std::process::Command;

/// A room to which something is carried.
pub struct Scene<'a> {
    /// Everything.
    pub bench: &'a Bench,
    /// The platform of the room.
    pub there: &'a str,
    /// The platform where it was done.
    pub origin: &'a str,
    /// In every message of the case.
    pub word: &'a str,
    /// What the files of the origin's message hash to.
    pub given: &'a [String],
    /// Who did it.
    pub person: &'a str,
    /// What was in the room before.
    pub before: &'a [Seen],
    /// How often somebody had typed there before.
    pub typed: u64,
}

impl Scene<'_> {
    fn now(&self) -> Vec<Seen> {
        there(self.bench, self.there)
    }

    /// The messages of this case that are new or other than before.
    fn newly(&self) -> Vec<Seen> {
        changed(self.before, &self.now(), "settled")
    }

    /// The one new message with the word.
    pub fn arrived(&self) -> Result<Seen, String> {
        let mut new: Vec<Seen> =
            self.newly().into_iter().filter(|seen| seen.text.contains(self.word)).collect();
        match new.len() {
            1 => Ok(new.remove(0)),
            _ => Err(format!("one message with {:?} should be there: {:?}", self.word, self.newly())),
        }
    }

    /// The copy of the message that was there before the act, as it is now.
    fn base(&self) -> Result<Seen, String> {
        let before = self.before.iter().find(|seen| seen.text.contains(self.word));
        let before = before.ok_or("the message was not there before the act")?;
        let now = self.now().into_iter().find(|seen| seen.id == before.id);
        now.ok_or_else(|| "the message is gone".to_owned())
    }

    fn files(&self) -> Vec<SeenFile> {
        self.newly().into_iter().flat_map(|seen| seen.attachments).collect()
    }

    /// What `relay trace` says that the room does not show as it was.
    pub fn lost(&self, id: &str) -> Option<Vec<String>> {
        lost(self.bench.command("trace"), self.origin, self.there, id)
    }
}

/// What `relay trace` says of a message that a room of the platform there does not show as it was.
pub fn lost(mut trace: Command, origin: &str, there: &str, id: &str) -> Option<Vec<String>> {
    let output = trace.arg("--json").arg("--").arg(id).output().expect("the binary runs");
    let traces: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let traces = traces.as_array()?;
    // Telegram's ids are small numbers: another room may have the same.
    let trace = traces.iter().find(|trace| trace["origin"]["platform"] == origin)?;
    let room = trace["rooms"].as_array()?.iter().find(|room| room["platform"] == there)?;
    let lost = room["lost"].as_array()?.iter().filter_map(|lost| lost.as_str());
    Some(lost.map(str::to_owned).collect())
}

/// What the files of the message with this word hash to, where it was said.
pub fn given(bench: &Bench, origin: &str, word: &str) -> Vec<String> {
    let of_word = there(bench, origin).into_iter().filter(|seen| seen.text.contains(word));
    of_word.flat_map(|seen| seen.attachments).map(|file| file.hash).collect()
}

/// Whether the act is a message of its own, which arrives whatever becomes of the feature.
pub fn is_a_message(feature: Feature) -> bool {
    match feature {
        Feature::Text
        | Feature::Reply
        | Feature::Thread
        | Feature::Topic
        | Feature::File
        | Feature::Album
        | Feature::Sticker
        | Feature::Voice
        | Feature::VideoNote
        | Feature::Poll
        | Feature::Mention
        | Feature::Emoji
        | Feature::Heading
        | Feature::List
        | Feature::Quote
        | Feature::Code
        | Feature::Underline
        | Feature::Spoiler
        | Feature::Time
        | Feature::Card
        | Feature::Forward
        | Feature::Preview
        | Feature::Persona => true,
        Feature::Edit
        | Feature::EditFiles
        | Feature::Delete
        | Feature::Moderate
        | Feature::Reaction
        | Feature::PollResult
        | Feature::Pin
        | Feature::Typing
        | Feature::Membership
        | Feature::Rename => false,
    }
}

/// Whether the feature is there as the platform's own; why not.
pub fn native(feature: Feature, scene: &Scene<'_>) -> Result<(), String> {
    let so = |is_so: bool, seen: &dyn std::fmt::Debug| if is_so { Ok(()) } else { Err(format!("{seen:?}")) };
    match feature {
        Feature::Text => {
            let copy = scene.arrived()?;
            so(copy.by_bot && copy.pinged.is_empty(), &copy)
        }
        Feature::Edit => {
            let (base, again) = (scene.base()?, format!("{} again", scene.word));
            let only = scene.now().iter().filter(|seen| seen.text.contains(scene.word)).count() == 1;
            so(base.text.contains(&again) && only, &base)
        }
        Feature::EditFiles => {
            let files: Vec<SeenFile> = scene
                .now()
                .into_iter()
                .filter(|seen| seen.by_bot)
                .skip_while(|seen| !seen.text.contains(scene.word))
                .take_while(|seen| !seen.text.contains("settled"))
                .flat_map(|seen| seen.attachments)
                .collect();
            so(files.len() == 1 && files[0].name.contains("two"), &files)
        }
        Feature::Delete | Feature::Moderate => {
            let left: Vec<Seen> =
                scene.now().into_iter().filter(|seen| seen.text.contains(scene.word)).collect();
            so(left.is_empty(), &left)
        }
        Feature::Reply => {
            let base = scene.before.iter().find(|seen| seen.text.contains(scene.word));
            let base = base.ok_or("the answered message is not there")?;
            let answer = scene.arrived()?;
            so(answer.reply_to.as_ref() == Some(&base.id), &answer)
        }
        Feature::Thread => {
            let base = scene.before.iter().find(|seen| seen.text.contains(scene.word));
            let base = base.ok_or("the message that it hangs from is not there")?;
            let said = scene.arrived()?;
            let threads = threads(scene)?;
            let its = threads.iter().find(|thread| Some(&thread.id) == said.thread.as_ref());
            so(its.is_some_and(|thread| thread.root.as_ref() == Some(&base.id)), &(said, &threads))
        }
        Feature::Topic => {
            let said = scene.arrived()?;
            let threads = threads(scene)?;
            let its = threads.iter().find(|thread| Some(&thread.id) == said.thread.as_ref());
            so(
                its.is_some_and(|thread| thread.name == format!("Owls of {}", scene.origin)),
                &(said, &threads),
            )
        }
        Feature::Reaction => {
            let base = scene.base()?;
            so(base.reactions.iter().any(|reaction| reaction.emoji.starts_with('👍')), &base)
        }
        Feature::File => {
            let (given, files) = (scene.given, scene.files());
            so(files.len() == 1 && files.iter().zip(given).all(|(a, b)| a.hash == *b), &(files, given))
        }
        Feature::Album => {
            let files = scene.files();
            so(files.len() == 2 && files.iter().all(|file| file.kind == "image"), &files)
        }
        Feature::Sticker => of_kind(scene, "sticker"),
        Feature::Voice => of_kind(scene, "voice"),
        Feature::VideoNote => of_kind(scene, "video_note"),
        Feature::Poll => {
            let polls: Vec<_> = scene.newly().into_iter().filter_map(|seen| seen.poll).collect();
            let is_it =
                polls.len() == 1 && polls[0].question.contains(scene.word) && polls[0].answers.len() == 2;
            so(is_it, &polls)
        }
        Feature::PollResult => {
            let now: Vec<Seen> = scene.newly();
            let told = now.iter().any(|seen| {
                let ended = seen.poll.as_ref().is_some_and(|poll| poll.ended);
                ended || (seen.text.contains(scene.word) && seen.text.contains("hikes: 1"))
            });
            so(told, &now)
        }
        Feature::Mention | Feature::Emoji | Feature::Forward => scene.arrived().map(drop),
        Feature::Heading => styled(scene, &[("discord", "# "), ("slack", "\"header\"")]),
        Feature::List => styled(scene, &[("discord", "- "), ("slack", "rich_text_list")]),
        Feature::Quote => {
            styled(scene, &[("discord", "> "), ("slack", "rich_text_quote"), ("telegram", "blockquote")])
        }
        Feature::Code => {
            styled(scene, &[("discord", "```"), ("slack", "rich_text_preformatted"), ("telegram", "\"pre\"")])
        }
        Feature::Underline => styled(
            scene,
            &[("discord", "__"), ("slack", "\"underline\":true"), ("telegram", "\"underline\"")],
        ),
        Feature::Spoiler => styled(scene, &[("discord", "||"), ("telegram", "\"spoiler\"")]),
        Feature::Time => styled(
            scene,
            &[("discord", "<t:1700000000"), ("slack", "1700000000"), ("telegram", "1700000000")],
        ),
        Feature::Card => styled(scene, &[("discord", "embed"), ("slack", "attachment")]),
        Feature::Preview => {
            let copy = scene.arrived()?;
            so(copy.text.contains("x.example/page"), &copy)
        }
        Feature::Pin => {
            let base = scene.base()?;
            so(base.pinned, &base)
        }
        Feature::Typing => {
            let typed = scene.bench.people(scene.there).typed(&scene.bench.room(scene.there));
            let typed = typed.map_err(|refused| refused.to_string())?;
            so(typed > scene.typed, &typed)
        }
        Feature::Membership | Feature::Rename => so(!scene.newly().is_empty(), &"nothing is told"),
        Feature::Persona => {
            let copy = scene.arrived()?;
            so(copy.author.contains(scene.person), &copy)
        }
    }
}

fn threads(scene: &Scene<'_>) -> Result<Vec<stand_ins::people::SeenThread>, String> {
    scene
        .bench
        .people(scene.there)
        .threads(&scene.bench.room(scene.there))
        .map_err(|refused| refused.to_string())
}

fn of_kind(scene: &Scene<'_>, kind: &str) -> Result<(), String> {
    let files = scene.files();
    match files.len() == 1 && files[0].kind == kind {
        true => Ok(()),
        false => Err(format!("one file of the kind {kind:?} should be there: {files:?}")),
    }
}

/// The mark with which a platform's own markup says it.
fn styled(scene: &Scene<'_>, marks: &[(&str, &str)]) -> Result<(), String> {
    let copy = scene.arrived()?;
    let mark = marks.iter().find(|(platform, _)| *platform == scene.there);
    let (_, mark) = mark.ok_or("there is no such thing on that platform")?;
    let formatting: String = copy.entities.iter().chain(&copy.extras).map(ToString::to_string).collect();
    match copy.text.contains(mark) || formatting.contains(mark) {
        true => Ok(()),
        false => Err(format!("{mark:?} should be in {copy:?}")),
    }
}
