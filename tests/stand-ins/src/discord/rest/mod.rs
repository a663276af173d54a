//! The REST API: routes, authentication, rate limit headers.
//!
//! <https://discord.com/developers/docs/reference>

mod accounts;
mod body;
mod commands;
mod components;
mod embeds;
mod guilds;
mod interactions;
mod messages;
mod reactions;
mod threads;
mod webhooks;

use super::errors::{self, ApiError};
use super::limits::{ban, limit};
use super::model::{Bot, Channel, ChannelKind};
use super::permissions::{
    ADMINISTRATOR, MANAGE_THREADS, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL,
};
use super::state::{State, now};
use super::{Discord, cdn, gateway};
use crate::faults::Fault;
use crate::limits::counted;
use crate::misbehave::{Misbehaviour, misbehave};
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 128 << 20;
/// Requests that a bucket allows in a second, as far as the headers tell.
const GENEROUS: &str = "1000";

/// An answer, or Discord's error.
type Answer<T> = Result<T, ApiError>;

/// All routes: the API under `/api/v10`, the gateway under `/`.
pub fn router(discord: Arc<Discord>) -> Router {
    let how = Misbehaviour { faults: discord.faults.clone(), rate_limited, unauthorized };
    let api = Router::new()
        .route("/gateway", get(accounts::gateway))
        .route("/gateway/bot", get(accounts::gateway_bot))
        .route("/users/@me", get(accounts::me))
        .route("/users/@me/guilds", get(guilds::mine))
        .route("/users/{user}", get(accounts::user))
        .route("/applications/@me", get(accounts::application))
        .route("/oauth2/applications/@me", get(accounts::application))
        .route(
            "/applications/{application}/commands",
            get(commands::list).put(commands::set).post(commands::create),
        )
        .route(
            "/applications/{application}/commands/{command}",
            get(commands::one).patch(commands::change).delete(commands::delete),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands",
            get(commands::list_of_guild).put(commands::set_of_guild),
        )
        .route("/interactions/{interaction}/{token}/callback", post(interactions::callback))
        .route("/guilds/{guild}", get(guilds::guild))
        .route("/guilds/{guild}/channels", get(guilds::channels))
        .route("/guilds/{guild}/roles", get(guilds::roles))
        .route("/guilds/{guild}/members", get(guilds::members))
        .route("/guilds/{guild}/members/{user}", get(guilds::member))
        .route("/guilds/{guild}/emojis", get(guilds::emojis))
        .route("/guilds/{guild}/threads/active", get(threads::active))
        .route("/guilds/{guild}/webhooks", get(webhooks::of_guild))
        .route("/channels/{channel}", get(guilds::channel).patch(threads::change))
        .route("/channels/{channel}/threads", post(threads::open))
        .route("/channels/{channel}/threads/archived/public", get(threads::archived))
        .route("/channels/{channel}/messages/{message}/threads", post(threads::open_from))
        .route("/channels/{channel}/messages/bulk-delete", post(messages::purge))
        .route("/channels/{channel}/messages/pins", get(reactions::pins))
        .route("/channels/{channel}/messages/pins/{message}", put(reactions::pin).delete(reactions::unpin))
        .route("/channels/{channel}/pins", get(reactions::old_pins))
        .route("/channels/{channel}/pins/{message}", put(reactions::pin).delete(reactions::unpin))
        .route("/channels/{channel}/polls/{message}/expire", post(reactions::end_poll))
        .route("/channels/{channel}/polls/{message}/answers/{answer}", get(reactions::voters))
        .route("/channels/{channel}/messages/{message}/reactions", axum::routing::delete(reactions::clear))
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}",
            get(reactions::who).delete(reactions::clear_emoji),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}",
            put(reactions::react).delete(reactions::unreact),
        )
        .route("/channels/{channel}/typing", post(messages::typing))
        .route("/channels/{channel}/webhooks", get(webhooks::of_channel).post(webhooks::create))
        .route("/channels/{channel}/messages", get(messages::list).post(messages::create))
        .route(
            "/channels/{channel}/messages/{message}",
            get(messages::one).patch(messages::edit).delete(messages::delete),
        )
        .route("/webhooks/{webhook}", get(webhooks::get).delete(webhooks::delete))
        .route(
            "/webhooks/{webhook}/{token}",
            get(webhooks::get_with_token).post(webhooks::execute).delete(webhooks::delete_with_token),
        )
        .route(
            "/webhooks/{webhook}/{token}/messages/{message}",
            get(webhooks::message).patch(webhooks::edit).delete(webhooks::delete_message),
        )
        .fallback(async || errors::NOT_FOUND)
        .method_not_allowed_fallback(async || errors::METHOD_NOT_ALLOWED);
    Router::new()
        .nest("/api/v10", api)
        .route("/attachments/{channel}/{file}/{name}", get(cdn::attachment))
        .route("/stickers/{name}", get(cdn::sticker))
        // Outside the nest, so that faults see the whole path; before the gateway, so that they leave it alone.
        .layer(middleware::from_fn_with_state(how, misbehave))
        .layer(middleware::from_fn_with_state(discord.clone(), limit))
        .layer(middleware::from_fn(bucket))
        .layer(middleware::from_fn_with_state(discord.clone(), ban))
        .layer(middleware::from_fn_with_state(discord.limits.clone(), counted))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .route("/", get(gateway::connect))
        .fallback(async || errors::NOT_FOUND)
        .with_state(discord)
}

fn unauthorized() -> Response {
    errors::UNAUTHORIZED.into_response()
}

/// A 429 of the route's own bucket.
///
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>
fn rate_limited(fault: &Fault) -> Response {
    let seconds = fault.seconds.clamp(0.0, 3_600.0);
    let body = json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": false });
    let headers = [
        ("retry-after", format!("{:.0}", seconds.ceil())),
        ("x-ratelimit-scope", "user".to_owned()),
        ("x-ratelimit-limit", GENEROUS.to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", reset(seconds)),
        ("x-ratelimit-reset-after", format!("{seconds:.3}")),
    ];
    (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response()
}

/// Seconds since the epoch, `seconds` from now.
pub fn reset(seconds: f64) -> String {
    // Milliseconds of this century are exact in an f64.
    format!("{:.3}", now() as f64 / 1_000.0 + seconds)
}

/// Layer: rate limit headers on every answer, and the `Via` of Discord's load balancer, without which discord.py takes a
/// 429 for a ban by the proxy in front. Where nothing else is said, the limit is generous and never enforced.
async fn bucket(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut hasher = DefaultHasher::new();
    (request.method(), path.as_ref().map(MatchedPath::as_str)).hash(&mut hasher);
    let bucket = format!("{:016x}", hasher.finish());
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        ("x-ratelimit-limit", GENEROUS.to_owned()),
        ("x-ratelimit-remaining", "999".to_owned()),
        ("x-ratelimit-reset", reset(1.0)),
        ("x-ratelimit-reset-after", "1.000".to_owned()),
        ("x-ratelimit-bucket", bucket),
        ("via", "1.1 google".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.entry(name).or_insert(value);
        }
    }
    answer
}

/// The bot that asks, by its token: its place in the world.
#[derive(Debug, Clone, Copy)]
struct Me(usize);

impl FromRequestParts<Arc<Discord>> for Me {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, discord: &Arc<Discord>) -> Answer<Self> {
        let told = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = told.and_then(|told| told.strip_prefix("Bot ")).ok_or(errors::UNAUTHORIZED)?;
        discord.state().bot_by_token(token).map(Self).ok_or(errors::UNAUTHORIZED)
    }
}

/// The query, or a form error where axum would answer in plain text.
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|error| ApiError::field("query", "BASE_TYPE_INVALID", &error.body_text()))
    }
}

fn id(text: &str) -> Answer<u64> {
    text.parse().map_err(|_| ApiError::not_snowflake(text))
}

impl State {
    /// What is in a guild that has an outage cannot be reached.
    fn no_outage(&self, guild: u64) -> Answer<()> {
        let out = self.guilds.get(&guild).is_some_and(|guild| guild.unavailable);
        if out { Err(errors::UNAVAILABLE) } else { Ok(()) }
    }

    fn me(&self, Me(place): Me) -> Answer<&Bot> {
        self.bots.get(place).ok_or(errors::UNAUTHORIZED)
    }

    /// A channel that the bot sees and where it has all of `needed`.
    fn channel_for(&self, Me(place): Me, channel: &str, needed: u64) -> Answer<&Channel> {
        let channel = self.channels.get(&id(channel)?).ok_or(errors::UNKNOWN_CHANNEL)?;
        self.no_outage(channel.guild)?;
        let has = self.bot_permissions(place, channel);
        if has & VIEW_CHANNEL == 0 {
            Err(errors::MISSING_ACCESS)
        } else if has & needed != needed {
            Err(errors::MISSING_PERMISSIONS)
        } else {
            Ok(channel)
        }
    }

    /// A channel or thread where the bot may post.
    fn place_to_talk(&self, me: Me, channel: &str) -> Answer<&Channel> {
        let place = self.channel_for(me, channel, 0)?;
        let needed = if place.parent.is_some() { SEND_MESSAGES_IN_THREADS } else { SEND_MESSAGES };
        let has = self.bot_permissions(me.0, place);
        if place.kind == ChannelKind::Forum {
            Err(errors::NOT_TEXT)
        } else if has & (needed | ADMINISTRATOR) == 0 {
            Err(errors::MISSING_PERMISSIONS)
        } else if place.locked && has & (MANAGE_THREADS | ADMINISTRATOR) == 0 {
            Err(errors::THREAD_LOCKED)
        } else {
            Ok(place)
        }
    }
}
