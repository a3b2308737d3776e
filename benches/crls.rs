//! Certificate revocation lists: how long they take to load, and what one question costs.

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::Crl;

use crate::Bench;
use crate::support::crl;
use crate::support::measure::{per_operation, rounds};
use crate::support::pki::{Authority, KeyType, authority};
use crate::support::table::{Goal, Row, Table, time};

const SIZES: [(usize, f64); 3] = [(1_000, 0.3e6), (100_000, 15e6), (1_000_000, 150e6)];

pub fn crls(bench: &mut Bench) {
    let root = Authority::root(authority("Example Root CA"), KeyType::P256.generate());
    let issuer = OwnedCertificate::from_der(root.der()).expect("a root");
    Table::section("CRLs: load", "from DER in memory until it answers, the signature checked");
    for (count, limit) in SIZES {
        let der = crl::of(&root, count);
        let load = || {
            let crl = Crl::from_der(&der).expect("a CRL");
            assert!(crl.is_signed_by(&issuer.view()));
            crl
        };
        let samples = rounds(bench.rounds.min(9), &mut [Box::new(|| per_operation(1, load))]);
        let crl = load();
        assert_eq!(crl.entry_count(), count);
        let goals = vec![Goal::time(&samples[0], limit)];
        bench.table.row(&Row {
            label: format!("{count} entries"),
            ours: samples.into_iter().next(),
            goals,
            ..Row::default()
        });
        println!("bytes an entry {}", crl.memory() as f64 / count as f64);
        let name = crl.issuer();
        for (what, from) in [("listed", 0), ("absent", count)] {
            let serials: Vec<[u8; 16]> = (0..100_000).map(|number| crl::serial(from + number * 7919 % count)).collect();
            let ns = per_operation(serials.len(), || {
                serials.iter().filter(|serial| crl.find(&name, *serial).is_some()).count()
            });
            println!("{what} {}", time(ns));
        }
    }
}
