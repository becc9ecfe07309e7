//! JSON Web Keys: read, written and generated (RFC 7517, RFC 7518 section 6, RFC 8037).

use zeroize::Zeroizing;

use super::algorithm::Family;
use super::asymmetric::Asymmetric;
use super::curve::Curve;
use super::hmac::{self, HmacKey};
use super::material::{Material, Public, RsaPrimes, RsaPrivate};
use super::thumbprint::{Writer, kty, members};
use super::{Algorithm, Key, Prepared, Uses, asymmetric, malformed, quoted};
#[cfg(feature = "key-files")]
use crate::encoding::base64url;
use crate::encoding::{from_base64url, push_base64url};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object};
use crate::secret::Secret;

/// Reads a JWK. Where it names no `alg`, the first of `candidates` that fits its kind of key is taken.
pub(super) fn parse(text: &str, candidates: &[Algorithm]) -> Result<Key> {
    let object = Object::parse(text)
        .map_err(|fault| Error::new(ErrorCode::KeyMalformed).because(format!("the JWK is {fault}")))?;
    let jwk = Jwk { object };
    let kid = jwk.text("kid")?;
    let kty = jwk.required_text("kty")?;
    let family = jwk.family(&kty)?;
    let alg = match jwk.text("alg")? {
        Some(name) => name.parse::<Algorithm>()?,
        None => match candidates.iter().find(|candidate| candidate.family() == family) {
            Some(candidate) => *candidate,
            None => family.only_algorithm()?,
        },
    };
    if alg.family() != family {
        return Err(super::wrong_family(alg, family));
    }
    let private = family == Family::Hmac || jwk.object.get("d").is_some();
    let may = jwk.uses(private, family == Family::Hmac)?;
    let prepared = match family {
        Family::Hmac => {
            let secret = Secret::from(jwk.required_bytes("k")?);
            hmac::judge(alg, secret.expose(), false)?;
            Prepared::Hmac(HmacKey::new(alg, secret.expose())?)
        }
        _ => {
            // Said before the numbers are looked at, so that a build without a back end gives one answer.
            asymmetric::supported(alg)?;
            Prepared::Asymmetric(Asymmetric::prepare(alg, jwk.material(family)?)?)
        }
    };
    Ok(Key::new(kid.as_deref(), alg, prepared, may))
}

/// The `kid` of a JWK that may be faulty otherwise.
pub(super) fn kid(text: &str) -> Option<String> {
    json::string(Object::parse(text).ok()?.get("kid")?).map(std::borrow::Cow::into_owned)
}

struct Jwk<'a> {
    object: Object<'a>,
}

impl<'a> Jwk<'a> {
    fn text(&self, name: &'static str) -> Result<Option<std::borrow::Cow<'a, str>>> {
        match self.object.get(name) {
            None => Ok(None),
            Some(value) => {
                json::string(value).map(Some).ok_or_else(|| malformed(name, "the member is not a string"))
            }
        }
    }

    fn required_text(&self, name: &'static str) -> Result<std::borrow::Cow<'a, str>> {
        self.text(name)?.ok_or_else(|| malformed(name, "the JWK lacks this member"))
    }

    fn required_bytes(&self, name: &'static str) -> Result<Vec<u8>> {
        from_base64url(&self.required_text(name)?)
            .ok_or_else(|| malformed(name, "the member is not strict base64url without padding"))
    }

    fn private_bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>> {
        self.required_bytes(name).map(Zeroizing::new)
    }

    fn family(&self, kty: &str) -> Result<Family> {
        match kty {
            "oct" => Ok(Family::Hmac),
            "RSA" => Ok(Family::Rsa),
            "EC" => {
                let name = self.required_text("crv")?;
                Curve::ALL.into_iter().find(|curve| curve.name() == name).map(Family::Ec).ok_or_else(|| {
                    unsupported("crv", format!("{} is not one of P-256, P-384, P-521", quoted(&name)))
                })
            }
            "OKP" => match self.required_text("crv")?.as_ref() {
                "Ed25519" => Ok(Family::Ed25519),
                name => Err(unsupported("crv", format!("{} does not sign here; Ed25519 does", quoted(name)))),
            },
            name => Err(unsupported("kty", format!("{} is not one of oct, RSA, EC, OKP", quoted(name)))),
        }
    }

    /// What `use` and `key_ops` permit (RFC 7517 sections 4.2 and 4.3).
    fn uses(&self, private: bool, symmetric: bool) -> Result<Uses> {
        if let Some(purpose) = self.text("use")?
            // SPIFFE's bundles say of keys that sign JWT-SVIDs that they are for these (SPIFFE Trust Domain and Bundle 4.2.2).
            && !["sig", "jwt-svid"].contains(&&*purpose)
        {
            return Err(Error::new(ErrorCode::KeyUsage)
                .at("use")
                .because(format!("the key is for {}; \"sig\" is needed", quoted(&purpose))));
        }
        let Some(operations) = self.object.get("key_ops") else { return Ok(Uses::ALL) };
        let operations: Vec<String> = json::from_written(operations)
            .map_err(|_| malformed("key_ops", "the member is not an array of strings"))?;
        let has = |name: &str| operations.iter().any(|operation| operation == name);
        // RFC 7517 section 4.3: duplicate key operation values MUST NOT be present.
        if operations
            .iter()
            .enumerate()
            .any(|(at, name)| operations.iter().skip(at + 1).any(|other| other == name))
        {
            return Err(malformed("key_ops", "an operation stands twice"));
        }
        let sign = private && has("sign");
        // The public half of a pair that may sign is for nothing but to verify.
        let verify = has("verify") || (sign && !symmetric);
        if !sign && !verify {
            return Err(Error::new(ErrorCode::KeyUsage).at("key_ops").because(if private {
                "the key's operations include neither \"sign\" nor \"verify\""
            } else {
                "the key's operations do not include \"verify\", which is all that a public key can do"
            }));
        }
        Ok(Uses { sign, verify })
    }

    fn material(&self, family: Family) -> Result<Material> {
        let private = self.object.get("d").is_some();
        match family {
            Family::Hmac => Err(Error::new(ErrorCode::Internal)),
            Family::Rsa => self.rsa(private),
            Family::Ec(curve) => {
                // RFC 7518 section 6.2.1.2: the coordinates are full-length, so a short one does not slip by in
                // the sum of both.
                let (x, y) = (self.required_bytes("x")?, self.required_bytes("y")?);
                for (name, coordinate) in [("x", &x), ("y", &y)] {
                    if coordinate.len() != curve.field_len() {
                        return Err(malformed(
                            name,
                            format!(
                                "a coordinate on {} has exactly {} bytes, leading zeros included; found {}",
                                curve.name(),
                                curve.field_len(),
                                coordinate.len()
                            ),
                        ));
                    }
                }
                let point = Some([&[4], x.as_slice(), &y].concat());
                let scalar = private.then(|| self.private_bytes("d")).transpose()?;
                Ok(Material::Ec { curve, point, scalar })
            }
            Family::Ed25519 => {
                let point = Some(self.required_bytes("x")?);
                let seed = private.then(|| self.private_bytes("d")).transpose()?;
                Ok(Material::Ed25519 { point, seed })
            }
        }
    }

    fn rsa(&self, private: bool) -> Result<Material> {
        // RFC 7518 section 6.3.2.7: a key of more than two primes.
        if self.object.get("oth").is_some() {
            return Err(unsupported("oth", "RSA keys of more than two primes are not supported"));
        }
        let others = ["p", "q", "dp", "dq", "qi"];
        let has_others = others.into_iter().any(|name| self.object.get(name).is_some());
        if !private && has_others {
            return Err(malformed("d", "the JWK has private members but lacks this one"));
        }
        let private = if private {
            // RFC 7518 section 6.3.2: all but d may be left out, or none of them.
            let primes = if has_others {
                Some(RsaPrimes {
                    p: self.private_bytes("p")?,
                    q: self.private_bytes("q")?,
                    dp: self.private_bytes("dp")?,
                    dq: self.private_bytes("dq")?,
                    qi: self.private_bytes("qi")?,
                })
            } else {
                None
            };
            Some(RsaPrivate { d: self.private_bytes("d")?, primes })
        } else {
            None
        };
        Ok(Material::Rsa { n: self.required_bytes("n")?, e: self.required_bytes("e")?, private })
    }
}

fn unsupported(field: &'static str, text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::KeyUnsupported).at(field).because(text)
}

/// The public half as a JWK.
pub(super) fn public(public: &Public, alg: Algorithm, kid: Option<&str>) -> String {
    head(kty(public), alg, kid, &members(public))
}

/// What a key file holds, as a JWK: private where the file is, and without the public half where the file tells none.
#[cfg(feature = "key-files")]
pub(super) fn unjudged(material: &Material, alg: Algorithm, kid: Option<&str>) -> Secret {
    // A point of another form or length is judged where the JWK is read.
    let (known, private) = match material {
        Material::Rsa { n, e, private } => {
            let mut numbers: Vec<_> = private.iter().map(|private| ("d", &private.d)).collect();
            if let Some(RsaPrimes { p, q, dp, dq, qi }) =
                private.as_ref().and_then(|private| private.primes.as_ref())
            {
                numbers.extend([("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)]);
            }
            (vec![("n", base64url(n)), ("e", base64url(e))], numbers)
        }
        Material::Ec { curve, point, scalar } => {
            let mut known = vec![("crv", curve.name().to_owned())];
            if let Some(coordinates) = point.as_ref().and_then(|point| point.get(1..)) {
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                known.extend([("x", base64url(x)), ("y", base64url(y))]);
            }
            (known, scalar.iter().map(|scalar| ("d", scalar)).collect())
        }
        Material::Ed25519 { point, seed } => {
            let mut known = vec![("crv", "Ed25519".to_owned())];
            known.extend(point.iter().map(|point| ("x", base64url(point))));
            (known, seed.iter().map(|seed| ("d", seed)).collect())
        }
    };
    let kty = match material {
        Material::Rsa { .. } => "RSA",
        Material::Ec { .. } => "EC",
        Material::Ed25519 { .. } => "OKP",
    };
    let head = head(kty, alg, kid, &known);
    with_private(&head, &private)
}

/// The members of a JWK that are no secrets.
fn head(kty: &str, alg: Algorithm, kid: Option<&str>, members: &[(&str, String)]) -> String {
    let mut json = Writer::default();
    json.member("kty", kty);
    json.member("use", "sig");
    json.member("alg", alg.name());
    if let Some(kid) = kid {
        json.member("kid", kid);
    }
    for (name, value) in members {
        json.member(name, value);
    }
    json.finish()
}

/// A JWK with private members behind the others.
fn with_private(head: &str, private: &[(&str, &Zeroizing<Vec<u8>>)]) -> Secret {
    // One allocation, which the secret wipes: none is left behind by growing.
    let room: usize = private.iter().map(|(_, value)| value.len() * 2 + 16).sum();
    let mut jwk = String::with_capacity(head.len() + room);
    jwk.push_str(head.strip_suffix('}').unwrap_or_default());
    for (name, value) in private {
        jwk.push_str(",\"");
        jwk.push_str(name);
        jwk.push_str("\":\"");
        push_base64url(&mut jwk, value);
        jwk.push('"');
    }
    jwk.push('}');
    Secret::from(jwk)
}

/// A new key as a private JWK.
pub(super) fn generate(kid: Option<&str>, alg: Algorithm, entropy: &mut Entropy) -> Result<Secret> {
    asymmetric::supported(alg)?;
    if !alg.is_hmac() && !asymmetric::COMPUTES {
        return Err(unsupported("alg", "in this build, the host makes such keys"));
    }
    let (head, name, private) = match alg.family() {
        Family::Rsa => {
            return Err(unsupported(
                "alg",
                "RSA keys are not generated here: make one outside, for example by \
                 `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`, and load the PEM",
            ));
        }
        Family::Hmac => {
            let mut secret = Zeroizing::new(vec![0; alg.hash_len()]);
            entropy.fill(&mut secret);
            (head("oct", alg, kid, &[]), "k", secret)
        }
        Family::Ed25519 => {
            let mut seed = Zeroizing::new(vec![0; 32]);
            entropy.fill(&mut seed);
            let pair = Asymmetric::prepare(alg, Material::Ed25519 { point: None, seed: Some(seed.clone()) })?;
            (public(&pair.public, alg, kid), "d", seed)
        }
        Family::Ec(curve) => {
            let (pair, scalar) = generate_ec(alg, curve, entropy)?;
            (public(&pair.public, alg, kid), "d", scalar)
        }
    };
    Ok(with_private(&head, &[(name, &private)]))
}

/// A scalar by rejection (FIPS 186-5 section A.2.2): drawn with the bits of the order until it is in its range.
fn generate_ec(
    alg: Algorithm,
    curve: Curve,
    entropy: &mut Entropy,
) -> Result<(Asymmetric, Zeroizing<Vec<u8>>)> {
    // A draw fails with a probability below 2^-31 on these curves.
    for _ in 0..16 {
        let mut scalar = Zeroizing::new(vec![0; curve.field_len()]);
        entropy.fill(&mut scalar);
        if let (Curve::P521, Some(first)) = (curve, scalar.first_mut()) {
            *first &= 1;
        }
        let material = Material::Ec { curve, point: None, scalar: Some(scalar.clone()) };
        if let Ok(pair) = Asymmetric::prepare(alg, material) {
            return Ok((pair, scalar));
        }
    }
    Err(Error::new(ErrorCode::Internal).because("no private number was found"))
}
