//! Verification: refused until the last check says yes.
//!
//! The order is fixed: size, framing, base64url, header, algorithm and key, signature, and only then the payload.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{MAX_TOKEN, checks::CLAIM_CHECKS, host::HostVerdicts};
use crate::claims::check::Payload;
use crate::encoding::{from_base64url, same_as_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Members};
use crate::key::header::Header;
use crate::key::{Algorithm, Key, KeySet, MAX_CANDIDATES};
use crate::time::{Lifetime, UnixTime};

/// Verifies tokens: the public side of an issuer.
///
/// `exp`, `iss`, `aud` and `typ` are required unless a method drops one by name. Leeway is 0 unless asked for.
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys.clone(), Policy::new("https://api.example.com"))?;
/// let now = UnixTime::from_seconds(1_700_000_000);
/// let token = issuer.mint(&Claims::new().audience("app"), Lifetime::HOUR, &Context::new(now, [1; 32]))?;
///
/// let verifier = Verifier::new(keys).issuer("https://api.example.com").audience("app");
/// assert_eq!(verifier.verify(&token, now)?.issuer(), Some("https://api.example.com".into()));
/// assert_eq!(verifier.verify(&token, now.after(Lifetime::HOUR)).unwrap_err().code(), ErrorCode::TokenExpired);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    pub(super) keys: KeySet,
    /// Where issuers have keys of their own; then `keys` is empty.
    pub(super) by_issuer: Option<BTreeMap<String, KeySet>>,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) issuers: Expected,
    pub(super) audiences: Expected,
    pub(super) subjects: Vec<String>,
    pub(super) typ: Option<String>,
    pub(super) typ_said: bool,
    pub(super) required: Vec<Cow<'static, str>>,
    pub(super) require_exp: bool,
    pub(super) max_age: Option<u64>,
    pub(super) leeway: u64,
    pub(super) fault: Option<Error>,
}

/// What a claim must be: not said yet, anything, or one of these.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Unsaid,
    Any,
    OneOf(Vec<String>),
}

impl Expected {
    pub(super) fn add(&mut self, value: String) {
        match self {
            Expected::OneOf(values) => values.push(value),
            _ => *self = Expected::OneOf(vec![value]),
        }
    }

    pub(super) fn values(&self) -> &[String] {
        match self {
            Expected::OneOf(values) => values,
            _ => &[],
        }
    }
}

impl Verifier {
    /// A verifier that trusts these keys, each with its own algorithm only.
    pub fn new(keys: KeySet) -> Self {
        Verifier {
            keys,
            by_issuer: None,
            algorithms: None,
            issuers: Expected::Unsaid,
            audiences: Expected::Unsaid,
            subjects: Vec::new(),
            typ: Some("JWT".to_owned()),
            typ_said: false,
            required: Vec::new(),
            require_exp: true,
            max_age: None,
            leeway: 0,
            fault: None,
        }
    }

    /// Expects `iss` to be this; said again, one of these.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        let issuer = self.not_empty("iss", issuer.into());
        self.issuers.add(issuer);
        self
    }

    /// Takes a token from any issuer whose key is in the key set.
    pub fn any_issuer(mut self) -> Self {
        self.issuers = Expected::Any;
        self
    }

    /// Expects `aud` to name this; said again, one of these.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        let audience = self.not_empty("aud", audience.into());
        self.audiences.add(audience);
        self
    }

    /// Takes a token for any audience.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Expected::Any;
        self
    }

    /// Leaves the audience to be said.
    pub(crate) fn unsaid_audience(mut self) -> Self {
        self.audiences = Expected::Unsaid;
        self
    }

    /// Expects `sub` to be this; said again, one of these.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        let subject = self.not_empty("sub", subject.into());
        self.subjects.push(subject);
        self
    }

    /// Expects the header's `typ` to be this instead of `JWT`.
    pub fn token_type(mut self, typ: impl Into<String>) -> Self {
        let typ = self.not_empty("typ", typ.into());
        self.typ = Some(typ);
        self.typ_said = true;
        self
    }

    /// Takes a token of any `typ`, or of none.
    pub fn any_token_type(mut self) -> Self {
        self.typ = None;
        self
    }

    /// Takes a token without `exp`. One that has it is still checked.
    pub fn without_expiry(mut self) -> Self {
        self.require_exp = false;
        self
    }

    /// Requires a claim to be there, whatever it says; `null` does not count. Said again, all of them.
    ///
    /// A registered claim must have its type, whether it is required or not.
    pub fn require(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.required.push(claim.into());
        self
    }

    /// Takes only these algorithms, each by its exact name: `EdDSA` does not cover `Ed25519` here. An empty list is a configuration error.
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        if algorithms.is_empty() {
            self.fail("alg", "the list of allowed algorithms is empty: nothing could ever be verified");
        }
        self.algorithms = Some(algorithms.to_vec());
        self
    }

    /// Refuses a token issued longer ago than this; then `iat` is required.
    pub fn max_age(mut self, age: Lifetime) -> Self {
        self.max_age = Some(age.seconds());
        self
    }

    /// Allows for clocks that differ by so many seconds.
    pub fn leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Verifies a token and gives its claims.
    ///
    /// # Errors
    /// The first failed check, each with its own code (300 to 322), naming the claim, what was expected and what was
    /// found; `policy_invalid` where the verifier itself cannot work, or only the host can check the key's signatures
    /// ([`Key::held_by_host`]): see [`Verifier::verify_task`].
    pub fn verify(&self, token: &str, now: UnixTime) -> Result<Verified> {
        self.verify_with(token, now, None)
    }

    /// Verifies with what the host has said about signatures that only it can check.
    pub(crate) fn verify_with(
        &self,
        token: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Verified> {
        self.check_policy()?;
        let result = self.verify_signature(token, host);
        if let Ok(verified) = &result {
            self.verify_claims(verified, now)?;
        }
        result
    }

    /// Everything up to the payload's claims: the claims are not checked.
    pub(crate) fn verify_signature(&self, token: &str, host: Option<&HostVerdicts>) -> Result<Verified> {
        let parts = Parts { host, ..Parts::split_at_ends(token)? };
        // A payload with a dot in it is no base64url, so it is looked for only where something is wrong.
        match self.verify_parts(&parts) {
            Err(error) => Err(parts.check_dots().err().unwrap_or(error)),
            verified => verified,
        }
    }

    fn verify_parts(&self, parts: &Parts<'_>) -> Result<Verified> {
        let header = self.keys.expected_headers().read(parts.header)?;
        let key = self.find_key(self.keys_for(parts)?, &header, parts)?;
        let payload = from_base64url(parts.payload).ok_or_else(|| encoding("payload"))?;
        let malformed = |fault: json::Fault| {
            Error::new(ErrorCode::PayloadMalformed).at("payload").because(format!("the payload is {fault}"))
        };
        let json = String::from_utf8(payload).map_err(|_| malformed(json::Fault::NotUtf8))?;
        let mut verified = Verified { json, members: Members::default(), header, algorithm: key.algorithm() };
        verified.members.read_token(&verified.json).map_err(malformed)?;
        Ok(verified)
    }

    fn verify_claims(&self, verified: &Verified, now: UnixTime) -> Result<()> {
        CLAIM_CHECKS.iter().try_for_each(|check| (check.run)(self, verified, now))
    }

    /// The key that made the signature: of those with the token's key id, or of all where it has none, the first one
    /// for its algorithm that did.
    pub(super) fn find_key<'k>(
        &self,
        keys: &'k KeySet,
        header: &Header,
        parts: &Parts<'_>,
    ) -> Result<&'k Key> {
        let alg = self.allowed_algorithm(keys, &header.alg)?;
        if let Some(kid) = &header.kid {
            // RFC 7517 section 4.5: keys that share an id are told apart by `kty`, and by `alg`, which says the `kty`.
            let named = keys.named(kid);
            if named.clone().next().is_some() {
                return signer(named, alg, parts);
            }
        }
        // A key without an id may have made any token; one with another id has not made this one.
        let nameless = keys.keys().filter(|key| header.kid.is_none() || key.kid().is_none());
        if nameless.clone().next().is_none() {
            return Err(Error::new(ErrorCode::KeyNotFound).at("kid"));
        }
        signer(nameless, alg, parts)
    }

    /// The algorithm that the header names, if a key or the list allows it.
    fn allowed_algorithm(&self, keys: &KeySet, name: &str) -> Result<Algorithm> {
        let allowed = |alg: &Algorithm| match &self.algorithms {
            Some(list) => list.contains(alg),
            None => keys.keys().any(|key| key.algorithm().covers(*alg)),
        };
        Algorithm::from_name(name).filter(allowed).ok_or_else(|| {
            let short: String = name.chars().take(20).collect();
            Error::new(ErrorCode::AlgorithmNotAllowed)
                .at("alg")
                .because(format!("the algorithm {short:?} is not allowed"))
        })
    }

    /// Whether every check was said, and can be passed.
    pub(crate) fn check_policy(&self) -> Result<()> {
        let unsaid = |expected: &Expected| matches!(expected, Expected::Unsaid);
        let missing = |claim: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(claim).because(text))
        };
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if unsaid(&self.issuers) {
            return missing("iss", "say which issuer is expected with `issuer`, or `any_issuer`");
        }
        if unsaid(&self.audiences) {
            return missing("aud", "say which audience is expected with `audience`, or `any_audience`");
        }
        Ok(())
    }

    pub(super) fn not_empty(&mut self, claim: &'static str, value: String) -> String {
        if value.is_empty() {
            self.fail(claim, "the expected value is empty");
        }
        value
    }

    pub(super) fn fail(&mut self, claim: &'static str, text: &'static str) {
        self.fault.get_or_insert(Error::new(ErrorCode::PolicyInvalid).at(claim).because(text));
    }
}

/// The first of the keys for `alg` that made the signature.
fn signer<'k>(
    keys: impl Iterator<Item = &'k Key> + Clone,
    alg: Algorithm,
    parts: &Parts<'_>,
) -> Result<&'k Key> {
    let fitting = keys.clone().filter(|key| key.algorithm().covers(alg) && key.can_verify());
    let mut tried = 0;
    for key in fitting.clone().take(MAX_CANDIDATES) {
        if parts.is_signed_by(key)? {
            return Ok(key);
        }
        tried += 1;
    }
    Err(match (tried, fitting.count()) {
        (0, _) => none_fits(keys, alg),
        (tried, all) if tried < all => bad_signature().because(format!(
            "none of the first {tried} keys made it; {all} keys fit the token, and no more than {tried} are tried: \
             it takes key ids of their own to find the right one"
        )),
        _ => bad_signature(),
    })
}

/// Why no key of these can have made the signature.
#[cold]
fn none_fits<'k>(keys: impl Iterator<Item = &'k Key> + Clone, alg: Algorithm) -> Error {
    if keys.clone().any(|key| key.algorithm().covers(alg)) {
        return Error::new(ErrorCode::KeyMismatch).at("key_ops").because("the key may not verify");
    }
    let mut names: Vec<&str> = keys.map(|key| key.algorithm().name()).collect();
    names.sort_unstable();
    names.dedup();
    let of = if let [_] = names.as_slice() { "the key is" } else { "the keys are" };
    Error::new(ErrorCode::KeyMismatch).at("alg").because(format!(
        "{of} for {}, the token says {}",
        names.join(" and "),
        alg.name()
    ))
}

/// The claims of a token that was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    json: String,
    members: Members,
    header: Arc<Header>,
    algorithm: Algorithm,
}

impl Verified {
    /// `iss`.
    pub fn issuer(&self) -> Option<String> {
        self.text("iss")
    }

    /// `sub`.
    pub fn subject(&self) -> Option<String> {
        self.text("sub")
    }

    /// `jti`.
    pub fn id(&self) -> Option<String> {
        self.text("jti")
    }

    /// `exp`, rounded down. One that lies outside of the years 1 to 9999 is told as their first or last second;
    /// [`Verified::claim_json`] has it as it stands.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.time("exp")
    }

    /// `iat`, as [`Verified::expires_at`] tells `exp`.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// Any claim as a type that serde can read; `None` where it is absent.
    ///
    /// # Errors
    /// `claims_shape` where the claim does not fit the type; the field is the path to what does not.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.claim_json(name) else { return Ok(None) };
        json::from_value(value).map(Some).map_err(|misfit| misfit.within(name).error(ErrorCode::ClaimsShape))
    }

    /// The JSON text of a claim, as it stands in the token.
    pub fn claim_json(&self, name: &str) -> Option<&str> {
        self.members.get(&self.json, name)
    }

    /// All claims as a type that serde can read; it may borrow its texts, as `&str` does, which holds where they have
    /// no escapes.
    ///
    /// # Errors
    /// `claims_shape` where they do not fit the type; the field is the path to what does not. A tree of values, such as
    /// `serde_json::Value`, does not fit an object that begins with a name that serde_json has for itself.
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        json::read_members(&self.json, &self.members).map_err(|misfit| misfit.error(ErrorCode::ClaimsShape))
    }

    /// All claims as the JSON text that was signed.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The key id of the token's header.
    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The algorithm of the key that made the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn token_type(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    pub(super) fn payload(&self) -> Payload<'_> {
        Payload { text: &self.json, members: &self.members }
    }

    fn text(&self, name: &'static str) -> Option<String> {
        self.payload().string(name).ok().flatten().map(Cow::into_owned)
    }

    fn time(&self, name: &'static str) -> Option<UnixTime> {
        let seconds = self.payload().time(name).ok().flatten()?;
        #[allow(clippy::cast_possible_truncation)] // a float beyond the ends becomes the end
        let seconds = seconds.floor() as i64;
        Some(UnixTime::from_seconds(seconds.clamp(UnixTime::MIN.seconds(), UnixTime::MAX.seconds())))
    }
}

/// The three parts of a compact token, and what is signed.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
    pub(super) signed: &'a str,
    /// What the host has said, within a task.
    pub(super) host: Option<&'a HostVerdicts>,
}

impl<'a> Parts<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self> {
        let parts = Self::split_at_ends(token)?;
        parts.check_dots()?;
        Ok(parts)
    }

    /// Splits at the first and the last dot; there may be more between them.
    fn split_at_ends(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(Error::new(ErrorCode::TokenTooLarge)
                .because(format!("the token has {} bytes, at most {MAX_TOKEN} are read", token.len())));
        }
        let malformed = || Error::new(ErrorCode::TokenMalformed);
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        if header.is_empty() {
            return Err(malformed());
        }
        Ok(Parts { header, payload, signature, signed, host: None })
    }

    /// Exactly two dots.
    fn check_dots(&self) -> Result<()> {
        if self.payload.contains('.') { Err(Error::new(ErrorCode::TokenMalformed)) } else { Ok(()) }
    }

    /// Whether the signature is the key's. A MAC is encoded and compared in constant time, instead of being decoded.
    fn is_signed_by(&self, key: &Key) -> Result<bool> {
        if let Some(tag) = key.tag(self.signed.as_bytes())
            && same_as_base64url(tag.as_ref(), self.signature)
        {
            return Ok(true);
        }
        let signature = from_base64url(self.signature).ok_or_else(|| encoding("signature"))?;
        if key.asks_host() {
            return HostVerdicts::verdict(self.host, key, self.signed.as_bytes(), &signature);
        }
        Ok(key.verify(self.signed.as_bytes(), &signature))
    }
}

pub(super) fn encoding(part: &'static str) -> Error {
    Error::new(ErrorCode::TokenEncoding).at(part)
}

fn bad_signature() -> Error {
    Error::new(ErrorCode::SignatureInvalid).at("signature")
}
