//! The BEAM machine: a library that runs specialised BEAM code; it has no `main` and no terminal.
