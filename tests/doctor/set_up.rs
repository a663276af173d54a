//! A set-up that works, what is said of it, and what is said of it once it is broken.

use crate::bench::Bench;
use crate::corpus::{self, Case, Grade};
use serde_json::Value;
use stand_ins::world::World;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What of the environment would change what is found.
const OURS: [&str; 12] = [
    "STATE_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "RELAY_CONFIG",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// A folder with a config, its secrets and a state, and the variables that Relay finds.
#[derive(Clone)]
pub struct Place {
    /// The folder.
    pub dir: PathBuf,
    variables: Vec<(String, String)>,
}

/// What was said.
struct Said {
    code: i32,
    findings: Vec<Value>,
    /// What a person reads, with single blanks.
    words: String,
}

impl Place {
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), variables: Vec::new() }
    }

    /// The same where this variable is set.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut place = self.clone();
        place.variables.push((name.to_owned(), value.to_owned()));
        place
    }

    /// Writes a file that nobody else may read.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.dir.join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Changes the config.
    pub fn change(&self, from: &str, to: &str) {
        let path = self.dir.join("bridges.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn doctor(&self, arguments: &[&str]) -> Output {
        self.relay("doctor", arguments)
    }

    fn relay(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.arg(name).args(arguments).arg("--config").arg(self.dir.join("bridges.toml"));
        OURS.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(self.variables.iter().cloned()).output().unwrap()
    }

    fn said(&self) -> Said {
        let (json, read) = std::thread::scope(|scope| {
            let read = scope.spawn(|| self.doctor(&["--quiet"]));
            (self.doctor(&["--json"]), read.join().unwrap())
        });
        let told: Value = serde_json::from_slice(&json.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json.stderr)));
        let words = [read.stdout, read.stderr].concat();
        let words = String::from_utf8(words).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let (code, other) = (json.status.code().unwrap(), read.status.code().unwrap());
        assert_eq!(code, other, "the exit code does not depend on how it is told: {words}");
        Said { code, findings: told["findings"].as_array().unwrap().clone(), words }
    }

    /// Before it is broken: all is well.
    pub fn is_well(&self) {
        let said = self.said();
        let bad: Vec<_> = said.findings.iter().filter(|finding| finding["grade"] != "fine").collect();
        assert!(bad.is_empty() && said.code == 0, "{}: {bad:#?}", said.code);
        assert!(said.words.ends_with("All is well.") && !said.words.contains("BROKEN"), "{}", said.words);
    }

    /// Exactly this is found, with its fix in one line; nothing else is said to be broken, and no secret is shown.
    pub fn finds(&self, name: &str) {
        let case @ Case { about, grade, what, fix, .. } = corpus::case(name);
        let said = self.said();
        let bad: Vec<_> = said.findings.iter().filter(|finding| finding["grade"] != "fine").collect();
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let word = if *grade == Grade::Look { "look" } else { "broken" };
        let found = bad.iter().find(|finding| {
            finding["grade"] == word
                && text(finding, "about").starts_with(about[0])
                && text(finding, "what").contains(what)
        });
        let found = found.unwrap_or_else(|| panic!("{name}: not found: {bad:#?}"));
        let told = text(found, "fix");
        assert!(!told.is_empty() && !told.contains('\n'), "{name}: one line: {told:?}");
        for words in *fix {
            assert!(told.contains(words), "{name}: the fix says nothing of {words:?}: {told}");
        }
        let others: BTreeSet<_> = bad.iter().map(|finding| text(finding, "about")).collect();
        let others: Vec<_> =
            others.iter().filter(|other| !about.iter().any(|about| other.starts_with(about))).collect();
        assert!(others.is_empty(), "{name}: these are as they were: {others:?}: {bad:#?}");
        assert_eq!(said.code, if *grade == Grade::Mistake { 2 } else { 1 }, "{name}");
        // The drawing of a config's line cuts words with bars.
        let plain =
            |words: &str| words.replace(['│', '|'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for words in *fix {
            assert!(plain(&said.words).contains(&plain(words)), "{name}: {words:?}: {}", said.words);
        }
        if *grade == Grade::Mistake {
            self.check_finds(case);
        }
        let shown = format!("{} {}", said.words, Value::from(said.findings.clone()));
        for secret in self.secrets() {
            assert!(!shown.contains(&secret), "{name}: a secret is shown: {shown}");
        }
    }

    /// `relay check` says the same of a config file that cannot be used.
    fn check_finds(&self, case: &Case) {
        let output = self.relay("check", &["--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mistakes = told["mistakes"].as_array().unwrap();
        let says = |mistake: &Value| {
            let help = mistake["help"].as_str().unwrap();
            mistake["what"].as_str().unwrap().contains(case.what)
                && case.fix.iter().all(|words| help.contains(words))
        };
        assert!(mistakes.iter().any(says) && output.status.code() == Some(2), "{}: {told}", case.name);
    }

    /// Words that are shown nowhere.
    pub fn never_says(&self, words: &str) {
        let said = self.said();
        let shown = format!("{} {}", said.words, Value::from(said.findings));
        assert!(!shown.contains(words), "{words}: {shown}");
    }

    /// What stands in the files beside the config.
    fn secrets(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.dir).unwrap().map(|entry| entry.unwrap().path());
        let secrets = files.filter(|path| path.is_file() && path.extension().is_none());
        let secrets = secrets.filter_map(|path| std::fs::read_to_string(path).ok());
        secrets.map(|secret| secret.trim().to_owned()).filter(|secret| secret.len() > 8).collect()
    }
}

/// Discord, Slack and Telegram with a room each.
pub struct Three {
    pub bench: Bench,
    pub place: Place,
}

impl Three {
    pub async fn new() -> Self {
        Self::of(World::demo()).await
    }

    /// In a world that was changed before.
    pub async fn of(world: World) -> Self {
        let bench = Bench::of(world).await;
        let place = Place::new(bench.dir.path());
        for name in ["discord", "slack", "slack-app", "telegram"] {
            let path = place.dir.join(name);
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        Self { bench, place }
    }

    /// Where a bot may do only this.
    pub async fn where_it_may(platform: &str, may: &[&str]) -> Self {
        let mut world = World::demo();
        let of = match platform {
            "discord" => &mut world.discord,
            "slack" => &mut world.slack,
            _ => &mut world.telegram,
        };
        of.bots[0].may = Some(may.iter().map(|may| (*may).to_owned()).collect());
        Self::of(world).await
    }

    /// Connected.
    pub async fn running() -> Self {
        let mut three = Self::new().await;
        three.bench.start();
        three.bench.connected(3).await;
        three
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_works_before_it_is_broken() {
    Three::new().await.place.is_well();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_works_while_it_runs() {
    Three::running().await.place.is_well();
}
