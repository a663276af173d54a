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
