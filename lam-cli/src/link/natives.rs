//! The machine's BIFs and OTP's natives by name, each found at once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use lam_vm::bif::{self, BifKind};

use super::reach::UnseenNatives;

/// Looks names up in tables made once a build.
pub struct NativeTable {
    numbers: HashMap<(&'static str, &'static str, u8), u16>,
    of_otp: HashSet<&'static str>,
    /// What kept code was told the number of.
    asked: RefCell<BTreeSet<u16>>,
}

impl NativeTable {
    /// What there is with the library of a release of OTP.
    pub fn new(release: u32) -> NativeTable {
        let mut numbers = HashMap::new();
        let rows = bif::TABLES.iter().flat_map(|table| table.rows.iter().map(|row| (table.module, row)));
        for (number, (module, row)) in rows.enumerate().filter(|(_, (_, row))| row.since <= release) {
            numbers.entry((module, row.name, row.arity)).or_insert(number as u16);
        }
        let of_otp = bif::rows_of_otp(release).collect();
        NativeTable { numbers, of_otp, asked: RefCell::default() }
    }
    /// The numbers of all rows that the program may call: what its code asked for, guards, for match specifications name those, and
    /// what may be called unseen.
    pub fn called(&self, unseen: &UnseenNatives) -> BTreeSet<u16> {
        let mut called = self.asked.borrow().clone();
        let rows = bif::TABLES.iter().flat_map(|table| table.rows.iter().map(|row| (table.module, row)));
        for (number, (module, row)) in rows.enumerate() {
            if row.kind == BifKind::Guard || unseen.may_call(module, row.name) {
                called.insert(number as u16);
            }
        }
        called
    }
    pub fn has(&self, module: &str, function: &str, arity: u8) -> bool {
        self.numbers.contains_key(&(module, function, arity))
    }
}

impl lam_vm::loader::check::Natives for NativeTable {
    fn is_bif(&self, module: &str, function: &str, arity: u8) -> bool {
        self.has(module, function, arity)
    }
}

impl lam_vm::loader::specialise::Natives for NativeTable {
    fn bif(&self, module: &str, function: &str, arity: usize) -> Option<u16> {
        let number = self.numbers.get(&(module, function, u8::try_from(arity).ok()?)).copied()?;
        self.asked.borrow_mut().insert(number);
        Some(number)
    }
    fn is_native_of_otp(&self, module: &str, function: &str, arity: usize) -> bool {
        self.of_otp.contains(format!("{module}:{function}/{arity}").as_str())
    }
}
