//! A certificate as JSON: a stable interface, described in `docs/json.md`.

use serde_json::{Map, Value, json};

use super::algorithm::algorithm_identifier;
use super::oid::{self, dotted};
use super::{AuthorityKeyIdentifier, Calendar, Certificate, ExtensionKind, GeneralName, hex};

impl Certificate<'_> {
    /// Everything that the certificate says, at `now` in Unix seconds, which only days left depend on. Keys are only ever
    /// added. Names are as [`super::Name::rfc4514`] and [`GeneralName::text`] write them, so nothing is lost that is no
    /// text.
    pub fn to_json(&self, now: i64) -> Map<String, Value> {
        let mut object = self.identity_json(now);
        let all = |names: &[GeneralName<'_>]| names.iter().map(general_name).collect::<Vec<_>>();
        let rest = json!({
            "version": self.version(),
            "self_issued": self.is_self_issued(),
            "key": {
                "algorithm": long_name(self.key_algorithm_oid()),
                "oid": dotted(self.key_algorithm_oid()),
                "bits": self.key_bits(),
            },
            "signature_algorithm": algorithm(self.signature_algorithm()),
            "basic_constraints": self.basic_constraints().map(|constraints| json!({
                "ca": constraints.ca,
                "path_length": constraints.path_length,
            })),
            "key_usage": self.key_usage().map(|usage| usage.names().collect::<Vec<_>>()),
            "extended_key_usage": self
                .has_extended_key_usage()
                .then(|| self.extended_key_usages().map(short_name).collect::<Vec<_>>()),
            "policies": self.policies().map(dotted).collect::<Vec<_>>(),
            "subject_key_identifier": self.subject_key_identifier().map(hex),
            "authority_key_identifier": self.authority_key_identifier().map(|identifier| authority_key_identifier(&identifier)),
            "ocsp": all(&self.ocsp_responders()),
            "ca_issuers": all(&self.ca_issuers()),
            "crl_distribution_points": all(&self.crl_distribution_points()),
            "name_constraints": self.name_constraints().map(|constraints| json!({
                "permitted": constraints.permitted().map(|name| constraint(&name)).collect::<Vec<_>>(),
                "excluded": constraints.excluded().map(|name| constraint(&name)).collect::<Vec<_>>(),
            })),
            "extensions": self.extensions().map(|(oid, critical, value)| json!({
                "oid": dotted(oid),
                "name": extension_name(oid),
                "critical": critical,
                "value": hex(value),
            })).collect::<Vec<_>>(),
        });
        if let Value::Object(rest) = rest {
            object.extend(rest);
        }
        object
    }

    /// Who it is about and by whom, how long it is valid, and what names it.
    pub(crate) fn identity_json(&self, now: i64) -> Map<String, Value> {
        let mut object = Map::new();
        let mut set = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
        set("subject", self.subject().rfc4514().into());
        set("issuer", self.issuer().rfc4514().into());
        set("serial", self.serial_text().into());
        set("not_before", Calendar::from_unix(self.not_before()).rfc3339().into());
        set("not_after", Calendar::from_unix(self.not_after()).rfc3339().into());
        set("days_left", self.not_after().saturating_sub(now).div_euclid(86_400).into());
        set("sans", self.subject_alternative_names().map(|name| general_name(&name)).collect());
        set(
            "fingerprints",
            json!({
                "sha1": hex(&self.sha1()),
                "sha256": hex(&self.sha256()),
                "spki_sha256": hex(&self.spki_sha256()),
                "x5t#S256": self.x5t_s256(),
            }),
        );
        object
    }

    /// The serial number in upper-case hexadecimal, on one line.
    pub(crate) fn serial_text(&self) -> String {
        self.variable("serial", 0).and_then(|serial| String::from_utf8(serial).ok()).unwrap_or_default()
    }
}

/// The name and the object identifier of an AlgorithmIdentifier.
pub(crate) fn algorithm(der: &[u8]) -> Value {
    let (oid, _) = algorithm_identifier(der);
    json!({ "name": long_name(oid), "oid": dotted(oid) })
}

/// An authorityKeyIdentifier, of a certificate or a CRL.
pub(crate) fn authority_key_identifier(identifier: &AuthorityKeyIdentifier<'_>) -> Value {
    json!({
        "key_identifier": identifier.key_identifier.map(hex),
        "issuer": identifier.issuer().map(|name| general_name(&name)).collect::<Vec<_>>(),
        "serial": identifier.serial.map(hex),
    })
}

/// The kind of a general name, as variables call it, and its text.
pub(crate) fn general_name(name: &GeneralName<'_>) -> Value {
    let kind = match name {
        GeneralName::Email(_) => "email",
        GeneralName::Dns(_) => "dns",
        GeneralName::Uri(_) => "uri",
        GeneralName::Ip(_) => "ip",
        GeneralName::Directory(_) => "dirname",
        GeneralName::RegisteredId(_) => "rid",
        GeneralName::X400(_) => "x400",
        GeneralName::EdiParty(_) => "edi_party",
        GeneralName::Other { .. } if name.upn().is_some() => "upn",
        GeneralName::Other { .. } if name.xmpp().is_some() => "xmpp",
        GeneralName::Other { .. } if name.smtp_utf8().is_some() => "smtp_utf8",
        GeneralName::Other { .. } => "other",
        GeneralName::Unknown { .. } => "unknown",
    };
    let mut value = json!({ "type": kind, "value": name.text() });
    match name {
        GeneralName::Other { oid, .. } => value["oid"] = dotted(oid).into(),
        GeneralName::Unknown { tag, .. } => value["tag"] = (*tag).into(),
        _ => {}
    }
    value
}

/// A subtree: of IP addresses an address and a mask follow each other.
fn constraint(name: &GeneralName<'_>) -> Value {
    let mut value = general_name(name);
    if let GeneralName::Ip(bytes) = name
        && matches!(bytes.len(), 8 | 32)
    {
        let (address, mask) = bytes.split_at(bytes.len() / 2);
        value["value"] = format!("{}/{}", GeneralName::Ip(address).text(), GeneralName::Ip(mask).text()).into();
    }
    value
}

fn long_name(algorithm: &[u8]) -> String {
    oid::long_name(algorithm).map_or_else(|| dotted(algorithm), str::to_owned)
}

fn short_name(purpose: &[u8]) -> String {
    oid::short_name(purpose).map_or_else(|| dotted(purpose), str::to_owned)
}

/// The name that RFC 5280 gives it, or OpenSSL's short name.
fn extension_name(oid: &[u8]) -> Option<&'static str> {
    ExtensionKind::from_oid(oid).map(ExtensionKind::name).or_else(|| oid::short_name(oid))
}
