#![allow(clippy::unwrap_used)]

use super::*;
use fluent_bundle::FluentArgs;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Placeholders of each message in a file, by its key. What stands in all branches of a selector counts.
fn messages(file: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(file.to_owned()).unwrap();
    let mut found = BTreeMap::new();
    // A message begins at a line's start; the lines that belong to it are indented.
    assert!(resource.entries().count() > 0);
    let mut key = String::new();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with([' ', '}'])) {
            key = name.trim().to_owned();
            assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} is there twice");
        }
        let in_use: &mut BTreeSet<String> = match found.get_mut(&key) {
            Some(in_use) => in_use,
            None => continue,
        };
        in_use.extend(line.match_indices('$').map(|(at, _)| {
            line[at + 1..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
                .collect()
        }));
    }
    found
}

fn all(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for file in language.files() {
        for (key, names) in messages(file) {
            assert!(all.insert(key.clone(), names).is_none(), "{key} is there twice in {}", language.code());
        }
    }
    all
}

/// Every `text!` of the code: where, its key, the names that it gives.
fn said() -> Vec<(String, String, BTreeSet<String>)> {
    fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, found),
                false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut said = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("texts.rs") && !path.ends_with("texts/tests.rs")) {
        let code = std::fs::read_to_string(path).unwrap();
        let begins = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        for (at, _) in code.match_indices("text!(").filter(|(at, _)| begins(*at)) {
            let inside = inside(&code[at + "text!(".len()..]);
            let parts = parts(inside);
            let key = parts.get(1).map(|key| key.trim()).unwrap_or_default();
            let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
            let place = format!("{}: text!({inside})", path.display());
            let key = key.unwrap_or_else(|| panic!("{place}: the key is not a literal")).to_owned();
            let names = parts.iter().skip(2).filter(|part| !part.trim().is_empty());
            let names = names.map(|part| part.split('=').next().unwrap().trim().to_owned()).collect();
            said.push((place, key, names));
        }
    }
    said
}

/// Up to the bracket that closes.
fn inside(code: &str) -> &str {
    let (mut depth, mut in_text, mut escaped) = (1, false, false);
    for (at, c) in code.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return &code[..at];
                }
            }
            _ => {}
        }
    }
    panic!("not closed: {code:.80}");
}

/// Cut at the commas that are in no bracket and no text.
fn parts(inside: &str) -> Vec<&str> {
    let (mut depth, mut in_text, mut escaped, mut from) = (0, false, false, 0);
    let mut parts = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                parts.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[from..]);
    parts
}

#[test]
fn every_language_has_every_text_with_the_same_placeholders() {
    let english = all(Language::English);
    for language in Language::ALL {
        let texts = all(language);
        for (key, names) in &english {
            let here = texts.get(key).unwrap_or_else(|| panic!("{key} is missing in {}", language.code()));
            assert_eq!(here, names, "the placeholders of {key} in {}", language.code());
        }
        let more: Vec<_> = texts.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(more.is_empty(), "only in {}: {more:?}", language.code());
    }
}

#[test]
fn every_file_is_one_of_the_subjects() {
    for language in Language::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/texts").join(language.code());
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let files: BTreeSet<String> =
            files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(files, SUBJECTS.iter().map(|it| (*it).to_owned()).collect(), "{}", folder.display());
    }
}

#[test]
fn what_the_code_says_is_there_and_nothing_else() {
    let english = all(Language::English);
    let mut used = BTreeSet::new();
    for (place, key, names) in said() {
        let placeholders = english.get(&key).unwrap_or_else(|| panic!("{place}: there is no text {key}"));
        assert_eq!(placeholders, &names, "{place}: the placeholders of {key}");
        used.insert(key);
    }
    let unused: Vec<_> = english.keys().filter(|key| !used.contains(*key)).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn every_text_is_whole() {
    for language in Language::ALL {
        for (key, names) in all(language) {
            let mut with = FluentArgs::new();
            for name in &names {
                with.set(name.clone(), 3);
            }
            let bundle = language.bundle();
            let mut errors = Vec::new();
            let pattern = bundle.get_message(&key).and_then(|message| message.value());
            let pattern = pattern.unwrap_or_else(|| panic!("{key} in {}", language.code()));
            let text = bundle.format_pattern(pattern, Some(&with), &mut errors);
            assert!(errors.is_empty() && !text.trim().is_empty(), "{key} in {}: {errors:?}", language.code());
        }
    }
}

#[test]
fn locales() {
    for (locale, expected) in [
        ("de", Some(Language::German)),
        ("de-AT", Some(Language::German)),
        ("DE_de", Some(Language::German)),
        ("en-US", Some(Language::English)),
        ("fr", None),
        ("den", None),
        ("", None),
    ] {
        assert_eq!(Language::of_locale(locale), expected, "{locale:?}");
    }
}
