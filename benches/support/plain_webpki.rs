//! Plain webpki with aws-lc-rs, used the way that rustls uses it.

use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, KeyUsage, OwnedCertRevocationList, RevocationOptions,
    RevocationOptionsBuilder, anchor_from_trusted_cert,
};

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
        self.accepts_with(chain, None)
    }

    /// The same, with CRLs of the whole chain.
    pub fn accepts_unrevoked(&self, chain: &Chain, crls: &[&CertRevocationList<'_>]) -> bool {
        let options = RevocationOptionsBuilder::new(crls).expect("there are CRLs").build();
        self.accepts_with(chain, Some(options))
    }

    fn accepts_with(&self, chain: &Chain, revocation: Option<RevocationOptions<'_>>) -> bool {
        let [leaf, intermediates @ ..] = chain.certificates() else { return false };
        EndEntityCert::try_from(leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &self.0,
                intermediates,
                UnixTime::now(),
                KeyUsage::client_auth(),
                revocation,
                None,
            )
            .is_ok()
        })
    }
}

/// A CRL as webpki keeps it to answer quickly. It checks the signature at each verification.
pub fn crl(der: &[u8]) -> CertRevocationList<'static> {
    OwnedCertRevocationList::from_der(der).expect("webpki reads the generated CRLs").into()
}
