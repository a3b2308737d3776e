//! A header of version 2 of the PROXY protocol, whole and cut.
#![no_main]

use clientcert::forwarded::proxy_protocol::{FIXED_LENGTH, Header, length};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match Header::parse(bytes) {
        Ok(header) => {
            assert_eq!(length(&bytes[..FIXED_LENGTH]), Some(bytes.len()));
            let certificate = header.tls.and_then(|tls| tls.certificate);
            assert!(certificate.is_none_or(|certificate| certificate.len() < bytes.len()));
            assert!(!(header.local && header.tls.is_some()));
            assert!(Header::parse(&bytes[..bytes.len() - 1]).is_err());
        }
        Err(problem) => assert!(!problem.is_empty()),
    }
});
