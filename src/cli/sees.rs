//! What each room sees of people elsewhere, in words: for `relay check`.

use crate::config::{ChannelSection, Config, LinkSection};
use crate::consent::Level;
use serde::Serialize;

/// What somebody is shown of the people of a channel's other rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sees {
    /// The channel.
    pub channel: String,
    /// Who: a room as it is written, the programs that have a token, or a webhook.
    pub who: String,
    /// How much.
    pub level: Level,
    /// Where that is said.
    pub because: &'static str,
    /// Of these rooms less, because of their own links.
    pub less: Vec<(String, Level)>,
}

impl Sees {
    /// All that see anything, channel by channel.
    pub fn all(config: &Config) -> Vec<Self> {
        config.channels.iter().flat_map(|channel| of_channel(config, channel)).collect()
    }

    /// In a line.
    pub fn in_words(&self) -> String {
        let Self { channel, who, level, because, .. } = self;
        let because = if because.is_empty() { String::new() } else { format!(": {because}") };
        let less: String = self
            .less
            .iter()
            .map(|(of, level)| format!("; of {of} {} ({})", level.in_words(), level.word()))
            .collect();
        format!("In {channel}, {who} sees: {} ({}{because}){less}.", level.in_words(), level.word())
    }
}

fn of_channel(config: &Config, channel: &ChannelSection) -> Vec<Sees> {
    let links: Vec<LinkSection> =
        channel.links_in_force().into_iter().map(|(link, _)| link.clone()).collect();
    let written = |link: &LinkSection| format!("{}:{}", link.at.account, link.at.room);
    let sees = |who: String, own: Level| {
        let all = [("[relay]", config.relay.privacy), ("its channel", channel.privacy), ("its link", own)];
        let level = all.into_iter().map(|(_, level)| level).fold(Level::Full, Level::tighter);
        let because = all.into_iter().find(|(_, of)| *of == level && level != Level::Full);
        let others = links.iter().filter(|link| written(link) != who && link.direction.hears());
        let less = others
            .map(|link| (written(link), level.tighter(link.settings.privacy)))
            .filter(|(_, of)| *of != level);
        Sees {
            channel: channel.name.clone(),
            level,
            because: because.map_or("", |(place, _)| place),
            less: less.collect(),
            who,
        }
    };
    let rooms = links.iter().filter(|link| link.direction.speaks());
    let mut all: Vec<Sees> = rooms.map(|link| sees(written(link), link.settings.privacy)).collect();
    if let Some(api) = &config.api {
        if api.has(&channel.name) {
            all.push(sees("whoever has a token for it".into(), Level::Full));
        }
        let webhooks = api.outgoing.iter().filter(|webhook| webhook.channel == channel.name);
        all.extend(webhooks.map(|webhook| sees(format!("the webhook {}", webhook.name), Level::Full)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn it_says_who_sees_what_and_why() {
        let text = "[accounts.owls]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n\
            [channels.lobby]\nprivacy = \"balanced\"\n\
            links = [\"owls:1\", { room = \"owls:2\", privacy = \"minimal\" }, { room = \"owls:3\", direction = \"in\" }]\n\
            [channels.open]\nlinks = [\"owls:4\"]\n";
        let told = |text: &str| -> Vec<String> {
            let config = Config::parse(text, Path::new("bridges.toml")).unwrap();
            Sees::all(&config).iter().map(Sees::in_words).collect()
        };
        let (balanced, minimal) = (Level::Balanced.in_words(), Level::Minimal.in_words());
        let full = Level::Full.in_words();
        assert_eq!(
            told(text),
            [
                format!(
                    "In lobby, owls:1 sees: {balanced} (balanced: its channel); of owls:2 {minimal} (minimal)."
                ),
                format!("In lobby, owls:2 sees: {minimal} (minimal: its link)."),
                format!("In open, owls:4 sees: {full} (full)."),
            ]
        );
        let everywhere = format!("{text}[relay]\nprivacy = \"minimal\"\n");
        assert!(
            told(&everywhere).iter().all(|line| line.contains("minimal: [relay]")),
            "{:?}",
            told(&everywhere)
        );
    }
}
