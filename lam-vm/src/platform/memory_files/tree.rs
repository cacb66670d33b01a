//! The nodes behind the file system in memory, and how a path finds one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::platform::posix::{Posix, Result};

/// Index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(pub(super) u32);

const ROOT: NodeId = NodeId(0);
const MAX_LINKS_FOLLOWED: u32 = 40;
const MAX_NAME_BYTES: usize = 255;

/// What a node holds.
#[derive(Debug)]
pub(super) enum Body {
    /// Bytes; borrowed while they are those of the program.
    File(Cow<'static, [u8]>),
    /// Names.
    Directory(BTreeMap<Vec<u8>, NodeId>),
    /// A path to go on with.
    Link(Vec<u8>),
}

/// A file, directory or link.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) body: Body,
    pub(super) mode: u32,
    pub(super) links: u32,
    holders: u32,
    pub(super) atime: i64,
    pub(super) mtime: i64,
    pub(super) ctime: i64,
}

/// All nodes.
pub(super) struct Tree {
    nodes: Vec<Option<Node>>,
    free: Vec<u32>,
    cwd: Vec<u8>,
}

/// Where a name stands, or would stand.
struct Place {
    directory: NodeId,
    name: Vec<u8>,
    node: Option<NodeId>,
    /// The path ended in `/`.
    must_be_directory: bool,
}

impl Tree {
    pub(super) fn new() -> Tree {
        let root =
            Node { body: Body::Directory(BTreeMap::new()), mode: 0o755, links: 1, holders: 1, atime: 0, mtime: 0, ctime: 0 };
        Tree { nodes: vec![Some(root)], free: Vec::new(), cwd: b"/".to_vec() }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes[id.0 as usize].as_ref().expect("a node lives while it is named or held open")
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes[id.0 as usize].as_mut().expect("a node lives while it is named or held open")
    }

    pub(super) fn bytes(&self, id: NodeId) -> Result<&[u8]> {
        match &self.node(id).body {
            Body::File(bytes) => Ok(bytes),
            _ => Err(Posix::Eisdir),
        }
    }

    pub(super) fn change_bytes(&mut self, id: NodeId, now: i64, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let node = self.node_mut(id);
        let Body::File(bytes) = &mut node.body else { return Err(Posix::Eisdir) };
        change(bytes.to_mut());
        (node.mtime, node.ctime) = (now, now);
        Ok(())
    }

    pub(super) fn open(&mut self, id: NodeId) {
        self.node_mut(id).holders += 1;
    }

    pub(super) fn close(&mut self, id: NodeId) {
        self.node_mut(id).holders -= 1;
        self.free_if_unused(id);
    }

    fn unname(&mut self, id: NodeId) {
        self.node_mut(id).links -= 1;
        self.free_if_unused(id);
    }

    fn free_if_unused(&mut self, id: NodeId) {
        let node = self.node(id);
        if node.links == 0 && node.holders == 0 {
            self.nodes[id.0 as usize] = None;
            self.free.push(id.0);
        }
    }

    fn names(&self, id: NodeId) -> Result<&BTreeMap<Vec<u8>, NodeId>> {
        match &self.node(id).body {
            Body::Directory(names) => Ok(names),
            _ => Err(Posix::Enotdir),
        }
    }

    fn names_mut(&mut self, id: NodeId) -> Result<&mut BTreeMap<Vec<u8>, NodeId>> {
        match &mut self.node_mut(id).body {
            Body::Directory(names) => Ok(names),
            _ => Err(Posix::Enotdir),
        }
    }

    /// The node that a path leads to.
    pub(super) fn find(&self, path: &[u8], follow_last: bool) -> Result<NodeId> {
        let place = self.place(path, follow_last)?;
        let node = place.node.ok_or(Posix::Enoent)?;
        if place.must_be_directory {
            self.names(node)?;
        }
        Ok(node)
    }

    /// Walks a path. The last name may be missing; every other must lead to a directory.
    fn place(&self, path: &[u8], follow_last: bool) -> Result<Place> {
        if path.is_empty() {
            return Err(Posix::Enoent);
        }
        if path.contains(&0) {
            return Err(Posix::Einval);
        }
        let must_be_directory = path.ends_with(b"/");
        // Parts still to walk, the next one last; and the directories above where we stand.
        let mut parts = parts_reversed(path);
        let mut above = vec![ROOT];
        if !path.starts_with(b"/") {
            parts.extend(parts_reversed(&self.cwd));
        }
        let mut followed = 0;
        while let Some(name) = parts.pop() {
            let here = *above.last().expect("the root is never popped");
            let names = self.names(here)?;
            if name.len() > MAX_NAME_BYTES {
                return Err(Posix::Enametoolong);
            }
            if name == b"." || name == b".." {
                if name == b".." && above.len() > 1 {
                    above.pop();
                }
                continue;
            }
            let node = names.get(&name).copied();
            let is_last = parts.is_empty();
            if let Some(Body::Link(target)) = node.map(|id| &self.node(id).body)
                && (!is_last || follow_last || must_be_directory)
            {
                followed += 1;
                if followed > MAX_LINKS_FOLLOWED {
                    return Err(Posix::Eloop);
                }
                if target.starts_with(b"/") {
                    above.truncate(1);
                }
                parts.extend(parts_reversed(target));
                continue;
            }
            if is_last {
                return Ok(Place { directory: here, name, node, must_be_directory });
            }
            above.push(node.ok_or(Posix::Enoent)?);
        }
        // `/`, `.` and `..` name a directory that has no name of its own here.
        let here = *above.last().expect("the root is never popped");
        self.names(here)?;
        Ok(Place { directory: here, name: Vec::new(), node: Some(here), must_be_directory })
    }

    /// Makes a node at a path where none is.
    pub(super) fn make_node(&mut self, path: &[u8], body: Body, mode: u32, now: i64) -> Result<NodeId> {
        let is_directory = matches!(body, Body::Directory(_));
        let place = self.place(path, matches!(body, Body::File(_)))?;
        if place.node.is_some() {
            return Err(Posix::Eexist);
        }
        if place.must_be_directory && !is_directory {
            return Err(Posix::Enoent);
        }
        let node = Node { body, mode, links: 1, holders: 0, atime: now, mtime: now, ctime: now };
        let id = match self.free.pop() {
            Some(index) => {
                self.nodes[index as usize] = Some(node);
                NodeId(index)
            }
            None => {
                let index = u32::try_from(self.nodes.len()).map_err(|_| Posix::Enospc)?;
                self.nodes.push(Some(node));
                NodeId(index)
            }
        };
        self.names_mut(place.directory)?.insert(place.name, id);
        self.node_mut(place.directory).mtime = now;
        Ok(id)
    }

    pub(super) fn hard_link(&mut self, existing: &[u8], new: &[u8]) -> Result<()> {
        let node = self.find(existing, false)?;
        if matches!(self.node(node).body, Body::Directory(_)) {
            return Err(Posix::Eperm);
        }
        let place = self.place(new, false)?;
        if place.node.is_some() {
            return Err(Posix::Eexist);
        }
        self.names_mut(place.directory)?.insert(place.name, node);
        self.node_mut(node).links += 1;
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &[u8], directory: bool) -> Result<()> {
        let place = self.place(path, false)?;
        let node = place.node.ok_or(Posix::Enoent)?;
        match (&self.node(node).body, directory) {
            (Body::Directory(_), false) => return Err(Posix::Eperm),
            (Body::Directory(names), true) => {
                if place.name.is_empty() {
                    return Err(if node == ROOT { Posix::Ebusy } else { Posix::Einval });
                }
                if !names.is_empty() {
                    return Err(if self.find(b".", true) == Ok(node) { Posix::Einval } else { Posix::Eexist });
                }
            }
            (_, true) => return Err(Posix::Enotdir),
            (_, false) => {}
        }
        self.names_mut(place.directory)?.remove(&place.name);
        self.unname(node);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<()> {
        let source = self.place(from, false)?;
        let node = source.node.ok_or(Posix::Enoent)?;
        let target = self.place(to, false)?;
        if source.name.is_empty() || target.name.is_empty() {
            return Err(if from == b"/" { Posix::Einval } else { Posix::Ebusy });
        }
        let moves_directory = matches!(self.node(node).body, Body::Directory(_));
        if target.must_be_directory && !moves_directory {
            return Err(Posix::Enotdir);
        }
        if moves_directory && self.is_under(target.directory, node) {
            return Err(Posix::Einval);
        }
        match target.node {
            Some(old) if old == node => return Ok(()),
            Some(old) => match (&self.node(old).body, moves_directory) {
                (Body::Directory(names), true) if !names.is_empty() => return Err(Posix::Eexist),
                (Body::Directory(_), true) => {}
                (Body::Directory(_), false) => return Err(Posix::Eisdir),
                (_, true) => return Err(Posix::Enotdir),
                (_, false) => {}
            },
            None => {}
        }
        self.names_mut(source.directory)?.remove(&source.name);
        if let Some(old) = self.names_mut(target.directory)?.insert(target.name, node) {
            self.unname(old);
        }
        Ok(())
    }

    /// Whether `id` is `top` or lies below it.
    fn is_under(&self, id: NodeId, top: NodeId) -> bool {
        let mut left = vec![top];
        while let Some(next) = left.pop() {
            if next == id {
                return true;
            }
            if let Body::Directory(names) = &self.node(next).body {
                left.extend(names.values().copied());
            }
        }
        false
    }

    pub(super) fn cwd(&self) -> &[u8] {
        &self.cwd
    }

    pub(super) fn set_cwd(&mut self, path: &[u8]) -> Result<()> {
        let id = self.find(path, true)?;
        self.names(id)?;
        let mut whole = if path.starts_with(b"/") { Vec::new() } else { self.cwd.clone() };
        whole.push(b'/');
        whole.extend_from_slice(path);
        self.cwd = normal_path(&whole);
        Ok(())
    }
}

/// The names of a path, the first one last; empty names (`//`) are nothing.
fn parts_reversed(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|&byte| byte == b'/').rev().filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect()
}

/// An absolute path without `.`, `..` and doubled slashes.
fn normal_path(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    let mut normal = b"/".to_vec();
    normal.extend(kept.join(&b'/'));
    normal
}
