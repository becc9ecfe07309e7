//! The signature algorithms of JWS (RFC 7518 section 3.1, RFC 8037 section 3.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::curve::Curve;
use super::quoted;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, Misfit, ToJson};

macro_rules! algorithms {
    ($($variant:ident $name:literal $text:literal;)+) => {
        /// A signature algorithm. It belongs to a [`Key`](super::Key) and is never chosen by a token.
        ///
        /// Written and read as its JWS name; [`FromStr`] and `Deserialize` refuse every other text, case included,
        /// with `key_unsupported`.
        ///
        /// ```
        /// use tokenmint::Algorithm;
        /// assert_eq!("ES256".parse::<Algorithm>()?, Algorithm::ES256);
        /// assert!("none".parse::<Algorithm>().is_err());
        /// # Ok::<(), tokenmint::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Algorithm {
            $(#[doc = $text] $variant,)+
        }

        impl Algorithm {
            /// Every algorithm of this crate, whether or not this build has it.
            pub const ALL: &'static [Algorithm] = &[$(Algorithm::$variant,)+];

            /// The name in a token's `alg` header.
            pub const fn name(self) -> &'static str {
                match self { $(Algorithm::$variant => $name,)+ }
            }
        }
    };
}

algorithms! {
    HS256 "HS256" "HMAC with SHA-256.";
    HS384 "HS384" "HMAC with SHA-384.";
    HS512 "HS512" "HMAC with SHA-512.";
    RS256 "RS256" "RSASSA-PKCS1-v1_5 with SHA-256.";
    RS384 "RS384" "RSASSA-PKCS1-v1_5 with SHA-384.";
    RS512 "RS512" "RSASSA-PKCS1-v1_5 with SHA-512.";
    PS256 "PS256" "RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.";
    PS384 "PS384" "RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.";
    PS512 "PS512" "RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.";
    ES256 "ES256" "ECDSA on P-256 with SHA-256.";
    ES384 "ES384" "ECDSA on P-384 with SHA-384.";
    ES512 "ES512" "ECDSA on P-521 with SHA-512.";
    EdDSA "EdDSA" "EdDSA on Ed25519 (Ed448 is not supported). A key for it takes tokens that say `Ed25519`, too.";
    Ed25519 "Ed25519" "The same by its fully specified name (RFC 9864 section 2.2), and by no other.";
}

/// What kind of key an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Hmac,
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl Algorithm {
    /// Whether this build can sign and verify with it: HMAC always, the others with the feature `aws-lc` or
    /// `rustcrypto`.
    pub const fn is_supported(self) -> bool {
        self.is_hmac() || cfg!(any(feature = "aws-lc", feature = "rustcrypto", feature = "host"))
    }

    /// Whether it is an HMAC: who can verify can also sign.
    pub const fn is_hmac(self) -> bool {
        matches!(self, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
    }

    /// Those of this build whose keys have two halves.
    pub(crate) fn asymmetric() -> impl Iterator<Item = Algorithm> {
        Self::ALL.iter().copied().filter(|alg| alg.is_supported() && !alg.is_hmac())
    }

    /// Whether a key for this algorithm may have made a token that names `named`.
    ///
    /// RFC 9864 section 2.2: `EdDSA` leaves the curve to the key, `Ed25519` says it. So a key for `EdDSA`, as one that
    /// names no algorithm is, takes both names; a key whose JWK says `Ed25519` takes that name only.
    pub(crate) fn covers(self, named: Algorithm) -> bool {
        self == named || (self == Algorithm::EdDSA && named == Algorithm::Ed25519)
    }

    /// The algorithm of exactly this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The length of its hash in bytes.
    pub(super) const fn hash_len(self) -> usize {
        match self {
            Algorithm::HS256 | Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => 32,
            Algorithm::HS384 | Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => 48,
            Algorithm::HS512 | Algorithm::RS512 | Algorithm::PS512 | Algorithm::ES512 => 64,
            Algorithm::EdDSA | Algorithm::Ed25519 => 64,
        }
    }

    pub(super) const fn family(self) -> Family {
        match self {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Family::Hmac,
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => Family::Rsa,
            Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => Family::Rsa,
            Algorithm::ES256 => Family::Ec(Curve::P256),
            Algorithm::ES384 => Family::Ec(Curve::P384),
            Algorithm::ES512 => Family::Ec(Curve::P521),
            Algorithm::EdDSA | Algorithm::Ed25519 => Family::Ed25519,
        }
    }
}

impl Family {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Family::Hmac => "a symmetric (oct) key",
            Family::Rsa => "an RSA key",
            Family::Ec(Curve::P256) => "an EC key on P-256",
            Family::Ec(Curve::P384) => "an EC key on P-384",
            Family::Ec(Curve::P521) => "an EC key on P-521",
            Family::Ed25519 => "an Ed25519 key",
        }
    }

    /// The one algorithm for this kind of key, where there is only one.
    ///
    /// # Errors
    /// `key_malformed` at `alg` where there are several.
    pub(super) fn only_algorithm(self) -> Result<Algorithm> {
        // The general name: a key for it takes tokens of both names.
        if self == Family::Ed25519 {
            return Ok(Algorithm::EdDSA);
        }
        let mut fitting = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.family() == self);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            _ => {
                let names: Vec<_> = Algorithm::ALL
                    .iter()
                    .filter(|algorithm| algorithm.family() == self)
                    .map(|algorithm| algorithm.name())
                    .collect();
                Err(Error::new(ErrorCode::KeyMalformed).at("alg").because(format!(
                    "{} serves several algorithms ({}) and this one names none: say which it is for",
                    self.text(),
                    names.join(", ")
                )))
            }
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::from_name(name).ok_or_else(|| {
            Error::new(ErrorCode::KeyUnsupported).at("alg").because(format!(
                "{} is not one of the signature algorithms {}",
                quoted(name),
                Self::names()
            ))
        })
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom(Self::unknown()))
    }
}

impl FromJson for Algorithm {
    fn blank() -> Self {
        Algorithm::HS256
    }

    fn read_json(&mut self, json: Json<'_>) -> std::result::Result<(), Misfit> {
        let name = json.string("a string")?;
        *self = Self::from_name(&name).ok_or_else(|| Misfit::because(Self::unknown()))?;
        Ok(())
    }
}

impl ToJson for Algorithm {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.name().write_json(out);
    }
}

impl Algorithm {
    /// Without the text, which may be a secret in the wrong place.
    fn unknown() -> String {
        format!("alg: not one of the signature algorithms {}", Self::names())
    }

    fn names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|algorithm| algorithm.name()).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse::<Algorithm>().unwrap(), *algorithm);
            let json = serde_json::to_string(algorithm).unwrap();
            assert_eq!(json, format!("\"{algorithm}\""));
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), *algorithm);
        }
        for name in ["", "none", "None", "hs256", "HS256 ", "HS1", "ES256K", "Ed448", "RSA-OAEP"] {
            let error = name.parse::<Algorithm>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::KeyUnsupported, "{name:?}");
            assert!(error.to_string().contains("EdDSA"), "{error}");
        }
    }
}
