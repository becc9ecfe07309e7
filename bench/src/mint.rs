//! Minting: this crate, the limit and the peers.

use anyhow::Result;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair};
use aws_lc_rs::{hmac as aws_hmac, rsa};
use hmac::{Hmac, KeyInit, Mac};
use jwt_compact::AlgorithmExt;
use jwt_simple::algorithms::{ECDSAP256KeyPairLike, EdDSAKeyPairLike, MACLike, RSAKeyPairLike};
use sha2::Sha256;
use tokenmint::{Algorithm, Claims};

use crate::material::Material;
use crate::measure::Table;
use crate::peers;
use crate::switch::BackEnd;
use crate::work;

pub(crate) fn table(title: String, material: &Material) -> Result<Table> {
    let mut table = Table::new(title);
    limits(&mut table, material)?;
    ours(&mut table, material)?;
    jsonwebtoken(&mut table, material)?;
    others(&mut table, material)?;
    Ok(table)
}

/// The primitive alone, its key prepared, over the bytes that this crate signs.
fn limits(table: &mut Table, material: &Material) -> Result<()> {
    let token = peers::token(material)?;
    let input = token.rsplit_once('.').map(|(input, _)| input.as_bytes().to_vec()).unwrap_or_default();
    let random = SystemRandom::new();
    match material.algorithm {
        Algorithm::HS256 => {
            let keyed = Hmac::<Sha256>::new_from_slice(&material.private)?;
            let message = input.clone();
            table.case("limit: HMAC-SHA256, keyed state kept (sha2)", move || {
                keyed.clone().chain_update(&message).finalize()
            });
            let key = aws_hmac::Key::new(aws_hmac::HMAC_SHA256, &material.private);
            table.case("HMAC-SHA256, keyed state kept (aws-lc)", move || aws_hmac::sign(&key, &input));
        }
        Algorithm::RS256 => {
            let pair = rsa::KeyPair::from_pkcs8(&material.private)?;
            let mut out = vec![0; pair.public_modulus_len()];
            table.case("limit: aws-lc, key prepared", move || {
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, &input, &mut out)
            });
        }
        Algorithm::ES256 => {
            let curve = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(curve, &material.private)?;
            table.case("limit: aws-lc, key prepared", move || pair.sign(&random, &input));
        }
        _ => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&material.scalar)?;
            table.case("limit: aws-lc, key prepared", move || pair.sign(&input));
        }
    }
    Ok(())
}

fn ours(table: &mut Table, material: &Material) -> Result<()> {
    let (issuer, context, lifetime) = (material.issuer()?, work::context(), work::lifetime());
    let (minting, given, now, members) = (issuer.clone(), work::claims(), context.clone(), work::custom());
    table.case("tokenmint, any serde type", move || minting.mint_with(&given, &members, lifetime, &now));
    let json = serde_json::to_string(&work::custom())?;
    let (minting, given, now) = (issuer.clone(), work::claims(), context.clone());
    table.case("tokenmint, JSON text", move || minting.mint_json(&given, &json, lifetime, &now));
    if material.algorithm != Algorithm::HS256 {
        return Ok(());
    }
    let all = work::claims_text();
    let (minting, now) = (issuer.clone(), context.clone());
    table.case("tokenmint, all claims as JSON text", move || minting.mint_claims(&all, None, lifetime, &now));
    let template = tokenmint::Template::new(&work::custom())?;
    let (minting, given, now) = (issuer.clone(), work::claims(), context.clone());
    table.case("tokenmint, a template", move || minting.mint_template(&given, &template, lifetime, &now));
    let (minting, now, members) = (issuer.clone(), context.clone(), work::custom());
    let given = Claims::new().subject(work::SUBJECT).audience(work::AUDIENCE);
    table.case("tokenmint, any serde type, jti drawn", move || {
        minting.mint_with(&given, &members, lifetime, &now)
    });
    let members = work::custom();
    table.case("tokenmint, Claims built for each token, jti drawn", move || {
        let claims = Claims::new()
            .subject(work::SUBJECT)
            .audience(work::AUDIENCE)
            .set("sessionId", &members.session_id)
            .set("pages", members.pages)
            .set("vendors", &members.vendors);
        issuer.mint(&claims, lifetime, &context)
    });
    Ok(())
}

fn jsonwebtoken(table: &mut Table, material: &Material) -> Result<()> {
    let (header, key) =
        (jsonwebtoken::Header::new(peers::algorithm(material)), peers::encoding_key(material)?);
    for (back_end, name) in [(BackEnd::AwsLc, "aws-lc"), (BackEnd::RustCrypto, "RustCrypto")] {
        let (header, key, claims) = (header.clone(), key.clone(), work::entity());
        table.case(format!("jsonwebtoken 12, {name}"), move || {
            back_end.select();
            jsonwebtoken::encode(&header, &claims, &key)
        });
    }
    Ok(())
}

fn others(table: &mut Table, material: &Material) -> Result<()> {
    let compact = peers::compact_claims();
    let header = jwt_compact::Header::empty().with_token_type("JWT");
    let simple = peers::simple_claims();
    let lasting = "jwt-simple 0.15, pure Rust";
    match material.algorithm {
        Algorithm::HS256 => {
            use jwt::SignWithKey;
            let key: hmac_0_12::Hmac<sha2_0_10::Sha256> = hmac_0_12::Mac::new_from_slice(&material.private)?;
            let claims = work::entity();
            table.case("jwt 0.16", move || (&claims).sign_with_key(&key));
            let key = jwt_compact::alg::Hs256Key::new(&material.private);
            table.case("jwt-compact 0.8", move || jwt_compact::alg::Hs256.token(&header, &compact, &key));
            let key = jwt_simple::algorithms::HS256Key::from_bytes(&material.private);
            table.case(lasting, move || key.authenticate(simple.clone()));
        }
        Algorithm::RS256 => {
            let key = peers::rsa_key(material)?;
            let alg = jwt_compact::alg::Rsa::rs256();
            table.case("jwt-compact 0.8", move || alg.token(&header, &compact, &key));
            let key = jwt_simple::algorithms::RS256KeyPair::from_pem(&material.pem())?;
            table.case(lasting, move || key.sign(simple.clone()));
        }
        Algorithm::ES256 => {
            let key = peers::p256_key(material)?;
            table.case("jwt-compact 0.8", move || jwt_compact::alg::Es256.token(&header, &compact, &key));
            let key = jwt_simple::algorithms::ES256KeyPair::from_bytes(&material.scalar)?;
            table.case(lasting, move || key.sign(simple.clone()));
        }
        _ => {
            let key = peers::ed25519_key(material)?;
            table.case("jwt-compact 0.8", move || jwt_compact::alg::Ed25519.token(&header, &compact, &key));
            let key = jwt_simple::algorithms::Ed25519KeyPair::from_pem(&material.pem())?;
            table.case(lasting, move || key.sign(simple.clone()));
        }
    }
    Ok(())
}
