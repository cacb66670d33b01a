//! Hosts that send no signals and do not say what they are called.

use super::types::Disposition;

/// The host has no name that a program could learn.
pub fn host_name() -> Option<Vec<u8>> {
    None
}

/// Whether the program's wish is met: there is no such signal.
pub fn set_signal(_name: &str, _disposition: Disposition) -> bool {
    false
}

/// None ever came.
pub fn take_signal() -> Option<&'static str> {
    None
}
