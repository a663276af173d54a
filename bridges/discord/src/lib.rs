//! The Discord connector: a bot account, heard through the gateway and posting through webhooks.
//!
//! Discord's documentation is at <https://discord.com/developers/docs>; pages are named where a fact comes from one.
//!
//! # What the vendor libraries do behind our back
//!
//! **twilight-http repeats after a 429 by itself, and never shows one.** Its rate limiter (which it insists on: without one it
//! repeats at once, for ever) makes a request wait for a *permit*, sends it, and after a 429 asks for the next permit.
//! [`rest`] makes that visible without guessing:
//!
//! - We own the limiter and ask it first: if the request's bucket is shut, the attempt ends at once as `RateLimited` with the
//!   time that is left. Nothing was sent.
//! - The library calls us back (`set_pre_flight`) when it has a permit, before each time it sends. We let it send once. A second
//!   call means that the server has answered 429, and we stop it: `RateLimited`, certainly not done.
//! - While an answer is awaited we watch the bucket. It was open when the permit was given and only one request of a bucket is
//!   in flight, so if it is shut now, the answer was a 429: `RateLimited` with what is left of the server's `Retry-After`.
//! - At our deadline, a request that never got its permit was not sent (`RateLimited`); one that did is `Unsure`.
//!
//! A global 429 and one from the edge (without bucket headers) reach us without their `Retry-After`; we say 5 seconds. A shared one reaches
//! us in whole seconds.
//!
//! It learns nothing from answers that are no 429: [`buckets`] does, so that what an empty bucket would refuse is not sent.
//!
//! **twilight-http and its limiter write request paths into tracing spans**, and a webhook's path contains its token, an
//! interaction's one that lets anybody answer in the bot's name for 15 minutes. Requests are made under a subscriber that hears
//! nothing, and the limiter lives on a thread of its own where that subscriber is the default, so that no log setting can make a
//! token appear.
//!
//! **twilight-http hides the status of an error page that is not JSON** (a proxy's 502 or 504). Such a page counts as certainly
//! not done only if it names itself 500, 502 or 503.
//!
//! **twilight-gateway heartbeats, resumes and reconnects only while it is polled**, waits between attempts by itself (up to 255
//! seconds), and panics on an address that is not a URL. [`listen`] polls it beside the accepting of events, checks addresses before
//! it sees them, and drops a connection whose events are not taken for 10 seconds, to resume it afterwards.
//!
//! **Both load the system's certificates when they are built** and panic where there are none, or no rustls provider: they are built
//! at the first use, inside the runtime, and that panic is answered as a problem.
//!
//! # Commands
//!
//! Discord gives up on a command that is not answered within three seconds. [`first_answers`] sends "is thinking", shown to the asker
//! alone, as soon as the gateway has told of it, past whatever waits to be kept; the real answer goes into that message. Where
//! Discord has given up, `may_manage` and `answer` say so, so that nothing is done for somebody who was told that it failed.
//!
//! # Files
//!
//! twilight-http holds a file in memory, so that messages with files go out through [`upload`], which reads them as it sends. It asks the
//! same limiter, sends once, tells a 429 as it came, and trusts the certificates that are built in.
//!
//! # Threads
//!
//! What is said in a thread is heard as its channel's room, unless the thread is linked by itself; private threads are no part of it.
//! The gateway does not say of which channel a thread is, so that [`places`] remembers it. A reference to a message bears the thread's
//! id, and `w:WEBHOOK:THREAD` where a webhook posted it: both are taken wherever a thread is to be named.
//!
//! Discord takes a thread out of the archive for a post, and refuses edits, deletes, reactions and pins in it until somebody has
//! done so (code 50083). Relay does, as a step of the same attempt, which needs no more rights than a post. A locked thread stays
//! where it is, unless the bot has Manage Threads.
//!
//! # What Discord does not tell
//!
//! An unpinned message only says that it is not pinned: [`pins`] knows what was. Cleared reactions name nobody: [`people`] remembers who
//! had reacted, since Relay listens. Nobody is named who ended a poll, unpinned or deleted something.
//!
//! # History
//!
//! [`history`] asks each room's channel and its threads for what was said after a message, and looks at the 50 before it for edits.
//! Discord does not tell what was deleted, how somebody reacted, or what was unpinned while nobody listened; edits of what is older, and in
//! threads where nothing new was said but the newest ten, are not looked for. Private threads are no part of a room, live or not. Without
//! Read Message History Discord answers as if nothing had been said: that is told as a refusal.
//!
//! # Attempts that nobody answered
//!
//! [`settle`] looks for them in what was said since, by whose they are, where they stand and what they say, as webhooks have no nonce. A bot's
//! own messages bear one, made of the part's key, and Discord itself makes none twice within minutes. Nothing is told where the history is
//! not to be read, or more than 1,000 messages came since. Clocks may differ by ten seconds.
//!
//! # News of rooms
//!
//! Discord tells of every change of a channel, and little of it matters to a link. [`facts`] keeps a digest of what does, so that
//! the engine is only told where something in it is different from what it was asked or heard last.

mod attachments;
mod buckets;
mod buttons;
mod capabilities;
mod cards;
mod config;
mod connector;
mod deliver;
mod edits;
mod emojis;
mod errors;
mod facts;
mod find;
mod first_answers;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod gestures;
mod guide;
mod guilds;
mod history;
mod ids;
mod interactions;
mod listen;
mod manages;
mod message;
mod names;
mod native;
mod news;
mod parse;
mod people;
mod persona;
mod pins;
mod places;
mod position;
mod post;
mod preflight;
mod raw;
mod registration;
mod render;
mod rest;
mod rights;
mod rooms;
mod settle;
mod shard;
mod translate;
mod upload;
mod webhooks;

pub use config::FIELDS;
pub use guide::GUIDE;

use relay_contract::{Capabilities, Connector, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// The platform's name.
pub const PLATFORM: Platform = Platform::new("discord");

/// Channel ids: snowflakes.
pub const ROOM_IDS: RoomIds = RoomIds {
    holds: |id| id.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == id),
    doc: "A Discord channel's id is a long number: User Settings → Advanced → Developer Mode, then right-click the channel → Copy Channel ID.",
};

/// Reads an account's settings. Fails only on settings that cannot work; asks nobody.
pub fn open(settings: Settings) -> Result<Arc<dyn Connector>, Problem> {
    let config = config::Config::read(settings)?;
    Ok(Arc::new(connector::Discord::new(config)))
}

/// What can be done in a channel where Relay has every right that it asks for.
pub fn capabilities() -> Capabilities {
    capabilities::of_room(None, true)
}
