//! The machine's BIFs and OTP's natives by name, each found at once.

use std::collections::{HashMap, HashSet};

use lam_vm::bif;

/// Looks names up in tables made once a build.
pub struct NativeTable {
    numbers: HashMap<(&'static str, &'static str, u8), u16>,
    of_otp: HashSet<&'static str>,
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
        NativeTable { numbers, of_otp }
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
        self.numbers.get(&(module, function, u8::try_from(arity).ok()?)).copied()
    }
    fn is_native_of_otp(&self, module: &str, function: &str, arity: usize) -> bool {
        self.of_otp.contains(format!("{module}:{function}/{arity}").as_str())
    }
}
