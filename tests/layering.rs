//! Fails when a crate or a module imports what it must not. The rules are those of `src/ARCHITECTURE.md`.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a path, or the file itself.
fn files(place: &str) -> Vec<PathBuf> {
    let path = root().join(place);
    if path.is_file() {
        return vec![path];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{place}: {e}")) {
        let path = entry.unwrap().path();
        let inner = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&inner));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// Lines of code, without comments and tests at a file's end.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
    let lines = code.lines().enumerate().map(|(at, line)| (at + 1, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.starts_with("//")).collect()
}

fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_name(before) && !is_name(after)
    })
}

/// Every place among these files that names one of these words.
fn found(files: impl IntoIterator<Item = PathBuf>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files {
        for (number, line) in code(&path) {
            if let Some(word) = words.iter().find(|word| names(&line, word)) {
                let place = path.strip_prefix(root()).unwrap().display().to_string();
                found.push(format!("{place}:{number} names `{word}`"));
            }
        }
    }
    found
}

fn outside(of: &str) -> Vec<PathBuf> {
    let home = [format!("src/{of}.rs"), format!("src/{of}/")];
    let inside = |path: &PathBuf| {
        let place = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        home.iter().any(|home| place.starts_with(home))
    };
    files("src").into_iter().filter(|path| !inside(path)).collect()
}

fn none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}

#[test]
fn each_library_has_one_home() {
    none(
        found(outside("engine"), &["actix", "governor", "backoff"]),
        "only the engine knows actix, governor and backoff",
    );
    none(found(outside("store"), &["fjall", "sled"]), "only the store knows fjall and sled");
    none(
        found(outside("cli"), &["clap", "cliclack", "miette", "indicatif"]),
        "only the command line knows clap, cliclack, miette and indicatif",
    );
    // The log's filter names it, to keep it quiet; the demo's page asks the stand-ins on loopback; the doctor asks the platforms' own
    // servers for the time, and why they do not answer.
    let is_allowed = |path: &PathBuf| {
        path.ends_with("cli/logging.rs")
            || path.ends_with("doctor/clock.rs")
            || path.ends_with("doctor/network.rs")
            || path.to_str().is_some_and(|path| path.contains("src/demo"))
    };
    let elsewhere: Vec<_> = outside("media").into_iter().filter(|path| !is_allowed(path)).collect();
    none(found(elsewhere, &["reqwest"]), "only the media store asks addresses that come from outside");
    let connectors = ["relay_discord", "relay_irc", "relay_matrix", "relay_slack", "relay_telegram"];
    none(found(outside("platforms"), &connectors), "only platforms.rs names connector crates");
    let elsewhere: Vec<_> =
        outside("demo").into_iter().filter(|path| !path.ends_with("cli/demo.rs")).collect();
    none(found(elsewhere, &["stand_ins"]), "only the demo knows the stand-ins");
}

#[test]
fn pure_modules_stay_pure() {
    let pure =
        ["src/routing.rs", "src/adapt.rs", "src/adapt", "bridges/contract/src"].into_iter().flat_map(files);
    // Tests may read: a corpus is replayed.
    let pure = pure.filter(|path| !path.to_str().unwrap().ends_with("tests.rs"));
    none(
        found(pure, &["tokio", "std::fs", "std::net", "std::env", "crate::engine", "crate::store"]),
        "routing, adapt and the contract do no input or output",
    );
}

#[test]
fn imports_point_one_way() {
    none(
        found(files("src/store"), &["crate::engine", "crate::config", "crate::cli", "crate::control"]),
        "the store knows nobody",
    );
    none(
        found(files("src/config"), &["crate::engine", "crate::store", "crate::cli"]),
        "the config knows platforms and routing only",
    );
    none(
        found(files("src/engine"), &["crate::cli", "crate::config", "crate::platforms", "crate::control"]),
        "the engine is given its plan",
    );
}

#[test]
fn the_engine_knows_no_platform() {
    let engine = ["src/engine", "src/engine.rs", "src/store", "src/routing.rs", "src/adapt.rs", "src/adapt"];
    let words = ["\"discord\"", "\"matrix\"", "\"slack\"", "\"telegram\"", "Discord", "Slack", "Telegram"];
    let all = engine.into_iter().flat_map(files).filter(|path| !path.ends_with("tests.rs"));
    none(found(all, &words), "capabilities tell the engine what it needs");
}

/// Names in a section of a manifest.
fn dependencies(manifest: &str, section: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(manifest)).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table.get(section).and_then(|s| s.as_table()).map(|s| s.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn crates_depend_on_what_they_may() {
    // jiff without its default features: it computes dates, and reads no clock and no time zones.
    let allowed = [
        "async-trait",
        "bytes",
        "futures-core",
        "jiff",
        "secrecy",
        "serde",
        "serde_json",
        "thiserror",
        "ulid",
        "unicode-segmentation",
    ];
    for dependency in dependencies("bridges/contract/Cargo.toml", "dependencies") {
        assert!(
            allowed.contains(&dependency.as_str()),
            "the contract has no I/O and no runtime: {dependency}"
        );
    }
    for platform in ["discord", "irc", "matrix", "slack", "telegram"] {
        for dependency in dependencies(&format!("bridges/{platform}/Cargo.toml"), "dependencies") {
            let ours = dependency.starts_with("relay")
                && !["relay-contract", "relay-server"].contains(&dependency.as_str());
            let engines =
                ["actix", "sled", "fjall", "governor", "backoff", "stand-ins"].contains(&dependency.as_str());
            assert!(!ours && !engines, "the {platform} connector depends on {dependency}");
        }
    }
    for section in ["dependencies", "dev-dependencies"] {
        for dependency in dependencies("tests/stand-ins/Cargo.toml", section) {
            let vendors = ["twilight", "slack-morphism", "teloxide", "relay"];
            assert!(
                !vendors.iter().any(|v| dependency.starts_with(v)),
                "the stand-ins depend on {dependency}"
            );
        }
    }
}

#[test]
fn there_is_one_tls_provider() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for other in ["aws-lc-rs", "openssl-sys", "native-tls"] {
        assert!(
            !lock.contains(&format!("name = \"{other}\"")),
            "{other} is in the tree: ring serves everybody"
        );
    }
}
