//! Plain webpki with aws-lc-rs, used the way that rustls uses it.

use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::pki::Chain;

/// webpki with its anchors.
pub struct PlainWebpki(Vec<TrustAnchor<'static>>);

impl PlainWebpki {
    pub fn new<'a>(anchors: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let anchor = |der: &[u8]| {
            let certificate = CertificateDer::from(der);
            anchor_from_trusted_cert(&certificate).expect("webpki reads the generated anchors").to_owned()
        };
        Self(anchors.into_iter().map(anchor).collect())
    }

    /// From the certificates' bytes, already apart as a TLS library has them, to the answer.
    pub fn accepts(&self, chain: &Chain) -> bool {
        let [leaf, intermediates @ ..] = chain.certificates() else { return false };
        EndEntityCert::try_from(leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &self.0,
                intermediates,
                UnixTime::now(),
                KeyUsage::client_auth(),
                None,
                None,
            )
            .is_ok()
        })
    }
}
