//! Chromium by chromedriver: WebDriver over HTTP.

use std::fs;
use std::path::PathBuf;
use std::process::Command as Program;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use crate::browser::{Browser, Command, Driver};
use crate::pki::Pki;
use crate::process::Process;

/// Chooses the certificate for all hosts of the tests; with several, the user would be asked.
const POLICY: &str =
    r#"{"AutoSelectCertificateForUrls": ["{\"pattern\": \"https://[*.]localhost\", \"filter\": {}}"]}"#;

/// Starts Chromium, with a home of its own.
pub fn start() -> Browser {
    let home = tempfile::tempdir().unwrap();
    Pki::get().fill_database(&home.path().join(".pki/nssdb"));
    let policy = Policy::write();
    let driver = Process::start(Program::new("chromedriver").arg("--port=0").env("HOME", home.path()));
    let port: u16 = driver.wait_for("port", |line| {
        line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
    });
    let agent = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(180)))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .new_agent();
    let mut chromium =
        Chromium { agent, address: format!("http://127.0.0.1:{port}/session"), driver: Some(driver), home, policy };
    let profile = format!("--user-data-dir={}", chromium.home.path().join("profile").display());
    let options = json!({ "args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
        "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--window-size=900,600", profile,
    ]});
    let session = chromium
        .post(
            "",
            &json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "timeouts": { "pageLoad": 120_000, "script": 120_000 },
            }}}),
        )
        .expect("Chromium starts");
    chromium.address = format!("{}/{}", chromium.address, session["sessionId"].as_str().expect("a session"));
    Browser::new("chromium", chromium)
}

struct Chromium {
    agent: Agent,
    address: String,
    driver: Option<Process>,
    home: TempDir,
    #[allow(dead_code)] // It is in force as long as this lives.
    policy: Policy,
}

impl Driver for Chromium {
    fn command(&mut self, command: Command<'_>) -> Result<Value, String> {
        match command {
            Command::Navigate(url) => self.post("/url", &json!({ "url": url })),
            Command::Script(script) => self.post("/execute/async", &json!({ "script": script, "args": [] })),
            Command::Screenshot => value(self.agent.get(format!("{}/screenshot", self.address)).call()),
        }
    }
}

impl Chromium {
    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        value(self.agent.post(format!("{}{path}", self.address)).send(body.to_string()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.address).call();
        self.driver = None;
    }
}

fn value(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let text =
        response.and_then(|mut response| response.body_mut().read_to_string()).map_err(|error| error.to_string())?;
    let mut answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    match answer["value"]["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", answer["value"]["message"].as_str().unwrap_or_default())),
        None => Ok(answer["value"].take()),
    }
}

/// A policy of this machine for all of its Chromiums, as long as this lives. Of several files the last in the alphabet
/// counts.
struct Policy(PathBuf);

impl Policy {
    fn write() -> Self {
        let folder = PathBuf::from("/etc/chromium/policies/managed");
        let file = folder.join(format!("zz-clientcert-tests-{}.json", std::process::id()));
        fs::create_dir_all(&folder).and_then(|()| fs::write(&file, POLICY)).unwrap_or_else(|error| {
            panic!("{}: {error}: Chromium takes policies from this folder alone, which root may write", file.display())
        });
        Self(file)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
