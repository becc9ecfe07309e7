//! The claim `cnf` (RFC 7800 section 3.1): the key, or the certificate, that a token is bound to.

use crate::encoding::{array_from_base64url, same, same_as_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object, object};
use crate::time::UnixTime;
use crate::token::verdicts::HostVerdicts;
use crate::token::verified::Verified;
use crate::token::verifier::Verifier;

/// The claim.
pub(crate) const CNF: &str = "cnf";

object! {
    /// What a token is bound to.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[json(write)]
    pub(crate) struct Confirmation {
        /// The thumbprint of a key (RFC 9449 section 6.1).
        #[json(omit)]
        pub(crate) jkt: Option<String>,
        /// The SHA-256 of a certificate (RFC 8705 section 3.1).
        #[json(omit, name = "x5t#S256")]
        pub(crate) x5t: Option<String>,
    }
}

impl Confirmation {
    /// What the text of the claim says; of no claim, nothing.
    ///
    /// # Errors
    /// `claim_invalid` where it is of another form: nobody can tell then what the token is bound to.
    pub(crate) fn read(claim: Option<&str>) -> Result<Self> {
        let invalid = || Error::new(ErrorCode::ClaimInvalid).at(CNF);
        let Some(claim) = claim else { return Ok(Confirmation::default()) };
        let object = Object::parse(claim).map_err(|_| invalid().because("expected an object"))?;
        let text = |name| match object.get(name).map(json::string) {
            None => Ok(None),
            Some(Some(text)) => Ok(Some(text.into_owned())),
            Some(None) => Err(invalid().because("expected texts in the object")),
        };
        Ok(Confirmation { jkt: text("jkt")?, x5t: text("x5t#S256")? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jkt.is_none() && self.x5t.is_none()
    }

    /// Refused unless a token that says this is bound to the key with this thumbprint (RFC 9449 section 6).
    pub(crate) fn check_key(&self, thumbprint: &str) -> Result<()> {
        match &self.jkt {
            Some(bound) if same(bound.as_bytes(), thumbprint.as_bytes()) => Ok(()),
            Some(_) => Err(mismatch("the token is bound to another key than that of the proof")),
            None => Err(mismatch("the token is not bound to a key")),
        }
    }

    /// Refused unless a token that says this is bound to the certificate of this hash (RFC 8705 section 3).
    pub(crate) fn check_certificate(&self, sha256: &[u8; 32]) -> Result<()> {
        match &self.x5t {
            Some(bound) if same_as_base64url(sha256, bound) => Ok(()),
            Some(_) => Err(mismatch("the token is bound to another certificate")),
            None => Err(mismatch("the token is not bound to a certificate")),
        }
    }
}

impl Verifier {
    /// Verifies a token as [`Verifier::verify`] does, and that it is bound to a certificate (RFC 8705 section 3): that of the
    /// TLS connection by which it came, of which the host gives the SHA-256 of the DER. It is compared in constant time.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://id.example.com").audience("api"))?;
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]));
    /// # use tokenmint::directory::{self, Client};
    /// # let client = Client::new("c1", "org_1", SecretHash::of(b"a secret")).permission(Permission::ClientCredentials);
    /// # directory::create_client(client, &context).run(&store).result?;
    /// let request = ClientCredentials::new(ClientProof::new("c1", "a secret")).certificate([5; 32]);
    /// let token = issuer.client_credentials(request, &context).run(&store).result?.access_token;
    ///
    /// let verifier = issuer.verifier().refuse_bound();
    /// assert!(verifier.verify_with_certificate(&token, &[5; 32], context.now()).is_ok());
    /// let stolen = verifier.verify_with_certificate(&token, &[6; 32], context.now()).unwrap_err();
    /// assert_eq!(stolen.code(), ErrorCode::BindingMismatch);
    /// assert_eq!(verifier.verify(&token, context.now()).unwrap_err().code(), ErrorCode::BindingMismatch);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Verifier::verify`]; `binding_mismatch` at `cnf`.
    pub fn verify_with_certificate(&self, token: &str, sha256: &[u8; 32], now: UnixTime) -> Result<Verified> {
        self.verify_certificate_with(token, sha256, now, None)
    }

    /// As [`Verifier::verify_with_certificate`], with what the host has said about signatures.
    pub(super) fn verify_certificate_with(
        &self,
        token: &str,
        sha256: &[u8; 32],
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Verified> {
        let verified = self.verify_unbound(token, now, host)?;
        verified.confirmation()?.check_certificate(sha256)?;
        Ok(verified)
    }

    /// Refuses a token that says what it is bound to, where that is asked for: nobody has proved to hold it.
    pub(super) fn check_unbound(&self, verified: &Verified) -> Result<()> {
        match self.refuses_bound {
            true => check_bearer(verified.claim_json(CNF)),
            false => Ok(()),
        }
    }
}

impl Verified {
    /// What it is bound to.
    pub(crate) fn confirmation(&self) -> Result<Confirmation> {
        Confirmation::read(self.claim_json(CNF))
    }
}

/// RFC 9449 section 7.2: a bound token MUST NOT be taken for a bearer's. So with whatever else `cnf` may name.
pub(crate) fn check_bearer(cnf: Option<&str>) -> Result<()> {
    match cnf {
        None => Ok(()),
        Some(_) => Err(mismatch("the token is bound, and comes without the proof of what it is bound to")),
    }
}

/// Whether a text is a SHA-256 in base64url, as both members hold one.
pub(crate) fn is_sha256(text: &str) -> bool {
    array_from_base64url::<32>(text).is_some()
}

fn mismatch(text: &'static str) -> Error {
    Error::new(ErrorCode::BindingMismatch).at(CNF).because(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_is_bound_to_is_read_or_the_token_is_refused() {
        let read = |claim: &str| Confirmation::read(Some(claim));
        assert!(Confirmation::read(None).unwrap().is_empty());
        assert!(read("{}").unwrap().is_empty());
        let both = read(r#"{"x5t#S256":"b","kid":7,"jkt":"a"}"#).unwrap();
        assert_eq!((both.jkt.as_deref(), both.x5t.as_deref()), (Some("a"), Some("b")));
        assert_eq!(json::to_text(&both), r#"{"jkt":"a","x5t#S256":"b"}"#);
        for wrong in ["7", "null", "[]", r#"{"jkt":7}"#, r#"{"jkt":null}"#, r#"{"x5t#S256":{}}"#] {
            assert_eq!(read(wrong).unwrap_err().code(), ErrorCode::ClaimInvalid, "{wrong}");
            assert_eq!(check_bearer(Some(wrong)).unwrap_err().code(), ErrorCode::BindingMismatch, "{wrong}");
        }
        assert!(check_bearer(None).is_ok());
    }

    #[test]
    fn rfc_8705_section_3_the_hash_is_that_of_the_certificate() {
        let bytes = [5; 32];
        let bound = Confirmation { jkt: None, x5t: Some(crate::encoding::base64url(&bytes)) };
        assert!(bound.check_certificate(&bytes).is_ok());
        let mut other = bytes;
        other[31] ^= 1;
        assert_eq!(bound.check_certificate(&other).unwrap_err().code(), ErrorCode::BindingMismatch);
        assert!(Confirmation::default().check_certificate(&bytes).is_err());
        assert!(bound.check_key("a").is_err());
    }
}
