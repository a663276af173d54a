//! Who asks, and whether they may. Without a token only this machine, and no web page that a browser on it shows.

use super::answers::Refusal;
use super::hash::sha256;
use super::serve::Api;
use super::tokens::{Scope, Token};
use crate::store::stream::PERSONA;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use std::sync::Arc;
use url::Url;

/// Headers that a proxy leaves: then it is not this machine that asks.
const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who they are to the rooms: messages are theirs by this.
    pub id: String,
    /// The name that they post under.
    pub name: String,
    /// By what they were let in.
    by: By,
}

/// By what somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    /// They are on this machine, and no token is needed.
    Place,
    /// They know the one that the config names.
    Config,
    /// This token.
    Token(Token),
    /// They sign what they send, which is for one channel; whether they may post under any name.
    Webhook(bool),
}

impl Caller {
    /// Somebody on this machine.
    fn local() -> Self {
        Self { id: "local".into(), name: "API".into(), by: By::Place }
    }

    fn with(token: Token) -> Self {
        Self { id: format!("token:{}", token.identity()), name: token.name.clone(), by: By::Token(token) }
    }

    /// Whoever has signed the call of a webhook.
    pub fn webhook(name: &str, shown: &str, persona: bool) -> Self {
        Self { id: format!("webhook:{name}"), name: shown.to_owned(), by: By::Webhook(persona) }
    }

    /// Whether they may do something.
    pub fn may(&self, scope: Scope) -> bool {
        match (&self.by, scope) {
            (By::Token(token), scope) => token.may(scope),
            (By::Webhook(_), Scope::Write) => true,
            (By::Webhook(persona), Scope::Persona) => *persona,
            (By::Webhook(_), Scope::Read | Scope::Admin) => false,
            (By::Place | By::Config, _) => true,
        }
    }

    /// Whose budget of requests theirs are taken from, if anybody's.
    pub fn budget(&self) -> Option<&str> {
        self.token().map(|token| token.name.as_str())
    }

    /// Whether they may know of a channel.
    pub fn has(&self, channel: &str) -> bool {
        self.token().is_none_or(|token| token.has(channel))
    }

    fn token(&self) -> Option<&Token> {
        match &self.by {
            By::Token(token) => Some(token),
            By::Place | By::Config | By::Webhook(_) => None,
        }
    }

    /// Refuses them what they may not do.
    pub fn must(&self, scope: Scope) -> Result<(), Refusal> {
        if self.may(scope) {
            return Ok(());
        }
        if matches!(self.by, By::Webhook(_)) {
            let fix = "Leave it out, or write persona = true in [api.incoming.NAME].";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this webhook has a name of its own", fix));
        }
        let what = format!("this token has not the scope `{}`", scope.word());
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            what,
            "Make one that has it with `relay token new NAME --scope …`.",
        ))
    }

    /// Whether a message's author is theirs: themselves, or a name that they posted under.
    pub fn is(&self, author: &str) -> bool {
        author == self.id || author.strip_prefix(&self.id).is_some_and(|rest| rest.starts_with(PERSONA))
    }
}

/// Lets a request in, with who asks.
pub async fn admit(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    match who(&api, request.headers(), (None, api.is_loopback)) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Whether they still may what they might when something began.
pub fn still(api: &Api, caller: &Caller) -> bool {
    match &caller.by {
        By::Token(token) => api.tokens.holds(token),
        By::Place => api.needs_token().is_ok_and(|needs| !needs),
        By::Config | By::Webhook(_) => true,
    }
}

/// Who asks. `token` is one that the config names; without one, and only on a loopback address, whoever is on this machine.
pub fn who(
    api: &Api,
    headers: &HeaderMap,
    (token, is_loopback): (Option<&SecretString>, bool),
) -> Result<Caller, Refusal> {
    let unreadable = |error: std::io::Error| {
        tracing::error!(%error, "the API's tokens cannot be read: nobody is let in");
        Refusal::not_now()
    };
    let Some(shown) = headers.get(header::AUTHORIZATION) else {
        if is_loopback && token.is_none() && !api.needs_token().map_err(unreadable)? {
            return local(headers);
        }
        return Err(unknown("a token is needed"));
    };
    let bearer = shown.to_str().ok().and_then(|shown| {
        let (scheme, token) = shown.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(bearer) = bearer else { return Err(unknown("Authorization is not a bearer token")) };
    // Hashes tell nothing of what they are of, however long a comparison takes.
    if token.is_some_and(|token| sha256(token.expose_secret().as_bytes()) == sha256(bearer.as_bytes())) {
        return Ok(Caller { id: "matterbridge".into(), name: "API".into(), by: By::Config });
    }
    let token =
        api.tokens.find(bearer).map_err(unreadable)?.ok_or_else(|| unknown("this token is not known"))?;
    if let Some(wait) = api.budgets.take(&token.name) {
        let fix = "Send less: the answer says when to go on.";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many requests with this token", fix);
        return Err(refusal.after(wait.as_secs() + 1));
    }
    Ok(Caller::with(token))
}

fn unknown(what: &'static str) -> Refusal {
    let fix = "Send Authorization: Bearer with what `relay token new NAME` has shown.";
    Refusal::new(StatusCode::UNAUTHORIZED, what, fix)
}

/// Somebody on this machine who asks themselves. A page from elsewhere could be behind a name that leads here (DNS rebinding): the browser tells
/// by `Host` and `Origin`.
fn local(headers: &HeaderMap) -> Result<Caller, Refusal> {
    let forbidden = |what: &'static str, fix| Err(Refusal::new(StatusCode::FORBIDDEN, what, fix));
    if OF_PROXIES.iter().any(|name| headers.contains_key(*name)) {
        return forbidden(
            "a proxy asks, without a token",
            "Make one with `relay token new NAME`, and send it as Authorization: Bearer.",
        );
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        return forbidden("Host does not name this machine", "Ask http://127.0.0.1 or http://localhost.");
    }
    let origin = headers.get(header::ORIGIN);
    let is_own = |origin: &str| Url::parse(origin).is_ok_and(|url| authority(&url) == host);
    if origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_own)) {
        return forbidden("a web page asks, without a token", "Make one with `relay token new NAME`.");
    }
    Ok(Caller::local())
}

fn is_loopback(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
    if authority(&url) != host && format!("{}:80", authority(&url)) != host {
        return false;
    }
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_this_machine_needs_no_token() {
        let cases: [(&[(&str, &str)], bool); 16] = [
            (&[("host", "127.0.0.1:8724")], true),
            (&[("host", "localhost:8724")], true),
            (&[("host", "[::1]:8724")], true),
            (&[("host", "127.0.0.1")], true),
            (&[("host", "127.0.0.1:80")], true),
            (&[], false),
            (&[("host", "relay.example:8724")], false),
            (&[("host", "localhost.evil.example:8724")], false),
            (&[("host", "127.0.0.1@evil.example")], false),
            (&[("host", "10.0.0.1:8724")], false),
            (&[("host", "127.0.0.1:8724"), ("origin", "http://127.0.0.1:8724")], true),
            (&[("host", "127.0.0.1:8724"), ("origin", "http://127.0.0.1:3000")], false),
            (&[("host", "127.0.0.1:8724"), ("origin", "https://evil.example")], false),
            (&[("host", "127.0.0.1:8724"), ("origin", "null")], false),
            (&[("host", "127.0.0.1:8724"), ("x-forwarded-for", "192.0.2.1")], false),
            (&[("host", "127.0.0.1:8724"), ("via", "1.1 proxy")], false),
        ];
        for (headers, may) in cases {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(local(&all).is_ok(), may, "{headers:?}");
        }
    }
}
