//! DPoP proofs (RFC 9449 section 4): that whoever sends a request has a key, and signed for this very request.

use std::borrow::Cow;

use super::confirmation::Confirmation;
use super::parts::Parts;
use super::target_uri;
use super::verdicts::HostVerdicts;
use super::verified::Verified;
use super::verifier::Verifier;
use crate::claims::check::{self, ReadPayload};
use crate::dpop_policy::DpopPolicy;
use crate::encoding::{Decoded, base64url, from_base64url, not_base64url, same_as_base64url, sha256};
use crate::error::{Error, ErrorCode, Result, description};
use crate::json::{Members, Object};
use crate::key::header::Header;
use crate::key::{Algorithm, Key};
use crate::time::{Lifetime, UnixTime};

/// The header's `typ` of a proof (RFC 9449 section 4.2).
const PROOF_TYPE: &str = "dpop+jwt";

/// The longest proof that is read, in bytes: one by the largest key has half as many.
const LONGEST: usize = 16 * 1024;

/// What no public key has: RFC 9449 section 4.2, `jwk` MUST NOT contain a private key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A DPoP proof that is good: whoever sent it has the key, and made it for this request and for now. Whether it came before is
/// still to be asked: [`DpopProof::once`] or [`ProofWindow::admit`](crate::ProofWindow::admit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    thumbprint: String,
    replay_key: String,
    replayable_until: UnixTime,
    nonce: Option<String>,
    ath: Option<String>,
}

/// What a verified access token and the proof of its key come to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bound {
    /// The claims of the token.
    pub verified: Verified,
    /// The proof.
    pub proof: DpopProof,
}

impl DpopProof {
    /// Checks a proof for a request with this method and URL, of which query and fragment do not count (RFC 9449 section 4.3).
    /// The host has seen to it that there is one header `DPoP`.
    ///
    /// This is for requests without an access token, such as a log-in that starts a session for the key
    /// ([`StartSession::key`](crate::StartSession::key)); with one, it is [`Verifier::verify_bound`].
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// // The example of RFC 9449 section 4.1.
    /// let proof = concat!(
    ///     "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
    ///     "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
    ///     "In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
    ///     "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZ",
    ///     "T3Lg",
    /// );
    /// let (url, now) = ("https://server.example.com/token", UnixTime::from_seconds(1_562_262_618));
    /// let good = DpopProof::verify(proof, &DpopPolicy::new(), "POST", url, now)?;
    /// assert_eq!(good.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    /// let other = DpopProof::verify(proof, &DpopPolicy::new(), "GET", url, now).unwrap_err();
    /// assert_eq!((other.code(), other.field()), (ErrorCode::InvalidDpopProof, Some("htm")));
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_dpop_proof` at what is wrong with it; `policy_invalid` for a policy that cannot work, and where only the host
    /// can check signatures: see [`DpopProof::verify_task`].
    pub fn verify(proof: &str, policy: &DpopPolicy, method: &str, url: &str, now: UnixTime) -> Result<Self> {
        Self::verify_with(proof, policy, method, url, now, None)
    }

    /// Verifies with what the host has said about signatures that only it can check.
    pub(super) fn verify_with(
        proof: &str,
        policy: &DpopPolicy,
        method: &str,
        url: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Self> {
        Self::read(proof, policy, method, url, |payload, _| recent(payload, policy.max_age, now), host)
    }

    /// Checks a proof whose time is judged by `until`, which says how long it can be presented from its claims and its nonce.
    pub(crate) fn read(
        proof: &str,
        policy: &DpopPolicy,
        method: &str,
        url: &str,
        until: impl FnOnce(ReadPayload<'_>, Option<&str>) -> Result<UnixTime>,
        host: Option<&HostVerdicts>,
    ) -> Result<Self> {
        policy.check()?;
        let read = Signed::read(proof, policy, host).and_then(|signed| signed.judge(method, url, until));
        read.map_err(|error| match error.code() {
            ErrorCode::UseDpopNonce | ErrorCode::PolicyInvalid => error,
            code if code.http_status() >= 500 => error,
            _ => {
                let proof = Error::new(ErrorCode::InvalidDpopProof).because(error.message().to_owned());
                error.field().map(str::to_owned).into_iter().fold(proof, Error::at)
            }
        })
    }

    /// The thumbprint of its key (RFC 7638): `jkt` in `cnf`.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The nonce that it names, for a resource server that gives nonces (RFC 9449 section 9); nobody has looked at it.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// What is the same for each proof of one key with the same `jti`, and for no other: 43 characters of base64url.
    pub fn replay_key(&self) -> &str {
        &self.replay_key
    }

    /// Until when it could be presented again.
    pub fn replayable_until(&self) -> UnixTime {
        self.replayable_until
    }

    /// Refused unless it was made for this access token (RFC 9449 section 4.3: `ath`).
    pub(crate) fn check_token(&self, token: &str) -> Result<()> {
        let wrong = |text| Err(Error::new(ErrorCode::InvalidDpopProof).at("ath").because(text));
        match &self.ath {
            Some(ath) if same_as_base64url(&sha256(token.as_bytes()), ath) => Ok(()),
            Some(_) => wrong("the proof is for another access token"),
            None => wrong("beside an access token a proof has its hash"),
        }
    }
}

impl Verifier {
    /// Verifies a token as [`Verifier::verify`] does, and the proof that came with it, for a request with this method and URL:
    /// that the proof is good, for this token, and of the key that the token is bound to (RFC 9449 sections 4.3 and 7.1). What
    /// is demanded of proofs [`Verifier::dpop`] says.
    ///
    /// The token stood behind `Authorization: DPoP`, the proof in the one header `DPoP`. A proof can be presented again while
    /// it is recent: [`ProofWindow::admit`](crate::ProofWindow::admit) or [`DpopProof::once`] finds that.
    ///
    /// # Errors
    /// As [`Verifier::verify`] for the token; `invalid_dpop_proof` at what is wrong with the proof; `binding_mismatch` at
    /// `cnf` for a token of another key, or of none.
    pub fn verify_bound(
        &self,
        token: &str,
        proof: &str,
        method: &str,
        url: &str,
        now: UnixTime,
    ) -> Result<Bound> {
        self.verify_bound_with(token, proof, method, url, now, None)
    }

    /// As [`Verifier::verify_bound`], with what the host has said about signatures.
    pub(super) fn verify_bound_with(
        &self,
        token: &str,
        proof: &str,
        method: &str,
        url: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Bound> {
        let verified = self.verify_unbound(token, now, host)?;
        let proof = DpopProof::verify_with(proof, &self.proofs(), method, url, now, host)?;
        confirm(&verified.confirmation()?, &proof, token)?;
        Ok(Bound { verified, proof })
    }

    /// The value of `WWW-Authenticate` for a request that is refused, with the algorithms of proofs (RFC 9449 section 7.1);
    /// `error` is what was wrong with its credentials, where there were any.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// let policy = DpopPolicy::new().algorithms(&[Algorithm::ES256, Algorithm::PS256]);
    /// let verifier = Verifier::new(KeySet::from_jwks(r#"{"keys":[]}"#)?).dpop(policy);
    /// assert_eq!(verifier.dpop_challenge(None), r#"DPoP algs="ES256 PS256""#);
    /// let expired = Error::from(ErrorCode::TokenExpired);
    /// let challenge = r#"DPoP error="invalid_token", error_description="the token has expired", algs="ES256 PS256""#;
    /// assert_eq!(verifier.dpop_challenge(Some(&expired)), challenge);
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn dpop_challenge(&self, error: Option<&Error>) -> String {
        let names: Vec<&str> = self.proofs().names().collect();
        let algs = format!("algs=\"{}\"", names.join(" "));
        match error {
            None => format!("DPoP {algs}"),
            Some(error) => {
                let (code, text) = (error.code().oauth_error(), description(&error.to_string()));
                format!("DPoP error=\"{code}\", error_description=\"{text}\", {algs}")
            }
        }
    }

    fn proofs(&self) -> Cow<'_, DpopPolicy> {
        self.dpop.as_deref().map_or_else(Cow::default, Cow::Borrowed)
    }
}

/// Refused unless a proof is for a token, and of the key that the token is bound to.
pub(crate) fn confirm(bound: &Confirmation, proof: &DpopProof, token: &str) -> Result<()> {
    proof.check_token(token)?;
    bound.check_key(&proof.thumbprint)
}

/// A proof whose signature is that of the key in it.
struct Signed {
    thumbprint: String,
    payload: String,
}

impl Signed {
    fn read(proof: &str, policy: &DpopPolicy, host: Option<&HostVerdicts>) -> Result<Self> {
        if proof.len() > LONGEST {
            let text = format!("the proof has {} bytes, at most {LONGEST} are read", proof.len());
            return Err(Error::new(ErrorCode::InvalidDpopProof).because(text));
        }
        let parts = Parts { host, ..Parts::split(proof)? };
        let mut room = Decoded::default();
        let header = Header::parse(parts.header, &mut room)?;
        // RFC 9449 section 11.5: a JWT that was made for something else is no proof.
        check::token_type(header.typ.as_deref(), PROOF_TYPE)?;
        let alg = Algorithm::from_name(&header.alg).filter(|alg| policy.algorithms.contains(alg));
        let alg = alg.ok_or_else(|| {
            let names: Vec<&str> = policy.names().collect();
            let text = format!("a proof is signed by one of {}", names.join(", "));
            Error::new(ErrorCode::AlgorithmNotAllowed).at("alg").because(text)
        })?;
        let key = key(parts.header, alg)?;
        if !key.can_verify() || !parts.is_signed_by(&key)? {
            return Err(Error::new(ErrorCode::SignatureInvalid).at("signature"));
        }
        let payload = from_base64url(parts.payload).ok_or_else(|| not_base64url("payload", parts.payload))?;
        let payload = String::from_utf8(payload).map_err(|_| payload_malformed("not UTF-8"))?;
        Ok(Signed { thumbprint: key.thumbprint().unwrap_or_default(), payload })
    }

    fn judge(
        self,
        method: &str,
        url: &str,
        until: impl FnOnce(ReadPayload<'_>, Option<&str>) -> Result<UnixTime>,
    ) -> Result<DpopProof> {
        let mut members = Members::default();
        members.read_token(&self.payload).map_err(|fault| payload_malformed(&fault.to_string()))?;
        let payload = ReadPayload { text: &self.payload, members: &members };
        let required = |name| payload.string(name)?.ok_or_else(|| check::missing(name));
        let wrong =
            |name: &'static str, text| Err(Error::new(ErrorCode::ClaimInvalid).at(name).because(text));
        let jti = required("jti")?;
        if jti.is_empty() {
            return wrong("jti", "the id is empty");
        }
        // RFC 9110 section 9.1: the method is case-sensitive.
        if required("htm")? != method {
            return wrong("htm", "the proof is for another method");
        }
        if !target_uri::is_same(&required("htu")?, url) {
            return wrong("htu", "the proof is for another URL");
        }
        // RFC 9449 section 4.2: it is there, whoever says the time.
        payload.time("iat")?.ok_or_else(|| check::missing("iat"))?;
        let owned = |name| Ok::<_, Error>(payload.string(name)?.map(Cow::into_owned));
        let (nonce, ath) = (owned("nonce")?, owned("ath")?);
        let replayable_until = until(payload, nonce.as_deref())?;
        // A thumbprint is always as long, so no other key and id come to the same text.
        let replay_key = base64url(&sha256([self.thumbprint.as_bytes(), jti.as_bytes()].concat().as_slice()));
        Ok(DpopProof { thumbprint: self.thumbprint, replay_key, replayable_until, nonce, ath })
    }
}

/// The public key in a header.
fn key(header: &str, alg: Algorithm) -> Result<Key> {
    let wrong = |text: String| Error::new(ErrorCode::HeaderMalformed).at("jwk").because(text);
    let bytes = from_base64url(header).ok_or_else(|| not_base64url("header", header))?;
    let object = Object::of_token(&bytes).map_err(|fault| wrong(fault.to_string()))?;
    let jwk = object.get("jwk").ok_or_else(|| wrong("the header has the public key in it".to_owned()))?;
    let members = Object::parse(jwk).map_err(|_| wrong("the key is not a JWK".to_owned()))?;
    if let Some(private) = PRIVATE.iter().find(|name| members.get(name).is_some()) {
        return Err(wrong(format!("the key is public, and has no member {private:?}")));
    }
    let key = Key::from_jwk_as(alg, jwk).map_err(|error| wrong(error.to_string()))?;
    match key.algorithm().covers(alg) {
        true => Ok(key),
        false => {
            Err(wrong(format!("the key is for {}, the proof is by {}", key.algorithm().name(), alg.name())))
        }
    }
}

/// RFC 9449 section 11.1: a proof is taken for a short time only. Clocks may differ by as much.
pub(crate) fn recent(payload: ReadPayload<'_>, max_age: Lifetime, now: UnixTime) -> Result<UnixTime> {
    let made = payload.time("iat")?.unwrap_or_default();
    let age = check::seconds(now) - made;
    #[allow(clippy::cast_precision_loss)] // at most ten minutes
    if age.abs() > max_age.seconds() as f64 {
        let text = format!(
            "made at {}, now {now}, allowed difference {} seconds",
            check::shown(made),
            max_age.seconds()
        );
        return Err(Error::new(ErrorCode::TokenTooOld).at("iat").because(text));
    }
    #[allow(clippy::cast_possible_truncation)] // within ten minutes of now
    Ok(UnixTime::from_seconds(made.ceil() as i64).after(max_age))
}

/// The error for a proof that came before.
pub(crate) fn replayed() -> Error {
    let error = Error::new(ErrorCode::InvalidDpopProof).at("jti");
    error.because("the proof was used before; it takes a new one each time")
}

fn payload_malformed(fault: &str) -> Error {
    Error::new(ErrorCode::PayloadMalformed).at("payload").because(format!("the payload is {fault}"))
}
