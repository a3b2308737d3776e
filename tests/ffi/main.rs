//! The C ABI: its header, its symbols, and programs that use it in C, C++, Python and Lua.

mod bindings;
mod header;
mod library;
mod pki;
mod programs;
#[path = "../support/mod.rs"]
mod support;
mod symbols;
