//! Programs that run beside the tests, and end with them.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub use crate::support::port::free_port;

/// A program in a process group of its own, and all that it writes. It is killed, with its children, when this is
/// dropped.
pub struct Process {
    child: Child,
    output: Arc<(Mutex<Output>, Condvar)>,
}

#[derive(Default)]
struct Output {
    lines: Vec<String>,
    /// How many of its two streams have ended.
    ended: u8,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}: run scripts/setup"));
        let output = Arc::default();
        collect(child.stdout.take().unwrap(), &output);
        collect(child.stderr.take().unwrap(), &output);
        Self { child, output }
    }

    /// Everything written so far.
    pub fn lines(&self) -> Vec<String> {
        self.output.0.lock().unwrap().lines.clone()
    }

    /// Waits for the first line of which `find` makes something.
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        self.wait_until(|lines| lines.iter().find_map(|line| find(line))).unwrap_or_else(|| {
            panic!("no {what}; there was:\n{}", self.lines().join("\n"));
        })
    }

    /// Waits for what `find` makes of all lines; None after a minute without, or at the end of the program.
    pub fn wait_until<T>(&self, find: impl Fn(&[String]) -> Option<T>) -> Option<T> {
        let (output, more) = &*self.output;
        let end = Instant::now() + Duration::from_secs(60);
        let mut output = output.lock().unwrap();
        loop {
            if let Some(found) = find(&output.lines) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now()).filter(|_| output.ended < 2)?;
            output = more.wait_timeout(output, left).unwrap().0;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

fn collect(from: impl Read + Send + 'static, output: &Arc<(Mutex<Output>, Condvar)>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            output.0.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
            output.1.notify_all();
        }
        output.0.lock().unwrap().ended += 1;
        output.1.notify_all();
    });
}
