//! The table in the README, and the test that it is current.

use super::{Column, Way, cell, of_platforms, otherwise, shown};
use relay_contract::Feature;
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str =
    "<!-- This table is made from the code: RELAY_WRITE_MATRIX=1 cargo test -p relay matrix -->\n";
const END: &str = "<!-- Here it ends. -->\n";

/// What the platforms can at best, and what becomes of the rest.
fn markdown() -> String {
    let columns = of_platforms();
    let headings: Vec<String> = columns.iter().map(|column| shown(&column.platform)).collect();
    let mut out = format!(
        "| | {} | where it is *other* |\n|{}\n",
        headings.join(" | "),
        " --- |".repeat(headings.len() + 2)
    );
    for (at, feature) in Feature::ALL.into_iter().enumerate() {
        let cells: Vec<String> = columns.iter().map(|column| cell(column, at)).collect();
        let is_other = columns
            .iter()
            .any(|column| column.features.get(at).is_some_and(|row| row.shown == Way::Fallback));
        let other = if is_other { otherwise(feature) } else { "" };
        let _ = writeln!(out, "| {feature} | {} | {other} |", cells.join(" | "));
    }
    for (at, (name, _)) in columns.first().map(Column::limits).iter().flatten().enumerate().take(3) {
        let cells: Vec<String> = columns.iter().map(|column| column.limits()[at].1.clone()).collect();
        let _ = writeln!(out, "| {name} | {} | |", cells.join(" | "));
    }
    out
}

/// `RELAY_WRITE_MATRIX=1 cargo test -p relay matrix` writes the table anew.
#[test]
fn the_readme_shows_the_matrix_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the README says where the table begins");
    let (table, after) = rest.split_once(END).expect("the README says where the table ends");
    if std::env::var_os("RELAY_WRITE_MATRIX").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", markdown())).unwrap();
        return;
    }
    assert_eq!(table, markdown(), "RELAY_WRITE_MATRIX=1 cargo test -p relay matrix");
}
