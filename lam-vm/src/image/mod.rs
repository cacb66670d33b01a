//! Images: everything a program needs, laid out so that it is mapped and run, never decoded.
//!
//! ```text
//! header | atoms | literals | code | exports | funs | modules | functions | lines | files | index | embedded | relocations |
//! file index | file bytes | END
//! ```
//! All words are 64 bits, little-endian. Addresses are bound for the base address in the header; where the image lies elsewhere, each
//! word whose bit is set in `relocations` is moved by the difference.

pub mod embedded;
pub mod format;
pub mod layout;
pub mod literals;
pub mod packed;
mod view;

pub use format::{BootInfo, ModuleRow, Section};
pub use layout::{LayoutError, LayoutInput, LayoutModule, layout, layout_and_measure};
pub use view::{View, ViewFunction, ViewModule};
