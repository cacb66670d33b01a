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
