//! Verifiers of every configuration, and verdicts of every kind by them.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use clientcert::request::{HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement};
use clientcert::{Config, Verdict, Verifier};
use tempfile::TempDir;

use crate::cell::{Cell, Field};
use crate::support::crl::{List, Revoked};
use crate::support::{Key, NOW, Template, crl, pem};

/// A site: the verifier of a host, those of others, and what their clients got.
pub struct World {
    pub verifier: Verifier,
    verdicts: HashMap<(&'static str, &'static str), Arc<Verdict>>,
    /// What `Decision::identity` says of the client with this verdict.
    identities: HashMap<&'static str, String>,
    _folder: TempDir,
}

/// The options of a verifier, as a configuration names them.
pub type Options = Vec<(&'static str, String)>;

pub const HOST: &str = "shop.example.com";
pub const ASKING_HOST: &str = "login.example.com";
pub const LOGIN_PAGE: &str = "https://accounts.example.com/login";
/// The default of `late_body_limit`.
const BODY_LIMIT: u64 = 131_072;

const OPTION_FIELDS: [Field; 8] = [
    Field::Mode,
    Field::Enforcement,
    Field::Preflight,
    Field::Challenge,
    Field::CertificateHost,
    Field::Renegotiation,
    Field::LateRequest,
    Field::Authority,
];

impl World {
    /// What tells the configurations of two cells apart.
    pub fn key(cell: &Cell) -> [u8; OPTION_FIELDS.len()] {
        OPTION_FIELDS.map(|field| cell.number(field))
    }

    pub fn new(cell: &Cell) -> Self {
        let folder = TempDir::new().expect("a folder");
        let certificates = Certificates::get();
        let write = |name: &str, contents: &str| {
            let path = folder.path().join(name);
            fs::write(&path, contents).expect("a file");
            path.to_string_lossy().into_owned()
        };
        let write_ca = |authorities: &[&Vec<u8>]| {
            write("ca.pem", &authorities.iter().map(|authority| pem(authority)).collect::<String>())
        };
        let write_crl =
            |lists: &[&Vec<u8>]| write("crl.pem", &lists.iter().map(|list| crl::pem(list)).collect::<String>());
        let mut options = options(cell);
        options.push(("ca", write_ca(&[&certificates.root, &certificates.second_root])));
        options.push(("crl", write_crl(&[&certificates.crl_before, &certificates.second_crl])));
        let verifier = verifier(&options);
        let mut verdicts = HashMap::new();
        let mut judge = |by: &Verifier, made_by: &'static str| {
            for verdict in Field::Verdict.values() {
                let at = if *verdict == "expired_since" { NOW - 7_200 } else { NOW - 60 };
                verdicts.insert((*verdict, made_by), by.verify_at(certificates.presented(verdict), at));
            }
        };
        judge(&verifier, "earlier");

        write_ca(&[&certificates.root]);
        write_crl(&[&certificates.crl_before]);
        judge(&self::verifier(&options), "sibling");
        let mut other = options.clone();
        other.push(("depth", "3".to_owned()));
        if cell.is(Field::Mode, "off") {
            other.push(("mode", "optional".to_owned()));
        }
        judge(&self::verifier(&other), "other");

        write_crl(&[&certificates.crl_now]);
        verifier.reload().expect("good files");
        judge(&verifier, "this");

        let identity = |verdict: &'static str| {
            let request = Request { requirement: Requirement::None, ..Request::default() };
            let decision = verifier.decide(&verdicts[&(verdict, "this")], &request, NOW);
            (verdict, decision.identity().to_owned())
        };
        let identities = Field::Verdict.values().iter().copied().map(identity).collect();
        Self { verifier, verdicts, identities, _folder: folder }
    }

    pub fn verdict(&self, cell: &Cell) -> &Arc<Verdict> {
        &self.verdicts[&(cell.get(Field::Verdict), cell.get(Field::MadeBy))]
    }

    /// What the verifier of the request says of the same client now.
    pub fn judged_now(&self, cell: &Cell) -> Arc<Verdict> {
        self.verifier.verify_at(Certificates::get().presented(cell.get(Field::Verdict)), NOW)
    }

    pub fn request(&self, cell: &Cell) -> Request<'_> {
        let yes = |field: Field| cell.is(field, "yes");
        let (server_name, authority, virtual_host) = names(cell);
        let (method, origin, asked_method) = match cell.get(Field::Request) {
            "get" => ("GET", None, None),
            "post" => ("POST", None, None),
            "options" => ("OPTIONS", Some(ORIGIN), None),
            "preflight" => ("OPTIONS", Some(ORIGIN), Some("PUT")),
            _ => ("OPTIONS", Some("https://evil.example.net"), Some("PUT")),
        };
        let (maximum_age, handshake_time) = age(cell);
        Request {
            requirement: match cell.get(Field::Requirement) {
                "none" => Requirement::None,
                "certificate" => Requirement::Certificate,
                "verified" => Requirement::Verified,
                _ => Requirement::User,
            },
            users: users(cell),
            minimum_strength: match cell.get(Field::Strength) {
                "any" => MinimumStrength::Any,
                _ => MinimumStrength::Strong,
            },
            maximum_age,
            tls: tls(cell),
            http: match cell.get(Field::Http) {
                "1.0" => HttpVersion::Http1_0,
                "1.1" => HttpVersion::Http1_1,
                "2" => HttpVersion::Http2,
                "3" => HttpVersion::Http3,
                _ => HttpVersion::Unknown,
            },
            handshake_open: cell.is(Field::Handshake, "open"),
            handshake_time,
            offers_post_handshake_auth: cell.is(Field::PostHandshake, "offered"),
            secure_renegotiation: yes(Field::Renegotiable),
            late: match cell.get(Field::Late) {
                "not_asked" => Late::NotAsked,
                "answered" => Late::Answered,
                "declined" => Late::Declined,
                _ => Late::TimedOut,
            },
            arrived_before_certificate: cell.is(Field::Arrived, "before"),
            identity_before: self.identity_before(cell),
            resumed: yes(Field::Resumed),
            reused: yes(Field::Reused),
            answered_421: yes(Field::Answered421),
            preflight_opened: cell.is(Field::OpenedBy, "preflight"),
            early_data: yes(Field::EarlyData),
            method,
            origin,
            access_control_request_method: asked_method,
            access_control_request_headers: asked_method.map(|_| "content-type"),
            server_name,
            authority,
            virtual_host,
            nonce: None,
            target: cell.is(Field::Target, "path").then_some(TARGET),
            other_login: match cell.get(Field::OtherLogin) {
                "none" => None,
                "redirect" => Some(OtherLogin::Redirect(LOGIN_PAGE)),
                _ => Some(OtherLogin::Challenge(CHALLENGES[0])),
            },
            challenges: if cell.is(Field::Challenges, "own") { CHALLENGES } else { &[] },
            body_read: body(cell),
            log_out: yes(Field::LogOut),
            logged_out: yes(Field::LoggedOut),
        }
    }

    fn identity_before(&self, cell: &Cell) -> Option<&str> {
        let verdict = cell.get(Field::Verdict);
        match cell.get(Field::IdentityBefore) {
            "first" => None,
            "same" => Some(&self.identities[verdict]),
            _ => Some(&self.identities[if verdict == "strong" { "weak" } else { "strong" }]),
        }
    }
}

pub const ORIGIN: &str = "https://app.example.com";
pub const TARGET: &str = "/orders?page=2";
pub const CHALLENGES: &[&str] = &["Basic realm=\"shop\""];

/// The options of the configuration, without what it trusts.
pub fn options(cell: &Cell) -> Options {
    let option = |field: Field| (field.name(), cell.get(field).to_owned());
    let strong = |serial: u8| format!("serial+issuer equals=\"{serial:02X},CN=Corp CA\" user=alice");
    let mut options = vec![
        option(Field::Mode),
        option(Field::Enforcement),
        ("identity", strong(ALICE)),
        ("identity", strong(FRANK)),
        ("identity", "subject.cn equals=bob user=bob".to_owned()),
        ("identity_required", "false".to_owned()),
        option(Field::Preflight),
        ("preflight_origin", ORIGIN.to_owned()),
        option(Field::Renegotiation),
        option(Field::LateRequest),
        option(Field::Authority),
        ("cache_size", "64".to_owned()),
    ];
    match cell.get(Field::Challenge) {
        "none" => {}
        "both" => options.push(("challenge", "transport,client_certificate".to_owned())),
        _ => options.push(option(Field::Challenge)),
    }
    match cell.get(Field::CertificateHost) {
        "none" => {}
        "this" => options.push(("certificate_host", HOST.to_owned())),
        _ => options.push(("certificate_host", ASKING_HOST.to_owned())),
    }
    options
}

fn verifier(options: &Options) -> Verifier {
    let mut config = Config::new();
    for (name, value) in options {
        config.set(name, value).unwrap_or_else(|error| panic!("{name} = {value}: {error}"));
    }
    Verifier::new(&config).unwrap_or_else(|error| panic!("{options:?}: {error}"))
}

pub fn users(cell: &Cell) -> &'static [&'static str] {
    match cell.get(Field::Users) {
        "any" => &[],
        "listed" => &["mallory", "alice", "bob"],
        _ => &["mallory"],
    }
}

/// SNI, authority, and the name of the virtual host.
pub fn names(cell: &Cell) -> (Option<&'static str>, Option<&'static str>, Option<&'static str>) {
    match cell.get(Field::Names) {
        "same" => (Some(HOST), Some(HOST), Some(HOST)),
        "spelled" => (Some(HOST), Some("SHOP.Example.com.:443"), Some(HOST)),
        "wildcard" => (Some("a.example.com"), Some("b.example.com"), Some("*.example.com")),
        "too_deep" => (Some("a.example.com"), Some("b.c.example.com"), Some("*.example.com")),
        "apart" => (Some(HOST), Some("mail.example.org"), Some("mail.example.org")),
        "no_sni" => (None, Some(HOST), Some(HOST)),
        "no_authority" => (Some(HOST), None, Some(HOST)),
        _ => (Some(HOST), Some("shop.example.com/@evil.example.net"), Some(HOST)),
    }
}

/// The greatest age, and when the handshake was.
pub fn age(cell: &Cell) -> (Option<u32>, Option<i64>) {
    match cell.get(Field::Age) {
        "unlimited" => (None, Some(NOW - 1_000_000)),
        "young" => (Some(60), Some(NOW - 60)),
        "old" => (Some(60), Some(NOW - 61)),
        _ => (Some(60), None),
    }
}

pub fn tls(cell: &Cell) -> u16 {
    match cell.get(Field::Tls) {
        "1.0" => 0x0301,
        "1.2" => 0x0303,
        "1.3" => 0x0304,
        "newer" => 0x0305,
        _ => 0,
    }
}

pub fn body(cell: &Cell) -> u64 {
    match cell.get(Field::Body) {
        "small" => 0,
        "limit" => BODY_LIMIT,
        _ => BODY_LIMIT + 1,
    }
}

const ALICE: u8 = 0x11;
const BOB: u8 = 0x12;
const CAROL: u8 = 0x13;
const DAVE: u8 = 0x14;
const FRANK: u8 = 0x15;
const OTHERS: u8 = 0x16;

/// Everything that is signed, once for all worlds.
pub struct Certificates {
    pub root: Vec<u8>,
    second_root: Vec<u8>,
    /// Lists the one that is restored later.
    crl_before: Vec<u8>,
    /// Lists the one that is revoked later.
    pub crl_now: Vec<u8>,
    second_crl: Vec<u8>,
    /// What clients present, by the name of the verdict.
    presented: HashMap<&'static str, Vec<u8>>,
}

impl Certificates {
    pub fn get() -> &'static Self {
        static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
        CERTIFICATES.get_or_init(Self::new)
    }

    /// What the client with this verdict presents.
    pub fn presented(&self, verdict: &str) -> &[u8] {
        &self.presented[verdict]
    }

    fn new() -> Self {
        const CA: &str = "Corp CA";
        const SECOND: &str = "Second CA";
        let (root, second, stranger, leaf) = (Key::ed25519(1), Key::ed25519(2), Key::ed25519(3), Key::ed25519(4));
        let client = |issuer: &str, subject: &str, serial: u8| Template {
            serial: vec![serial],
            ..Template::client(issuer, subject, &leaf)
        };
        let of_corp = |subject: &str, serial: u8| client(CA, subject, serial).sign(&root);
        // An hour before now.
        let soon = ("200101000000Z", "260531230000Z");
        let presented = HashMap::from([
            ("none", Vec::new()),
            ("strong", of_corp("alice", ALICE)),
            ("weak", of_corp("bob", BOB)),
            ("nameless", of_corp("carol", CAROL)),
            ("tolerated", client("Stranger CA", "alice", OTHERS).sign(&stranger)),
            ("refused", client(CA, "alice", OTHERS).valid("200101000000Z", "210101000000Z").sign(&root)),
            ("malformed", b"these are no certificates".to_vec()),
            // More than `max_chain_bytes`, so that nothing of it is kept.
            ("too_large", vec![0x30; 65_537]),
            ("expired_since", client(CA, "bob", OTHERS).valid(soon.0, soon.1).sign(&root)),
            ("revoked_since", of_corp("bob", DAVE)),
            ("untrusted_since", client(SECOND, "bob", OTHERS).sign(&second)),
            ("restored", of_corp("frank", FRANK)),
        ]);
        Self {
            root: Template::authority(CA, CA, &root).sign(&root),
            second_root: Template::authority(SECOND, SECOND, &second).sign(&second),
            crl_before: List::new(CA).revoke(Revoked::new(&[FRANK])).sign(&root),
            crl_now: List::new(CA).revoke(Revoked::new(&[DAVE])).sign(&root),
            second_crl: List::new(SECOND).sign(&second),
            presented,
        }
    }
}

#[test]
fn the_verdicts_are_what_their_names_say() {
    use clientcert::Outcome::{Failed, None, Success};
    let cell = Cell::DEFAULT.with("mode=optional_no_ca");
    let world = World::new(&cell);
    for (verdict, made_by, outcome, accepted) in [
        ("none", "this", None, true),
        ("strong", "this", Success, true),
        ("weak", "this", Success, true),
        ("nameless", "this", Success, true),
        ("tolerated", "this", Failed, true),
        ("refused", "this", Failed, false),
        ("malformed", "this", Failed, false),
        ("too_large", "this", Failed, false),
        ("expired_since", "this", Success, true),
        ("revoked_since", "earlier", Success, true),
        ("revoked_since", "sibling", Success, true),
        ("revoked_since", "this", Failed, false),
        ("untrusted_since", "earlier", Success, true),
        ("untrusted_since", "this", Failed, true),
        ("restored", "earlier", Failed, false),
        ("restored", "sibling", Failed, false),
        ("restored", "this", Success, true),
    ] {
        let found = &world.verdicts[&(verdict, made_by)];
        assert_eq!((found.outcome(), found.accepted()), (outcome, accepted), "{verdict} by {made_by}");
    }
    let user = |verdict| world.verdicts[&(verdict, "this")].user();
    assert_eq!((user("strong"), user("weak"), user("nameless")), (Some("alice"), Some("bob"), Option::None));
    let identity = |made_by| *world.verdicts[&("strong", made_by)].policy_identity();
    assert_eq!(identity("this"), identity("sibling"));
    assert_ne!(identity("this"), identity("other"));
    // Pinned certificates are part of the identity: that it is the same verifier is told by something else.
    assert_ne!(identity("this"), identity("earlier"));
}
