//! What the cases of a suite came to, as a table and page by page.

use crate::cells::Cells;
use relay_contract::Feature;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a case came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Seen there as the platform's own.
    Native,
    /// Shown by other means; the exact rendering.
    Fallback(String),
    /// Left out, and said to be.
    Said,
    /// The origin's platform does not tell, and nothing happened.
    NotHeard,
    /// Nobody can do that on the origin's platform.
    NoSuchThing,
    /// Heard, as another test shows: nobody on the imitated platform can do it.
    Elsewhere,
    /// It is not as the table says.
    Wrong(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fallback(_) => "other",
            Self::Said => "said",
            Self::NotHeard => "unheard",
            Self::NoSuchThing => "–",
            Self::Elsewhere => "(heard)",
            Self::Wrong(_) => "WRONG",
        }
    }

    /// Judged, and right as this.
    pub fn judged(judged: Result<(), String>, right: Self) -> Self {
        judged.map_or_else(Self::Wrong, |()| right)
    }
}

/// All cases: a feature, carried from one place to another.
pub struct Outcomes {
    places: &'static [&'static str],
    all: BTreeMap<(usize, usize, usize), Outcome>,
}

impl Outcomes {
    /// None yet, between these places.
    pub fn between(places: &'static [&'static str]) -> Self {
        Self { places, all: BTreeMap::new() }
    }

    /// One more; places by their number.
    pub fn insert(&mut self, feature: Feature, origin: usize, there: usize, outcome: Outcome) {
        self.all.insert((feature as usize, origin, there), outcome);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// A line for each that is not as the table says.
    pub fn wrong(&self) -> Vec<String> {
        let wrong = self.all.iter().filter_map(|((feature, origin, there), outcome)| match outcome {
            Outcome::Wrong(why) => {
                let feature = Feature::ALL[*feature];
                Some(format!("{feature}, {} → {}: {why}", self.places[*origin], self.places[*there]))
            }
            _ => None,
        });
        wrong.collect()
    }

    /// What is compared with what is known to be right, by name: the table, and the renderings of each feature.
    pub fn pages(&self, cells: &Cells) -> Vec<(String, String)> {
        let mut pages = vec![("cells".to_owned(), format!("{}\n{}", cells.lines(), self.matrix()))];
        for feature in Feature::ALL {
            let renderings = self.renderings(feature);
            if !renderings.is_empty() {
                pages.push((format!("{feature:?}").to_lowercase(), renderings));
            }
        }
        pages
    }

    /// A row a feature, a column a pair.
    pub fn matrix(&self) -> String {
        let count = self.places.len();
        let pairs: Vec<(usize, usize)> = (0..count)
            .flat_map(|origin| (0..count).map(move |there| (origin, there)))
            .filter(|(origin, there)| self.all.keys().any(|case| case.1 == *origin && case.2 == *there))
            .collect();
        let short = |at: usize| self.places[at][..1].to_uppercase();
        let heading = pairs
            .iter()
            .map(|(origin, there)| format!("{:<9}", format!("{} → {}", short(*origin), short(*there))));
        let mut out = format!("{:<18}{}\n", "", heading.collect::<String>().trim_end());
        for feature in Feature::ALL {
            let cell = |(origin, there): &(usize, usize)| {
                let outcome = self.all.get(&(feature as usize, *origin, *there));
                format!("{:<9}", outcome.map_or("NO CASE", Outcome::word))
            };
            let cells: String = pairs.iter().map(cell).collect();
            let _ = writeln!(out, "{:<18}{}", feature.word(), cells.trim_end());
        }
        out
    }

    fn renderings(&self, feature: Feature) -> String {
        let mut out = String::new();
        for ((of, origin, there), outcome) in &self.all {
            if let Outcome::Fallback(rendering) = outcome
                && *of == feature as usize
            {
                let _ = writeln!(out, "=== {} → {}\n{rendering}", self.places[*origin], self.places[*there]);
            }
        }
        out
    }
}
