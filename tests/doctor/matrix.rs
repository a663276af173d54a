//! A homeserver with two rooms, as far as the doctor asks it (<https://spec.matrix.org/v1.11/client-server-api/>).

use crate::front::{self, Answer, json};
use crate::set_up::Place;
use serde_json::{Value, json};

/// A folder with a config for its rooms.
pub struct Matrix {
    _dir: tempfile::TempDir,
    pub place: Place,
}

const ROOMS: [&str; 2] = ["!lobby:example.org", "!garden:example.org"];

fn state(kind: &str, content: Value) -> Value {
    json!({ "type": kind, "state_key": "", "sender": "@ada:example.org", "event_id": format!("${kind}"), "origin_server_ts": 1, "content": content })
}

/// What is so in a room.
fn room(name: &str, more: &[Value]) -> Value {
    let mut events = vec![
        state("m.room.create", json!({ "room_version": "10" })),
        state("m.room.name", json!({ "name": name })),
        state("m.room.join_rules", json!({ "join_rule": "invite" })),
        state("m.room.power_levels", json!({ "users": { "@relay:example.org": 50 } })),
    ];
    events.extend(more.iter().cloned());
    json!({ "summary": { "m.joined_member_count": 3 }, "state": { "events": events }, "timeline": { "events": [] } })
}

/// Where Relay is in the lobby, in which this is so too, or is not in it.
fn synced(lobby: Option<&[Value]>) -> Answer {
    let mut join = json!({ ROOMS[1]: room("Garden", &[]) });
    if let Some(more) = lobby {
        join[ROOMS[0]] = room("Lobby", more);
    }
    json("/sync", 200, json!({ "next_batch": "1", "rooms": { "join": join } }))
}

fn refused(to: &'static str, status: u16, code: &str, error: &str) -> Answer {
    json(to, status, json!({ "errcode": code, "error": error }))
}

impl Matrix {
    /// With these answers before its usual ones.
    pub async fn new(mut answers: Vec<Answer>) -> Self {
        answers.extend([
            json("/account/whoami", 200, json!({ "user_id": "@relay:example.org" })),
            json("/media/config", 200, json!({ "m.upload.size": 50_000_000 })),
            synced(Some(&[])),
        ]);
        let url = front::before(None, answers).await;
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path());
        place.write("token", "syt_cmVsYXk_of_the_bot");
        place.write(
            "bridges.toml",
            &format!(
                "[relay]\ndata_dir = \"state\"\n[accounts.mx]\nplatform = \"matrix\"\nhomeserver = \"{url}\"\naccess_token = {{ file = \"token\" }}\n\
                 [channels.lobby]\nlinks = [\"mx:{}\", \"mx:{}\"]\n",
                ROOMS[0], ROOMS[1]
            ),
        );
        Self { _dir: dir, place }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_works_before_it_is_broken() {
    Matrix::new(vec![]).await.place.is_well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_logged_out() {
    let token = refused("/account/whoami", 401, "M_UNKNOWN_TOKEN", "Invalid access token passed.");
    Matrix::new(vec![token]).await.place.finds("matrix: a token whose session was logged out");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_deactivated() {
    let token = refused("/account/whoami", 403, "M_USER_DEACTIVATED", "This account has been deactivated");
    Matrix::new(vec![token]).await.place.finds("matrix: an account that was deactivated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_is_none() {
    let none = refused("/_matrix", 404, "", "");
    Matrix::new(vec![none]).await.place.finds("matrix: a URL where no homeserver is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_relay_was_not_invited_to() {
    let join = refused("/join/", 403, "M_FORBIDDEN", "You are not invited to this room.");
    Matrix::new(vec![join, synced(None)]).await.place.finds("matrix: a room that the bot was not invited to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_encrypted() {
    let encrypted = state("m.room.encryption", json!({ "algorithm": "m.megolm.v1.aes-sha2" }));
    Matrix::new(vec![synced(Some(&[encrypted]))]).await.place.finds("matrix: a room that is encrypted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_in_which_relay_is_nobody() {
    let levels = state("m.room.power_levels", json!({ "users": {}, "users_default": 0 }));
    Matrix::new(vec![synced(Some(&[levels]))])
        .await
        .place
        .finds("matrix: a room in which the bot is no moderator");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_there_is_not() {
    let none = refused("/directory/room/", 404, "M_NOT_FOUND", "Room alias not found.");
    let matrix = Matrix::new(vec![none]).await;
    matrix.place.change(ROOMS[0], "#lobby:example.org");
    matrix.place.finds("matrix: an address that no room has");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there() {
    let matrix = Matrix::new(vec![]).await;
    let nobody = format!("http://127.0.0.1:{}", stand_ins::ports::free());
    matrix.place.with("HTTP_PROXY", &nobody).finds("a proxy that is not there");
}
