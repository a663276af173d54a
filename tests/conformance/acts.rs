//! What people (and, where only they can, bots) do for each feature on each platform.

use crate::bench::Bench;
use relay_contract::Feature;
use serde_json::json;
use stand_ins::people::{Act, File, Given, Refused};

/// A picture of one point.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// A sticker of one point.
const STICKER: &str = "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=";
/// How a film begins.
const FILM: &str = "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29tAAAACGZyZWU=";
/// A moment: 14 November 2023, 22:13:20 UTC.
const MOMENT: u64 = 1_700_000_000;

/// Somebody who does things on one platform; every message contains the word.
pub struct Doer<'a> {
    /// Where.
    pub bench: &'a Bench,
    /// The platform.
    pub on: &'a str,
    /// In every message.
    pub word: String,
}

/// Which test shows a cell that people of the imitated platform have no means for.
pub fn shown_elsewhere(feature: Feature, on: &str) -> Option<&'static str> {
    match (feature, on) {
        // Another file takes the place of the first; bots may not post custom emoji.
        (Feature::EditFiles | Feature::Emoji, "telegram") => Some("bridges/telegram/src/translate/tests.rs"),
        _ => None,
    }
}

/// What came of an act.
pub type Did = Result<Option<String>, String>;

impl Doer<'_> {
    /// The message that has to be everywhere before the act; none where the act is a message by itself.
    pub fn before(&self, feature: Feature) -> Result<Option<String>, String> {
        let base = format!("{} base", self.word);
        Ok(match feature {
            Feature::Edit
            | Feature::Delete
            | Feature::Reply
            | Feature::Thread
            | Feature::Reaction
            | Feature::Pin => Some(self.say(&base)?),
            Feature::Moderate => Some(self.by(1, &base, vec![])?),
            Feature::EditFiles => {
                Some(self.by(0, &base, vec![text_file("one.txt"), text_file("two.txt")])?)
            }
            Feature::PollResult => self.asked()?,
            Feature::Text
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
            | Feature::Typing
            | Feature::Membership
            | Feature::Rename
            | Feature::Persona => None,
        })
    }

    /// The act itself; answers the id of the message that it is about. None where nobody can do that there.
    pub async fn act(&self, feature: Feature, base: Option<String>) -> Did {
        let (word, room) = (&self.word, self.bench.room(self.on));
        let person = self.bench.person(self.on);
        let base = base.unwrap_or_default();
        match feature {
            Feature::Text => self.said(word),
            Feature::Edit => {
                let text = format!("{word} again");
                Ok(self.done(Act::Edit { person, room, message: base.clone(), text })?.map(|_| base))
            }
            Feature::EditFiles => {
                let did =
                    self.done(Act::RemoveFiles { person, room, message: base.clone(), files: vec![0] })?;
                Ok(did.map(|_| base))
            }
            Feature::Delete => {
                Ok(self.done(Act::Delete { person, room, message: base.clone() })?.map(|_| base))
            }
            // The first may manage the room; the message is another's.
            Feature::Moderate => {
                Ok(self.done(Act::Delete { person, room, message: base.clone() })?.map(|_| base))
            }
            Feature::Reply => {
                let text = word.clone();
                let say = Act::Say { person, room, text, reply_to: Some(base), files: vec![], thread: None };
                self.done(say)
            }
            Feature::Thread => {
                let thread = match self.on {
                    "telegram" => return Ok(None),
                    "slack" => base,
                    _ => {
                        let name = format!("{word} thread");
                        let open = Act::Open { person, room, message: Some(base), name, text: None };
                        match self.done(open)? {
                            Some(thread) => thread,
                            None => return Ok(None),
                        }
                    }
                };
                self.say_in(&thread)
            }
            Feature::Topic => {
                if self.on == "slack" {
                    return Ok(None);
                }
                let name = format!("Owls of {}", self.on);
                match self.done(Act::Open { person, room, message: None, name, text: None })? {
                    Some(thread) => self.say_in(&thread),
                    None => Ok(None),
                }
            }
            Feature::Reaction => {
                let did = self.done(Act::React {
                    person,
                    room,
                    message: base.clone(),
                    emoji: "👍".into(),
                    on: true,
                })?;
                Ok(did.map(|_| base))
            }
            Feature::File => self.with_files(vec![text_file("report.txt")]),
            Feature::Album => self.with_files(vec![picture("one.png"), picture("two.png")]),
            Feature::Sticker => {
                self.with_files(vec![with_bytes("wave.webp", "sticker", "image/webp", STICKER)])
            }
            Feature::Voice => self.with_files(vec![of_kind("voice.ogg", "voice", "audio/ogg")]),
            Feature::VideoNote => {
                self.with_files(vec![with_bytes("round.mp4", "video_note", "video/mp4", FILM)])
            }
            Feature::Poll => self.asked(),
            Feature::PollResult => {
                if base.is_empty() {
                    return Ok(None);
                }
                self.done(Act::Vote { person, room: room.clone(), message: base.clone(), answers: vec![1] })?;
                self.done(Act::EndPoll { room, message: base.clone() })?;
                Ok(Some(base))
            }
            Feature::Mention => {
                let other = &self.bench.platform(self.on).people[1];
                let mention = if self.on == "discord" {
                    format!("<@{}>", other.id)
                } else {
                    format!("@{}", other.handle)
                };
                self.said(&format!("{word} {mention}"))
            }
            Feature::Emoji => match self.on {
                "discord" => self.said(&format!("{word} <:owl:1234567890>")),
                "slack" => self.said(&format!("{word} :owl_of_our_own:")),
                _ => Ok(None),
            },
            Feature::Heading => match self.on {
                "discord" => self.said(&format!("# {word}")),
                "slack" => {
                    let header = json!({ "type": "header", "text": { "type": "plain_text", "text": word } });
                    self.app_posted(json!({ "text": word, "blocks": [header] })).await
                }
                _ => Ok(None),
            },
            Feature::List => match self.on {
                "discord" => self.said(&format!("- {word} one\n- two\n  1. deep")),
                "slack" => {
                    let item = |text: &str| json!({ "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] });
                    let list = |style, indent, items| json!({ "type": "rich_text_list", "style": style, "indent": indent, "elements": items });
                    let elements = [
                        list("bullet", 0, json!([item(&format!("{word} one")), item("two")])),
                        list("ordered", 1, json!([item("deep")])),
                    ];
                    self.app_posted(rich(word, json!(elements))).await
                }
                _ => Ok(None),
            },
            Feature::Quote => match self.on {
                "telegram" => self.bot_posted("blockquote").await,
                _ => self.said(&format!("> {word} quoted")),
            },
            Feature::Code => self.said(&format!("```rust\nlet {word} = 1;\n```")),
            Feature::Underline => match self.on {
                "discord" => self.said(&format!("__{word}__")),
                "slack" => {
                    let text = json!({ "type": "text", "text": word, "style": { "underline": true } });
                    let section = json!({ "type": "rich_text_section", "elements": [text] });
                    self.app_posted(rich(word, json!([section]))).await
                }
                _ => self.bot_posted("underline").await,
            },
            Feature::Spoiler => match self.on {
                "slack" => Ok(None),
                _ => self.said(&format!("{word} ||hidden||")),
            },
            Feature::Time => match self.on {
                "discord" => self.said(&format!("{word} <t:{MOMENT}:F>")),
                "slack" => {
                    let date = json!({ "type": "date", "timestamp": MOMENT, "format": "{date_long}", "fallback": "then" });
                    let elements = json!([{ "type": "text", "text": format!("{word} ") }, date]);
                    let section = json!({ "type": "rich_text_section", "elements": elements });
                    self.app_posted(rich(word, json!([section]))).await
                }
                _ => {
                    let text = format!("{word} then");
                    let moment = json!({
                        "type": "date_time", "offset": word.len() + 1, "length": 4, "unix_time": MOMENT, "date_time_format": "Dt",
                    });
                    let message = json!({ "text": text, "entities": [moment] });
                    Ok(Some(self.bench.telegram_bot_posts(message).await))
                }
            },
            Feature::Card => match self.on {
                "discord" => {
                    let embed = json!({
                        "title": format!("{word} title"), "url": "https://x.example/card", "description": "A *description*.",
                        "fields": [{ "name": "Field", "value": "value" }], "footer": { "text": "Footer" },
                    });
                    Ok(Some(self.bench.bot_posts(json!({ "content": word, "embeds": [embed] })).await))
                }
                "slack" => {
                    let attachment = json!({
                        "title": format!("{word} title"), "title_link": "https://x.example/card", "text": "A *description*.",
                        "fields": [{ "title": "Field", "value": "value" }], "footer": "Footer",
                    });
                    self.app_posted(json!({ "text": word, "attachments": [attachment] })).await
                }
                _ => Ok(None),
            },
            Feature::Forward => {
                let from = self.bench.platform(self.on).spaces[0].rooms[1].id.clone();
                let text = format!("{word} from elsewhere");
                let say = Act::Say {
                    person: person.clone(),
                    room: from.clone(),
                    text,
                    reply_to: None,
                    files: vec![],
                    thread: None,
                };
                let Some(message) = self.done(say)? else { return Ok(None) };
                self.done(Act::Forward { person, room: from, message, to: room })
            }
            // Only a bot can ask for it when it posts.
            Feature::Preview => {
                let text = format!("{word} https://x.example/page");
                match self.on {
                    "discord" => Ok(Some(self.bench.bot_posts(json!({ "content": text, "flags": 4 })).await)),
                    "telegram" => {
                        let message =
                            json!({ "text": text, "link_preview_options": { "is_disabled": true } });
                        Ok(Some(self.bench.telegram_bot_posts(message).await))
                    }
                    _ => Ok(None),
                }
            }
            Feature::Pin => {
                let did = self.done(Act::Pin { person, room, message: base.clone(), on: true })?;
                Ok(did.map(|_| base))
            }
            Feature::Typing => self.done(Act::Type { person, room }),
            Feature::Membership => {
                let person = self.bench.platform(self.on).people[2].name.clone();
                self.done(Act::Leave { person: person.clone(), room: room.clone() })?;
                self.done(Act::Join { person, room })
            }
            Feature::Rename => self.done(Act::Rename { room, name: format!("{word}-room") }),
            Feature::Persona => self.said(word),
        }
    }

    /// Says something, as the first of the people.
    pub fn say(&self, text: &str) -> Result<String, String> {
        self.by(0, text, vec![])
    }

    fn by(&self, person: usize, text: &str, files: Vec<Given>) -> Result<String, String> {
        let (person, room) =
            (self.bench.platform(self.on).people[person].name.clone(), self.bench.room(self.on));
        let act = Act::Say { person, room, text: text.into(), reply_to: None, files, thread: None };
        self.bench.people(self.on).act(act).map_err(|refused| refused.to_string())
    }

    fn said(&self, text: &str) -> Did {
        self.say(text).map(Some)
    }

    fn say_in(&self, thread: &str) -> Did {
        let (person, room) = (self.bench.person(self.on), self.bench.room(self.on));
        let (text, thread) = (self.word.clone(), Some(thread.to_owned()));
        self.done(Act::Say { person, room, text, reply_to: None, files: vec![], thread })
    }

    fn with_files(&self, files: Vec<Given>) -> Did {
        let (person, room) = (self.bench.person(self.on), self.bench.room(self.on));
        self.done(Act::Say { person, room, text: self.word.clone(), reply_to: None, files, thread: None })
    }

    fn asked(&self) -> Did {
        let (person, room) = (self.bench.person(self.on), self.bench.room(self.on));
        let (question, answers) =
            (format!("{} best?", self.word), vec!["owls".to_owned(), "hikes".to_owned()]);
        self.done(Act::Ask { person, room, question, answers, multiple: false })
    }

    /// Telegram's clients have menus for what cannot be typed.
    async fn bot_posted(&self, entity: &str) -> Did {
        let length = self.word.len();
        let message =
            json!({ "text": self.word, "entities": [{ "type": entity, "offset": 0, "length": length }] });
        Ok(Some(self.bench.telegram_bot_posts(message).await))
    }

    async fn app_posted(&self, message: serde_json::Value) -> Did {
        Ok(Some(self.bench.app_posts(message).await))
    }

    fn done(&self, act: Act) -> Did {
        match self.bench.people(self.on).act(act) {
            Ok(id) => Ok(Some(id)),
            Err(Refused::Impossible(_)) => Ok(None),
            Err(refused) => Err(refused.to_string()),
        }
    }
}

fn rich(word: &str, elements: serde_json::Value) -> serde_json::Value {
    json!({ "text": word, "blocks": [{ "type": "rich_text", "elements": elements }] })
}

fn text_file(name: &str) -> Given {
    of_kind(name, "file", "text/plain")
}

fn picture(name: &str) -> Given {
    with_bytes(name, "image", "image/png", PICTURE)
}

fn with_bytes(name: &str, kind: &str, mime: &str, content: &str) -> Given {
    let (name, kind, mime) = (name.to_owned(), kind.to_owned(), mime.to_owned());
    Given::File(File { name, kind, mime, content: Some(content.to_owned()), ..File::default() })
}

fn of_kind(name: &str, kind: &str, mime: &str) -> Given {
    Given::File(File {
        name: name.into(),
        kind: kind.into(),
        mime: mime.into(),
        size: 2_000,
        ..File::default()
    })
}
