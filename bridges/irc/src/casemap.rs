//! Which names are the same.

/// How a server folds names. Source: <https://modern.ircdocs.horse/#casemapping-parameter>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Casemap {
    /// Letters of ASCII alone.
    Ascii,
    /// Also `[]\~` and `{}|^`, which are letters of a Scandinavian alphabet. What a server means that says nothing.
    #[default]
    Rfc1459,
    /// The same without `~` and `^`.
    Rfc1459Strict,
}

impl Casemap {
    /// From `CASEMAPPING`; one that is not known folds what all fold.
    pub fn read(name: &str) -> Self {
        match name {
            "rfc1459" => Self::Rfc1459,
            "rfc1459-strict" | "strict-rfc1459" => Self::Rfc1459Strict,
            _ => Self::Ascii,
        }
    }

    /// The one form of a name.
    pub fn fold(self, name: &str) -> String {
        name.chars()
            .map(|c| match (self, c) {
                (_, 'A'..='Z') => c.to_ascii_lowercase(),
                (Self::Ascii, _) => c,
                (_, '[') => '{',
                (_, ']') => '}',
                (_, '\\') => '|',
                (Self::Rfc1459, '~') => '^',
                _ => c,
            })
            .collect()
    }

    /// Whether two names are one.
    pub fn same(self, one: &str, other: &str) -> bool {
        self.fold(one) == self.fold(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        let cases = [
            ("ascii", "#Rust[]~Ä", "#rust[]~Ä"),
            ("rfc1459", "#Rust[]\\~", "#rust{}|^"),
            ("rfc1459-strict", "A[]\\~", "a{}|~"),
            ("precis", "A[", "a["),
        ];
        for (name, text, folded) in cases {
            assert_eq!(Casemap::read(name).fold(text), folded, "{name}");
        }
        assert!(Casemap::default().same("Nick[]", "nick{}"));
    }
}
