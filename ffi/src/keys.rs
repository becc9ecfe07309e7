//! Key sets: one key at a time, or a JWK Set, joined where several are needed.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use serde::Serialize;
use tokenmint::{Algorithm, Entropy, Error, ErrorCode, Key, KeySet, Result, Secret};

use crate::arguments::{algorithm, bytes, given_seed, optional, place, text, tokenmint_seed};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};

/// Keys that were judged and prepared; they never change.
pub struct tokenmint_keys(pub(crate) KeySet);

handles!(tokenmint_keys b"tm keys\0");

impl tokenmint_keys {
    fn of(key: Key) -> Result<*mut Self> {
        Ok(tokenmint_keys(KeySet::builder().key(key)?.build()?).into_handle())
    }
}

/// Draws a new key from the seed, as a JWK to be kept: the private one, or the shared secret. The same seed gives the
/// same key. Not for RSA.
///
/// `kid`: its id, or NULL for none.
///
/// Fails with `key_unsupported` for RSA and unknown algorithms.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_key_generate(
    alg: *const c_char,
    alg_length: usize,
    kid: *const c_char,
    kid_length: usize,
    seed: Option<&tokenmint_seed>,
    jwk: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(jwk, "jwk")?;
        // SAFETY: the caller keeps the header's contract.
        let (alg, kid) = unsafe { (text(alg, alg_length, "alg")?, optional(kid, kid_length, "kid")?) };
        let secret = Key::generate_jwk(kid, alg.parse()?, &mut Entropy::new(given_seed(seed)?))?;
        out.write(secret.expose().into());
        Ok(())
    })
}

/// A set of one HMAC key, over secret bytes that should be random: at least 32 for HS256, 48 for HS384, 64 for HS512
/// (RFC 7518 section 3.2).
///
/// `kid`: its id in tokens, or NULL for none. `alg`: NULL for HS256.
///
/// Fails with `key_weak` for a shorter secret, `key_usage` for another kind of algorithm, and for a secret that is the file
/// of a key: PEM, DER, a JWK.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_hmac(
    kid: *const c_char,
    kid_length: usize,
    alg: *const c_char,
    alg_length: usize,
    secret: *const c_void,
    secret_length: usize,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (kid, alg, secret) = unsafe {
            (
                optional(kid, kid_length, "kid")?,
                algorithm(alg, alg_length)?,
                bytes(secret, secret_length, "secret")?,
            )
        };
        let key = Key::hmac(kid, alg.unwrap_or(Algorithm::HS256), Secret::from(secret))?;
        out.write(tokenmint_keys::of(key)?);
        Ok(())
    })
}

/// A set of one key from a JWK (RFC 7517), public, private or symmetric. Here a key that cannot be used is an error.
///
/// `alg`: what a JWK that names none is for; NULL where it names one, or its curve does.
///
/// Fails with `key_malformed`, `key_weak`, `key_usage`, `key_unsupported`, each naming the member.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_jwk(
    jwk: *const c_char,
    jwk_length: usize,
    alg: *const c_char,
    alg_length: usize,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (jwk, alg) = unsafe { (text(jwk, jwk_length, "jwk")?, algorithm(alg, alg_length)?) };
        let key = match alg {
            Some(alg) => Key::from_jwk_as(alg, jwk)?,
            None => Key::from_jwk(jwk)?,
        };
        out.write(tokenmint_keys::of(key)?);
        Ok(())
    })
}

/// A set of one key from a PEM block: `PRIVATE KEY`, `PUBLIC KEY`, `RSA PRIVATE KEY`, `RSA PUBLIC KEY`,
/// `EC PRIVATE KEY` or `CERTIFICATE`; not encrypted.
///
/// `kid`: its id in tokens, or NULL for none. `alg`: needed for RSA, for which several are possible; NULL elsewhere.
///
/// Fails with `key_malformed`, `key_weak`, `key_usage`, `key_unsupported`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_pem(
    kid: *const c_char,
    kid_length: usize,
    alg: *const c_char,
    alg_length: usize,
    pem: *const c_char,
    pem_length: usize,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (kid, alg, pem) = unsafe {
            (optional(kid, kid_length, "kid")?, algorithm(alg, alg_length)?, text(pem, pem_length, "pem")?)
        };
        out.write(tokenmint_keys::of(Key::from_pem(kid, alg, pem)?)?);
        Ok(())
    })
}

/// A set of one key whose private part stays with the caller: a key management service, a security module. Only tasks
/// sign with it, by the commands that `tokenmint_task_step` gives out.
///
/// `name`: how the caller knows the key. `kid`: its id in tokens, or NULL where that is the name. `public_keys`: a set
/// of one key, its public half, with which tokens are verified here; or NULL, and then only tasks verify.
///
/// Fails with `key_malformed` for an empty name; `key_usage` where the public half is for another algorithm, can sign, or
/// is not one key.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_held(
    name: *const c_char,
    name_length: usize,
    kid: *const c_char,
    kid_length: usize,
    alg: *const c_char,
    alg_length: usize,
    public_keys: *const tokenmint_keys,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (name, kid, alg) = unsafe {
            (
                text(name, name_length, "name")?,
                optional(kid, kid_length, "kid")?,
                text(alg, alg_length, "alg")?,
            )
        };
        let public = if public_keys.is_null() {
            None
        } else {
            // SAFETY: the caller keeps the header's contract.
            Some(only(unsafe { &borrow(public_keys, "public_keys")?.0 })?)
        };
        let key = Key::held_by_host(name, alg.parse()?, public)?;
        let key = if kid.is_some() { key.with_kid(kid) } else { key };
        out.write(tokenmint_keys::of(key)?);
        Ok(())
    })
}

/// The one key of a set.
fn only(keys: &KeySet) -> Result<Key> {
    let mut all = keys.keys();
    match (all.next(), all.next()) {
        (Some(key), None) => Ok(key.clone()),
        _ => {
            let found = keys.keys().len();
            Err(Error::new(ErrorCode::KeyUsage)
                .at("public_keys")
                .because(format!("expected one key, found {found}")))
        }
    }
}

/// The keys of a JWK Set (RFC 7517 section 5). A key that cannot be used is left out and does not spoil the others, so
/// the set may be empty.
///
/// `algorithms`: for keys that name no `alg`: names with blanks between, of which the first that fits the kind of a key
/// is taken; or NULL. `skipped`: where it is not NULL, what was left out and why, a JSON array of
/// `{"kid","error","field","message"}`.
///
/// Fails with `key_malformed` where the text is no JWK Set, `key_unsupported` for unknown names of algorithms.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_jwks(
    jwks: *const c_char,
    jwks_length: usize,
    algorithms: *const c_char,
    algorithms_length: usize,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    skipped: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (jwks, algorithms) = unsafe {
            (
                text(jwks, jwks_length, "jwks")?,
                optional(algorithms, algorithms_length, "algorithms")?.unwrap_or_default(),
            )
        };
        let algorithms: Result<Vec<Algorithm>> =
            algorithms.split_ascii_whitespace().map(str::parse).collect();
        let set = KeySet::from_jwks_as(&algorithms?, jwks)?;
        if let Some(skipped) = skipped {
            let list: Vec<Skipped<'_>> = set.skipped().iter().map(Skipped::from).collect();
            skipped.write(crate::task::json(&list)?.into());
        }
        out.write(tokenmint_keys(set).into_handle());
        Ok(())
    })
}

/// A key of a JWK Set that was left out.
#[derive(Serialize)]
struct Skipped<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    message: &'a str,
}

impl<'a> From<&'a (Option<String>, Error)> for Skipped<'a> {
    fn from((kid, reason): &'a (Option<String>, Error)) -> Self {
        Skipped {
            kid: kid.as_deref(),
            error: reason.code().name(),
            field: reason.field(),
            message: reason.message(),
        }
    }
}

/// A set with the keys of both, those of `first` in front: the first key that can sign is the one that signs. Both sets
/// stay as they are, and are still to be freed.
///
/// Fails with `key_duplicate` where both have a key of one id and one algorithm, `key_missing` where neither has a key.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_join(
    first: *const tokenmint_keys,
    second: *const tokenmint_keys,
    keys: Option<&mut MaybeUninit<*mut tokenmint_keys>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(keys, "keys")?;
        // SAFETY: the caller keeps the header's contract.
        let (first, second) = unsafe { (&borrow(first, "first")?.0, &borrow(second, "second")?.0) };
        let set = KeySet::builder().set(first)?.set(second)?.build()?;
        out.write(tokenmint_keys(set).into_handle());
        Ok(())
    })
}

/// The public halves as a JWK Set, for `/.well-known/jwks.json`. HMAC keys are left out.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_keys_public_jwks(
    keys: *const tokenmint_keys,
    jwks: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(jwks, "jwks")?;
        // SAFETY: the caller keeps the header's contract.
        let keys = unsafe { &borrow(keys, "keys")?.0 };
        out.write(keys.public_jwks().into());
        Ok(())
    })
}

/// Frees a set. Issuers and verifiers that were made from it keep its keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_keys_free(keys: *mut tokenmint_keys) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(keys) });
}
