//! The registry in PostgreSQL: several processes at once, a server that is killed or hangs, and what it refuses.

#![cfg(all(feature = "postgres", unix))]

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/registrations.rs"]
mod registrations;
mod support;
#[path = "support/worker.rs"]
mod worker_process;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::{RegisteredKey, Registration, Registry};
use clientcert::verify::Code;
use clientcert::{Config, Error, Status, Verifier};
use postgres::{PASSWORD, Postgres};
use registrations::{key, registration, use_every_verb};
use support::c::Program;
use support::{Key, NOW, Template};
use worker_process::{Worker, task, tell};

fn open(url: &str) -> Registry {
    Registry::open(url).expect("a URL")
}

/// What the other tests start as processes of their own.
#[test]
#[ignore = "is no test, but a process that the tests start"]
fn worker() {
    let task = task();
    let registry = open(&task[1]);
    match &*task[0] {
        "enrol" => enrol(&registry, task[2].parse().expect("a number"), task[3].parse().expect("a number")),
        "read" => read(&registry, Path::new(&task[2])),
        "verify" => verify(&task[1], task[2].parse().expect("a number")),
        "threads" => {
            registry.load().expect("a registry");
            registry.editor("test").enrol(&registration(1)).expect("a registration");
            registry.changed().expect("an answer");
            tell(fs::read_dir("/proc/self/task").expect("threads").count());
        }
        task => panic!("no task: {task}"),
    }
}

/// Registers keys one by one, each until it is there, and says so.
fn enrol(registry: &Registry, from: u64, to: u64) {
    for number in from..to {
        let mut unknown = false;
        loop {
            match registry.editor("test").enrol(&registration(number)) {
                Ok(_) => break,
                // The server was killed before it could say that it had it.
                Err(Error::KeyTaken) if unknown => break,
                Err(Error::RegistryUnavailable { problem, .. }) => {
                    unknown |= problem.contains("is not known");
                    thread::sleep(Duration::from_millis(10));
                }
                Err(error) => panic!("{number}: {error}"),
            }
        }
        tell(number);
    }
}

/// A certificate that its owner signed, and its registration.
fn certificate(number: u8) -> (Vec<u8>, Registration) {
    let key = Key::ed25519(number);
    let der = Template::client("alice", "alice", &key).sign(&key);
    let key = RegisteredKey::spki_of(&OwnedCertificate::from_der(&*der).expect("a certificate").view());
    (der, Registration::new(format!("user {number}"), key, 0))
}

fn verifier(url: &str, max_age: &str) -> Verifier {
    let mut config = Config::new();
    for (option, value) in [("trust", "key"), ("registry", url), ("registry_max_age", max_age)] {
        config.set(option, value).expect(option);
    }
    Verifier::new(&config).expect("a verifier")
}

/// Enrols every other key, and accepts each of them once it or the other process has enrolled it.
fn verify(url: &str, mine: u8) {
    let verifier = verifier(url, "300");
    for number in 0..10 {
        let (der, registration) = certificate(number);
        if number % 2 == mine {
            open(url).editor("test").enrol(&registration).expect("a registration");
        }
        let accepted =
            || verifier.verify_at(&der, NOW).get("user").is_some_and(|user| user == registration.user.as_bytes());
        refresh_until(&verifier, |_| accepted());
    }
}

/// Refreshes until that is so; it looks once a second at most.
fn refresh_until(verifier: &Verifier, done: impl Fn(Result<bool, Error>) -> bool) {
    let start = Instant::now();
    while !done(verifier.refresh()) {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing comes of it");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads whenever something changed, until a file is there that says to stop. What was there once must stay.
fn read(registry: &Registry, stop: &Path) {
    let (mut most, mut loads) = (0, 0);
    while !stop.exists() {
        // While the server is away nothing is known to have changed, and the index that there is serves on.
        let Ok(true) = registry.changed() else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let Ok(index) = registry.load() else { continue };
        assert!(index.len() >= most, "{} registrations became {}", most, index.len());
        (most, loads) = (index.len(), loads + 1);
        for found in index.iter() {
            let number = found.label.strip_prefix("key ").and_then(|number| number.parse().ok()).expect("a number");
            assert_eq!(found.to_registration(), registration(number));
        }
    }
    tell(loads);
}

#[test]
fn what_was_acknowledged_outlives_every_kill_of_the_server() {
    const WORKERS: u64 = 2;
    const EACH: u64 = 300;
    const KILLS: u64 = 6;
    let mut server = Postgres::start();
    open(&server.url()).load().expect("a new registry");
    let stop = server.socket_folder().join("stop");
    let readers: Vec<_> =
        (0..2).map(|_| Worker::start(&["read", &server.url(), stop.to_str().expect("a path")])).collect();
    let mut workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (from, to) = ((worker * EACH).to_string(), ((worker + 1) * EACH).to_string());
            Worker::start(&["enrol", &server.url(), &from, &to])
        })
        .collect();
    for kill in 0..KILLS {
        for (worker, from) in workers.iter_mut().zip((0..).step_by(usize::try_from(EACH).expect("a small number"))) {
            for number in kill * EACH / KILLS..(kill + 1) * EACH / KILLS {
                assert_eq!(worker.hear(), Some((from + number).to_string()));
            }
        }
        // The workers go on meanwhile; the last time they have nothing left to do.
        server.kill();
        server.restart();
    }
    assert!(workers.into_iter().all(|worker| worker.finish().1));

    let index = open(&server.url()).load().expect("a registry");
    assert_eq!(index.len() as u64, WORKERS * EACH);
    for number in 0..WORKERS * EACH {
        let found = index.get(&key(number)).map(|found| found.to_registration());
        assert_eq!(found, Some(registration(number)));
    }
    let audit = "SELECT count(*) || ' of ' || count(DISTINCT fingerprint) FROM clientcert.audit";
    assert_eq!(server.query(audit), format!("{0} of {0}", WORKERS * EACH));
    assert_eq!(server.query("SELECT number FROM clientcert.generation"), (1 + WORKERS * EACH).to_string());
    fs::write(&stop, "").expect("a file");
    for reader in readers {
        let (said, content) = reader.finish();
        assert!(content, "a reader saw something that must not be");
        assert!(said.last().and_then(|loads| loads.parse().ok()).is_some_and(|loads: u32| loads > 10), "{said:?}");
    }
}

/// Waits until something changed, and says how long that took.
fn until_changed(registry: &Registry) -> Duration {
    let start = Instant::now();
    while !registry.changed().expect("an answer") {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is heard of a change");
        thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}

#[test]
fn a_change_by_another_process_is_heard_of_within_a_second() {
    let server = Postgres::start();
    let registry = open(&server.url());
    assert!(registry.changed().expect("an answer"), "nothing was loaded yet");
    assert!(registry.load().expect("a new registry").is_empty());
    assert!(!registry.changed().expect("an answer"));
    for number in 1..4 {
        let to = (number + 1).to_string();
        let worker = Worker::start(&["enrol", &server.url(), &number.to_string(), &to]);
        assert!(worker.finish().1);
        let elapsed = until_changed(&registry);
        assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
        assert!(registry.changed().expect("an answer"), "it was not loaded yet");
        let index = registry.load().expect("a registry");
        assert_eq!(index.get(&key(number)).map(|found| found.to_registration()), Some(registration(number)));
        assert!(!registry.changed().expect("an answer"));
    }
    registry.editor("test").used(&key(1), 1_800_000_000).expect("its use");
    assert!(!registry.changed().expect("an answer"), "who may do what is as it was");
    server.query("DELETE FROM clientcert.registration WHERE label = 'key 1'");
    assert!(until_changed(&registry) < Duration::from_secs(1));
    assert_eq!(registry.load().expect("a registry").len(), 2);
}

#[test]
fn two_processes_enrol_and_verify_at_once() {
    let server = Postgres::start();
    let workers = ["0", "1"].map(|mine| Worker::start(&["verify", &server.url(), mine]));
    for worker in workers {
        assert!(worker.finish().1);
    }
}

#[test]
fn the_last_known_state_serves_for_a_bounded_time() {
    let mut server = Postgres::start();
    let (alice, registration) = certificate(1);
    open(&server.url()).editor("test").enrol(&registration).expect("a registration");
    let verifier = verifier(&server.url(), "3");
    let primary = || verifier.verify_at(&alice, NOW).primary().map(|reason| reason.code);
    assert_eq!(primary(), None);
    server.kill();
    refresh_until(&verifier, |refreshed| refreshed.is_err_and(|error| error.status() == Status::RegistryUnavailable));
    assert_eq!(primary(), None, "for a while it serves on, and refresh says that it is away");
    refresh_until(&verifier, |_| primary().is_some());
    assert_eq!(primary(), Some(Code::RegistryUnavailable));
    assert!(verifier.policy().warnings().iter().any(|warning| warning.option == "registry"));
    server.restart();
    refresh_until(&verifier, |_| primary().is_none());
    assert!(verifier.policy().warnings().is_empty());
}

#[test]
fn a_lost_connection_means_that_everything_is_read_again() {
    let server = Postgres::start();
    let registry = open(&server.url());
    registry.load().expect("a new registry");
    server.disconnect_all();
    assert!(until_changed(&registry) < Duration::from_secs(1), "it may be another server by now");
    registry.load().expect("a registry");
    assert!(!registry.changed().expect("an answer"));
}

#[test]
fn a_server_that_is_away_or_hangs_is_said_so_soon() {
    let mut server = Postgres::start();
    let registry = open(&server.url());
    registry.load().expect("a new registry");
    let complain = |limit| {
        let start = Instant::now();
        let error = loop {
            match registry.changed() {
                Ok(changed) => assert!(!changed && start.elapsed() < Duration::from_secs(20), "nothing changed"),
                Err(error) => break error,
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(error.status(), Status::RegistryUnavailable, "{error}");
        assert!(start.elapsed() < limit, "{:?}", start.elapsed());
        error.to_string()
    };
    server.kill();
    assert!(complain(Duration::from_secs(1)).contains("cannot connect"));
    assert_eq!(registry.load().expect_err("no server").status(), Status::RegistryUnavailable);
    let refused = registry.editor("test").enrol(&registration(1)).expect_err("no server");
    assert_eq!(refused.status(), Status::RegistryUnavailable);

    server.restart();
    while registry.changed().is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    registry.load().expect("a registry");
    let backends =
        server.query("SELECT pid FROM pg_stat_activity WHERE datname = 'clientcert' AND pid <> pg_backend_pid()");
    let signal = |name: &str| {
        let status = Command::new("kill").arg(name).args(backends.split_whitespace()).status();
        assert!(status.expect("kill runs").success());
    };
    signal("-STOP");
    // It is asked only every few seconds where nothing was heard, and then has one to answer.
    let said = complain(Duration::from_secs(10));
    signal("-CONT");
    assert!(said.contains("no answer within 1 second"), "{said}");
}

#[test]
fn every_verb_does_what_it_does_elsewhere() {
    let server = Postgres::start();
    let records = use_every_verb(&open(&server.url()));
    let audit = server.query("SELECT actor || ' ' || action || ' ' || user_name FROM clientcert.audit ORDER BY id");
    assert_eq!(audit.lines().collect::<Vec<_>>(), records);
}

#[test]
fn processes_that_are_forked_make_connections_of_their_own() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("good.der"), certificate(1).0).expect("a file");
    let program = Program::linked_with_clientcert("tests/c/registry_fork.c");
    let status = program.command().arg(folder.path()).arg(server.url()).status().expect("the program starts");
    assert!(status.success(), "{status}");
}

#[test]
fn no_thread_is_started() {
    let server = Postgres::start_listening();
    // By its name, because others look names up in a thread.
    let (said, content) = Worker::start(&["threads", &server.url_of_loopback()]).finish();
    // The program's own, and the test's.
    assert!(content && said == ["2"], "{said:?}");
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    let server = Postgres::start();
    let complain = |url: &str| {
        let error = open(url).load().expect_err(url);
        assert!(!error.to_string().contains("horse"), "{error}");
        format!("{:?}: {error}", error.status())
    };
    let said = complain(&server.url_of("clientcert", "wrong horse"));
    let place = format!("postgres://clientcert@{}/clientcert", server.socket_folder().display());
    let expected = "FATAL: password authentication failed for user \"clientcert\"";
    assert_eq!(said, format!("RegistryUnavailable: option 'registry': {place}: {expected}"));
    assert!(complain(&server.url_of("none", PASSWORD)).ends_with("FATAL: database \"none\" does not exist"));

    server.query("CREATE ROLE guest LOGIN PASSWORD 'white horse'");
    let guest = server.url().replace("clientcert:correct%20horse", "guest:white%20horse");
    let said = complain(&guest);
    assert!(said.contains("permission denied for database clientcert"), "{said}");
    open(&server.url()).editor("test").enrol(&registration(1)).expect("a registration");
    assert!(complain(&guest).contains("permission denied for schema clientcert"));
    server.query(
        "GRANT USAGE ON SCHEMA clientcert TO guest; \
         GRANT SELECT ON clientcert.registration, clientcert.generation, clientcert.version TO guest",
    );
    assert_eq!(open(&guest).load().expect("a registry").len(), 1);
    let refused = open(&guest).editor("guest").enrol(&registration(2)).expect_err("somebody who may read");
    assert!(refused.status() == Status::Io && refused.to_string().contains("permission denied"), "{refused}");

    server.query("UPDATE clientcert.version SET number = 2");
    assert!(complain(&server.url()).ends_with("has tables of version 2, and this build knows 1 at most"));
}

#[test]
fn the_tables_refuse_what_the_verbs_would() {
    let server = Postgres::start();
    let registry = open(&server.url());
    registry.editor("root").enrol(&registration(1)).expect("a registration");
    registry.editor("root").revoke(&key(1)).expect("a verb");
    registry.editor("root").enrol(&registration(2)).expect("a registration");
    for (statement, refusal) in [
        ("UPDATE registration SET revoked = NULL WHERE revoked IS NOT NULL", "a revocation is final"),
        ("DELETE FROM registration WHERE revoked IS NOT NULL", "a revoked registration stays"),
        ("TRUNCATE registration", "registrations are taken away one by one"),
        ("UPDATE registration SET kind = 'cert' WHERE revoked IS NULL", "the key of a registration does not change"),
        ("UPDATE registration SET user_name = ''", "violates check constraint"),
        ("UPDATE registration SET user_name = E'a\\n'", "violates check constraint"),
        ("UPDATE registration SET label = E'\\u0085'", "violates check constraint"),
        ("UPDATE registration SET ca = ''", "violates check constraint"),
        ("UPDATE audit SET actor = 'nobody'", "an audit record does not change"),
        (
            "INSERT INTO registration (kind, fingerprint, user_name, label, created, disabled, no_manage) \
             SELECT kind, fingerprint, 'eve', '', 0, false, false FROM registration",
            "duplicate key value violates unique constraint",
        ),
    ] {
        let refused = server.refusal(&format!("SET search_path = clientcert; {statement}"));
        assert!(refused.contains(refusal), "{statement}: {refused}");
    }
    assert_eq!(registry.list(Some("eve")).expect("registrations"), []);
}
