//! Ten thousand pinned authorities: how long they take to load, and what they cost each client.

use clientcert::Verifier;

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::ours;
use crate::support::pki::{Authority, Chain, Key, KeyType, authority, client, pem, without_key_identifiers};
use crate::support::plain_webpki::PlainWebpki;
use crate::support::table::{Goal, Row, Table, time};

const CROWD: usize = 10_000;
/// The number of signatures that the defaults spend on one name.
const CAPPED: usize = 64;
const CLIENTS: usize = 64;
const REPEAT: usize = 4;

/// How the authorities are called.
#[derive(Clone, Copy)]
enum Naming {
    Distinct,
    OneName,
    OneNameWithoutKeyIdentifiers,
}

impl Naming {
    const ALL: [Self; 3] = [Self::Distinct, Self::OneName, Self::OneNameWithoutKeyIdentifiers];

    fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct names",
            Self::OneName => "one name, key ids",
            Self::OneNameWithoutKeyIdentifiers => "one name, no key ids",
        }
    }

    fn authority(self, number: usize, key: Key) -> Authority {
        let params = match self {
            Self::Distinct => authority(&format!("Example Root CA {number}")),
            Self::OneName => authority("Example Root CA"),
            Self::OneNameWithoutKeyIdentifiers => without_key_identifiers(authority("Example Root CA")),
        };
        Authority::root(params, key)
    }

    fn client(self, issuer: &Authority, number: usize) -> Chain {
        let params = client(&format!("Client {number}"));
        let params = match self {
            Self::OneNameWithoutKeyIdentifiers => without_key_identifiers(params),
            Self::Distinct | Self::OneName => params,
        };
        Chain::new([issuer.issue(&params, &KeyType::P256.generate())])
    }
}

pub fn many_cas(bench: &mut Bench) {
    let keys: Vec<_> = (0..CROWD).map(|_| KeyType::P256.generate()).collect();
    let crowds: Vec<(Naming, Vec<Authority>)> = Naming::ALL
        .into_iter()
        .map(|naming| {
            let authorities = keys.iter().enumerate().map(|(number, key)| naming.authority(number, key.clone()));
            (naming, authorities.collect())
        })
        .collect();

    Table::section(
        "Many authorities: load",
        "one load from PEM (ours also from DER) in memory, every check of an anchor included",
    );
    for (naming, authorities) in &crowds {
        load(bench, *naming, authorities);
    }
    Table::section(
        "Many authorities: verify",
        "64 clients of authorities spread over the crowd, cold cache; says: the share of genuine clients accepted, in percent",
    );
    for (naming, authorities) in &crowds {
        for count in [1, CAPPED, 100, CROWD] {
            verify(bench, *naming, &authorities[..count]);
        }
    }
}

fn load(bench: &mut Bench, naming: Naming, authorities: &[Authority]) {
    let ders = || authorities.iter().map(Authority::der);
    let text = pem(ders());
    let binary = ders().collect::<Vec<_>>().concat();
    let load = |bytes: &[u8]| per_operation(1, || Verifier::new(&ours::config(bytes)).expect("the anchors load"));
    let mut samples = rounds(
        3,
        &mut [
            Box::new(|| load(text.as_bytes())),
            Box::new(|| load(&binary)),
            Box::new(|| per_operation(1, || PlainWebpki::new(ders()))),
        ],
    );
    let webpki = samples.pop();
    for (form, ours) in [" DER", " PEM"].into_iter().zip(samples.into_iter().rev()) {
        let goals = vec![Goal::time(&ours, 20e6)];
        let label = format!("{CROWD}, {}{form}", naming.name());
        bench.table.row(&Row { label, ours: Some(ours), webpki: webpki.clone(), goals, ..Row::default() });
    }
    let openssl = bench.openssl.anchors(ders());
    println!("{:<34} OpenSSL, once, from PEM: {}", "", time(openssl.load_nanoseconds));
}

fn verify(bench: &mut Bench, naming: Naming, authorities: &[Authority]) {
    let alone = &authorities[..1];
    let issuers = (0..CLIENTS).map(|client| &authorities[client * 9973 % authorities.len()]);
    let clients: Vec<Chain> = issuers.enumerate().map(|(number, issuer)| naming.client(issuer, number)).collect();
    let clients_alone: Vec<Chain> = (0..CLIENTS).map(|number| naming.client(&alone[0], number)).collect();

    let ders = || authorities.iter().map(Authority::der);
    let mut config = ours::config(&ders().collect::<Vec<_>>().concat());
    let mut config_alone = ours::config(alone[0].der());
    for config in [&mut config, &mut config_alone] {
        config.set("cache_size", "0").expect("a size");
    }
    let verifier = Verifier::new(&config).expect("the anchors load");
    let verifier_alone = Verifier::new(&config_alone).expect("the anchor loads");
    let webpki = PlainWebpki::new(ders());
    let anchors = bench.openssl.anchors(ders());
    let chains = bench.openssl.chains(&clients);
    let accepted = |accepts: &dyn Fn(&Chain) -> bool| clients.iter().filter(|chain| accepts(chain)).count();
    let shares = [
        share(accepted(&|chain| verifier.verify(chain.der()).verified())),
        share(accepted(&|chain| webpki.accepts(chain))),
        bench.openssl.verify(anchors, chains, 1).accepted * 100.0,
    ];

    let all = |verifier: &Verifier, clients: &[Chain]| {
        per_operation(CLIENTS * REPEAT, || {
            for chain in std::iter::repeat_n(clients, REPEAT).flatten() {
                drop(verifier.verify(chain.der()));
            }
        })
    };
    let mut samples = rounds(
        bench.rounds.min(9),
        &mut [
            Box::new(|| all(&verifier, &clients)),
            Box::new(|| all(&verifier_alone, &clients_alone)),
            Box::new(|| per_operation(CLIENTS, || clients.iter().filter(|chain| webpki.accepts(chain)).count())),
            Box::new(|| bench.openssl.verify(anchors, chains, 1).nanoseconds),
        ],
    )
    .into_iter();
    let ours = samples.next();
    let ours_alone = samples.next();

    let mut goals = Vec::new();
    if let (Some(ours), Some(alone), Naming::Distinct | Naming::OneName) = (&ours, &ours_alone, naming) {
        goals.push(Goal::at_most("of one CA", ours.ratio_to(alone), 1.05));
    }
    if !matches!(naming, Naming::OneNameWithoutKeyIdentifiers) || authorities.len() <= CAPPED {
        goals.push(Goal::holds("all accepted", shares[0] >= 100.0));
    }
    bench.table.row(&Row {
        label: format!("{}, {}", authorities.len(), naming.name()),
        ours,
        webpki: samples.next(),
        openssl: samples.next(),
        verdicts: shares.map(|share| format!("{share:.0}")).join("/"),
        goals,
    });
}

#[expect(clippy::cast_precision_loss, reason = "at most 64")]
fn share(accepted: usize) -> f64 {
    accepted as f64 * 100.0 / CLIENTS as f64
}
