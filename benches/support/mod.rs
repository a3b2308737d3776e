//! What the sections of the report share: certificates, contenders, clocks and the table.

pub mod crl;
pub mod go;
pub mod measure;
pub mod ours;
pub mod peer;
pub mod pki;
pub mod plain_webpki;
pub mod process;
pub mod table;
