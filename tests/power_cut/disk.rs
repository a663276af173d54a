//! A disk that loses its power: what was synced is kept; what was not, page by page and name by name, may be.

use super::file::{Cut, File, FileChange, Harm};
use super::trace::{Place, Step};
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

type Node = usize;

/// The root folder's node.
const ROOT: Node = 0;

/// The state of a folder tree, volatile and durable. Borrows what was written from the trace.
pub struct Disk<'a> {
    root: String,
    nodes: Vec<Content<'a>>,
    /// Open files by descriptor; several descriptors may share one.
    descriptors: HashMap<i32, usize>,
    open: Vec<OpenFile>,
    /// Syncs under way: which node, and which changes had been made when it began.
    syncs: HashMap<usize, (Node, u64)>,
    changes: u64,
}

struct OpenFile {
    node: Node,
    position: u64,
    append: bool,
}

enum Content<'a> {
    File(File<'a>),
    Folder(Folder),
}

#[derive(Default)]
struct Folder {
    synced: BTreeMap<String, Node>,
    pending: Vec<(u64, FolderChange)>,
    now: BTreeMap<String, Node>,
}

/// A rename within a folder is one change: it happened or it did not.
#[derive(Clone)]
struct FolderChange {
    remove: Option<String>,
    add: Option<(String, Node)>,
}

impl FolderChange {
    fn apply(&self, names: &mut BTreeMap<String, Node>) {
        if let Some(name) = &self.remove {
            names.remove(name);
        }
        if let Some((name, node)) = &self.add {
            names.insert(name.clone(), *node);
        }
    }
}

impl<'a> Disk<'a> {
    /// An empty folder.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_string_lossy().into_owned(),
            nodes: vec![Content::Folder(Folder::default())],
            descriptors: HashMap::new(),
            open: Vec::new(),
            syncs: HashMap::new(),
            changes: 0,
        }
    }

    /// Does one step of the trace.
    pub fn apply(&mut self, step: &'a Step) -> Result<(), String> {
        self.changes += 1;
        match step {
            Step::Restart => {
                self.descriptors.clear();
                self.syncs.clear();
            }
            Step::Answered(_) => {}
            Step::Open { fd, at, create, truncate, append } => {
                self.descriptors.remove(fd);
                let Some((folder, name)) = self.resolve(at)? else { return Ok(()) };
                let node = match self.find(folder, &name) {
                    Some(node) => node,
                    None if *create => {
                        let node = self.add(Content::File(File::default()));
                        self.change_folder(folder, None, Some((name, node)))?;
                        node
                    }
                    None => return Err(format!("{} was opened, and never made", at.path)),
                };
                if *truncate {
                    self.change_file(node, FileChange::Length(0))?;
                }
                self.open.push(OpenFile { node, position: 0, append: *append });
                self.descriptors.insert(*fd, self.open.len() - 1);
            }
            Step::Close { fd } => drop(self.descriptors.remove(fd)),
            Step::Duplicate { fd, to } => match self.descriptors.get(fd).copied() {
                Some(open) => drop(self.descriptors.insert(*to, open)),
                None => drop(self.descriptors.remove(to)),
            },
            Step::Write { fd, at, bytes } => {
                let Some(open) = self.descriptors.get(fd).copied() else { return Ok(()) };
                let OpenFile { node, position, append } = self.open[open];
                let start = match at {
                    Some(at) => *at,
                    None if append => self.file(node)?.length,
                    None => position,
                };
                if at.is_none() {
                    self.open[open].position = start + bytes.len() as u64;
                }
                self.change_file(node, FileChange::Write { at: start, bytes })?;
            }
            Step::Read { fd, count } => {
                if let Some(open) = self.descriptors.get(fd) {
                    self.open[*open].position += count;
                }
            }
            Step::Seek { fd, to } => {
                if let Some(open) = self.descriptors.get(fd) {
                    self.open[*open].position = *to;
                }
            }
            Step::Resize { fd, to } => {
                if let Some(open) = self.descriptors.get(fd) {
                    self.change_file(self.open[*open].node, FileChange::Length(*to))?;
                }
            }
            Step::SyncBegins { sync, fd } => {
                if let Some(open) = self.descriptors.get(fd) {
                    self.syncs.insert(*sync, (self.open[*open].node, self.changes));
                }
            }
            Step::SyncEnds { sync } => {
                if let Some((node, until)) = self.syncs.remove(sync) {
                    self.settle(node, until);
                }
            }
            Step::MakeFolder { at } => {
                let Some((folder, name)) = self.resolve(at)? else { return Ok(()) };
                let node = self.add(Content::Folder(Folder::default()));
                self.change_folder(folder, None, Some((name, node)))?;
            }
            Step::Remove { at } => {
                let Some((folder, name)) = self.resolve(at)? else { return Ok(()) };
                self.change_folder(folder, Some(name), None)?;
            }
            Step::Rename { from, to } => match (self.resolve(from)?, self.resolve(to)?) {
                (Some((from, old)), Some((to, new))) => {
                    let node =
                        self.find(from, &old).ok_or_else(|| format!("{old} was renamed, and never made"))?;
                    if from == to {
                        self.change_folder(from, Some(old), Some((new, node)))?;
                    } else {
                        self.change_folder(from, Some(old), None)?;
                        self.change_folder(to, None, Some((new, node)))?;
                    }
                }
                (None, None) => {}
                _ => return Err(format!("{} was moved into or out of the folder", from.path)),
            },
            Step::Unsupported { fd, call } => match fd {
                Some(fd) if !self.descriptors.contains_key(fd) => {}
                _ => return Err(format!("{call} changes files in a way that this test cannot replay")),
            },
        }
        Ok(())
    }

    /// Makes the folder tree as it may be found after the power was cut now.
    pub fn cut(&self, how: Cut, rng: &mut StdRng, into: &Path) -> io::Result<Harm> {
        let mut harm = Harm::default();
        self.cut_node(ROOT, how, rng, into, true, &mut harm)?;
        Ok(harm)
    }

    fn cut_node(
        &self,
        node: Node,
        how: Cut,
        rng: &mut StdRng,
        path: &Path,
        ledger: bool,
        harm: &mut Harm,
    ) -> io::Result<()> {
        let mut ours = Harm::default();
        match &self.nodes[node] {
            Content::File(file) => file.cut(how, rng, &mut ours).write(path)?,
            Content::Folder(folder) => {
                std::fs::create_dir_all(path)?;
                for (name, node) in folder.cut(how, rng, &mut ours) {
                    // The mapping is made anew after a power cut: what happens to it is no harm.
                    let ledger = ledger && name != "mapping";
                    self.cut_node(node, how, rng, &path.join(name), ledger, harm)?;
                }
            }
        }
        if ledger {
            harm.dropped += ours.dropped;
            harm.torn += ours.torn;
        }
        Ok(())
    }

    fn add(&mut self, content: Content<'a>) -> Node {
        self.nodes.push(content);
        self.nodes.len() - 1
    }

    /// The folder that a place is in, and its name there; none when it is outside.
    fn resolve(&self, at: &Place) -> Result<Option<(Node, String)>, String> {
        let (mut node, rest) = match at.folder {
            Some(fd) if !at.path.starts_with('/') => match self.descriptors.get(&fd) {
                Some(open) => (self.open[*open].node, at.path.as_str()),
                None => return Ok(None),
            },
            _ => match at.path.strip_prefix(&self.root) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => (ROOT, rest),
                _ => return Ok(None),
            },
        };
        let mut names = rest.split('/').filter(|name| !name.is_empty() && *name != ".");
        let Some(mut last) = names.next_back() else { return Ok(Some((node, String::new()))) };
        for name in names {
            node = self.find(node, name).ok_or_else(|| format!("{} is in no folder", at.path))?;
        }
        if last == ".." {
            last = "";
        }
        Ok(Some((node, last.to_owned())))
    }

    /// An empty name is the folder itself.
    fn find(&self, folder: Node, name: &str) -> Option<Node> {
        match &self.nodes[folder] {
            _ if name.is_empty() => Some(folder),
            Content::Folder(folder) => folder.now.get(name).copied(),
            Content::File(_) => None,
        }
    }

    fn file(&mut self, node: Node) -> Result<&mut File<'a>, String> {
        match &mut self.nodes[node] {
            Content::File(file) => Ok(file),
            Content::Folder(_) => Err("a folder was written like a file".into()),
        }
    }

    fn change_file(&mut self, node: Node, change: FileChange<'a>) -> Result<(), String> {
        let number = self.changes;
        let file = self.file(node)?;
        file.length = change.length_after(file.length);
        file.pending.push((number, change));
        Ok(())
    }

    fn change_folder(
        &mut self,
        folder: Node,
        remove: Option<String>,
        add: Option<(String, Node)>,
    ) -> Result<(), String> {
        let number = self.changes;
        match &mut self.nodes[folder] {
            Content::Folder(folder) => {
                let change = FolderChange { remove, add };
                change.apply(&mut folder.now);
                folder.pending.push((number, change));
                Ok(())
            }
            Content::File(_) => Err("a file was used like a folder".into()),
        }
    }

    /// A sync has ended that began at change `until`.
    fn settle(&mut self, node: Node, until: u64) {
        match &mut self.nodes[node] {
            Content::File(file) => {
                let covered = file.pending.partition_point(|(number, _)| *number < until);
                for (_, change) in file.pending.drain(..covered) {
                    file.synced.apply(&change);
                }
            }
            Content::Folder(folder) => {
                let covered = folder.pending.partition_point(|(number, _)| *number < until);
                for (_, change) in folder.pending.drain(..covered) {
                    change.apply(&mut folder.synced);
                }
            }
        }
    }
}

impl Folder {
    fn cut(&self, how: Cut, rng: &mut StdRng, harm: &mut Harm) -> BTreeMap<String, Node> {
        let mut names = self.synced.clone();
        let in_order = rng.random_range(0..=self.pending.len());
        for (number, (_, change)) in self.pending.iter().enumerate() {
            let kept = match how {
                Cut::DropsAll => false,
                Cut::KeepsNameOrder => number < in_order,
                Cut::Shuffles => rng.random(),
                Cut::LeavesHoles => true,
            };
            if kept {
                change.apply(&mut names);
            } else {
                harm.dropped += 1;
            }
        }
        names
    }
}
