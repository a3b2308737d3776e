//! The C programs in `tests/c`: plainly, under valgrind, and under the address and undefined behaviour sanitizers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::library::{install_library, project, run, shared_library};
use crate::pki;

macro_rules! programs {
    ($($name:ident)*) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];

        mod plain {
            $(#[test]
            fn $name() {
                super::plainly(stringify!($name));
            })*
        }

        mod valgrind {
            $(#[test]
            fn $name() {
                super::under_valgrind(stringify!($name));
            })*
        }

        mod sanitizers {
            $(#[test]
            fn $name() {
                super::under_sanitizers(stringify!($name));
            })*
        }
    };
}

programs! {
    config decision error fork forwarded manners null ocsp policy reason registry registry_fork revocation session threads
    trust verdict verifier version
}

#[test]
fn every_program_is_run() {
    let entries = fs::read_dir(project("tests/c")).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    let mut names: Vec<String> = sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    // tests/conformance.rs runs this one.
    names.retain(|name| name != "conformance");
    names.sort_unstable();
    assert_eq!(names, PROGRAMS);
}

/// For hosts that have no other Rust in them.
#[test]
fn the_static_library_serves_too() {
    let (folder, program) = prepare("null");
    let archive = shared_library().with_extension("a");
    run(compile("null", &program).arg(archive).args(["-lgcc_s", "-ldl", "-lm"]));
    run(Command::new(program).arg(folder.path()));
}

fn plainly(name: &str) {
    let (folder, program) = build(name, &["-O2"]);
    run(Command::new(program).arg(folder.path()));
}

fn under_valgrind(name: &str) {
    let (folder, program) = build(name, &["-O1"]);
    run(Command::new("valgrind")
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"])
        .arg(program)
        .arg(folder.path()));
}

fn under_sanitizers(name: &str) {
    let (folder, program) = build(name, &["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    let symbols = run(Command::new("nm").arg(&program));
    assert!(String::from_utf8_lossy(&symbols.stdout).contains("__asan_init"), "the sanitizer is not there");
    run(Command::new(program).arg(folder.path()).env("ASAN_OPTIONS", "detect_leaks=1"));
}

fn build(name: &str, options: &[&str]) -> (TempDir, PathBuf) {
    let (folder, program) = prepare(name);
    install_library(folder.path());
    run(compile(name, &program)
        .args(options)
        .arg("-L")
        .arg(folder.path())
        .arg("-lclientcert")
        .arg(format!("-Wl,-rpath,{}", folder.path().display())));
    (folder, program)
}

/// A folder for a program and the certificates that it reads.
fn prepare(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(name);
    pki::write(folder.path());
    (folder, program)
}

fn compile(name: &str, program: &Path) -> Command {
    let mut command = Command::new("gcc");
    command
        .args(["-std=c11", "-g", "-pthread", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .arg("-I")
        .arg(project("include"))
        .arg(project(&format!("tests/c/{name}.c")))
        .arg("-o")
        .arg(program);
    command
}
