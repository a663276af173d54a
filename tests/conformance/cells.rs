//! The table of the running Relay, as `relay capabilities` tells it.

use crate::bench::{Bench, PLATFORMS};
use relay_contract::{Feature, Support};
use std::collections::BTreeMap;

/// The cells of the three linked rooms.
pub struct Cells(BTreeMap<(String, &'static str), (Support, Support)>);

impl Cells {
    /// Asks for them.
    pub fn of(bench: &Bench) -> Self {
        let output = bench.command("capabilities").arg("--json").output().expect("the binary runs");
        let columns: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let mut cells = BTreeMap::new();
        for column in columns.as_array().expect("columns") {
            let platform = column["platform"].as_str().expect("a platform").to_owned();
            assert_eq!(column["rooms"].as_array().expect("rooms").len(), 1, "{platform}: its linked room");
            let rows = column["features"].as_array().expect("rows");
            for (feature, row) in Feature::ALL.into_iter().zip(rows) {
                assert_eq!(row["feature"], feature.word());
                let cell = (support(&row["shown"]), support(&row["heard"]));
                cells.insert((platform.clone(), feature.word()), cell);
            }
        }
        assert_eq!(cells.len(), PLATFORMS.len() * Feature::ALL.len(), "every platform has its linked room");
        Self(cells)
    }

    /// How it is shown there.
    pub fn shown(&self, platform: &str, feature: Feature) -> Support {
        self.0[&(platform.to_owned(), feature.word())].0
    }

    /// How far it is heard from there.
    pub fn heard(&self, platform: &str, feature: Feature) -> Support {
        self.0[&(platform.to_owned(), feature.word())].1
    }

    /// One line a feature.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        for feature in Feature::ALL {
            let cells = PLATFORMS.map(|platform| {
                let (shown, heard) = (self.shown(platform, feature), self.heard(platform, feature));
                format!("{platform} {shown:?}/{heard:?}")
            });
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
