//! Asks Discord who we are and what we may do in each room, before anything is started.

use crate::connector::{Discord, Us};
use crate::errors::{Failure, no_access, outage, wrong_token};
use crate::guilds::{self, Home, out_of_reach};
use crate::ids::snowflake;
use crate::rest::Rest;
use futures::StreamExt;
use relay_contract::{Identity, NativeId, OpenError, Preflight, Problem, RoomReport, Visibility};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, ChannelMarker, GuildMarker, UserMarker};
use twilight_model::oauth::ApplicationFlags;

/// C2 asks for an answer within 20 seconds.
const WITHIN: Duration = Duration::from_secs(18);
/// How many rooms are asked about at the same time.
const AT_ONCE: usize = 4;

/// The application, as far as it is read.
///
/// <https://discord.com/developers/docs/resources/application#application-object>
#[derive(Deserialize)]
struct Application {
    id: Id<ApplicationMarker>,
    #[serde(default)]
    flags: u64,
}

/// The bot's user.
#[derive(Deserialize)]
struct User {
    id: Id<UserMarker>,
    username: String,
}

/// Who we are, and the flags of the application.
pub struct Who {
    /// Our ids.
    pub us: Us,
    name: String,
    flags: ApplicationFlags,
}

/// Asks who we are.
pub async fn who(rest: &Rest) -> Result<Who, Failure> {
    let user: User = rest.ask(rest.client().current_user()).await?;
    let application: Application = rest.ask(rest.client().current_user_application()).await?;
    let flags = ApplicationFlags::from_bits_truncate(application.flags);
    let members = ApplicationFlags::GATEWAY_GUILD_MEMBERS | ApplicationFlags::GATEWAY_GUILD_MEMBERS_LIMITED;
    Ok(Who {
        us: Us { user: user.id, application: application.id, members: flags.intersects(members) },
        name: user.username,
        flags,
    })
}

/// What one `preflight` has learnt of the guilds.
type Guilds = Mutex<HashMap<Id<GuildMarker>, Arc<OnceCell<Home>>>>;

impl Discord {
    /// `preflight`.
    pub(crate) async fn look_around(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let rest = self.rest().map_err(OpenError::Refused)?;
        tokio::time::timeout(WITHIN, self.ask_everything(&rest, rooms))
            .await
            .map_err(|_| OpenError::Unavailable(format!("no answer within {} seconds", WITHIN.as_secs())))?
    }

    async fn ask_everything(&self, rest: &Rest, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let Who { us, name, flags } = match who(rest).await {
            // A 403 here is a token that is no bot's.
            Err(Failure::Refused { status: 403, .. }) => return Err(OpenError::Refused(wrong_token())),
            other => other?,
        };
        let content =
            ApplicationFlags::GATEWAY_MESSAGE_CONTENT | ApplicationFlags::GATEWAY_MESSAGE_CONTENT_LIMITED;
        if !flags.intersects(content) {
            return Err(OpenError::Refused(Problem::new(
                "The bot may not read what people write: the message content intent is off.",
                "Switch it on: Discord Developer Portal → your application → Bot → Privileged Gateway Intents → Message \
                 Content Intent → Save Changes.",
            )));
        }
        self.we_are(us);
        let guilds = Guilds::default();
        let answers = futures::stream::iter(rooms.to_vec())
            .map(|id| async {
                let report = self.ask_room(rest, us, &guilds, &id).await?;
                Ok::<_, OpenError>((id, report))
            })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.facts.missed_some(answers.iter().any(|(_, report)| report.is_err()));
        Ok(Preflight {
            identity: Identity { id: us.user.to_string().into(), name },
            warnings: self.registration.problem().into_iter().collect(),
            rooms: answers,
        })
    }

    /// The channel is one of a guild that has an outage.
    fn is_in_outage(&self, channel: Id<ChannelMarker>) -> bool {
        self.rooms.get(channel).is_some_and(|room| self.facts.has_outage(room.guild))
    }

    async fn ask_room(
        &self,
        rest: &Rest,
        us: Us,
        guilds: &Guilds,
        id: &NativeId,
    ) -> Result<Result<RoomReport, Problem>, OpenError> {
        let Some(channel_id) = snowflake(id) else {
            return Ok(Err(Problem::new(
                format!("`{id}` is not a channel's id."),
                "Copy it: User Settings → Advanced → Developer Mode, then right-click the channel → Copy Channel ID.",
            )));
        };
        // The same room under two spellings would be two rooms to the engine, and a loop.
        let canonical = NativeId::from(channel_id.to_string());
        if canonical != *id {
            return Ok(Err(Problem::new(
                format!("`{id}` is not how Discord writes this channel's id."),
                format!("Write the id as Discord shows it: `{canonical}`."),
            )));
        }
        let found = match or_absent(guilds::channel(rest, channel_id).await) {
            // One server's outage does not concern the rooms of others.
            Err(OpenError::Unavailable(_)) | Ok(None) if self.is_in_outage(channel_id) => {
                return Ok(Err(outage()));
            }
            other => other?,
        };
        let Some(found) = found else {
            return Ok(Err(no_access()));
        };
        if let Some(problem) = found.cannot_hold_messages() {
            return Ok(Err(problem));
        }
        let Some(guild_id) = found.guild_id else {
            return Ok(Err(no_access()));
        };
        let cell = guilds.lock().await.entry(guild_id).or_default().clone();
        let asked = cell.get_or_try_init(|| guilds::home(rest, us.user, guild_id));
        let Some(home) = or_absent(asked.await)? else {
            return Ok(Err(no_access()));
        };
        // A thread has the permissions of the channel it is in.
        let parent = match (found.is_thread(), found.parent_id) {
            (true, Some(parent)) => or_absent(guilds::channel(rest, parent).await)?,
            _ => None,
        };
        let (report, allowed) =
            home.report(self.config.network(), us, &found, parent.as_ref().unwrap_or(&found));
        if let Some(problem) = out_of_reach(allowed) {
            return Ok(Err(problem));
        }
        let private = report.visibility == Visibility::Private;
        let Some(room) = found.as_room(allowed, private, home.guild.largest_file()) else {
            return Ok(Err(no_access()));
        };
        self.rooms.put(channel_id, room);
        self.places.keep(&found);
        self.emojis.keep(guild_id, &home.guild.emojis);
        if let Some(name) = &found.name {
            self.names.keep_channel(&guild_id.to_string(), channel_id, name);
        }
        if !room.forum && allowed.contains(Permissions::READ_MESSAGE_HISTORY) {
            self.learn_pins(rest, channel_id).await;
        }
        let seen: Vec<_> = std::iter::once(&found).chain(&parent).collect();
        self.facts.asked(home, &seen);
        Ok(Ok(report))
    }
}

/// `None` where Discord says that there is no such thing for us.
fn or_absent<T>(asked: Result<T, Failure>) -> Result<Option<T>, OpenError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Refused { status: 403 | 404, .. }) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
