//! The table of the running Relay, as `relay capabilities` tells it.

use relay_contract::{Feature, Support};
use std::collections::BTreeMap;
use std::process::Command;

/// The cells of the linked rooms, by platform.
pub struct Cells {
    platforms: &'static [&'static str],
    cells: BTreeMap<(String, &'static str), (Support, Support)>,
}

impl Cells {
    /// Asks for them with `relay capabilities`.
    pub fn of(mut command: Command, platforms: &'static [&'static str]) -> Self {
        let output = command.arg("--json").output().expect("the binary runs");
        let columns: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let mut cells = BTreeMap::new();
        for column in columns.as_array().expect("columns") {
            let platform = column["platform"].as_str().expect("a platform").to_owned();
            // Relay's own API is a platform, too.
            if !platforms.contains(&platform.as_str()) {
                continue;
            }
            assert!(!column["rooms"].as_array().expect("rooms").is_empty(), "{platform}: its linked rooms");
            let rows = column["features"].as_array().expect("rows");
            for (feature, row) in Feature::ALL.into_iter().zip(rows) {
                assert_eq!(row["feature"], feature.word());
                let cell = (support(&row["shown"]), support(&row["heard"]));
                let known = cells.insert((platform.clone(), feature.word()), cell);
                assert_eq!(known, None, "{platform}: all its rooms can do the same");
            }
        }
        assert_eq!(cells.len(), platforms.len() * Feature::ALL.len(), "every platform has a linked room");
        Self { platforms, cells }
    }

    /// How it is shown there.
    pub fn shown(&self, platform: &str, feature: Feature) -> Support {
        self.cells[&(platform.to_owned(), feature.word())].0
    }

    /// How far it is heard from there.
    pub fn heard(&self, platform: &str, feature: Feature) -> Support {
        self.cells[&(platform.to_owned(), feature.word())].1
    }

    /// One line a feature.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        for feature in Feature::ALL {
            let cells = self.platforms.iter().map(|platform| {
                let (shown, heard) = (self.shown(platform, feature), self.heard(platform, feature));
                format!("{platform} {shown:?}/{heard:?}")
            });
            let cells: Vec<String> = cells.collect();
            out.push_str(&format!("{}: {}\n", feature.word(), cells.join(", ")));
        }
        out
    }
}

fn support(word: &serde_json::Value) -> Support {
    match word.as_str() {
        Some("native") => Support::Native,
        Some("fallback") => Support::Fallback,
        Some("dropped") => Support::Dropped,
        other => panic!("{other:?} is no support"),
    }
}
