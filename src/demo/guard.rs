//! Only this machine's own pages may look and act. Listening on loopback is not enough: any web page that is open in the
//! visitor's browser can send requests to 127.0.0.1, and a hostile DNS name can point there.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Nothing from elsewhere, nothing inline. Faces may come from the stand-ins, which listen on ports of their own; what people attach comes
/// through this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: http://127.0.0.1:*; media-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets a request through if its `Host` is a loopback name, and a change only if it is JSON, which another origin cannot send
/// without being asked for permission first; nobody gives it.
pub async fn guard(request: Request, next: Next) -> Response {
    if !host(request.headers()).is_some_and(is_loopback) {
        return (StatusCode::FORBIDDEN, "This page is for 127.0.0.1 and localhost.\n").into_response();
    }
    if *request.method() != Method::GET && !is_json(request.headers()) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Changes are sent as application/json.\n")
            .into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        // A file has a stricter policy of its own.
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (host, ours) in [
            ("127.0.0.1:8711", true),
            ("127.0.0.1", true),
            ("LOCALHOST:1", true),
            ("[::1]:8711", true),
            ("[::1]", true),
            ("127.0.0.1.evil.example:8711", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("evil.example:127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), ours, "{host}");
        }
    }
}
