//! The config file, the secrets, the state directory and the machine under them.

use crate::accounts::says;
use crate::front::Answer;
use crate::set_up::{Place, Three};
use std::fs::{create_dir, remove_file, set_permissions, write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

/// A change of the config.
async fn changed(from: &str, to: &str, name: &str) {
    let three = Three::new().await;
    three.place.change(from, to);
    three.place.finds(name);
}

/// A state directory that only its owner may enter.
fn state(place: &Place) -> PathBuf {
    let state = place.dir.join("state");
    std::fs::DirBuilder::new().mode(0o700).create(&state).unwrap();
    state
}

/// A state directory that a Relay has left, and what becomes of it.
async fn left(more: &str, then: impl FnOnce(&Place), name: &str) {
    let mut three = Three::new().await;
    three.place.write("master", "a-master-key-of-more-than-32-characters");
    if !more.is_empty() {
        three.place.change("data_dir = \"state\"", &format!("data_dir = \"state\"\n{more}"));
    }
    three.bench.start();
    three.bench.connected(3).await;
    three.bench.stop().await;
    three.place.is_well();
    then(&three.place);
    three.place.finds(name);
}

/// What was changed in the chat, as it lies in the state directory.
async fn in_the_chat(file: &str, text: impl FnOnce(&Three) -> String, name: &str) {
    let three = Three::new().await;
    let folder = state(&three.place).join("bridges.d");
    create_dir(&folder).unwrap();
    write(folder.join(file), text(&three)).unwrap();
    three.place.finds(name);
}

/// An address of Relay's on which somebody else listens.
async fn taken(config: &str, name: &str) {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let three = Three::new().await;
    three
        .place
        .change("[accounts.discord]", &format!("{}\n[accounts.discord]", config.replace("HERE", &address)));
    three.place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_config_file() {
    let three = Three::new().await;
    remove_file(three.bench.config()).unwrap();
    three.place.finds("no config file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_there_is_not() {
    changed("flood = \"off\"", "flod = \"off\"", "a key with a typing mistake").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_does_not_end() {
    changed("data_dir = \"state\"", "data_dir = \"state", "a quote that does not end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_file() {
    let three = Three::new().await;
    three.place.change("token = { file = \"discord\" }", "token = \"NzAwMDAwMDAw.secret.token\"");
    three.place.finds("a token in plain text in the config");
    three.place.never_says("NzAwMDAwMDAw");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_with_one_room() {
    let three = Three::new().await;
    let rooms =
        ["slack", "telegram"].map(|platform| format!(", \"{platform}:{}\"", three.bench.room(platform)));
    three.place.change(&rooms.concat(), "");
    three.place.finds("a channel with a single room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_not_set() {
    let name = "a token's environment variable that is not set";
    changed("token = { file = \"discord\" }", "token = { env = \"NO_SUCH_TOKEN\" }", name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_file_that_is_not_there() {
    let three = Three::new().await;
    remove_file(three.place.dir.join("discord")).unwrap();
    three.place.finds("a secret's file that is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_file_that_is_empty() {
    let three = Three::new().await;
    three.place.write("discord", "\n");
    three.place.finds("a secret's file that is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_file_that_others_read() {
    let three = Three::new().await;
    set_permissions(three.place.dir.join("discord"), PermissionsExt::from_mode(0o644)).unwrap();
    three.place.finds("a secret's file that others may read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_without_credentials() {
    let name = "a systemd unit without LoadCredential";
    changed("token = { file = \"discord\" }", "token = { credential = \"discord\" }", name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_without_this_credential() {
    let three = Three::new().await;
    three.place.change("token = { file = \"discord\" }", "token = { credential = \"discord_token\" }");
    let folder = three.place.dir.display().to_string();
    three.place.with("CREDENTIALS_DIRECTORY", &folder).finds("a systemd unit with another credential's name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_tokens_lie_in_files() {
    let three = Three::new().await;
    three.place.with("INVOCATION_ID", "0123456789abcdef").finds("a service whose tokens lie in files");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_where_the_state_is_to_be() {
    let three = Three::new().await;
    three.place.write("state", "x");
    three.place.finds("a file where data_dir is to be");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_above_the_state() {
    changed(
        "data_dir = \"state\"",
        "data_dir = \"discord/state\"",
        "a file where a folder above data_dir is to be",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_cannot_be_made() {
    let name = "a data_dir that cannot be written";
    changed("data_dir = \"state\"", "data_dir = \"/proc/relay\"", name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_is_open() {
    let three = Three::new().await;
    set_permissions(state(&three.place), PermissionsExt::from_mode(0o755)).unwrap();
    three.place.finds("a data_dir that others may enter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_with_anothers_files() {
    let three = Three::new().await;
    let file = state(&three.place).join("ledger");
    write(&file, "").unwrap();
    if std::os::unix::fs::chown(&file, Some(12_345), None).is_err() {
        return eprintln!("NOT RUN: only root gives a file away");
    }
    three.place.finds("files of another user in data_dir");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room() {
    let three = Three::new().await;
    state(&three.place);
    three.place.change("data_dir = \"state\"", "data_dir = \"state\"\nleast_free = \"900000 TB\"");
    three.place.finds("a disk that is full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_health_page_that_is_taken() {
    let three = Three::new().await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("data_dir = \"state\"\nlisten = \"{}\"", other.local_addr().unwrap());
    three.place.change("data_dir = \"state\"", &listen);
    three.place.finds("the port of the health page is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_api_that_is_taken() {
    taken("[api]\nlisten = \"HERE\"", "the port of the API is taken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_files_that_is_taken() {
    let media = "[media]\nlisten = \"HERE\"\nurl = \"https://media.example.org\"";
    taken(media, "the port of the files is taken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_another_machines() {
    let listen = "data_dir = \"state\"\nlisten = \"203.0.113.7:8722\"";
    changed("data_dir = \"state\"", listen, "an address to listen on that is another machine's").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_behind() {
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(190);
    let date = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let answer = Answer { to: "HEAD ", status: 200, headers: vec![("date", date)], body: String::new() };
    says("telegram", answer, "a clock that is wrong by hours").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_gone_from_the_config() {
    let text = |_: &Three| "channel = \"old\"\n".to_owned();
    in_the_chat("old.toml", text, "bridges.d about a channel that is no more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_gone_from_the_config() {
    let text = |_: &Three| "channel = \"lobby\"\n[[links]]\nroom = \"guild:5\"\n".to_owned();
    in_the_chat("lobby.toml", text, "bridges.d about an account that is no more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_chats_that_is_damaged() {
    let text = |_: &Three| "channel = \"lobby\"\nlinks = [{ rom = 1 }]\n".to_owned();
    in_the_chat("lobby.toml", text, "bridges.d that cannot be read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_was_disconnected() {
    let text = |three: &Three| {
        format!(
            "channel = \"lobby\"\n[[disconnected]]\nroom = \"slack:{}\"\nby = \"Elif\"\n",
            three.bench.room("slack")
        )
    };
    in_the_chat("lobby.toml", text, "a room that was disconnected in the chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key() {
    let other = |place: &Place| place.write("master", "another-master-key-of-more-than-32-characters");
    left("master_key = { file = \"master\" }", other, "a master key of another state").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_is_too_short() {
    let three = Three::new().await;
    state(&three.place);
    three.place.write("master", "swordfish1");
    three.place.change("data_dir = \"state\"", "data_dir = \"state\"\nmaster_key = { file = \"master\" }");
    three.place.finds("a master key that is too short");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_is_gone() {
    let gone = |place: &Place| remove_file(place.dir.join("state/master.key")).unwrap();
    left("", gone, "a master key that is gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_gone() {
    let gone = |place: &Place| remove_file(place.dir.join("state/keys")).unwrap();
    left("", gone, "the file of keys is gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_damaged() {
    let damage = |place: &Place| {
        let path = place.dir.join("state/keys");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] ^= 1;
        write(&path, bytes).unwrap();
    };
    left("", damage, "the file of keys is damaged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_older() {
    let mut three = Three::running().await;
    let keys = three.place.dir.join("state/keys");
    let older = std::fs::read(&keys).unwrap();
    three.bench.say("slack", "somebody new");
    three.bench.arrives("discord", "somebody new").await;
    three.bench.stop().await;
    three.place.is_well();
    write(keys, older).unwrap();
    three.place.finds("a file of keys that is older than the ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_is_not_used() {
    let lies = |place: &Place| {
        write(place.dir.join("state/master.key"), "another-master-key-of-more-than-32-characters").unwrap();
        set_permissions(place.dir.join("state/master.key"), PermissionsExt::from_mode(0o600)).unwrap();
    };
    left(
        "master_key = { file = \"master\" }",
        lies,
        "a master key beside the keys that the config names elsewhere",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_others_read() {
    let open = |place: &Place| {
        set_permissions(place.dir.join("state/master.key"), PermissionsExt::from_mode(0o644)).unwrap();
    };
    left("", open, "a master key that others may read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_on_one_state() {
    let three = Three::running().await;
    remove_file(three.bench.state().join("control.sock")).unwrap();
    three.place.finds("another Relay works with this data_dir");
}
