//! Languages that bind at run time read `bindings/clientcert.cdef.h` as it is, and verify a client with it.

use std::process::Command;

use crate::library::{install_library, project, run};
use crate::pki;

#[test]
fn python_verifies_through_cffi() {
    verify(&python_with_cffi(), "tests/bindings/verify.py");
}

#[test]
fn luajit_verifies_through_ffi() {
    verify("luajit", "tests/bindings/verify.lua");
}

#[test]
fn cpp_verifies() {
    let folder = prepare();
    let program = folder.path().join("verify");
    run(Command::new("g++")
        .args(["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(project("include"))
        .arg(project("tests/bindings/verify.cc"))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(folder.path())
        .arg("-lclientcert")
        .arg(format!("-Wl,-rpath,{}", folder.path().display())));
    said(run(Command::new(program).arg(folder.path())).stdout);
}

fn verify(interpreter: &str, script: &str) {
    let folder = prepare();
    let library = folder.path().join("libclientcert.so.1");
    let mut command = Command::new(interpreter);
    command.arg(project(script)).arg(project("bindings/clientcert.cdef.h")).arg(library).arg(folder.path());
    said(run(&mut command).stdout);
}

fn prepare() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    pki::write(folder.path());
    install_library(folder.path());
    folder
}

/// What every one of these programs prints: so none of them can end early and be taken for done.
fn said(output: Vec<u8>) {
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "good.der SUCCESS CN=alice\nexpired.der FAILED certificate_expired\n"
    );
}

/// A Python that has cffi: the one that `PYTHON` names, the first in the path, or the system's.
fn python_with_cffi() -> String {
    let named = std::env::var("PYTHON").ok();
    let mut candidates = named.into_iter().chain(["python3", "/usr/bin/python3"].map(str::to_owned));
    let has_cffi = |python: &String| {
        Command::new(python).args(["-c", "import cffi"]).output().is_ok_and(|output| output.status.success())
    };
    candidates.find(has_cffi).expect("a Python with cffi: install python3-cffi, or name one in PYTHON")
}
