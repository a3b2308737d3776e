//! What a CRL covers: the issuingDistributionPoint, and names of distribution points (RFC 5280 section 5.2.5).

use crate::certificate::der::{self, Malformed, Reader};
use crate::certificate::encode::{sequence, value};
use crate::certificate::{GeneralNames, Name, check_general_name, check_name};

/// What a CRL is about. A CRL without the extension is about all that its issuer issued, for all reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// The distribution point that it is for.
    pub distribution_point: Option<DistributionPointName>,
    /// It lists no CA certificates.
    pub only_user: bool,
    /// It lists CA certificates alone.
    pub only_ca: bool,
    /// It lists attribute certificates alone.
    pub only_attribute: bool,
    /// It lists what was revoked for one of these reasons, and nothing else.
    pub only_some_reasons: Option<ReasonFlags>,
    /// It may list certificates of other issuers.
    pub indirect: bool,
}

/// The name of a distribution point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionPointName {
    /// fullName: the content of a GeneralNames.
    Full(Box<[u8]>),
    /// nameRelativeToCRLIssuer: the content of a RelativeDistinguishedName.
    Relative(Box<[u8]>),
}

/// Reasons as a set of bits, numbered as in RFC 5280 section 4.2.1.13: 1 is keyCompromise, 8 is aACompromise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonFlags(u16);

impl IssuingDistributionPoint {
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "issuingDistributionPoint";
        let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        let whole = fields;
        let distribution_point = match fields.optional(der::context_constructed(0), FIELD)? {
            Some(name) => Some(DistributionPointName::read(fields.within(&name), FIELD)?),
            None => None,
        };
        let only_user = flag(&mut fields, 1, "onlyContainsUserCerts")?;
        let only_ca = flag(&mut fields, 2, "onlyContainsCACerts")?;
        let only_some_reasons = match fields.peek() == Some(der::context(3)) {
            true => Some(ReasonFlags::read(&mut fields, 3, "onlySomeReasons")?),
            false => None,
        };
        let indirect = flag(&mut fields, 4, "indirectCRL")?;
        let only_attribute = flag(&mut fields, 5, "onlyContainsAttributeCerts")?;
        fields.finish(FIELD)?;
        if u8::from(only_user) + u8::from(only_ca) + u8::from(only_attribute) > 1 {
            return whole.fail(FIELD, "restricts the CRL to more than one kind of certificates");
        }
        Ok(Self { distribution_point, only_user, only_ca, only_attribute, only_some_reasons, indirect })
    }
}

impl DistributionPointName {
    /// Reads the CHOICE inside a `[0] DistributionPointName`, here and in cRLDistributionPoints.
    pub(crate) fn read(mut reader: Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let name = reader.any(field)?;
        reader.finish(field)?;
        let mut inside = reader.within(&name);
        let content = reader.content(&name);
        if inside.is_empty() {
            return inside.fail(field, "has an empty name");
        }
        match name.tag {
            0xa0 => {
                while !inside.is_empty() {
                    check_general_name(&mut inside, field)?;
                }
                Ok(Self::Full(content.into()))
            }
            0xa1 => {
                let name = as_name(content);
                match check_name(Reader::new(&name).enter(der::SEQUENCE, field)?, field) {
                    Ok(()) => Ok(Self::Relative(content.into())),
                    // Its positions are those of the copy.
                    Err(malformed) => inside.fail(field, malformed.problem),
                }
            }
            _ => inside.fail(field, "is neither a fullName nor a nameRelativeToCRLIssuer"),
        }
    }

    /// The names of a fullName; none where it is relative.
    pub fn full_names(&self) -> GeneralNames<'_> {
        match self {
            Self::Full(names) => GeneralNames::checked(names),
            Self::Relative(_) => GeneralNames::checked(&[]),
        }
    }

    /// The DER of the name that a nameRelativeToCRLIssuer is beneath `issuer`; none where it is a fullName.
    pub fn relative_to(&self, issuer: &Name<'_>) -> Option<Vec<u8>> {
        let Self::Relative(relative) = self else { return None };
        let mut names = Reader::new(issuer.as_der()).enter(der::SEQUENCE, "Name").ok()?;
        let mut content = Vec::new();
        while let Ok(name) = names.any("Name") {
            content.extend_from_slice(names.whole(&name));
        }
        content.extend_from_slice(&value(der::SET, &[relative]));
        Some(sequence(&[&content]))
    }

    /// The bytes that it holds beside itself.
    pub(super) fn memory(&self) -> usize {
        let (Self::Full(bytes) | Self::Relative(bytes)) = self;
        bytes.len()
    }
}

impl ReasonFlags {
    /// All that RFC 5280 defines.
    pub const ALL: Self = Self(0x01fe);
    /// No reason.
    pub const NONE: Self = Self(0);

    const NAMES: [&'static str; 9] = [
        "unused",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "privilegeWithdrawn",
        "aACompromise",
    ];

    /// The bits; the first is bit 0.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The reasons in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The reasons in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` are in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the reasons, as RFC 5280 spells them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }

    /// Reads ReasonFlags under the IMPLICIT tag `[number]`.
    pub(crate) fn read(reader: &mut Reader<'_>, number: u8, field: &'static str) -> Result<Self, Malformed> {
        let at = *reader;
        let tlv = reader.expect(der::context(number), field)?;
        match reader.content(&tlv) {
            // Trailing zero bits are not DER, but common, and change nothing; set bits that are not used would.
            [unused, bytes @ ..]
                if bytes.len() <= 2
                    && *unused < 8
                    && bytes.last().map_or(*unused == 0, |last| last & !(u8::MAX << unused) == 0) =>
            {
                let bits = bytes
                    .iter()
                    .enumerate()
                    .fold(0u16, |bits, (index, byte)| bits | u16::from(byte.reverse_bits()) << (8 * index));
                Ok(Self(bits))
            }
            _ => at.fail(field, "is no BIT STRING of at most nine bits"),
        }
    }
}

/// Reads a `[number] IMPLICIT BOOLEAN DEFAULT FALSE`. An explicit FALSE is not DER, but is common and harmless.
fn flag(fields: &mut Reader<'_>, number: u8, field: &'static str) -> Result<bool, Malformed> {
    let at = *fields;
    match fields.optional(der::context(number), field)? {
        None => Ok(false),
        Some(tlv) => match fields.content(&tlv) {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => at.fail(field, "is a BOOLEAN that is neither 00 nor FF"),
        },
    }
}

/// The content of a RelativeDistinguishedName as a Name of its own.
fn as_name(relative: &[u8]) -> Vec<u8> {
    sequence(&[&value(der::SET, &[relative])])
}
