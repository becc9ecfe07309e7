//! Verifying: this crate, the limit and the peers. All check the signature, `exp`, `iss` and `aud`; `jwt` checks the
//! signature only.

use anyhow::Result;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use hmac::{Hmac, KeyInit, Mac};
use jwt_compact::alg::SigningKey as _;
use jwt_simple::algorithms::{ECDSAP256PublicKeyLike, EdDSAPublicKeyLike, MACLike, RSAPublicKeyLike};
use sha2::Sha256;
use tokenmint::Algorithm;

use crate::material::Material;
use crate::measure::Table;
use crate::peers;
use crate::switch::BackEnd;
use crate::work::{self, Borrowed, Custom, Entity};

pub(crate) fn table(title: String, material: &Material) -> Result<Table> {
    let mut table = Table::new(title);
    let token = peers::token(material)?;
    limit(&mut table, material, &token)?;
    ours(&mut table, material, &token)?;
    jsonwebtoken(&mut table, material, &token)?;
    others(&mut table, material, &token)?;
    Ok(table)
}

fn limit(table: &mut Table, material: &Material, token: &str) -> Result<()> {
    let (input, tag) = token.rsplit_once('.').unwrap_or_default();
    let input = input.as_bytes().to_vec();
    let tag = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(tag)?;
    let name = "limit: aws-lc, key prepared";
    let key = match material.algorithm {
        Algorithm::HS256 => {
            let keyed = Hmac::<Sha256>::new_from_slice(&material.private)?;
            table.case("limit: HMAC-SHA256, keyed state kept (sha2)", move || {
                keyed.clone().chain_update(&input).verify_slice(&tag)
            });
            return Ok(());
        }
        Algorithm::RS256 => {
            let pair = rsa::KeyPair::from_pkcs8(&material.private)?;
            ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())?
        }
        Algorithm::ES256 => {
            let curve = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(curve, &material.private)?;
            ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?
        }
        _ => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&material.scalar)?;
            ParsedPublicKey::new(&signature::ED25519, pair.public_key().as_ref())?
        }
    };
    table.case(name, move || key.verify_sig(&input, &tag));
    Ok(())
}

fn ours(table: &mut Table, material: &Material, token: &str) -> Result<()> {
    let (verifier, now) = (material.verifier()?, work::now());
    anyhow::ensure!(verifier.verify(token, now)?.claims::<Entity>()? == work::entity());
    let (checking, text) = (verifier.clone(), token.to_owned());
    table.case("tokenmint, owned: a type with Strings", move || {
        checking.verify(&text, now).and_then(|verified| verified.claims::<Entity>())
    });
    let (checking, text) = (verifier.clone(), token.to_owned());
    table.case("tokenmint, borrowed: a type with &str", move || {
        let verified = checking.verify(&text, now)?;
        verified.claims::<Borrowed<'_>>().map(drop)
    });
    let text = token.to_owned();
    table.case("tokenmint, the claims' JSON text", move || verifier.verify(&text, now));
    Ok(())
}

fn jsonwebtoken(table: &mut Table, material: &Material, token: &str) -> Result<()> {
    let key = peers::decoding_key(material)?;
    let mut validation = jsonwebtoken::Validation::new(peers::algorithm(material));
    validation.set_issuer(&[work::ISSUER]);
    validation.set_audience(&[work::AUDIENCE]);
    for (back_end, name) in [(BackEnd::AwsLc, "aws-lc"), (BackEnd::RustCrypto, "RustCrypto")] {
        let (key, validation, text) = (key.clone(), validation.clone(), token.to_owned());
        back_end.select();
        anyhow::ensure!(jsonwebtoken::decode::<Entity>(&text, &key, &validation)?.claims == work::entity());
        table.case(format!("jsonwebtoken 12, {name}"), move || {
            back_end.select();
            jsonwebtoken::decode::<Entity>(&text, &key, &validation)
        });
    }
    Ok(())
}

fn others(table: &mut Table, material: &Material, token: &str) -> Result<()> {
    let text = token.to_owned();
    let options = peers::simple_options();
    let simple = "jwt-simple 0.15, pure Rust";
    match material.algorithm {
        Algorithm::HS256 => {
            use jwt::VerifyWithKey;
            let key: hmac_0_12::Hmac<sha2_0_10::Sha256> = hmac_0_12::Mac::new_from_slice(&material.private)?;
            let token = text.clone();
            table.case("jwt 0.16 (signature only)", move || {
                VerifyWithKey::<Entity>::verify_with_key(token.as_str(), &key)
            });
            let key = jwt_compact::alg::Hs256Key::new(&material.private);
            let token = text.clone();
            peers::compact_verify(&jwt_compact::alg::Hs256, &key, &token)?;
            table.case("jwt-compact 0.8", move || {
                peers::compact_verify(&jwt_compact::alg::Hs256, &key, &token)
            });
            let key = jwt_simple::algorithms::HS256Key::from_bytes(&material.private);
            key.verify_token::<Custom>(&text, Some(options.clone()))?;
            table.case(simple, move || key.verify_token::<Custom>(&text, Some(options.clone())));
        }
        Algorithm::RS256 => {
            let key = peers::rsa_key(material)?.to_public_key();
            let alg = jwt_compact::alg::Rsa::rs256();
            let token = text.clone();
            table.case("jwt-compact 0.8", move || peers::compact_verify(&alg, &key, &token));
            let key = jwt_simple::algorithms::RS256KeyPair::from_pem(&material.pem())?.public_key();
            table.case(simple, move || key.verify_token::<Custom>(&text, Some(options.clone())));
        }
        Algorithm::ES256 => {
            let key = peers::p256_key(material)?.to_verifying_key();
            let token = text.clone();
            table.case("jwt-compact 0.8", move || {
                peers::compact_verify(&jwt_compact::alg::Es256, &key, &token)
            });
            let key = jwt_simple::algorithms::ES256KeyPair::from_bytes(&material.scalar)?.public_key();
            table.case(simple, move || key.verify_token::<Custom>(&text, Some(options.clone())));
        }
        _ => {
            let key = peers::ed25519_key(material)?.to_verifying_key();
            let token = text.clone();
            table.case("jwt-compact 0.8", move || {
                peers::compact_verify(&jwt_compact::alg::Ed25519, &key, &token)
            });
            let key = jwt_simple::algorithms::Ed25519KeyPair::from_pem(&material.pem())?.public_key();
            table.case(simple, move || key.verify_token::<Custom>(&text, Some(options.clone())));
        }
    }
    Ok(())
}
