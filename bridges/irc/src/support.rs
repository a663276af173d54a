//! What a server says about itself (`005`). Source: <https://modern.ircdocs.horse/#rplisupport-005>.

use crate::casemap::Casemap;

/// The parameters that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The network's name.
    pub network: Option<String>,
    /// Which names are the same.
    pub casemap: Casemap,
    /// The longest line, in bytes with its end.
    pub line_length: usize,
    /// Modes that members have, with their signs, the highest first.
    pub prefixes: Vec<(char, char)>,
    /// Modes of channels that always have a parameter: lists, and keys.
    with_parameter: String,
    /// Modes that have one only when they are set.
    with_parameter_set: String,
    /// The signs that channels begin with.
    pub channel_signs: String,
    /// Tags of clients that the server does not pass on.
    tags_denied: String,
    /// How many messages of history the server tells at once, where it says so.
    pub history_most: Option<u16>,
}

impl Default for Support {
    fn default() -> Self {
        Self {
            network: None,
            casemap: Casemap::default(),
            line_length: 512,
            prefixes: vec![('o', '@'), ('v', '+')],
            with_parameter: "beIk".to_owned(),
            with_parameter_set: "l".to_owned(),
            channel_signs: "#&".to_owned(),
            tags_denied: String::new(),
            history_most: None,
        }
    }
}

impl Support {
    /// Takes one line's parameters over.
    pub fn read<'a>(&mut self, parameters: impl IntoIterator<Item = &'a str>) {
        for parameter in parameters {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "NETWORK" if !value.is_empty() => self.network = Some(value.to_owned()),
                "CASEMAPPING" => self.casemap = Casemap::read(value),
                "CHANTYPES" if !value.is_empty() => self.channel_signs = value.to_owned(),
                "LINELEN" => {
                    self.line_length =
                        value.parse().ok().filter(|most| (512..=8192).contains(most)).unwrap_or(512);
                }
                "CLIENTTAGDENY" => value.clone_into(&mut self.tags_denied),
                "CHATHISTORY" => self.history_most = value.parse().ok().filter(|most| *most > 0),
                "PREFIX" => self.prefixes = prefixes(value).unwrap_or_default(),
                "CHANMODES" => {
                    let mut kinds = value.split(',');
                    let (lists, always) =
                        (kinds.next().unwrap_or_default(), kinds.next().unwrap_or_default());
                    self.with_parameter = format!("{lists}{always}");
                    self.with_parameter_set = kinds.next().unwrap_or_default().to_owned();
                }
                _ => {}
            }
        }
    }

    /// The sign of a member's mode.
    pub fn sign(&self, mode: char) -> Option<char> {
        self.prefixes.iter().find(|(found, _)| *found == mode).map(|(_, sign)| *sign)
    }

    /// Whether a sign is that of a member's mode.
    pub fn is_sign(&self, sign: char) -> bool {
        self.prefixes.iter().any(|(_, found)| *found == sign)
    }

    /// Whether the sign says that somebody may manage the channel: operators and what stands above them.
    pub fn manages(&self, sign: char) -> bool {
        let place = |sign: char| self.prefixes.iter().position(|(_, found)| *found == sign);
        place('@').is_some_and(|operators| place(sign).is_some_and(|place| place <= operators))
    }

    /// Whether the server passes a tag of clients on; its name is without the sign before it.
    /// Source: <https://ircv3.net/specs/extensions/message-tags#rpl_isupport-tokens>.
    pub fn passes_tag(&self, name: &str) -> bool {
        let says = |word: &str| self.tags_denied.split(',').any(|found| found == word);
        if says("*") { says(&format!("-{name}")) } else { !says(name) }
    }

    /// Whether a mode is followed by a parameter.
    pub fn takes_parameter(&self, mode: char, set: bool) -> bool {
        self.sign(mode).is_some()
            || self.with_parameter.contains(mode)
            || (set && self.with_parameter_set.contains(mode))
    }
}

/// `(ov)@+` as pairs.
fn prefixes(value: &str) -> Option<Vec<(char, char)>> {
    let (modes, signs) = value.strip_prefix('(')?.split_once(')')?;
    Some(modes.chars().zip(signs.chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says() {
        let mut support = Support::default();
        support.read([
            "NETWORK=Owls",
            "CASEMAPPING=ascii",
            "PREFIX=(qaohv)~&@%+",
            "CHANMODES=beI,k,l,imn",
            "LINELEN=2048",
            "X",
        ]);
        assert_eq!(support.network.as_deref(), Some("Owls"));
        assert_eq!((support.casemap, support.line_length), (Casemap::Ascii, 2048));
        let manages: String = "~&@%+".chars().filter(|sign| support.manages(*sign)).collect();
        assert_eq!(manages, "~&@");
        let parameters = [
            ('o', false, true),
            ('k', false, true),
            ('l', true, true),
            ('l', false, false),
            ('i', true, false),
        ];
        for (mode, set, takes) in parameters {
            assert_eq!(support.takes_parameter(mode, set), takes, "{mode} {set}");
        }
        for (denied, passes) in
            [("", [true, true]), ("*", [false, false]), ("*,-typing", [false, true]), ("a,b", [false, true])]
        {
            support.read([format!("CLIENTTAGDENY={denied}").as_str(), "CHATHISTORY=100"]);
            assert_eq!(["a", "typing"].map(|tag| support.passes_tag(tag)), passes, "{denied}");
        }
        assert_eq!(support.history_most, Some(100));
        support.read(["PREFIX=", "LINELEN=9"]);
        assert!(!support.manages('@') && support.line_length == 512);
    }
}
