//! The page's server: the page itself, what the rooms look like, what people do in them.

use super::setup::{CHANNEL, Setup};
use super::told::{self, Told};
use super::{DemoPlatform, DemoRoom};
use super::{assets, files, guard, rehearsal};
use crate::engine::{Core, LinkStatus};
use crate::texts::Language;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use futures::{Stream, stream};
use relay_contract::Account;
use serde::Deserialize;
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::Fault;
use stand_ins::people::{Act, People, Refused};
use stand_ins::world::{Person, Platform};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Most bytes of files that a person attaches to one message on the page.
const MOST_ATTACHED: usize = 8 << 20;
/// Longest request, in bytes: files in base64, and the longest message of any platform, which is 40,000 characters.
const LONGEST_REQUEST: usize = MOST_ATTACHED / 3 * 4 + (256 << 10);
/// Newest messages of each room that a page gets when it opens.
const NEWEST: usize = 200;
/// Newest lines of the ledger's index that it gets then.
const NEWEST_LINES: u64 = 2_000;

/// Everything that the page shows.
pub struct Shown {
    /// Relay.
    pub core: Arc<Core>,
    stand_ins: Arc<StandIns>,
    /// The platforms, and the config file.
    pub setup: Setup,
    /// To all open pages.
    pub told: broadcast::Sender<Told>,
    /// Fetches what people attach.
    pub client: reqwest::Client,
    /// Where the demo keeps its files.
    folder: PathBuf,
    /// The commands are given in one world at a time.
    rehearsing: Mutex<()>,
}

impl Shown {
    /// Puts it together.
    pub fn new(
        core: Arc<Core>,
        stand_ins: Arc<StandIns>,
        setup: Setup,
        client: reqwest::Client,
        folder: &Path,
    ) -> Arc<Self> {
        let (told, folder) = (told::channel(), folder.to_owned());
        Arc::new(Self { core, stand_ins, setup, told, client, folder, rehearsing: Mutex::default() })
    }

    /// How Relay is: its accounts and counters, and each link with the channel that it belongs to and the room that it leads to.
    pub fn status(&self) -> Value {
        let status = self.core.status();
        let all = status.channels.iter();
        let all = all.flat_map(|channel| channel.links.iter().map(|link| (&channel.name, link)));
        let link = |(channel, link): (&String, &LinkStatus)| {
            let known = self.core.known.get(&Account(link.account.clone()), &link.room.as_str().into());
            json!({ "channel": channel, "id": known.map(|known| known.key.room), "link": link })
        };
        let links: Vec<Value> = all.map(link).collect();
        json!({ "accounts": status.accounts, "counters": status.counters, "links": links })
    }

    fn world(&self, platform: &str) -> &Platform {
        match platform {
            "discord" => &self.stand_ins.world.discord,
            "slack" => &self.stand_ins.world.slack,
            _ => &self.stand_ins.world.telegram,
        }
    }

    /// The people of a platform.
    pub fn people(&self, platform: &str) -> Result<&dyn People, Trouble> {
        let mut all = self.setup.platforms.iter().map(|known| known.people.as_ref());
        let found = all.find(|people| people.platform() == platform);
        found.ok_or_else(|| Trouble(StatusCode::NOT_FOUND, format!("there is no platform `{platform}`")))
    }

    fn shown_platform(&self, platform: &DemoPlatform) -> Result<Value, Refused> {
        let name = platform.people.platform();
        let world = self.world(name);
        let room = |room: &DemoRoom| -> Result<Value, Refused> {
            let messages = platform.people.messages(room.id.as_str())?;
            let newest = messages.get(messages.len().saturating_sub(NEWEST)..);
            Ok(json!({
                "id": room.id,
                "space": room.space,
                "name": room.name,
                "forum": room.forum,
                "threads": platform.people.threads(room.id.as_str())?,
                "typed": platform.people.typed(room.id.as_str())?,
                "messages": newest,
            }))
        };
        let person =
            |person: &Person| json!({ "id": person.id, "name": person.name, "manages": person.manages });
        Ok(json!({
            "platform": name,
            "account": platform.account,
            "people": world.people.iter().map(person).collect::<Vec<_>>(),
            "bots": world.bots.iter().map(|bot| json!({ "id": bot.id, "name": bot.name })).collect::<Vec<_>>(),
            "rooms": platform.rooms.iter().map(room).collect::<Result<Vec<_>, _>>()?,
        }))
    }
}

/// Answers until the task is ended.
pub async fn serve(listener: TcpListener, shown: Arc<Shown>) {
    let router = Router::new()
        .merge(assets::router())
        .route("/demo/state", get(state))
        .route("/demo/changes", get(changes))
        .route("/demo/act", post(act))
        .route("/demo/fault", post(fault))
        .route("/demo/file", get(files::file))
        .route("/demo/commands", post(commands))
        .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
        .layer(middleware::from_fn(guard::guard))
        .with_state(shown);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the demo's page ended");
    }
}

/// An error as the page reads it.
pub struct Trouble(pub StatusCode, pub String);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Unknown(..) => StatusCode::NOT_FOUND,
            Refused::Impossible(_) => StatusCode::CONFLICT,
        };
        Self(status, refused.to_string())
    }
}

impl From<JsonRejection> for Trouble {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

async fn state(State(shown): State<Arc<Shown>>) -> Result<Json<Value>, Trouble> {
    let platforms = shown.setup.platforms.iter().map(|platform| shown.shown_platform(platform));
    let platforms = platforms.collect::<Result<Vec<_>, _>>()?;
    let from = shown.core.ledger.position().saturating_sub(NEWEST_LINES);
    let lines = shown.core.ledger.index_after(from, usize::MAX);
    let lines = lines.map_err(|error| Trouble(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let carried: Vec<Value> = lines.iter().map(|(_, line)| told::carried(line)).collect();
    Ok(Json(json!({
        "channel": CHANNEL,
        "platforms": platforms,
        "carried": carried,
        "status": shown.status(),
        "config": shown.setup.text,
        "most_attached": MOST_ATTACHED,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActThere {
    platform: String,
    act: Act,
}

async fn act(
    State(shown): State<Arc<Shown>>,
    asked: Result<Json<ActThere>, JsonRejection>,
) -> Result<Json<Value>, Trouble> {
    let Json(ActThere { platform, act }) = asked?;
    Ok(Json(json!({ "id": shown.people(&platform)?.act(act)? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultThere {
    platform: String,
    fault: Fault,
}

async fn fault(
    State(shown): State<Arc<Shown>>,
    asked: Result<Json<FaultThere>, JsonRejection>,
) -> Result<Json<Value>, Trouble> {
    let Json(FaultThere { platform, fault }) = asked?;
    shown.people(&platform)?.fault(fault)?;
    Ok(Json(json!({ "ok": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandsIn {
    /// The language of those who give them, as its code.
    language: String,
}

/// Gives every command on every platform. To its end, also where nobody waits for it any more.
async fn commands(
    State(shown): State<Arc<Shown>>,
    asked: Result<Json<CommandsIn>, JsonRejection>,
) -> Result<Json<Value>, Trouble> {
    let Json(CommandsIn { language }) = asked?;
    let language = Language::of_locale(&language).ok_or_else(|| {
        Trouble(StatusCode::NOT_FOUND, format!("Relay does not speak the language `{language}`"))
    })?;
    let given = tokio::task::spawn_blocking(move || {
        let _one_at_a_time = shown.rehearsing.lock();
        // Another Relay has a system of its own.
        crate::engine::block_on(rehearsal::perform(&shown.folder, language))
    });
    let failed = |why: String| Trouble(StatusCode::INTERNAL_SERVER_ERROR, why);
    let seen = given.await.map_err(|error| failed(error.to_string()))?;
    Ok(Json(seen.map_err(|error| failed(error.to_string()))?))
}

async fn changes(State(shown): State<Arc<Shown>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold(shown.told.subscribe(), |mut told| async move {
        let event = match told.recv().await {
            Ok(Told { event, json }) => Event::default().event(event).data(&*json),
            Err(RecvError::Lagged(_)) => Event::default().event("behind").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), told))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
