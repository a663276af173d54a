//! Events from Socket Mode to the inbox, one after the other, each acknowledged after it was accepted.

use crate::errors::{CallError, bad_credential};
use crate::known::Own;
use crate::names::{Directory, Person};
use crate::socket::{Heard, Socket};
use crate::translate::{Added, Payload, Renamed, command, marks, members, news, own_post};
use crate::web::{Web, With};
use crate::{parse, preflight};
use relay_contract::{Inbox, ListenError, OpenError, Problem, RawEvent, Stopped, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a connection may stay away before Slack is asked why, and between two such questions:
/// `apps.connections.open` is a tier 1 method.
const ASK_AFTER: Duration = Duration::from_secs(15);
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// How long it may stay away before `listen` gives up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(150);
const ASK_DEADLINE: Duration = Duration::from_secs(5);

/// What the app subscribes to for messages in public and private channels
/// (<https://docs.slack.dev/reference/events/message.channels/>).
#[cfg(test)]
pub const MESSAGES: &[&str] = &["message.channels", "message.groups"];
/// Events after which the token is of no use.
pub const FAREWELLS: &[&str] = &["app_uninstalled", "tokens_revoked"];

/// What listening needs.
pub struct Listener<'a> {
    /// The Web API.
    pub web: &'a Web,
    /// Names.
    pub directory: &'a Directory,
    /// Who Relay is.
    pub own: Own,
}

impl Listener<'_> {
    /// Until stopped, refused or lost.
    pub async fn run(&self, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let mut socket = Socket::start(self.web)
            .await
            .map_err(|error| ListenError::Lost(CallError::from_library(error).to_string()))?;
        let ended = self.serve(&mut socket, inbox).await;
        socket.stop().await;
        ended
    }

    async fn serve(&self, socket: &mut Socket, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let mut away = Some(Away::now());
        let mut why = String::from("there was no connection to Slack until now");
        loop {
            let ask = away.as_ref().map(|away| away.ask_at);
            let heard = tokio::select! {
                biased;
                () = inbox.stopped() => return Ok(()),
                heard = socket.hear() => heard,
                () = until(ask) => {
                    if let Some(away) = &mut away {
                        self.ask_why(away, inbox).await?;
                    }
                    continue;
                }
            };
            match heard {
                None => return Err(ListenError::Lost("the connection's tasks are gone".into())),
                Some(Heard::Hello) => {
                    away = None;
                    // The library closes a socket before it opens the next one, and Slack gives up after a few tries
                    // what it cannot deliver in between.
                    inbox.gap(&why);
                    inbox.connected();
                }
                Some(Heard::Gone(reason)) => {
                    inbox.interrupted(&reason);
                    why.clone_from(&reason);
                    away.get_or_insert_with(Away::now);
                }
                Some(Heard::SwitchedOff) => return Err(ListenError::Refused(switched_off())),
                Some(Heard::Envelope(frame, answer)) => {
                    let accepted = inbox.accept(self.raw(&frame).await).await;
                    // The reader is gone when its socket is: Slack then delivers again, and the engine knows it.
                    answer.send(accepted.is_ok()).ok();
                    if accepted == Err(Stopped) {
                        return Ok(());
                    }
                    if let Some(problem) = turned_away(&frame, &self.own) {
                        return Err(ListenError::Refused(problem));
                    }
                }
                Some(Heard::Noise(text)) => {
                    // Nothing to acknowledge; kept as a poison event all the same.
                    let event = json!({ "text": text });
                    if inbox.accept(self.wrapped("unreadable", None, event).await).await == Err(Stopped) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The library never says why it cannot connect.
    async fn ask_why(&self, away: &mut Away, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let nothing = json!({});
        let asked = tokio::select! {
            () = inbox.stopped() => return Ok(()),
            asked = self.web.post("apps.connections.open", &nothing, With::App, ASK_DEADLINE) => asked,
        };
        let reason = match asked {
            Ok(_) => "Slack gives a socket, but connecting to it fails".to_owned(),
            Err(error) => match error.into_open("app_token") {
                OpenError::Refused(problem) => return Err(ListenError::Refused(problem)),
                OpenError::Unavailable(reason) => reason,
            },
        };
        if away.since.elapsed() > GIVE_UP_AFTER {
            return Err(ListenError::Lost(reason));
        }
        inbox.interrupted(&reason);
        away.ask_at = Instant::now() + ASK_AGAIN;
        Ok(())
    }

    async fn raw(&self, frame: &Value) -> RawEvent {
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        let payload = frame.get("payload").unwrap_or(&Value::Null);
        let app = payload.get("api_app_id").and_then(Value::as_str);
        // Of an Events API envelope only the event: the rest holds a verification token and ids of the delivery.
        let event = match kind {
            "events_api" => {
                let event = payload.get("event").unwrap_or(&Value::Null);
                own_post(event, &self.own, app).unwrap_or_else(|| event.clone())
            }
            "slash_commands" | "interactive" => command::kept(kind, payload),
            _ => json!({}),
        };
        self.wrapped(kind, app, event).await
    }

    /// Of somebody's changed profile only the name is of interest, and only where it was another before.
    async fn profile(&self, event: Value, people: &mut BTreeMap<String, Person>) -> (Value, Option<Renamed>) {
        if event.get("type").is_none_or(|kind| kind != members::PROFILE) {
            return (event, None);
        }
        let at = |path: &str| event.pointer(path).cloned().unwrap_or_default();
        let mut kept = json!({ "type": members::PROFILE, "event_ts": at("/event_ts") });
        let user = event.get("user").unwrap_or(&Value::Null);
        let id = user.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some((before, now)) = self.directory.person_is(user) else {
            return (kept, None);
        };
        kept["user"] = json!({ "id": id });
        people.insert(id.to_owned(), now);
        (kept, Some(Renamed { before, rooms: self.directory.rooms_of(self.web, id).await }))
    }

    /// Looks up whom these messages mention, all at once, so that each is then made into an event without asking.
    pub async fn know(&self, messages: &[Value]) {
        let (mut people, mut rooms) = (Vec::new(), Vec::new());
        for message in messages {
            let wanted = wanted(message, &self.own);
            people.extend(wanted.0);
            rooms.extend(wanted.1);
        }
        for list in [&mut people, &mut rooms] {
            list.sort();
            list.dedup();
        }
        self.directory.look_up(self.web, &people, &rooms).await;
    }

    /// An event with what had to be looked up for it.
    pub async fn wrapped(&self, kind: &str, app: Option<&str>, event: Value) -> RawEvent {
        let asked = matches!(kind, "slash_commands" | "interactive");
        let (people, rooms) = if asked { (asker(&event), Vec::new()) } else { wanted(&event, &self.own) };
        let unknown = if asked { Vec::new() } else { unknown_files(&event) };
        let ((mut people, rooms), files) = futures::join!(
            self.directory.look_up(self.web, &people, &rooms),
            self.directory.files(self.web, &unknown)
        );
        let (event, renamed) = self.profile(event, &mut people).await;
        let payload = Payload {
            kind: kind.to_owned(),
            app: app.map(str::to_owned),
            event,
            relay: Added {
                own: self.own.clone(),
                people,
                rooms,
                files,
                renamed,
                heard: asked.then(Timestamp::now),
            },
        };
        RawEvent {
            space: self.own.team.as_str().into(),
            // A struct of strings, maps and values always has a JSON form.
            payload: serde_json::to_value(payload).unwrap_or_default(),
            cursor: None,
        }
    }
}

/// The files of a message of which it tells nothing (<https://docs.slack.dev/reference/objects/file-object/>).
fn unknown_files(event: &Value) -> Vec<String> {
    let bodies = [Some(event), event.get("message"), event.get("previous_message")];
    let files = bodies.into_iter().flatten().filter_map(|body| body.get("files")?.as_array()).flatten();
    let unknown =
        files.filter(|file| file.get("file_access").is_some_and(|access| access == "check_file_info"));
    let mut ids: Vec<_> = unknown.filter_map(|file| Some(file.get("id")?.as_str()?.to_owned())).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Since when there has been no connection, and when to ask why.
struct Away {
    since: Instant,
    ask_at: Instant,
}

impl Away {
    fn now() -> Self {
        Self { since: Instant::now(), ask_at: Instant::now() + ASK_AFTER }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Who gave a command.
fn asker(event: &Value) -> Vec<String> {
    event.get("user").and_then(Value::as_str).map(str::to_owned).into_iter().collect()
}

/// Whose names an event needs: (people, rooms). Nobody's where nothing will come of it.
fn wanted(event: &Value, own: &Own) -> (Vec<String>, Vec<String>) {
    let string = |path: &str| event.pointer(path).and_then(Value::as_str);
    let kind = string("/type").unwrap_or_default();
    let (mut people, mut rooms) = (Vec::new(), Vec::new());
    if kind == "message" {
        for body in [Some(event), event.get("message")].into_iter().flatten() {
            let found = parse::mentioned(body);
            people.extend(found.people);
            rooms.extend(found.rooms);
        }
        let authors = ["/user", "/message/user", "/previous_message/user"];
        people.extend(authors.into_iter().filter_map(string).map(str::to_owned));
    } else if [marks::REACTIONS, marks::PINS, news::ABOUT_MEMBERS].iter().any(|kinds| kinds.contains(&kind)) {
        people.extend(string("/user").map(str::to_owned));
    }
    people.retain(|id| *id != own.user && id != "USLACKBOT");
    for list in [&mut people, &mut rooms] {
        list.sort();
        list.dedup();
    }
    (people, rooms)
}

/// The event says that the app or its token is no longer welcome
/// (<https://docs.slack.dev/reference/events/app_uninstalled/>, <https://docs.slack.dev/reference/events/tokens_revoked/>).
fn turned_away(frame: &Value, own: &Own) -> Option<Problem> {
    let event = frame.pointer("/payload/event")?;
    let kind = FAREWELLS.iter().find(|kind| event.get("type").is_some_and(|given| given == **kind))?;
    if *kind == "app_uninstalled" {
        return Some(bad_credential("bot_token", "account_inactive"));
    }
    let bots = event.pointer("/tokens/bot")?.as_array()?;
    bots.iter().any(|bot| *bot == own.user).then(|| bad_credential("bot_token", "token_revoked"))
}

fn switched_off() -> Problem {
    Problem::new("Socket Mode is switched off for the Slack app.", preflight::SOCKET_MODE_FIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token() {
        let own = Own { team: "T1".into(), team_name: "One".into(), user: "UBOT".into(), bot: None };
        let cases = [
            (json!({ "type": "app_uninstalled" }), Some("account_inactive")),
            (json!({ "type": "tokens_revoked", "tokens": { "bot": ["U1", "UBOT"] } }), Some("token_revoked")),
            (json!({ "type": "tokens_revoked", "tokens": { "bot": ["U1"], "oauth": ["UBOT"] } }), None),
            (json!({ "type": "tokens_revoked" }), None),
            (json!({ "type": "message", "text": "app_uninstalled" }), None),
        ];
        for (event, code) in cases {
            let problem = turned_away(&json!({ "payload": { "event": event } }), &own);
            assert_eq!(problem.is_some(), code.is_some(), "{event}");
            assert!(
                problem.is_none_or(|problem| code.is_some_and(|code| problem.what.contains(code))),
                "{event}"
            );
        }
        assert_eq!(turned_away(&Value::Null, &own), None);
    }
}
