//! What each change of a config leads to.

use super::*;
use std::path::Path;

const BEFORE: &str = "[relay]\ndata_dir = \"state\"\n\
    [accounts.owls]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n\
    [accounts.hikers]\nplatform = \"discord\"\ntoken = { env = \"CARGO_PKG_NAME\" }\n\
    [channels.lobby]\nlinks = [\"owls:1\", \"hikers:5\"]\n";

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/relay/bridges.toml")).unwrap()
}

/// What a change of the text leads to.
fn plan(change: &[(&str, &str)]) -> String {
    let after = change.iter().fold(BEFORE.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    Plan::between(&config(BEFORE), &config(&after)).to_string()
}

#[test]
fn each_change_is_one_line_and_nothing_else() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], ""),
        (&[("[\"owls:1\", \"hikers:5\"]", "[\"hikers:5\", \"owls:1\"]")], ""),
        (&[("\"owls:1\"", "\"owls:1\", \"owls:2\"")], "+ link owls:2 in lobby\n"),
        (&[("\"owls:1\", ", "")], "- link owls:1 in lobby\n"),
        (
            &[("\"owls:1\"", "{ room = \"owls:1\", direction = \"in\", bots = true }")],
            "~ link owls:1 in lobby: direction both → in, bots\n",
        ),
        (
            &[("lobby", "garden")],
            "+ channel garden\n+ link hikers:5 in garden\n+ link owls:1 in garden\n\
             - channel lobby\n- link hikers:5 in lobby\n- link owls:1 in lobby\n",
        ),
        (
            &[("[channels.lobby]", "[channels.lobby]\nprivacy = \"minimal\"\nconnect = \"open\"")],
            "~ channel lobby: connect, privacy full → minimal\n",
        ),
        (
            &[("[channels.lobby]", "[channels.lobby]\nconsent = \"opt_in\"")],
            "~ channel lobby: consent notice → opt_in\n",
        ),
        (
            &[("{ env = \"PATH\" }\n[accounts.hikers]", "{ env = \"HOME\" }\n[accounts.hikers]")],
            "~ account owls (discord): token\n",
        ),
        (
            &[(
                "[channels",
                "[accounts.more]\nplatform = \"discord\"\ntoken = { env = \"CARGO_PKG_VERSION\" }\n[channels",
            )],
            "+ account more (discord)\n",
        ),
        (
            &[("[accounts.hikers]", "unsure = \"hold\"\n[accounts.hikers]")],
            "~ account owls (discord): unsure\n",
        ),
        (
            &[("\"state\"", "\"state\"\nflood = \"off\"\nprivacy = \"balanced\"")],
            "~ [relay]: flood, privacy full → balanced\n",
        ),
        (
            &[
                ("[channels.lobby]", "[channels.lobby]\nlanguage = \"de\""),
                ("\"state\"", "\"state\"\nlanguage = \"de\""),
            ],
            "~ channel lobby: language\n~ [relay]: language en → de\n",
        ),
        (
            &[("\"state\"", "\"state\"\nlisten = \"127.0.0.1:1\"")],
            "! listen in [relay]: only a restart takes it\n",
        ),
        (&[("\"state\"", "\"other\"")], "! data_dir in [relay]: only a restart takes it\n"),
        (&[("[channels", "[alerts]\nroom = \"owls:9\"\n[channels")], "! [alerts]: only a restart takes it\n"),
    ];
    for (change, expected) in cases {
        assert_eq!(plan(change), *expected, "{change:?}");
    }
}

#[test]
fn a_secret_is_compared_and_never_shown() {
    let shown = plan(&[("env = \"PATH\"", "env = \"HOME\"")]);
    assert!(!shown.contains(&std::env::var("HOME").unwrap()), "{shown}");
}

#[test]
fn what_starts_is_all_that_is_there() {
    let started = Plan::start(&config(BEFORE)).to_string();
    assert_eq!(
        started,
        "+ account hikers (discord)\n+ account owls (discord)\n\
         + channel lobby\n+ link hikers:5 in lobby\n+ link owls:1 in lobby\n"
    );
}

#[test]
fn who_is_told_what_is_the_same_until_something_of_it_changes() {
    let alerts = |more: &str| {
        let all = format!("[alerts]\nroom = \"owls:9\"\nlate = \"5 minutes\"\n{more}");
        config(&BEFORE.replace("[channels", &format!("{all}[channels")))
    };
    let webhook = "[alerts.webhook]\nurl = \"https://example.org/a\"\n";
    let email = "[alerts.email]\nserver = \"localhost\"\nfrom = \"r@a\"\nto = \"a@b\"\nuser = \"r\"\npassword = { env = \"HOME\" }\n";
    let before = alerts(&format!("{webhook}{email}"));
    assert!(Plan::between(&before, &alerts(&format!("{email}{webhook}"))).is_empty());
    let (other_url, other_user) = (webhook.replace("/a", "/b"), email.replace("\"r\"", "\"s\""));
    let others = [
        alerts(webhook),
        alerts(&format!("quiet = \"22:00-07:00\"\n{webhook}{email}")),
        alerts(&format!("{other_url}{email}")),
        alerts(&format!("{webhook}{other_user}")),
        alerts(&format!("{webhook}{}", email.replace("HOME", "PATH"))),
    ];
    for (number, other) in others.iter().enumerate() {
        assert_eq!(Plan::between(&before, other).restart, ["[alerts]"], "{number}");
    }
}

#[test]
fn a_file_that_is_named_from_where_it_lies_and_in_full_is_the_same() {
    let of = |path: &Path| Config::parse(BEFORE, path).unwrap();
    let whole = std::path::absolute("bridges.toml").unwrap();
    let plan = Plan::between(&of(Path::new("bridges.toml")), &of(&whole));
    assert!(plan.is_empty(), "{plan}");
    let elsewhere = Plan::between(&of(Path::new("bridges.toml")), &of(Path::new("/elsewhere/bridges.toml")));
    assert_eq!(elsewhere.restart, ["data_dir in [relay]"]);
}
