//! The files of the project and the shared library under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// A file of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the project.
pub fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a generated file with what it should be; `UPDATE_HEADER=1` writes it anew.
pub fn keep_fresh(path: &str, fresh: &str) {
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(project(path), fresh).unwrap();
    }
    assert!(read(path) == *fresh, "{path} is stale: run `make header`");
}

/// The shared library, which cargo builds beside the tests.
pub fn shared_library() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let library = tests.with_file_name("libclientcert.so");
    let built = modified(&library);
    // What the compiler wrote down: `…/libclientcert.so: src/lib.rs src/…`.
    let dependencies = fs::read_to_string(tests.with_file_name("clientcert.d")).unwrap();
    let line = dependencies.lines().find(|line| line.contains("libclientcert.so: ")).expect("the library's sources");
    for source in line.split(": ").nth(1).unwrap().split(' ') {
        assert!(modified(&project(source)) <= built, "{} is older than {source}: run `cargo build`", library.display());
    }
    library
}

/// Puts the shared library into a folder under the names that linkers and loaders look for.
pub fn install_library(folder: &Path) {
    for name in ["libclientcert.so", "libclientcert.so.1"] {
        std::os::unix::fs::symlink(shared_library(), folder.join(name)).unwrap();
    }
}

/// Runs a command that must be there and succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    output
}

fn modified(path: &Path) -> SystemTime {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.modified().unwrap()
}
