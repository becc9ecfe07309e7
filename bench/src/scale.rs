//! Cost against the size of the payload and the number of keys.

use anyhow::Result;
use tokenmint::{Algorithm, Issuer, Key, KeySet, Policy};

use crate::material::Material;
use crate::measure::Table;
use crate::work;

/// The first row is the smallest payload: "x limit" is the factor of growth.
pub(crate) fn payload() -> Result<[Table; 2]> {
    let material = Material::new(Algorithm::HS256)?;
    let (issuer, verifier) = (material.issuer()?, material.verifier()?);
    let mut mint = Table::new("payload, mint HS256; the first row is 1");
    let mut verify = Table::new("payload, verify HS256; the first row is 1");
    for kib in [0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
        let text = "x".repeat((kib * 1024.0) as usize - 199);
        let members = serde_json::to_string(&std::collections::BTreeMap::from([("text", &text)]))?;
        let (minting, claims, context) = (issuer.clone(), work::claims(), work::context());
        let token = minting.mint_json(&claims, &members, work::lifetime(), &context)?;
        let bytes = verifier.verify(&token, work::now())?.json().len();
        mint.case(format!("{bytes} bytes"), move || {
            minting.mint_json(&claims, &members, work::lifetime(), &context)
        });
        let checking = verifier.clone();
        verify.case(format!("{bytes} bytes"), move || checking.verify(&token, work::now()));
    }
    Ok([mint, verify])
}

/// The token names the last key of the set.
pub(crate) fn keys() -> Result<Table> {
    let mut table = Table::new("number of keys, verify HS256; the first row is 1");
    for count in [1_u32, 10, 100, 1_000, 10_000] {
        let mut builder = KeySet::builder();
        let mut last = None;
        for number in 0..count {
            let mut secret = work::SECRET;
            secret[..4].copy_from_slice(&number.to_be_bytes());
            let key = Key::hmac(Some(&format!("key-{number:05}")), Algorithm::HS256, secret.as_slice())?;
            last = Some(key.clone());
            builder = builder.key(key)?;
        }
        let Some(last) = last else { continue };
        let policy = || Policy::new(work::ISSUER).max_lifetime(work::lifetime());
        let signer = Issuer::new(KeySet::builder().key(last)?.build()?, policy())?;
        let token = signer.mint_with(&work::claims(), &work::custom(), work::lifetime(), &work::context())?;
        let verifier = Issuer::new(builder.build()?, policy())?.verifier().audience(work::AUDIENCE);
        verifier.verify(&token, work::now())?;
        table.case(format!("{count} keys"), move || verifier.verify(&token, work::now()));
    }
    Ok(table)
}
