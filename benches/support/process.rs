//! A peer in a process of its own, which is told what to do line by line, answers each with a line, and measures itself.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

/// The process, and a folder with what it reads; both end with this value.
pub struct Process {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: TempDir,
    files: usize,
}

impl Process {
    /// Starts a program that lies in this folder.
    pub fn start(program: &Path, folder: TempDir) -> Self {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer that was just compiled starts");
        let commands = child.stdin.take().expect("standard input is piped");
        let answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Self { child, commands, answers, folder, files: 0 }
    }

    /// The path of a new file that the peer can read.
    pub fn file(&mut self, content: &[u8]) -> String {
        self.files += 1;
        let path = self.folder.path().join(self.files.to_string());
        fs::write(&path, content).expect("a temporary file can be written");
        path.to_str().expect("a temporary folder with a plain name").to_owned()
    }

    pub fn numbers(&mut self, command: &str) -> Vec<f64> {
        self.ask(command).split(' ').map(|number| number.parse().expect("the peer answers in numbers")).collect()
    }

    pub fn ask(&mut self, command: &str) -> String {
        let mut line = String::new();
        writeln!(line, "{command}").expect("a string takes it");
        self.commands.write_all(line.as_bytes()).expect("the peer listens");
        line.clear();
        self.answers.read_line(&mut line).expect("the peer answers");
        assert!(line.ends_with('\n'), "the peer ended at: {command}");
        line.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to save; its exit status says nothing either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A chain as peers read it: a 4-byte length, and all its certificates.
pub fn framed(chain: &[u8]) -> Vec<u8> {
    [&u32::try_from(chain.len()).expect("a short chain").to_be_bytes(), chain].concat()
}
