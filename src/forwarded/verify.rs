//! A forwarded certificate, verified.

use std::sync::Arc;

use super::claim::{Claim, Fault, Word};
use super::dialect::{Carrier, Dialect};
use super::given::Given;
use super::{Peer, alb, apache, azure, envoy, escaped, haproxy, proxy_protocol, rfc9440, traefik};
use crate::verdict::Verdict;
use crate::verifier::Verifier;
use crate::verify::{Code, Detail};

impl Verifier {
    /// Says who a client is by what a proxy forwards of it, at `now` in Unix seconds.
    ///
    /// `headers` are those of the request, all of them or at least all that the carrier is about, with repeated ones
    /// repeated; for [`Dialect::ProxyProtocol`] the one header of the connection under the name
    /// [`proxy_protocol::NAME`]. `peer` is the other end of the socket.
    ///
    /// - No such header: the outcome is NONE, whoever the peer is.
    /// - From a peer that `trusted_proxies` does not name: FAILED for `untrusted_proxy`, whatever is in them.
    /// - More than one copy, or what cannot be read: FAILED for `forwarded_malformed`, or `chain_too_large`.
    /// - A certificate is mentioned that is not there: FAILED for `forwarded_incomplete`.
    /// - Else the verdict on the certificate by our own policy, or, with `forwarded_verification = proxy`, by the proxy's
    ///   word, and FAILED for `forwarded_not_verified` without one.
    ///
    /// That the client holds the key is what the proxy proved to itself, and nothing here can tell.
    pub fn verify_forwarded<'h, 'n>(
        &self,
        carrier: impl Into<Carrier<'n>>,
        peer: &Peer,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        now: i64,
    ) -> Arc<Verdict> {
        let carrier = carrier.into();
        let given = Given::collect(&carrier, headers);
        if given.is_empty() {
            return self.without_certificate();
        }
        let policy = self.policy();
        let refused = |Fault { code, detail }| {
            let detail = (!detail.is_empty()).then(|| Detail::Text(detail.into()));
            Arc::new(Verdict::of_connection(&policy, code, detail))
        };
        if !policy.trusts_proxy(peer) {
            return refused(Fault { code: Code::UntrustedProxy, detail: given.first_name() });
        }
        let max_chain_bytes = policy.rules().max_chain_bytes;
        match given.check(max_chain_bytes).and_then(|()| read(carrier.dialect, &given)) {
            Err(fault) => refused(fault),
            Ok(Claim::Nothing) => self.without_certificate(),
            Ok(Claim::Certificates(chain, word)) if policy.proxy_verifies() => match word {
                Word::Verified => self.verify_vouched(&chain, now),
                Word::Refused(why) => refused(Fault { code: Code::ForwardedNotVerified, detail: why }),
                Word::Silent => refused(Fault { code: Code::ForwardedNotVerified, detail: String::new() }),
            },
            Ok(Claim::Certificates(chain, _)) => self.verify_at(&chain, now),
        }
    }
}

fn read(dialect: Dialect, given: &Given<'_>) -> Result<Claim, Fault> {
    match dialect {
        Dialect::Rfc9440 => rfc9440::read(given),
        Dialect::Envoy => envoy::read(given),
        Dialect::Nginx | Dialect::IngressNginx => escaped::read(given),
        Dialect::Tomcat => escaped::read_tomcat(given),
        Dialect::Traefik => traefik::read(given),
        Dialect::Haproxy => haproxy::read(given),
        Dialect::AwsAlb => alb::read(given),
        Dialect::Apache => apache::read(given),
        Dialect::Azure => azure::read(given),
        Dialect::ProxyProtocol => proxy_protocol::read(given),
    }
}
