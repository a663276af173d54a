//! Messages as people write them and as people break them: all styles, languages, lengths and nestings. The same seed makes the
//! same messages.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use relay_contract::{Block, Emoji, Inline, Mention, Style, Text, Time, TimeStyle};

/// What people write.
const SAID: [&str; 34] = [
    "hello",
    "the quick brown fox",
    "don't",
    "a  b",
    "1. not a list",
    "100%",
    "Grüße aus Köln",
    "naïve café",
    "¿Qué tal?",
    "Привет, мир",
    "Γειά σου",
    "שלום עולם",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "안녕하세요 세계",
    "こんにちは世界",
    "你好，世界",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "e\u{301}a\u{308}\u{304}",
    "👩\u{200D}👩\u{200D}👧\u{200D}👦",
    "🏳️\u{200D}🌈",
    "👍🏽",
    "🇩🇪🇹🇷",
    "☺️",
    "ﷺ",
    "ß ﬁ Ⅷ",
    "zero\u{200B}width",
    "soft\u{AD}hyphen",
    "a\u{2060}b",
    "\u{202E}reversed\u{202C}",
    "\u{2066}isolated\u{2069}",
    "…—–",
    "™©®",
];

/// What looks like markup, a ping or a trap in one of the platforms.
const TRAPS: [&str; 44] = [
    "@everyone",
    "@here",
    "@channel",
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U024BE7LH>",
    "<@123456789012345678>",
    "<@!1>",
    "<@&1>",
    "<#C024BE7LR|general>",
    "<#123456789012345678>",
    "<!subteam^S1>",
    "@Elif",
    "@farid",
    "@hana",
    "@Ada",
    "@room",
    "<:owl:123>",
    "<a:owl:123>",
    ":smile:",
    "<t:1700000000:F>",
    "<!date^1^{date}|x>",
    "**bold",
    "_under_score_",
    "__dunder__",
    "~~strike~",
    "~tilde~",
    "||pipe|",
    "`tick",
    "```fence",
    "> no quote",
    ">>> all",
    "# no heading",
    "-# small",
    "- no item",
    "* star",
    "[a](b)",
    "[x](https://x.example) ",
    "\\*escaped\\",
    "&amp; &lt;b&gt;",
    "<b>html</b>",
    "http:// ",
    "javascript:alert(1)",
];

const CODE: [&str; 8] =
    ["fn main() {}", "a < b && c > d", "``", "`", "x = \"*_~|\"", "@everyone", "tab\there", "// 注释 👍"];

const URLS: [&str; 6] = [
    "https://x.example/",
    "https://x.example/a_b*c?d=e&f=(g)",
    "http://münchen.example/ü",
    "https://x.example/%20|x",
    "mailto:a@x.example",
    "https://x.example/very/long/path/that/goes/on#and-on",
];

/// Makes messages.
pub struct Generator(StdRng);

impl Generator {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// The next message; never empty.
    pub fn message(&mut self) -> Text {
        loop {
            let blocks = match self.0.random_range(0..1_000) {
                0..2 => (0..self.0.random_range(20..60)).map(|_| self.block(2)).collect(),
                2..4 => vec![Block::Paragraph(self.long())],
                4..600 => vec![self.block(0)],
                _ => (0..self.0.random_range(1..6)).map(|_| self.block(0)).collect(),
            };
            let text = Text::new(blocks);
            if text.clone().into_runs().iter().any(|run| run.leaf.shown().chars().any(char::is_alphanumeric))
            {
                return text;
            }
        }
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from.choose(&mut self.0).copied().unwrap_or_default()
    }

    fn block(&mut self, deep: usize) -> Block {
        let containers = if deep < 4 { 100 } else { 75 };
        match self.0.random_range(0..containers) {
            0..60 => Block::Paragraph(self.inlines(0)),
            60..67 => Block::Heading { level: self.0.random_range(1..7), inlines: self.inlines(1) },
            67..75 => {
                let lang = self.0.random_bool(0.5).then(|| "rust".to_owned());
                let lines: Vec<&str> = (0..self.0.random_range(1..5)).map(|_| self.pick(&CODE)).collect();
                Block::Code { lang, text: lines.join("\n") }
            }
            75..87 => Block::Quote((0..self.0.random_range(1..3)).map(|_| self.block(deep + 1)).collect()),
            _ => {
                let start = self.0.random_bool(0.4).then(|| self.0.random_range(1..12));
                let items = (0..self.0.random_range(1..4)).map(|_| vec![self.block(deep + 1)]).collect();
                Block::List { start, items }
            }
        }
    }

    fn inlines(&mut self, deep: usize) -> Vec<Inline> {
        let count = self.0.random_range(1..6);
        let mut inlines = Vec::new();
        for at in 0..count {
            if at > 0 && self.0.random_bool(0.7) {
                inlines.push(Inline::Plain(" ".into()));
            }
            inlines.push(self.inline(deep));
        }
        inlines
    }

    fn inline(&mut self, deep: usize) -> Inline {
        let styled = if deep < 4 { 100 } else { 74 };
        match self.0.random_range(0..styled) {
            0..42 => Inline::Plain(self.pick(&SAID).to_owned()),
            42..58 => Inline::Plain(self.pick(&TRAPS).to_owned()),
            58..62 => Inline::Code(self.pick(&CODE).to_owned()),
            62..64 => {
                Inline::Mention(Mention::Person { id: Some("123456789012345678".into()), name: "Ada".into() })
            }
            64..65 => Inline::Mention(Mention::Group { name: "everyone".into() }),
            65..66 => Inline::Mention(Mention::Room { name: "general".into() }),
            66..68 => Inline::Emoji(Emoji { name: "owl".into(), id: Some("1234567890".into()) }),
            68..70 => Inline::Time(Time { seconds: 1_700_000_000, style: TimeStyle::default() }),
            70..74 => Inline::Break,
            74..80 => {
                let url = self.pick(&URLS).to_owned();
                let label = match self.0.random_bool(0.3) {
                    true => vec![Inline::Plain(url.clone())],
                    false => vec![Inline::Plain(self.pick(&SAID).to_owned())],
                };
                Inline::Link { url, label }
            }
            _ => {
                let style = Style::ALL.choose(&mut self.0).copied().unwrap_or(Style::Bold);
                Inline::Styled(style, self.inlines(deep + 1))
            }
        }
    }

    /// Several native messages' worth of words.
    fn long(&mut self) -> Vec<Inline> {
        let words = self.0.random_range(300..900);
        let mut inlines = Vec::new();
        for _ in 0..words {
            inlines.push(Inline::Plain(format!("{} ", self.pick(&SAID))));
            if self.0.random_bool(0.02) {
                inlines.push(self.inline(2));
            }
        }
        inlines
    }
}
