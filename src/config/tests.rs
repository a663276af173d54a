//! Mistakes, by table: what is written, and which line is reported with which words.

use super::*;

/// Without its accounts a file only says that there are none; so every case has one.
const ACCOUNT: &str = "[accounts.owls]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n";

fn mistakes(text: &str) -> Vec<(usize, String, String)> {
    match Config::parse(text, Path::new("bridges.toml")) {
        Ok(_) => Vec::new(),
        Err(found) => found.mistakes.into_iter().map(|m| (m.line, m.what, m.help)).collect(),
    }
}

#[test]
fn each_mistake_has_its_line_and_its_way_out() {
    let cases = [
        ("[relay]\nlisten = \"nonsense\"", 5, "not an address", "127.0.0.1:8722"),
        ("[relay]\nlissten = \"127.0.0.1:1\"", 5, "no key `lissten`", "`listen`"),
        ("[chanels.x]\nlinks = []", 4, "no key `chanels`", "`channels`"),
        ("[channels.x]\nlink = []", 5, "no key `link`", "`links`"),
        ("[channels.x]\nlinks = [\"ows:1\"]", 5, "no account `ows`", "`owls`"),
        ("[channels.x]\nlinks = [\n  \"owls:1\",\n  \"owls:1\",\n]", 7, "linked twice", "Remove one"),
        ("[channels.x]\nlinks = [\"owls\"]", 5, "does not name", "ACCOUNT:ROOM"),
        (
            "[channels.x]\nlinks = [{ room = \"owls:1\", direction = \"inn\" }]",
            5,
            "no direction `inn`",
            "`in`",
        ),
        ("[channels.x]\nlinks = 1", 5, "not a list", "list"),
        ("[accounts.b]\nplatform = \"discrod\"", 5, "no platform `discrod`", "`discord`"),
        ("[accounts.b]\nplatform = \"telegram\"", 4, "`token` in [accounts.b] is missing", "token ="),
        ("[accounts.b]\nplatform = \"telegram\"\ntoken = \"123:abc\"", 6, "plain text", "env"),
        (
            "[accounts.b]\nplatform = \"telegram\"\ntoken = { env = \"RELAY_NOT_SET\" }",
            6,
            "is not set",
            "export",
        ),
        (
            "[accounts.b]\nplatform = \"telegram\"\ntoken = { file = \"/nowhere\" }",
            6,
            "cannot be read",
            "chmod",
        ),
        ("[accounts.b]\nplatform = \"telegram\"\ntoken = { }", 6, "0 sources", "env"),
        (
            "[accounts.b]\nplatform = \"discord\"\ntoken = { env = \"HOME\" }\napi_url = \"discord.com\"",
            7,
            "not a URL",
            "://",
        ),
        ("[channels.x\nlinks = []", 4, "not TOML", "KEY = VALUE"),
        ("[alerts]\nquiet = \"22:00-07:00\"", 4, "whom [alerts] tells is missing", "room ="),
        ("[alerts]\nroom = \"ows:1\"", 5, "no account `ows`", "`owls`"),
        (
            "[alerts]\nroom = \"owls:1\"\nquiet = \"at night\"",
            6,
            "`quiet` does not name hours",
            "22:00-07:00",
        ),
        (
            "[alerts]\nroom = \"owls:1\"\ntime_zone = \"Mars/Base\"",
            6,
            "`time_zone` is not known",
            "Europe/Berlin",
        ),
        ("[alerts]\nroom = \"owls:1\"\nlate = \"2 days\"", 6, "`late` is not a span", "5 minutes"),
        ("[alerts]\nroom = \"owls:1\"\nrooms = 1", 6, "[alerts] has no key `rooms`", "`room`"),
        ("[alerts]\nwebhook = \"http://example.org/x\"", 5, "not a URL that can be called", "https://"),
        ("[alerts.webhook]\nprivate = true", 4, "`url` in [alerts.webhook] is missing", "url ="),
        ("[alerts.webhook]\nurl = { env = \"PATH\" }", 5, "not a URL that can be called", "https://"),
        (
            "[alerts.webhook]\nurl = \"https://example.org/x\"\nsecret = { env = \"PATH\" }",
            6,
            "`secret` is not",
            "openssl",
        ),
        ("[alerts.email]\nserver = \"a\"\nfrom = \"r@a\"", 4, "`to` in [alerts.email] is missing", "to ="),
        (
            "[alerts.email]\nserver = \"a\"\nfrom = \"r@a\"\nto = \"Ada <a@b>\"",
            7,
            "not an email address",
            "without a name",
        ),
        (
            "[alerts.email]\nserver = \"a\"\nfrom = \"r@a\"\nto = \"a@b\"\ntls = \"none\"",
            5,
            "on this machine only",
            "starttls",
        ),
        (
            "[alerts.email]\nserver = \"a\"\nfrom = \"r@a\"\nto = \"a@b\"\nuser = \"r\"",
            8,
            "belong together",
            "both",
        ),
        (
            "[alerts.email]\nserver = \"a\"\nfrom = \"r@a\"\nto = \"a@b\"\nuser = \"r\"\npassword = \"x\"",
            9,
            "plain text",
            "env",
        ),
        ("[channels.x]\nlinks = []\nconnect = \"opn\"", 6, "no connect `opn`", "`open`"),
        ("[channels.x]\nlinks = []\nowners = \"owls:1\"", 6, "not a list", "list"),
        ("[channels.x]\nlinks = []\nowners = [\"ows:1\"]", 6, "no account `ows`", "`owls`"),
        ("[channels.x]\nlinks = [{ room = \"owls:1\", bots = 1 }]", 5, "`bots` is", "true or false"),
        ("[channels.x]\nlinks = [{ room = \"owls:1\", name = \"x\" }]", 5, "says nothing of who", "{name}"),
        (
            "[channels.x]\nlinks = [{ room = \"owls:1\", notices = \"eech\" }]",
            5,
            "no notices `eech`",
            "`each`",
        ),
        (
            "[channels.x]\nlinks = [{ room = \"owls:1\", moderates = \"yes\" }]",
            5,
            "`moderates` is",
            "true or false",
        ),
        ("[channels.x]\nlinks = [{ room = \"owls:1\", delete_on = \"12\" }]", 5, "is not an emoji", "emoji"),
        ("[relay]\nkeep_days = -1", 5, "not a number of days", "from 0"),
        ("[relay]\nkeep_days = 9999", 5, "not a number of days", "3650"),
        ("[relay]\naudit_days = \"1 year\"", 5, "`audit_days` is not a number of days", "0 (nothing)"),
        ("[relay]\nleast_free = 10", 5, "`least_free` is integer", "text in quotes"),
        ("[relay]\nleast_free = \"some\"", 5, "`least_free` is not a size", "10 GB"),
        ("[media]\nkeep_days = 0", 5, "not a number of days", "from 1 to"),
        ("[media]\nkeep_days = \"30\"", 5, "not a number of days", "without quotes"),
        ("[media]\nmost = 10", 5, "`most` is integer", "text in quotes"),
        ("[media]\nmost = \"much\"", 5, "`most` is not a size", "10 GB"),
        ("[media]\nmost = \"1 MB\"\nlargest = \"2 MB\"", 6, "more than `most`", "1 MB"),
        ("[media]\nstrip_metadata = \"no\"", 5, "`strip_metadata` is", "true or false"),
        ("[media]\nlisten = \"127.0.0.1:1\"", 5, "needs `url`", "https://"),
        ("[media]\nurl = \"https://media.example.org\"", 5, "needs `listen`", "127.0.0.1:8723"),
        ("[media]\nlisten = \"here\"\nurl = \"https://x.org\"", 5, "not an address", "127.0.0.1:8723"),
        ("[media]\nlisten = \"[::1]:1\"\nurl = \"ftp://x.org\"", 6, "not a URL", "https://"),
        ("[media]\nlisten = \"[::1]:1\"\nurl = \"https://a:b@x.org\"", 6, "not a URL", "https://"),
        (
            "[relay]\nlisten = \"[::1]:1\"\n[media]\nlisten = \"[::1]:1\"\nurl = \"https://x.org\"",
            7,
            "the same as in [relay]",
            "another port",
        ),
        ("deaf_after = 0", 4, "not a number of seconds", "from 1 to 86400"),
        ("deaf_after = \"60 s\"", 4, "not a number of seconds", "without quotes"),
        ("pace = 60", 4, "not for the platform's own server", "`api_url`"),
        ("pace = 0\napi_url = \"http://127.0.0.1:1\"", 4, "not a number of times", "from 1 to 10000"),
        ("[relay]\nflood = \"30\"", 5, "not so much a minute", "\"30 per minute\""),
        ("[relay]\nflood = 30", 5, "`flood`", "in quotes"),
        ("[media]\nkep_days = 3", 5, "no key `kep_days`", "`keep_days`"),
        ("[channels.x]\nconnect = \"closed\"", 4, "`links` in [channels.x] is missing", "links ="),
    ];
    for (written, line, what, help) in cases {
        let found = mistakes(&format!("{ACCOUNT}{written}"));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert_eq!(found[0].0, line, "{written}: {found:?}");
        assert!(found[0].1.contains(what), "{written}: {found:?}");
        assert!(found[0].2.contains(help), "{written}: {found:?}");
    }
}

#[test]
fn six_mistakes_are_six() {
    let text = "[relay]\nlisten = 80\n[accounts.owls]\nplatform = \"discord\"\ntokn = 1\ntoken = { env = \"RELAY_NOT_SET\" }\n\
                [channels.lobby]\nlinks = [\"owls:1\", \"nobody:2\", { room = \"owls:3\", direction = \"up\" }, \"owls:1\"]\n";
    let lines: Vec<_> = mistakes(text).into_iter().map(|(line, ..)| line).collect();
    assert_eq!(lines, [2, 5, 6, 8, 8, 8]);
}

/// A webhook without anything wrong, but for one line.
#[test]
fn each_mistake_of_a_webhook_has_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, secret: &str| {
        std::fs::write(folder.path().join(name), secret).unwrap();
    };
    write("good", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    write("bad", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let incoming = "[api.incoming.b]\nchannel = \"x\"\nsecret = { file = \"good\" }\n";
    let outgoing =
        "[api.outgoing.b]\nchannel = \"x\"\nsecret = { file = \"good\" }\nurl = \"https://a.example/\"\n";
    let private = outgoing.replace("https", "http") + "private = true\n";
    let found = |api: &str, webhook: &str| {
        let text = format!(
            "[api]\nlisten = \"[::1]:1\"\n{api}\n{webhook}[channels.x]\nlinks = []\n[channels.y]\nlinks = []\n"
        );
        let parsed = Config::parse(&text, &folder.path().join("bridges.toml"));
        parsed.err().map_or_else(Vec::new, |found| {
            found.mistakes.into_iter().map(|m| (m.line, m.what, m.help)).collect()
        })
    };
    for whole in [incoming, outgoing, &private] {
        assert_eq!(found("", whole), [], "{whole}");
    }
    let other = |webhook: &str, from: &str, to: &str| {
        assert!(webhook.contains(from), "{from}");
        webhook.replace(from, to)
    };
    let cases = [
        (
            other(incoming, "channel = \"x\"\n", ""),
            4,
            "`channel` in [api.incoming.b] is missing",
            "channel =",
        ),
        (other(incoming, "\"x\"", "\"z\""), 5, "no channel `z`", "`x`"),
        (other(incoming, "\"x\"", "1"), 5, "`channel` is integer", "text in quotes"),
        (
            other(incoming, "secret = { file = \"good\" }\n", ""),
            4,
            "`secret` in [api.incoming.b] is missing",
            "secret =",
        ),
        (other(incoming, "good", "bad"), 6, "not `whsec_`", "openssl"),
        (other(incoming, "{ file = \"good\" }", "\"whsec_x\""), 6, "plain text", "env"),
        (other(incoming, "incoming.b", "incoming.\"b c\""), 4, "cannot be a name", "letters"),
        (format!("{incoming}name = \"a\\nb\"\n"), 7, "cannot be shown", "one line"),
        (format!("{incoming}persona = 1\n"), 7, "`persona` is integer", "true or false"),
        (format!("{incoming}url = \"https://a.example/\"\n"), 7, "no key `url`", "`channel`"),
        (other(outgoing, "https", "http"), 7, "not a URL that can be used", "private = true"),
        (other(outgoing, "https://", "https://me:you@"), 7, "not a URL that can be used", "https://host"),
        (other(outgoing, "https://a.example/", "a.example"), 7, "not a URL that can be used", "https://host"),
        (
            other(outgoing, "url = \"https://a.example/\"\n", ""),
            4,
            "`url` in [api.outgoing.b] is missing",
            "url =",
        ),
        (format!("{outgoing}private = \"no\"\n"), 8, "`private` is", "true or false"),
    ];
    for (webhook, line, what, help) in cases {
        let found = found("", &webhook);
        assert!(found.len() == 1 && found[0].0 == line, "{webhook}: {found:?}");
        assert!(found[0].1.contains(what) && found[0].2.contains(help), "{webhook}: {found:?}");
    }
    let found = found("channels = [\"y\"]", incoming);
    assert!(found.len() == 1 && found[0].1.contains("does not have this channel"), "{found:?}");
    let account = "[accounts.webhooks]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n";
    let found = mistakes(&format!("{account}[api]\nlisten = \"[::1]:1\"\n"));
    assert!(found.len() == 1 && found[0].1.contains("of Relay's own API"), "{found:?}");
}

/// Wherever a secret is pasted, the words of a mistake and the text around it do not have it.
#[test]
fn a_secret_never_shows() {
    let account = "[accounts.b]\nplatform = \"telegram\"\n";
    for secret in ["MTIz.SECRET", "123456:AAF-SECRET_x", "xoxb-12-SECRET", "xapp-1-SECRET/x", "Söcrét.SECRET"]
    {
        let forms = [
            format!("token = \"{secret}\""),
            format!("token = '{secret}'"),
            format!("token = {secret}"),
            format!("token = \"{secret}\nceilings = 1"),
            format!("token = \"\"\"\n{secret}\n\"\"\""),
            format!("token =\n{secret}"),
            format!("token: {secret}"),
            format!("token {secret} = 1"),
            format!("token = {secret}="),
            secret.to_owned(),
            format!("# {secret}\nceilings = 1"),
            format!("ceilings = 1 # {secret}"),
            format!("platform = \"telegram\", token = \"{secret}\""),
            format!("ceilings = true {secret}"),
            format!("tokn = \"{secret}\"\nceilings = 1"),
            format!("token = {{ value = \"{secret}\" }}"),
            format!("token = {{ \"{secret}\" }}"),
            format!("token = {{ env = \"{secret}\" }}"),
            format!("token = {{ env = {secret} }}"),
            format!("token = {{ file = \"{secret}\" }}"),
            format!("token = {{ credential = \"{secret}\" }}"),
            format!("token = [\"{secret}\"]"),
            format!("token = [\n  \"{secret}\"\n]"),
            format!("api_url = \"http://user:{secret}@host\""),
            format!("api_url = \"user:{secret}@host\""),
            format!("api_url = \"nothing://host/bot{secret}:x\""),
            format!("[relay]\nlisten = \"http://user:{secret}@host\""),
            format!("[media]\nurl = \"https://user:{secret}@host\""),
            format!("[media]\nurl = \"https://host/{secret}:x\"\nlisten = 1"),
            format!("[media]\nmost = \"{secret}\""),
            format!("[media]\nlargest = {secret}"),
            format!("[media]\nkeep_days = \"{secret}\""),
            format!("[media]\nstrip_metadata = \"{secret}\""),
            format!("deaf_after = \"{secret}\""),
            format!("pace = \"{secret}\""),
            format!("[relay]\nflood = \"{secret}\""),
            format!("[api]\nlisten = \"[::1]:1\"\n[api.incoming.b]\nchannel = \"{secret}\""),
            format!("[api]\nlisten = \"[::1]:1\"\n[api.outgoing.b]\nurl = \"https://user:{secret}@host\""),
            format!("[accounts]\nc = {{ platform = \"slack\", bot_token = \"{secret}\" }}"),
            format!("[channels.x]\nlinks = [\n  \"nobody:1\",\n\n[accounts.c]\ntoken = \"{secret}\""),
        ];
        for form in forms {
            let text = format!("{account}{form}\n");
            let Err(found) = Config::parse(&text, Path::new("bridges.toml")) else {
                panic!("accepted: {text}")
            };
            assert!(!format!("{found:?}").contains("SECRET"), "{form}: {found:#?}");
            assert_eq!(found.text.len(), text.len());
        }
    }
    let config = Config::parse(ACCOUNT, Path::new("bridges.toml")).unwrap();
    assert!(!format!("{config:?}").contains(&std::env::var("PATH").unwrap()));
}

#[test]
fn what_is_no_secret_is_shown() {
    let text = "[relay]\nlisten = \"127.0.0.1:1\"\naudit_days = 30\nflood = \"30 per minute, 60 at once\"\n[media]\nlisten = \"127.0.0.1:2\"\nurl = \"https://media.example.org\"\nmost = \"10 GB\"\n\
                keep_days = 30\nstrip_metadata = true\n[accounts.owls]\nplatform = \"slack\" # why\nbot_token = { env = \"SLACK_1\" }\n\
                app_token = { file = \"/etc/relay/Slack\" }\ntokn = { credential = \"slack-app\" }\napi_url = \"http://127.0.0.1:80/v1\"\n\
                ceilings = false\ndeaf_after = 60\npace = 60\n[channels.x]\nlinks = [\n  \"owls:C01AB\",\n  { room = \"owls:-100\", direction = \"in\" },\n]\n";
    assert_eq!(masked::masked(text), text.replace(" why", "****"));
}

/// A wrong word where one of a few is wanted.
#[test]
fn a_wrong_word_is_shown_where_it_is() {
    for line in ["consent = \"optin\"", "privacy = \"balancd\"", "language = \"englisch\""] {
        let text = format!("{ACCOUNT}[channels.x]\n{line}\n");
        let Err(found) = Config::parse(&text, Path::new("bridges.toml")) else { panic!("accepted: {line}") };
        assert!(found.text.contains(line), "{}", found.text);
    }
}

#[test]
fn both_keys_of_a_section_are_reported() {
    let text = format!("{ACCOUNT}[relay]\ndata_dir = 1\nlisten = \"x\"\n");
    let lines: Vec<_> = mistakes(&text).into_iter().map(|(line, ..)| line).collect();
    assert_eq!(lines, [5, 6]);
}

#[test]
fn a_state_directory_has_room_for_the_socket() {
    let room = 107 - relay_section::SOCKET.len();
    for (length, accepted) in [(room, true), (room + 1, false)] {
        let folder = format!("/{}", "x".repeat(length - 1));
        assert_eq!(crate::control::path(Path::new(&folder)).as_os_str().len() <= 107, accepted);
        let found = mistakes(&format!("{ACCOUNT}[relay]\ndata_dir = \"{folder}\"\n"));
        assert_eq!(found.is_empty(), accepted, "{found:?}");
        assert!(accepted || found[0].1.contains("too long for the control socket"), "{found:?}");
    }
}

#[test]
fn no_text_panics() {
    proptest::proptest!(|(text in "[\\[\\]a-zäé{}=\"'\\\\\\n .#0-9]{0,200}")| {
        let _ = Config::parse(&text, Path::new("bridges.toml"));
        assert_eq!(masked::masked(&text).len(), text.len());
    });
}

/// `RELAY_WRITE_REFERENCE=1 cargo test -p relay reference` writes the page anew.
#[test]
fn the_reference_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    if std::env::var_os("RELAY_WRITE_REFERENCE").is_some() {
        std::fs::write(&page, reference::markdown()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&page).unwrap(), reference::markdown());
}

#[test]
fn two_accounts_of_one_bot_are_a_mistake_that_names_both_and_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, secret).unwrap();
        path
    };
    let (one, same, other) =
        (secret("one", "the-same"), secret("two", "the-same"), secret("three", "another"));
    let account = |name: &str, token: &Path, more: &str| {
        format!("[accounts.{name}]\nplatform = \"discord\"\ntoken = {{ file = {token:?} }}\n{more}")
    };
    let found = mistakes(&(account("hikers", &one, "") + &account("studio", &same, "")));
    let [(6, what, help)] = found.as_slice() else { panic!("{found:?}") };
    assert!(what.contains("`token` of [accounts.studio] is also that of [accounts.hikers]"), "{what}");
    assert!(help.contains("hikers:ROOM") && !format!("{what}{help}").contains("the-same"), "{help}");
    assert_eq!(mistakes(&(account("hikers", &one, "") + &account("studio", &other, ""))), []);
    // What another server calls by the same token is another bot; a password may be alike in two places.
    let elsewhere = "api_url = \"http://127.0.0.1:1\"\n";
    assert_eq!(mistakes(&(account("hikers", &one, "") + &account("studio", &same, elsewhere))), []);
    let irc = |name: &str| {
        format!(
            "[accounts.{name}]\nplatform = \"irc\"\nserver = \"ircs://irc.example.org\"\nnick = \"{name}\"\npassword = {{ file = {one:?} }}\n"
        )
    };
    assert_eq!(mistakes(&(irc("a") + &irc("b"))), []);
    // In Slack one of two is enough.
    let slack = |name: &str, bot: &Path| {
        format!(
            "[accounts.{name}]\nplatform = \"slack\"\nbot_token = {{ file = {bot:?} }}\napp_token = {{ file = {:?} }}\n",
            secret("app", "xapp-1")
        )
    };
    let (first, second) = (secret("b1", "xoxb-1"), secret("b2", "xoxb-2"));
    let found = mistakes(&(slack("a", &first) + &slack("b", &second)));
    assert!(
        matches!(found.as_slice(), [(8, what, _)] if what.contains("`app_token` of [accounts.b]")),
        "{found:?}"
    );
}
