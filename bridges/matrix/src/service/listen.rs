//! Transactions until stopped: each one's events are accepted in their order, and then it is acknowledged
//! (<https://spec.matrix.org/v1.11/application-service-api/#pushing-events>).

use super::Service;
use super::door::{self, Transaction};
use super::settling::Settling;
use crate::api::CallError;
use crate::joins::Joins;
use crate::listen::is_own_join;
use crate::look_up::Listener;
use crate::rooms::invited;
use crate::translate::Said;
use crate::{errors, ids};
use futures::StreamExt;
use relay_contract::{Inbox, ListenError, Problem};
use relay_server::Limits;
use ruma::TransactionId;
use ruma::api::client::appservice::request_ping;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

/// What stands for "has listened before": a place to go on from is the homeserver's to know.
const LISTENED: &str = "application service";
/// Transactions that wait. A homeserver sends one after the other.
const WAITING: usize = 4;
/// Ids of transactions that are known to be done.
const DONE: usize = 64;
/// Events that are looked up, and that wait for their accept, at the same time.
const LOOK_UPS: usize = 8;
const OVERLAP: usize = 32;
/// How often the homeserver is asked whether it reaches Relay, and how soon again when it does not; how long it may take to find out.
const ASKED: Duration = Duration::from_secs(60);
const ASKED_AGAIN: Duration = Duration::from_secs(3);
const PING: Duration = Duration::from_secs(30);
/// Connections; a proxy before the homeserver's workers is one machine.
const LIMITS: Limits = Limits { all: 64, each: 48 };
/// How long the address may still be taken by what was listened at before.
const LEAVING: Duration = Duration::from_secs(3);

impl Listener<'_> {
    /// Until stopped or refused.
    pub async fn serve(
        &self,
        service: &Service,
        cursor: Option<String>,
        inbox: &dyn Inbox,
    ) -> Result<(), ListenError> {
        let listener = bound(service).await?;
        let (to, mut transactions) = mpsc::channel(WAITING);
        let routes = door::routes(service.hs_token.clone(), to);
        // Ends with this listener, and all its connections with it: what was not acknowledged is sent again.
        let _server = AbortOnDropHandle::new(tokio::spawn(async move {
            relay_server::answer(listener, "the homeserver", LIMITS, move |_| routes.clone()).await;
        }));
        // Nothing from before the first time is carried.
        let since = cursor.is_none().then(|| relay_contract::Timestamp::now().0);
        let mut settling = Settling::default();
        if since.is_none() {
            inbox.gap("the homeserver may tell only later what was said meanwhile");
            settling.asked_for_all(Instant::now());
        }
        settling.begin(Instant::now());
        let mut has_listened = since.is_none();
        let (mut up, mut next, mut done) = (false, Instant::now(), VecDeque::new());
        let mut joins = Joins::new(self);
        loop {
            let when = next;
            let ping = async move {
                sleep_until(when).await;
                self.ping(service).await
            };
            tokio::pin!(ping);
            let reached = loop {
                tokio::select! {
                    biased;
                    () = inbox.stopped() => return Ok(()),
                    moved = joins.next() => if let Some(moved) = moved && inbox.accept(moved).await.is_err() {
                        return Ok(());
                    },
                    reached = &mut ping => break reached,
                    Some(transaction) = transactions.recv() => {
                        // A room that goes on in the place of another is told of before what is said in it.
                        let come_in = transaction.events.iter().filter(|event| is_own_join(event, &self.own));
                        let come_in: Vec<&str> =
                            come_in.filter_map(|event| event.get("room_id")?.as_str()).collect();
                        come_in.iter().for_each(|room| joins.came_in(room));
                        while come_in.iter().any(|room| joins.is_joining(room)) {
                            tokio::select! {
                                biased;
                                () = inbox.stopped() => return Ok(()),
                                moved = joins.next() => if let Some(moved) = moved
                                    && inbox.accept(moved).await.is_err()
                                {
                                    return Ok(());
                                },
                            }
                        }
                        let invitations = transaction.events.iter().filter_map(|event| invited(event, &self.own));
                        invitations.for_each(|room| joins.invited(room));
                        if !std::mem::replace(&mut has_listened, true) {
                            // What is said from now on is told of after a crash, too, whatever a ping comes to.
                            inbox.moved(LISTENED.to_owned());
                        }
                        for room in settling.told(&self.said_by_people(&transaction.events), Instant::now()) {
                            inbox.gap_in(&ids::room(&room), "the homeserver may be making up for what it could not tell");
                        }
                        if !self.take(transaction, since, &mut done, inbox).await {
                            return Ok(());
                        }
                        settling.goes_on(Instant::now());
                    }
                    () = sleep_until(settling.over().unwrap_or(when)), if settling.over().is_some() => {
                        inbox.gap("the homeserver has made up for what it could not tell, and may have left some of it");
                        settling.end(Instant::now());
                    }
                }
            };
            match reached {
                Ok(()) if !up => {
                    up = true;
                    settling.begin(Instant::now());
                    inbox.connected();
                    inbox.moved(LISTENED.to_owned());
                    next = Instant::now() + ASKED;
                }
                Ok(()) => next = Instant::now() + ASKED,
                Err(Unreached::Refused(problem)) => return Err(ListenError::Refused(problem)),
                Err(Unreached::Not(why)) => {
                    up = false;
                    inbox.interrupted(&why);
                    next = Instant::now() + ASKED_AGAIN;
                }
            }
        }
    }

    /// What people have said of all this, in rooms that somebody has asked for.
    fn said_by_people<'a>(&self, events: &'a [Value]) -> Vec<(&'a str, &'a Value)> {
        let string = |event: &'a Value, key: &str| event.get(key).and_then(Value::as_str);
        let is_theirs = |event: &&Value| {
            event.get("state_key").is_none()
                && event
                    .get("sender")
                    .and_then(Value::as_str)
                    .is_some_and(|sender| !ids::is_own(sender, &self.own, self.ghosts.as_deref()))
        };
        let placed =
            events.iter().filter(is_theirs).filter_map(|event| Some((string(event, "room_id")?, event)));
        placed.filter(|(room, _)| self.known.room_name(room).is_some()).collect()
    }

    /// All that a transaction tells; false when Relay stops. One that was done before is done.
    async fn take(
        &self,
        transaction: Transaction,
        since: Option<i64>,
        done: &mut VecDeque<String>,
        inbox: &dyn Inbox,
    ) -> bool {
        let Transaction { id, events, ephemeral, done: told } = transaction;
        // A homeserver may give an id again, to other events, after its own restart.
        let id = named(&id, &events);
        if !done.contains(&id) {
            let is_new = |event: &Value| {
                let at = event.get("origin_server_ts").and_then(Value::as_i64);
                since.is_none_or(|since| at.is_none_or(|at| at >= since))
            };
            let mut said: Vec<(String, Told)> = Vec::new();
            for event in events {
                let Some(room) = event.get("room_id").and_then(Value::as_str).map(str::to_owned) else {
                    tracing::warn!("the homeserver sent an event of no room");
                    continue;
                };
                self.known.learn(&room, &event);
                if is_new(&event) {
                    said.push((room, Told::Event(event)));
                }
            }
            said.extend(typing(&ephemeral).map(|(room, people)| (room, Told::Typing(people))));
            let raws = futures::stream::iter(said).map(|(room, told)| async move {
                match told {
                    Told::Event(event) => self.made(room, event).await,
                    Told::Typing(people) => vec![self.wrapped(&room, Said::Typing(people))],
                }
            });
            let raws = raws.buffered(LOOK_UPS).flat_map(futures::stream::iter);
            let mut accepts = raws.map(|raw| inbox.accept(raw)).buffered(OVERLAP);
            while let Some(accepted) = accepts.next().await {
                if accepted.is_err() {
                    return false;
                }
            }
            if done.len() >= DONE {
                done.pop_front();
            }
            done.push_back(id);
        }
        // Whoever has stopped waiting asks again.
        let _ = told.send(());
        true
    }

    /// Has the homeserver call Relay (<https://spec.matrix.org/v1.11/application-service-api/#pinging>), which also has it repeat at once
    /// what it could not tell before.
    async fn ping(&self, service: &Service) -> Result<(), Unreached> {
        let mut request = request_ping::v1::Request::new(service.id.clone());
        request.transaction_id = Some(TransactionId::new());
        let error = match self.api.call(request, PING).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let refused = |what: String, fix: &str| Unreached::Refused(Problem::new(what, fix));
        match &error {
            CallError::Answered(answer) if answer.code == "M_UNRECOGNIZED" => {
                tracing::debug!("the homeserver cannot say whether it reaches Relay");
                Ok(())
            }
            CallError::Answered(answer) if errors::bad_token(answer) => {
                Err(Unreached::Refused(errors::token_problem(answer)))
            }
            CallError::Answered(answer) if answer.status == 403 || answer.code.ends_with("URL_NOT_SET") => {
                Err(refused(
                    format!("The homeserver knows another registration: {}.", answer.message),
                    "Give the homeserver the file that `registration` names, and restart it.",
                ))
            }
            CallError::Answered(answer) if matches!(answer.status, 502 | 504) => {
                Err(Unreached::Not(format!(
                    "the homeserver does not reach Relay at {} (it is listened at {}): {}",
                    service.url, service.listen, answer.message
                )))
            }
            _ => Err(Unreached::Not(errors::words(&error))),
        }
    }
}

/// A transaction, by its id and its events.
fn named(id: &str, events: &[Value]) -> String {
    let events = events.iter().filter_map(|event| event.get("event_id").and_then(Value::as_str));
    std::iter::once(id).chain(events).collect::<Vec<_>>().join(" ")
}

/// Why nothing comes.
enum Unreached {
    /// A person must mend it.
    Refused(Problem),
    /// It may mend itself.
    Not(String),
}

/// What is handed up of a room.
enum Told {
    Event(Value),
    Typing(Vec<String>),
}

async fn bound(service: &Service) -> Result<TcpListener, ListenError> {
    let began = Instant::now();
    loop {
        match TcpListener::bind(service.listen).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && began.elapsed() < LEAVING => {
                sleep(Duration::from_millis(100)).await;
            }
            Err(error) => {
                return Err(ListenError::Refused(Problem::new(
                    format!("Nothing can be listened for at {}: {error}.", service.listen),
                    "Write a free address of this machine as `listen`; the registration's url must lead there.",
                )));
            }
        }
    }
}

/// Who is typing in which room.
fn typing(ephemeral: &[Value]) -> impl Iterator<Item = (String, Vec<String>)> {
    let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in ephemeral.iter().filter(|event| event.get("type").is_some_and(|kind| kind == "m.typing")) {
        let people = event.pointer("/content/user_ids").and_then(Value::as_array);
        let people: Vec<_> =
            people.into_iter().flatten().filter_map(|user| user.as_str().map(str::to_owned)).collect();
        if let Some(room) = event.get("room_id").and_then(Value::as_str).filter(|_| !people.is_empty()) {
            rooms.insert(room.to_owned(), people);
        }
    }
    rooms.into_iter()
}

#[cfg(test)]
mod tests;
