//! Names that would notify somebody, made inert.
//!
//! A handle in plain text notifies whoever owns it, so a word joiner goes between `@` and a name, which nobody sees and no
//! handle contains. Reading takes it out again. Addresses (`me@example.org`) and links (`https://example.org/@me`) keep
//! their form: the server finds no handle in them.

/// U+2060, invisible and without width.
pub const JOINER: char = '\u{2060}';

/// Whether a joiner must stand between what has been written and a following character.
pub fn needs_joiner(before: &str, next: char) -> bool {
    let Some(before) = before.strip_suffix('@') else {
        return false;
    };
    is_handle(next) && !before.chars().next_back().is_some_and(is_handle) && !ends_in_link(before)
}

/// A piece of a text, which begins at a byte of it, without the joiners behind an `@`.
pub fn without_joiners(text: &str, from: usize, piece: &str) -> String {
    let mut before = text.get(..from).and_then(|text| text.chars().next_back());
    let kept = |c: &char| {
        let joins = *c == JOINER && before == Some('@');
        before = Some(*c);
        !joins
    };
    piece.chars().filter(kept).collect()
}

fn is_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text ends inside of what the server certainly takes for a link: a scheme, a host with a dot, and a path of
/// nothing but ordinary characters.
fn ends_in_link(text: &str) -> bool {
    let Some((at, scheme)) = ["https://", "http://"]
        .into_iter()
        .filter_map(|scheme| text.rfind(scheme).map(|at| (at, scheme)))
        .max()
    else {
        return false;
    };
    let apart = !text.get(..at).and_then(|text| text.chars().next_back()).is_some_and(char::is_alphanumeric);
    apart && text.get(at + scheme.len()..).is_some_and(|rest| rest.contains('/') && is_plain_address(rest))
}

/// Whether the server finds all of a URL, and nothing but it, by itself.
pub fn is_plain_link(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        is_plain_address(rest) && rest.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
    })
}

/// A host name with a dot, perhaps a port, then a path of characters that end no link anywhere.
fn is_plain_address(address: &str) -> bool {
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let labels = || name.split('.');
    labels().count() > 1
        && labels()
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        && !labels().any(|label| label.starts_with('-') || label.ends_with('-'))
        && port.chars().all(|c| c.is_ascii_digit())
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/%@=&?".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joiner_goes_where_a_handle_would_be_read() {
        let cases = [
            ("@", 'a', true),
            ("hi @", '_', true),
            ("(@", '1', true),
            (".@", 'a', true),
            ("me@", 'a', false),
            ("@", ' ', false),
            ("@", 'é', false),
            ("a", 'b', false),
            ("see https://example.org/@", 'a', false),
            ("https://example.org/~x/@", 'a', false),
            ("https://example.org@", 'a', false),
            ("https://localhost/@", 'a', true),
            ("https:///@", 'a', true),
            ("://@", 'a', true),
            ("https://example.org/a @", 'a', true),
            ("https://example.org/«@", 'a', true),
            ("xhttps://example.org/@", 'a', true),
        ];
        for (before, next, needed) in cases {
            assert_eq!(needs_joiner(before, next), needed, "{before:?} {next:?}");
        }
    }

    #[test]
    fn plain_links() {
        let cases = [
            ("https://example.org", true),
            ("http://127.0.0.1:8080/a_b/c-d", true),
            ("https://example.org/?q=1&r=2", true),
            ("https://example.org/a.", false),
            ("https://example.org/wiki/A_(b)", false),
            ("https://localhost/a", false),
            ("https://example.org/ä", false),
            ("https://example.org/#a", false),
            ("tg://user?id=1", false),
        ];
        for (url, plain) in cases {
            assert_eq!(is_plain_link(url), plain, "{url}");
        }
    }
}
