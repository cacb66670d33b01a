//! Small tools that know nothing of terms.

pub mod checksum;
pub mod deflate;
pub mod rarely;
