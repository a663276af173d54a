//! One platform: its people give commands in its rooms, and see what is answered.

use super::super::DemoPlatform;
use super::script::{Asks, Line, Place, Scene, Who};
use serde_json::{Value, json};
use stand_ins::people::{Act, People, Refused, Seen};
use stand_ins::world::{Person, Platform};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it has to stay as it is to be whole: some come in parts, or are filled in.
const SETTLED: Duration = Duration::from_millis(150);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(15);
/// What the member of each platform says.
const SAID: [(&str, &str); 3] = [
    ("discord", "Who brings the lanterns on Sunday?"),
    ("slack", "The print shop has our posters ready."),
    ("telegram", "Meet at the mill at nine, bring water."),
];

/// A platform's people and rooms.
pub struct Stage {
    people: Arc<dyn People>,
    members: Vec<Person>,
    rooms: Vec<String>,
    /// What its member says at the beginning.
    pub said: &'static str,
    /// The id of that message.
    message: String,
    /// The code that was given last.
    code: String,
    /// The bot's name.
    bot: String,
    /// Somebody who writes on another platform.
    elsewhere: String,
}

impl Stage {
    /// Where nothing has happened yet.
    pub fn new(platform: &DemoPlatform, world: &Platform) -> Self {
        let name = platform.people.platform();
        Self {
            people: platform.people.clone(),
            members: world.people.clone(),
            rooms: platform.rooms.iter().map(|room| room.id.as_str().to_owned()).collect(),
            said: SAID.iter().find(|(platform, _)| *platform == name).map_or("Hello.", |(_, said)| said),
            message: String::new(),
            code: String::new(),
            bot: world.bots.first().map(|bot| bot.name.clone()).unwrap_or_default(),
            elsewhere: String::new(),
        }
    }

    /// Its name.
    pub fn platform(&self) -> &'static str {
        self.people.platform()
    }

    /// The member says something, and the manager likes it.
    pub fn begin(&mut self) {
        let room = self.room(Place::Joined);
        let say = Act::Say {
            person: self.person(Who::Member).id,
            room: room.clone(),
            text: self.said.to_owned(),
            reply_to: None,
            files: Vec::new(),
            thread: None,
        };
        let person = self.person(Who::Manager).id;
        let liked = self.people.act(say).and_then(|message| {
            self.message.clone_from(&message);
            self.people.act(Act::React { person, room, message, emoji: "👍".into(), on: true })
        });
        if let Err(error) = liked {
            tracing::warn!(%error, "nothing can be said in the world of the commands");
        }
    }

    /// What its member is called.
    pub fn member(&self) -> String {
        self.person(Who::Member).name
    }

    /// Waits until what others have said has arrived in the joined room; the first of them is the one who is meant from now on.
    pub async fn heard(&mut self, others: &[&(String, &str)]) {
        let room = self.room(Place::Joined);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let messages = self.people.messages(&room).unwrap_or_default();
            let is_there =
                |words: &str| messages.iter().any(|message| message.by_bot && message.text.contains(words));
            if others.iter().all(|(_, words)| is_there(words)) {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.elsewhere = others.first().map(|(name, _)| name.clone()).unwrap_or_default();
    }

    /// Plays a scene: what was asked in each line, and what was shown to whom.
    pub async fn play(&mut self, scene: &Scene) -> Vec<Value> {
        let mut lines = Vec::new();
        let name = self.platform();
        for line in scene.lines.iter().filter(|line| line.only.is_none_or(|only| only == name)) {
            let (room, person) = (self.room(line.place), self.person(line.who));
            let closed = |private| Act::SetPrivate { room: room.clone(), private };
            if line.place == Place::Private
                && let Err(error) = self.people.act(closed(true))
            {
                tracing::warn!(%error, "a room cannot be made private");
            }
            let about =
                matches!(line.asks, Asks::About { .. }).then(|| self.find(&room, &self.message)).flatten();
            let shown = match self.give(line, &room, &person).await {
                Ok((asked, answers)) => json!({ "asked": asked, "answers": answers }),
                Err(refused) => json!({ "refused": refused.to_string() }),
            };
            if line.place == Place::Private
                && let Err(error) = self.people.act(closed(false))
            {
                tracing::warn!(%error, "a room cannot be opened again");
            }
            let mut told = json!({
                "person": { "id": person.id, "name": person.name, "manages": person.manages },
                "room": room,
                "typed": self.typed(&line.asks),
                "entry": self.entry(&line.asks),
                "about": about,
            });
            if let (Some(told), Value::Object(shown)) = (told.as_object_mut(), shown) {
                told.extend(shown);
            }
            lines.push(told);
        }
        lines
    }

    /// Gives a command; answers the message that it was, if it was one, and what is answered.
    async fn give(
        &mut self,
        line: &Line,
        room: &str,
        person: &Person,
    ) -> Result<(Option<Seen>, Vec<Seen>), Refused> {
        let before = self.seen(room, person).into_iter().map(|message| (message.room, message.id)).collect();
        let (person_id, room_id) = (person.id.clone(), room.to_owned());
        let act = match (self.entry(&line.asks), &line.asks) {
            (Some(entry), _) => {
                let text = format!("shortcut:{entry} {}", self.message);
                Act::Command { person: person_id, room: room_id, text }
            }
            (None, Asks::Typed(_)) => {
                Act::Command { person: person_id, room: room_id, text: self.typed(&line.asks) }
            }
            (None, Asks::About { .. }) => Act::Say {
                person: person_id,
                room: room_id,
                text: self.typed(&line.asks),
                reply_to: Some(self.message.clone()),
                files: Vec::new(),
                thread: None,
            },
        };
        let asked = self.people.act(act)?;
        let answers = self.answers(room, person, &asked, &before).await?;
        if let Some(code) = answers.iter().find_map(|answer| code_in(&answer.text)) {
            self.code = code;
        }
        let said = self.seen(room, person).into_iter().find(|message| message.id == asked && !message.by_bot);
        Ok((said, answers))
    }

    /// What is answered, when all of it is there.
    async fn answers(
        &self,
        room: &str,
        person: &Person,
        asked: &str,
        before: &HashSet<(String, String)>,
    ) -> Result<Vec<Seen>, Refused> {
        let is_answer = |message: &Seen| {
            let is_new = !before.contains(&(message.room.clone(), message.id.clone()));
            let to_them = message.room == person.id
                || message.only_for.as_ref() == Some(&person.id)
                || message.reply_to.as_deref() == Some(asked);
            is_new && message.by_bot && to_them && !message.deleted && !message.text.is_empty()
        };
        let (began, mut since) = (Instant::now(), Instant::now());
        let mut last: Vec<Seen> = Vec::new();
        while began.elapsed() < PATIENCE {
            let mut now = self.seen(room, person);
            now.retain(is_answer);
            if now != last {
                (last, since) = (now, Instant::now());
            } else if !last.is_empty() && since.elapsed() >= SETTLED {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(last)
    }

    /// All that somebody sees: of a room, and of their chat with the bot alone, if they have one.
    fn seen(&self, room: &str, person: &Person) -> Vec<Seen> {
        let places = [room, person.id.as_str()];
        places.iter().flat_map(|place| self.people.messages(place).unwrap_or_default()).collect()
    }

    fn find(&self, room: &str, id: &str) -> Option<Seen> {
        self.people.messages(room).ok()?.into_iter().find(|message| message.id == id)
    }

    /// The entry of a message's menu by which it is asked; none where messages have no menu for bots.
    fn entry(&self, asks: &Asks) -> Option<&'static str> {
        match (asks, self.platform()) {
            (Asks::About { discord, .. }, "discord") => Some(discord),
            (Asks::About { slack, .. }, "slack") => Some(slack),
            _ => None,
        }
    }

    fn typed(&self, asks: &Asks) -> String {
        match asks {
            Asks::Typed(text) => text.replace("{code}", &self.code).replace("{elsewhere}", &self.elsewhere),
            Asks::About { typed, .. } => (*typed).to_owned(),
        }
    }

    fn person(&self, who: Who) -> Person {
        let found = match who {
            Who::Manager => self.members.iter().find(|person| person.manages),
            Who::Member => self.members.iter().find(|person| !person.manages),
            Who::Other => self.members.iter().filter(|person| !person.manages).nth(1),
            Who::Last => self.members.last(),
        };
        found.cloned().unwrap_or_else(|| Person {
            id: String::new(),
            name: String::new(),
            handle: String::new(),
            manages: false,
            token: String::new(),
            locale: String::new(),
        })
    }

    fn room(&self, place: Place) -> String {
        let at = match place {
            Place::Joined => 0,
            Place::Apart | Place::Private => 1,
            // A chat with a bot is begun by its name.
            Place::Alone => return self.bot.clone(),
        };
        self.rooms.get(at).cloned().unwrap_or_default()
    }
}

/// The code in an answer: two groups of four.
fn code_in(text: &str) -> Option<String> {
    let is_code = |word: &&str| {
        let is_group = |group: &str| {
            group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        word.split_once('-').is_some_and(|(first, second)| is_group(first) && is_group(second))
    };
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(is_code).map(str::to_owned)
}
