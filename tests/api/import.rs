//! Moving over from matterbridge.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// What no output may contain.
const SECRET: &str = "word-that-nobody";

fn relay(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_relay")).current_dir(folder).args(words).output().unwrap()
}

/// Imports; answers what was said, and the config.
fn import(folder: &Path, name: &str) -> (String, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/matterbridge").join(name);
    std::fs::copy(file, folder.join("matterbridge.toml")).unwrap();
    let done = relay(folder, &["import", "matterbridge.toml"]);
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    let config = std::fs::read_to_string(folder.join("bridges.toml")).unwrap();
    assert!(!said.contains(SECRET) && !config.contains(SECRET), "{said}\n{config}");
    for secret in std::fs::read_dir(folder.join("secrets")).unwrap() {
        let mode = secret.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    (said, config)
}

/// The same of a config with which Relay can begin as it is.
fn import_whole(folder: &Path, name: &str) -> (String, String) {
    let (said, config) = import(folder, name);
    let (done, found) = check(folder);
    assert!(done, "{config}\n{found}");
    (said, config)
}

fn check(folder: &Path) -> (bool, String) {
    let checked = relay(folder, &["check"]);
    (checked.status.success(), String::from_utf8_lossy(&checked.stderr).into_owned())
}

#[test]
fn a_small_config_is_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import_whole(folder.path(), "two.toml");
    for line in [
        "[accounts.guild]",
        "platform = \"discord\"",
        "token = { file = \"secrets/guild-token\" }",
        "[channels.lobby]",
        "  \"guild:Night Owls/#general\",",
        "  { room = \"group:-1001234567890\", direction = \"in\" },",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    for words in [
        "matterbridge.toml:6: `AutoWebhooks` of [discord.guild] is not needed",
        "matterbridge.toml:7: `RemoteNickFormat` of [discord.guild] is left out: names",
        "matterbridge.toml:12: `IgnoreNicks` of [telegram.group] has no equal",
        "matterbridge.toml:15: `RemoteNickFormat` of [general] is left out",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let token = std::fs::read_to_string(folder.path().join("secrets/guild-token")).unwrap();
    assert_eq!(token, "discord-word-that-nobody-may-see\n");
    // Nothing that is there is overwritten, and nothing is written where anything is in the way.
    for (gone, words) in
        [(None, "there already"), (Some("guild-token"), "secrets: secrets of an earlier import")]
    {
        if let Some(gone) = gone {
            std::fs::remove_file(folder.path().join("bridges.toml")).unwrap();
            std::fs::remove_file(folder.path().join("secrets").join(gone)).unwrap();
        }
        let again = relay(folder.path(), &["import", "matterbridge.toml"]);
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(!again.status.success() && said.contains(words), "{said}");
        assert!(gone.is_none_or(|gone| !folder.path().join("secrets").join(gone).exists()));
    }
}

#[test]
fn what_is_not_carried_over_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import_whole(folder.path(), "many.toml");
    for line in [
        "[api]\nlisten = \"127.0.0.1:8724\"\nchannels = [\"game-chat\"]\n\n[api.matterbridge]\nlisten = \"127.0.0.1:4242\"\ntoken = { file = \"secrets/game-token\" }",
        "server = \"ircs://irc.example.org:6697\"",
        "sasl_user = \"owlbot\"",
        "# [accounts.slack-work]\n# platform = \"slack\"",
        "[accounts.work]",
        "[channels.game-chat]",
        "  \"work:234567890123456789\",",
        "  # \"slack-work:#general\",",
        "# [channels.off]",
        "[channels.same-one]\nlinks = [\n  \"work:#one\",\n]",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    for words in [
        "does not speak `mattermost`",
        "Socket Mode",
        "`SkipTLSVerify` of [irc.net] is left out: certificates are always checked",
        "`ColorNicks` of [irc.net] has no equal and is left out",
        "account is not in the file",
        "matterbridge.toml:61: `enable` of this gateway is not true",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let keys = std::fs::read_to_string(folder.path().join("secrets/net-keys")).unwrap();
    assert_eq!(keys, "#owls key-word-that-nobody-may-see\n");
}

#[test]
fn what_is_written_otherwise_here_is_made_so() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import(folder.path(), "otherwise.toml");
    for line in [
        // Each once, however many lists it was in.
        "[channels.owls]\nlinks = [\n  \"guild:#general\",\n  { room = \"group:-1001234567890\", direction = \"out\" },\n]",
        "  \"guild:#two\",",
        "[channels.owls-2]",
        "homeserver = \"https://matrix.example.org\"",
        // Not the port of the other.
        "[api]\nlisten = \"127.0.0.1:8725\"\nchannels = [\"owls-2\"]\n\n[api.matterbridge]\nlisten = \"127.0.0.1:8724\"",
        "sasl_certificate = { file = \"owlbot.pem\" }",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    for words in [
        "matterbridge.toml:6: this server was written without https://",
        "matterbridge.toml:14: `TLSClientCertificate` is `sasl_certificate`",
        "matterbridge.toml:15: this secret contains white space",
        "matterbridge.toml:21: [api.second] is not in force: there is one such API",
        "matterbridge.toml:40: there is a gateway of this name above",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let token = std::fs::read_to_string(folder.path().join("secrets/guild-token")).unwrap();
    assert_eq!(token, "discord-word-that-nobody-may-see\n");
    // The two things that a person is told of are all that is in the way.
    let (done, found) = check(folder.path());
    assert!(!done && found.contains("white space") && found.contains("owlbot.pem"), "{found}");
    std::fs::write(folder.path().join("secrets/net-password"), "another\n").unwrap();
    let certificate = "sasl_certificate = { file = \"owlbot.pem\" }\n";
    std::fs::write(folder.path().join("bridges.toml"), config.replace(certificate, "")).unwrap();
    let (done, found) = check(folder.path());
    assert!(done, "{found}");
}

#[test]
fn a_login_in_an_address_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import_whole(folder.path(), "logins.toml");
    for line in [
        "server = \"ircs://irc.example.org:6697\"",
        "server = \"irc://irc.example.net:6667\"",
        "homeserver = \"https://matrix.example.org/\"",
        "password = { file = \"secrets/net-password\" }",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    for words in [
        "matterbridge.toml:4: the password in this server's address is in a file of its own now",
        "matterbridge.toml:9: there was a login in this server's address, which is left out",
        "matterbridge.toml:14: there was a login in this server's address, which is left out",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for (file, password) in
        [("net-password", "one"), ("other-password", "two"), ("home-access-token", "three")]
    {
        let kept = std::fs::read_to_string(folder.path().join("secrets").join(file)).unwrap();
        assert_eq!(kept, format!("{password}-{SECRET}-may-see\n"), "{file}");
    }
}

#[test]
fn a_file_that_cannot_be_read_writes_nothing() {
    for (text, words) in [
        ("[discord\nToken=\"word-that-nobody-may-see\"", "line 1 is not TOML"),
        ("[a]\nx = 1\nToken=\"word-that-nobody", "line 3 is not TOML"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.toml"), text).unwrap();
        let done = relay(folder.path(), &["import", "m.toml"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(words) && !said.contains(SECRET), "{said}");
        assert!(!folder.path().join("bridges.toml").exists());
    }
}
