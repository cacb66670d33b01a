//! Environment variables: the machine's own copy, as OTP's, because a C library's cannot be changed under running threads.
//!
//! The copy is taken from the host at first use. Programs that the machine starts get the copy.

use std::collections::BTreeMap;

use super::host;
use crate::sync::OnceLock;
use crate::sync::global::Mutex;

type Table = BTreeMap<Vec<u8>, Vec<u8>>;

fn table() -> &'static Mutex<Table> {
    static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();
    TABLE.get_or_init(|| Mutex::new(host::initial_env().into_iter().collect()))
}

/// The value of `name`, as bytes.
pub fn get(name: &[u8]) -> Option<Vec<u8>> {
    table().lock().get(name).cloned()
}

/// Sets `name` to `value`. The caller has checked that neither holds a zero and that `name` holds no `=` after its first byte.
pub fn put(name: &[u8], value: &[u8]) {
    table().lock().insert(name.to_vec(), value.to_vec());
}

/// Forgets `name`.
pub fn unset(name: &[u8]) {
    table().lock().remove(name);
}

/// Every variable, ordered by name.
pub fn all() -> Vec<(Vec<u8>, Vec<u8>)> {
    table().lock().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_get_unset() {
        put(b"LAM_TEST_ENV", b"\xff=1");
        assert_eq!(get(b"LAM_TEST_ENV"), Some(b"\xff=1".to_vec()));
        assert!(all().iter().any(|(name, _)| name == b"LAM_TEST_ENV"));
        unset(b"LAM_TEST_ENV");
        assert_eq!(get(b"LAM_TEST_ENV"), None);
    }
}
