//! `include/clientcert_openssl.h`: it compiles as C and C++, and its handshakes end as the policy says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::RegisteredKey;
use tempfile::TempDir;

use library::{install_library, project, run};
use support::crl::{List, Revoked};
use support::extension::{self, SERVER_AUTH};
use support::{Key, Template, pem};

#[allow(dead_code)]
#[path = "../ffi/library.rs"]
mod library;
#[path = "../support/mod.rs"]
mod support;

#[test]
fn the_header_compiles_alone_in_every_dialect() {
    let folder = tempfile::tempdir().unwrap();
    for (compiler, suffix, dialects) in
        [("gcc", "c", ["c99", "c11", "c17"]), ("g++", "cpp", ["c++11", "c++17", "c++20"])]
    {
        let source = folder.path().join(format!("alone.{suffix}"));
        fs::write(&source, "#include <clientcert_openssl.h>\n").unwrap();
        for dialect in dialects {
            compile(compiler, dialect, &["-Wshadow", "-Wconversion"], &source, &folder.path().join("alone.o"));
        }
    }
}

#[test]
fn handshakes_end_as_the_policy_says() {
    plainly("handshake");
}

#[test]
fn handshakes_are_clean_under_valgrind() {
    under_valgrind("handshake");
}

#[test]
fn handshakes_are_clean_under_sanitizers() {
    under_sanitizers("handshake");
}

#[test]
fn sessions_come_back_as_what_they_are_now() {
    plainly("sessions");
}

#[test]
fn sessions_are_clean_under_valgrind() {
    under_valgrind("sessions");
}

#[test]
fn sessions_are_clean_under_sanitizers() {
    under_sanitizers("sessions");
}

fn plainly(name: &str) {
    let (folder, program) = build(name, &["-O2"]);
    run(Command::new(program).arg(folder.path()));
}

fn under_valgrind(name: &str) {
    let (folder, program) = build(name, &["-O1"]);
    run(Command::new("valgrind")
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"])
        .arg(program)
        .arg(folder.path()));
}

fn under_sanitizers(name: &str) {
    let (folder, program) = build(name, &["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    run(Command::new(program).arg(folder.path()).env("ASAN_OPTIONS", "detect_leaks=1"));
}

/// Builds the program out of a C and a C++ file, in a folder that also holds the certificates that it reads.
fn build(name: &str, options: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_certificates(folder.path());
    install_library(folder.path());
    compile("gcc", "c11", options, &project(&format!("tests/openssl/{name}.c")), &at("program.o"));
    compile("g++", "c++17", options, &project("tests/openssl/elsewhere.cpp"), &at("elsewhere.o"));
    run(Command::new("gcc")
        .args(options)
        .args([at("program.o"), at("elsewhere.o")])
        .arg("-o")
        .arg(at(name))
        .arg("-L")
        .arg(folder.path())
        .args(["-lclientcert", "-lssl", "-lcrypto"])
        .arg(format!("-Wl,-rpath,{}", folder.path().display())));
    let program = at(name);
    (folder, program)
}

fn compile(compiler: &str, dialect: &str, options: &[&str], source: &Path, object: &Path) {
    run(Command::new(compiler)
        .arg(format!("-std={dialect}"))
        .args(["-g", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(options)
        .arg("-I")
        .arg(project("include"))
        .arg("-I")
        .arg(project("tests/c"))
        .args(["-c", "-o"])
        .arg(object)
        .arg(source));
}

fn write_certificates(folder: &Path) {
    let [root, stranger, intermediate, leaf] = [0, 1, 2, 3].map(Key::p256);
    let write = |name: &str, chain: &[&[u8]], key: &Key| {
        let text: String = chain.iter().map(|der| pem(der)).collect();
        fs::write(folder.join(name), text + &key.secret_pem()).unwrap();
    };
    let client = |name: &str| Template::client("ca", name, leaf);
    let purpose = client("purpose").with(extension::extended_key_usage(&[SERVER_AUTH]));
    let past = ("200101000000Z", "210101000000Z");

    let write_ca = |file: &str, name: &str, key: &Key| {
        fs::write(folder.join(file), pem(&Template::authority(name, name, key).sign(key))).unwrap();
    };
    write_ca("ca.pem", "ca", root);
    write_ca("stranger_ca.pem", "stranger ca", stranger);
    let many = (0..900).map(|number| {
        let name = format!("{number:064}");
        pem(&Template::authority(&name, &name, root).sign(root))
    });
    fs::write(folder.join("many_cas.pem"), many.collect::<String>()).unwrap();
    fs::write(folder.join("ca.key"), root.secret_pem()).unwrap();
    for (name, key) in [("session.key", [1; 48]), ("other.key", [2; 48])] {
        fs::write(folder.join(name), key).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let good = client("good");
    let key = RegisteredKey::spki_of(&OwnedCertificate::from_der(good.sign(root)).unwrap().view());
    fs::write(folder.join("registered.keys"), format!("{key} good\n")).unwrap();
    fs::write(folder.join("disabled.keys"), format!("disabled {key} good\n")).unwrap();
    let crls = [("empty.crl", List::new("ca")), ("revoked.crl", List::new("ca").revoke(Revoked::new(&good.serial)))];
    for (name, list) in crls {
        fs::write(folder.join(name), list.sign(root)).unwrap();
    }
    write("server.pem", &[&purpose.clone().sign(root)], leaf);
    write("good.pem", &[&client("good").sign(root)], leaf);
    write("expired.pem", &[&client("expired").valid(past.0, past.1).sign(root)], leaf);
    write("future.pem", &[&client("future").valid("390101000000Z", "400101000000Z").sign(root)], leaf);
    write("purpose.pem", &[&purpose.sign(root)], leaf);
    write("forged.pem", &[&client("forged").sign(stranger)], leaf);
    write("self.pem", &[&Template::client("self", "self", leaf).sign(leaf)], leaf);

    let unknown = Template::client("stranger ca", "good", leaf);
    write("stranger.pem", &[&unknown.clone().sign(stranger)], leaf);
    write("stranger_expired.pem", &[&unknown.valid(past.0, past.1).sign(stranger)], leaf);

    let between = Template::authority("ca", "intermediate", intermediate).sign(root);
    let chained = Template::client("intermediate", "chained", leaf).sign(intermediate);
    write("chain.pem", &[&chained, &between], leaf);
}
