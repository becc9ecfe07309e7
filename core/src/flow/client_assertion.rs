//! A client proves itself by a JWT that it has signed: `private_key_jwt` (RFC 7523 sections 2.2 and 3).

use super::Flow;
use super::assertion::{Single, check_audience, check_type, refused};
use crate::claims::check;
use crate::error::{ErrorCode, Result};
use crate::json::JsonMembers;
use crate::key::{Algorithm, Key, KeySet, jwks};
use crate::record::assertion::client_assertion_key;
use crate::time::Lifetime;
use crate::token::unverified::{self, UnverifiedHeader};
use crate::token::verified::Verified;

/// Where an assertion stands in a request (RFC 7521 section 4.2).
pub(super) const FIELD: &str = "client_assertion";

/// How far ahead `exp` may be: the assertion's record is kept as long.
const LONGEST: Lifetime = Lifetime::minutes(120);

impl Flow {
    /// Whether a client with these keys has signed an assertion in its own name, for us, and for now.
    ///
    /// Whoever has no key that fits costs a signature as well, of a key that signs nothing.
    ///
    /// # Errors
    /// `invalid_client`, with a reason once the signature was the client's; `store_unavailable` where only the host can
    /// check signatures and cannot now.
    pub(super) async fn check_client_assertion(
        &self,
        id: &str,
        jwt: &str,
        keys: &JsonMembers,
    ) -> Result<Single> {
        let header = unverified::decode_header(jwt).map_err(|_| ErrorCode::InvalidClient)?;
        let verifier =
            self.assertion_verifier(keys_for(&header, keys).map_err(|_| ErrorCode::InvalidClient)?);
        // RFC 7523 section 3 (1) and (2)B: issuer and subject are both the client.
        let verifier = verifier.issuer(id).subject(id).require("jti");
        let verified = verifier.verify_with_host(&self.io, jwt, self.now()).await;
        let judged = verified.and_then(|verified| self.judge_client_assertion(id, &verified));
        judged.map_err(|error| match error.code() {
            code if code.http_status() < 500 && code.number() < ErrorCode::ClaimMissing.number() => {
                ErrorCode::InvalidClient.into()
            }
            _ => refused(ErrorCode::InvalidClient, FIELD, error),
        })
    }

    fn judge_client_assertion(&self, id: &str, verified: &Verified) -> Result<Single> {
        let policy = self.issuer.policy();
        check_type(verified, &["JWT", "client-authentication+jwt"])?;
        check_audience(verified, &policy.own_audience())?;
        let (now, leeway) = (self.now(), policy.leeway);
        check::ends_within(verified.payload(), now, leeway, LONGEST.seconds())?;
        check::issued_before(verified.payload(), now, leeway)?;
        let jti = verified.id().filter(|jti| !jti.is_empty()).ok_or_else(|| check::missing("jti"))?;
        let key = client_assertion_key(&policy.issuer, id, &jti);
        Ok(Single { key, until: self.kept_until(verified) })
    }
}

/// The client's keys if one of them may have made such a token, else one that has made none.
fn keys_for(header: &UnverifiedHeader, own: &JsonMembers) -> Result<KeySet> {
    let own = if own.is_empty() { KeySet::empty() } else { jwks::read(own)? };
    let named = header.algorithm().and_then(|name| Algorithm::from_name(&name));
    // Whoever can check an HMAC could have made it: no key of a record is for one.
    let Some(alg) = named.filter(|alg| !alg.is_hmac()) else { return Ok(KeySet::empty()) };
    let kid = header.key_id();
    let fits = |key: &Key| {
        key.algorithm().covers(alg) && (kid.is_none() || key.kid().is_none() || key.kid() == kid.as_deref())
    };
    if own.keys().any(fits) {
        return Ok(own);
    }
    KeySet::builder().key(Key::from_jwk_as(alg, decoy(alg))?)?.build()
}

/// A public key whose private half was thrown away when it was made.
const fn decoy(alg: Algorithm) -> &'static str {
    match alg {
        Algorithm::ES256 => {
            r#"{"kty":"EC","crv":"P-256","x":"oznlfVgWUOKcHp-mAy_AnTX-kgTe4c6VemuSXZS34Xs","y":"b2D4Gd9AwfMZ7J9f9NIfEz4dqZvtulLMu4JDeeplwI4"}"#
        }
        Algorithm::ES384 => {
            r#"{"kty":"EC","crv":"P-384","x":"Okmvd8uy2gsfl4r-wnL8H24nIde90sceZ3QGucsxcC83tyCU0hl4qzF5L9JBUXpR","y":"IKDM6OSK42LXeA08zPsGfGv9A2ECR9HvuY5eq_-FOqJ1OPJkDBBi8cDEgmmPQ_IX"}"#
        }
        Algorithm::ES512 => {
            r#"{"kty":"EC","crv":"P-521","x":"AVEZQM3xPBUqCUcQ2l1X5SeD-Nh-JQfe8Ec7aicvEWvDir7J8Ga-cdZ33Vdw_kg-0j6OADYakVqF0akAoWitX1KA","y":"AJma61MwAe514u4vr2cenZR09z77F5Iz3mZpuaL9pukELmmnAu9cIZp5BGaSPV-eRD6n80Ah_X_gu1aD6vfVsFJ-"}"#
        }
        Algorithm::EdDSA | Algorithm::Ed25519 => {
            r#"{"kty":"OKP","crv":"Ed25519","x":"DZB3meJOnRoKrdK6w-UBd7IgNO74MAYNbjt5xhWcnAg"}"#
        }
        _ => {
            r#"{"kty":"RSA","e":"AQAB","n":"rVv37OA6n1JXQs1fhQGSFkeBRCiGArcg7NSr-9DU5F6jQpbtUGT1lNfgyYk0wbwXGQiy6UpECnrYvP3wEFw6sKJ6Kwakv3Yq0ijzl-WIbQuNoRcTIgb7QSMfKerLvSCvBC4sHPjjAybOTJBpO53-aTB_gdYY_3V6p5by7Ik7LKfq9gTl4U45hCvBq7ncpeo7NllSQBY6Kfeecm7u24VjPLp2c94ncOElMDwku5quQoE0si8P1J8T5yuyAinmKYhKsUDs_ZPoDwVC8rXGqOC6vJQyT_WShiRhaGL2_8001dQaJemPdxuCkQQVrIrELnQhyzWsc_6Za4o4CL79ANZE8w"}"#
        }
    }
}

#[cfg(all(test, any(feature = "aws-lc", feature = "rustcrypto", feature = "host")))]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_decoy_for_each_algorithm() {
        for alg in Algorithm::ALL.iter().filter(|alg| !alg.is_hmac()) {
            let header = format!("{{\"alg\":\"{}\",\"kid\":\"k\"}}", alg.name());
            let jwt = format!("{}.e30.", crate::encoding::base64url(header.as_bytes()));
            let keys = keys_for(&unverified::decode_header(&jwt).unwrap(), &JsonMembers::new()).unwrap();
            assert!(keys.keys().all(|key| key.algorithm().covers(*alg) && key.kid().is_none()), "{alg}");
        }
    }
}
