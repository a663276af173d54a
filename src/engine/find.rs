//! Rooms by the names people see. Pure: a name, and what the account sees.

use relay_contract::{Listed, NativeId, Problem, Visibility};

/// So many candidates are shown.
const SHOWN: usize = 5;
/// From this likeness on (Jaro-Winkler, 0 to 1), a name is taken for another one misspelt.
const ALIKE: f64 = 0.75;

/// The room that is meant by `#general`, `Night Owls/#general` or `Sunday hikers`; or what to write instead, in words that an
/// account named `account` understands.
pub fn named(written: &str, account: &str, rooms: &[Listed], complete: bool) -> Result<NativeId, Problem> {
    let exact = matching(rooms, |name| name == written.trim());
    let found =
        if exact.is_empty() { matching(rooms, |name| folded(name) == folded(written)) } else { exact };
    match found.as_slice() {
        [room] if room.report.visibility == Visibility::Private => Err(Problem::new(
            format!("{} is a private room: a name alone does not link it.", full_name(room)),
            format!("If it is meant, write its id: \"{account}:{}\".", room.report.key.room),
        )),
        [room] => Ok(room.report.key.room.clone()),
        [] => Err(unknown(written, account, rooms, complete)),
        several => Err(Problem::new(
            format!("`{written}` is the name of {} rooms: {}.", several.len(), listed(several, account)),
            "Write the space before the name, or the id.",
        )),
    }
}

/// `Night Owls/#general`; a room that is a space of its own has one name.
pub fn full_name(room: &Listed) -> String {
    let report = &room.report;
    match report.space.name == report.name || report.space.name.is_empty() {
        true => report.name.clone(),
        false => format!("{}/{}", report.space.name, report.name),
    }
}

fn matching(rooms: &[Listed], is_meant: impl Fn(&str) -> bool) -> Vec<&Listed> {
    rooms.iter().filter(|room| names(room).iter().any(|name| is_meant(name))).collect()
}

/// All that a room may be called.
fn names(room: &Listed) -> Vec<String> {
    let short = &room.report.name;
    let bare = short.strip_prefix('#').unwrap_or(short);
    let space = &room.report.space.name;
    vec![short.clone(), bare.to_owned(), format!("{space}/{short}"), format!("{space}/{bare}")]
}

/// Without case, and without white space that nobody sees.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn unknown(written: &str, account: &str, rooms: &[Listed], complete: bool) -> Problem {
    let what = format!("`{account}` sees no room `{written}`.");
    let like = |room: &&Listed| {
        let likeness = |name: String| strsim::jaro_winkler(&folded(&name), &folded(written));
        names(room).into_iter().map(likeness).fold(0.0, f64::max)
    };
    // What is private is named to nobody who has not named it.
    let mut near: Vec<(f64, &Listed)> = rooms
        .iter()
        .filter(|room| room.report.visibility != Visibility::Private)
        .map(|room| (like(&room), room))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&Listed> = near.into_iter().map(|(_, room)| room).collect();
    if !near.is_empty() {
        return Problem::new(what, format!("Did you mean {}?", listed(&near, account)));
    }
    if !complete {
        return Problem::new(
            what,
            "This platform tells a bot of a room only when something happens there: add the bot, write something in the \
             room, and it is found by itself. `relay rooms` lists what was seen.",
        );
    }
    Problem::new(what, "`relay rooms` lists what it sees; a private room appears when Relay was invited.")
}

fn listed(rooms: &[&Listed], account: &str) -> String {
    let shown = rooms.iter().take(SHOWN);
    let mut text: Vec<String> =
        shown.map(|room| format!("\"{account}:{}\" ({})", full_name(room), room.report.key.room)).collect();
    if rooms.len() > SHOWN {
        text.push(format!("and {} more", rooms.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Platform, RoomKey, RoomReport, SpaceRef};

    fn room(space: &str, name: &str, id: &str, visibility: Visibility) -> Listed {
        let report = RoomReport {
            key: RoomKey::new(Platform::new("p"), "n", id),
            space: SpaceRef { id: space.into(), name: space.into() },
            name: name.into(),
            visibility,
            members: None,
            warnings: vec![],
        };
        Listed { report, problem: None }
    }

    #[test]
    fn what_is_meant() {
        use Visibility::{Private, Space, World};
        let rooms = [
            room("Night Owls", "#general", "1", Space),
            room("Night Owls", "#random", "2", Space),
            room("Early Birds", "#general", "3", Space),
            room("Night Owls", "#staff", "4", Private),
            room("Sunday hikers", "Sunday hikers", "5", World),
            room("A/B", "#c/d", "6", Space),
            room("Night Owls", "#Random", "7", Space),
        ];
        let cases = [
            ("Night Owls/#general", "1"),
            ("Night Owls/general", "1"),
            ("night owls/#GENERAL", "1"),
            ("Sunday hikers", "5"),
            ("sunday  hikers", "5"),
            ("A/B/#c/d", "6"),
            ("c/d", "6"),
            ("#random", "2"),
            ("#Random", "7"),
            (
                "#RANDOM",
                "no: `#RANDOM` is the name of 2 rooms: \"a:Night Owls/#random\" (2), \"a:Night Owls/#Random\" (7).",
            ),
            (
                "#general",
                "no: `#general` is the name of 2 rooms: \"a:Night Owls/#general\" (1), \"a:Early Birds/#general\" (3).",
            ),
            (
                "Night Owls/#genral",
                "no: `a` sees no room `Night Owls/#genral`. Did you mean \"a:Night Owls/#general\" (1)",
            ),
            (
                "#staff",
                "no: Night Owls/#staff is a private room: a name alone does not link it. If it is meant, write its id: \"a:4\".",
            ),
            ("#zzz", "no: `a` sees no room `#zzz`. `relay rooms` lists"),
        ];
        for (written, expected) in cases {
            let got = named(written, "a", &rooms, true);
            match expected.strip_prefix("no: ") {
                None => assert_eq!(got.map(String::from), Ok(expected.to_owned()), "{written}"),
                Some(words) => {
                    let problem = got.expect_err(written).to_string();
                    assert!(problem.starts_with(words), "{written}: {problem}");
                }
            }
        }
        let near = named("#stafff", "a", &rooms, true).expect_err("unknown").to_string();
        assert!(!near.contains("#staff\""), "a private room is not offered: {near}");
        let unseen = named("Hikers", "a", &[], false).expect_err("unknown").to_string();
        assert!(unseen.contains("write something in the"), "{unseen}");
    }
}
