//! Where links end in running text, the same in every client's eyes.

/// Bytes of the link that starts here: up to a blank, without closing punctuation.
pub fn link_end(rest: &str) -> usize {
    let n =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(rest.len());
    let mut link = rest[..n].trim_end_matches(['.', ',', ':', ';', '!', '?', '\'']);
    while link.ends_with(')') && link.matches(')').count() > link.matches('(').count() {
        link = link[..link.len() - 1].trim_end_matches(['.', ',', ':', ';', '!', '?', '\'']);
    }
    link.len()
}
