//! How people from elsewhere are called: `name` of a link, and what `/relay template` takes.

use super::document::nearest;

/// What stands for something in a template.
const PARTS: [&str; 2] = ["name", "platform"];

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateMistake {
    /// It says nothing of who somebody is.
    Nameless,
    /// This stands in braces and for nothing; people would be called by it. And what was perhaps meant.
    Unknown(String, Option<&'static str>),
}

/// Whether people can be called by it.
pub fn check(template: &str) -> Result<(), TemplateMistake> {
    let braced = template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word);
    let mut unknown = braced.filter(|word| word.contains(char::is_alphabetic) && !PARTS.contains(word));
    if let Some(word) = unknown.next() {
        let near = nearest(&word.trim().to_lowercase(), PARTS.into_iter());
        return Err(TemplateMistake::Unknown(word.to_owned(), near));
    }
    match names_somebody(template) {
        true => Ok(()),
        false => Err(TemplateMistake::Nameless),
    }
}

/// Whether it says who somebody is.
pub(super) fn names_somebody(template: &str) -> bool {
    template.contains("{name}")
}

impl TemplateMistake {
    /// What is wrong with a template of a file, and what to write instead.
    pub(super) fn of(&self, template: &str) -> (String, String) {
        match self {
            Self::Nameless => (
                format!("`name` says nothing of who it is: `{}`", template.escape_debug()),
                "Put {name} where the name is to stand.".to_owned(),
            ),
            Self::Unknown(word, near) => {
                let help = near.map_or_else(
                    || "There are {name} and {platform}.".to_owned(),
                    |near| format!("Did you mean {{{near}}}?"),
                );
                (format!("`{{{}}}` stands for nothing in `name`", word.escape_debug()), help)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_nothing_is_nobodys_name() {
        for fine in ["{name}", "{name} ({platform})", "{name} {} {1}", "}{name}{", "{{name}}"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        let unknown = |word: &str, near| Err(TemplateMistake::Unknown(word.into(), near));
        assert_eq!(check("{nam} {name}"), unknown("nam", Some("name")));
        assert_eq!(check("{name} ({platfrom})"), unknown("platfrom", Some("platform")));
        assert_eq!(check("{Name}"), unknown("Name", Some("name")));
        assert_eq!(check("{name} of {server}"), unknown("server", None));
        assert_eq!(check("somebody"), Err(TemplateMistake::Nameless));
        let (what, help) = check("{nme}").unwrap_err().of("{nme}");
        assert_eq!(
            (what.as_str(), help.as_str()),
            ("`{nme}` stands for nothing in `name`", "Did you mean {name}?")
        );
    }
}
