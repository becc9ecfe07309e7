//! Keys and secrets from files, the environment and standard input; never from arguments.

use std::io::Read;
use std::path::Path;

use tokenmint::{Algorithm, Entropy, Key, Secret};

use crate::args::KeyArgs;
use crate::failure::{Failure, Result};

/// No key, secret, token or configuration is larger, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The key that the arguments name.
pub(crate) fn read(args: &KeyArgs) -> Result<Key> {
    let kid = args.kid.as_deref();
    let key = match (&args.key, &args.jwk_file, &args.secret_file, &args.secret_env) {
        (Some(path), ..) => Key::from_pem(kid, args.alg, &text(path)?)?,
        (_, Some(path), ..) => {
            let jwk = text(path)?;
            let key = match args.alg {
                Some(alg) => Key::from_jwk_as(alg, &jwk)?,
                None => Key::from_jwk(&jwk)?,
            };
            if kid.is_some() { key.with_kid(kid) } else { key }
        }
        (.., Some(path), _) => hmac(args, file(path)?)?,
        (.., Some(name)) => hmac(args, env_secret(name)?)?,
        _ => return Err(Failure::usage("no key is given")),
    };
    Ok(key)
}

fn hmac(args: &KeyArgs, secret: Secret) -> Result<Key> {
    Ok(Key::hmac(args.kid.as_deref(), args.alg.unwrap_or(Algorithm::HS256), secret)?)
}

/// A file's contents, or those of standard input for `-`. Where it is text, one line break at its end is not part of
/// it: editors and `echo` put it there. Bytes that are no text are taken as they are.
pub(crate) fn file(path: &Path) -> Result<Secret> {
    let fail = |error: &dyn std::fmt::Display| Failure::runtime(path.display(), error);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| fail(&error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(fail(&format!("more than {MAX_FILE} bytes")));
    }
    if std::str::from_utf8(&bytes).is_ok() && bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(Secret::from(bytes))
}

/// Whether it is a pipe, standard input or another thing that gives its contents once.
pub(crate) fn is_read_once(path: &Path) -> bool {
    path == Path::new("-") || path.metadata().is_ok_and(|found| !found.is_file())
}

/// A file's contents as text.
pub(crate) fn text(path: &Path) -> Result<String> {
    String::from_utf8(file(path)?.expose().to_vec())
        .map_err(|_| Failure::config(format!("{}: not UTF-8 text", path.display())))
}

/// An environment variable's value.
pub(crate) fn env(name: &str) -> Result<Secret> {
    match std::env::var(name) {
        Ok(value) => Ok(Secret::from(value)),
        Err(std::env::VarError::NotPresent) => {
            Err(Failure::config(format!("the environment variable {name} is not set")))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::config(format!("the environment variable {name} is not UTF-8 text")))
        }
    }
}

/// The secret in an environment variable.
fn env_secret(name: &str) -> Result<Secret> {
    let secret = env(name)?;
    if ends_with_line_break(&secret) {
        return Err(Failure::config(format!(
            "the environment variable {name} ends with a line break, which would be a part of the secret; take it off"
        )));
    }
    Ok(secret)
}

/// Whether there is what `echo` puts at an end: nobody sees it, and with it the secret is another.
pub(crate) fn ends_with_line_break(secret: &Secret) -> bool {
    secret.expose().ends_with(b"\n")
}

/// 32 bytes from the system's random generator.
pub(crate) fn seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::runtime("the system's randomness", error))?;
    Ok(seed)
}

/// A new key.
pub(crate) fn generate(kid: &str, alg: Algorithm) -> Result<Key> {
    let (text, _) = generate_text(alg)?;
    let text = std::str::from_utf8(text.expose()).map_err(|error| Failure::runtime("a new key", error))?;
    let key = if is_rsa(alg) { Key::from_pem(None, Some(alg), text)? } else { Key::from_jwk(text)? };
    Ok(key.with_kid(Some(kid)))
}

/// A new key as text, and its thumbprint. The core generates all but RSA, whose primes take a search; that is
/// AWS-LC's, and gives PEM.
pub(crate) fn generate_text(alg: Algorithm) -> Result<(Secret, Option<String>)> {
    if !is_rsa(alg) {
        let jwk = Key::generate_jwk(None, alg, &mut Entropy::new(seed()?))?;
        let text = std::str::from_utf8(jwk.expose()).map_err(|error| Failure::runtime("a new key", error))?;
        let thumbprint = Key::from_jwk(text)?.thumbprint();
        return Ok((jwk, thumbprint));
    }
    let pem = generate_rsa()?;
    let thumbprint = Key::from_pem(None, Some(alg), &pem)?.thumbprint();
    Ok((Secret::from(pem), thumbprint))
}

fn is_rsa(alg: Algorithm) -> bool {
    alg.name().starts_with("RS") || alg.name().starts_with("PS")
}

fn generate_rsa() -> Result<String> {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    let fail = |_| Failure::runtime("a new RSA key", "the generator failed");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(fail)?;
    let der = pair.as_der().map_err(fail)?;
    let base64 = base64_simd::STANDARD.encode_to_string(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    Ok(pem)
}
