//! What a person with a browser sees, and what a script of another origin gets.

use std::sync::{Mutex, PoisonError};

use crate::browser::Browser;
use crate::server::{Logged, Server, Start};
use crate::{chromium, firefox};

/// Twenty years: Alice's certificate ends in 2040.
const LATER: i64 = 20 * 365 * 86_400;

/// Alice's browser has no certificate for `plain`, whose CA did not issue hers. `open` asks for hers. `api` and `pass`
/// serve scripts of `plain`. `late` cannot ask any browser of today, and sends it to `ask`.
const HOSTS: [(&str, &str); 6] = [
    ("plain.localhost", "mode = \"optional\"\nca = [\"{pki}/other_ca.pem\"]\nidentity = [\"subject.cn\"]\n"),
    ("open.localhost", "mode = \"optional\"\nca = [\"{pki}/ca.pem\"]\nidentity = [\"subject.cn\"]\n"),
    (
        "api.localhost",
        "mode = \"optional\"\nca = [\"{pki}/ca.pem\"]\npreflight = \"answer\"\n\
         preflight_origin = [\"https://plain.localhost:{port}\"]\n",
    ),
    ("pass.localhost", "mode = \"optional\"\nca = [\"{pki}/ca.pem\"]\npreflight = \"pass\"\n"),
    (
        "late.localhost",
        "mode = \"deferred\"\nca = [\"{pki}/ca.pem\"]\ncertificate_host = \"ask.localhost:{port}\"\n\
         session_key = [\"{key}\"]\n",
    ),
    ("ask.localhost", "mode = \"require\"\nca = [\"{pki}/ca.pem\"]\nsession_key = [\"{key}\"]\n"),
];

#[test]
fn chromium() {
    visit_everything(chromium::start);
}

#[test]
fn firefox() {
    visit_everything(firefox::start);
}

fn visit_everything(start: fn() -> Browser) {
    /// Two browsers at once are too much for a small machine.
    static ONE_BROWSER: Mutex<()> = Mutex::new(());
    let _one = ONE_BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut browser = start();
    for (arguments, http) in [(&[][..], "HTTP/2"), (&["--http1"][..], "HTTP/1.1")] {
        let visit = |clock| Visit {
            server: Server::start(&Start { arguments, origin: Some("https://plain.localhost"), clock, hosts: &HOSTS }),
            http,
        };
        let now = visit(0);
        now.without_a_certificate(&mut browser);
        now.with_a_certificate(&mut browser);
        now.put_across_origins(&mut browser, "api.localhost");
        now.put_across_origins(&mut browser, "pass.localhost");
        now.requests_at_once(&mut browser);
        now.log_out(&mut browser);
        visit(LATER).an_expired_certificate(&mut browser);
        now.late_and_back(&mut browser);
        late_in_tls_1_2(&mut browser, arguments);
    }
    on_a_connection_of_another_host(&mut browser);
}

/// Capped at TLS 1.2, a server can ask browsers late: over HTTP/1.1, to which they fall back where they are told to.
fn late_in_tls_1_2(browser: &mut Browser, arguments: &[&str]) {
    let server = Server::start(&Start {
        arguments: &[arguments, &["--tls1.2"]].concat(),
        hosts: &[("late.localhost", "mode = \"deferred\"\nca = [\"{pki}/ca.pem\"]\n")],
        ..Start::default()
    });
    let page = browser.open(&server.url("late.localhost", "/")).unwrap();
    assert!(page.text.contains("outcome: NONE"), "{page:?}");
    let page = browser.open(&server.url("late.localhost", "/verified")).unwrap();
    assert!(page.text.contains("subject: CN=alice"), "{page:?}");
    let logged = server.logged("late.localhost", "GET", "/verified");
    assert_eq!((logged.tls.as_str(), logged.http.as_str()), ("TLSv1.2", "HTTP/1.1"), "{logged:?}");
}

/// A connection that was opened for another host, without a certificate, is not where a request needs one: Firefox
/// learns so from 421, and makes another. (It may lose the certificate on the way, where the preflight took a
/// connection of a third host; so the server keeps hosts apart by ORIGIN frames where nothing else is asked for.)
fn on_a_connection_of_another_host(browser: &mut Browser) {
    let server = Server::start(&Start {
        arguments: &["--coalesce"],
        origin: Some("https://plain.localhost"),
        hosts: &HOSTS,
        ..Start::default()
    });
    let visit = Visit { server, http: "HTTP/2" };
    visit.put_across_origins(browser, "api.localhost");
    let log = visit.server.log();
    for logged in log.iter().filter(|logged| logged.action() == "misdirected") {
        assert_eq!((logged.method.as_str(), logged.host.as_str()), ("PUT", "api.localhost"), "{logged:?}");
        assert_eq!(logged.audit["server_name"], "plain.localhost", "{logged:?}");
        assert_ne!(logged.connection, visit.logged("api.localhost", "PUT", "/verified").connection);
    }
}

/// A server that is visited over one version of HTTP.
struct Visit {
    server: Server,
    http: &'static str,
}

impl Visit {
    fn without_a_certificate(&self, browser: &mut Browser) {
        let page = browser.open(&self.server.url("plain.localhost", "/")).unwrap();
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.text.contains("outcome: NONE"), "{page:?}");
        self.logged("plain.localhost", "GET", "/");

        let page = browser.open(&self.server.url("plain.localhost", "/verified")).unwrap();
        assert_eq!(page.status, 403, "{page:?}");
        browser.picture(&format!("refused-{}", &self.http[5..6]));
        let page = browser.open(&self.server.url("plain.localhost", "/login-or-certificate")).unwrap();
        assert_eq!(page.text.trim(), "log-in page");
    }

    fn with_a_certificate(&self, browser: &mut Browser) {
        for place in ["/", "/certificate", "/verified", "/user"] {
            let page = browser.open(&self.server.url("open.localhost", place)).unwrap();
            assert_eq!(page.status, 200, "{page:?}");
            assert!(page.text.contains("outcome: SUCCESS"), "{page:?}");
            assert!(page.text.contains("user: alice"), "{page:?}");
            self.logged("open.localhost", "GET", place);
        }
        browser.picture(&format!("verified-{}", &self.http[5..6]));
        let page = browser.open(&self.server.url("open.localhost", "/login-or-certificate")).unwrap();
        assert!(page.text.contains("user: alice"), "{page:?}");
    }

    /// Over HTTP/1.1 requests at once take several connections, of which some resume a session: every one has the
    /// identity.
    fn requests_at_once(&self, browser: &mut Browser) {
        browser.open(&self.server.url("open.localhost", "/")).unwrap();
        let pages = browser
            .run(
                "const one = () => fetch('/verified', { cache: 'no-store' }).then(answer => answer.text());
                 return (await Promise.all([one(), one(), one(), one()])).join('');",
            )
            .unwrap();
        assert_eq!(pages.as_str().unwrap().matches("user: alice").count(), 4, "{pages}");
    }

    /// The preflight opens a connection without a certificate, by specification; the request itself must have one.
    fn put_across_origins(&self, browser: &mut Browser, host: &str) {
        browser.open(&self.server.url("plain.localhost", "/")).unwrap();
        let url = self.server.url(host, "/verified");
        let answer = browser
            .run(&format!(
                "const answer = await fetch('{url}', {{ method: 'PUT', credentials: 'include', body: 'text',
                                                        headers: {{ 'Content-Type': 'application/json' }} }});
                 return {{ status: answer.status, text: await answer.text() }};"
            ))
            .unwrap_or_else(|error| panic!("the PUT to {host}: {error}"));
        assert_eq!(answer["status"], 200, "{answer}");
        assert!(answer["text"].as_str().unwrap().contains("subject: CN=alice"), "{answer}");

        let asked = self.logged(host, "OPTIONS", "/verified");
        assert_eq!(asked.audit["action"], "preflight", "{}", asked.audit);
        assert_eq!(asked.audit["outcome"], "NONE", "{}", asked.audit);
        let sent = self.logged(host, "PUT", "/verified");
        assert_eq!(sent.audit["action"], "allow", "{}", sent.audit);
        assert_ne!(asked.connection, sent.connection, "the request took the preflight's connection");
        assert_eq!(sent.audit["server_name"], host, "{}", sent.audit);
    }

    fn late_and_back(&self, browser: &mut Browser) {
        let page = browser.open(&self.server.url("late.localhost", "/")).unwrap();
        assert!(page.text.contains("outcome: NONE"), "{page:?}");

        let page = browser.open(&self.server.url("late.localhost", "/verified?page=1")).unwrap();
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.url, self.server.url("late.localhost", "/verified?page=1"));
        assert!(page.text.contains("outcome: SUCCESS"), "{page:?}");
        assert!(page.text.contains("subject: CN=alice"), "{page:?}");
        browser.picture(&format!("late-{}", &self.http[5..6]));

        let asked = self.server.log().into_iter().find(|logged| is(logged, "late.localhost", "/verified")).unwrap();
        assert_eq!(asked.audit["action"], "ask_elsewhere", "{}", asked.audit);
        let vouched = self.logged("ask.localhost", "GET", "/verified");
        assert_eq!(vouched.audit["action"], "allow", "{}", vouched.audit);
    }

    /// The browser goes on presenting its certificate, which counts no more until the user logs in.
    fn log_out(&self, browser: &mut Browser) {
        browser.open(&self.server.url("open.localhost", "/verified")).unwrap();
        let page = browser.open(&self.server.url("open.localhost", "/log-out")).unwrap();
        assert_eq!(page.status, 403, "{page:?}");
        assert!(page.text.contains("logged out"), "{page:?}");
        browser.picture(&format!("logged-out-{}", &self.http[5..6]));
        let log_out = self.logged("open.localhost", "GET", "/log-out");
        let page = browser.open(&self.server.url("open.localhost", "/verified")).unwrap();
        assert_eq!(page.status, 403, "{page:?}");
        let after = self.logged("open.localhost", "GET", "/verified");
        assert_eq!(after.audit["cause"], "logged_out", "{}", after.audit);
        assert_ne!(log_out.connection, after.connection, "the connection outlived the log-out");

        let page = browser.open(&self.server.url("open.localhost", "/login-or-certificate")).unwrap();
        assert_eq!(page.text.trim(), "log-in page");
        let page = browser.open(&self.server.url("open.localhost", "/verified")).unwrap();
        assert!(page.text.contains("user: alice"), "{page:?}");
    }

    /// Not the browser's own page on a connection that failed, but the server's, with the reason in words.
    fn an_expired_certificate(&self, browser: &mut Browser) {
        let page = browser.open(&self.server.url("open.localhost", "/verified")).unwrap();
        assert_eq!(page.status, 403, "{page:?}");
        assert!(page.text.contains("expired"), "{page:?}");
        browser.picture(&format!("expired-{}", &self.http[5..6]));
        let refused = self.logged("open.localhost", "GET", "/verified");
        assert_eq!(refused.audit["action"], "forbid", "{}", refused.audit);
        assert_eq!(refused.audit["cause"], "certificate_expired", "{}", refused.audit);
    }

    /// The last request like this, which came over the version of HTTP that is meant.
    fn logged(&self, host: &str, method: &str, target: &str) -> Logged {
        let logged = self.server.logged(host, method, target);
        assert_eq!(logged.http, self.http, "{logged:?}");
        assert_eq!(logged.tls, "TLSv1.3", "{logged:?}");
        logged
    }
}

fn is(logged: &Logged, host: &str, path: &str) -> bool {
    logged.host == host && logged.target.split('?').next() == Some(path)
}
