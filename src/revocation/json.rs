//! A CRL as JSON: a stable interface, described in `docs/json.md`.

use serde_json::{Map, Value, json};

use super::{Crl, IssuingDistributionPoint};
use crate::certificate::{
    AuthorityKeyIdentifier, Calendar, Name, algorithm_json, authority_key_identifier_json, dotted, general_name_json,
    hex,
};

impl Crl {
    /// Everything that the CRL says but for its entries. Keys are only ever added. Names are as [`Name::rfc4514`] writes
    /// them.
    pub fn to_json(&self) -> Map<String, Value> {
        let date = |unix| Calendar::from_unix(unix).rfc3339();
        let value = json!({
            "issuer": self.issuer().rfc4514(),
            "version": self.version(),
            "number": self.number().map(number),
            "base_number": self.base_number().map(number),
            "this_update": date(self.this_update()),
            "next_update": self.next_update().map(date),
            "signature_algorithm": algorithm_json(self.signature_algorithm_identifier()),
            "authority_key_identifier": self
                .authority_key_identifier()
                .map(|identifier: AuthorityKeyIdentifier<'_>| authority_key_identifier_json(&identifier)),
            "scope": scope(self.scope(), &self.issuer()),
            "unknown_critical_extension": self.unknown_critical_extension().map(dotted),
            "entries": self.entry_count(),
            "memory": self.memory(),
        });
        match value {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }
}

fn scope(scope: &IssuingDistributionPoint, issuer: &Name<'_>) -> Value {
    let names = scope.distribution_point.as_ref().map(|name| match name.relative_to(issuer) {
        Some(full) => vec![json!({ "type": "dirname", "value": Name::checked(&full).rfc4514() })],
        None => name.full_names().map(|name| general_name_json(&name)).collect(),
    });
    json!({
        "distribution_point": names,
        "only_user": scope.only_user,
        "only_ca": scope.only_ca,
        "only_attribute": scope.only_attribute,
        "only_some_reasons": scope.only_some_reasons.map(|reasons| reasons.names().collect::<Vec<_>>()),
        "indirect": scope.indirect,
    })
}

/// Upper-case hexadecimal without leading zeros, as serial numbers are written.
fn number(bytes: &[u8]) -> String {
    let digits = hex(bytes).to_uppercase();
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}
