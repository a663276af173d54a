//! Blocks by their lines: headings, quotes, lists. What stands in them is read without their marks.
//!
//! Discord has headings of three levels, one level of quotes, and lists that nest by indentation, in all of which it wants a
//! blank behind the mark (<https://support.discord.com/hc/en-us/articles/210298617>). Subtext is a plain line here.

use super::code::Ticks;
use relay_contract::text::{Container, DEEPEST};

/// Text that stands in one block.
pub struct Section {
    /// What it stands in.
    pub within: Vec<Container>,
    /// Without the marks of that.
    pub text: String,
}

/// All sections in order. Linear: each line is copied once for each container that it stands in, of which there are few.
pub fn sections(text: &str) -> Vec<Section> {
    let mut blocks = Blocks { sections: Vec::new(), within: Vec::new(), items: 0 };
    blocks.read(text);
    blocks.sections
}

struct Blocks {
    sections: Vec<Section>,
    within: Vec<Container>,
    items: u32,
}

impl Blocks {
    fn read(&mut self, text: &str) {
        let mut lines = Lines::new(text);
        let mut paragraph = 0;
        while lines.at < text.len() {
            let from = lines.at;
            if self.block(&mut lines, paragraph) {
                paragraph = lines.at;
            } else {
                lines.pass_with_code();
            }
            debug_assert!(lines.at > from);
        }
        self.section(&text[paragraph..]);
    }

    /// Reads the block that begins on this line, and before it the paragraph that it ends. False where none begins.
    fn block(&mut self, lines: &mut Lines<'_>, paragraph: usize) -> bool {
        let text = lines.text;
        let before = &text[paragraph..lines.at];
        let line = lines.line();
        let quotable = self.within.len() < DEEPEST && !self.within.contains(&Container::Quote);
        if quotable && line.starts_with(">>> ") {
            self.section(before);
            let quoted = &text[lines.at + 4..];
            lines.at = text.len();
            self.inside(Container::Quote, quoted);
        } else if quotable && line.starts_with("> ") {
            self.section(before);
            let mut quoted = Vec::new();
            while let Some(line) = lines.line().strip_prefix("> ") {
                quoted.push(line);
                lines.pass();
            }
            self.inside(Container::Quote, &quoted.join("\n"));
        } else if let Some((level, words)) = heading(line) {
            self.section(before);
            lines.pass();
            self.within.push(Container::Heading(level));
            self.section(words);
            self.within.pop();
        } else if let Some(words) = line.strip_prefix("-# ").filter(|words| !words.trim().is_empty()) {
            self.section(before);
            lines.pass();
            self.section(words);
        } else if let Some(mark) = Mark::of(line).filter(|_| self.within.len() < DEEPEST) {
            self.section(before);
            self.item(lines, &mark);
        } else {
            return false;
        }
        true
    }

    /// The item that begins here: its line, and all below it that is indented further.
    fn item(&mut self, lines: &mut Lines<'_>, mark: &Mark) {
        let mut own = vec![&lines.line()[mark.length..]];
        lines.pass();
        let mut blank = 0;
        let mut cut = None;
        let mut ahead = lines.clone();
        while ahead.at < ahead.text.len() {
            let line = ahead.line();
            ahead.pass();
            let indent = indent(line);
            if indent == line.len() {
                blank += 1;
                own.push(line);
                continue;
            }
            if indent <= mark.indent {
                break;
            }
            blank = 0;
            cut.get_or_insert(indent.min(mark.length));
            own.push(line);
            lines.at = ahead.at;
        }
        own.truncate(own.len() - blank);
        let cut = cut.unwrap_or(0);
        let text: Vec<&str> = own
            .iter()
            .enumerate()
            .map(|(at, line)| if at == 0 { line } else { &line[indent(line).min(cut)..] })
            .collect();
        let item = Container::Item { item: self.items, number: mark.number };
        self.items = self.items.saturating_add(1);
        self.inside(item, &text.join("\n"));
    }

    fn inside(&mut self, container: Container, text: &str) {
        self.within.push(container);
        self.read(text);
        self.within.pop();
    }

    /// Empty where only an empty line stands between two blocks.
    fn section(&mut self, text: &str) {
        if !text.is_empty() {
            let text = text.strip_suffix('\n').unwrap_or(text);
            self.sections.push(Section { within: self.within.clone(), text: text.to_owned() });
        }
    }
}

/// `# words`, up to three signs.
fn heading(line: &str) -> Option<(u8, &str)> {
    let signs = line.bytes().take_while(|b| *b == b'#').count();
    let words = line[signs..].strip_prefix(' ')?.trim();
    (1..=3).contains(&signs).then_some(())?;
    (!words.is_empty()).then_some((u8::try_from(signs).ok()?, words))
}

/// The mark of a list's item.
struct Mark {
    /// Blanks before it.
    indent: usize,
    /// `None` for a bullet.
    number: Option<u32>,
    /// Bytes up to the item's words.
    length: usize,
}

impl Mark {
    fn of(line: &str) -> Option<Self> {
        let indent = indent(line);
        let rest = &line[indent..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, sign) = match digits {
            0 => (None, rest.strip_prefix(['-', '*'])?),
            1..=9 => (rest[..digits].parse().ok(), rest[digits..].strip_prefix('.')?),
            _ => return None,
        };
        let words = sign.strip_prefix(' ')?;
        (!words.trim().is_empty()).then_some(Self { indent, number, length: line.len() - words.len() })
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A place in a text, at the beginning of a line.
#[derive(Clone)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    ticks: std::rc::Rc<Ticks>,
    no_fence: bool,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, ticks: Ticks::new(text).into(), no_fence: false }
    }

    fn line(&self) -> &'a str {
        self.text[self.at..].split('\n').next().unwrap_or_default()
    }

    fn pass(&mut self) {
        self.at = (self.at + self.line().len() + 1).min(self.text.len());
    }

    /// Passes the line, and with code that begins on it all lines up to where that ends.
    fn pass_with_code(&mut self) {
        let text = self.text;
        while let Some(found) = text[self.at..].find(['\n', '\\', '`']) {
            self.at += found;
            let rest = &text[self.at..];
            if rest.starts_with('\n') {
                self.at += 1;
                return;
            }
            self.at += match rest.strip_prefix('\\') {
                Some(escaped) => 1 + usize::from(escaped.starts_with(['`', '\\'])),
                None => self.ticks.code(text, self.at, &mut self.no_fence).length(),
            };
        }
        self.at = text.len();
    }
}
