//! cRLDistributionPoints, and which CRLs are meant by them (RFC 5280 sections 4.2.1.13, 5.2.5 and 6.3.3).

use smallvec::SmallVec;

use super::issuing_distribution_point::{DistributionPointName, IssuingDistributionPoint, ReasonFlags};
use crate::certificate::{Certificate, ExtensionKind, GeneralName, GeneralNames, Name, Reader, SEQUENCE, Tlv};

/// Where a certificate says that its revocation is published.
#[derive(Clone, Debug)]
pub(super) struct DistributionPoint<'c> {
    name: Option<PointName<'c>>,
    reasons: ReasonFlags,
    /// The issuer of an indirect CRL, as general names.
    crl_issuer: Option<GeneralNames<'c>>,
}

#[derive(Clone, Debug)]
enum PointName<'c> {
    Full(GeneralNames<'c>),
    /// Below the CRL issuer's name.
    Relative(DistributionPointName),
}

/// More than any CA writes, so that nobody makes comparing them expensive.
const MOST_POINTS: usize = 32;
const FIELD: &str = "cRLDistributionPoints";

pub(super) type DistributionPoints<'c> = SmallVec<[DistributionPoint<'c>; 2]>;

/// The distribution points of a certificate;
/// None where the extension is not what RFC 5280 says, or has more of them than anybody needs.
pub(super) fn distribution_points<'c>(certificate: &Certificate<'c>) -> Option<DistributionPoints<'c>> {
    let Some(der) = certificate.extension(ExtensionKind::CrlDistributionPoints) else {
        return Some(DistributionPoints::new());
    };
    let mut points = DistributionPoints::new();
    let mut list = Reader::new(der).enter(SEQUENCE, FIELD).ok()?;
    while !list.is_empty() {
        if points.len() == MOST_POINTS {
            return None;
        }
        let mut fields = list.enter(SEQUENCE, FIELD).ok()?;
        let name = match fields.optional(0xa0, FIELD).ok()? {
            None => None,
            Some(tlv) => {
                let mut inside = fields.within(&tlv);
                match inside.peek() {
                    Some(0xa0) => {
                        let full = inside.any(FIELD).ok()?;
                        inside.finish(FIELD).ok()?;
                        Some(PointName::Full(names(&inside, &full)?))
                    }
                    _ => Some(PointName::Relative(DistributionPointName::read(inside, FIELD).ok()?)),
                }
            }
        };
        let reasons = match fields.peek() {
            Some(0x81) => ReasonFlags::read(&mut fields, 1, FIELD).ok()?,
            _ => ReasonFlags::ALL,
        };
        let crl_issuer = match fields.optional(0xa2, FIELD).ok()? {
            None => None,
            Some(tlv) => Some(names(&fields, &tlv)?),
        };
        fields.finish(FIELD).ok()?;
        points.push(DistributionPoint { name, reasons, crl_issuer });
    }
    Some(points)
}

impl<'c> DistributionPoint<'c> {
    /// The names of the issuers of indirect CRLs that it points to.
    pub(super) fn crl_issuers(&self) -> impl Iterator<Item = Name<'c>> + use<'c> {
        self.crl_issuer.clone().into_iter().flatten().filter_map(|name| match name {
            GeneralName::Directory(name) => Some(name),
            _ => None,
        })
    }

    /// The reasons for which a CRL by `issuer`, of this scope, says of the certificate whether it was revoked.
    pub(super) fn covered_by(
        &self,
        certificate: &Certificate<'_>,
        issuer: &Name<'_>,
        scope: &IssuingDistributionPoint,
    ) -> ReasonFlags {
        let right_issuer = match &self.crl_issuer {
            Some(_) => scope.indirect && self.crl_issuers().any(|name| name.matches(issuer)),
            None => issuer.matches(&certificate.issuer()),
        };
        let right_name = match &scope.distribution_point {
            None => true,
            Some(published) => self.has_name(certificate, issuer, published),
        };
        if right_issuer && right_name { self.reasons } else { ReasonFlags::NONE }
    }

    fn has_name(&self, certificate: &Certificate<'_>, issuer: &Name<'_>, published: &DistributionPointName) -> bool {
        match (&self.name, published) {
            (None, published) => match &self.crl_issuer {
                Some(names) => names.clone().any(|name| is_among(&name, issuer, published)),
                None => false,
            },
            (Some(PointName::Full(names)), published) => names.clone().any(|name| is_among(&name, issuer, published)),
            (Some(PointName::Relative(own)), published) => {
                // RFC 5280 section 4.2.1.13: relative to the CRL's issuer, which is the certificate's where none is named.
                let base = self.crl_issuers().next().unwrap_or(certificate.issuer());
                own.relative_to(&base)
                    .is_some_and(|whole| is_among(&GeneralName::Directory(Name::checked(&whole)), issuer, published))
            }
        }
    }
}

/// The reasons that a CRL of this scope covers for a certificate that names no distribution point for it, as if it named its
/// issuer (RFC 5280 section 6.3.3, last step).
pub(super) fn covered_without_point(
    certificate: &Certificate<'_>,
    issuer: &Name<'_>,
    scope: &IssuingDistributionPoint,
) -> ReasonFlags {
    let right_name = match &scope.distribution_point {
        None => true,
        Some(published) => is_among(&GeneralName::Directory(certificate.issuer()), issuer, published),
    };
    if right_name && issuer.matches(&certificate.issuer()) { ReasonFlags::ALL } else { ReasonFlags::NONE }
}

/// Whether the kind of certificate is in the scope.
pub(super) fn includes_kind(certificate: &Certificate<'_>, scope: &IssuingDistributionPoint) -> bool {
    let is_ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
    !(scope.only_attribute || scope.only_user && is_ca || scope.only_ca && !is_ca)
}

fn is_among(name: &GeneralName<'_>, issuer: &Name<'_>, published: &DistributionPointName) -> bool {
    match published.relative_to(issuer) {
        Some(whole) => is_same(name, &GeneralName::Directory(Name::checked(&whole))),
        None => published.full_names().any(|other| is_same(name, &other)),
    }
}

fn is_same(a: &GeneralName<'_>, b: &GeneralName<'_>) -> bool {
    match (a, b) {
        (GeneralName::Directory(a), GeneralName::Directory(b)) => a.matches(b),
        (GeneralName::Uri(a), GeneralName::Uri(b))
        | (GeneralName::Dns(a), GeneralName::Dns(b))
        | (GeneralName::Email(a), GeneralName::Email(b))
        | (GeneralName::Ip(a), GeneralName::Ip(b)) => a == b,
        _ => false,
    }
}

/// The names in a GeneralNames; None where it is not one.
fn names<'c>(reader: &Reader<'c>, tlv: &Tlv) -> Option<GeneralNames<'c>> {
    let mut list = reader.within(tlv);
    while !list.is_empty() {
        list.any(FIELD).ok()?;
    }
    Some(GeneralNames::checked(reader.content(tlv)))
}
