//! A CA file, from which a policy is compiled or an error comes.
#![no_main]

use clientcert::Verifier;
use clientcert::policy::Config;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut config = Config::new();
    match config.set_bytes("ca", data).and_then(|()| Verifier::new(&config)) {
        Ok(verifier) => assert!(verifier.policy().ca_names().count() > 0),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
