//! Hosts that start no programs: every attempt is `enotsup`, so nothing else here is ever reached.

use super::launch::{FileUse, Interest, Launch};
use super::posix::{Posix, Result};

/// There is none.
#[derive(Clone)]
pub enum Descriptor {}

impl Descriptor {
    pub fn given(_number: i32) -> Option<Descriptor> {
        None
    }
    pub fn open(_path: &[u8], _file_use: FileUse) -> Result<Descriptor> {
        Err(Posix::Enotsup)
    }
    pub fn read(&self, _buffer: &mut [u8]) -> Result<usize> {
        match *self {}
    }
    pub fn write(&self, _bytes: &[u8]) -> Result<usize> {
        match *self {}
    }
    pub fn wait_writable(&self) {
        match *self {}
    }
}

/// There is none.
pub enum Waker {}

impl Waker {
    pub fn new() -> Result<Waker> {
        Err(Posix::Enotsup)
    }
    pub fn wake(&self) {
        match *self {}
    }
}

pub fn wait(waker: &Waker, _ends: &mut [(Descriptor, Interest)], _children: &[&Child], _timeout_ms: Option<u32>) {
    match *waker {}
}

/// There is none.
pub enum Child {}

impl Child {
    pub fn number(&self) -> Option<u32> {
        match *self {}
    }
    pub fn is_waited_for(&self) -> bool {
        match *self {}
    }
    pub fn status(&mut self) -> Option<i32> {
        match *self {}
    }
}

pub struct Program {
    pub reader: Option<Descriptor>,
    pub writer: Option<Descriptor>,
    pub child: Child,
}

pub fn start(_launch: &Launch) -> Result<Program> {
    Err(Posix::Enotsup)
}
