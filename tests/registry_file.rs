//! The registry in a text file: processes that are killed at any moment while they write to it.

#[path = "support/registrations.rs"]
#[allow(dead_code, reason = "not every verb is used here")]
mod registrations;
#[path = "support/worker.rs"]
mod worker_process;

use std::fs;
use std::path::Path;
use std::thread;

use clientcert::Error;
use clientcert::registry::Registry;
use registrations::{key, registration, scatter};
use tempfile::TempDir;
use worker_process::{Worker, task, tell};

/// What the other tests start as processes of their own.
#[test]
#[ignore = "is no test, but a process that the tests start"]
fn worker() {
    let task = task();
    let registry = Registry::open(&task[1]).expect("a registry");
    match &*task[0] {
        "enrol" => enrol(&registry, task[2].parse().expect("a number"), task[3].parse().expect("a number")),
        "read" => read(&registry, &task[2]),
        task => panic!("no task: {task}"),
    }
}

/// Registers keys one by one, and says after each that it is there.
fn enrol(registry: &Registry, from: u64, to: u64) {
    for number in from..to {
        match registry.editor("test").enrol(&registration(number)) {
            Ok(_) => {}
            // The one before was killed after it had been written, and before it could say so.
            Err(Error::KeyTaken) if number == from => {}
            Err(error) => panic!("{number}: {error}"),
        }
        tell(number);
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

    let lives: u64 = thread::scope(|scope| {
        let one_worker = |worker: u64| {
            let (from, to) = (worker * EACH, (worker + 1) * EACH);
            let (mut next, mut lives) = (from, 0);
            while next < to {
                let mut process = Worker::start(&["enrol", &url, &next.to_string(), &to.to_string()]);
                // Some die before their first key, most in the midst.
                let mut left = scatter(next + lives) % 12;
                let mut acknowledge = |told: &str| {
                    assert_eq!(told.parse(), Ok(next), "it tells of each key in turn");
                    next += 1;
                };
                while left > 0 {
                    let Some(told) = process.hear() else { break };
                    acknowledge(&told);
                    left -= 1;
                }
                process.kill().iter().for_each(|told| acknowledge(told));
                lives += 1;
            }
            lives
        };
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || one_worker(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
    });
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
