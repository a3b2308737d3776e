//! Firefox by Marionette: the commands of WebDriver as JSON behind its length, over TCP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command as Program;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, Command, Driver};
use crate::pki::Pki;
use crate::process::Process;
use crate::support::port::free_port;

/// Firefox chooses a certificate by itself, and talks to nobody else.
const PREFERENCES: &str = r#"
user_pref("security.default_personal_cert", "Select Automatically");
user_pref("app.update.enabled", false);
user_pref("app.normandy.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.downloads.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.http.http3.enable", false);
user_pref("network.proxy.type", 0);
user_pref("network.trr.mode", 5);
user_pref("toolkit.telemetry.enabled", false);
"#;

/// Starts Firefox, with a profile of its own.
pub fn start() -> Browser {
    let home = tempfile::tempdir().unwrap();
    let profile = home.path().join("profile");
    let port = free_port();
    Pki::get().fill_database(&profile);
    fs::write(profile.join("user.js"), format!("{PREFERENCES}user_pref(\"marionette.port\", {port});\n")).unwrap();
    let process = Process::start(
        Program::new("firefox-esr")
            .args(["--headless", "--marionette", "--no-remote", "--width=900", "--height=600", "--profile"])
            .arg(&profile)
            .env("HOME", home.path()),
    );
    let stream = connect(port, &process);
    stream.set_read_timeout(Some(Duration::from_secs(180))).unwrap();
    let mut firefox = Firefox { stream: BufReader::new(stream), count: 0, process, home };
    firefox.receive().expect("a greeting");
    firefox
        .send("WebDriver:NewSession", &json!({ "timeouts": { "pageLoad": 120_000, "script": 120_000 } }))
        .expect("Firefox starts");
    Browser::new("firefox", firefox)
}

struct Firefox {
    stream: BufReader<TcpStream>,
    count: u64,
    #[allow(dead_code)] // They last as long as this.
    process: Process,
    #[allow(dead_code)]
    home: TempDir,
}

impl Driver for Firefox {
    fn command(&mut self, command: Command<'_>) -> Result<Value, String> {
        let mut answer = match command {
            Command::Navigate(url) => self.send("WebDriver:Navigate", &json!({ "url": url })),
            Command::Script(script) => {
                self.send("WebDriver:ExecuteAsyncScript", &json!({ "script": script, "args": [] }))
            }
            Command::Screenshot => self.send("WebDriver:TakeScreenshot", &json!({ "full": false })),
        }?;
        Ok(answer["value"].take())
    }
}

impl Firefox {
    /// Sends `[0, number, name, parameters]`; the answer is `[1, number, error, result]`.
    fn send(&mut self, name: &str, parameters: &Value) -> Result<Value, String> {
        self.count += 1;
        let text = json!([0, self.count, name, parameters]).to_string();
        let sent = write!(self.stream.get_mut(), "{}:{text}", text.len());
        sent.map_err(|error| error.to_string())?;
        let mut answer = self.receive()?;
        assert_eq!(answer[1], self.count, "an answer to another command: {answer}");
        match &answer[2] {
            Value::Null => Ok(answer[3].take()),
            error => Err(format!("{}: {}", error["error"], error["message"])),
        }
    }

    fn receive(&mut self) -> Result<Value, String> {
        let mut length = Vec::new();
        self.stream.read_until(b':', &mut length).map_err(|error| error.to_string())?;
        length.pop();
        let length = String::from_utf8(length).ok().and_then(|length| length.parse().ok()).ok_or("no length")?;
        let mut text = vec![0; length];
        self.stream.read_exact(&mut text).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.send("Marionette:Quit", &json!({ "flags": ["eForceQuit"] }));
    }
}

fn connect(port: u16, process: &Process) -> TcpStream {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) => {
                assert!(Instant::now() < end, "Firefox does not listen: {error}\n{}", process.lines().join("\n"));
                sleep(Duration::from_millis(200));
            }
        }
    }
}
