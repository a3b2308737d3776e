//! The identity of a policy: equal for two that judge alike, different for two that may not.

use super::config::Config;
use super::value::Value;
use crate::crypto::backend::digest::{Context, SHA256};

/// The SHA-256 over, each with its length before it: a name for this format, the name and value of every option that
/// decides in the order of their names, and the SHA-256 of every pinned certificate, each once, in the order of these.
pub(super) fn of(config: &Config, mut anchors: Vec<[u8; 32]>) -> [u8; 32] {
    let mut fields = Fields(Context::new(&SHA256));
    fields.add(b"clientcert policy 1");
    let mut decisive: Vec<_> = config.each().filter(|(option, ..)| option.decides).collect();
    decisive.sort_by_key(|(option, ..)| option.name);
    fields.count(decisive.len());
    for (option, value, _) in decisive {
        fields.add(option.name.as_bytes());
        fields.add(value.as_ref().map_or_else(String::new, Value::canonical).as_bytes());
    }
    sort(&mut anchors);
    anchors.dedup();
    fields.count(anchors.len());
    for digest in &anchors {
        fields.add(digest);
    }
    let mut identity = [0; 32];
    identity.copy_from_slice(fields.0.finish().as_ref());
    identity
}

/// Sorts digests, which differ in their first bytes, without looking at the others.
fn sort(digests: &mut [[u8; 32]]) {
    let head = |digest: &[u8; 32]| u64::from_be_bytes(*digest.first_chunk().unwrap_or(&[0; 8]));
    digests.sort_unstable_by(|a, b| head(a).cmp(&head(b)).then_with(|| a.cmp(b)));
}

struct Fields(Context);

impl Fields {
    fn count(&mut self, count: usize) {
        self.0.update(&(count as u64).to_be_bytes());
    }

    fn add(&mut self, field: &[u8]) {
        self.count(field.len());
        self.0.update(field);
    }
}
