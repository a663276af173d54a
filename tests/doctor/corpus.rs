//! All cases: how a set-up is broken, and what the doctor says of it. src/doctor/README.md shows this table.

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Broken,
    /// The config file cannot be used: nothing else is looked at.
    Mistake,
}
use Grade::{Broken, Look, Mistake};

/// A case.
pub struct Case {
    /// What was done to a set-up that worked.
    pub name: &'static str,
    /// What the finding is about; others may only be about what follows from it.
    pub about: &'static [&'static str],
    /// How bad it is.
    pub grade: Grade,
    /// Words that say what is so.
    pub what: &'static str,
    /// Words that the fix must have.
    pub fix: &'static [&'static str],
}

/// The case of this name.
pub fn case(name: &str) -> &'static Case {
    CORPUS.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("`{name}` is not in the corpus"))
}

const fn of(
    name: &'static str,
    about: &'static [&'static str],
    grade: Grade,
    what: &'static str,
    fix: &'static [&'static str],
) -> Case {
    Case { name, about, grade, what, fix }
}

const DISCORD: &[&str] = &["account discord"];
const SLACK: &[&str] = &["account slack"];
const TELEGRAM: &[&str] = &["account telegram"];
const IRC: &[&str] = &["account libera"];
const MATRIX: &[&str] = &["account mx"];
const CONFIG: &[&str] = &["config"];

/// All of them, by what they are about.
#[rustfmt::skip]
pub const CORPUS: &[Case] = &[
    of("discord: a token that was reset", DISCORD, Broken, "does not accept the token", &["Developer Portal", "Reset Token"]),
    of("discord: the token of a Telegram bot", CONFIG, Mistake, "a Telegram bot token", &["Developer Portal"]),
    of("discord: an id in the token's place", CONFIG, Mistake, "an id (digits alone)", &["Reset Token"]),
    of("discord: a webhook's URL in the token's place", CONFIG, Mistake, "the URL of a webhook", &["Reset Token"]),
    of("discord: the message content intent is off", DISCORD, Broken, "the message content intent is off", &["Privileged Gateway Intents", "Message Content Intent"]),
    of("slack: a bot token that is not valid", SLACK, Broken, "invalid_auth", &["api.slack.com/apps", "OAuth & Permissions"]),
    of("slack: the app-level token as bot_token", CONFIG, Mistake, "a Slack app-level token (xapp-…), which belongs into `app_token`", &["xoxb-", "OAuth & Permissions"]),
    of("slack: the bot token as app_token", CONFIG, Mistake, "a Slack bot token (xoxb-…), which belongs into `bot_token`", &["xapp-", "connections:write"]),
    of("slack: a user token as bot_token", CONFIG, Mistake, "a Slack user token (xoxp-…)", &["Bot User OAuth Token"]),
    of("slack: an app-level token that is not valid", SLACK, Broken, "`app_token`", &["api.slack.com/apps"]),
    of("slack: an app-level token without connections:write", SLACK, Broken, "connections:write", &["api.slack.com/apps"]),
    of("slack: an app that was removed from the workspace", SLACK, Broken, "account_inactive", &["api.slack.com/apps"]),
    of("slack: without the scope chat:write", SLACK, Broken, "chat:write", &["OAuth & Permissions"]),
    of("slack: without the scope files:write", SLACK, Look, "files:write", &["OAuth & Permissions"]),
    of("slack: without the scope chat:write.customize", SLACK, Look, "under the app's name", &["OAuth & Permissions"]),
    of("telegram: a token that was revoked", TELEGRAM, Broken, "does not accept the bot's token", &["@BotFather", "/token"]),
    of("telegram: the token of a Discord bot", CONFIG, Mistake, "a Discord bot token", &["@BotFather"]),
    of("telegram: another program's webhook", TELEGRAM, Broken, "through a webhook", &["deleteWebhook"]),
    of("telegram: privacy mode is on", &["account telegram", "room telegram:"], Look, "privacy mode is on", &["/setprivacy", "@BotFather"]),
    of("telegram: a second program polls with the token", TELEGRAM, Broken, "Another program polls with this bot's token", &["Stop the other program", "/newbot"]),
    of("irc: a services password that is wrong", IRC, Broken, "does not take Relay's services account", &["`sasl_user`", "`sasl_password`"]),
    of("irc: a nick that somebody else has", IRC, Look, "Somebody else has the nick relay", &["`nickserv_password`"]),
    of("irc: an address that the server has banned", IRC, Broken, "banned Relay's address", &["lift the ban"]),
    of("irc: a server that wants its password", IRC, Broken, "wants another password", &["`password`"]),
    of("irc: a connection without TLS", IRC, Look, "not encrypted", &["ircs://"]),
    of("matrix: a token whose session was logged out", MATRIX, Broken, "M_UNKNOWN_TOKEN", &["Access token", "Element"]),
    of("matrix: an account that was deactivated", MATRIX, Broken, "M_USER_DEACTIVATED", &["Access token"]),
    of("matrix: a URL where no homeserver is", MATRIX, Broken, "no Matrix homeserver", &[".well-known/matrix/client"]),
    of("discord: a bot that was kicked", &["room discord:"], Broken, "cannot see this channel", &["Invite the bot to the server"]),
    of("discord: a channel that was deleted", &["room discord:"], Broken, "cannot see this channel", &["View Channel"]),
    of("discord: without Manage Webhooks", &["room discord:"], Look, "Manage Webhooks", &["Edit Channel", "Manage Webhooks"]),
    of("discord: without View Channel", &["room discord:"], Broken, "cannot see this channel", &["grant it View Channel"]),
    of("discord: without Send Messages", &["room discord:"], Look, "Send Messages", &["Edit Channel", "Send Messages"]),
    of("discord: without Read Message History", &["room discord:"], Look, "Read Message History", &["Edit Channel", "Read Message History"]),
    of("slack: a bot that was removed from the channel", &["room slack:"], Broken, "not in the Slack channel #general", &["/invite @"]),
    of("slack: a channel that is archived", &["room slack:"], Broken, "is archived", &["Unarchive it"]),
    of("slack: an id that no channel has", &["room slack:C0NOTHERE01"], Broken, "no Slack channel", &["channel's details", "/invite"]),
    of("slack: a name with a typing mistake", &["room slack:#genral"], Broken, "genral", &["general"]),
    of("telegram: a bot that was removed from the group", &["room telegram:"], Broken, "bot was kicked", &["Add the bot to the chat again"]),
    of("telegram: a bot that is no administrator", &["room telegram:"], Look, "not an administrator", &["Add administrator"]),
    of("telegram: an id that no group has", &["room telegram:-1009999999999"], Broken, "no chat -1009999999999", &["add the bot to the chat"]),
    of("telegram: a group that became a supergroup", &["room telegram:"], Look, "became a supergroup", &["in the config"]),
    of("telegram: the bot is removed while something waits for the group", &["room telegram:", "queue telegram:"], Broken, "bot was kicked", &["Add the bot to the chat again"]),
    of("irc: a channel for those who are invited", &["room libera:#lobby"], Broken, "only who is invited", &["/invite"]),
    of("irc: a channel that has banned Relay", &["room libera:#lobby"], Broken, "has banned Relay", &["/mode -b"]),
    of("irc: a channel that wants a key", &["room libera:#lobby"], Broken, "wants another key", &["`keys`"]),
    of("irc: a channel that is full", &["room libera:#lobby"], Broken, "is full", &["/mode +l"]),
    of("irc: a channel for those with an account", &["room libera:#lobby"], Broken, "services account", &["`sasl_password`"]),
    of("irc: a channel that is moderated", &["room libera:#lobby"], Look, "no voice", &["/mode +v"]),
    of("matrix: a room that the bot was not invited to", &["room mx:!lobby"], Broken, "cannot join it", &["/invite @relay:example.org"]),
    of("matrix: a room that is encrypted", &["room mx:!lobby"], Broken, "end-to-end encrypted", &["without encryption"]),
    of("matrix: a room in which the bot is no moderator", &["room mx:!lobby"], Look, "may not", &["Roles & permissions"]),
    of("matrix: an address that no room has", &["room mx:#lobby"], Broken, "no Matrix room with the address", &["Room addresses"]),
    of("a room that was disconnected in the chat", &["room slack:"], Look, "disconnected from lobby", &["/relay connect lobby"]),
    of("a room that is disconnected while Relay runs", &["room slack:"], Look, "disconnected from lobby", &["/relay connect lobby"]),
    of("no config file", CONFIG, Mistake, "no such file", &["--config"]),
    of("a key with a typing mistake", CONFIG, Mistake, "flod", &["flood"]),
    of("a quote that does not end", CONFIG, Mistake, "basic string", &["quote"]),
    of("a token in plain text in the config", CONFIG, Mistake, "plain text", &["file ="]),
    of("a channel with a single room", CONFIG, Look, "fewer than two rooms", &["`links`"]),
    of("a token's environment variable that is not set", CONFIG, Mistake, "`NO_SUCH_TOKEN` is not set", &["export NO_SUCH_TOKEN="]),
    of("a secret's file that is not there", CONFIG, Mistake, "cannot be read", &["chmod 600"]),
    of("a secret's file that is empty", CONFIG, Mistake, "the secret is empty", &["Put the token there"]),
    of("a secret's file that others may read", CONFIG, Look, "others may read", &["chmod 600"]),
    of("a systemd unit without LoadCredential", CONFIG, Mistake, "there are no credentials", &["LoadCredential=discord:"]),
    of("a systemd unit with another credential's name", CONFIG, Mistake, "no credential of the name discord_token", &["LoadCredential=discord_token:", "systemctl daemon-reload"]),
    of("a service whose tokens lie in files", &["secrets"], Look, "no systemd credentials", &["LoadCredential="]),
    of("bridges.d about a channel that is no more", CONFIG, Look, "`old`", &["Remove the file"]),
    of("bridges.d about an account that is no more", CONFIG, Look, "no such account", &["bridges.d"]),
    of("bridges.d that cannot be read", CONFIG, Mistake, "rom", &["remove the file"]),
    of("a file where data_dir is to be", CONFIG, Mistake, "which is not a folder", &["Name a folder"]),
    of("a file where a folder above data_dir is to be", &["disk"], Broken, "discord is a file", &["`data_dir`", "move that file away"]),
    of("a data_dir that cannot be written", &["disk"], Broken, "cannot be made", &["sudo install -d -m 700 -o relay /proc/relay"]),
    of("a data_dir that others may enter", &["disk"], Look, "may look into", &["chmod 700"]),
    of("files of another user in data_dir", &["disk"], Broken, "belongs to another user", &["sudo chown -R"]),
    of("a disk that is full", &["disk"], Broken, "nothing is accepted", &["df -h", "`data_dir`"]),
    of("the port of the health page is taken", &["port 127.0.0.1:"], Broken, "[relay]", &["ss -ltnp"]),
    of("the port of the API is taken", &["port 127.0.0.1:"], Broken, "[api]", &["ss -ltnp"]),
    of("the port of the files is taken", &["port 127.0.0.1:"], Broken, "[media]", &["ss -ltnp"]),
    of("an address to listen on that is another machine's", &["port 203.0.113.7:8722"], Broken, "no such address", &["127.0.0.1:8722"]),
    of("a clock that is wrong by hours", &["clock"], Broken, "3 hours behind", &["timedatectl set-ntp true"]),
    of("a master key of another state", &["keys"], Broken, "another master key", &["started with last"]),
    of("a master key that is gone", &["keys"], Broken, "master.key is not there", &["`master_key` in [relay]"]),
    of("the file of keys is gone", &["keys"], Broken, "is not there", &["relay restore --keys"]),
    of("the file of keys is damaged", &["keys"], Broken, "is damaged", &["relay keys backup"]),
    of("a file of keys that is older than the ledger", &["keys"], Broken, "older than the ledger", &["relay keys accept"]),
    of("a master key beside the keys that the config names elsewhere", &["keys"], Look, "is not used", &["Delete it there"]),
    of("a master key that others may read", &["keys"], Look, "Others may read", &["chmod 600"]),
    of("a master key that is too short", &["keys"], Broken, "at least 32 characters", &["openssl rand -base64 32"]),
    of("another Relay works with this data_dir", &["state"], Broken, "Another relay process", &["systemctl restart relay"]),
    of("a server's name that nobody knows", TELEGRAM, Broken, "no address for the name bot-api.invalid", &["`api_url`", "getent hosts bot-api.invalid"]),
    of("a server that does not run", TELEGRAM, Broken, "Nobody listens", &["`api_url`", "nc -vz"]),
    of("a server over IPv6 alone, and a machine without", TELEGRAM, Broken, "IPv6", &["ip -6 route"]),
    of("a server that takes connections and answers nothing", TELEGRAM, Broken, "answers nothing", &["curl -v"]),
    of("a certificate that has expired", TELEGRAM, Broken, "has expired", &["renews it", "timedatectl"]),
    of("a certificate of a server's own making", TELEGRAM, Broken, "signed by nobody who is trusted", &["Let's Encrypt"]),
    of("a platform with an outage", TELEGRAM, Broken, "has an outage", &["status page"]),
    of("a page to sign in where the platform is to be", TELEGRAM, Broken, "does not answer", &["network"]),
    of("a proxy that is not there", MATRIX, Broken, "The proxy 127.0.0.1:", &["HTTP_PROXY", "NO_PROXY"]),
    of("a proxy that connections go past", &["network"], Look, "do not go through it", &["firewall", "NO_PROXY=127.0.0.1"]),
    of("irc: a certificate that has expired", IRC, Broken, "has expired", &["renews it", "timedatectl"]),
    of("irc: a certificate of the server's own making", IRC, Broken, "not trusted", &["`trust`"]),
    of("irc: a server that does not run", IRC, Broken, "Nobody listens", &["`server`", "nc -vz"]),
    of("slack: a token that is revoked while Relay runs", &["account slack", "queue slack:"], Broken, "invalid_auth", &["api.slack.com/apps"]),
    of("a config that is refused while Relay runs", CONFIG, Broken, "was not taken, and all goes on as before", &["relay plan", "relay reload"]),
    of("a platform that goes away while Relay runs", TELEGRAM, Broken, "has an outage", &["status page"]),
    of("an account whose deliveries are held", &["account slack", "queue slack:"], Look, "held", &["relay queue resume slack"]),
    of("a room whose deliveries are held", &["queue slack:"], Look, "held", &["relay queue resume"]),
    of("deliveries that were given up", &["queue slack:"], Look, "given up", &["relay queue retry"]),
    of("deliveries that wait for minutes", &["queue telegram:"], Look, "1 wait", &["relay queue show"]),
    of("a webhook whose receiver answers 404", &["queue webhooks:board"], Broken, "404", &["`url`", "`secret`"]),
];

/// The table as src/doctor/README.md has it.
fn table() -> String {
    let mut out = "| a set-up with | is | about | and the fix says |\n| --- | --- | --- | --- |\n".to_owned();
    for Case { name, about, grade, fix, .. } in CORPUS {
        let word = match grade {
            Look => "look",
            Broken => "broken",
            Mistake => "a mistake",
        };
        let about = about[0].trim_end_matches(':');
        out.push_str(&format!("| {name} | {word} | {about} | {} |\n", fix.join(" … ")));
    }
    out
}

/// `RELAY_WRITE_REFERENCE=1` writes it anew.
#[test]
fn the_readme_shows_the_corpus() {
    const FROM: &str = "<!-- the corpus -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, _) = text.split_once(FROM).unwrap();
    let now = format!("{before}{FROM}{}", table());
    if std::env::var_os("RELAY_WRITE_REFERENCE").is_some() {
        std::fs::write(path, &now).unwrap();
    } else {
        assert!(now == text, "src/doctor/README.md is behind: RELAY_WRITE_REFERENCE=1 writes it anew");
    }
}

/// No case is only written down.
#[test]
fn each_case_has_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files =
        files.filter(|path| path.extension().is_some_and(|it| it == "rs") && !path.ends_with("corpus.rs"));
    let tests: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for (at, case) in CORPUS.iter().enumerate() {
        assert_eq!(tests.matches(&format!("\"{}\"", case.name)).count(), 1, "{}", case.name);
        assert!(
            CORPUS.iter().skip(at + 1).all(|other| other.name != case.name),
            "{} is there twice",
            case.name
        );
        assert!(!case.fix.is_empty() && case.fix.iter().all(|words| words.len() > 2), "{}", case.name);
    }
    assert!(CORPUS.len() >= 40, "{}", CORPUS.len());
}
