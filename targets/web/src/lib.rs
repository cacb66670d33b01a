//! The web launcher.
