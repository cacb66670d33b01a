//! Hosts without a terminal that a program may set: every attempt is `einval`, as where there is none.

use super::posix::{Posix, Result};
use super::types::RawMode;

pub fn take(_mode: RawMode) -> Result<()> {
    Err(Posix::Einval)
}

pub fn give_back() {}

pub fn pause() {}

pub fn resume() {}
