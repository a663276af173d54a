//! `bridges.toml`: parsed into a document with places, then checked as a whole, so that every mistake is reported at once.

mod alerts_section;
mod api_section;
mod check;
mod document;
pub mod joined;
mod links;
mod masked;
mod media_section;
pub mod plan;
pub mod problem;
pub mod reference;
mod relay_section;
mod secrets;
mod shapes;
mod template;
#[cfg(test)]
mod tests;
mod webhooks_section;

pub use problem::{Mistake, Mistakes};

pub use joined::Joined;
pub use shapes::misplaced;
pub use template::{TemplateMistake, check as check_template};

use crate::consent::{Level, Unsaid};
use crate::flood::Flood;
use crate::policy::{CatchUpLimits, Unsure};
use crate::quiet::Quiet;
use crate::routing::{Connect, Direction, LinkSettings};
use crate::signed::Key as SigningKey;
use crate::texts::Language;
use relay_contract::{Account, NativeId, Settings};
use secrecy::SecretString;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// The `[relay]` section.
    pub relay: RelaySection,
    /// The `[media]` section.
    pub media: MediaSection,
    /// The `[api]` section, if there is one.
    pub api: Option<ApiSection>,
    /// The `[alerts]` section, if there is one.
    pub alerts: Option<AlertsSection>,
    /// `[accounts.NAME]`, in the order of their names.
    pub accounts: Vec<AccountSection>,
    /// `[channels.NAME]`, in the order of their names.
    pub channels: Vec<ChannelSection>,
    /// What wraps the keys of what is kept; a file of Relay's own in the state directory when left out.
    pub master_key: Option<SecretString>,
    /// What works, and should be changed all the same: a line each, of one sentence that says what and one that says what to do.
    pub warnings: Vec<String>,
}

/// The process itself.
#[derive(Debug, Clone)]
pub struct RelaySection {
    /// Where the ledger, the mapping and the control socket live.
    pub data_dir: PathBuf,
    /// Where `/healthz` and `/readyz` are served; nowhere when left out.
    pub listen: Option<SocketAddr>,
    /// How far what was said in an absence is read.
    pub catch_up: CatchUpLimits,
    /// What one person may say in a room before it is held.
    pub flood: Option<Flood>,
    /// After how long a message that could not be delivered is given up; never when left out.
    pub expire: Option<Duration>,
    /// Days after which what nothing waits for is forgotten; `None` for never.
    pub keep_days: Option<u32>,
    /// Days for which the audit is kept; `None` where none is written.
    pub audit_days: Option<u32>,
    /// Bytes that are to be left free on the disk.
    pub least_free: u64,
    /// How much of people is shown in any channel.
    pub privacy: Level,
    /// The language of what Relay itself says.
    pub language: Language,
    /// Whether rooms that are linked in the file are told so.
    pub tell_rooms: bool,
    /// When the file is read again.
    pub reload: Reload,
}

/// When a config file is read again while Relay runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reload {
    /// When it changes, and when it is asked for.
    #[default]
    OnChange,
    /// Only when it is asked for.
    Asked,
}

/// How files are kept and given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSection {
    /// Where files are served; nowhere when left out.
    pub listen: Option<SocketAddr>,
    /// What links begin with, without a trailing slash. There is one exactly where there is `listen`.
    pub url: Option<String>,
    /// Days for which files and links are kept.
    pub keep_days: u32,
    /// The most that is kept, in bytes.
    pub most: u64,
    /// The largest file that is fetched, in bytes.
    pub largest: u64,
    /// Whether what cameras wrote into pictures is taken out.
    pub strip_metadata: bool,
}

impl Default for MediaSection {
    fn default() -> Self {
        Self {
            listen: None,
            url: None,
            keep_days: 30,
            most: 10_000_000_000,
            largest: 1_000_000_000,
            strip_metadata: true,
        }
    }
}

/// Who is told what needs a person, and when.
#[derive(Debug, Clone)]
pub struct AlertsSection {
    /// The admins' room.
    pub room: Option<RoomText>,
    /// Hours in which only what is urgent is said.
    pub quiet: Option<Quiet>,
    /// What is later than this is told.
    pub late: Duration,
    /// A webhook that is called.
    pub webhook: Option<AlertHook>,
    /// Email.
    pub email: Option<AlertMail>,
}

/// A webhook that is called with what needs a person.
#[derive(Clone)]
pub struct AlertHook {
    /// What is called.
    pub url: Url,
    /// The secret that both sides know.
    pub key: Option<SigningKey>,
    /// Whether that may be somewhere else than on the public Internet.
    pub private: bool,
}

impl std::fmt::Debug for AlertHook {
    // Its address may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertHook").field("private", &self.private).finish_non_exhaustive()
    }
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Plainly at first, and encrypted before anything is said.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Never: a server on this machine.
    None,
}

/// Email.
#[derive(Debug, Clone)]
pub struct AlertMail {
    /// The server that takes it.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: MailTls,
    /// User and password, where it wants them.
    pub login: Option<(String, SecretString)>,
    /// Whom it is from.
    pub from: String,
    /// Whom it is for.
    pub to: Vec<String>,
}

/// Relay's own API.
#[derive(Debug, Clone)]
pub struct ApiSection {
    /// Where it is served.
    pub listen: SocketAddr,
    /// The channels that it has; all of them when none are named.
    pub channels: Option<Vec<String>>,
    /// matterbridge's API beside it.
    pub matterbridge: Option<CompatibleSection>,
    /// Webhooks that others call, in the order of their names.
    pub incoming: Vec<IncomingSection>,
    /// Webhooks that Relay calls, in the order of their names.
    pub outgoing: Vec<OutgoingSection>,
}

/// A webhook that others call: what they say is said in a channel.
#[derive(Debug, Clone)]
pub struct IncomingSection {
    /// Its name, which stands in its address.
    pub name: String,
    /// The channel.
    pub channel: String,
    /// The secret that both sides know.
    pub key: SigningKey,
    /// Under which name it posts.
    pub shown: String,
    /// Whether it may post under any.
    pub persona: bool,
}

/// A webhook that Relay calls: what happens in a channel.
#[derive(Debug, Clone)]
pub struct OutgoingSection {
    /// Its name, as commands name its room.
    pub name: String,
    /// The channel.
    pub channel: String,
    /// What is called.
    pub url: Url,
    /// The secret that both sides know.
    pub key: SigningKey,
    /// Whether that may be somewhere else than on the public Internet.
    pub private: bool,
}

/// matterbridge's API, for programs that were written for it.
#[derive(Debug, Clone)]
pub struct CompatibleSection {
    /// Where it is served.
    pub listen: SocketAddr,
    /// Its one bearer token.
    pub token: Option<SecretString>,
}

impl ApiSection {
    /// Whether it has a channel.
    pub fn has(&self, channel: &str) -> bool {
        self.channels.as_ref().is_none_or(|channels| channels.iter().any(|name| name == channel))
    }
}

/// One credential.
#[derive(Debug, Clone)]
pub struct AccountSection {
    /// Its platform's name.
    pub platform: &'static str,
    /// Its name and checked settings.
    pub settings: Settings,
    /// Whether the platform's published ceilings are kept.
    pub ceilings: bool,
    /// How many times faster than published they are.
    pub pace: u32,
    /// After how long without anything heard a connection counts as deaf.
    pub deaf_after: Duration,
    /// What becomes of a message of which nobody can tell whether it was delivered.
    pub unsure: Unsure,
}

/// A Relay channel.
#[derive(Debug, Clone)]
pub struct ChannelSection {
    /// Its name.
    pub name: String,
    /// Its links.
    pub links: Vec<LinkSection>,
    /// Which rooms may join it from the chat.
    pub connect: Connect,
    /// Rooms in which newcomers may be let in.
    pub owners: Vec<RoomText>,
    /// What was changed from the chat.
    pub joined: Joined,
    /// After how long a message of it that could not be delivered is given up; never when left out.
    pub expire: Option<Duration>,
    /// What holds for who has said nothing about what they allow.
    pub unsaid: Unsaid,
    /// How much of people it shows, before what [relay] says.
    pub privacy: Level,
    /// The language of what Relay itself says in its rooms; as in [relay] when left out.
    pub language: Option<Language>,
}

/// A room as it is written: `"ACCOUNT:ROOM"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomText {
    /// Through which account.
    pub account: Account,
    /// Its id, or the name that people see.
    pub room: NativeId,
    /// Whether it is a name.
    pub by_name: bool,
}

/// One room of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSection {
    /// Which room.
    pub at: RoomText,
    /// Which way.
    pub direction: Direction,
    /// The rest.
    pub settings: LinkSettings,
}

/// A key of a section, for the check and for the reference.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// Keys of `[relay]`.
pub const RELAY_KEYS: &[Key] = &[
    Key {
        name: "data_dir",
        doc: "Folder for Relay's state, mode 0700; relative to the file. Default: $STATE_DIRECTORY under systemd, else relay-data.",
    },
    Key {
        name: "listen",
        doc: "Address and port for /healthz and /readyz, such as 127.0.0.1:8722. Default: none.",
    },
    Key {
        name: "catch_up_hours",
        doc: "How far back Relay reads what was said while it was away, in hours. What is older is said to be missed. Default: 168, a week.",
    },
    Key { name: "catch_up_messages", doc: "How many messages a room it reads then, at most. Default: 5000." },
    Key {
        name: "flood",
        doc: "How much one person may say in a room before it is a flood: \"N per minute, M at once\", \"N per minute\" or \"off\". What is more \
              is held and carried at that rate, so that it does not stand before what others say; nothing of it is lost, and the room is \
              told. It goes by when things were said. Default: \"30 per minute, 60 at once\".",
    },
    Key {
        name: "expire",
        doc: "After how long a message that could not be delivered into a room is given up, such as \"7 days\", or \"never\" (default). It is \
              kept, and `relay queue retry` sends it all the same. Edits and deletes of what was delivered do not expire.",
    },
    Key {
        name: "keep_days",
        doc: "Days for which Relay knows what was said: for so long an edit, an answer or a delete reaches the copies. Nothing that is still to \
              be delivered is forgotten. 0: for ever. Default: 90.",
    },
    Key {
        name: "master_key",
        doc: "What wraps the keys that the texts and names in `data_dir` are sealed with, as { credential = \"…\" }, { file = \"…\" } or \
              { env = \"…\" }: at least 32 characters. Default: `master.key` in `data_dir`, which Relay makes; then whoever copies the \
              whole folder can read what is in it.",
    },
    Key {
        name: "audit_days",
        doc: "Days for which Relay keeps the log of what has left (`relay audit`), without words and names. 0: nothing is written down. \
              Default: 365.",
    },
    Key {
        name: "least_free",
        doc: "What is to be left free on the disk of `data_dir`, such as \"1 GB\". Below it Relay accepts nothing until there is room again: \
              deliveries go on, and what is said meanwhile is caught up as far as the platforms keep it. Default: \"200 MB\".",
    },
    Key { name: "privacy", doc: "As in [channels.NAME], for all channels. Default: \"full\"." },
    Key {
        name: "language",
        doc: "The language of what Relay itself says in rooms, and of its answers to whoever's platform tells no language of theirs, or one \
              that Relay does not speak: \"en\" (default) or \"de\".",
    },
    Key {
        name: "tell_rooms",
        doc: "Whether rooms that are linked here are told once, in a notice that is pinned where Relay may pin, that what is said in them is \
              shown elsewhere and how people choose what is shown of them; and people on Slack alone when they first say something. With \
              false, say it there yourself. Default: true.",
    },
    Key {
        name: "reload",
        doc: "When a running Relay reads this file again: \"on_change\" (default: a second after it was saved) or \"asked\" (only with \
              `relay reload` or SIGHUP). It is taken whole or not at all.",
    },
];

/// Keys of `[media]`.
pub const MEDIA_KEYS: &[Key] = &[
    Key {
        name: "listen",
        doc: "Address and port on which files are served to whoever has a link, such as 127.0.0.1:8723. Needs `url`. Default: none, and a file \
              that a room does not take is only named there.",
    },
    Key {
        name: "url",
        doc: "What links to files begin with, such as https://media.example.org: where a web server with a certificate passes requests on to \
              `listen`. Use a name of its own, at which nothing else lives.",
    },
    Key { name: "keep_days", doc: "Days for which files are kept, and after which links end. Default: 30." },
    Key {
        name: "most",
        doc: "The most that is kept in the folder `media` of the state directory, such as \"500 MB\". Above it the oldest files go, but none that \
              is still to be delivered. Default: \"10 GB\".",
    },
    Key { name: "largest", doc: "The largest file that is carried, such as \"100 MB\". Default: \"1 GB\"." },
    Key {
        name: "strip_metadata",
        doc: "Whether what cameras and programs write into pictures beside the picture (the place, the owner, the device) is taken out of \
              JPEG, PNG and WebP. Other pictures go as plain files, with a word. Default: true.",
    },
];

/// Keys of `[api]`.
pub const API_KEYS: &[Key] = &[
    Key {
        name: "listen",
        doc: "Address and port of the API, such as 127.0.0.1:8724. Required. On a loopback address, programs of this machine need no token \
              as long as none was ever made and [api.matterbridge] names none.",
    },
    Key { name: "channels", doc: "The channels that it has: [\"lobby\", …]. Default: all." },
    Key { name: "matterbridge", doc: "A section [api.matterbridge]: matterbridge's API beside it." },
    Key { name: "incoming", doc: "Sections [api.incoming.NAME]: webhooks that others call." },
    Key { name: "outgoing", doc: "Sections [api.outgoing.NAME]: webhooks that Relay calls." },
];

/// Keys of `[api.incoming.NAME]`.
pub const INCOMING_KEYS: &[Key] = &[
    Key { name: "channel", doc: "In which channel it says something. Required." },
    Key {
        name: "secret",
        doc: "What the callers sign with, as for an account: `whsec_` and 24 to 64 random bytes in base64. Required. \
              `echo \"whsec_$(openssl rand -base64 32)\"` makes one.",
    },
    Key { name: "name", doc: "Under which name it posts. Default: NAME." },
    Key { name: "persona", doc: "Whether a call may say under which name. Default: false." },
];

/// Keys of `[api.outgoing.NAME]`.
pub const OUTGOING_KEYS: &[Key] = &[
    Key { name: "channel", doc: "What happens in this channel is sent. Required." },
    Key { name: "url", doc: "Where to, with https. Required. Redirects are not followed." },
    Key { name: "secret", doc: "What Relay signs with, as in [api.incoming.NAME]. Required." },
    Key {
        name: "private",
        doc: "Whether the receiver may be on this machine or in a network of your own, and be called without TLS. Default: false, and only \
              addresses of the public Internet are called.",
    },
];

/// Keys of `[api.matterbridge]`.
pub const COMPATIBLE_KEYS: &[Key] = &[
    Key { name: "listen", doc: "Address and port, such as 127.0.0.1:4242. Required." },
    Key {
        name: "token",
        doc: "The bearer token that programs send: `{ file = \"PATH\" }`, or as for an account. Tokens of `relay token new` are good here too. On \
              a loopback address, programs of this machine need none as long as none is named here and none was ever made.",
    },
];

/// Keys of `[alerts]`.
pub const ALERTS_KEYS: &[Key] = &[
    Key {
        name: "room",
        doc: "The admins' room, \"ACCOUNT:ROOM\" as in `links`. It need not be linked: choose one that only they read, on the platform that you \
              would miss least.",
    },
    Key {
        name: "webhook",
        doc: "An address that is called with a POST, such as an incoming webhook of Slack, Mattermost or Discord: \"https://…\", or a section \
              [alerts.webhook].",
    },
    Key { name: "email", doc: "A section [alerts.email]." },
    Key {
        name: "quiet",
        doc: "Hours of the day in which only what is urgent is said, such as \"22:00-07:00\": what else there is, and each all-clear, comes \
              afterwards. Default: none.",
    },
    Key {
        name: "time_zone",
        doc: "The time zone of `quiet`, such as \"Europe/Berlin\" or \"UTC\". Default: that of this machine.",
    },
    Key {
        name: "late",
        doc: "How late messages may arrive before somebody is told, and how long a connection may be down, or a room not usable. Default: \
              \"5 minutes\".",
    },
];

/// Keys of `[alerts.webhook]`.
pub const HOOK_KEYS: &[Key] = &[
    Key {
        name: "url",
        doc: "Where to, with https; where the address is a secret, as { file = \"…\" } or as for an account. Required.",
    },
    Key {
        name: "secret",
        doc: "What Relay signs with, as in [api.outgoing.NAME]. Default: calls are not signed.",
    },
    Key { name: "private", doc: "As in [api.outgoing.NAME]. Default: false." },
];

/// Keys of `[alerts.email]`.
pub const MAIL_KEYS: &[Key] = &[
    Key { name: "server", doc: "The mail server that takes it, such as smtp.example.org. Required." },
    Key { name: "from", doc: "Whom it is from, such as relay@example.org. Required." },
    Key { name: "to", doc: "Whom it is for: an address, or a list of them. Required." },
    Key { name: "user", doc: "The user name there. Only together with `password`." },
    Key { name: "password", doc: "The password, as a secret of an account." },
    Key {
        name: "tls",
        doc: "\"starttls\" (default), \"tls\" (from the first byte) or \"none\", for a server on this machine only.",
    },
    Key {
        name: "port",
        doc: "Its port. Default: 587 with \"starttls\", 465 with \"tls\", 25 with \"none\".",
    },
];

/// Keys of `[accounts.NAME]` that every platform has; the others are its connector's `FIELDS`.
pub const ACCOUNT_KEYS: &[Key] = &[
    Key { name: "platform", doc: "discord, irc, matrix, slack or telegram." },
    Key {
        name: "ceilings",
        doc: "Whether to stay below the platform's published rate limits. Default: true. For a compatible server without limits: false.",
    },
    Key {
        name: "pace",
        doc: "How many times faster than published the limits are: a whole number, for a compatible server that says so. Only beside \
              `api_url`. Default: 1.",
    },
    Key {
        name: "deaf_after",
        doc: "Seconds after which a connection is made anew that hears nothing, not even the message that Relay itself has posted. For \
              Discord, Matrix and Slack; Telegram tells no bot of its own messages. Default: 60.",
    },
    Key {
        name: "unsure",
        doc: "What becomes of a message that was sent and that nobody answered, where the platform cannot be asked what came of it (Telegram, IRC): \
              \"repeat\" sends it again, so that it may be there twice; \"hold\" gives it up until `relay queue retry`, so that it may be missing. Default: \
              \"repeat\".",
    },
];

/// Keys of `[channels.NAME]`.
pub const CHANNEL_KEYS: &[Key] = &[
    Key {
        name: "links",
        doc: "The rooms of this channel: \"ACCOUNT:ROOM\", or { room = \"ACCOUNT:ROOM\", direction = \"in\" }. ROOM is the name that people \
              see (`#general`, `Night Owls/#general`, `Sunday hikers`; `relay rooms` lists them) or the room's id. A room that was \
              found stays the same one when it is renamed. A private room is linked by its id only.",
    },
    Key {
        name: "connect",
        doc: "Which rooms may join from the chat, with /relay connect, by somebody who may manage the room: \"ask\" (default: when somebody \
              lets it in with a code), \"open\" (any) or \"closed\" (none).",
    },
    Key {
        name: "owners",
        doc: "Rooms in which newcomers may be let in with /relay approve CODE: [\"ACCOUNT:ROOM\", …]. They need not be linked. Without any, \
              only `relay approve CODE` on the machine does it.",
    },
    Key { name: "expire", doc: "As in [relay], for what comes through this channel. Default: as there." },
    Key {
        name: "consent",
        doc: "What holds for people who have chosen nothing with /relay privacy: \"notice\" (default: what they say is carried) or \
              \"opt_in\" (nothing of theirs is carried until they choose something with it; programs and bots are carried as ever).",
    },
    Key {
        name: "privacy",
        doc: "How much of people this channel shows in its rooms: \"full\" (default), \"balanced\" (names without pictures, and not who comes, \
              goes or types) or \"minimal\" (texts and reactions under other names, without files). The tightest counts of what is said here, in \
              [relay], at the links of both rooms and by the person; only somebody's own /relay consent grant widens it, for what is theirs. It holds \
              from then on: what was carried before stays as it is.",
    },
    Key {
        name: "language",
        doc: "As in [relay], for the rooms of this channel. A room of several channels has that of the first by name that says one. \
              Default: as there.",
    },
];

/// Keys of a link that is written as a table.
pub const LINK_KEYS: &[Key] = &[
    Key { name: "room", doc: "\"ACCOUNT:ROOM\"." },
    Key {
        name: "direction",
        doc: "\"both\" (default), \"in\" (only from the room) or \"out\" (only into the room).",
    },
    Key {
        name: "bots",
        doc: "Whether what other bots and webhooks say there is carried too. Default: false. What another bridge only repeats is cut.",
    },
    Key {
        name: "name",
        doc: "How people from elsewhere are called in this room, such as \"~{name}\". Default: \"{name}\". Where they write, as in \
              ‹Slack›, always follows, so that nobody can pass for somebody of this room. What `/relay template` says in the room counts before it.",
    },
    Key {
        name: "notices",
        doc: "Whether this room is told who joins, leaves or takes another name in the other rooms, and when those are renamed: \"off\" \
              (default), \"digest\" (once an hour, in one message) or \"each\".",
    },
    Key {
        name: "moderates",
        doc: "Whether Relay moderates here: a copy that is deleted in this room is deleted everywhere, and what moderators of other rooms \
              remove with /relay delete is removed here too, also when a member of this room wrote it (on Slack not: no app may delete what people wrote there). Default: false.",
    },
    Key {
        name: "privacy",
        doc: "As in [channels.NAME], for what comes from this room and for what comes into it. Default: \"full\".",
    },
    Key {
        name: "delete_on",
        doc: "An emoji: whoever may manage this room and reacts with it to a message deletes that message in every room, as /relay delete \
              does. An emoji of Unicode, or the name of one of the space's own. Meant for platforms that tell nobody what was deleted (Telegram). Default: none.",
    },
];

impl Config {
    /// Reads and checks a file, and what was changed from the chat since.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        let text = read_bounded(path).map_err(|error| Mistakes::unreadable(path, &error))?;
        let mut config = Self::parse(&text, path)?;
        joined::read(&mut config)?;
        config.warn_of_lonely_channels();
        Ok(config)
    }

    /// Reads something while the credentials of the config, `relay_X`, are the files `X` of a folder; without one as ever.
    pub fn with_credentials<T>(folder: Option<&Path>, read: impl FnOnce() -> T) -> T {
        match folder {
            Some(folder) => secrets::with_credentials(folder, read),
            None => read(),
        }
    }

    fn warn_of_lonely_channels(&mut self) {
        let has_api = |name: &str| self.api.as_ref().is_some_and(|api| api.has(name));
        for channel in self.channels.iter().filter(|channel| !has_api(&channel.name)) {
            if channel.links_in_force().len() >= 2 {
                continue;
            }
            let until =
                if channel.connect == Connect::Closed { "" } else { " until a room joins from the chat" };
            self.warnings.push(format!(
                "[channels.{}] joins fewer than two rooms: nothing is carried{until}. Write a second room into its `links`.",
                channel.name
            ));
        }
    }

    /// The state directory that a file names. Reads `[relay]` only: whoever asks a running Relay need not have its secrets.
    pub fn data_dir(path: &Path) -> Result<PathBuf, Mistakes> {
        let text = read_bounded(path).map_err(|error| Mistakes::unreadable(path, &error))?;
        let mut mistakes = Vec::new();
        let relay = document::parse(&text, &mut mistakes)
            .and_then(|document| relay_section::check(document.get("relay"), folder(path), &mut mistakes));
        match relay {
            Some(relay) if mistakes.is_empty() => Ok(relay.data_dir),
            _ => Err(Mistakes::new(path, &text, mistakes)),
        }
    }

    /// The state directory of whatever may run with a file that has mistakes now: as it is written there all the same, else the default.
    pub fn likely_data_dir(path: &Path) -> PathBuf {
        let text = read_bounded(path).unwrap_or_default();
        let written = text.lines().find_map(|line| {
            let value = line.trim().strip_prefix("data_dir")?.trim_start().strip_prefix('=')?;
            value.trim_start().strip_prefix('"')?.split('"').next()
        });
        written.map_or_else(|| relay_section::default_dir(folder(path)), |written| folder(path).join(written))
    }

    /// The master key that a file names. Reads nothing else.
    pub fn master_key(path: &Path) -> Result<Option<SecretString>, Mistakes> {
        let text = read_bounded(path).map_err(|error| Mistakes::unreadable(path, &error))?;
        let (mut mistakes, mut warnings) = (Vec::new(), Vec::new());
        let document = document::parse(&text, &mut mistakes);
        let key = document
            .and_then(|document| check::master_key(&document, folder(path), (&mut mistakes, &mut warnings)));
        if mistakes.is_empty() { Ok(key) } else { Err(Mistakes::new(path, &text, mistakes)) }
    }

    /// The channels that a file names; none where it cannot be read. Their sections are not looked at.
    pub fn channel_names(path: &Path) -> Vec<String> {
        let Ok(text) = read_bounded(path) else { return Vec::new() };
        let document = document::parse(&text, &mut Vec::new());
        let channels = document.as_ref().and_then(|document| document.get("channels")?.get_ref().as_table());
        channels.into_iter().flatten().map(|(name, _)| name.get_ref().to_string()).collect()
    }

    /// A secret from where a person says it is (`env`, `file` or `credential`); or what is wrong, and the way out.
    pub fn secret(
        kind: &str,
        name: &str,
        folder: &Path,
        may_have_lines: bool,
    ) -> Result<SecretString, (String, String)> {
        match secrets::Source::new(kind, name, folder) {
            Some(source) => source.read(may_have_lines),
            None => Err(("that is no source of a secret".into(), "Write env, file or credential.".into())),
        }
    }

    /// Checks a text; `path` is for messages, and relative paths start at its folder.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let config = document::parse(text, &mut mistakes)
            .and_then(|document| check::check(&document, folder(path), &mut mistakes));
        match config {
            Some(config) if mistakes.is_empty() => Ok(Self { path: path.to_owned(), ..config }),
            _ => Err(Mistakes::new(path, text, mistakes)),
        }
    }
}

/// Where a file's relative paths start.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// A file's text; not more than a megabyte of it, whatever was named by mistake.
fn read_bounded(path: &Path) -> std::io::Result<String> {
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    // Whoever opens a pipe otherwise waits until somebody writes into it, perhaps for ever.
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = std::fs::File::options().read(true).custom_flags(nonblock).open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is a pipe, not a file"));
    }
    let length = file.take(MOST + 1).read_to_string(&mut text)?;
    if length as u64 > MOST {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is larger than a megabyte"));
    }
    Ok(text)
}
