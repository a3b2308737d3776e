//! Certificate revocation lists: how long they take to load, how much memory, and what a verification costs with them.

use std::fs;
use std::hint::black_box;
use std::process::Command;

use clientcert::Verifier;
use clientcert::certificate::OwnedCertificate;
use clientcert::policy::Config;
use clientcert::revocation::Crl;

use crate::Bench;
use crate::support::go::{Go, Loaded, Lookup};
use crate::support::measure::{Contender, Samples, median, per_operation, rounds};
use crate::support::pki::{Authority, Chain, KeyType, authority, client};
use crate::support::plain_webpki::{self, PlainWebpki};
use crate::support::table::{Goal, Row, Table, time};
use crate::support::{crl, ours};

/// How many entries a CRL has, and the nanoseconds in which it should be loaded.
const SIZES: [(usize, Option<f64>); 3] = [(1_000, Some(0.3e6)), (100_000, None), (1_000_000, Some(150e6))];
/// What an entry of a serial number of 16 bytes, with reason and date, may take.
const MAX_ENTRY_BYTES: f64 = 24.0;
/// By how many nanoseconds a verification may be dearer with CRLs of the whole chain.
const MAX_SURCHARGE: f64 = 150.0;
/// So the bench calls itself, to see how much memory webpki takes.
pub const WEBPKI_MEMORY: &str = "--memory-of-webpki-crl=";

/// A root, its issuing CA, and clients of that one.
struct World {
    root: Authority,
    issuing: Authority,
    chains: Vec<Chain>,
}

impl World {
    fn new(key_type: KeyType) -> Self {
        const CLIENTS: usize = 49;
        let root = Authority::root(authority("Example Root CA"), key_type.generate());
        let issuing = Authority::under(&root, authority("Example Issuing CA"), key_type.generate());
        let key = key_type.generate();
        let chain = |number| {
            let leaf = issuing.issue(&client(&format!("Client {number}")), &key);
            Chain::new([leaf, issuing.der().to_vec()])
        };
        Self { chains: (0..CLIENTS).map(chain).collect(), root, issuing }
    }
}

pub fn crls(bench: &mut Bench) {
    let world = World::new(KeyType::P256);
    let mut go = Go::start();
    match &go {
        Ok(go) => {
            println!("\nGo is {}; its times are CPU time of the process, collections of garbage included", go.version);
        }
        Err(why) => println!("\nGo: NOT MEASURED, {why}"),
    }
    Table::section(
        "CRLs: load",
        "from DER in memory until it answers, its signature checked; webpki's is not, but at each verification",
    );
    for (count, limit) in SIZES {
        load(bench, &world, count, limit);
        if let Ok(go) = &mut go {
            load_in_go(bench.rounds.min(9), go, &world, count);
        }
    }
    Table::section(
        "CRLs: one question",
        "is a serial number listed? Ours in nanoseconds, of 100,000 questions in no order; every second one is listed",
    );
    for (count, _) in SIZES {
        question(bench, &world, count);
    }
    Table::section(
        "CRLs: one verification",
        "RSA-2048, 3 certificates, the leaf new, another client of the issuing CA was there before; the CRL is the issuing CA's; \
         the root's has one entry",
    );
    let world = World::new(KeyType::Rsa2048);
    let lists: Vec<Lists> = std::iter::once(None)
        .chain(SIZES.map(|(count, _)| Some(count)))
        .map(|count| Lists::new(&world, count))
        .collect();
    let ours = verifications(bench, &world, &lists);
    for (lists, own) in lists.iter().zip(&ours) {
        verification(bench, &world, lists, own, &ours[0]);
        if let Ok(go) = &mut go {
            verification_in_go(bench.rounds, go, &world, lists);
        }
    }
}

fn load(bench: &mut Bench, world: &World, count: usize, limit: Option<f64>) {
    let der = crl::of(&world.issuing, count);
    let issuer = OwnedCertificate::from_der(world.issuing.der()).expect("a CA");
    let load = || {
        let crl = Crl::from_der(&der).expect("a CRL");
        assert!(crl.is_signed_by(&issuer.view()), "a genuine CRL");
        crl
    };
    let repeat = (100_000 / count).max(1);
    let files = bench.openssl.crl_files(&der, world.issuing.der());
    let mut openssl_bytes = 0.0;
    let mut samples = rounds(
        bench.rounds.min(9),
        &mut [
            Box::new(|| per_operation(repeat, || (0..repeat).for_each(|_| drop(black_box(load()))))),
            Box::new(|| per_operation(repeat, || (0..repeat).for_each(|_| drop(black_box(plain_webpki::crl(&der)))))),
            Box::new(|| {
                let (nanoseconds, bytes) = bench.openssl.load_crl(&files);
                openssl_bytes = bytes;
                nanoseconds
            }),
        ],
    )
    .into_iter();
    let crl = load();
    assert_eq!(crl.entry_count(), count);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_entry = |bytes: f64| bytes / count as f64;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let own_bytes = per_entry(crl.memory() as f64);
    let ours = samples.next();
    let mut goals = vec![Goal::at_most("bytes an entry", own_bytes, MAX_ENTRY_BYTES)];
    goals.extend(ours.as_ref().zip(limit).map(|(ours, limit)| Goal::time(ours, limit)));
    bench.table.row(&Row {
        label: format!("{count} entries"),
        ours,
        webpki: samples.next(),
        openssl: samples.next(),
        goals,
        ..Row::default()
    });
    let webpki_bytes = per_entry(webpki_memory(&der));
    let openssl_bytes = per_entry(openssl_bytes);
    println!("{:<34} bytes an entry: {own_bytes:.1}, webpki {webpki_bytes:.0}, OpenSSL {openssl_bytes:.0}", "");
}

/// What a server in Go does when it starts, and what it keeps: the list, and a map for answers in constant time.
fn load_in_go(rounds: usize, go: &mut Go, world: &World, count: usize) {
    let files = go.crl_files(&crl::of(&world.issuing, count), world.issuing.der());
    let loaded: Vec<Loaded> = (0..rounds).map(|_| go.load(&files)).collect();
    let of = |figure: fn(&Loaded) -> f64| median(loaded.iter().map(figure).collect());
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_entry = |bytes: f64| bytes / count as f64;
    println!(
        "{:<34} Go: parse and signature {}, {:.0} bytes an entry; a map of serials that the host makes: {} and {:.0} more",
        "",
        time(of(|loaded| loaded.nanoseconds)),
        per_entry(of(|loaded| loaded.bytes)),
        time(of(|loaded| loaded.map_nanoseconds)),
        per_entry(of(|loaded| loaded.map_bytes)),
    );
}

fn question(bench: &mut Bench, world: &World, count: usize) {
    const QUESTIONS: usize = 100_000;
    let crl = Crl::from_der(&crl::of(&world.issuing, count)).expect("a CRL");
    let issuer = crl.issuer();
    // A prime leads everywhere.
    let serials: Vec<[u8; 16]> = (0..QUESTIONS).map(|number| crl::serial(number * 7_919 % (2 * count))).collect();
    let ask = || serials.iter().filter(|serial| crl.find(&issuer, &serial[..]).is_some()).count();
    let expected = (0..QUESTIONS).filter(|number| number * 7_919 % (2 * count) < count).count();
    assert_eq!(ask(), expected);
    let samples = rounds(bench.rounds, &mut [Box::new(|| per_operation(QUESTIONS, ask))]);
    bench.table.row(&Row { label: format!("{count} entries"), ours: samples.into_iter().next(), ..Row::default() });
}

/// The CRLs of a chain: that of the issuing CA, of so many entries, and the root's; or none at all.
struct Lists {
    count: Option<usize>,
    ders: Vec<Vec<u8>>,
}

impl Lists {
    fn new(world: &World, count: Option<usize>) -> Self {
        let ders = count.map(|count| vec![crl::of(&world.issuing, count), crl::of(&world.root, 1)]);
        Self { count, ders: ders.unwrap_or_default() }
    }
}

/// Ours with each set of lists, in turns: the difference is small beside what disturbs a machine. Each round has new
/// verifiers, which share what was read of the CRLs; their first client is not counted.
fn verifications(bench: &Bench, world: &World, lists: &[Lists]) -> Vec<Samples> {
    const MORE_ROUNDS: usize = 40;
    let [first, others @ ..] = &world.chains[..] else { unreachable!("a world has clients") };
    let config = |lists: &Lists| {
        let mut config = ours::config(world.root.der());
        for der in &lists.ders {
            config.set_bytes("crl", der).expect("a CRL");
        }
        config
    };
    let accept = |config: &Config| {
        let verifier = Verifier::new(config).expect("the generated CRLs load");
        assert!(verifier.verify(first.der()).verified());
        let all = || others.iter().all(|chain| verifier.verify(chain.der()).verified());
        per_operation(others.len(), || assert!(all(), "a genuine client is accepted"))
    };
    let configs: Vec<Config> = lists.iter().map(config).collect();
    let mut contenders: Vec<Contender<'_>> =
        configs.iter().map(|config| Box::new(|| accept(config)) as Contender<'_>).collect();
    rounds(bench.rounds * MORE_ROUNDS, &mut contenders)
}

/// One row: what the others take beside it.
fn verification(bench: &mut Bench, world: &World, lists: &Lists, ours: &Samples, without: &Samples) {
    let chain = &world.chains[0];
    let webpki = PlainWebpki::new([world.root.der()]);
    let webpki_crls: Vec<_> = lists.ders.iter().map(|der| plain_webpki::crl(der)).collect();
    let webpki_crls: Vec<_> = webpki_crls.iter().collect();
    let accepted = || match webpki_crls.is_empty() {
        true => webpki.accepts(chain),
        false => webpki.accepts_unrevoked(chain, &webpki_crls),
    };
    let anchors = bench.openssl.anchors([world.root.der()]);
    for (der, issuer) in lists.ders.iter().zip([&world.issuing, &world.root]) {
        let files = bench.openssl.crl_files(der, issuer.der());
        bench.openssl.add_crl(anchors, &files);
    }
    let chains = bench.openssl.chains(std::slice::from_ref(chain));
    let mut others = rounds(
        bench.rounds,
        &mut [
            Box::new(|| per_operation(1, || assert!(accepted(), "a genuine client is accepted"))),
            Box::new(|| {
                let answer = bench.openssl.verify(anchors, chains, 1);
                assert!(answer.accepted >= 1.0, "a genuine client is accepted");
                answer.nanoseconds
            }),
        ],
    )
    .into_iter();
    let goals = match lists.count {
        Some(_) => {
            let surcharge = ours.surcharge_on(without);
            vec![Goal::holds(
                &format!("{} dearer, at most {}", signed(surcharge), time(MAX_SURCHARGE)),
                surcharge <= MAX_SURCHARGE,
            )]
        }
        None => Vec::new(),
    };
    bench.table.row(&Row {
        label: lists.count.map_or("without".to_owned(), |count| format!("{count} entries")),
        ours: Some(ours.clone()),
        webpki: others.next(),
        openssl: others.next(),
        goals,
        ..Row::default()
    });
}

/// What a server in Go takes from the same bytes: crypto/x509 verifies the path and looks into no CRL.
fn verification_in_go(rounds: usize, go: &mut Go, world: &World, lists: &Lists) {
    let issuers = [&world.issuing, &world.root];
    let crls = lists.ders.iter().zip(issuers).map(|(der, issuer)| (&**der, issuer.der()));
    let verification = go.verification(world.root.der(), &world.chains[0], crls);
    let repeat = if lists.count.is_some_and(|count| count > 10_000) { 10 } else { 200 };
    let mut measure = |lookup| time(median((0..rounds).map(|_| go.verify(&verification, lookup, repeat)).collect()));
    match lists.count {
        None => println!("{:<34} Go: {}", "", measure(Lookup::None)),
        Some(_) => println!(
            "{:<34} Go, signatures of CRLs checked at load: {} walking RevokedCertificateEntries, {} with the host's own map",
            "",
            measure(Lookup::Walk),
            measure(Lookup::Map),
        ),
    }
}

fn signed(nanoseconds: f64) -> String {
    match nanoseconds < 0.0 {
        true => format!("-{}", time(-nanoseconds)),
        false => time(nanoseconds),
    }
}

/// The bytes by which a process grows that keeps the CRL with webpki.
fn webpki_memory(der: &[u8]) -> f64 {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), der).expect("a file");
    let own = std::env::current_exe().expect("the bench itself");
    let output = Command::new(own).arg(format!("{WEBPKI_MEMORY}{}", file.path().display())).output().expect("a run");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// What the bench does when it is called so: prints those bytes.
pub fn print_webpki_memory(path: &str) {
    let der = fs::read(path).expect("a CRL");
    let before = resident();
    let crl = plain_webpki::crl(&der);
    let after = resident();
    black_box(crl);
    println!("{}", after - before);
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}
