//! Reading a world, and the ids that it leaves out.

use crate::world::{Platform, World};
use std::collections::HashSet;
use std::path::Path;

/// Something in a world that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Contradiction(String);

/// Why a world file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file, no permission.
    #[error("cannot read the world file {0}: {1}")]
    Unreadable(String, std::io::Error),
    /// Not TOML, or not a world; names the line.
    #[error("the world file {0} is wrong: {1}")]
    Wrong(String, toml::de::Error),
    /// Well-formed, yet contradicts itself.
    #[error("the world file {0} does not hold together: {1}")]
    Contradiction(String, Contradiction),
}

impl World {
    /// Reads a world file and fills in its ids.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ReadError::Unreadable(shown(), error))?;
        let mut world: Self = toml::from_str(&text).map_err(|error| ReadError::Wrong(shown(), error))?;
        world.fill_ids().map_err(|error| ReadError::Contradiction(shown(), error))?;
        Ok(world)
    }

    /// Gives an id, derived from its name, to everything that has none, and a handle to people without one. The same
    /// world gets the same ids at every start. Calling it again changes nothing.
    pub fn fill_ids(&mut self) -> Result<(), Contradiction> {
        fill(&mut self.discord, "discord")?;
        fill(&mut self.slack, "slack")?;
        fill(&mut self.telegram, "telegram")
    }
}

#[derive(Clone, Copy)]
enum What {
    Space,
    Room,
    User,
}

fn fill(platform: &mut Platform, of: &'static str) -> Result<(), Contradiction> {
    let mut taken = HashSet::new();
    let mut give = |id: &mut String, what: What, name: &str| {
        if id.is_empty() {
            *id = derived(of, what, name);
        }
        // Discord, Slack and Telegram each keep users and rooms in one number space.
        if taken.insert(id.clone()) {
            return Ok(());
        }
        Err(Contradiction(format!("{of}: two things have the id `{id}`; the second is `{name}`")))
    };
    for space in &mut platform.spaces {
        give(&mut space.id, What::Space, &space.name)?;
        for room in &mut space.rooms {
            give(&mut room.id, What::Room, &format!("{}/{}", space.name, room.name))?;
        }
    }
    for person in &mut platform.people {
        give(&mut person.id, What::User, &format!("person {}", person.name))?;
        if person.handle.is_empty() {
            person.handle = handle(&person.name);
        }
    }
    for bot in &mut platform.bots {
        // A Telegram token begins with the bot's id.
        if of == "telegram"
            && bot.id.is_empty()
            && let Some((id, _)) = bot.token.split_once(':').filter(|(id, _)| id.parse::<i64>().is_ok())
        {
            bot.id = id.to_owned();
        }
        give(&mut bot.id, What::User, &format!("bot {}", bot.name))?;
    }
    let mut handles = HashSet::new();
    match platform.people.iter().find(|person| !handles.insert(&person.handle)) {
        Some(person) => Err(Contradiction(format!("{of}: two people have the handle `{}`", person.handle))),
        None => Ok(()),
    }
}

/// An id in the platform's own shape. Discord: a snowflake; Slack: a letter and ten of `0-9A-Z`; Telegram: a positive
/// number for people, `-100…` for supergroups.
fn derived(of: &str, what: What, name: &str) -> String {
    let hash = fnv(name);
    match (of, what) {
        // 2015-ish to 2022-ish in the upper 42 bits: older than anything said here.
        ("discord", _) => ((hash % 900_000_000_000_000_000) + 100_000_000_000_000_000).to_string(),
        ("slack", what) => {
            let letter = match what {
                What::Space => 'T',
                What::Room => 'C',
                What::User => 'U',
            };
            letter.to_string() + &base36(hash)
        }
        (_, What::User) => (1_000_000_000 + hash % 6_000_000_000).to_string(),
        _ => format!("-100{}", 1_000_000_000 + hash % 2_000_000_000),
    }
}

/// Ten of `0-9A-Z`, beginning with `0` as Slack's ids do.
fn base36(mut number: u64) -> String {
    let mut id = String::from("0");
    for _ in 0..9 {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        id.extend(char::from_digit(digit, 36).map(|c| c.to_ascii_uppercase()));
        number /= 36;
    }
    id
}

/// FNV-1a: stable across versions and machines, unlike the standard library's hashers.
fn fnv(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn handle(name: &str) -> String {
    let made: String =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if made.is_empty() { "nameless".to_owned() } else { made }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ids_are_stable_and_in_the_platforms_shape() {
        let (mut one, mut two) = (World::demo(), World::demo());
        one.fill_ids().unwrap();
        two.fill_ids().unwrap();
        two.fill_ids().unwrap();
        assert_eq!(toml::to_string(&one).unwrap(), toml::to_string(&two).unwrap());
        assert!(one.discord.people[0].id.parse::<u64>().unwrap() > 100_000_000_000_000_000);
        assert!(one.slack.spaces[0].rooms[0].id.starts_with("C0"));
        assert!(one.telegram.spaces[0].rooms[0].id.starts_with("-100"));
        assert_eq!(one.telegram.bots[0].id, "7000000001");
    }

    #[test]
    fn contradictions_are_refused() {
        for (file, says) in [
            ("[[slack.people]]\nname = 'A'\n[[slack.people]]\nname = 'A'", "two things have the id"),
            (
                "[[discord.people]]\nname = 'A'\nid = '1'\n[[discord.people]]\nname = 'a'\nid = '2'",
                "handle `a`",
            ),
            ("[[discord.people]]\nname = 'A'\ncolour = 1", "line 3"),
        ] {
            let answer = match toml::from_str::<World>(file) {
                Ok(mut world) => world.fill_ids().unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(answer.contains(says), "{answer}");
        }
    }
}
