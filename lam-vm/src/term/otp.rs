//! What differs between versions of OTP in what Erlang programs see; the linked OTP decides, here and nowhere else.

use crate::sync::OnceLock;

static RELEASE: OnceLock<u32> = OnceLock::new();

/// The major version of the OTP that the program was linked with.
#[inline]
pub fn release() -> u32 {
    RELEASE.get().copied().unwrap_or(25)
}

/// Told once at boot, by the image; false when it was told before.
pub fn set_release(release: u32) -> bool {
    RELEASE.set(release).is_ok()
}

/// From OTP 27 `0.0 =:= -0.0` is false.
#[inline]
pub fn zeros_are_distinct() -> bool {
    release() >= 27
}

/// Up to OTP 25 objects of one key that are inserted into a bag in one list stand the other way round. (OTP 26 was not tried.)
pub fn bag_lists_are_reversed() -> bool {
    release() < 26
}

/// The setting `async_dist` of a process came after OTP 25.
pub fn has_async_dist() -> bool {
    release() >= 26
}

/// From OTP 28, whose regular expressions are PCRE2's, `\p{Lu}`, `\p{Ll}` and `\p{Lt}` ignore case where the pattern does.
pub fn properties_ignore_case() -> bool {
    release() >= 28
}

/// From OTP 28 on the signals of links, monitors, aliases and exits may have priority.
pub fn has_priority_signals() -> bool {
    release() >= 28
}
