//! `/relay template [TEMPLATE|default]`: how people from elsewhere are called in a room, as those who manage it want it.

use super::words::{named, now};
use super::{Commands, Refused};
use crate::adapt::{names, presentable};
use crate::config::joined::Named;
use crate::config::{Joined, TemplateMistake, check_template};
use crate::engine::{PlannedLink, RunningAccount};
use crate::store::stream::PLATFORM;
use crate::text;
use relay_contract::{Call, Platform};

/// The longest template, in characters: names are cut so that platforms take them.
const LONGEST: usize = 60;
/// Somebody whose name shows how names will look.
const SOMEBODY: &str = "Ada";
/// The word that takes it back to what the admin's file says.
const DEFAULT: &str = "default";

impl Commands {
    /// How people are called here now.
    pub(super) async fn template(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        self.must_be_joined(language, &call.room)?;
        let joined = self.core.joined(&call.room);
        let template = joined.first().and_then(|(_, link)| link.settings.name.as_deref());
        let (platform, example) = self.example(call, template);
        let now = match template {
            Some(template) => {
                text!(language, "template-now", template = template, platform = platform, example = example)
            }
            None => text!(language, "template-now-none", platform = platform, example = example),
        };
        Ok(format!("{now}\n{}", text!(language, "template-how")))
    }

    /// Changes it, in all channels that the room is joined to: on disk, and in force for what comes.
    pub(super) async fn set_template(
        &self,
        account: &RunningAccount,
        call: &Call,
        words: &str,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        self.must_be_joined(language, &call.room)?;
        let template = match words.trim() {
            word if word.eq_ignore_ascii_case(DEFAULT) => None,
            template => Some(template.to_owned()),
        };
        if let Some(template) = &template {
            if template.chars().count() > LONGEST || template.chars().any(char::is_control) {
                return Err(text!(language, "template-long", most = LONGEST));
            }
            check_template(template).map_err(|wrong| match wrong {
                TemplateMistake::Nameless => text!(language, "template-nameless"),
                TemplateMistake::Unknown(word, near) => {
                    let (word, near) = (presentable(&word), near.unwrap_or("none"));
                    text!(language, "template-unknown", word = word, near = near)
                }
            })?;
        }
        for (channel, link) in self.core.joined(&call.room) {
            self.name_people(call, &channel, link, template.clone()).await?;
        }
        tracing::info!(account = %account.name, room = %call.room, ?template, "how people are called in a room was changed from the chat");
        let joined = self.core.joined(&call.room);
        let (_, example) =
            self.example(call, joined.first().and_then(|(_, link)| link.settings.name.as_deref()));
        Ok(match template {
            Some(_) => text!(language, "template-set", example = example),
            None => text!(language, "template-default", example = example),
        })
    }

    async fn name_people(
        &self,
        call: &Call,
        channel: &str,
        link: PlannedLink,
        template: Option<String>,
    ) -> Result<bool, Refused> {
        let entry = template.clone().map(|template| Named {
            room: format!("{}:{}", link.at.account, link.at.room),
            id: Some(call.room.room.to_string()),
            template,
            by: named(&call.asker),
            at: now(),
        });
        let at = link.at.clone();
        let on_disk = move |joined: &mut Joined| {
            let before = joined.names.len();
            joined.names.retain(|named| !named.is(&at.account, &at.room));
            let was_there = joined.names.len() < before;
            let is_to_be = entry.is_some();
            joined.names.extend(entry);
            was_there || is_to_be
        };
        let name = channel.to_owned();
        self.change(channel, on_disk, move |channels| {
            let links = channels.get_mut(&name).into_iter().flat_map(|channel| &mut channel.links);
            for here in links.filter(|other| other.at == link.at) {
                here.settings.name = template.clone().or_else(|| here.own_name.clone());
            }
        })
        .await
    }

    /// Somebody of another platform of the first channel, and how they are shown here.
    fn example(&self, call: &Call, template: Option<&str>) -> (String, String) {
        let routes = self.core.routes.borrow().clone();
        let links = routes.links_of(&call.room).flat_map(|(channel, _)| routes.channel(channel));
        let platforms = links.map(|link| &link.room.platform);
        let other: Option<&Platform> = platforms
            .filter(|platform| **platform != call.room.platform)
            .find(|platform| **platform != PLATFORM);
        let platform = other.unwrap_or(&call.room.platform);
        (names::capitalised(platform), names::shown(SOMEBODY, platform, template, None))
    }
}
