//! Where a bare link ends.

/// The longest URL that is read as a link, in bytes.
pub const MOST: usize = 2_048;

/// Whether a link begins here.
pub fn begins(text: &str) -> bool {
    let after = text.strip_prefix("http").map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    after
        .and_then(|rest| rest.strip_prefix("://"))
        .and_then(|rest| rest.chars().next())
        .is_some_and(is_inside)
}

/// The length in bytes of the link that `text` begins with: up to white space or `<`, without the punctuation that ends a
/// sentence and without a parenthesis that was opened before the link.
pub fn extent(text: &str) -> usize {
    let end = text.find(|c| !is_inside(c)).unwrap_or(text.len());
    let link = &text[..end];
    let (opened, mut closed) = (link.matches('(').count(), link.matches(')').count());
    let mut kept = link;
    while let Some(last) = kept.chars().next_back() {
        match last {
            ')' if closed > opened => closed -= 1,
            '.' | ',' | ':' | ';' | '"' | '\'' | ']' => {}
            _ => break,
        }
        kept = &kept[..kept.len() - last.len_utf8()];
    }
    kept.len()
}

fn is_inside(c: char) -> bool {
    !c.is_whitespace() && c != '<'
}
