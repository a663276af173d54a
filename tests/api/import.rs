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
    let checked = relay(folder, &["check"]);
    assert!(checked.status.success(), "{config}\n{}", String::from_utf8_lossy(&checked.stderr));
    (said, config)
}

#[test]
fn a_small_config_is_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import(folder.path(), "two.toml");
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
    // Nothing that is there is overwritten.
    let again = relay(folder.path(), &["import", "matterbridge.toml"]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("there already"));
}

#[test]
fn what_is_not_carried_over_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (said, config) = import(folder.path(), "many.toml");
    for line in [
        "[api.matterbridge]\nlisten = \"127.0.0.1:4242\"\ntoken = { file = \"secrets/game-token\" }",
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
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let keys = std::fs::read_to_string(folder.path().join("secrets/net-keys")).unwrap();
    assert_eq!(keys, "#owls key-word-that-nobody-may-see\n");
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
