//! The rows of OTP against ours: each is in a table, or in `deferred.txt` with its reason, or still owed (`pending.txt`).

use std::collections::{BTreeMap, BTreeSet};

use super::{BifTable, TABLES};

use crate::bif::rows_of_otp;
const DEFERRED: &str = include_str!("deferred.txt");
const PENDING: &str = include_str!("pending.txt");

fn rows(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_whitespace().next().expect("a row"))
        .collect()
}

fn names(table: &'static BifTable) -> impl Iterator<Item = String> {
    table.rows.iter().map(|row| format!("{}:{}/{}", table.module, row.name, row.arity))
}

#[test]
fn every_row_of_otp_is_here_or_deferred() {
    let ours: BTreeSet<String> = TABLES.iter().flat_map(|table| names(table)).collect();
    let deferred = rows(DEFERRED);
    let pending = rows(PENDING);
    let known = |row: &str| ours.contains(row) || deferred.contains(row) || pending.contains(row);
    let missing: Vec<&str> = rows_of_otp(u32::MAX).filter(|row| !known(row)).collect();
    assert!(missing.is_empty(), "neither in a table nor deferred: {missing:#?}");
}

#[test]
fn what_is_here_is_not_deferred() {
    let ours: BTreeSet<String> = TABLES.iter().flat_map(|table| names(table)).collect();
    let both: Vec<&str> = rows(DEFERRED).into_iter().filter(|row| ours.contains(*row)).collect();
    assert!(both.is_empty(), "take these out of deferred.txt: {both:#?}");
    let unknown: Vec<&str> = rows(DEFERRED).difference(&rows_of_otp(u32::MAX).collect()).copied().collect();
    assert!(unknown.is_empty(), "no rows of OTP: {unknown:#?}");
}

#[test]
fn each_row_is_declared_once() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for name in TABLES.iter().flat_map(|table| names(table)) {
        *count.entry(name).or_default() += 1;
    }
    count.retain(|_, count| *count > 1);
    assert!(count.is_empty(), "declared more than once: {count:#?}");
}

#[test]
fn rows_come_with_their_release() {
    let late: Vec<String> = TABLES
        .iter()
        .flat_map(|table| table.rows.iter().map(move |row| (table.module, row)))
        .filter(|(module, row)| {
            let name = format!("{module}:{}/{}", row.name, row.arity);
            let listed = |release| rows_of_otp(release).any(|row| row == name);
            listed(u32::MAX) && (!listed(row.since) || row.since > 0 && listed(row.since - 1))
        })
        .map(|(module, row)| format!("{module}:{}/{}", row.name, row.arity))
        .collect();
    assert!(late.is_empty(), "another release than in otp_rows.txt: {late:#?}");
}
