//! The certificates that the programs in other languages read.

use std::fs;
use std::path::Path;

use crate::support::certificate::armor;
use crate::support::extension::{self, CLIENT_AUTH, SERVER_AUTH};
use crate::support::{Key, Template, name, pem};

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

    write("key.pem", leaf.secret_pem().as_bytes());
    write("broken.pem", armor("CERTIFICATE", b"this is no certificate").as_bytes());
    write("config.toml", b"mode = \"require_any\"\n");
    fs::create_dir(folder.join("empty")).unwrap();
}
