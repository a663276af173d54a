//! The built-in world.

use crate::world::{Bot, Person, Platform, Room, Space, World};

impl World {
    /// A small, pleasant world: a Discord guild, a Slack workspace and a Telegram group with topics, a few people on each, and one
    /// bot on each that is allowed everything.
    pub fn demo() -> Self {
        let mut world = Self {
            discord: platform(
                ("Night Owls", &["general", "random"]),
                &["Ada", "Bruno", "Chiara", "Dmitri"],
                ("demo-discord-token", ""),
            ),
            slack: platform(
                ("Studio", &["general", "random"]),
                &["Elif", "Farid", "Greta"],
                ("xoxb-demo-slack-token", "xapp-demo-slack-token"),
            ),
            telegram: platform(
                ("Chats", &["Sunday hikers", "Trail crew"]),
                &["Hana", "Ivo", "Jelena", "Kwame"],
                ("7000000001:demo-telegram-token-of-thirty-five-c", ""),
            ),
        };
        let group = world.telegram.spaces.iter_mut().flat_map(|space| &mut space.rooms).next();
        group.into_iter().for_each(|group| group.forum = true);
        world
    }
}

fn platform(space: (&str, &[&str]), people: &[&str], (token, app_token): (&str, &str)) -> Platform {
    let room =
        |name: &&str| Room { id: String::new(), name: (*name).to_owned(), private: false, forum: false };
    // The first may manage the rooms.
    let person = |(at, name): (usize, &&str)| Person {
        id: String::new(),
        name: (*name).to_owned(),
        handle: String::new(),
        manages: at == 0,
        token: String::new(),
        locale: String::new(),
    };
    Platform {
        port: 0,
        spaces: vec![Space {
            id: String::new(),
            name: space.0.to_owned(),
            rooms: space.1.iter().map(room).collect(),
        }],
        people: people.iter().enumerate().map(person).collect(),
        bots: vec![Bot {
            id: String::new(),
            name: "Relay".to_owned(),
            token: token.to_owned(),
            app_token: app_token.to_owned(),
            may: None,
            rooms: None,
        }],
        limits: None,
    }
}
