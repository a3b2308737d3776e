//! nginx and HAProxy themselves, with curl before them and a server behind them that sees what they forward.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use clientcert::forwarded::proxy_protocol::{self, NAME};
use clientcert::forwarded::{Dialect, Forward, Peer, forward_headers};
use clientcert::verify::Code;
use clientcert::{Outcome, Verdict, Verifier};
use tempfile::TempDir;

use crate::client::{assert_absent, assert_is, assert_refused, base64, escaped, verifier_with};
use crate::support::port::free_port;
use crate::support::{Key, NOW, Template, extension, name, pem};

type Headers = Vec<(String, Vec<u8>)>;

/// A server that answers every request, and tells which headers it had.
struct Server {
    address: SocketAddr,
    seen: Receiver<Headers>,
}

impl Server {
    /// `with_header`: whether every connection begins with a PROXY protocol header.
    fn start(with_header: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, seen) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let mut headers = Headers::new();
                if with_header {
                    let mut bytes = vec![0; proxy_protocol::FIXED_LENGTH];
                    if stream.read_exact(&mut bytes).is_err() {
                        continue;
                    }
                    bytes.resize(proxy_protocol::length(&bytes).expect("a header"), 0);
                    stream.read_exact(&mut bytes[proxy_protocol::FIXED_LENGTH..]).unwrap();
                    headers.push((NAME.into(), bytes));
                }
                let mut text = Vec::new();
                while !text.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read_exact(&mut byte).is_err() {
                        break;
                    }
                    text.push(byte[0]);
                }
                for line in text.split(|byte| *byte == b'\n').skip(1) {
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if let Some(colon) = line.iter().position(|byte| *byte == b':') {
                        let name = String::from_utf8(line[..colon].to_vec()).unwrap();
                        headers.push((name, line[colon + 1..].to_vec()));
                    }
                }
                let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                // Health of the test, not of a client: nobody asked anything.
                if !text.is_empty() && send.send(headers).is_err() {
                    return;
                }
            }
        });
        Self { address, seen }
    }
}

/// A process that ends with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Proxy {
    fn start(program: &str, arguments: &[&str], log: &Path, ports: &[u16]) -> Self {
        let program =
            [format!("/usr/sbin/{program}"), program.to_owned()].into_iter().find(|path| Path::new(path).exists());
        let output = fs::File::create(log).unwrap();
        let mut command = Command::new(program.unwrap_or_else(|| panic!("scripts/setup test installs it")));
        let child =
            command.args(arguments).stdout(output.try_clone().unwrap()).stderr(output).stdin(Stdio::null()).spawn();
        let proxy = Self(child.unwrap());
        for port in ports {
            let ready = (0..200).any(|_| {
                thread::sleep(Duration::from_millis(50));
                TcpStream::connect(("127.0.0.1", *port)).is_ok()
            });
            assert!(ready, "nobody listens on {port}: {}", fs::read_to_string(log).unwrap_or_default());
        }
        proxy
    }
}

struct Certificates {
    folder: TempDir,
    bob: Vec<u8>,
    stranger: Vec<u8>,
    verifier: Verifier,
}

/// Certificates and keys as files: `server`, `bob` and `stranger`, each with its key, and `ca.pem`.
fn certificates() -> Certificates {
    let folder = tempfile::tempdir().unwrap();
    let (root, other) = (Key::ed25519(0), Key::ed25519(3));
    let (server, client) = (Key::p256(7), Key::p256(8));
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let bob = Template::client("Root", "bob", client).sign(&root);
    let stranger = Template::client("Nobody", "mallory", client).sign(&other);
    let certificate = Template::client("Root", "localhost", server)
        .with(extension::extended_key_usage(&[extension::SERVER_AUTH]))
        .with(extension::subject_alt_name(&[name::dns("localhost")]))
        .sign(&root);
    write("server.pem", pem(&certificate) + &server.secret_pem());
    write("bob.pem", pem(&bob) + &client.secret_pem());
    write("stranger.pem", pem(&stranger) + &client.secret_pem());
    write("ca.pem", pem(&crate::client::CLIENT.root));
    Certificates { folder, bob, stranger, verifier: verifier_with(&[("trusted_proxies", "127.0.0.1")]) }
}

impl Certificates {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn ask(&self, port: u16, client: Option<&str>, headers: &[String], server: &Server) -> Headers {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--insecure", "--max-time", "10", "--noproxy", "*"]);
        if let Some(client) = client {
            curl.args(["--cert", &self.path(client)]);
        }
        for header in headers {
            curl.args(["--header", header]);
        }
        let answer =
            curl.arg(format!("https://localhost:{port}/")).arg("--connect-to").arg("::127.0.0.1:").output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        server.seen.recv_timeout(Duration::from_secs(10)).expect("a request")
    }

    fn judge(&self, dialect: Dialect, headers: &Headers) -> Arc<Verdict> {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), &**value));
        self.verifier.verify_forwarded(dialect, &Peer::parse("127.0.0.1"), headers, NOW)
    }
}

/// Whether a proxy sent everything that we would write for the same client, byte for byte.
#[track_caller]
fn assert_writes_the_same(verdict: &Verdict, dialect: Dialect, sent: &Headers) {
    for (name, value) in forward_headers(verdict, dialect, &Forward::default()).unwrap() {
        let sent =
            sent.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| value.trim_ascii());
        assert_eq!(sent.map(<[u8]>::escape_ascii).map(|text| text.to_string()), Some(value.escape_ascii().to_string()));
    }
}

#[test]
fn nginx() {
    let all = certificates();
    let (server, port) = (Server::start(false), free_port());
    let folder = all.path("");
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{ }}
         http {{
             access_log off;
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
             uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
             server {{
                 listen 127.0.0.1:{port} ssl;
                 ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
                 ssl_client_certificate {folder}/ca.pem; ssl_verify_client optional_no_ca;
                 location / {{
                     proxy_pass http://{};
                     proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
                     proxy_set_header X-SSL-Client-Verify $ssl_client_verify;
                 }}
             }}
         }}",
        server.address
    );
    fs::write(all.path("nginx.conf"), config).unwrap();
    let arguments = ["-e", "stderr", "-p", &folder, "-c", &all.path("nginx.conf")];
    let _nginx = Proxy::start("nginx", &arguments, &all.folder.path().join("log"), &[port]);

    let sent = all.ask(port, Some("bob.pem"), &[], &server);
    let verdict = all.judge(Dialect::Nginx, &sent);
    assert_is(&verdict, &all.bob);
    assert_writes_the_same(&verdict, Dialect::Nginx, &sent);

    let verdict = all.judge(Dialect::Nginx, &all.ask(port, Some("stranger.pem"), &[], &server));
    assert_refused(&verdict, Code::LeafIssuerUnknown);
    assert_eq!(verdict.certificate_der(0), Some(&*all.stranger));

    let sent = all.ask(port, None, &[], &server);
    assert_absent(&all.judge(Dialect::Nginx, &sent));

    // It overwrites what a client sends, and drops names with `_`.
    let forged = ["X-SSL-Client-Cert", "X_SSL_Client_Cert"].map(|name| format!("{name}: {}", escaped(&[&all.bob])));
    let verdict = all.judge(Dialect::Nginx, &all.ask(port, None, &forged, &server));
    assert_eq!(verdict.outcome(), Outcome::None);
    let verdict = all.judge(Dialect::Nginx, &all.ask(port, Some("stranger.pem"), &forged, &server));
    assert_refused(&verdict, Code::LeafIssuerUnknown);
}

#[test]
fn haproxy() {
    let all = certificates();
    let (server, behind_tcp) = (Server::start(false), Server::start(true));
    let (port, tcp_port) = (free_port(), free_port());
    let tls = format!(
        "ssl crt {} ca-file {} verify optional crt-ignore-err all ca-ignore-err all",
        all.path("server.pem"),
        all.path("ca.pem")
    );
    let config = format!(
        "defaults\n timeout connect 5s\n timeout client 10s\n timeout server 10s\n\
         frontend http\n mode http\n bind 127.0.0.1:{port} {tls}\n\
         \x20http-request set-header X-SSL-Client-Verify %[ssl_c_verify]\n\
         \x20http-request set-header X-SSL-Client-DN %{{+Q}}[ssl_c_s_dn]\n\
         \x20http-request set-header X-SSL-Client-SHA1 %{{+Q}}[ssl_c_sha1,hex]\n\
         \x20http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64]\n\
         \x20default_backend http\n\
         backend http\n mode http\n server one {}\n\
         frontend tcp\n mode tcp\n bind 127.0.0.1:{tcp_port} {tls}\n default_backend tcp\n\
         backend tcp\n mode tcp\n server one {} send-proxy-v2-ssl-cn\n",
        server.address, behind_tcp.address
    );
    fs::write(all.path("haproxy.cfg"), config).unwrap();
    let arguments = ["-db", "-f", &all.path("haproxy.cfg")];
    let _haproxy = Proxy::start("haproxy", &arguments, &all.folder.path().join("log"), &[port, tcp_port]);

    let sent = all.ask(port, Some("bob.pem"), &[], &server);
    let verdict = all.judge(Dialect::Haproxy, &sent);
    assert_is(&verdict, &all.bob);
    assert_writes_the_same(&verdict, Dialect::Haproxy, &sent);

    let verdict = all.judge(Dialect::Haproxy, &all.ask(port, Some("stranger.pem"), &[], &server));
    assert_refused(&verdict, Code::LeafIssuerUnknown);
    assert_absent(&all.judge(Dialect::Haproxy, &all.ask(port, None, &[], &server)));

    // It overwrites the name that it is told, and lets the one with `_` through: then there are two.
    let forged = [format!("X-SSL-Client-Cert: {}", base64(&all.bob))];
    assert_absent(&all.judge(Dialect::Haproxy, &all.ask(port, None, &forged, &server)));
    let forged = [format!("X_SSL_Client_Cert: {}", base64(&all.bob))];
    for client in [None, Some("stranger.pem")] {
        let verdict = all.judge(Dialect::Haproxy, &all.ask(port, client, &forged, &server));
        assert_refused(&verdict, Code::ForwardedMalformed);
    }

    // This version sends no certificate in the PROXY protocol, and a name is no proof.
    let sent = all.ask(tcp_port, Some("bob.pem"), &[], &behind_tcp);
    let header = proxy_protocol::Header::parse(&sent[0].1).unwrap();
    assert!(header.addresses.is_some_and(|(source, _)| source.ip().is_loopback()));
    let tls = header.tls.unwrap();
    assert!(tls.presented && tls.common_name == Some(b"bob"), "{tls:?}");
    match tls.certificate {
        None => assert_refused(&all.judge(Dialect::ProxyProtocol, &sent), Code::ForwardedIncomplete),
        Some(_) => assert_is(&all.judge(Dialect::ProxyProtocol, &sent), &all.bob),
    }
    let sent = all.ask(tcp_port, None, &[], &behind_tcp);
    assert_absent(&all.judge(Dialect::ProxyProtocol, &sent));
}
