//! The C ABI: its header, its symbols, and programs that use it in C, C++, Python and Lua.

mod header;
mod library;
