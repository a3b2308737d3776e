//! This library, used as a server uses it: with its defaults, from the presented bytes to the verdict.

use clientcert::Verifier;
use clientcert::policy::Config;

use super::pki::pem;

/// A verifier that has seen nobody yet.
pub fn verifier<'a>(anchors: impl IntoIterator<Item = &'a [u8]>) -> Verifier {
    Verifier::new(&config(pem(anchors).as_bytes())).expect("the generated anchors load")
}

/// The defaults, and `anchors` in PEM or DER.
pub fn config(anchors: &[u8]) -> Config {
    let mut config = Config::new();
    config.set("mode", "require").expect("a mode");
    config.set_bytes("ca", anchors).expect("anchors in memory");
    config
}
