//! Where an answer to a command may go.

use url::Url;

/// A response URL as a whole, if it belongs to this API: on its host or below it (`hooks.slack.com` for
/// `https://slack.com/api`), by the same scheme and port, and without a user. Whoever holds such a URL can post
/// (<https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses>): it is a secret, and never shown.
pub fn of_api(api: &str, response_url: &str) -> Option<Url> {
    let (api, url) = (Url::parse(api).ok()?, Url::parse(response_url).ok()?);
    let (home, host) = (api.host_str()?, url.host_str()?);
    let below = || matches!(api.host(), Some(url::Host::Domain(_))) && host.ends_with(&format!(".{home}"));
    let same = api.scheme() == url.scheme() && api.port_or_known_default() == url.port_or_known_default();
    let plain = url.username().is_empty() && url.password().is_none();
    (same && plain && (host == home || below())).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        const SLACK: &str = "https://slack.com/api";
        const LOCAL: &str = "http://127.0.0.1:8080/api";
        let cases = [
            (SLACK, "https://hooks.slack.com/commands/T1/2/x", true),
            (SLACK, "https://slack.com/x", true),
            (SLACK, "https://HOOKS.SLACK.COM:443/app/T1/2/x", true),
            (SLACK, "http://hooks.slack.com/commands/T1/2/x", false),
            (SLACK, "https://hooks.slack.com:8443/commands/T1/2/x", false),
            (SLACK, "https://hooks.slack.com@evil.example/x", false),
            (SLACK, "https://somebody:secret@hooks.slack.com/x", false),
            (SLACK, "https://evilslack.com/x", false),
            (SLACK, "https://slack.com.evil.example/x", false),
            (SLACK, "https://evil.example/hooks.slack.com", false),
            (SLACK, "https://127.0.0.1/x", false),
            (SLACK, "file:///etc/passwd", false),
            (SLACK, "", false),
            ("https://slack-gov.com/api", "https://hooks.slack-gov.com/x", true),
            (LOCAL, "http://127.0.0.1:8080/commands/x", true),
            (LOCAL, "http://127.0.0.1:8081/commands/x", false),
            (LOCAL, "http://1.127.0.0.1:8080/x", false),
            (LOCAL, "https://hooks.slack.com/commands/x", false),
        ];
        for (api, url, expected) in cases {
            assert_eq!(of_api(api, url).is_some(), expected, "{url} for {api}");
        }
    }
}
