//! The one place that knows which cryptographic library is built in.

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs as backend;
#[cfg(all(not(feature = "aws-lc-rs"), feature = "ring"))]
pub(crate) use ring as backend;

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("clientcert needs one of the features `aws-lc-rs` (default) and `ring`");
