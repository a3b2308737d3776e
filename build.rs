//! Link arguments of the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // The interface's version, apart from the crate's.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libclientcert.so.1");
        // Thread-local destructors must find their code after dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
