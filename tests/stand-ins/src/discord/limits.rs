//! Discord's rate limits, where the world or a control call wants them enforced: buckets and their headers, the global limit, and the ban
//! of an address that asks for too much that is refused.
//!
//! <https://discord.com/developers/docs/topics/rate-limits>. Sizes of buckets are not documented: these are what Discord's headers tell,
//! and the limit of a channel's webhooks is known from use (<https://github.com/discord/discord-api-docs/issues/4043>).

use super::Discord;
use super::rest::reset;
use super::state::State as All;
use crate::limits::{Ceiling, Full, Standing, Window, is_invalid};
use crate::server::Connection;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const fn fixed(name: &'static str, most: usize, millis: u64) -> Ceiling {
    Ceiling { name, most, within: Duration::from_millis(millis), window: Window::Fixed }
}

const fn sliding(name: &'static str, most: usize, seconds: u64) -> Ceiling {
    Ceiling { name, most, within: Duration::from_secs(seconds), window: Window::Sliding }
}

/// What one webhook posts.
const WEBHOOK: Ceiling = fixed("webhook", 5, 2_000);
/// What all webhooks of one channel post: shared, and told by nothing but its 429.
const WEBHOOKS_OF_A_CHANNEL: Ceiling = sliding("webhooks of a channel", 30, 60);
/// What a bot posts in one channel.
const MESSAGES: Ceiling = fixed("messages", 5, 5_000);
/// A bot's reactions in one channel.
const REACTIONS: Ceiling = fixed("reactions", 1, 250);
/// Everything that a bot does, or somebody without a token.
const GLOBAL: Ceiling = fixed("global", 50, 1_000);
/// Answers 401, 403 and 429 to one address.
const INVALID: Ceiling = sliding("invalid", 10_000, 600);

/// How far a limit reaches, in Discord's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    User,
    Shared,
    Global,
}

/// The ceilings of a request, each for somebody: its bucket, where it has one, comes first.
fn ceilings(state: &All, method: &Method, path: &str, who: &str) -> Vec<(Ceiling, String, Scope)> {
    let path: Vec<&str> = path.trim_start_matches("/api/v10/").split('/').collect();
    let mut asked = Vec::new();
    match (method.as_str(), &path[..]) {
        // Interactions have no global limit.
        (_, ["interactions", ..]) => return asked,
        (_, ["webhooks", id, token, ..]) => {
            let webhook = id.parse().ok().and_then(|id: u64| state.webhooks.get(&id));
            match webhook.filter(|webhook| webhook.token == *token) {
                Some(webhook) if method == Method::POST && path.len() == 3 => {
                    let channel = webhook.channel.to_string();
                    asked.push((WEBHOOK, webhook.id.to_string(), Scope::User));
                    asked.push((WEBHOOKS_OF_A_CHANNEL, channel, Scope::Shared));
                }
                Some(_) => {}
                None => return asked,
            }
        }
        ("POST", ["channels", channel, "messages"]) => {
            asked.push((MESSAGES, format!("{channel} {who}"), Scope::User));
        }
        ("PUT" | "DELETE", ["channels", channel, "messages", _, "reactions", ..]) => {
            asked.push((REACTIONS, format!("{channel} {who}"), Scope::User));
        }
        _ => {}
    }
    asked.push((GLOBAL, who.to_owned(), Scope::Global));
    asked
}

/// Layer: refuses what exceeds a limit, and tells how the bucket stands.
pub async fn limit(
    State(discord): State<Arc<Discord>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    if !discord.limits.armed() || !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let token = request.headers().get(header::AUTHORIZATION).and_then(|token| token.to_str().ok());
    let who = token.map_or_else(|| connection.peer.ip().to_string(), str::to_owned);
    let asked = ceilings(&discord.state(), request.method(), request.uri().path(), &who);
    let wanted: Vec<(Ceiling, &str)> =
        asked.iter().map(|(ceiling, whose, _)| (*ceiling, whose.as_str())).collect();
    // The bucket's own, whatever refuses: a shared limit has no headers.
    let bucket = asked.first().filter(|(.., scope)| *scope == Scope::User);
    match discord.limits.take(&wanted) {
        Ok(standings) => {
            let standing = standings.and_then(|all| all.first().copied());
            let mut answer = next.run(request).await;
            if let (Some((ceiling, ..)), Some(standing)) = (bucket, standing) {
                told(answer.headers_mut(), *ceiling, standing);
            }
            answer
        }
        Err(Full { at, standing }) => {
            let scope = asked.get(at).map_or(Scope::Global, |(.., scope)| *scope);
            let mut answer = refused(scope, standing.opens);
            if let Some((ceiling, whose, _)) = bucket
                && let Some(standing) = discord.limits.standing(*ceiling, whose)
            {
                told(answer.headers_mut(), *ceiling, standing);
            }
            answer
        }
    }
}

fn refused(scope: Scope, after: Duration) -> Response {
    let (word, message) = match scope {
        Scope::User => ("user", "You are being rate limited."),
        Scope::Shared => ("shared", "The resource is being rate limited."),
        Scope::Global => ("global", "You are being rate limited."),
    };
    let seconds = after.as_secs_f64();
    // The header counts whole seconds, the body thousandths.
    let headers =
        [("retry-after", format!("{:.0}", seconds.ceil().max(1.0))), ("x-ratelimit-scope", word.to_owned())];
    let global = scope == Scope::Global;
    let body =
        json!({ "message": message, "retry_after": (seconds * 1_000.0).ceil() / 1_000.0, "global": global });
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response();
    if global {
        answer.headers_mut().insert("x-ratelimit-global", HeaderValue::from_static("true"));
    }
    answer
}

fn told(headers: &mut HeaderMap, ceiling: Ceiling, standing: Standing) {
    let after = standing.resets.as_secs_f64();
    for (name, value) in [
        ("x-ratelimit-limit", ceiling.most.to_string()),
        ("x-ratelimit-remaining", standing.left.to_string()),
        ("x-ratelimit-reset", reset(after)),
        ("x-ratelimit-reset-after", format!("{:.3}", (after * 1_000.0).ceil() / 1_000.0)),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Layer, around the one above: an address that was refused too often is answered by the network in front of Discord, with a page and
/// without Discord's `Via`, until it has been quiet for long enough.
///
/// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
pub async fn ban(
    State(discord): State<Arc<Discord>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let address = connection.peer.ip().to_string();
    if let Some(standing) = discord.limits.standing(INVALID, &address).filter(|standing| standing.left == 0) {
        let after = format!("{:.0}", standing.opens.as_secs_f64().ceil().max(1.0));
        let headers = [("retry-after", after), ("content-type", "text/html; charset=UTF-8".to_owned())];
        let page =
            "<!DOCTYPE html><title>Access denied</title><h1>Error 1015</h1><p>You are being rate limited</p>";
        return (StatusCode::TOO_MANY_REQUESTS, headers, page).into_response();
    }
    let answer = next.run(request).await;
    if is_invalid(answer.status(), answer.headers()) {
        // Full is what it will be.
        let _ = discord.limits.take(&[(INVALID, &address)]);
    }
    answer
}
