//! C programs that the tests compile and feed with records on their standard input.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A compiled program, gone when dropped.
pub struct Program {
    folder: TempDir,
    path: PathBuf,
}

/// One line of output for each record.
pub struct Answers(pub Vec<String>);

/// What a program reads for one call: numbers of 8 bytes, and bytes with such a number before them; little-endian.
#[derive(Default)]
pub struct Record(Vec<u8>);

impl Record {
    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

impl Program {
    /// Compiles a source file of this project with these further arguments.
    pub fn compile(source: &str, arguments: &[String]) -> Self {
        let folder = TempDir::new().expect("a folder for the program");
        let path = folder.path().join("program");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let status = Command::new(&compiler)
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&path)
            .arg(root.join(source))
            .arg("-I")
            .arg(root.join("include"))
            .args(arguments)
            .status()
            .unwrap_or_else(|error| panic!("{compiler}: {error}"));
        assert!(status.success(), "{compiler} cannot compile {source}");
        Self { folder, path }
    }

    /// Compiles a source file that uses the shared library built with this test.
    pub fn linked_with_clientcert(source: &str) -> Self {
        let library = shared_library();
        let program = Self::compile(source, &[library.to_string_lossy().into_owned()]);
        // The dynamic linker looks for the soname.
        std::os::unix::fs::symlink(&library, program.folder.path().join("libclientcert.so.1")).expect("a link");
        program
    }

    /// How it is started.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.env("LD_LIBRARY_PATH", self.folder.path());
        command
    }

    /// Runs it on these records.
    pub fn run(&self, records: &[Record]) -> Answers {
        let mut child =
            self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("its input");
        let output = std::thread::scope(|scope| {
            scope.spawn(move || records.iter().try_for_each(|record| input.write_all(&record.0)));
            child.wait_with_output().expect("its output")
        });
        assert!(output.status.success(), "{}: {}", self.path.display(), output.status);
        let text = String::from_utf8(output.stdout).expect("lines of text");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), records.len(), "{}: one line a record", self.path.display());
        Answers(lines)
    }
}

/// The shared library that cargo built beside this test.
pub fn shared_library() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let library = test.parent().expect("its folder").join("libclientcert.so");
    assert!(library.is_file(), "{} was not built", library.display());
    library
}
