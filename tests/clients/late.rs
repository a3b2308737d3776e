//! Certificates that are asked for after the handshake, of clients that can be asked, that cannot, and that do not
//! answer.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::library::run;
use crate::pki::Pki;
use crate::server::{Logged, Server, Start};

const DEFERRED: &str = "mode = \"deferred\"\nca = [\"{pki}/ca.pem\"]\n";

/// A server that asks late, and gives its clients `patience` seconds.
fn server(arguments: &[&str], options: &str) -> Server {
    Server::start(&Start { arguments, hosts: &[("late.localhost", options)], ..Start::default() })
}

/// What was decided, in order, and why the last time.
fn assert_decided(server: &Server, actions: &[&str], cause: Option<&str>) {
    let decided = |log: &[Logged]| {
        let actions: Vec<String> = log.iter().map(|logged| logged.action().to_owned()).collect();
        (actions, log.last().and_then(|logged| logged.audit["cause"].as_str().map(str::to_owned)))
    };
    let expected = (actions.iter().map(|&action| action.to_owned()).collect(), cause.map(str::to_owned));
    server.wait_for(|log| (decided(log) == expected).then_some(()));
    assert_eq!(decided(&server.log()), expected);
}

/// curl's last response to `/verified`: the page, then version and status.
fn curl(server: &Server, arguments: &[&str]) -> String {
    let output = run(Command::new("curl")
        .args(["--silent", "--show-error", "--location", "--noproxy", "*", "--max-time", "60", "--cacert"])
        .arg(Pki::get().file("ca.pem"))
        .args(["--resolve", &format!("late.localhost:{}:127.0.0.1", server.port)])
        .args(["--write-out", "\nHTTP/%{http_version} %{http_code}"])
        .args(arguments)
        .arg(server.url("late.localhost", "/verified")));
    String::from_utf8(output.stdout).unwrap()
}

/// What `openssl s_client` prints of the responses to so many requests of one connection, the last of which closes it.
fn s_client(server: &Server, arguments: &[&str], requests: u64) -> String {
    let request = |number| {
        let last = if number == requests { "Connection: close\r\n" } else { "" };
        format!("GET /verified HTTP/1.1\r\nHost: late.localhost\r\n{last}\r\n").into_bytes()
    };
    let texts: Vec<Vec<u8>> = (1..=requests).map(request).collect();
    s_client_sends(server, arguments, &texts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The same for any bytes: each is sent when the server has answered what was sent before it.
fn s_client_sends(server: &Server, arguments: &[&str], texts: &[&[u8]]) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-servername", "late.localhost", "-CAfile"])
        .arg(Pki::get().file("ca.pem"))
        .args(["-connect", &format!("127.0.0.1:{}", server.port)])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for (text, number) in texts.iter().zip(1..) {
        stdin.write_all(text).unwrap();
        if number < texts.len() as u64 {
            server.wait_for_answer(number);
        }
    }
    let mut answers = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answers).unwrap();
    child.wait().unwrap();
    answers
}

/// What a client in Python gets for its requests, all over TLS 1.3 and one connection; it reads nothing for `pause`
/// seconds. `setting` is of its SSLContext.
fn python(server: &Server, setting: &str, requests: usize, pause: u64) -> String {
    const CLIENT: &str = "
import socket, ssl, sys, time
requests = REQUESTS
port, ca, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(certificate)
SETTING
connection = context.wrap_socket(socket.create_connection(('127.0.0.1', port), 60), server_hostname='late.localhost')
for request in range(requests):
    connection.sendall(b'GET /verified HTTP/1.1\\r\\nHost: late.localhost\\r\\n\\r\\n')
    time.sleep(PAUSE)
    answer, length = b'', 0
    while b'\\r\\n\\r\\n' not in answer or len(answer.split(b'\\r\\n\\r\\n', 1)[1]) < length:
        more = connection.recv(4096)
        if not more:
            sys.exit(print(answer.decode()))
        answer += more
        length = int(answer.split(b'Content-Length: ')[1].split(b'\\r')[0]) if b'\\r\\n\\r\\n' in answer else 0
    print(answer.decode())
";
    let program = CLIENT
        .replace("SETTING", setting)
        .replace("REQUESTS", &requests.to_string())
        .replace("PAUSE", &pause.to_string());
    let output = run(Command::new("python3")
        .args(["-c", &program, &server.port.to_string()])
        .arg(Pki::get().file("ca.pem"))
        .arg(Pki::get().file("alice.pem")));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openssl_answers_after_the_handshake_of_tls_1_3() {
    let server = server(&[], DEFERRED);
    let alice = Pki::get().file("alice.pem").display().to_string();
    let answers = s_client(&server, &["-enable_pha", "-tls1_3", "-cert", &alice, "-key", &alice], 2);
    assert!(answers.starts_with("HTTP/1.1 307 "), "{answers}");
    assert!(answers.contains("Location: /verified\r\n"), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
    assert!(answers.contains("subject: CN=alice\n"), "{answers}");
    assert_decided(&server, &["ask_post_handshake", "resend", "allow"], None);
}

#[test]
fn a_certificate_of_another_ca_is_no_answer() {
    let mallory = Pki::get().file("mallory.pem").display().to_string();
    for (version, ask) in [("-tls1_3", "ask_post_handshake"), ("-tls1_2", "ask_renegotiate")] {
        let server = server(&[], DEFERRED);
        let answers = s_client(&server, &["-enable_pha", version, "-cert", &mallory, "-key", &mallory], 1);
        assert!(answers.starts_with("HTTP/1.1 403 Forbidden"), "{answers}");
        assert!(answers.contains("Connection: close"), "{answers}");
        assert_decided(&server, &[ask, "forbid"], Some("leaf_issuer_unknown"));
    }
}

#[test]
fn who_declines_is_not_asked_twice() {
    for (version, ask) in [("-tls1_3", "ask_post_handshake"), ("-tls1_2", "ask_renegotiate")] {
        let server = server(&[], DEFERRED);
        let answers = s_client(&server, &["-enable_pha", version], 2);
        assert_eq!(answers.matches("HTTP/1.1 403 Forbidden").count(), 2, "{answers}");
        assert_decided(&server, &[ask, "forbid", "forbid"], Some("late_declined"));
    }
}

#[test]
fn who_never_offered_it_is_not_asked() {
    let server = server(&[], DEFERRED);
    let alice = Pki::get().file("alice.pem").display().to_string();
    let answers = s_client(&server, &["-tls1_3", "-cert", &alice, "-key", &alice], 1);
    assert!(answers.starts_with("HTTP/1.1 403 Forbidden"), "{answers}");
    assert_decided(&server, &["forbid"], Some("late_certificate_impossible"));

    let answers = python(&server, "", 1, 0);
    assert!(answers.starts_with("HTTP/1.1 403 Forbidden"), "{answers}");
    assert_decided(&server, &["forbid", "forbid"], Some("late_certificate_impossible"));
}

#[test]
fn who_never_offered_it_is_sent_to_a_host_that_asks_at_once() {
    let server =
        server(&[], &format!("{DEFERRED}certificate_host = \"ask.localhost:8443\"\nsession_key = [\"{{key}}\"]\n"));
    let answers = s_client(&server, &["-tls1_3"], 1);
    assert!(answers.starts_with("HTTP/1.1 30"), "{answers}");
    assert!(answers.contains("\r\nLocation: https://ask.localhost:8443"), "{answers}");
    assert_decided(&server, &["ask_elsewhere"], Some("late_certificate_impossible"));
}

#[test]
fn python_answers_after_the_handshake() {
    let server = server(&[], DEFERRED);
    let answers = python(&server, "context.post_handshake_auth = True", 2, 0);
    assert!(answers.starts_with("HTTP/1.1 307 "), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
    assert!(answers.contains("subject: CN=alice\n"), "{answers}");
    assert_decided(&server, &["ask_post_handshake", "resend", "allow"], None);
}

#[test]
fn patience_ends() {
    let server = server(&["--patience", "2"], DEFERRED);
    let answers = python(&server, "context.post_handshake_auth = True", 1, 5);
    assert!(answers.starts_with("HTTP/1.1 408 Request Timeout"), "{answers}");
    assert_decided(&server, &["ask_post_handshake", "timed_out"], Some("late_timed_out"));
}

#[test]
fn curl_answers_in_every_version() {
    let alice = Pki::get().file("alice.pem").display().to_string();
    for (tls, ask) in [("1.3", "ask_post_handshake"), ("1.2", "ask_renegotiate")] {
        for (http, before) in [("--http1.1", None), ("--http2", Some("use_http_1_1"))] {
            for body in [&[][..], &["--data", "a small body"]] {
                let server = server(&[], DEFERRED);
                let answer = curl(&server, &[&[http, "--tls-max", tls, "--cert", &alice], body].concat());
                assert!(answer.contains("subject: CN=alice\n"), "{answer}");
                assert!(answer.ends_with("\nHTTP/1.1 200"), "{answer}");
                let expected: Vec<&str> = before.into_iter().chain([ask, "resend", "allow"]).collect();
                assert_decided(&server, &expected, None);
            }
        }
    }
}

#[test]
fn a_request_may_be_attributed_to_the_certificate_that_came_after_it() {
    let server = server(&[], &format!("{DEFERRED}late_request = \"attribute\"\n"));
    let alice = Pki::get().file("alice.pem").display().to_string();
    let answer = curl(&server, &["--http1.1", "--tls-max", "1.2", "--cert", &alice, "--data", "a small body"]);
    assert!(answer.contains("method: POST\n"), "{answer}");
    assert!(answer.ends_with("\nHTTP/1.1 200"), "{answer}");
    assert_decided(&server, &["ask_renegotiate", "allow"], None);
}

#[test]
fn a_long_body_is_not_kept() {
    let server = server(&[], &format!("{DEFERRED}late_body_limit = 1000\n"));
    let alice = Pki::get().file("alice.pem").display().to_string();
    for tls in ["1.3", "1.2"] {
        let body = "x".repeat(1001);
        let answer = curl(&server, &["--http1.1", "--tls-max", tls, "--cert", &alice, "--data", &body]);
        assert!(answer.ends_with("\nHTTP/1.1 413"), "{answer}");
        let answer = curl(&server, &["--http1.1", "--tls-max", tls, "--cert", &alice, "--data", &body[1..]]);
        assert!(answer.ends_with("\nHTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn renegotiation_that_is_off_is_not_tried() {
    let server = server(&[], &format!("{DEFERRED}renegotiation = \"off\"\n"));
    let alice = Pki::get().file("alice.pem").display().to_string();
    let answer = curl(&server, &["--http1.1", "--tls-max", "1.2", "--cert", &alice]);
    assert!(answer.ends_with("\nHTTP/1.1 403"), "{answer}");
    assert_decided(&server, &["forbid"], Some("late_certificate_impossible"));
}

#[test]
fn who_sends_the_next_request_before_the_answer_is_not_asked_in_between() {
    let alice = Pki::get().file("alice.pem").display().to_string();
    for version in ["-tls1_3", "-tls1_2"] {
        let server = server(&[], DEFERRED);
        let request = "GET /verified HTTP/1.1\r\nHost: late.localhost\r\n\r\n".repeat(2);
        let arguments = ["-enable_pha", version, "-cert", &alice, "-key", &alice];
        let answers = s_client_sends(&server, &arguments, &[request.as_bytes()]);
        assert!(answers.starts_with("HTTP/1.1 408 "), "{answers}");
        assert!(!answers.contains("CN=alice"), "{answers}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_and_the_server_lives() {
    let server = server(&[], DEFERRED);
    let answers = s_client_sends(&server, &["-tls1_3"], &[b"GET /\xff HTTP/1.1\r\nHost: late.localhost\r\n\r\n"]);
    assert!(answers.starts_with("HTTP/1.1 400 "), "{answers}");
    let answers = s_client_sends(&server, &["-tls1_3"], &[b"G\nT / HTTP/1.1\r\nHost: late.localhost\r\n\r\n"]);
    assert!(answers.starts_with("HTTP/1.1 400 "), "{answers}");
    let request = b"GET / HTTP/1.1\r\nHost: late.localhost\r\nOrigin: \xff\r\nConnection: close\r\n\r\n";
    let answers = s_client_sends(&server, &["-tls1_3"], &[request]);
    assert!(answers.starts_with("HTTP/1.1 403 "), "{answers}");
    assert!(curl(&server, &["--http1.1"]).ends_with("\nHTTP/1.1 403"));
}
