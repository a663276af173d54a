//! Figures: several rounds of each, of which the median counts; shown as a table or as JSON.

use serde::Serialize;

/// One figure.
#[derive(Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// In which unit.
    pub unit: &'static str,
    /// The middle one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// How often it was measured.
    pub rounds: usize,
    /// What it is to be at most (`≤`) or at least (`≥`).
    pub target: Option<Target>,
}

/// What a figure is to be.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Figure {
    /// From what the rounds have given; at least one.
    pub fn new(what: impl Into<String>, unit: &'static str, mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |place: usize| rounds.get(place).copied().unwrap_or(f64::NAN);
        Self {
            what: what.into(),
            unit,
            median: at(rounds.len() / 2),
            least: at(0),
            most: at(rounds.len().saturating_sub(1)),
            rounds: rounds.len(),
            target: None,
        }
    }

    /// With a target.
    pub fn aimed(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn verdict(&self) -> String {
        let (sign, target, met) = match self.target {
            None => return String::new(),
            Some(Target::AtMost(most)) => ('≤', most, self.median <= most),
            Some(Target::AtLeast(least)) => ('≥', least, self.median >= least),
        };
        let verdict = if met { "met" } else { "missed" };
        format!("{sign} {} {verdict}", number(target))
    }
}

/// Prints them.
pub fn show(figures: &[Figure], json: bool) {
    if json {
        if let Ok(json) = serde_json::to_string_pretty(figures) {
            println!("{json}");
        }
        return;
    }
    println!("{:<58} {:>10}  {:<20} of  target", "", "median", "least … most");
    for figure in figures {
        let range = format!("{} … {}", number(figure.least), number(figure.most));
        let what = format!("{}, {}", figure.what, figure.unit);
        println!(
            "{what:<58} {:>10}  {range:<20} {:>2}  {}",
            number(figure.median),
            figure.rounds,
            figure.verdict()
        );
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
