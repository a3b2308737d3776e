//! The C programs in `tests/c`: plainly, under valgrind, and under the address and undefined behaviour sanitizers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::library::{install_library, project, run};
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

programs! { config error fork null policy reason threads verdict verifier version }

#[test]
fn every_program_is_run() {
    let entries = fs::read_dir(project("tests/c")).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    let mut names: Vec<String> = sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, PROGRAMS);
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

/// Builds a program in a folder of its own, which also holds the certificates that it reads.
fn build(name: &str, options: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(name);
    pki::write(folder.path());
    install_library(folder.path());
    run(Command::new("gcc")
        .args(["-std=c11", "-g", "-pthread", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(options)
        .arg("-I")
        .arg(project("include"))
        .arg(project(&format!("tests/c/{name}.c")))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(folder.path())
        .arg("-lclientcert")
        .arg(format!("-Wl,-rpath,{}", folder.path().display())));
    (folder, program)
}
