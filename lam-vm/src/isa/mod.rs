//! The instruction sets: what `.beam` files hold, what the machine executes, and the rules between them.

pub mod generic;
