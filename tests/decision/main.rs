//! What to do with a request: the whole product of what a decision depends on, beside a table written by hand
//! (`expected.txt`), and what holds of every decision whatever a client sends.

mod cell;
mod properties;
mod soundness;
mod table;
mod through_c;
mod walk;
mod world;

#[allow(dead_code)]
#[path = "../differential/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;
