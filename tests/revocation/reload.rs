//! A verifier whose CRLs change: nothing broken or older takes the place of what is good, and what did not change is shared.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use clientcert::policy::{Config, WarningKind};
use clientcert::verify::Code;
use clientcert::{Error, Status, Verifier};
use tempfile::TempDir;

use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, NOW, Template, der};
use crate::world::*;

/// After which a file that was just written is told from one that is written now.
const SETTLED: Duration = Duration::from_millis(250);
/// How often `refresh` looks, and a little more.
const REFRESH: Duration = Duration::from_millis(1_100);

/// A file that the CA publishes its CRL in, and a verifier that reads it.
struct Published {
    folder: TempDir,
    verifier: Verifier,
}

impl Published {
    fn new(first: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("ca.crl"), first).expect("a file");
        let verifier = Verifier::new(&config_of(&folder.path().join("ca.crl"))).expect("a verifier");
        Self { folder, verifier }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.crl")
    }

    fn publish(&self, bytes: &[u8]) -> Result<(), Error> {
        fs::write(self.file(), bytes).expect("a file");
        self.verifier.reload()
    }

    /// What is said of the client.
    fn alice(&self) -> Result<(), Code> {
        let verdict = self.verifier.verify_at(&alice(), NOW);
        verdict.primary().map_or(Ok(()), |reason| Err(reason.code))
    }

    /// The number of the CRL that says so.
    fn number(&self) -> Vec<u8> {
        let verdict = self.verifier.verify_at(&alice(), NOW);
        let (_, info) = verdict.crls().next().expect("a CRL");
        info.number().expect("a number").to_vec()
    }
}

fn config_of(path: &std::path::Path) -> Config {
    let mut config = config(&[&root()], &[]);
    config.set("crl", path.to_str().expect("a path in UTF-8")).expect("a path");
    config
}

fn numbered(number: u32) -> List {
    list().with(crl::crl_number(number)).updates(&format!("2605{number:02}000000Z"), "300101000000Z")
}

#[test]
fn a_new_list_takes_the_place_of_the_old_one() {
    let published = Published::new(&crl(&numbered(1)));
    assert_eq!((published.alice(), published.number()), (Ok(()), vec![1]));
    let before = published.verifier.policy();
    let established = published.verifier.verify_at(&alice(), NOW);
    assert!(Arc::ptr_eq(&established, &published.verifier.recheck(&established, NOW)));

    published.publish(&crl(&numbered(2).revoke(revoked()))).expect("a newer list");
    let after = published.verifier.policy();
    // The policy is the same; what it knows is not.
    assert_eq!(before.identity(), after.identity());
    assert!(before.epoch() < after.epoch());
    // No verdict that was remembered outlives it, and those that were given can be asked.
    assert_eq!((published.alice(), published.number()), (Err(Code::CertificateRevoked), vec![2]));
    assert!(established.verified());
    assert_only(&published.verifier.recheck(&established, NOW), Code::CertificateRevoked);

    // What was refused is not let in by asking again, but by presenting it again.
    let refused = published.verifier.verify_at(&alice(), NOW);
    published.publish(&crl(&numbered(3))).expect("a newer list");
    assert!(!published.verifier.recheck(&refused, NOW).verified());
    assert_eq!(published.alice(), Ok(()));
}

/// Clients come with the same intermediate again and again, and it is remembered where that was not listed.
#[test]
fn a_known_intermediate_is_looked_for_in_every_new_list() {
    let [root_key, ca] = [4, 1].map(Key::ed25519);
    let root = Template::authority("Root", "Root", &root_key).sign(&root_key);
    let intermediate = Template { serial: vec![3], ..Template::authority("Root", CA, &ca) }.sign(&root_key);
    let folder = tempfile::tempdir().expect("a folder");
    let publish = |number: u32, list: List| {
        let list = list.with(crl::crl_number(number)).updates(&format!("2605{number:02}000000Z"), "300101000000Z");
        fs::write(folder.path().join("root.crl"), list.sign(&root_key)).expect("a file");
    };
    publish(1, List::new("Root"));
    fs::write(folder.path().join("ca.crl"), list().sign(&ca)).expect("a file");
    let mut config = config(&[&root], &[]);
    config.set("crl", folder.path().to_str().expect("a path in UTF-8")).expect("a folder");
    let verifier = Verifier::new(&config).expect("a verifier");
    let verify = |serial| {
        let client = Template { serial: vec![serial], ..client() }.sign(&ca);
        verifier.verify_at(&[client, intermediate.clone()].concat(), NOW)
    };
    (10..14).for_each(|serial| assert_good(&verify(serial)));
    publish(2, List::new("Root").revoke(Revoked::new(&[3])));
    verifier.reload().expect("a newer list");
    for serial in 14..18 {
        assert_eq!(found(&verify(serial)), [(Code::CertificateRevoked, 1)]);
    }
    publish(3, List::new("Root"));
    verifier.reload().expect("a newer list");
    (18..22).for_each(|serial| assert_good(&verify(serial)));
}

#[test]
fn nothing_broken_takes_the_place_of_what_is_good() {
    let published = Published::new(&crl(&numbered(1).revoke(revoked())));
    let next = crl(&numbered(2));
    let place = published.file().display().to_string();
    let epoch = published.verifier.policy().epoch();
    let refused = |bytes: &[u8], what: &str| {
        let error = published.publish(bytes).expect_err(what);
        assert!(error.to_string().contains(&place), "{what}: {error}");
        assert_eq!((published.alice(), published.number()), (Err(Code::CertificateRevoked), vec![1]), "{what}");
        assert_eq!(published.verifier.policy().epoch(), epoch, "{what}");
        error
    };
    for length in 0..next.len() {
        let error = refused(&next[..length], &format!("{length} bytes"));
        assert!(matches!(error.status(), Status::Malformed | Status::NoCrl), "{length} bytes: {error}");
    }
    let error = refused(&next[..100], "100 bytes");
    assert_eq!(error.status(), Status::Malformed);
    assert!(error.to_string().contains(", CRL 1: ") && error.to_string().contains("at byte 0"), "{error}");
    // As a file looks that is written in place, or was on a disk when the power failed.
    let mut half = next.clone();
    half[next.len() / 2..].fill(0);
    refused(&half, "half of it zeros");
    let text = crl::pem(&next);
    for length in 1..text.len() - "-----END X509 CRL-----\n".len() {
        refused(&text.as_bytes()[..length], &format!("{length} characters"));
    }
    let error = refused(text.replace("-----END", "!-----END").as_bytes(), "garbage in PEM");
    assert!(error.to_string().contains(":1") || error.to_string().contains(":2"), "{error}");
    fs::remove_file(published.file()).expect("the file");
    let error = published.verifier.reload().expect_err("no file");
    assert!(error.status() == Status::Io && error.to_string().contains(&place), "{error}");
    assert_eq!(published.alice(), Err(Code::CertificateRevoked));
    // And then it goes on.
    published.publish(&next).expect("a good list");
    assert_eq!(published.alice(), Ok(()));
}

#[test]
fn no_turned_bit_makes_a_revoked_certificate_good() {
    let published = Published::new(&crl(&numbered(1).revoke(revoked())));
    let next = crl(&with_key_identifier(numbered(2).revoke(revoked()), &ca_key()));
    for bit in 0..next.len() * 8 {
        let mut bent = next.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        // It may be a list by somebody else, or of a kind that nobody can check; a quick refusal is for this CA's.
        drop(published.publish(&bent));
        assert!(published.alice().is_err(), "bit {bit}");
    }
}

#[test]
fn a_list_by_another_key_is_refused() {
    let other = Key::ed25519(5);
    for identified in [true, false] {
        let of = |list: List| if identified { with_key_identifier(list, &ca_key()) } else { list };
        let published = Published::new(&crl(&of(numbered(1).revoke(revoked()))));
        let error = published.publish(&of(numbered(2)).sign(&other)).expect_err("a forged list");
        assert_eq!(error.status(), Status::UnusableCrl, "{identified}");
        assert!(error.to_string().contains("ca.crl, CRL 1: "), "{error}");
        assert_eq!((published.alice(), published.number()), (Err(Code::CertificateRevoked), vec![1]), "{identified}");
    }
}

#[test]
fn an_older_list_is_reported_and_not_used() {
    let newer = crl(&numbered(5).revoke(revoked()));
    let published = Published::new(&newer);
    published.publish(&crl(&numbered(4))).expect("an older list is no error");
    assert_eq!((published.alice(), published.number()), (Err(Code::CertificateRevoked), vec![5]));
    let policy = published.verifier.policy();
    let warning = policy.warnings().iter().find(|warning| warning.kind == WarningKind::CrlOlder).expect("a warning");
    assert!(warning.place.as_ref().is_some_and(|place| place.contains("ca.crl")), "{warning}");
    assert!(warning.text.contains("2026-05-05T00:00:00Z"), "{warning}");
    // It stays reported and unused however often it is read.
    published.verifier.reload().expect("the same");
    assert_eq!(warnings(&published.verifier.policy()), [WarningKind::CrlOlder]);
    assert_eq!(published.alice(), Err(Code::CertificateRevoked));
    published.publish(&crl(&numbered(6))).expect("a newer list");
    assert_eq!((published.alice(), warnings(&published.verifier.policy())), (Ok(()), vec![]));
}

#[test]
fn an_older_list_is_not_used_under_another_name_either() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, list: &List| fs::write(folder.path().join(name), crl(list)).expect("a file");
    write("5.crl", &numbered(5).revoke(revoked()));
    let verifier = Verifier::new(&config_of(folder.path())).expect("a verifier");
    fs::remove_file(folder.path().join("5.crl")).expect("a file");
    write("4.crl", &numbered(4));
    verifier.reload().expect("an older list is no error");
    assert_eq!(warnings(&verifier.policy()), [WarningKind::CrlOlder]);
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);
    // A delta is no older list of its base's series, nor the other way round.
    write("5.crl", &numbered(5));
    write("delta.crl", &numbered(6).with(crl::delta_crl_indicator(5)));
    fs::remove_file(folder.path().join("4.crl")).expect("a file");
    verifier.reload().expect("a base and a delta");
    assert_eq!(warnings(&verifier.policy()), []);
}

/// A list that was in use and still is there goes on to count, although the newer one beside it is gone.
#[test]
fn what_an_older_list_revokes_stays_revoked_when_the_newer_one_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, list: &List| fs::write(folder.path().join(name), crl(list)).expect("a file");
    write("4.crl", &numbered(4).revoke(revoked()));
    write("5.crl", &numbered(5));
    let verifier = Verifier::new(&config_of(folder.path())).expect("a verifier");
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);
    fs::remove_file(folder.path().join("5.crl")).expect("a file");
    verifier.reload().expect("a list less");
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);
}

#[test]
fn of_two_cas_of_one_name_neither_stands_in_for_the_other() {
    let keys = [Key::ed25519(0), Key::ed25519(1)];
    let root = |key: &Key| Template::authority(CA, CA, key).without("2.5.29.14").sign(key);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |ca: usize, list: &List| {
        fs::write(folder.path().join(format!("{ca}.crl")), list.sign(&keys[ca])).expect("a file");
    };
    write(0, &numbered(5).revoke(revoked()));
    write(1, &numbered(20));
    let mut config = config(&[&root(&keys[0]), &root(&keys[1])], &[]);
    config.set("crl", folder.path().to_str().expect("a path in UTF-8")).expect("a path");
    let verifier = Verifier::new(&config).expect("a verifier");
    let judged = || {
        let judge = |key| verifier.verify_at(&client().sign(key), NOW).primary().map(|reason| reason.code);
        keys.each_ref().map(judge)
    };
    assert_eq!(judged(), [Some(Code::CertificateRevoked), None]);
    // The newer list of one does not let an older one of the other pass.
    write(0, &numbered(4));
    verifier.reload().expect("an older list is no error");
    assert_eq!(warnings(&verifier.policy()), [WarningKind::CrlOlder]);
    assert_eq!(judged(), [Some(Code::CertificateRevoked), None]);
    // Nor does it hold a newer one of the other up.
    write(0, &numbered(6));
    fs::remove_file(folder.path().join("1.crl")).expect("a file");
    verifier.reload().expect("a list less");
    assert_eq!(warnings(&verifier.policy()), []);
    assert_eq!(judged(), [None, Some(Code::CrlIssuerUnknown)]);
}

/// A CA whose clock is ahead takes nobody's access away.
#[test]
fn a_list_from_the_future_leaves_the_one_in_use_until_then() {
    let future = |revoking: bool| {
        let list = list().with(crl::crl_number(9)).updates("490101000000Z", "491231000000Z");
        crl(&if revoking { list.revoke(revoked()) } else { list })
    };
    let published = Published::new(&crl(&numbered(1)));
    for _ in 0..2 {
        published.publish(&future(true)).expect("a list for later");
        assert_eq!((published.alice(), published.number()), (Ok(()), vec![1]));
        assert_eq!(warnings(&published.verifier.policy()), [WarningKind::CrlNotYetValid]);
    }
    let later = published.verifier.verify_at(&alice(), 2_493_072_000);
    assert!(later.reasons().iter().any(|reason| reason.code == Code::CertificateRevoked), "{:?}", later.reasons());

    let held = Published::new(&crl(&numbered(1).revoke(revoked())));
    held.publish(&future(false)).expect("a list for later");
    assert_eq!(held.alice(), Err(Code::CertificateRevoked));
}

#[test]
fn refresh_notices_new_files_and_reads_no_old_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("1.crl"), crl(&large(1))).expect("a file");
    sleep(SETTLED);
    let verifier = Verifier::new(&config_of(folder.path())).expect("a verifier");
    let epoch = verifier.policy().epoch();
    sleep(REFRESH);
    let used = allocation_counter::measure(|| assert!(!verifier.refresh().expect("nothing new")));
    assert!(used.bytes_total < 64 << 10, "{} bytes to see that nothing changed", used.bytes_total);
    assert_eq!(verifier.policy().epoch(), epoch);
    // A reload makes a new policy, of the same file.
    let used = allocation_counter::measure(|| verifier.reload().expect("nothing new"));
    assert!(used.bytes_total < 1 << 20, "{} bytes to load what did not change", used.bytes_total);

    fs::write(folder.path().join("2.crl"), crl(&numbered(2).revoke(revoked()))).expect("a file");
    // At most once a second.
    assert_good(&verifier.verify_at(&alice(), NOW));
    sleep(REFRESH);
    let used = allocation_counter::measure(|| assert!(verifier.refresh().expect("a new file")));
    assert!(used.bytes_total < 1 << 20, "{} bytes to add a small file to a large one", used.bytes_total);
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);

    // Broken, it says so each time it looks, and goes on with what it has.
    fs::write(folder.path().join("2.crl"), b"\x30\x82").expect("a file");
    for _ in 0..2 {
        sleep(REFRESH);
        let error = verifier.refresh().expect_err("a broken file");
        assert!(error.to_string().contains("2.crl"), "{error}");
        assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);
    }
}

#[test]
fn verifiers_share_a_file_that_did_not_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.crl");
    fs::write(&path, crl(&large(1))).expect("a file");
    sleep(SETTLED);
    let config = config_of(&path);
    let mut verifiers = Vec::new();
    let mut kept = |config: &Config| {
        let used = allocation_counter::measure(|| verifiers.push(Verifier::new(config).expect("a verifier")));
        used.bytes_current
    };
    let first = kept(&config);
    assert!(first > 20_000 * 20, "{first} bytes for the first");
    let second = kept(&config);
    assert!(second < first / 4, "{second} bytes for the second, {first} for the first");
    // Another path to it is another file.
    fs::copy(&path, folder.path().join("copy.crl")).expect("a copy");
    let third = kept(&config_of(&folder.path().join("copy.crl")));
    assert!(third > first / 2, "{third} bytes for the third, {first} for the first");
    // Once nobody has it in use, it is gone.
    drop(verifiers);
    let used = allocation_counter::measure(|| drop(Verifier::new(&config).expect("a verifier")));
    assert!(used.bytes_total > 20_000 * 20, "{} bytes to read it again", used.bytes_total);
}

/// Twenty thousand entries, none of them the client's.
fn large(number: u32) -> List {
    let mut list = numbered(number);
    list.revoked =
        (0..20_000u32).map(|entry| Revoked::new(&[&[0x55; 12][..], &entry.to_be_bytes()].concat())).collect();
    list
}

/// A critical extension that is new must not let in whom the list before it refused.
#[test]
fn a_list_that_cannot_be_read_whole_refuses_when_it_comes() {
    let published = Published::new(&crl(&numbered(1)));
    let unknown = Extension::new("1.2.3.4", der::sequence(&[b""])).critical();
    published.publish(&crl(&numbered(2).with(unknown))).expect("a list that is not understood");
    assert_eq!(warnings(&published.verifier.policy()), [WarningKind::CrlUnsupported]);
    assert_eq!(published.alice(), Err(Code::CrlUnsupported));
}
