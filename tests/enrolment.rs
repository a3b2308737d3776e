//! The example that trades passwords for keys, run against clients of OpenSSL.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

mod support;

struct Server {
    folder: TempDir,
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A key and a certificate that it signed itself.
fn self_signed(folder: &Path, name: &str, days: &str) {
    run(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days])
        .args(["-subj", &format!("/CN={name}"), "-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .current_dir(folder));
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = support::c::shared_library();
        std::os::unix::fs::symlink(&library, folder.path().join("libclientcert.so.1")).expect("a link");
        run(Command::new("gcc")
            .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O1", "-o"])
            .arg(folder.path().join("enrol"))
            .arg(root.join("examples/c/enrol.c"))
            .arg("-I")
            .arg(root.join("include"))
            .arg(&library)
            .args(["-lssl", "-lcrypto"])
            .arg(format!("-Wl,-rpath,{}", folder.path().display())));
        for name in ["localhost", "me", "other"] {
            self_signed(folder.path(), name, "30");
        }
        fs::write(folder.path().join("users"), "# nobody yet, but for:\nspki:sha256:00000000000000000000000000000000000000000000000000000000000000ff root\n").expect("a file");
        let mut process = Command::new(folder.path().join("enrol"))
            .args(["localhost.crt", "localhost.key", "file:users", "alice:wonderland", "0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        let address = line.trim().trim_start_matches("https://").trim_end_matches('/').to_owned();
        assert!(!address.is_empty(), "the server did not start");
        Self { folder, process, address }
    }

    /// The status and the page that a client gets.
    fn ask(&self, client: Option<&str>, request: &str) -> (String, String) {
        let mut command = Command::new("openssl");
        command.args([
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-connect",
            &self.address,
            "-CAfile",
            "localhost.crt",
            "-verify_return_error",
        ]);
        if let Some(name) = client {
            command.args(["-cert", &format!("{name}.crt"), "-key", &format!("{name}.key")]);
        }
        let mut child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(request.replace('\n', "\r\n").as_bytes()).expect("a request");
        // The end of the input would end the connection before the answer.
        let output = child.wait_with_output().expect("an answer");
        drop(input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (head, page) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {text:?}"));
        (head.split(' ').nth(1).unwrap_or_default().to_owned(), page.trim().to_owned())
    }

    fn get(&self, client: Option<&str>) -> String {
        let (status, page) = self.ask(client, "GET / HTTP/1.1\nHost: localhost\n\n");
        assert_eq!(status, "200", "{page}");
        page
    }
}

const WITH_PASSWORD: &str =
    "POST /enrol HTTP/1.1\nHost: localhost\nAuthorization: Basic YWxpY2U6d29uZGVybGFuZA==\nX-Enrol: yes\n\n";

#[test]
fn a_password_is_traded_for_a_key() {
    let server = Server::start();
    assert_eq!(server.get(None), "you are nobody, and have no certificate");
    assert_eq!(server.get(Some("me")), "you are nobody, and could register your certificate");

    let without_header = WITH_PASSWORD.replace("X-Enrol: yes\n", "");
    let wrong_password = WITH_PASSWORD.replace("YWxpY2U6d29uZGVybGFuZA==", "YWxpY2U6d29uZGVybGFuZB==");
    for request in [&without_header, &wrong_password] {
        assert_eq!(server.ask(Some("me"), request).0, "401");
    }
    let (status, page) = server.ask(None, WITH_PASSWORD);
    assert!(status == "409" && page.contains("no certificate"), "{status}: {page}");
    assert_eq!(server.get(Some("me")), "you are nobody, and could register your certificate");

    let (status, page) = server.ask(Some("me"), WITH_PASSWORD);
    assert_eq!((&*status, &*page), ("201", "welcome, alice: from now on your certificate will do"));
    assert_eq!(server.get(Some("me")), "you are alice");
    assert_eq!(server.get(Some("other")), "you are nobody, and could register your certificate");
    assert_eq!(server.ask(Some("me"), WITH_PASSWORD).0, "409", "it is registered already");
    let users = fs::read_to_string(server.folder.path().join("users")).expect("the file");
    assert!(users.starts_with("# nobody yet") && users.trim_end().ends_with("alice registered by myself"), "{users}");
    let audit = fs::read_to_string(server.folder.path().join("users.audit")).expect("the audit file");
    assert!(audit.contains(r#""actor":"alice","action":"enrol_self""#), "{audit}");
}
