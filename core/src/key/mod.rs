//! Keys: judged once, prepared once, bound to one algorithm.
//!
//! What JWK, PEM and generation give becomes `Material` (numbers), is judged, and then prepared by the back end:
//! AWS-LC with the feature `aws-lc`, pure Rust with `rustcrypto`, the host's own functions with `host` (the first of
//! these that is on), or none, which leaves HMAC. The verdicts do not depend on the back end.
//!
//! Signing with ES* and PS* is randomized. AWS-LC draws that randomness itself, as it does for RSA blinding; the
//! pure Rust back end derives it from the key and the message. Everything else here is a function of its arguments.

mod algorithm;
mod asymmetric;
#[cfg(feature = "key-files")]
mod certificate;
mod curve;
#[cfg(feature = "key-files")]
mod der;
mod ed25519;
#[cfg(feature = "key-files")]
mod file;
pub(crate) mod header;
mod held;
mod hmac;
mod jwk;
pub(crate) mod jwks;
mod material;
#[cfg(any(feature = "host", test))]
#[cfg_attr(any(feature = "aws-lc", feature = "rustcrypto"), allow(dead_code))]
mod nist;
#[cfg(feature = "key-files")]
mod pem;
#[cfg(feature = "primes")]
mod primes;
#[cfg(feature = "key-files")]
mod pss;
mod rsa;
mod set;
mod thumbprint;

#[cfg(feature = "aws-lc")]
#[path = "aws_lc.rs"]
mod backend;
#[cfg(all(feature = "host", not(any(feature = "aws-lc", feature = "rustcrypto"))))]
#[path = "host.rs"]
mod backend;
#[cfg(not(any(feature = "aws-lc", feature = "rustcrypto", feature = "host")))]
#[path = "none.rs"]
mod backend;
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc")))]
#[path = "rustcrypto.rs"]
mod backend;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use algorithm::Algorithm;
use algorithm::Family;
use asymmetric::Asymmetric;
use held::Held;
use hmac::HmacKey;
pub(crate) use hmac::{Tag, refuse_key_file};
pub(crate) use set::MAX_CANDIDATES;
pub use set::{KeySet, KeySetBuilder};

use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::Secret;

/// A key that is bound to one algorithm, strong enough for it, and ready to use. A clone shares the same key.
///
/// An HMAC key signs and verifies; so does the private half of a pair; a public half verifies; and a key may be
/// [held by the host](Key::held_by_host). `Debug` shows the id and the algorithm, and there is no way to get a private
/// half out again.
///
/// ```
/// use tokenmint::{Algorithm, ErrorCode, Key};
/// let key = Key::hmac(Some("k1"), Algorithm::HS256, "a secret of at least thirty-two bytes")?;
/// assert_eq!(format!("{key:?}"), r#"Key { kid: Some("k1"), alg: HS256 }"#);
///
/// let weak = Key::hmac(Some("k1"), Algorithm::HS256, "secret").unwrap_err();
/// assert_eq!(weak.code(), ErrorCode::KeyWeak);
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone)]
pub struct Key {
    kid: Option<Arc<str>>,
    inner: Arc<Inner>,
}

struct Inner {
    alg: Algorithm,
    prepared: Prepared,
    may: Uses,
}

enum Prepared {
    Hmac(HmacKey),
    Asymmetric(Asymmetric),
    Held(Held),
}

/// What a JWK's `key_ops` leaves of what the key could do.
#[derive(Clone, Copy)]
struct Uses {
    sign: bool,
    verify: bool,
}

impl Uses {
    const ALL: Uses = Uses { sign: true, verify: true };
}

impl Key {
    /// An HMAC key over secret bytes, which should be random: at least as many as the hash has (32, 48 or 64).
    ///
    /// # Errors
    /// `key_weak` for a secret that is shorter (RFC 7518 section 3.2), `key_usage` where `alg` is no HMAC, and for a
    /// secret that is the file of a key: PEM, DER, a JWK.
    pub fn hmac(kid: Option<&str>, alg: Algorithm, secret: impl Into<Secret>) -> Result<Self> {
        Self::hmac_key(kid, alg, &secret.into(), false)
    }

    /// An HMAC key that may be shorter than RFC 7518 demands, for secrets that others chose and that cannot be
    /// changed yet. A short secret can be found by trial from one token.
    ///
    /// # Errors
    /// `key_weak` for an empty secret, `key_usage` as [`Key::hmac`].
    pub fn allow_short_hmac_key(
        kid: Option<&str>,
        alg: Algorithm,
        secret: impl Into<Secret>,
    ) -> Result<Self> {
        Self::hmac_key(kid, alg, &secret.into(), true)
    }

    fn hmac_key(kid: Option<&str>, alg: Algorithm, secret: &Secret, allow_short: bool) -> Result<Self> {
        if !alg.is_hmac() {
            return Err(wrong_family(alg, Family::Hmac));
        }
        hmac::judge(alg, secret.expose(), allow_short)?;
        Ok(Self::new(kid, alg, Prepared::Hmac(HmacKey::new(alg, secret.expose())?), Uses::ALL))
    }

    /// A key from one block of PEM: `PRIVATE KEY` (PKCS#8), `PUBLIC KEY` (SubjectPublicKeyInfo), the older
    /// `RSA PRIVATE KEY`, `RSA PUBLIC KEY` and `EC PRIVATE KEY`, or `CERTIFICATE` (X.509), whose public key is taken;
    /// not encrypted.
    ///
    /// `alg` may be `None` for EC and Ed25519 keys, which serve one algorithm each, and for RSA keys that their type
    /// binds to RSASSA-PSS with one hash. Of a certificate, only the key counts and a `keyUsage` that must permit
    /// signatures: its dates, names and signature are not judged, because whoever gives it here trusts the key.
    ///
    /// # Errors
    /// `key_malformed`, `key_weak`; `key_usage` where `alg` needs another kind of key; `key_unsupported` for other
    /// kinds of keys and files, and in a build without a back end.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::{Algorithm, Key};
    /// // RFC 8410 section 10.1
    /// let key = Key::from_pem(Some("ed"), None, "-----BEGIN PUBLIC KEY-----
    /// MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
    /// -----END PUBLIC KEY-----")?;
    /// assert_eq!(key.algorithm(), Algorithm::EdDSA);
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn from_pem(kid: Option<&str>, alg: Option<Algorithm>, pem: &str) -> Result<Self> {
        #[cfg(feature = "key-files")]
        return Self::from_file(kid, alg, pem::parse(pem)?);
        #[cfg(not(feature = "key-files"))]
        Self::without_back_end(kid, alg, pem.as_bytes())
    }

    /// A key from DER: what [`Key::from_pem`] reads, without the text around it. What it is shows in the bytes.
    ///
    /// # Errors
    /// As [`Key::from_pem`].
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::{Algorithm, Key};
    /// // RFC 8410 section 10.1
    /// let mut der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
    /// der.extend(b"\x19\xbf\x44\x09\x69\x84\xcd\xfe\x85\x41\xba\xc1\x67\xdc\x3b\x96");
    /// der.extend(b"\xc8\x50\x86\xaa\x30\xb6\xb6\xcb\x0c\x5c\x38\xad\x70\x31\x66\xe1");
    /// assert_eq!(Key::from_der(None, None, &der)?.algorithm(), Algorithm::EdDSA);
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn from_der(kid: Option<&str>, alg: Option<Algorithm>, der: &[u8]) -> Result<Self> {
        #[cfg(feature = "key-files")]
        return Self::from_file(kid, alg, file::parse_der(der)?);
        #[cfg(not(feature = "key-files"))]
        Self::without_back_end(kid, alg, der)
    }

    /// The JWK of a key in one block of PEM, as [`Key::from_pem`] reads it, with the private half where that is there: for
    /// hosts that take keys as JWKs. `x` and `y` are left out where a private key file does not tell the public half.
    ///
    /// # Errors
    /// As [`Key::from_pem`]; the numbers are not judged.
    ///
    /// ```
    /// use tokenmint::Key;
    /// // RFC 8410 section 10.3
    /// let jwk = Key::jwk_of_pem(Some("ed"), None, "-----BEGIN PRIVATE KEY-----
    /// MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    /// -----END PRIVATE KEY-----")?;
    /// let text = std::str::from_utf8(jwk.expose()).unwrap();
    /// assert!(text.starts_with(r#"{"kty":"OKP","use":"sig","alg":"EdDSA","kid":"ed","crv":"Ed25519","d":"1O5y"#));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    #[cfg(feature = "key-files")]
    pub fn jwk_of_pem(kid: Option<&str>, alg: Option<Algorithm>, pem: &str) -> Result<Secret> {
        let file = pem::parse(pem)?;
        let alg = file.algorithm(alg)?;
        if alg.family() != file.material.family() {
            return Err(wrong_family(alg, file.material.family()));
        }
        Ok(jwk::unjudged(&file.material, alg, kid))
    }

    #[cfg(feature = "key-files")]
    fn from_file(kid: Option<&str>, alg: Option<Algorithm>, file: file::KeyFile) -> Result<Self> {
        let alg = file.algorithm(alg)?;
        Ok(Self::new(kid, alg, Prepared::Asymmetric(Asymmetric::prepare(alg, file.material)?), Uses::ALL))
    }

    #[cfg(not(feature = "key-files"))]
    fn without_back_end(_: Option<&str>, alg: Option<Algorithm>, _: &[u8]) -> Result<Self> {
        asymmetric::supported(alg.unwrap_or(Algorithm::EdDSA))?;
        Err(Error::new(ErrorCode::KeyUnsupported))
    }

    /// A key from a JWK (RFC 7517; RFC 7518 section 6; RFC 8037 section 2), public, private or symmetric.
    ///
    /// What it says about itself binds: `alg`; `use`, which must be `sig`; `key_ops`; `crv`. EC and OKP keys may
    /// leave `alg` out. A private RSA key may leave out all private members but `d` (RFC 7518 section 6.3.2). Unknown
    /// members are ignored, members that stand twice are not.
    ///
    /// # Errors
    /// `key_malformed`, `key_weak`, `key_usage`, `key_unsupported`, each naming the member.
    ///
    /// ```
    /// use tokenmint::{ErrorCode, Key};
    /// let encryption = r#"{"kty":"oct","alg":"HS256","use":"enc","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}"#;
    /// assert_eq!(Key::from_jwk(encryption).unwrap_err().code(), ErrorCode::KeyUsage);
    /// ```
    pub fn from_jwk(jwk: &str) -> Result<Self> {
        jwk::parse(jwk, &[])
    }

    /// Like [`Key::from_jwk`], for a JWK that may leave out its `alg`, as those of several large issuers do. One
    /// that it names must be `alg`.
    ///
    /// # Errors
    /// As [`Key::from_jwk`].
    pub fn from_jwk_as(alg: Algorithm, jwk: &str) -> Result<Self> {
        let key = jwk::parse(jwk, &[alg])?;
        if key.algorithm() != alg {
            return Err(Error::new(ErrorCode::KeyUsage)
                .at("alg")
                .because(format!("the key is for {}, not for {alg}", key.algorithm())));
        }
        Ok(key)
    }

    /// A new key from the host's randomness; see [`Key::generate_jwk`] for one that is to be kept.
    ///
    /// # Errors
    /// As [`Key::generate_jwk`].
    pub fn generate(kid: Option<&str>, alg: Algorithm, entropy: &mut Entropy) -> Result<Self> {
        let jwk = Self::generate_jwk(kid, alg, entropy)?;
        Self::from_jwk(std::str::from_utf8(jwk.expose()).map_err(|_| Error::new(ErrorCode::Internal))?)
    }

    /// A new private or symmetric key as a JWK, to be stored and loaded by [`Key::from_jwk`]. The same entropy gives
    /// the same key.
    ///
    /// # Errors
    /// `key_unsupported` for RSA, whose primes come from a search that belongs to other tools, and in a build
    /// without a back end for all but HMAC.
    ///
    /// ```
    /// use tokenmint::{Algorithm, Entropy, Key};
    /// let mut entropy = Entropy::new([7; 32]); // in earnest: 32 fresh random bytes
    /// let jwk = Key::generate_jwk(Some("k1"), Algorithm::HS256, &mut entropy)?;
    /// let key = Key::from_jwk(std::str::from_utf8(jwk.expose()).unwrap())?;
    /// assert_eq!(key.kid(), Some("k1"));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn generate_jwk(kid: Option<&str>, alg: Algorithm, entropy: &mut Entropy) -> Result<Secret> {
        jwk::generate(kid, alg, entropy)
    }

    /// A key whose private part, or secret, stays with the host: a key management service, a security module,
    /// another process. Its signatures are asked for with [`Command::Sign`](crate::Command::Sign), so only tasks can
    /// sign with it: [`Issuer::mint_task`](crate::Issuer::mint_task) and every flow and endpoint.
    ///
    /// With its public half, tokens are verified here, the key set publishes it, and a signature of the host is
    /// verified before it becomes part of a token. Without it, which is the only way for an HMAC key, the host is
    /// asked with [`Command::VerifySignature`](crate::Command::VerifySignature), and only tasks can verify.
    ///
    /// A flow asks for its signature before its decisive write: while the signer is away nothing is written, and a
    /// client that tries the same refresh token again, however much later, gets its successor.
    ///
    /// The host knows the key as `kid`, also after [`Key::with_kid`] has given it another id in tokens. A build
    /// without a back end can use keys of every algorithm in this way, without their public halves.
    ///
    /// # Errors
    /// `key_malformed` for an empty id; `key_usage` where the public half is for another algorithm, or can sign.
    ///
    /// ```
    /// use tokenmint::{Algorithm, ErrorCode, Key};
    /// let key = Key::held_by_host("projects/p/keys/k/1", Algorithm::ES256, None)?.with_kid(Some("2023-11"));
    /// assert_eq!((key.kid(), key.is_held_by_host(), key.can_sign()), (Some("2023-11"), true, true));
    ///
    /// let secret = Key::hmac(None, Algorithm::HS256, [7; 32].as_slice())?;
    /// let error = Key::held_by_host("k1", Algorithm::HS256, Some(secret)).unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::KeyUsage);
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn held_by_host(kid: &str, alg: Algorithm, public: Option<Key>) -> Result<Self> {
        Ok(Self::new(Some(kid), alg, Prepared::Held(Held::new(kid, alg, public)?), Uses::ALL))
    }

    /// The same key under another id, or under none.
    #[must_use]
    pub fn with_kid(self, kid: Option<&str>) -> Self {
        Key { kid: kid.map(Arc::from), ..self }
    }

    /// The same key with its thumbprint (RFC 7638) as its id.
    ///
    /// # Errors
    /// `key_usage` for an HMAC key, which has no public half.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::Key;
    /// // RFC 8037 appendix A.3
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = Key::from_jwk(jwk)?.with_thumbprint_kid()?;
    /// assert_eq!(key.kid(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn with_thumbprint_kid(self) -> Result<Self> {
        let thumbprint = self.thumbprint().ok_or_else(|| {
            Error::new(ErrorCode::KeyUsage).at("kid").because(format!(
                "the thumbprint of an {} key would help whoever guesses the secret; give an id",
                self.algorithm()
            ))
        })?;
        Ok(self.with_kid(Some(&thumbprint)))
    }

    /// The key id that stands in the header of tokens.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's own id where it is this one, without a copy.
    pub(crate) fn shared_kid(&self, kid: &str) -> Option<Arc<str>> {
        self.kid.as_ref().filter(|own| ***own == *kid).map(Arc::clone)
    }

    /// The one algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        self.inner.alg
    }

    /// Whether this key can sign: it is an HMAC key, or has its private half, and its `key_ops` do not forbid it; or
    /// the host holds it.
    pub fn can_sign(&self) -> bool {
        self.inner.may.sign
            && match &self.inner.prepared {
                Prepared::Hmac(_) => true,
                Prepared::Asymmetric(pair) => pair.can_sign(),
                Prepared::Held(_) => true,
            }
    }

    /// Whether the host holds it, so that only tasks can sign with it.
    pub fn is_held_by_host(&self) -> bool {
        self.host_name().is_some()
    }

    /// The JWK thumbprint (RFC 7638) with SHA-256, in base64url; `None` for an HMAC key, whose hash would help
    /// whoever guesses the secret, and where the public half is not here.
    pub fn thumbprint(&self) -> Option<String> {
        Some(thumbprint::thumbprint(&self.pair()?.public))
    }

    /// The public half as a JWK: `kty`, `use`, `alg`, `kid` and the public numbers; `None` where there is none here.
    pub fn public_jwk(&self) -> Option<String> {
        Some(jwk::public(&self.pair()?.public, self.algorithm(), self.kid()))
    }

    /// Appends the signature of `message`, in the form of JWS.
    ///
    /// # Errors
    /// `key_cannot_sign`, also where the host is to be asked.
    pub(crate) fn sign(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if !self.can_sign() {
            return Err(Error::new(ErrorCode::KeyCannotSign));
        }
        match &self.inner.prepared {
            Prepared::Hmac(key) => {
                out.extend_from_slice(key.tag(message).as_ref());
                Ok(())
            }
            Prepared::Asymmetric(pair) if pair.host_name().is_none() => pair.sign(message, out),
            Prepared::Asymmetric(_) | Prepared::Held(_) => {
                Err(Error::new(ErrorCode::KeyCannotSign)
                    .because("the key is held by the host: use mint_task"))
            }
        }
    }

    /// Whether `signature` is this key's for `message`; constant time for HMAC.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.inner.may.verify
            && match &self.inner.prepared {
                Prepared::Hmac(key) => crate::encoding::same(key.tag(message).as_ref(), signature),
                Prepared::Asymmetric(pair) => pair.verify(message, signature),
                // Without its public half nothing is its signature: the host was to be asked.
                Prepared::Held(held) => {
                    held.public.as_ref().is_some_and(|public| public.verify(message, signature))
                }
            }
    }

    /// The HMAC of `message` on the stack, for callers that compare it encoded; `None` for other keys.
    /// To be compared in constant time, and only where [`Key::can_verify`] says so.
    pub(crate) fn tag(&self, message: &[u8]) -> Option<Tag> {
        match &self.inner.prepared {
            Prepared::Hmac(key) => Some(key.tag(message)),
            Prepared::Asymmetric(_) | Prepared::Held(_) => None,
        }
    }

    /// Whether this key may verify: only a symmetric key whose `key_ops` leave it out may not.
    pub(crate) fn can_verify(&self) -> bool {
        self.inner.may.verify
    }

    /// Whether only the host can say what this key has signed.
    pub(crate) fn asks_host(&self) -> bool {
        match &self.inner.prepared {
            Prepared::Hmac(_) => false,
            Prepared::Asymmetric(pair) => pair.host_name().is_some(),
            Prepared::Held(held) => held.public.as_ref().is_none_or(Key::asks_host),
        }
    }

    /// The name by which the host knows a key that it holds, or for which it is asked in a build with the feature
    /// `host`: there a key is called by its public numbers, as the JSON text of which RFC 7638 section 3 takes the hash.
    pub fn host_name(&self) -> Option<&str> {
        match &self.inner.prepared {
            Prepared::Hmac(_) => None,
            Prepared::Asymmetric(pair) => pair.host_name(),
            Prepared::Held(held) => Some(&held.name),
        }
    }

    /// Whether these bytes have the form of a signature of this key.
    pub(crate) fn may_be_signature(&self, signature: &[u8]) -> bool {
        match &self.inner.prepared {
            Prepared::Hmac(_) => signature.len() == self.signature_len(),
            Prepared::Asymmetric(pair) => pair.may_be_signature(signature),
            Prepared::Held(held) => held.may_be_signature(self.inner.alg, signature),
        }
    }

    /// The one length of this key's signatures, in bytes; the longest possible one where it is not known.
    pub(crate) fn signature_len(&self) -> usize {
        match &self.inner.prepared {
            Prepared::Hmac(_) => self.inner.alg.hash_len(),
            Prepared::Asymmetric(pair) => pair.signature_len(),
            Prepared::Held(held) => held.signature_len(self.inner.alg),
        }
    }

    /// Whether both are one key: of one algorithm, and with the same numbers or secret, or under one name at the host.
    fn is_same(&self, other: &Key) -> bool {
        self.algorithm() == other.algorithm()
            && match (&self.inner.prepared, &other.inner.prepared) {
                (Prepared::Hmac(one), Prepared::Hmac(two)) => {
                    crate::encoding::same(one.tag(&[]).as_ref(), two.tag(&[]).as_ref())
                }
                (Prepared::Asymmetric(one), Prepared::Asymmetric(two)) => one.public == two.public,
                (Prepared::Held(one), Prepared::Held(two)) => one.name == two.name,
                _ => false,
            }
    }

    /// The numbers of a key of two halves.
    fn pair(&self) -> Option<&Asymmetric> {
        match &self.inner.prepared {
            Prepared::Hmac(_) => None,
            Prepared::Asymmetric(pair) => Some(pair),
            Prepared::Held(held) => held.public.as_ref()?.pair(),
        }
    }

    fn new(kid: Option<&str>, alg: Algorithm, prepared: Prepared, may: Uses) -> Self {
        Key { kid: kid.map(Arc::from), inner: Arc::new(Inner { alg, prepared, may }) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid()).field("alg", &self.algorithm()).finish()
    }
}

fn malformed(field: &'static str, text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::KeyMalformed).at(field).because(text)
}

fn wrong_family(alg: Algorithm, found: Family) -> Error {
    Error::new(ErrorCode::KeyUsage).at("alg").because(format!(
        "{alg} needs {}; found {}",
        alg.family().text(),
        found.text()
    ))
}

/// A foreign text in an error: quoted, escaped and at most 40 characters.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
