//! Attached files, stickers and pictures of cards, and where their bytes are. Discord's links to files end after a day, so that a
//! source names the message, and the link is asked for when it is needed.
//!
//! <https://discord.com/developers/docs/reference#signed-attachment-cdn-urls>

use crate::cards;
use crate::config::{Config, Server};
use crate::connector::Discord;
use crate::errors::Failure;
use crate::ids::snowflake;
use crate::native::{Embed, File, Message, Sticker};
use relay_contract::{Attachment, DeliverError, FileKind, Located};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

/// What a file's name begins with that is hidden until it is clicked.
const SPOILER: &str = "SPOILER_";
/// Message flag: spoken into the client.
///
/// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
const VOICE: u64 = 1 << 13;
/// Where Discord keeps files and stickers.
const CDN: &str = "https://cdn.discordapp.com";
const MEDIA: &str = "https://media.discordapp.net";

/// How the bytes of an attachment are found: `Attachment::source`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// `a:CHANNEL:MESSAGE:ATTACHMENT`
    File(Id<ChannelMarker>, Id<MessageMarker>, String),
    /// `e:CHANNEL:MESSAGE:N`: the picture of that place among those of the message's cards.
    Picture(Id<ChannelMarker>, Id<MessageMarker>, usize),
    /// `s:ID.ENDING`
    Sticker(String),
}

impl Source {
    fn read(source: &str) -> Option<Self> {
        let (kind, rest) = source.split_once(':')?;
        if kind == "s" {
            let (id, ending) = rest.split_once('.')?;
            let plain = id.bytes().all(|b| b.is_ascii_digit()) && matches!(ending, "png" | "gif");
            return plain.then(|| Self::Sticker(rest.to_owned()));
        }
        let mut pieces = rest.split(':');
        let (channel, message) = (snowflake(&pieces.next()?.into())?, snowflake(&pieces.next()?.into())?);
        let which = pieces.next()?;
        match kind {
            "a" => Some(Self::File(channel, message, which.to_owned())),
            "e" => Some(Self::Picture(channel, message, which.parse().ok()?)),
            _ => None,
        }
    }
}

/// All that hangs on a message: its files, those of what it passes on, stickers, pictures of its cards.
pub fn of(native: &Message, cards: &[&Embed]) -> Vec<Attachment> {
    let voice = native.flags & VOICE != 0;
    let place = format!("{}:{}", native.channel_id, native.id);
    let snapshots = || native.message_snapshots.iter().map(|snapshot| &snapshot.message);
    let own = native.attachments.iter().map(|it| file(it, &place, voice));
    let passed_on = snapshots()
        .flat_map(|it| it.attachments.iter().map(|file| (file, it.flags & VOICE != 0)))
        .map(|(it, voice)| file(it, &place, voice));
    let stickers = native.sticker_items.iter().chain(snapshots().flat_map(|it| &it.sticker_items));
    let pictures = cards::pictures(cards).enumerate().map(|(at, _)| Attachment {
        kind: FileKind::Image,
        source: Some(format!("e:{place}:{at}")),
        ..Attachment::named("picture")
    });
    own.chain(passed_on).chain(stickers.map(sticker)).chain(pictures).collect()
}

fn file(native: &File, place: &str, voice: bool) -> Attachment {
    let (name, spoiler) = match native.filename.strip_prefix(SPOILER) {
        Some(name) => (name, true),
        None => (native.filename.as_str(), false),
    };
    let seconds = native.duration_secs.filter(|seconds| (0.0..1e6).contains(seconds));
    Attachment {
        name: if name.is_empty() { "file" } else { name }.to_owned(),
        kind: if voice { FileKind::Voice } else { kind(native.content_type.as_deref()) },
        mime: native.content_type.clone(),
        size: native.size,
        source: native.id.as_ref().map(|id| format!("a:{place}:{id}")),
        alt: native.description.clone().filter(|alt| !alt.trim().is_empty()),
        spoiler,
        seconds: seconds.map(|seconds| seconds.round() as u32),
    }
}

fn kind(mime: Option<&str>) -> FileKind {
    let mime = mime.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match mime.split('/').next() {
        Some("image") if mime == "image/gif" => FileKind::Animation,
        // Not shown as a picture by Discord either.
        Some("image") if mime != "image/svg+xml" => FileKind::Image,
        Some("video") => FileKind::Video,
        Some("audio") => FileKind::Audio,
        _ => FileKind::File,
    }
}

/// A sticker. Those that are drawn by a script (Lottie) have no picture.
///
/// <https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-format-types>
fn sticker(native: &Sticker) -> Attachment {
    let ending = match native.format_type {
        3 => None,
        4 => Some("gif"),
        _ => Some("png"),
    };
    let name = if native.name.is_empty() { "sticker" } else { &native.name };
    Attachment {
        kind: FileKind::Sticker,
        mime: ending.map(|ending| format!("image/{ending}")),
        source: native.id.as_ref().zip(ending).map(|(id, ending)| format!("s:{id}.{ending}")),
        ..Attachment::named(name)
    }
}

impl Discord {
    /// `locate`.
    pub(crate) async fn locate_file(&self, source: &str) -> Result<Located, DeliverError> {
        let unknown = || DeliverError::Rejected("its file is not one that this connector knows".to_owned());
        let (channel, message, wanted) = match Source::read(source).ok_or_else(unknown)? {
            Source::Sticker(name) => return located(&self.config, &sticker_url(&self.config, &name), None),
            Source::File(channel, message, id) => (channel, message, Err(id)),
            Source::Picture(channel, message, at) => (channel, message, Ok(at)),
        };
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        let asked = rest.ask::<Message>(rest.client().message(channel, message)).await;
        let found = asked.map_err(Failure::before_anything)?;
        match wanted {
            Ok(at) => {
                let cards = cards::of(&found);
                let url = cards::pictures(&cards).nth(at).ok_or(DeliverError::TargetGone)?;
                located(&self.config, url, None)
            }
            Err(id) => {
                let passed_on = found.message_snapshots.iter().flat_map(|it| &it.message.attachments);
                let is_it = |file: &&File| file.id.as_deref() == Some(&id);
                let file = found.attachments.iter().chain(passed_on).find(is_it);
                let file = file.ok_or(DeliverError::TargetGone)?;
                let url = file.url.as_deref().ok_or_else(unknown)?;
                located(&self.config, url, file.size)
            }
        }
    }
}

fn sticker_url(config: &Config, name: &str) -> String {
    match &config.server {
        Some(_) => format!("{}/stickers/{name}", config.web()),
        // Discord's CDN has no stickers that move in their own form.
        None if name.ends_with(".gif") => format!("{MEDIA}/stickers/{name}"),
        None => format!("{CDN}/stickers/{name}"),
    }
}

fn located(config: &Config, url: &str, size: Option<u64>) -> Result<Located, DeliverError> {
    let uri = url.parse::<http::Uri>().ok();
    let authority = uri.as_ref().and_then(|uri| Some(uri.authority()?.as_str()));
    let (Some("http" | "https"), Some(authority)) = (uri.as_ref().and_then(http::Uri::scheme_str), authority)
    else {
        return Err(DeliverError::Rejected("Discord named an address that is not one".to_owned()));
    };
    let trusted = match &config.server {
        Some(Server { authority: own, .. }) => authority == own,
        None => [CDN, MEDIA].iter().any(|known| url.starts_with(&format!("{known}/"))),
    };
    Ok(Located { url: url.to_owned().into(), authorization: None, trusted, never_html: false, size })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn sources_are_read_back_and_nothing_else_is() {
        let (channel, message) = (Id::new(2), Id::new(3));
        for (source, expected) in [
            ("a:2:3:4", Some(Source::File(channel, message, "4".into()))),
            ("e:2:3:0", Some(Source::Picture(channel, message, 0))),
            ("s:5.png", Some(Source::Sticker("5.png".into()))),
            ("s:../5.png", None),
            ("s:5.html", None),
            ("e:2:3:x", None),
            ("a:x:3:4", None),
            ("a:2:3", None),
            ("https://a.example", None),
        ] {
            assert_eq!(Source::read(source), expected, "{source}");
        }
    }

    #[test]
    fn what_a_file_is() {
        for (native, voice, expected) in [
            (
                json!({ "id": "4", "filename": "a.png", "content_type": "image/png" }),
                false,
                ("a.png", FileKind::Image, false),
            ),
            (
                json!({ "filename": "SPOILER_a.gif", "content_type": "image/gif" }),
                false,
                ("a.gif", FileKind::Animation, true),
            ),
            (
                json!({ "filename": "a.mp4", "content_type": "video/mp4" }),
                false,
                ("a.mp4", FileKind::Video, false),
            ),
            (
                json!({ "filename": "a.mp3", "content_type": "audio/mpeg" }),
                false,
                ("a.mp3", FileKind::Audio, false),
            ),
            (
                json!({ "filename": "voice-message.ogg", "content_type": "audio/ogg", "duration_secs": 3.5 }),
                true,
                ("voice-message.ogg", FileKind::Voice, false),
            ),
            (
                json!({ "filename": "a.svg", "content_type": "image/svg+xml" }),
                false,
                ("a.svg", FileKind::File, false),
            ),
            (
                json!({ "filename": "a.txt", "content_type": "text/plain; charset=utf-8" }),
                false,
                ("a.txt", FileKind::File, false),
            ),
            (json!({}), false, ("file", FileKind::File, false)),
        ] {
            let native: File = serde_json::from_value(native).unwrap();
            let read = file(&native, "2:3", voice);
            assert_eq!((read.name.as_str(), read.kind, read.spoiler), expected);
            assert_eq!(read.seconds, voice.then_some(4));
            assert_eq!(read.source, native.id.map(|_| "a:2:3:4".to_owned()));
        }
    }

    #[test]
    fn only_the_platforms_own_hosts_are_trusted() {
        let settings = |url: Option<&str>| {
            let urls = url.map(|url| ("api_url", url.to_owned())).into_iter().collect();
            let secrets = [("token", "t".to_owned().into())].into_iter().collect();
            let account = relay_contract::Account("owls".into());
            let texts = Default::default();
            Config::read(relay_contract::Settings { account, secrets, urls, texts }).unwrap()
        };
        for (server, url, trusted) in [
            (None, "https://cdn.discordapp.com/attachments/1", true),
            (None, "https://cdn.discordapp.com.example/attachments/1", false),
            (None, "https://a.example/b.png", false),
            (Some("http://127.0.0.1:1"), "http://127.0.0.1:1/attachments/1", true),
            (Some("http://127.0.0.1:1"), "http://127.0.0.1:2/attachments/1", false),
        ] {
            assert_eq!(located(&settings(server), url, None).unwrap().trusted, trusted, "{url}");
        }
        assert!(located(&settings(None), "file:///etc/passwd", None).is_err());
    }
}
