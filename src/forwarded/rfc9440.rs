//! RFC 9440: `Client-Cert`, a Byte Sequence, and `Client-Cert-Chain`, a List of them (RFC 9651 sections 3.3.5 and 3.1).

use sfv::{BareItem, Item, List, ListEntry, Parser};

use super::armour;
use super::claim::{Claim, Fault, Word};
use super::given::{Given, Header, Part};

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let mut found = given.single(Part::Certificate)?.map(leaf).transpose()?;
    // A list may be spread over several fields (section 2.3; RFC 9651 section 4.2).
    for header in given.all(Part::Chain(None)).filter(|header| !header.value.is_empty()) {
        let Some(found) = &mut found else {
            return Err(Fault::malformed(header.name, "is there without Client-Cert"));
        };
        chain(header, found)?;
    }
    given.conclude(found, Word::Silent)
}

fn leaf(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    match Parser::new(header.value).parse::<Item>() {
        Ok(Item { bare_item: BareItem::ByteSequence(der), .. }) if armour::is_one(&der) => Ok(der),
        Ok(Item { bare_item: BareItem::ByteSequence(_), .. }) => {
            Err(Fault::malformed(header.name, "is not one certificate"))
        }
        _ => Err(Fault::malformed(header.name, "is no Byte Sequence")),
    }
}

/// Adds to `out`, which begins with the leaf.
fn chain(header: &Header<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let Ok(list) = Parser::new(header.value).parse::<List>() else {
        return Err(Fault::malformed(header.name, "is no List"));
    };
    for entry in list {
        let ListEntry::Item(Item { bare_item: BareItem::ByteSequence(der), .. }) = entry else {
            return Err(Fault::malformed(header.name, "has something else than Byte Sequences in it"));
        };
        if !armour::is_one(&der) {
            return Err(Fault::malformed(header.name, "has something in it that is not one certificate"));
        }
        if armour::split_leaf(out).is_some_and(|(leaf, _)| leaf == der) {
            return Err(Fault::malformed(header.name, "has the certificate of Client-Cert in it"));
        }
        out.extend(der);
    }
    Ok(())
}
