//! What Relay says to people and in rooms, in their language: Fluent files (<https://projectfluent.org>), one folder a language and
//! one file a subject, the same files and messages in each.
//!
//! What the log, the command line and the platforms' own problems say is English: whoever runs Relay looks it up by its words.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::LazyLock;
use unic_langid::{LanguageIdentifier, langid};

/// Which files there are; each of them exists in each language.
macro_rules! files {
    ($($subject:literal),* $(,)?) => {
        const ENGLISH: &[&str] = &[$(include_str!(concat!("texts/en/", $subject, ".ftl"))),*];
        const GERMAN: &[&str] = &[$(include_str!(concat!("texts/de/", $subject, ".ftl"))),*];
        #[cfg(test)]
        const SUBJECTS: &[&str] = &[$($subject),*];
    };
}

files!["adapt", "buttons", "commands", "menu", "moderation", "notices", "people", "rooms", "telling"];

/// A language that Relay speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// As it is written in the config: its code of ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a locale as platforms write it: `de`, `de-AT`, `de_DE`; none when Relay does not speak it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let code = locale.split(['-', '_', '.']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::English => langid!("en"),
            Self::German => langid!("de"),
        }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| Language::English.load());
        static GERMAN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| Language::German.load());
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    /// What cannot be read of a file is left out; a test sees that there is no such thing.
    fn load(self) -> FluentBundle<FluentResource> {
        let mut bundle = FluentBundle::new_concurrent(vec![self.identifier()]);
        // Names come from outside and are made harmless before; marks of direction around each would only make texts hard to compare.
        bundle.set_use_isolating(false);
        for file in self.files() {
            let resource =
                FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(readable, errors)| {
                    tracing::error!(
                        language = self.code(),
                        ?errors,
                        "a file of texts is not wholly readable"
                    );
                    readable
                });
            if let Err(errors) = bundle.add_resource(resource) {
                tracing::error!(language = self.code(), ?errors, "a text is there twice");
            }
        }
        bundle
    }

    /// A text by its key, without placeholders.
    pub fn say(self, key: &str) -> String {
        self.say_with(key, &FluentArgs::new())
    }

    /// A text by its key; what stands for its placeholders has been made harmless before. [`text!`](crate::text) is shorter.
    pub fn say_with(self, key: &str, with: &FluentArgs) -> String {
        match self.find(key, with).or_else(|| Self::English.find(key, with)) {
            Some(text) => text,
            None => {
                tracing::error!(key, "there is no such text");
                key.to_owned()
            }
        }
    }

    fn find(self, key: &str, with: &FluentArgs) -> Option<String> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(with), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, language = self.code(), ?errors, "a text is not whole");
        }
        Some(text)
    }
}

/// A text in a language: `text!(language, "key")`, `text!(language, "key", room = name, count = 3)`. Values are strings and numbers;
/// a test holds the names against the placeholders of the text.
#[macro_export]
macro_rules! text {
    ($language:expr, $key:literal $(,)?) => {
        $language.say($key)
    };
    ($language:expr, $key:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut with = fluent_bundle::FluentArgs::new();
        $(with.set(stringify!($name), $value);)+
        $language.say_with($key, &with)
    }};
}

#[cfg(test)]
mod tests;
