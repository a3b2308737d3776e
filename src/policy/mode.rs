//! What happens in the handshake, where a failure is felt, and what makes a certificate acceptable.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal, $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// The word for it in a configuration.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What happens in the handshake. Numbers are stable; an unknown one is to be treated as a rejection.
    Mode {
        /// The client is not asked for a certificate.
        Off = 0, "off";
        /// The client is asked, and may have none; one that it presents must be good.
        Optional = 1, "optional";
        /// As `optional`, and a certificate that fails only for what `tolerate` names may go on, unverified.
        OptionalNoCa = 2, "optional_no_ca";
        /// The client is asked, and must present a good certificate.
        Require = 3, "require";
        /// The client is asked, and may have none; what it presents is not verified.
        RequestAny = 4, "request_any";
        /// The client is asked, and must present a certificate, which is not verified.
        RequireAny = 5, "require_any";
        /// The client is asked later, when a request needs its certificate; one that it presents must be good.
        Deferred = 6, "deferred";
    }
}

impl Mode {
    /// Whether the first handshake asks the client for a certificate.
    pub fn asks(self) -> bool {
        !matches!(self, Self::Off | Self::Deferred)
    }

    /// Whether a connection without a certificate is not accepted.
    pub fn requires(self) -> bool {
        matches!(self, Self::Require | Self::RequireAny)
    }

    /// Whether what is presented is verified, which needs something to trust.
    pub fn verifies(self) -> bool {
        matches!(self, Self::Optional | Self::OptionalNoCa | Self::Require | Self::Deferred)
    }
}

words! {
    /// Where a failure is felt. Numbers are stable.
    Enforcement {
        /// The handshake completes, and every request gets an answer that a person can read.
        Request = 0, "request";
        /// A fatal alert ends the handshake.
        Handshake = 1, "handshake";
    }
}

words! {
    /// What makes a certificate acceptable. Numbers are stable.
    Trust {
        /// A valid path to a pinned CA.
        Ca = 0, "ca";
        /// The key is registered to a user.
        Key = 1, "key";
        /// Both.
        CaAndKey = 2, "ca+key";
        /// Either.
        CaOrKey = 3, "ca|key";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_requires_also_asks() {
        for mode in ["off", "optional", "optional_no_ca", "require", "request_any", "require_any", "deferred"] {
            let mode = Mode::named(mode).expect("a mode");
            assert!(mode.asks() || !mode.requires(), "{}", mode.name());
            assert_eq!(Mode::named(mode.name()), Some(mode));
        }
    }

    #[test]
    fn unknown_words_are_no_mode() {
        assert_eq!(Mode::named("on"), None);
        assert_eq!(Enforcement::named("Request"), None);
        assert_eq!(Trust::named("key+ca"), None);
    }
}
