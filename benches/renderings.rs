//! One certificate: reading it strictly, and the texts that servers ask for.

use clientcert::certificate::OwnedCertificate;
use webpki::EndEntityCert;

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::pki::{Chain, KeyType, Population};
use crate::support::table::{Goal, Row};

const CLIENTS: usize = 64;
const REPEAT: usize = 50;

/// A leaf's bytes to what verification needs of them; the bytes are handed over, not copied.
pub fn parse(bench: &mut Bench) {
    bench.table.section(
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
                Box::new(|| (0..REPEAT).map(|_| read_all(&people.chains)).sum::<f64>() / REPEAT as f64),
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

/// Nanoseconds to read one leaf; giving the bytes over and freeing what was read is not counted.
fn read_all(chains: &[Chain]) -> f64 {
    let bytes: Vec<Box<[u8]>> = chains.iter().map(|chain| chain.leaf().into()).collect();
    let mut read = Vec::with_capacity(bytes.len());
    per_operation(chains.len(), || {
        read.extend(bytes.into_iter().map(|der| OwnedCertificate::from_der(der).expect("it is strict DER")));
    })
}
