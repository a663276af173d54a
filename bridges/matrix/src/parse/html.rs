//! `org.matrix.custom.html` as runs. What is not in it is what the tree has no place for
//! (<https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>).

use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Emoji, Mention, Style};
use ruma::html::{Html, NodeRef};
use ruma::matrix_uri::MatrixId;
use ruma::{MatrixToUri, MatrixUri};
use std::collections::BTreeSet;

/// The runs of parsed HTML. Of [`super::tame::is_tame`] HTML only: it follows the tree down.
pub fn runs(html: &str) -> Vec<Run> {
    let html = Html::parse(html);
    let mut writer = Writer::default();
    for node in html.children() {
        writer.node(&node);
    }
    writer.runs
}

/// What has been read so far, and where it stands.
#[derive(Default)]
struct Writer {
    runs: Vec<Run>,
    styles: BTreeSet<Style>,
    url: Option<String>,
    within: Vec<Container>,
    items: u32,
    /// Breaks that are due before the next word, if it stands where the last one does.
    breaks: usize,
    /// White space here would be at the beginning of a line, or after other white space.
    after_space: bool,
}

impl Writer {
    fn node(&mut self, node: &NodeRef) {
        if let Some(text) = node.as_text() {
            self.words(&text.borrow());
            return;
        }
        let Some(element) = node.as_element() else { return };
        let attribute = |wanted: &str| {
            let attributes = element.attrs.borrow();
            attributes
                .iter()
                .find(|attribute| &*attribute.name.local == wanted)
                .map(|found| found.value.to_string())
        };
        match &*element.name.local {
            "mx-reply" | "script" | "style" | "title" | "head" | "template" => {}
            "strong" | "b" => self.styled(Style::Bold, node),
            "em" | "i" | "cite" => self.styled(Style::Italic, node),
            "u" | "ins" => self.styled(Style::Underline, node),
            "del" | "s" | "strike" => self.styled(Style::Strike, node),
            "span" if attribute("data-mx-spoiler").is_some() => self.styled(Style::Spoiler, node),
            "br" => self.line_break(),
            "hr" => {
                self.apart(1);
                self.leaf(Leaf::Plain("———".into()));
                self.apart(1);
            }
            "p" => self.block(2, node),
            "div" | "tr" | "summary" | "details" | "caption" => self.block(1, node),
            "td" | "th" => {
                self.children(node);
                self.words(" ");
            }
            "blockquote" => self.inside(Container::Quote, 2, node),
            name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                let level = name.as_bytes().get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
                self.inside(Container::Heading(level), 1, node);
            }
            "ul" => self.list(None, node),
            "ol" => {
                let start = attribute("start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.list(Some(start), node);
            }
            "li" => self.item(None, node),
            "pre" => self.code_block(node),
            "code" | "tt" => {
                let mut text = String::new();
                raw(node, &mut text);
                if !text.is_empty() {
                    self.leaf(Leaf::Code(text));
                }
            }
            "a" => self.link(attribute("href").as_deref(), node),
            "img" => {
                let name = attribute("alt").or(attribute("title")).unwrap_or_default();
                let name = name.trim();
                if attribute("data-mx-emoticon").is_some() {
                    let name = name.trim_matches(':').to_owned();
                    let id = attribute("src").map(Into::into);
                    self.leaf(Leaf::Emoji(Emoji { name, id }));
                } else if !name.is_empty() {
                    self.leaf(Leaf::Plain(name.to_owned()));
                }
            }
            _ => self.children(node),
        }
    }

    fn children(&mut self, node: &NodeRef) {
        for child in node.children() {
            self.node(&child);
        }
    }

    fn styled(&mut self, style: Style, node: &NodeRef) {
        let added = self.styles.insert(style);
        self.children(node);
        if added {
            self.styles.remove(&style);
        }
    }

    /// What stands on lines of its own.
    fn block(&mut self, breaks: usize, node: &NodeRef) {
        self.apart(breaks);
        self.children(node);
        self.apart(breaks);
    }

    fn inside(&mut self, container: Container, breaks: usize, node: &NodeRef) {
        self.within.push(container);
        self.block(breaks, node);
        self.within.pop();
        self.apart(breaks);
    }

    fn list(&mut self, start: Option<u32>, node: &NodeRef) {
        self.apart(1);
        let mut number = start;
        for child in node.children() {
            let is_item = child.as_element().is_some_and(|element| &*element.name.local == "li");
            match is_item {
                true => {
                    self.item(number, &child);
                    number = number.map(|number| number.saturating_add(1));
                }
                false => self.node(&child),
            }
        }
        self.apart(1);
    }

    fn item(&mut self, number: Option<u32>, node: &NodeRef) {
        let item = self.items;
        self.items = self.items.saturating_add(1);
        self.inside(Container::Item { item, number }, 1, node);
    }

    fn code_block(&mut self, node: &NodeRef) {
        let code = node.children().find_map(|child| {
            let element = child.as_element().filter(|element| &*element.name.local == "code")?;
            let attributes = element.attrs.borrow();
            attributes.iter().find(|attribute| &*attribute.name.local == "class").and_then(|class| {
                class
                    .value
                    .split_whitespace()
                    .find_map(|word| word.strip_prefix("language-"))
                    .map(str::to_owned)
            })
        });
        let mut text = String::new();
        raw(node, &mut text);
        self.apart(1);
        self.leaf(Leaf::Block { lang: code, text });
        self.apart(1);
    }

    fn link(&mut self, href: Option<&str>, node: &NodeRef) {
        let mut label = String::new();
        raw(node, &mut label);
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        match href.and_then(mentioned) {
            Some(MatrixId::User(user)) => {
                let name = if label.is_empty() { user.localpart() } else { label.trim_start_matches('@') };
                let mention = Mention::Person { id: Some(user.as_str().into()), name: name.to_owned() };
                self.leaf(Leaf::Mention(mention));
            }
            Some(MatrixId::Room(_) | MatrixId::RoomAlias(_)) if !label.is_empty() => {
                self.leaf(Leaf::Mention(Mention::Room { name: label.trim_start_matches('#').to_owned() }));
            }
            _ => {
                let url = href.filter(|url| !url.trim().is_empty() && self.url.is_none()).map(str::to_owned);
                let before = self.url.clone();
                if url.is_some() {
                    self.url = url;
                }
                self.children(node);
                self.url = before;
            }
        }
    }

    /// Words, with white space as a browser shows it.
    fn words(&mut self, text: &str) {
        let mut shown = String::new();
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{C}' => {
                    if !self.after_space {
                        shown.push(' ');
                    }
                    self.after_space = true;
                }
                c => {
                    shown.push(if c == '\u{A0}' { ' ' } else { c });
                    self.after_space = false;
                }
            }
        }
        if !shown.is_empty() {
            let after_space = self.after_space;
            self.leaf(Leaf::Plain(shown));
            self.after_space = after_space;
        }
    }

    fn line_break(&mut self) {
        self.leaf(Leaf::Break);
        self.after_space = true;
    }

    /// The next words stand on a line of their own.
    fn apart(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
        self.after_space = true;
    }

    fn leaf(&mut self, leaf: Leaf) {
        let breaks = std::mem::take(&mut self.breaks);
        if self.runs.last().is_some_and(|last| last.within == self.within) {
            let apart = Run::new(Leaf::Break).inside(&self.within);
            self.runs.extend(std::iter::repeat_n(apart, breaks));
        }
        self.after_space = false;
        self.runs.push(Run {
            leaf,
            styles: self.styles.clone(),
            url: self.url.clone(),
            within: self.within.clone(),
        });
    }
}

/// All text below a node as it is.
fn raw(node: &NodeRef, into: &mut String) {
    for child in node.children() {
        match child.as_text() {
            Some(text) => into.push_str(&text.borrow()),
            None if child.as_element().is_some_and(|element| &*element.name.local == "br") => into.push('\n'),
            None => raw(&child, into),
        }
    }
}

/// Whom or what a link names (<https://spec.matrix.org/v1.11/appendices/#uris>).
fn mentioned(url: &str) -> Option<MatrixId> {
    match url.starts_with("matrix:") {
        true => MatrixUri::parse(url).ok().map(|uri| uri.id().clone()),
        false => MatrixToUri::parse(url).ok().map(|uri| uri.id().clone()),
    }
}
