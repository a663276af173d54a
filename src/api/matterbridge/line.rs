//! A message as matterbridge writes it: <https://github.com/42wim/matterbridge/wiki/API>.

use crate::adapt::{plain, presentable};
use crate::engine::{Core, Said, Told, What};
use crate::store::stream::PLATFORM;
use relay_contract::RoomKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A message that goes out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Line {
    text: String,
    channel: String,
    username: String,
    userid: String,
    avatar: String,
    account: String,
    event: String,
    protocol: String,
    gateway: String,
    parent_id: String,
    timestamp: String,
    id: String,
    #[serde(rename = "Extra")]
    extra: Option<Value>,
}

/// A message that comes in. What else is sent is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Sent {
    /// What it says.
    #[serde(default)]
    pub text: Option<String>,
    /// Under which name.
    #[serde(default)]
    pub username: Option<String>,
    /// Given back.
    #[serde(default)]
    pub userid: Option<String>,
    /// The URL of a picture.
    #[serde(default)]
    pub avatar: Option<String>,
    /// The channel.
    #[serde(default)]
    pub gateway: Option<String>,
    /// Empty, or `user_action`.
    #[serde(default)]
    pub event: Option<String>,
    /// The id of the message that it answers.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// Files, which do not come in this way.
    #[serde(default, rename = "Extra")]
    pub extra: Option<serde_json::Value>,
}

impl Sent {
    /// Whether files are said to come with it.
    pub fn has_files(&self) -> bool {
        let files = self.extra.as_ref().and_then(|extra| extra.get("file"));
        files.and_then(serde_json::Value::as_array).is_some_and(|files| !files.is_empty())
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

impl Line {
    /// That a stream has begun.
    pub fn greeting() -> Self {
        Self { event: "api_connected".into(), timestamp: now(), ..Self::default() }
    }

    /// What was posted, as it is answered.
    pub fn answer(sent: Sent, gateway: &str, id: String) -> Self {
        Self {
            text: sent.text.unwrap_or_default(),
            channel: "api".into(),
            username: sent.username.unwrap_or_default(),
            userid: sent.userid.unwrap_or_default(),
            avatar: sent.avatar.unwrap_or_default(),
            account: "api.relay".into(),
            event: sent.event.unwrap_or_default(),
            protocol: "api".into(),
            gateway: gateway.to_owned(),
            parent_id: sent.parent_id.unwrap_or_default(),
            timestamp: now(),
            id,
            extra: None,
        }
    }

    /// Of an event; none where matterbridge has no such thing.
    pub fn of(core: &Core, gateway: &str, told: Told) -> Option<Self> {
        let at = jiff::Timestamp::from_millisecond(told.at.0).unwrap_or_default();
        let mut line = Self {
            protocol: protocol(told.platform.as_str()).to_owned(),
            gateway: gateway.to_owned(),
            timestamp: at.to_string(),
            id: told.message,
            ..Self::default()
        };
        if let Some(by) = told.by {
            line.username = presentable(by.name());
            line.userid = by.id().map(ToString::to_string).unwrap_or_default();
            line.avatar = by.picture().unwrap_or_default().to_owned();
        }
        match told.what {
            What::Posted(said) | What::Edited(said) => line.say(core, said),
            What::Deleted => (line.event, line.text) = ("msg_delete".into(), "msg_delete".into()),
            What::Noticed(body) => {
                line.username = "Relay".into();
                line.text = plain::text(&body);
            }
            What::Reacted(..) | What::Pinned(_) => return None,
        }
        Some(line)
    }

    fn say(&mut self, core: &Core, said: Said) {
        self.text = plain::text(&said.message.body);
        self.parent_id = said.reply_to.or(said.thread).unwrap_or_default();
        let (account, channel) = place(core, &said.origin);
        (self.account, self.channel) = (format!("{}.{account}", self.protocol), channel);
        if !said.files.is_empty() {
            let file = |file: &relay_contract::Attachment| {
                json!({
                    "Name": file.name,
                    "Data": null,
                    "Comment": file.alt.as_deref().unwrap_or_default(),
                    "URL": "",
                    "Size": file.size.unwrap_or_default(),
                    "Avatar": false,
                    "SHA": "",
                })
            };
            let files: Vec<_> = said.files.iter().map(|(_, attachment)| file(attachment)).collect();
            self.extra = Some(json!({ "file": files }));
        }
    }
}

/// matterbridge's name of a platform.
fn protocol(platform: &str) -> &str {
    if platform == PLATFORM.as_str() { "api" } else { platform }
}

/// The account that a room is reached through, and its name.
fn place(core: &Core, room: &RoomKey) -> (String, String) {
    if room.platform == PLATFORM {
        return ("relay".into(), "api".into());
    }
    let asked = core.known.asked_for(room).into_iter().next();
    asked
        .map(|(account, _, known)| (account.0, known.name.trim_start_matches('#').to_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_whether_files_come_with_it() {
        let cases = [
            (r#"{"text": "x"}"#, false),
            (r#"{"Extra": null}"#, false),
            (r#"{"Extra": {}}"#, false),
            (r#"{"Extra": {"file": []}}"#, false),
            (r#"{"Extra": {"file": [{"Name": "a.png", "Data": "AAAA"}]}}"#, true),
        ];
        for (written, has) in cases {
            let sent: Sent = serde_json::from_str(written).unwrap();
            assert_eq!(sent.has_files(), has, "{written}");
        }
    }
}
