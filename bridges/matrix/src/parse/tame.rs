//! Whether HTML can be parsed with little memory and a small stack. Some sixty thousand bytes of it can mean a tree of millions of nodes,
//! or one that is twenty thousand deep: a parser repeats in each paragraph all styles that were left open.

/// So many elements may be open at a time, and so many tags there may be.
const DEEPEST: usize = 64;
const MOST: usize = 4_000;
/// Elements that have no end (<https://html.spec.whatwg.org/multipage/syntax.html#void-elements>).
const VOID: [&str; 6] = ["br", "hr", "img", "input", "wbr", "col"];

/// Nothing that is written by hand or by a client is any different.
pub fn is_tame(html: &str) -> bool {
    let mut open: Vec<String> = Vec::new();
    let mut tags = 0;
    for tag in html.split('<').skip(1) {
        tags += 1;
        if tags > MOST {
            return false;
        }
        let (ends, name) = match tag.strip_prefix('/') {
            Some(rest) => (true, name(rest)),
            None => (false, name(tag)),
        };
        if name.is_empty() || VOID.contains(&name.as_str()) {
            continue;
        }
        // An end that fits nothing is not believed: what is counted is never less than what is open.
        match ends {
            true => drop(open.pop_if(|last| *last == name)),
            // A paragraph or an item ends where the next one begins.
            false if open.last() == Some(&name) && matches!(name.as_str(), "p" | "li") => {}
            false => open.push(name),
        }
        if open.len() > DEEPEST {
            return false;
        }
    }
    true
}

fn name(tag: &str) -> String {
    tag.chars().take_while(char::is_ascii_alphanumeric).take(16).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_much_memory_or_stack() {
        let cases = [
            ("a < b and <b>c</b>".to_owned(), true),
            ("<p>a</p>".repeat(400), true),
            ("<li>a".repeat(900), true),
            ("<br>".repeat(2_000), true),
            ("<b>".repeat(65), false),
            ("<b></i>".repeat(65), false),
            ("<blockquote>".repeat(5_000), false),
            ("<br>".repeat(5_000), false),
            (format!("{}{}", "<b a=1>".repeat(65), "<p>".repeat(100)), false),
        ];
        for (html, tame) in cases {
            assert_eq!(is_tame(&html), tame, "{}", html.chars().take(40).collect::<String>());
        }
    }
}
