//! The registration file: written for the homeserver, and read again by Relay
//! (<https://spec.matrix.org/v1.11/application-service-api/#registration>).

use super::Service;
use rand::Rng;
use relay_contract::Problem;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use url::Url;

/// How to get another file.
const ANEW: &str = "Write it anew with `relay matrix registration`, and give the homeserver the same file.";

/// What a new registration is to say.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The id that the homeserver knows it by.
    pub id: String,
    /// The homeserver's name: what stands behind the colon of its user ids.
    pub server_name: String,
    /// Where the homeserver reaches Relay.
    pub url: String,
    /// The first part of Relay's own user id.
    pub bot: String,
    /// What the first parts of all ghosts' user ids begin with.
    pub prefix: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    id: String,
    url: Option<String>,
    as_token: String,
    hs_token: String,
    sender_localpart: String,
    #[serde(default)]
    rate_limited: bool,
    /// Typing is told in transactions from 1.13 on.
    #[serde(default)]
    receive_ephemeral: bool,
    /// The same for homeservers from before that (MSC2409).
    #[serde(default, rename = "de.sorunome.msc2409.push_ephemeral")]
    push_ephemeral: bool,
    namespaces: Namespaces,
}

#[derive(Serialize, Deserialize)]
struct Namespaces {
    #[serde(default)]
    users: Vec<Namespace>,
    #[serde(default)]
    aliases: Vec<Namespace>,
    #[serde(default)]
    rooms: Vec<Namespace>,
}

#[derive(Serialize, Deserialize)]
struct Namespace {
    exclusive: bool,
    regex: String,
}

/// A new registration, with tokens that nobody has seen yet. It is a secret.
pub fn written(wanted: &Wanted) -> Result<SecretString, Problem> {
    check(wanted)?;
    let regex = format!("@{}.*:{}", literal(&wanted.prefix), literal(&wanted.server_name));
    let file = File {
        id: wanted.id.clone(),
        url: Some(wanted.url.trim_end_matches('/').to_owned()),
        as_token: token(),
        hs_token: token(),
        sender_localpart: wanted.bot.clone(),
        rate_limited: false,
        receive_ephemeral: true,
        push_ephemeral: true,
        namespaces: Namespaces {
            users: vec![Namespace { exclusive: true, regex }],
            aliases: Vec::new(),
            rooms: Vec::new(),
        },
    };
    yaml_serde::to_string(&file).map(SecretString::from).map_err(|error| {
        Problem::new(
            format!("The registration cannot be written: {error}."),
            "This is a fault of this build of Relay.",
        )
    })
}

fn check(wanted: &Wanted) -> Result<(), Problem> {
    let wrong = |what: &str, fix: &str| Err(Problem::new(what, fix));
    if wanted.id.is_empty() || !wanted.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return wrong("The id is not one.", "Use letters, digits, `.`, `_` and `-`.");
    }
    if !is_local(&wanted.bot) {
        return wrong(
            "Relay's own name is not the first part of a Matrix user id.",
            "Use small letters, digits, `.`, `_`, `=`, `-`, `/` and `+`.",
        );
    }
    if wanted.bot.starts_with(&wanted.prefix) {
        return wrong(
            "Relay's own name is among those that are kept for other people.",
            "Choose another --bot or another --prefix.",
        );
    }
    if !is_local(&wanted.prefix) || wanted.prefix.len() > 40 {
        return wrong(
            "The prefix is not the beginning of a Matrix user id.",
            "Use small letters, digits, `.`, `_`, `=`, `-`, `/` and `+`, at most 40 of them.",
        );
    }
    if ruma::ServerName::parse(&wanted.server_name).is_err() {
        return wrong(
            "The homeserver's name is not one.",
            "Write what stands behind the colon of its user ids, such as example.org.",
        );
    }
    match Url::parse(&wanted.url).is_ok_and(|url| is_base(&url)) {
        true => Ok(()),
        false => wrong(
            "The URL is not one at which a homeserver can reach Relay.",
            "Write it like http://127.0.0.1:9337.",
        ),
    }
}

fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
}

/// <https://spec.matrix.org/v1.11/appendices/#user-identifiers>
fn is_local(name: &str) -> bool {
    let holds = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._=-/+".contains(&byte);
    !name.is_empty() && name.bytes().all(holds)
}

/// 32 bytes of the system's randomness.
fn token() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text as a regular expression that matches nothing else.
fn literal(text: &str) -> String {
    let mut regex = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && !"_-:/=".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex
}

/// What a registration says, and the token that Relay shows. `listen` says where Relay listens: where left out, on loopback, on the port
/// of the registration's URL. No error shows anything of the file.
pub(crate) fn read(text: &SecretString, listen: Option<&str>) -> Result<(Service, SecretString), Problem> {
    let wrong = |what: &str| Problem::new(format!("`registration` {what}."), ANEW);
    let file: File = yaml_serde::from_str(text.expose_secret()).map_err(|error| {
        let at = error.location().map(|at| format!(" (line {})", at.line())).unwrap_or_default();
        wrong(&format!("is not an application service's registration{at}"))
    })?;
    let is_token = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token(&file.as_token) || !is_token(&file.hs_token) {
        return Err(wrong("has an empty token, or one with blanks"));
    }
    if file.id.is_empty() || !is_local(&file.sender_localpart) {
        return Err(wrong("has no `id`, or no `sender_localpart` that can be one"));
    }
    let exclusive = file.namespaces.users.iter().find(|users| users.exclusive);
    let Some(prefix) = exclusive.and_then(|users| prefix(&users.regex)) else {
        return Err(wrong("has no exclusive namespace of users that all begin alike, such as @_relay_.*"));
    };
    if file.sender_localpart.starts_with(&prefix) {
        return Err(wrong("has a `sender_localpart` among the users that are kept for other people"));
    }
    let Some((url, port)) = file.url.as_deref().and_then(|url| {
        let parsed = Url::parse(url).ok().filter(is_base)?;
        Some((url.to_owned(), parsed.port_or_known_default()?))
    }) else {
        return Err(wrong("has no `url` at which the homeserver reaches Relay"));
    };
    let listen = match listen {
        None => SocketAddr::from(([127, 0, 0, 1], port)),
        Some(written) => written.parse().map_err(|_| {
            Problem::new("`listen` is not an address and a port.", "Write it like \"127.0.0.1:9337\".")
        })?,
    };
    let (hs_token, bot) = (SecretString::from(file.hs_token), file.sender_localpart);
    let service = Service { id: file.id, url, listen, hs_token, bot, prefix };
    Ok((service, SecretString::from(file.as_token)))
}

/// The first part of the user ids that a regular expression matches, up to where they differ; none where they have none in common.
fn prefix(regex: &str) -> Option<String> {
    let regex = regex.strip_prefix('^').unwrap_or(regex).strip_prefix('@')?;
    let (mut prefix, mut chars) = (String::new(), regex.chars());
    loop {
        match chars.next()? {
            '\\' => prefix.push(chars.next()?),
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || "_=-/".contains(c) => prefix.push(c),
            // What may be missing belongs to nobody's beginning.
            '*' | '?' | '{' | '|' => return None,
            '.' | '[' | '(' => break,
            _ => return None,
        }
    }
    is_local(&prefix).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            id: "relay".into(),
            server_name: "example.org".into(),
            url: "http://127.0.0.1:9337/".into(),
            bot: "relay".into(),
            prefix: "_relay_".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = written(&wanted()).expect("a registration");
        for line in [
            "url: http://127.0.0.1:9337\n",
            "rate_limited: false\n",
            "exclusive: true\n",
            "regex: '@_relay_.*:example\\.org'\n",
            "receive_ephemeral: true\n",
        ] {
            let plain = text.expose_secret().replace(['\'', '"'], "");
            assert!(plain.contains(&line.replace('\'', "")), "{line} in {plain}");
        }
        let (service, token) = read(&text, None).expect("the same");
        assert_eq!(
            (service.id.as_str(), service.bot.as_str(), service.prefix.as_str()),
            ("relay", "relay", "_relay_")
        );
        assert_eq!(service.listen.to_string(), "127.0.0.1:9337");
        assert_eq!(read(&text, Some("[::1]:7")).expect("the same").0.listen.to_string(), "[::1]:7");
        assert!(
            token.expose_secret().len() == 64 && token.expose_secret() != service.hs_token.expose_secret()
        );
        assert!(!format!("{service:?}").contains(service.hs_token.expose_secret()));
        let other = written(&wanted()).expect("another");
        assert_ne!(other.expose_secret(), text.expose_secret());
    }

    #[test]
    fn what_cannot_be_registered_is_refused() {
        type Change = fn(&mut Wanted);
        let cases: [(Change, &str); 6] = [
            (|it| it.id = "a b".into(), "id"),
            (|it| it.bot = "Relay".into(), "own name"),
            (|it| it.prefix = String::new(), "prefix"),
            (|it| it.prefix = "x".repeat(41), "prefix"),
            (|it| it.server_name = "two words".into(), "homeserver's name"),
            (|it| it.url = "9337".into(), "URL"),
        ];
        for (change, said) in cases {
            let mut wanted = wanted();
            change(&mut wanted);
            let problem = written(&wanted).map(|_| ()).expect_err(said).to_string();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn files_that_cannot_work_are_named_and_not_shown() {
        let file = |from: &str, to: &str| {
            let good = "id: relay\nurl: http://localhost:9337\nas_token: hunter2\nhs_token: hunter3\nsender_localpart: relay\n\
                        namespaces:\n  users:\n  - exclusive: true\n    regex: '@_relay_.*'\n";
            assert!(good.contains(from), "{from}");
            good.replace(from, to)
        };
        let cases = [
            (file("id: relay", "id: relay2"), None),
            (file("- exclusive: true", "- exclusive: false"), Some("no exclusive namespace")),
            (file("'@_relay_.*'", "'.*'"), Some("no exclusive namespace")),
            (file("'@_relay_.*'", "'@_?relay.*'"), Some("no exclusive namespace")),
            (file("sender_localpart: relay", "sender_localpart: _relay_bot"), Some("kept for other people")),
            (file("hunter2", "''"), Some("empty token")),
            (file("url: http://localhost:9337", "url: null"), Some("no `url`")),
            (file("hs_token: hunter3\n", ""), Some("not an application service's registration")),
            ("as_token: [hunter2".to_owned(), Some("not an application service's registration")),
            ("hunter2".to_owned(), Some("not an application service's registration")),
        ];
        for (text, expected) in cases {
            match (read(&SecretString::from(text.clone()), None), expected) {
                (Ok(_), None) => {}
                (Err(problem), Some(said)) => {
                    let problem = problem.to_string();
                    assert!(problem.contains(said) && !problem.contains("hunter"), "{text}: {problem}");
                }
                (read, _) => panic!("{text}: {:?}", read.map(|_| ())),
            }
        }
        let good = SecretString::from(file("id: relay", "id: r"));
        let problem = read(&good, Some("9337")).map(|_| ()).expect_err("no address").to_string();
        assert!(problem.contains("`listen`"), "{problem}");
    }

    #[test]
    fn prefixes() {
        let cases = [
            ("@_relay_.*:example\\.org", Some("_relay_")),
            ("^@_relay_.*$", Some("_relay_")),
            ("@a\\.b[0-9]+", Some("a.b")),
            ("@.*", None),
            ("_relay_.*", None),
            ("@relay", None),
            ("@rel*", None),
        ];
        for (regex, expected) in cases {
            assert_eq!(prefix(regex).as_deref(), expected, "{regex}");
        }
    }
}
