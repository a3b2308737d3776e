//! What a proxy says of a client, and why it cannot be read.

use crate::verify::Code;

/// What a proxy says of a client.
#[derive(Debug)]
pub(super) enum Claim {
    /// It presented no certificate.
    Nothing,
    /// It presented these certificates, DER one after another, leaf first.
    Certificates(Vec<u8>, Word),
}

/// What a proxy says of a certificate that it forwards.
#[derive(Debug)]
pub(super) enum Word {
    /// That it verified it.
    Verified,
    /// That it did not, and why.
    Refused(String),
    /// Nothing.
    Silent,
}

/// Why what was forwarded says nothing of the client.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) detail: String,
}

impl Fault {
    /// `problem` reads on after the header's name.
    pub(super) fn malformed(header: &str, problem: &str) -> Self {
        Self { code: Code::ForwardedMalformed, detail: format!("{} {problem}", shown(header)) }
    }

    pub(super) fn incomplete(header: &str) -> Self {
        Self { code: Code::ForwardedIncomplete, detail: format!("{} says so", shown(header)) }
    }

    pub(super) fn too_large(header: &str) -> Self {
        Self { code: Code::ChainTooLarge, detail: format!("{} is larger than max_chain_bytes allows", shown(header)) }
    }
}

/// The name of a header that a client may have spelled: short, and in printable ASCII.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    name.chars().take(LONGEST).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
