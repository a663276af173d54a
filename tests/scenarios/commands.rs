//! What an admin does at the command line.

use crate::bench::Bench;

const SIX: &str = r#"[relay]
listen = "eighty"

[accounts.owls]
platform = "discord"
tokn = { env = "NOWHERE_TO_BE_FOUND" }

[accounts.studio]
platform = "slak"

[channels.lobby]
links = [
  "owls:1",
  "nobody:2",
  "owls:1",
  { room = "owls:3", direction = "sideways" },
]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn six_mistakes_are_reported_with_their_lines_and_nothing_starts() {
    let bench = Bench::new().await;
    std::fs::write(bench.config(), SIX).unwrap();
    let checked = bench.command("check").arg("--json").output().unwrap();
    assert_eq!(checked.status.code(), Some(2));
    let found: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let lines: Vec<_> =
        found["mistakes"].as_array().unwrap().iter().map(|m| m["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 6, 9, 14, 15, 16], "{found}");
    let told = bench.command("check").output().unwrap();
    let told = String::from_utf8(told.stderr).unwrap();
    for line in lines {
        assert!(told.contains(&format!("bridges.toml:{line}:")), "{told}");
    }
    assert!(told.contains("Did you mean `slack`?"), "{told}");
    assert!(told.contains("6 mistakes"), "{told}");
    let run = bench.command("run").output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(!bench.state().exists(), "a bad file starts nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_and_a_bridge_that_does_not_run() {
    let bench = Bench::new().await;
    let checked = bench.command("check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let asked = bench.command("status").output().unwrap();
    assert_eq!(asked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("no relay runs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_with_the_same_state_is_refused() {
    let mut bench = Bench::started().await;
    let second = bench.command("run").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("in use by another relay"), "{told}");
    assert!(bench.runs());
    bench.say("slack", "still here");
    bench.arrives("discord", "still here").await;
}

/// Whole files that people copy.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_files_are_right_and_the_readme_shows_one_of_them() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let telegram = format!("123456789:{}", "A".repeat(35));
    let credentials = tempfile::tempdir().unwrap();
    let tokens = [
        ("discord", "a-token"),
        ("slack-bot", "xoxb-1-a"),
        ("slack-app", "xapp-1-a"),
        ("telegram", &telegram),
    ];
    for (name, token) in tokens {
        std::fs::write(credentials.path().join(format!("relay_{name}")), token).unwrap();
    }
    let mut files = vec![root.join("config/bridges.toml")];
    files.extend(std::fs::read_dir(root.join("config/examples")).unwrap().map(|entry| entry.unwrap().path()));
    for file in &files {
        let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_relay"));
        check
            .env("DISCORD_TOKEN", "a-token")
            .env("SLACK_BOT_TOKEN", "xoxb-1-a")
            .env("SLACK_APP_TOKEN", "xapp-1-a")
            .env("TELEGRAM_TOKEN", &telegram)
            .env("CREDENTIALS_DIRECTORY", credentials.path());
        let checked = check.arg("check").arg("--config").arg(file).output().unwrap();
        assert!(checked.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&checked.stderr));
    }
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(
        readme.contains(&std::fs::read_to_string(&files[0]).unwrap()),
        "README.md shows config/bridges.toml"
    );
}

/// A token in the wrong place is the mistake that everybody makes once, with the terminal shared.
#[tokio::test(flavor = "multi_thread")]
async fn no_command_shows_a_secret_that_stands_in_the_file() {
    let bench = Bench::new().await;
    let forms = [
        "token = \"MTIz.SECRET\"",
        "token = MTIz.SECRET",
        "token = { value = \"MTIz.SECRET\" }",
        "token = { env = \"MTIz.SECRET\" }\ntokn = \"MTIz.SECRET\"",
        "token = { file = \"MTIz.SECRET\" }",
        "token = { env = \"PATH\" }\napi_url = \"http://user:SECRET@host\"",
    ];
    for form in forms {
        let text = format!("[relay]\nlisten = 1\n[accounts.owls]\nplatform = \"discord\"\n{form}\n");
        std::fs::write(bench.config(), text).unwrap();
        for command in [&["check"][..], &["check", "--json"], &["run"], &["status"]] {
            let told = bench.command(command[0]).args(&command[1..]).output().unwrap();
            assert_eq!(told.status.code(), Some(2), "{form}: {command:?}");
            let told = [told.stdout, told.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(told.contains("mistake") && !told.contains("SECRET"), "{form}: {command:?}: {told}");
        }
    }
}

/// What `check` calls right, `run` starts: the connectors' own rules are a part of the check.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_its_connector_refuses_is_a_mistake_at_its_key() {
    let bench = Bench::new().await;
    let cases = [
        ("slack", "xapp-1-a", "the secret of `bot_token` is a Slack"),
        ("slack-app", "xoxb-1-a", "the secret of `app_token` is a Slack"),
        ("telegram", "123456789:AAE/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "not a Telegram bot token"),
        ("discord", "tökén", "no Discord token has"),
    ];
    for (file, token, what) in cases {
        bench.write_config("");
        std::fs::write(bench.dir.path().join(file), token).unwrap();
        let told = bench.command("check").output().unwrap();
        assert_eq!(told.status.code(), Some(2), "{file}");
        let told = String::from_utf8(told.stderr).unwrap();
        assert!(told.contains(what) && told.contains(&format!("token = {{ file = \"{file}\" }}")), "{told}");
    }
    bench.write_config("");
    let token = std::fs::read_to_string(bench.dir.path().join("telegram")).unwrap();
    std::fs::write(bench.dir.path().join("telegram"), format!("\u{feff}{token}\r\n")).unwrap();
    let told = bench.command("check").output().unwrap();
    assert!(told.status.success(), "a byte order mark: {}", String::from_utf8_lossy(&told.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_where_the_key_lies_and_where_it_does_not() {
    let mut bench = Bench::started().await;
    bench.stop().await;
    let told = || String::from_utf8(bench.command("check").output().unwrap().stdout).unwrap();
    assert!(told().contains("with a key that lies there too"), "{}", told());
    std::fs::remove_file(bench.dir.path().join("state/master.key")).unwrap();
    assert!(
        told().contains("with a key that is not there, and Relay does not start without it"),
        "{}",
        told()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_a_master_key_that_relay_does_not_start_with() {
    let bench = Bench::new().await;
    std::fs::write(bench.dir.path().join("master"), "short").unwrap();
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let config = config.replacen("[relay]\n", "[relay]\nmaster_key = { file = \"master\" }\n", 1);
    std::fs::write(bench.config(), config).unwrap();
    for command in [&["check"][..], &["check", "--json"]] {
        let told = bench.command(command[0]).args(&command[1..]).output().unwrap();
        assert_eq!(told.status.code(), Some(2), "{command:?}");
        let words = String::from_utf8([told.stdout, told.stderr].concat()).unwrap();
        assert!(words.contains("at least 32 characters") && !words.contains("short"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_made_for_no_folder_without_a_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut new = std::process::Command::new(env!("CARGO_BIN_EXE_relay"));
    let told = new.args(["keys", "new", "--data-dir"]).arg(folder.path()).output().unwrap();
    let words = String::from_utf8(told.stderr).unwrap();
    assert!(!told.status.success() && words.contains("has no ledger"), "{words}");
    assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_others_may_read_are_warned_of_at_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::started().await;
    bench.stop().await;
    let keys = bench.state().join("keys");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    bench.start();
    bench.connected(3).await;
    assert!(bench.log().contains("Others may read") && bench.log().contains("chmod 600"), "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_needs_no_secret_and_a_hang_up_ends_nothing() {
    let mut bench = Bench::started().await;
    std::fs::remove_file(bench.dir.path().join("discord")).unwrap();
    let asked = bench.command("status").output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    bench.signal("HUP");
    bench.say("slack", "still here");
    bench.arrives("discord", "still here").await;
    assert!(bench.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    for file in ["discord", "slack", "slack-app", "telegram"] {
        let mode = if file == "telegram" { 0o640 } else { 0o600 };
        let path = bench.dir.path().join(file);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let told = bench.command("check").output().unwrap();
    assert!(told.status.success());
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.contains("telegram (mode 640). chmod 600") && told.matches("warning").count() == 1,
        "{told}"
    );
}

/// A file may be anything, such as a build's output that was named by mistake.
#[tokio::test(flavor = "multi_thread")]
async fn lines_without_end_and_nests_without_bottom_are_mistakes_like_any() {
    let bench = Bench::new().await;
    let links = "\"nobody:1\", ".repeat(4_000);
    let cases = [
        format!("a={}", "[".repeat(100_000)),
        format!("a={}", "{a=".repeat(3_000)),
        format!("[{}", "a.".repeat(100_000)),
        format!("a.{}=1", "a.".repeat(100_000)),
        format!("[channels.x]\nlinks = [{links}]"),
        format!("[channels.x]\nlinks = [\n{}]", "\"nobody:1\",\n".repeat(4_000)),
        "=\n".repeat(20_000),
    ];
    for text in cases {
        std::fs::write(bench.config(), &text).unwrap();
        for command in [&["check"][..], &["check", "--json"]] {
            let began = std::time::Instant::now();
            let told = bench.command(command[0]).args(&command[1..]).output().unwrap();
            let shown = String::from_utf8_lossy(&told.stderr);
            let start = &text[..20];
            assert_eq!(told.status.code(), Some(2), "{start}: {shown}");
            assert!(shown.len() < 200_000, "{start}: {} bytes", shown.len());
            assert!(began.elapsed().as_secs() < 10, "{start}: {:?}", began.elapsed());
        }
    }
}

/// Whoever copies a recipe has a config that is right, with nothing to be warned of.
#[test]
fn the_recipes_are_right() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("config/RECIPES.md")).unwrap();
    let recipes: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(recipes.len(), page.matches("\n## ").count(), "each recipe is one file");
    recipes.into_iter().for_each(is_right);
}

/// So has whoever copies one of the platforms' own pages.
#[test]
fn the_configs_of_the_platforms_pages_are_right() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for platform in ["discord", "irc", "matrix", "slack", "telegram"] {
        let page = std::fs::read_to_string(root.join("bridges").join(platform).join("README.md")).unwrap();
        let configs: Vec<&str> =
            page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(!configs.is_empty(), "{platform}");
        for config in configs {
            assert!(config.contains(&format!("platform = \"{platform}\"")), "{platform}: {config}");
            is_right(config);
        }
    }
}

/// `relay check` has nothing to say of it.
fn is_right(config: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridges.toml");
    std::fs::write(&file, config).unwrap();
    if config.contains("registration.yaml") {
        let mut made = std::process::Command::new(env!("CARGO_BIN_EXE_relay"));
        made.args(["matrix", "registration", "example.org"]).current_dir(folder.path());
        assert!(made.output().unwrap().status.success());
    }
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_relay"));
    check
        .env("DISCORD_TOKEN", "a-token")
        .env("SLACK_BOT_TOKEN", "xoxb-1-a")
        .env("SLACK_APP_TOKEN", "xapp-1-a")
        .env("TELEGRAM_TOKEN", format!("123456789:{}", "A".repeat(35)))
        .env("GAME_SECRET", format!("whsec_{}", "A".repeat(44)))
        .env("LIBERA_PASSWORD", "a-password")
        .env("MATRIX_TOKEN", "syt_a")
        .env_remove("STATE_DIRECTORY");
    let checked = check.arg("check").arg("--config").arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success() && !told.contains("warning"), "{config}\n{told}");
}
