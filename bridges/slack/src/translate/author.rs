//! Who wrote a message.

use super::{Nothing, Reader, string};
use relay_contract::{Author, Standing};
use serde_json::Value;

impl Reader<'_> {
    pub(super) fn author(&self, message: &Value) -> Result<Author, Nothing> {
        let standing = self.standing(message);
        let user = string(message, "user");
        let person = user.and_then(|id| self.added.people.get(id));
        let profile = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| message.pointer(key).and_then(Value::as_str))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        // Apps choose a name for each message; people have one.
        let said = profile(&["/username"]);
        let of_bot = profile(&["/bot_profile/name"]);
        let of_user =
            profile(&["/user_profile/display_name"]).or_else(|| profile(&["/user_profile/real_name"]));
        let known = person.map(|person| person.name.clone());
        let picture = profile(&["/icons/image_72", "/icons/image_64", "/icons/image_48"]);
        let of_bot_picture = profile(&["/bot_profile/icons/image_72"]);
        let known_picture = person.and_then(|person| person.avatar.clone());
        let of_user_picture = profile(&["/user_profile/image_72"]);
        let bot = string(message, "bot_id");
        let (id, name, avatar) = match standing {
            Standing::Person => {
                (user.or(bot), known.or(of_user).or(said), known_picture.or(of_user_picture).or(picture))
            }
            Standing::Bot | Standing::Relay => (
                bot.or(user),
                said.or(of_bot).or(known).or(of_user),
                picture.or(of_bot_picture).or(known_picture),
            ),
        };
        let Some(id) = id else {
            return Err(Nothing::Unreadable("a message by nobody".into()));
        };
        Ok(Author { id: id.into(), name: name.unwrap_or_else(|| id.to_owned()), avatar, standing })
    }
}
