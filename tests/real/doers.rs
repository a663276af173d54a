//! What people do for each feature on IRC, with a line of their own, and on Matrix, with an event.

use crate::acts::{Did, Doer};
use crate::socket;
use crate::town::{CHANNELS, Town};
use relay_contract::Feature;
use serde_json::{Value, json};

/// A picture of one point.
pub const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0x9C, 0x62, 0x60,
    0x60, 0x60, 0x60, 0, 0, 0, 5, 0, 1, 0xA5, 0xF6, 0x45, 0x40, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE,
    0x42, 0x60, 0x82,
];

/// Bytes of no kind.
pub const BYTES: &[u8] = b"what stands in it";

/// What somebody does in a place; every message contains the word.
pub struct Someone<'a> {
    /// Where.
    pub town: &'a Town,
    /// In which room.
    pub on: &'a str,
    /// In every message.
    pub word: &'a str,
}

impl Someone<'_> {
    /// The message that has to be everywhere before the act; none where the act is a message by itself.
    pub async fn before(&self, feature: Feature) -> Did {
        let base = format!("{} base", self.word);
        match (self.on, feature) {
            ("discord", _) => self.on_discord().before(feature),
            (
                "matrix",
                Feature::Edit
                | Feature::Delete
                | Feature::Reply
                | Feature::Thread
                | Feature::Reaction
                | Feature::Pin,
            ) => Ok(Some(self.town.mia.says(&self.town.room, &base).await)),
            ("matrix", Feature::PollResult) => Ok(Some(self.asked().await)),
            ("matrix", Feature::Moderate) => Ok(Some(self.town.bo.says(&self.town.room, &base).await)),
            ("matrix", Feature::EditFiles) => {
                self.town.mia.says(&self.town.room, &base).await;
                let first = self.file("m.file", "one.txt", "text/plain", BYTES, Value::Null).await;
                self.file("m.file", "two.txt", "text/plain", BYTES, Value::Null).await;
                Ok(Some(first))
            }
            _ => Ok(None),
        }
    }

    /// The act itself; answers the id of the message that it is about, where there is one. None where nobody can do that there.
    pub async fn act(&self, feature: Feature, base: Option<String>) -> Did {
        match self.on {
            "discord" => self.on_discord().act(feature, base).await,
            "matrix" => Ok(self.on_matrix(feature, base.unwrap_or_default()).await),
            _ => Ok(self.on_irc(feature).await.map(|()| String::new())),
        }
    }

    fn on_discord(&self) -> Doer<'_> {
        Doer { bench: &self.town.bench, on: "discord", word: self.word.to_owned() }
    }

    /// Mia asks what is best, on Matrix.
    async fn asked(&self) -> String {
        let asked = format!("{} best?", self.word);
        let answer = |text: &str| json!({ "id": text, "org.matrix.msc1767.text": text, "body": text });
        let start = json!({
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
            "question": { "org.matrix.msc1767.text": asked, "body": asked },
            "answers": [answer("owls"), answer("hikes")],
        });
        let kind = "org.matrix.msc3381.poll.start";
        self.town.mia.send(&self.town.room, kind, json!({ (kind): start })).await
    }

    async fn on_irc(&self, feature: Feature) -> Option<()> {
        let (ada, word) = (&self.town.ada, self.word);
        let text = match feature {
            Feature::Text | Feature::Persona => word.to_owned(),
            Feature::Mention => format!("{word} Eve: look"),
            Feature::Quote => format!("> {word} quoted"),
            Feature::Code => format!("{word} \u{11}let owl = 1;\u{11}"),
            Feature::Underline => format!("\u{1f}{word}\u{1f}"),
            Feature::Spoiler => format!("{word} \u{3}1,1hidden\u{3}"),
            Feature::Membership => {
                let eve = socket::Person::join(self.town.servers[0].port, "Eve", &[CHANNELS[0]]).await;
                eve.send(&format!("PART {}", CHANNELS[0])).await;
                eve.hears("the end", |line| line.starts_with(":Eve!") && line.contains(" PART ")).await;
                return Some(());
            }
            Feature::Rename => {
                ada.send(&format!("TOPIC {} :{word}", CHANNELS[0])).await;
                return Some(());
            }
            Feature::Edit
            | Feature::EditFiles
            | Feature::Delete
            | Feature::Moderate
            | Feature::Reply
            | Feature::Thread
            | Feature::Topic
            | Feature::Reaction
            | Feature::File
            | Feature::Album
            | Feature::Sticker
            | Feature::Voice
            | Feature::VideoNote
            | Feature::Poll
            | Feature::PollResult
            | Feature::Emoji
            | Feature::Heading
            | Feature::List
            | Feature::Time
            | Feature::Card
            | Feature::Forward
            | Feature::Preview
            | Feature::Pin
            | Feature::Typing => return None,
        };
        ada.says(CHANNELS[0], &text).await;
        Some(())
    }

    async fn on_matrix(&self, feature: Feature, base: String) -> Option<String> {
        let (mia, room, word) = (&self.town.mia, self.town.room.as_str(), self.word);
        Some(match feature {
            Feature::Text | Feature::Persona => mia.says(room, word).await,
            Feature::Edit => {
                mia.edits(room, &base, &format!("{word} again")).await;
                base
            }
            Feature::EditFiles | Feature::Delete | Feature::Moderate => {
                mia.redacts(room, &base).await;
                base
            }
            Feature::Reply => mia.says_to(room, word, json!({ "m.in_reply_to": { "event_id": base } })).await,
            Feature::Thread => {
                mia.says_to(room, word, json!({ "rel_type": "m.thread", "event_id": base })).await
            }
            Feature::Reaction => {
                mia.reacts(room, &base, "👍").await;
                base
            }
            Feature::File => {
                self.file("m.file", "report.txt", "text/plain", BYTES, json!({ "body": word })).await
            }
            Feature::Album => {
                self.file("m.image", "one.png", "image/png", PICTURE, json!({ "body": word })).await;
                self.file("m.image", "two.png", "image/png", PICTURE, Value::Null).await
            }
            Feature::Sticker => {
                let url = mia.uploads("wave.png", "image/png", PICTURE.to_vec()).await;
                let content = json!({ "body": word, "url": url, "info": { "mimetype": "image/png" } });
                mia.send(room, "m.sticker", content).await
            }
            Feature::Voice => {
                let more = json!({ "body": word, "org.matrix.msc3245.voice": {} });
                self.file("m.audio", "voice.ogg", "audio/ogg", BYTES, more).await
            }
            Feature::Poll => self.asked().await,
            Feature::PollResult => {
                let about = json!({ "rel_type": "m.reference", "event_id": base });
                let kind = |what: &str| format!("org.matrix.msc3381.poll.{what}");
                let vote = json!({ (kind("response")): { "answers": ["hikes"] }, "m.relates_to": about });
                self.town.bo.send(room, &kind("response"), vote).await;
                let end = json!({ (kind("end")): {}, "m.relates_to": about, "body": "It has ended." });
                mia.send(room, &kind("end"), end).await;
                base
            }
            Feature::Mention => {
                let bo = &self.town.bo.user;
                let html = format!("{word} <a href=\"https://matrix.to/#/{bo}\">Bo</a>");
                self.html(&format!("{word} Bo"), &html, json!({ "m.mentions": { "user_ids": [bo] } })).await
            }
            Feature::Emoji => {
                let url = mia.uploads("owl.png", "image/png", PICTURE.to_vec()).await;
                let html = format!("{word} <img data-mx-emoticon src=\"{url}\" alt=\":owl:\" height=\"32\">");
                self.html(&format!("{word} :owl:"), &html, Value::Null).await
            }
            Feature::Heading => self.html(word, &format!("<h1>{word}</h1>"), Value::Null).await,
            Feature::List => {
                let html = format!("<ul><li>{word} one</li><li>two<ol><li>deep</li></ol></li></ul>");
                self.html(&format!("* {word} one\n* two\n  1. deep"), &html, Value::Null).await
            }
            Feature::Quote => {
                let html = format!("<blockquote>{word} quoted</blockquote>");
                self.html(&format!("> {word} quoted"), &html, Value::Null).await
            }
            Feature::Code => {
                let html = format!("<pre><code class=\"language-rust\">let {word} = 1;\n</code></pre>");
                self.html(&format!("let {word} = 1;"), &html, Value::Null).await
            }
            Feature::Underline => self.html(word, &format!("<u>{word}</u>"), Value::Null).await,
            Feature::Spoiler => {
                let html = format!("{word} <span data-mx-spoiler>hidden</span>");
                self.html(&format!("{word} (hidden)"), &html, Value::Null).await
            }
            Feature::Pin => {
                mia.sets(room, "m.room.pinned_events", json!({ "pinned": [base] })).await;
                base
            }
            Feature::Typing => {
                self.town.mia_types(true).await;
                String::new()
            }
            Feature::Membership => {
                let room = crate::person::encoded(room);
                self.town.bo.post(&format!("rooms/{room}/leave"), json!({})).await;
                mia.post(&format!("rooms/{room}/invite"), json!({ "user_id": self.town.bo.user })).await;
                self.town.bo.joins(&self.town.room).await;
                String::new()
            }
            Feature::Rename => {
                mia.sets(room, "m.room.name", json!({ "name": format!("{word} room") })).await;
                String::new()
            }
            Feature::Topic
            | Feature::VideoNote
            | Feature::Time
            | Feature::Card
            | Feature::Forward
            | Feature::Preview => return None,
        })
    }

    /// A file; `more` stands in its content.
    async fn file(&self, kind: &str, name: &str, mime: &str, bytes: &[u8], more: Value) -> String {
        let mia = &self.town.mia;
        let url = mia.uploads(name, mime, bytes.to_vec()).await;
        let mut content = json!({
            "msgtype": kind, "body": name, "filename": name, "url": url,
            "info": { "mimetype": mime, "size": bytes.len() },
        });
        merge(&mut content, more);
        mia.send(&self.town.room, "m.room.message", content).await
    }

    async fn html(&self, body: &str, html: &str, more: Value) -> String {
        let mut content = json!({
            "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": html,
        });
        merge(&mut content, more);
        self.town.mia.send(&self.town.room, "m.room.message", content).await
    }
}

fn merge(content: &mut Value, more: Value) {
    if let Value::Object(more) = more {
        for (key, value) in more {
            content[key] = value;
        }
    }
}
