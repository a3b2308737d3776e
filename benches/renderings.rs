//! One certificate: reading it strictly, and the texts that servers ask for.

use clientcert::certificate::OwnedCertificate;
use clientcert::verdict::Verdict;
use webpki::EndEntityCert;

use crate::Bench;
use crate::support::measure::{median, per_operation, rounds};
use crate::support::ours;
use crate::support::pki::{Chain, KeyType, Population};
use crate::support::table::{Goal, Row, Table};

const CLIENTS: usize = 64;
const REPEAT: usize = 50;

/// A leaf's bytes to what verification needs of them; the bytes are handed over, not copied.
pub fn parse(bench: &mut Bench) {
    Table::section(
        "Strict parse",
        "one leaf; ours reads every extension that decides, webpki only where they are, OpenSSL decodes them",
    );
    for key_type in KeyType::ALL {
        let people = Population::of_colleagues(key_type, 2, CLIENTS);
        let leaves = || people.chains.iter().cycle().take(CLIENTS * REPEAT);
        let peer_chains = bench.openssl.chains(&people.chains);
        let samples = rounds(
            bench.rounds,
            &mut [
                Box::new(|| median((0..REPEAT).map(|_| read_all(&people.chains)).collect())),
                Box::new(|| {
                    per_operation(CLIENTS * REPEAT, || {
                        leaves().all(|chain| EndEntityCert::try_from(&chain.certificates()[0]).is_ok())
                    })
                }),
                Box::new(|| bench.openssl.parse(peer_chains, 4)),
            ],
        );
        let goals = vec![Goal::time(&samples[0], 500.0)];
        let mut samples = samples.into_iter();
        bench.table.row(&Row {
            label: key_type.name().to_owned(),
            ours: samples.next(),
            webpki: samples.next(),
            openssl: samples.next(),
            goals,
            ..Row::default()
        });
    }
}

/// The subject, the serial number, the SANs and two fingerprints, as texts.
pub fn renderings(bench: &mut Bench) {
    Table::section(
        "Renderings",
        "subject, serial, SANs, SHA-1 and SHA-256 fingerprint as texts: from a leaf's bytes, and asked of a verdict again",
    );
    for key_type in KeyType::ALL {
        let people = Population::of_colleagues(key_type, 2, CLIENTS);
        let verifier = ours::verifier([&*people.root]);
        let verdicts: Vec<_> = people.chains.iter().map(|chain| verifier.verify(chain.der())).collect();
        let peer_chains = bench.openssl.chains(&people.chains);
        let from_bytes = || {
            per_operation(CLIENTS * REPEAT, || {
                let leaves = people.chains.iter().cycle().take(CLIENTS * REPEAT);
                leaves.map(|chain| texts(chain.leaf())).sum::<usize>()
            })
        };
        let from_verdict = || {
            per_operation(CLIENTS * REPEAT, || {
                let verdicts = verdicts.iter().cycle().take(CLIENTS * REPEAT);
                verdicts.map(|verdict| asked_of(verdict)).sum::<usize>()
            })
        };
        let mut samples = rounds(
            bench.rounds,
            &mut [Box::new(from_bytes), Box::new(|| bench.openssl.fields(peer_chains, 4)), Box::new(from_verdict)],
        )
        .into_iter();
        let (bytes, openssl, verdict) = (samples.next(), samples.next(), samples.next());
        for (what, ours, limit) in [("from bytes", bytes, 2000.0), ("from a verdict", verdict, 100.0)] {
            bench.table.row(&Row {
                label: format!("{}, {what}", key_type.name()),
                goals: ours.iter().map(|samples| Goal::time(samples, limit)).collect(),
                ours,
                openssl: openssl.clone(),
                ..Row::default()
            });
        }
    }
}

/// The subject, the serial number, the e-mail address in the SANs, and the two fingerprints.
const VARIABLES: [&str; 5] = ["subject", "serial", "san_email_0", "fingerprint_sha1", "fingerprint_sha256"];

fn texts(leaf: &[u8]) -> usize {
    let certificate = OwnedCertificate::from_der(leaf).expect("it is strict DER");
    let value = |name: &&str| certificate.view().variable(name, 0).expect("a client certificate has it");
    VARIABLES.iter().map(|name| value(name).len()).sum()
}

fn asked_of(verdict: &Verdict) -> usize {
    VARIABLES.iter().map(|name| verdict.get(name).expect("a client certificate has it").len()).sum()
}

/// Nanoseconds to read one leaf; giving the bytes over and freeing what was read is not counted.
fn read_all(chains: &[Chain]) -> f64 {
    let bytes: Vec<Box<[u8]>> = chains.iter().map(|chain| chain.leaf().into()).collect();
    let mut read = Vec::with_capacity(bytes.len());
    per_operation(chains.len(), || {
        read.extend(bytes.into_iter().map(|der| OwnedCertificate::from_der(der).expect("it is strict DER")));
    })
}
