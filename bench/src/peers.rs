//! Keys and claims in the types of the peers.

use anyhow::{Context, Result};
use jwt_compact::alg::SigningKey as _;
use jwt_compact::prelude::{TimeOptions, UntrustedToken};
use tokenmint::Algorithm;

use crate::material::Material;
use crate::work::{self, Untimed};

/// The token that everybody verifies, minted by this crate.
pub(crate) fn token(material: &Material) -> Result<String> {
    let token =
        material.issuer()?.mint_with(&work::claims(), &work::custom(), work::lifetime(), &work::context())?;
    let json = material.verifier()?.verify(&token, work::now())?.json().len();
    anyhow::ensure!(json == 309, "the token's JSON has {json} bytes instead of 309");
    Ok(token)
}

pub(crate) fn algorithm(material: &Material) -> jsonwebtoken::Algorithm {
    match material.algorithm {
        Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        _ => jsonwebtoken::Algorithm::EdDSA,
    }
}

pub(crate) fn encoding_key(material: &Material) -> Result<jsonwebtoken::EncodingKey> {
    use jsonwebtoken::EncodingKey;
    let pem = material.pem();
    Ok(match material.algorithm {
        Algorithm::HS256 => EncodingKey::from_secret(&material.private)?,
        Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes())?,
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes())?,
        _ => EncodingKey::from_ed_pem(pem.as_bytes())?,
    })
}

pub(crate) fn decoding_key(material: &Material) -> Result<jsonwebtoken::DecodingKey> {
    use jsonwebtoken::DecodingKey;
    let Some(jwk) = material.key.public_jwk() else {
        return Ok(DecodingKey::from_secret(&material.private)?);
    };
    Ok(DecodingKey::from_jwk(&serde_json::from_str(&jwk)?)?)
}

pub(crate) fn compact_claims() -> jwt_compact::Claims<Untimed> {
    let lifetime = chrono::Duration::days(18_000);
    jwt_compact::Claims::new(work::untimed()).set_duration_and_issuance(&TimeOptions::default(), lifetime)
}

/// What jwt-compact checks, and `iss` and `aud` by hand.
pub(crate) fn compact_verify<A: jwt_compact::Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    token: &str,
) -> Result<jwt_compact::Token<Untimed>> {
    use jwt_compact::AlgorithmExt;
    let token = algorithm.validator::<Untimed>(key).validate(&UntrustedToken::new(token)?)?;
    let claims = token.claims();
    claims.validate_expiration(&TimeOptions::default())?;
    anyhow::ensure!(claims.custom.iss == work::ISSUER && claims.custom.aud == work::AUDIENCE);
    Ok(token)
}

pub(crate) fn simple_claims() -> jwt_simple::claims::JWTClaims<work::Custom> {
    let lifetime = jwt_simple::prelude::Duration::from_secs(work::LIFETIME);
    jwt_simple::claims::Claims::with_custom_claims(work::custom(), lifetime)
        .with_issuer(work::ISSUER)
        .with_audience(work::AUDIENCE)
        .with_subject(work::SUBJECT)
        .with_jwt_id(work::JTI)
}

pub(crate) fn simple_options() -> jwt_simple::common::VerificationOptions {
    jwt_simple::common::VerificationOptions {
        allowed_issuers: Some([work::ISSUER.to_owned()].into()),
        allowed_audiences: Some([work::AUDIENCE.to_owned()].into()),
        ..Default::default()
    }
}

pub(crate) fn rsa_key(
    material: &Material,
) -> Result<<jwt_compact::alg::Rsa as jwt_compact::Algorithm>::SigningKey> {
    use rsa::pkcs8::DecodePrivateKey;
    Ok(rsa::RsaPrivateKey::from_pkcs8_der(&material.private)?)
}

pub(crate) fn p256_key(
    material: &Material,
) -> Result<<jwt_compact::alg::Es256 as jwt_compact::Algorithm>::SigningKey> {
    Ok(<jwt_compact::alg::Es256 as jwt_compact::Algorithm>::SigningKey::from_slice(&material.scalar)?)
}

pub(crate) fn ed25519_key(
    material: &Material,
) -> Result<<jwt_compact::alg::Ed25519 as jwt_compact::Algorithm>::SigningKey> {
    <jwt_compact::alg::Ed25519 as jwt_compact::Algorithm>::SigningKey::from_slice(&material.scalar)
        .context("an Ed25519 key")
}
