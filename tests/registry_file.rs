//! The registry in a text file: processes that are killed at any moment while they write to it.

#[path = "support/registrations.rs"]
mod registrations;
#[path = "support/worker.rs"]
mod worker_process;

use std::fs;
use std::path::Path;

use clientcert::registry::Registry;
use registrations::{enrol_each, key, registration, scatter};
use tempfile::TempDir;
use worker_process::{Worker, enrol_under_kills, task, tell};

/// What the other tests start as processes of their own.
#[test]
#[ignore = "is no test, but a process that the tests start"]
fn worker() {
    let task = task();
    let registry = Registry::open(&task[1]).expect("a registry");
    match &*task[0] {
        "enrol" => enrol_each(&registry, task[2].parse().expect("a number")..task[3].parse().expect("a number"), tell),
        "read" => read(&registry, &task[2]),
        task => panic!("no task: {task}"),
    }
}

/// Reads again and again, until a file is there that says to stop. Nothing that it sees may be half.
fn read(registry: &Registry, stop: &str) {
    let (mut most, mut loads) = (0, 0);
    while !Path::new(stop).exists() {
        let index = registry.load().expect("a whole file");
        assert!(index.len() >= most, "{most} registrations became {}", index.len());
        (most, loads) = (index.len(), loads + 1);
        for found in index.iter() {
            let number = found.label.strip_prefix("key ").and_then(|number| number.parse().ok()).expect("a number");
            assert_eq!(found.to_registration(), registration(number));
        }
    }
    tell(loads);
}

#[test]
fn what_was_acknowledged_outlives_every_kill() {
    const WORKERS: u64 = 4;
    const EACH: u64 = 60;
    // A killed process loses nothing that the kernel has, so a folder in memory shows as much, and is faster.
    let folder = match Path::new("/dev/shm") {
        memory if memory.is_dir() => TempDir::new_in(memory),
        _ => TempDir::new(),
    };
    let folder = folder.expect("a folder");
    let path = folder.path().join("users");
    fs::write(&path, "# who may log in\n").expect("a file");
    let url = format!("file:{}", path.display());
    let stop = folder.path().join("stop");
    let reader = Worker::start(&["read", &url, stop.to_str().expect("a path")]);

    // Some die before their first key, most in the midst.
    let lives = enrol_under_kills(&url, WORKERS, EACH, |next, lives| scatter(next + lives) % 12);
    assert!(lives > 4 * WORKERS, "only {lives} processes lived");

    fs::write(&stop, "").expect("a file");
    let (said, content) = reader.finish();
    assert!(content, "the reader saw something that must not be");
    assert!(said.last().and_then(|loads| loads.parse().ok()).is_some_and(|loads: u32| loads > 10), "{said:?}");

    let registry = Registry::open(&url).expect("a registry");
    let index = registry.load().expect("a whole file");
    assert_eq!(index.len() as u64, WORKERS * EACH);
    for number in 0..WORKERS * EACH {
        let found = index.get(&key(number)).map(|found| found.to_registration());
        assert_eq!(found, Some(registration(number)));
    }
    assert!(fs::read_to_string(&path).expect("a text").starts_with("# who may log in\n"), "what a person wrote stays");
    // Whatever the killed left behind is in nobody's way.
    registry.editor("test").enrol(&registration(WORKERS * EACH)).expect("one more");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().map(|file| file.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".new")), "{left:?}");
}
