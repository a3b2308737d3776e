//! temp
mod ticket;
pub use ticket::{NONCE_COOKIE, QUESTION_PARAMETER, Redeemed, TICKET_PARAMETER};
