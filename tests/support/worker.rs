//! Other processes: a test program starts itself again, for one of its tests that waits to be told what to do.

// Each test program takes what it needs.
#![allow(dead_code)]

use std::io::{BufRead as _, BufReader};
#[cfg(unix)]
use std::os::unix::{
    fs::{MetadataExt as _, chown},
    process::CommandExt as _,
};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs, thread};

/// What the process is to do, as words.
const TASK: &str = "CLIENTCERT_TEST_TASK";
/// Begins each line that it tells its parent.
const MARK: &str = "> ";

/// A process that runs the test `worker` of this program.
pub struct Worker {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one with a task.
    pub fn start(task: &[&str]) -> Self {
        Self::spawn(Self::command(&env::current_exe().expect("this program")), task)
    }

    /// Starts one that permissions hold for: `folder` and what is in it is given to another account where this one is
    /// root, and the process runs as that.
    #[cfg(unix)]
    pub fn start_unprivileged(folder: &Path, task: &[&str]) -> Self {
        const NOBODY: u32 = 65_534;
        let program = env::current_exe().expect("this program");
        let mine = tempfile::tempfile().expect("a file");
        let is_root = mine.metadata().expect("its owner").uid() == 0;
        if !is_root {
            return Self::spawn(Self::command(&program), task);
        }
        // Where the program is, others may not look.
        let copy = folder.join("worker");
        fs::copy(program, &copy).expect("a copy of this program");
        for entry in fs::read_dir(folder).expect("a folder") {
            chown(entry.expect("a file").path(), Some(NOBODY), Some(NOBODY)).expect("a file of nobody");
        }
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("a folder of nobody");
        let mut command = Self::command(&copy);
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        Self::spawn(command, task)
    }

    /// Starts one under a shell that runs `preparation` first.
    pub fn start_under(preparation: &str, task: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let run = format!("{preparation}; exec \"$0\" --exact worker --ignored --nocapture");
        command.arg("-c").arg(run).arg(env::current_exe().expect("this program"));
        Self::spawn(command, task)
    }

    fn command(program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["--exact", "worker", "--ignored", "--nocapture"]);
        command
    }

    fn spawn(mut command: Command, task: &[&str]) -> Self {
        command.env(TASK, task.join("\n")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, lines }
    }

    /// The next thing that it says; none when it has ended.
    pub fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).expect("its output") == 0 {
                return None;
            }
            // A process that is killed may leave half a line.
            if let Some(told) = line.strip_prefix(MARK).and_then(|told| told.strip_suffix('\n')) {
                return Some(told.to_owned());
            }
        }
    }

    /// Kills it, wherever it is, and returns what it had said before.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("a process to kill");
        let said = std::iter::from_fn(|| self.hear()).collect();
        self.child.wait().expect("its end");
        said
    }

    /// Waits for its end, and returns what it said until then and whether it was content.
    pub fn finish(mut self) -> (Vec<String>, bool) {
        let said = std::iter::from_fn(|| self.hear()).collect();
        (said, self.child.wait().expect("its end").success())
    }
}

/// Has processes do the task `enrol`, `workers` of them at a time and each for `each` numbers of its own, and kills each once
/// it has told of as many as `patience` says, by the number it is at and how often it lived. Returns how many lived until all
/// numbers were told of.
pub fn enrol_under_kills(url: &str, workers: u64, each: u64, patience: impl Fn(u64, u64) -> u64 + Sync) -> u64 {
    let one_worker = &|worker: u64| {
        let (from, to) = (worker * each, (worker + 1) * each);
        let (mut next, mut lives) = (from, 0);
        while next < to {
            let mut process = Worker::start(&["enrol", url, &next.to_string(), &to.to_string()]);
            let mut left = patience(next, lives);
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
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|worker| scope.spawn(move || one_worker(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
    })
}

/// In the worker: its task.
pub fn task() -> Vec<String> {
    let task = env::var(TASK).expect("a task: this is no test, but a process that the other tests start");
    task.lines().map(str::to_owned).collect()
}

/// In the worker: tells its parent something, in one write.
pub fn tell(what: impl std::fmt::Display) {
    use std::io::Write as _;
    let line = format!("{MARK}{what}\n");
    std::io::stdout().write_all(line.as_bytes()).expect("a parent that listens");
}
