//! What the shared library exports and says of itself.

use std::process::Command;

use crate::header::functions;
use crate::library::{keep_fresh, project, read, run, shared_library};

#[test]
fn the_list_of_symbols_is_fresh() {
    keep_fresh("tests/symbols.txt", &(declared().join("\n") + "\n"));
}

#[test]
fn the_exports_are_those_of_the_header() {
    let output = run(Command::new("nm").args(["-D", "--defined-only"]).arg(shared_library()));
    let output = String::from_utf8(output.stdout).unwrap();
    let mut exported: Vec<&str> = output.lines().map(|line| line.split(' ').next_back().unwrap()).collect();
    exported.sort_unstable();

    assert_eq!(exported, declared());
}

#[test]
fn the_soname_is_stable_and_the_library_stays_loaded() {
    let output = run(Command::new("readelf").arg("-dW").arg(shared_library()));
    let output = String::from_utf8(output.stdout).unwrap();
    let line = |tag: &str| output.lines().find(|line| line.contains(tag)).unwrap_or_default();
    assert!(line("(SONAME)").ends_with("[libclientcert.so.1]"), "{output}");
    assert!(line("(FLAGS_1)").contains("NODELETE"), "{output}");
}

#[test]
fn the_library_cannot_do_what_a_guest_should_not() {
    let output = run(Command::new("nm").args(["-D", "--undefined-only"]).arg(shared_library()));
    let output = String::from_utf8(output.stdout).unwrap();
    let imported = output.lines().filter_map(|line| line.split_whitespace().last()?.split('@').next());
    // What speaks to PostgreSQL could also start threads; that it starts none, tests/registry_postgres.rs shows.
    let for_postgres: &[&str] = if cfg!(feature = "postgres") { &[] } else { &["pthread_create", "socket", "connect"] };
    let never = ["clone", "fork", "execve", "sigaction", "signal", "dlopen", "setenv"];
    let unfit = [for_postgres, &never].concat();
    let found: Vec<&str> = imported.filter(|symbol| unfit.contains(symbol)).collect();
    assert!(output.contains(" malloc") && found.is_empty(), "{found:?}");
}

#[test]
fn every_function_with_a_pointer_is_given_null() {
    let header = functions(&read("include/clientcert.h"));
    let program = std::fs::read_to_string(project("tests/c/null.c")).unwrap();
    for function in header.iter().filter(|function| function.takes_pointer()) {
        assert!(program.contains(&format!("{}(", function.name)), "tests/c/null.c does not call {}", function.name);
    }
}

fn declared() -> Vec<String> {
    let header = functions(&read("include/clientcert.h"));
    let mut names: Vec<String> = header.into_iter().map(|function| function.name).collect();
    names.sort_unstable();
    names
}
