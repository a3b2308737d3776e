//! What to ask a responder, and how to put it into a URL (RFC 6960 section 4.1, RFC 9654, RFC 5019).

use super::certificate_id::{self, HashAlgorithm};
use super::{NONCE, Question};
use crate::certificate::encode::{sequence, value};
use crate::certificate::{GeneralName, base64, der};
use crate::crypto;

/// How many bytes of chance a nonce has (RFC 9654 section 2.1: 32 are recommended, 1 to 128 allowed).
pub const NONCE_LENGTH: usize = 32;

/// A fresh nonce from the system's source of chance; None where that fails, and then nothing should be asked.
pub fn nonce() -> Option<[u8; NONCE_LENGTH]> {
    let mut nonce = [0; NONCE_LENGTH];
    crypto::random(&mut nonce).then_some(nonce)
}

impl Question<'_> {
    /// The DER of an OCSPRequest of version 1 that asks for this certificate alone and is not signed. With a nonce of 1 to
    /// 128 bytes, which the answer must repeat; responders that answer from a store (RFC 5019) do not.
    pub fn request(&self, algorithm: HashAlgorithm, nonce: Option<&[u8]>) -> Vec<u8> {
        let id = certificate_id::encode(algorithm, &self.certificate, &self.issuer);
        let requests = sequence(&[&sequence(&[&id])]);
        let extensions = nonce.map_or_else(Vec::new, |nonce| {
            let extension =
                sequence(&[&value(der::OID, &[NONCE]), &value(der::OCTET_STRING, &[&nonce_extension(nonce)])]);
            value(der::context_constructed(2), &[&sequence(&[&extension])])
        });
        sequence(&[&sequence(&[&requests, &extensions])])
    }

    /// The http and https URLs of the responders that the certificate names in authorityInfoAccess, in its order. Those of
    /// other schemes, and what is not printable ASCII, are left out.
    pub fn responders(&self) -> Vec<String> {
        let http = |name: &GeneralName<'_>| match name {
            GeneralName::Uri(uri) => std::str::from_utf8(uri).ok().filter(|uri| is_http_url(uri)).map(str::to_owned),
            _ => None,
        };
        self.certificate.ocsp_responders().iter().filter_map(http).collect()
    }
}

/// The URL that asks by GET (RFC 6960 appendix A.1): the responder's, a slash, the request in base64, percent-encoded. RFC
/// 5019 section 5 uses it up to 255 bytes in all, for the sake of caches, and POST for longer ones.
pub fn get_url(responder: &str, request: &[u8]) -> String {
    let mut url = format!("{}/", responder.trim_end_matches('/'));
    for symbol in base64(request).chars() {
        match symbol {
            '+' => url.push_str("%2B"),
            '/' => url.push_str("%2F"),
            '=' => url.push_str("%3D"),
            symbol => url.push(symbol),
        }
    }
    url
}

/// What stands in the extnValue of a nonce (RFC 9654 section 2.1).
pub(super) fn nonce_extension(nonce: &[u8]) -> Vec<u8> {
    value(der::OCTET_STRING, &[nonce])
}

/// Whether it is an http or https URL that can be asked for as it stands.
pub(crate) fn is_http_url(uri: &str) -> bool {
    let follows = |scheme: &str| match uri.split_at_checked(scheme.len()) {
        Some((start, rest)) => start.eq_ignore_ascii_case(scheme) && !rest.is_empty(),
        None => false,
    };
    (follows("http://") || follows("https://")) && uri.bytes().all(|byte| byte.is_ascii_graphic())
}
