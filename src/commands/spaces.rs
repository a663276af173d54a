//! The spaces that an asker may name as recipients, by the name that people see or by id: those of the rooms that what is said where they
//! ask goes to, and, where nobody else reads the answer, those that they have said something about before.

use super::Commands;
use crate::adapt::presentable;
use crate::consent::{History, Recipient, Scope};
use crate::text;
use crate::texts::Language;
use relay_contract::{NativeId, Platform, RoomKey};

/// So many are told.
const TOLD: usize = 20;
/// What programs are reached by: nobody sees a space there.
pub(super) const PROGRAMS: [&str; 2] = ["relay", "webhook"];
/// What stands around a name, by what may end it.
const QUOTES: [&[char]; 2] = [&['"', '“', '”', '„', '«', '»'], &['\'', '‘', '’', '‚']];

/// A guild, workspace, network or chat.
#[derive(Debug, Clone)]
pub(super) struct Space {
    platform: Platform,
    network: NativeId,
    /// Its id, and those that it had before.
    ids: Vec<NativeId>,
    name: String,
}

/// All that an asker may know of.
#[derive(Debug, Default)]
pub(super) struct Spaces(Vec<Space>);

/// What stands behind `to`: a platform and a name, perhaps with a span behind it.
pub(super) struct Written<'a> {
    /// What stands before `to`.
    pub(super) before: &'a str,
    platform: &'a Platform,
    name: &'a str,
}

impl Commands {
    /// The spaces that an asker may know of in a room; `said` is what they have said, where nobody else reads the answer.
    pub(super) fn spaces(&self, room: &RoomKey, said: Option<&History>) -> Spaces {
        let (core, routes) = (&self.core, self.core.routes.borrow().clone());
        let mut spaces = Spaces::default();
        for (to, _) in routes.targets(room) {
            spaces.add(&core.recipient(&to), core.known.space_name(&to));
        }
        let said = said.map(|said| said.entries()).unwrap_or_default();
        if said.iter().any(|entry| matches!(entry.scope, Scope::One(Recipient::Space { .. }))) {
            for (_, known) in core.known.all() {
                let space = core.recipient(&known.key);
                if said.iter().any(|entry| matches!(&entry.scope, Scope::One(one) if is_same(one, &space))) {
                    spaces.add(&space, Some(known.space_name));
                }
            }
        }
        spaces.0.sort_by(|one, other| (&one.platform, &one.name).cmp(&(&other.platform, &other.name)));
        spaces
    }
}

impl Spaces {
    fn add(&mut self, recipient: &Recipient, name: Option<String>) {
        let is_there = self.0.iter().any(|known| is_same(&known.recipient(), recipient));
        let Recipient::Space { platform, network, ids } = recipient.clone() else { return };
        let Some(id) = ids.first().filter(|_| !is_there && !PROGRAMS.contains(&platform.as_str())) else {
            return;
        };
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.to_string());
        self.0.push(Space { platform, network, ids, name });
    }

    /// What a space is called, with its id where another one of its platform is called the same; none where the asker may not know it.
    pub(super) fn name(&self, recipient: &Recipient) -> Option<String> {
        let space = self.0.iter().find(|space| is_same(&space.recipient(), recipient))?;
        let name = presentable(&space.name);
        Some(match self.called(&space.platform, &space.name).len() {
            0 | 1 => name,
            _ => format!("{name} ({})", space.id()),
        })
    }

    /// All of them as they are written in a command; none where there are none.
    pub(super) fn all(&self) -> Option<String> {
        let written = |space: &Space| match self.called(&space.platform, &space.name).len() {
            0 | 1 => format!("{}:{}", space.platform, presentable(&space.name)),
            _ => format!("{}:{}", space.platform, space.id()),
        };
        let told = self.0.iter().take(TOLD).map(written);
        let more = (self.0.len() > TOLD).then(|| "…".to_owned());
        let all = told.chain(more).collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then_some(all)
    }

    /// The space that is meant, and what stands behind `for`.
    pub(super) fn find<'a>(
        &self,
        language: Language,
        written: &Written<'a>,
    ) -> Result<(Recipient, Option<&'a str>), String> {
        let Written { platform, name, .. } = *written;
        let mut found = Vec::new();
        for readings in [quoted(name), unquoted(name)] {
            let called = readings.into_iter().map(|(name, span)| (self.called(platform, name), span));
            found = called.filter(|(called, _)| !called.is_empty()).collect();
            if !found.is_empty() {
                break;
            }
        }
        match (found.as_slice(), self.all()) {
            ([(called, span)], _) => match called.as_slice() {
                [space] => Ok((space.recipient(), *span)),
                several => {
                    let ids = several.iter().map(|space| format!("{platform}:{}", space.id()));
                    let ids = ids.collect::<Vec<_>>().join(", ");
                    Err(text!(language, "consent-space-shared", ids = ids))
                }
            },
            ([], Some(spaces)) => {
                let whom = format!("{platform}:{name}").escape_debug().to_string();
                Err(text!(language, "consent-no-space", whom = whom, spaces = spaces))
            }
            ([], None) => Err(text!(language, "consent-no-spaces")),
            _ => Err(text!(language, "consent-space-unclear")),
        }
    }

    /// The spaces with this name, in whatever case; one with this very id is meant before all others.
    fn called(&self, platform: &Platform, name: &str) -> Vec<&Space> {
        let of_platform = || self.0.iter().filter(|space| space.platform == *platform);
        let by_id = of_platform().find(|space| space.ids.iter().any(|id| id.as_str() == name));
        let wanted = folded(name);
        let is_so = |space: &&Space| {
            let shown = presentable(&space.name);
            let names = [space.name.as_str(), &shown].into_iter();
            names.chain(space.ids.iter().map(NativeId::as_str)).any(|name| folded(name) == wanted)
        };
        by_id.map_or_else(|| of_platform().filter(is_so).collect(), |space| vec![space])
    }
}

impl Space {
    fn recipient(&self) -> Recipient {
        let Self { platform, network, ids, .. } = self.clone();
        Recipient::Space { platform, network, ids }
    }

    fn id(&self) -> &str {
        self.ids.first().map_or("", NativeId::as_str)
    }
}

impl<'a> Written<'a> {
    /// Reads `… to PLATFORM:NAME`; none where no platform is named so, or another word than a name ends with a colon.
    pub(super) fn read(said: &'a str, platforms: &'a [Platform]) -> Option<Self> {
        let (before, whom) = said.split_at_checked(said.to_ascii_lowercase().find(" to ")?)?;
        let (platform, name) = whom.get(" to ".len()..)?.split_once(':')?;
        let platform = platforms.iter().find(|known| known.as_str().eq_ignore_ascii_case(platform.trim()))?;
        let name = Some(name.trim()).filter(|name| !name.is_empty())?;
        // A span stands at the end.
        let is_name = !before.to_ascii_lowercase().contains(" for ");
        is_name.then_some(Self { before, platform, name })
    }
}

/// Whether both are one space.
fn is_same(one: &Recipient, other: &Recipient) -> bool {
    match (one, other) {
        (
            Recipient::Space { platform, network, ids },
            Recipient::Space { platform: other_platform, network: other_network, ids: other },
        ) => {
            (platform, network) == (other_platform, other_network) && ids.iter().any(|id| other.contains(id))
        }
        _ => false,
    }
}

/// A name, whatever its case and white space.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A name in quotes, and the span behind it: by each quote that may end it.
fn quoted(said: &str) -> Vec<(&str, Option<&str>)> {
    let Some(ends) = QUOTES.into_iter().find(|quotes| said.starts_with(*quotes)) else { return Vec::new() };
    let mut rest = said.chars();
    rest.next();
    let inner = rest.as_str();
    let readings = inner.match_indices(ends).filter_map(|(at, quote)| {
        let (name, behind) = (inner.get(..at)?, inner.get(at + quote.len()..)?);
        match behind.is_empty() {
            true => Some((name, None)),
            false => span(behind).filter(|(before, _)| before.is_empty()).map(|(_, span)| (name, Some(span))),
        }
    });
    readings.collect()
}

/// All of it as a name, and each part of it before a ` for `.
fn unquoted(said: &str) -> Vec<(&str, Option<&str>)> {
    let lower = said.to_ascii_lowercase();
    let spans =
        lower.match_indices(" for ").filter_map(|(at, _)| span(said.get(at..)?).map(|(_, span)| (at, span)));
    let parts = spans.filter_map(|(at, span)| Some((said.get(..at)?, Some(span))));
    std::iter::once((said, None)).chain(parts).collect()
}

/// What stands before the first ` for ` and behind it.
fn span(said: &str) -> Option<(&str, &str)> {
    let (before, rest) = said.split_at_checked(said.to_ascii_lowercase().find(" for ")?)?;
    rest.get(" for ".len()..).map(|span| (before, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Spaces {
        /// Each by its platform, ids and name.
        pub(in crate::commands) fn of(all: &[(&str, &[&str], &str)]) -> Self {
            let mut spaces = Self::default();
            for (platform, ids, name) in all {
                let ids = ids.iter().map(|id| NativeId::from(*id)).collect();
                let platform = Platform::from_stored((*platform).to_owned());
                spaces.add(&Recipient::of(&RoomKey::new(platform, "n", "r"), ids), Some((*name).to_owned()));
            }
            spaces
        }
    }

    /// Whom a command means, by id, and for how long.
    fn meant(spaces: &Spaces, said: &str) -> Result<(String, Option<String>), String> {
        let platforms = ["discord", "irc", "relay"].map(|name| Platform::from_stored(name.into()));
        let written = Written::read(said, &platforms).ok_or("no space")?;
        assert_eq!(written.before, "revoke bridging", "{said}");
        let (recipient, span) = spaces.find(Language::English, &written)?;
        let Recipient::Space { ids, .. } = recipient else { return Err("no space".into()) };
        Ok((ids.first().map(ToString::to_string).unwrap_or_default(), span.map(str::to_owned)))
    }

    #[test]
    fn a_space_is_meant_by_its_name_or_its_id() {
        let known = Spaces::of(&[
            ("discord", &["1"], "Night Owls"),
            ("discord", &["2"], "Camp for 2 days"),
            ("discord", &["3"], "From Dusk to Dawn: the club"),
            ("discord", &["40", "4"], "Hikers"),
            ("discord", &["5"], "\"The\" Best"),
            ("discord", &["!aB"], "One"),
            ("discord", &["!Ab"], "Another"),
            ("discord", &["7"], "Wide   \u{202e}World"),
            ("irc", &["irc.example:6667"], "irc.example:6667"),
        ]);
        for (whom, id, span) in [
            ("discord:Night Owls", "1", None),
            ("Discord: night owls", "1", None),
            ("discord:1", "1", None),
            ("discord:\"Night Owls\"", "1", None),
            ("discord:„Night Owls“ for 1 day", "1", Some("1 day")),
            ("discord:'night owls' for ever", "1", Some("ever")),
            ("discord:Night Owls FOR 1 day", "1", Some("1 day")),
            ("discord:Camp for 2 days", "2", None),
            ("discord:camp for 2 days for 3 hours", "2", Some("3 hours")),
            ("discord:From Dusk to Dawn: the club", "3", None),
            ("discord:4", "40", None),
            ("discord:40 for 1 day", "40", Some("1 day")),
            ("discord:\"The\" Best", "5", None),
            ("discord:\"\"The\" Best\"", "5", None),
            ("discord:!Ab", "!Ab", None),
            ("discord:Wide World", "7", None),
            ("irc:irc.example:6667", "irc.example:6667", None),
        ] {
            let meant = meant(&known, &format!("revoke bridging to {whom}"));
            assert_eq!(meant, Ok((id.to_owned(), span.map(str::to_owned))), "{whom}");
        }
        for said in
            ["revoke bridging to discord", "revoke bridging to discord:", "revoke bridging to service:x"]
        {
            assert_eq!(meant(&known, said), Err("no space".into()), "{said}");
        }
        assert_eq!(meant(&known, "revoke bridging for 1 day to discord:1"), Err("no space".into()));
    }

    #[test]
    fn what_is_not_one_space_is_refused_and_says_which_there_are() {
        let known = Spaces::of(&[
            ("discord", &["1"], "Owls"),
            ("discord", &["2"], "OWLS"),
            ("discord", &["3"], "Camp"),
            ("discord", &["4"], "Camp for 2 days"),
            ("irc", &["Libera.Chat"], "Libera.Chat"),
            ("relay", &["lobby"], "API"),
        ]);
        let refused = |whom: &str| meant(&known, &format!("revoke bridging to {whom}")).unwrap_err();
        assert!(refused("discord:owls").contains("discord:1, discord:2"), "{}", refused("discord:owls"));
        assert!(refused("discord:Camp for 2 days").contains("quotes"), "two may be meant");
        for whom in ["discord:Hikers", "irc:Owls", "relay:lobby", "irc:\"Libera.Chat\" now", "discord:!aB"] {
            let words = refused(whom);
            let there = "discord:Camp, discord:Camp for 2 days, irc:Libera.Chat";
            assert!(words.contains("discord:1, discord:2, ") && words.contains(there), "{whom}: {words}");
            assert!(!words.contains("relay:lobby.") && !words.contains("API"), "{words}");
        }
        assert_eq!(meant(&known, "revoke bridging to discord:\"Camp for 2 days\"").unwrap().0, "4");
        let nothing = Spaces::of(&[]);
        let words = meant(&nothing, "revoke bridging to discord:Owls").unwrap_err();
        assert!(words.contains("joined"), "{words}");
    }

    #[test]
    fn a_name_is_told_with_the_id_where_two_have_it() {
        let known =
            Spaces::of(&[("discord", &["1"], "Owls"), ("discord", &["2"], "Owls"), ("irc", &["n"], "Owls")]);
        let name = |platform: &'static str, ids: &[&str]| {
            let ids = ids.iter().map(|id| NativeId::from(*id)).collect();
            known.name(&Recipient::of(&RoomKey::new(Platform::new(platform), "n", "r"), ids))
        };
        assert_eq!(name("discord", &["2"]).as_deref(), Some("Owls (2)"));
        assert_eq!(name("irc", &["n", "before"]).as_deref(), Some("Owls"));
        assert_eq!((name("discord", &["3"]), name("discord", &[])), (None, None));
    }
}
