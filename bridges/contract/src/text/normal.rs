//! The normal form: runs become blocks, level by level, and the runs of one paragraph become inlines.

use super::{Block, Container, DEEPEST, HIGHEST_NUMBER, Inline, Leaf, Run, Style};

/// The blocks of a sequence of runs.
pub(super) fn blocks_of(runs: Vec<Run>) -> Vec<Block> {
    match one_line(&runs) {
        Some(line) => vec![Block::Paragraph(vec![Inline::Plain(line.to_owned())])],
        None => blocks(bounded(runs), 0),
    }
}

/// What most messages are: one line of words that nothing is done to.
fn one_line(runs: &[Run]) -> Option<&str> {
    let [Run { leaf: Leaf::Plain(text), styles, url: None, within }] = runs else { return None };
    let line = text.trim();
    let plain = styles.is_empty() && within.is_empty() && !line.is_empty() && !text.contains(['\n', '\r']);
    plain.then_some(line)
}

/// What a run begins or goes on with at some depth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    Heading(u8),
    Quote,
    Bullets,
    Numbers,
}

fn kind(run: &Run, depth: usize) -> Kind {
    match run.within.get(depth) {
        None => Kind::Paragraph,
        Some(Container::Heading(level)) => Kind::Heading(*level),
        Some(Container::Quote) => Kind::Quote,
        Some(Container::Item { number: None, .. }) => Kind::Bullets,
        Some(Container::Item { number: Some(_), .. }) => Kind::Numbers,
    }
}

/// Containers within their bounds: a heading is innermost and holds no block of code, and nothing is too deep. What was apart
/// only by a container that is left out gets a break.
fn bounded(runs: Vec<Run>) -> Vec<Run> {
    let mut made: Vec<Run> = Vec::with_capacity(runs.len());
    let mut before: Vec<Container> = Vec::new();
    for mut run in runs {
        let asked = run.within.clone();
        let heading = run.within.iter().position(|container| matches!(container, Container::Heading(_)));
        run.within.truncate(heading.map_or(usize::MAX, |at| at + 1));
        let level = run.within.pop_if(|container| matches!(container, Container::Heading(_)));
        run.within.truncate(DEEPEST);
        if let Some(Container::Heading(level)) = level
            && !matches!(run.leaf, Leaf::Block { .. })
        {
            run.within.push(Container::Heading(level.clamp(1, 6)));
        }
        if let Some(last) = made.last()
            && last.within == run.within
            && before != asked
        {
            made.push(Run::new(Leaf::Break).inside(&run.within));
        }
        before = asked;
        made.push(run);
    }
    made
}

fn blocks(runs: Vec<Run>, depth: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (kind, runs) in parted(runs, depth) {
        match kind {
            Kind::Paragraph => paragraphs(runs, &mut blocks),
            Kind::Heading(level) => {
                let lines =
                    divided(runs).into_iter().fold(vec![Vec::new()], |mut lines: Vec<Vec<Run>>, run| {
                        match (run.leaf == Leaf::Break, lines.last_mut()) {
                            (false, Some(line)) => line.push(run),
                            _ => lines.push(Vec::new()),
                        }
                        lines
                    });
                let inlines = lines.into_iter().map(inlines).filter(|inlines| !inlines.is_empty());
                blocks.extend(inlines.map(|inlines| Block::Heading { level, inlines }));
            }
            Kind::Quote => blocks.push(Block::Quote(self::blocks(runs, depth + 1))),
            Kind::Bullets | Kind::Numbers => blocks.extend(list(runs, depth)),
        }
    }
    blocks
}

/// Runs by what they stand in at this depth. What shows nothing is gone, without bringing together what it parted; what
/// was parted by nothing else is one.
fn parted(runs: Vec<Run>, depth: usize) -> Vec<(Kind, Vec<Run>)> {
    let mut parted: Vec<(Kind, Vec<Run>)> = Vec::new();
    for (kind, mut runs) in chunks(runs, |run| kind(run, depth)) {
        let outside = |run: &Run| Run::new(Leaf::Break).inside(&run.within[..depth.min(run.within.len())]);
        if runs.iter().all(shows_nothing) {
            if let (Some((Kind::Paragraph, before)), Some(run)) = (parted.last_mut(), runs.first()) {
                before.push(outside(run));
            }
            continue;
        }
        match parted.last_mut() {
            Some((last, before)) if *last == kind => {
                let breaks = match kind {
                    Kind::Quote => 2,
                    Kind::Heading(_) => 1,
                    _ => 0,
                };
                if breaks > 0
                    && let Some(first) = runs.iter().position(|run| !shows_nothing(run))
                {
                    before
                        .truncate(before.iter().rposition(|run| !shows_nothing(run)).map_or(0, |at| at + 1));
                    runs.drain(..first);
                    let container = runs.first().map_or(&[][..], |run| &run.within[..=depth]);
                    let apart = Run::new(Leaf::Break).inside(container);
                    before.extend(std::iter::repeat_n(apart, breaks));
                }
                before.append(&mut runs);
            }
            _ => parted.push((kind, runs)),
        }
    }
    parted
}

fn shows_nothing(run: &Run) -> bool {
    match &run.leaf {
        Leaf::Code(text) | Leaf::Block { text, .. } => text.chars().all(|c| c == '\n' || c == '\r'),
        Leaf::Emoji(emoji) => emoji.name.trim().is_empty(),
        _ => run.is_space(),
    }
}

fn list(runs: Vec<Run>, depth: usize) -> Option<Block> {
    let number = |runs: &[Run]| match runs.first()?.within.get(depth)? {
        Container::Item { number, .. } => Some((*number)?.clamp(1, HIGHEST_NUMBER)),
        _ => None,
    };
    let items = chunks(runs, |run| run.within.get(depth).copied());
    let mut items = items.into_iter().map(|(_, runs)| (number(&runs), blocks(runs, depth + 1)));
    let (start, first) = items.find(|(_, blocks)| !blocks.is_empty())?;
    let others = items.map(|(_, blocks)| blocks).filter(|blocks| !blocks.is_empty());
    Some(Block::List { start, items: std::iter::once(first).chain(others).collect() })
}

fn paragraphs(runs: Vec<Run>, blocks: &mut Vec<Block>) {
    let mut paragraph = Vec::new();
    for run in divided(runs) {
        if let Leaf::Block { lang, text } = run.leaf {
            let text = text.replace("\r\n", "\n").trim_matches('\n').to_owned();
            let lang = lang.filter(|lang| !lang.is_empty());
            if text.is_empty() {
                // Nothing to show, but what is before and after it stays apart.
                paragraph.push(Run::new(Leaf::Break));
            } else {
                close_paragraph(&mut paragraph, blocks);
                blocks.push(Block::Code { lang, text });
            }
        } else {
            paragraph.push(run);
        }
    }
    close_paragraph(&mut paragraph, blocks);
}

fn close_paragraph(paragraph: &mut Vec<Run>, blocks: &mut Vec<Block>) {
    let inlines = inlines(std::mem::take(paragraph));
    if !inlines.is_empty() {
        blocks.push(Block::Paragraph(inlines));
    }
}

/// Runs cut at line breaks and between white space and words, without what is empty.
fn divided(runs: Vec<Run>) -> Vec<Run> {
    let mut into = Vec::with_capacity(runs.len());
    for run in runs {
        match &run.leaf {
            Leaf::Plain(text) => divide(&run, text, &mut into, |line, into| {
                let inner = line.trim();
                let start = line.len() - line.trim_start().len();
                for piece in [&line[..start], inner, &line[start + inner.len()..]] {
                    if !piece.is_empty() {
                        into.push(run.with_leaf(Leaf::Plain(piece.to_owned())));
                    }
                }
            }),
            Leaf::Code(text) => divide_code(&run, text, &mut into),
            // Whole, it would show what is hidden.
            Leaf::Block { text, .. } if run.styles.contains(&Style::Spoiler) => {
                into.push(run.with_leaf(Leaf::Break));
                divide_code(&run, text.trim_matches(['\n', '\r']), &mut into);
                into.push(run.with_leaf(Leaf::Break));
            }
            Leaf::Emoji(emoji) if emoji.name.is_empty() || emoji.name.contains(char::is_whitespace) => {
                let words = emoji.name.split_whitespace().collect::<Vec<_>>().join(" ");
                if !words.is_empty() {
                    into.push(run.with_leaf(Leaf::Plain(words)));
                }
            }
            _ => into.push(run),
        }
    }
    into
}

fn divide_code(run: &Run, code: &str, into: &mut Vec<Run>) {
    divide(run, code, into, |line, into| {
        if !line.is_empty() {
            into.push(run.with_leaf(Leaf::Code(line.to_owned())));
        }
    });
}

fn divide(run: &Run, text: &str, into: &mut Vec<Run>, line_runs: impl Fn(&str, &mut Vec<Run>)) {
    for (i, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        if i > 0 {
            into.push(run.with_leaf(Leaf::Break));
        }
        line_runs(line, into);
    }
}

/// The inlines of a paragraph, without white space at its ends.
fn inlines(mut runs: Vec<Run>) -> Vec<Inline> {
    while runs.last().is_some_and(Run::is_space) {
        runs.pop();
    }
    let leading = runs.iter().take_while(|run| run.is_space()).count();
    runs.drain(..leading);
    share_styles_of_space(&mut runs);
    nest_links(runs)
}

/// White space bears the styles and the link that the words on both its sides share: `** a**` is bold nowhere.
fn share_styles_of_space(runs: &mut [Run]) {
    let mut at = 0;
    while at < runs.len() {
        if !runs[at].is_space() {
            at += 1;
            continue;
        }
        let end = (at..runs.len()).find(|&i| !runs[i].is_space()).unwrap_or(runs.len());
        if at > 0 && end < runs.len() {
            let (before, after) = (runs[at - 1].clone(), runs[end].clone());
            for run in &mut runs[at..end] {
                run.styles = before.styles.intersection(&after.styles).copied().collect();
                run.url = before.url.clone().filter(|url| after.url.as_ref() == Some(url));
            }
        }
        at = end;
    }
}

fn nest_links(runs: Vec<Run>) -> Vec<Inline> {
    let mut inlines = Vec::new();
    for (url, group) in chunks(runs, |run| run.url.clone()) {
        let label = nest_styles(group, &Style::ALL);
        match url {
            Some(url) => inlines.push(Inline::Link { url, label }),
            None => inlines.extend(label),
        }
    }
    inlines
}

fn nest_styles(runs: Vec<Run>, styles: &[Style]) -> Vec<Inline> {
    let Some((style, inner)) = styles.split_first() else {
        return leaves(runs);
    };
    if runs.iter().all(|run| run.styles.is_empty()) {
        return leaves(runs);
    }
    let mut inlines = Vec::new();
    for (styled, group) in chunks(runs, |run| run.styles.contains(style)) {
        let nested = nest_styles(group, inner);
        if styled { inlines.push(Inline::Styled(*style, nested)) } else { inlines.extend(nested) }
    }
    inlines
}

fn leaves(runs: Vec<Run>) -> Vec<Inline> {
    let mut inlines: Vec<Inline> = Vec::new();
    for run in runs {
        match (inlines.last_mut(), run.leaf) {
            (Some(Inline::Plain(before)), Leaf::Plain(text)) => before.push_str(&text),
            (Some(Inline::Code(before)), Leaf::Code(text)) => before.push_str(&text),
            (_, Leaf::Plain(text)) => inlines.push(Inline::Plain(text)),
            (_, Leaf::Code(text)) => inlines.push(Inline::Code(text)),
            (_, Leaf::Mention(mention)) => inlines.push(Inline::Mention(mention)),
            (_, Leaf::Emoji(emoji)) => inlines.push(Inline::Emoji(emoji)),
            (_, Leaf::Time(time)) => inlines.push(Inline::Time(time)),
            (_, Leaf::Break) => inlines.push(Inline::Break),
            (_, Leaf::Block { .. }) => {}
        }
    }
    inlines
}

/// Neighbours that are alike, with what they have in common.
fn chunks<K: PartialEq>(runs: Vec<Run>, key: impl Fn(&Run) -> K) -> Vec<(K, Vec<Run>)> {
    let mut chunks: Vec<(K, Vec<Run>)> = Vec::new();
    for run in runs {
        let key = key(&run);
        match chunks.last_mut() {
            Some((last, chunk)) if *last == key => chunk.push(run),
            _ => chunks.push((key, vec![run])),
        }
    }
    chunks
}
