//! The certificates that the programs in other languages read.

use std::fs;
use std::path::Path;

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::ocsp::{HashAlgorithm, Question};

use crate::support::certificate::armor;
use crate::support::crl::{self, List, Revoked};
use crate::support::extension::{self, CLIENT_AUTH, SERVER_AUTH};
use crate::support::{Extension, Key, Template, der, name, ocsp, pem};

/// Writes them all into a folder.
pub fn write(folder: &Path) {
    let [root, other, intermediate, leaf] = [0, 1, 2, 3].map(Key::p256);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let write_both = |name: &str, chain: &[&[u8]]| {
        write(&format!("{name}.der"), &chain.concat());
        write(&format!("{name}.pem"), chain.iter().map(|der| pem(der)).collect::<String>().as_bytes());
    };

    let authority = |name: &str, key: &Key| Template::authority(name, name, key);
    write_both("ca", &[&authority("root", root).sign(root)]);
    write_both("other_ca", &[&authority("other", other).sign(other)]);
    write_both("expired_ca", &[&authority("old", other).valid("100101000000Z", "150101000000Z").sign(other)]);

    let alice = Template::client("root", "alice", leaf);
    let good = alice.clone().sign(root);
    write_both("good", &[&good]);
    write("truncated.der", &good[..good.len() - 10]);
    write_both("expired", &[&alice.clone().valid("200101000000Z", "210101000000Z").sign(root)]);
    write_both("future", &[&alice.clone().valid("390101000000Z", "400101000000Z").sign(root)]);
    write_both("stranger", &[&Template::client("other", "alice", leaf).sign(other)]);
    write_both("self_signed", &[&Template::client("alice", "alice", leaf).sign(leaf)]);

    let server = alice.with(extension::extended_key_usage(&[SERVER_AUTH]));
    write_both("server", &[&server.clone().sign(root)]);
    write_both("expired_server", &[&server.valid("200101000000Z", "210101000000Z").sign(root)]);

    let between = Template::authority("root", "intermediate", intermediate).sign(root);
    let below = Template::client("intermediate", "alice", leaf).sign(intermediate);
    write_both("chain", &[&below, &between]);
    write("chain_leaf.der", &below);

    let mut nul = Template::client("root", "alice", leaf).with(extension::extended_key_usage(&[CLIENT_AUTH]));
    nul.subject = name::name(&[(name::COMMON_NAME, 0x0c, b"alice\0.example")]);
    write_both("nul", &[&nul.sign(root)]);

    write_ocsp(&write, root, leaf);
    write_crls(&write, [root, other, intermediate, leaf]);
    write("key.pem", leaf.secret_pem().as_bytes());
    write("broken.pem", armor("CERTIFICATE", b"this is no certificate").as_bytes());
    write("config.toml", b"mode = \"require_any\"\n");
    fs::create_dir(folder.join("empty")).unwrap();
}

/// CRLs about the good client and the chain, whose serial numbers are 1, by the one CA or in its name.
fn write_crls(write: &impl Fn(&str, &[u8]), [root, other, intermediate, leaf]: [&Key; 4]) {
    let list = |number| List::new("root").with(crl::crl_number(number));
    let revoking = list(3).revoke(Revoked::new(&[1]).because(1));
    let older = list(2).updates("260430000000Z", "300101000000Z");
    let unknown = Extension::new("1.2.3.4", der::sequence(&[b""])).critical();
    let named = |key: &Key| extension::authority_key_identifier(&key.identifier());
    write("empty.crl", &list(1).sign(root));
    write("revoked.crl", &revoking.sign(root));
    write("older.crl", &older.sign(root));
    write("elsewhere.crl", &List::new("other").sign(other));
    write("expired.crl", &list(1).updates("260401000000Z", "260501000000Z").sign(root));
    write("future.crl", &list(1).updates("270401000000Z", "280501000000Z").sign(root));
    write("by_other_key.crl", &list(1).sign(other));
    write("forged.crl", &list(4).with(named(root)).sign(other));
    write("unsupported.crl", &list(1).with(unknown).sign(root));
    write("attributes.crl", &list(1).with(crl::issuing_distribution_point(&[crl::flag(5)])).sign(root));

    let alice = |issuer: &str, key: &Key| Template::client(issuer, "alice", leaf).sign(key);
    let signer = Template::new("root", "root", other).with(extension::key_usage(&[extension::CRL_SIGN]));
    write("signer.der", &[alice("root", root), signer.sign(leaf)].concat());
    let unfit = Template::authority("root", "unfit", intermediate)
        .with(extension::key_usage(&[extension::KEY_CERT_SIGN]))
        .sign(root);
    write("unfit.der", &[alice("unfit", intermediate), unfit].concat());
    write("unfit.crl", &List::new("unfit").sign(intermediate));
}

/// A client who names two responders, the question about him, and two answers.
fn write_ocsp(write: &impl Fn(&str, &[u8]), root: &Key, leaf: &Key) {
    let access = |url: &str| der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), name::uri(url)]);
    let responders = der::sequence(&[access("http://one.example/ocsp"), access("http://two.example/")]);
    let mut template = Template::client("root", "alice", leaf).with(Extension::new("1.3.6.1.5.5.7.1.1", responders));
    template.serial = vec![0x10, 0x01];
    let client = OwnedCertificate::from_der(template.sign(root)).unwrap();
    let issuer = OwnedCertificate::from_der(Template::authority("root", "root", root).sign(root)).unwrap();
    let request = Question::new(client.view(), issuer.view()).request(HashAlgorithm::Sha1, None);
    let (id, _) = ocsp::certificate_id(&request);
    let response =
        |status| ocsp::Response::new(ocsp::by_name(&name::common_name("root")), id.clone(), status).sign(root);
    write("ocsp.der", client.view().as_der());
    write("ocsp_request.der", &request);
    write("ocsp_good.der", &response(ocsp::good()));
    write("ocsp_revoked.der", &response(ocsp::revoked("20260102030405Z", Some(1))));
}
