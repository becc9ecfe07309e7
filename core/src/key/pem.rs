//! Key files in PEM (RFC 7468): PKCS#8 and SubjectPublicKeyInfo, and the older PKCS#1 and SEC 1 forms.

use zeroize::Zeroizing;

use super::asymmetric::{Curve, Material, RsaPrivate};
use super::der::{self, Reader};
use super::{malformed, quoted};
use crate::error::{Error, ErrorCode, Result};

/// Reads one PEM block.
///
/// # Errors
/// `key_malformed`, and `key_unsupported` for encrypted files, certificates and other kinds of keys.
pub(super) fn parse(pem: &str) -> Result<Material> {
    let pem = without_ec_parameters(pem.trim_ascii());
    let mut decoder = pem_rfc7468::Decoder::new_detect_wrap(pem.as_bytes())
        .map_err(|fault| malformed("pem", format!("not one block of PEM: {fault}")))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(decoder.remaining_len()));
    decoder
        .decode_to_end(&mut bytes)
        .map_err(|fault| malformed("pem", format!("not one block of PEM: {fault}")))?;
    let label = decoder.type_label();
    let mut reader = Reader::new(&bytes);
    let material = match label {
        "PRIVATE KEY" => pkcs8(&mut reader)?,
        "PUBLIC KEY" => public_key_info(&mut reader)?,
        "RSA PRIVATE KEY" => rsa_private(&mut reader),
        "RSA PUBLIC KEY" => rsa_public(&mut reader),
        "EC PRIVATE KEY" => ec_private(&mut reader, None)?,
        "ENCRYPTED PRIVATE KEY" => {
            return Err(unsupported(
                "the private key is encrypted; decrypt it first (openssl pkey -in FILE)",
            ));
        }
        "CERTIFICATE" => {
            return Err(unsupported(
                "this is a certificate; take its public key (openssl x509 -in FILE -noout -pubkey)",
            ));
        }
        other => {
            return Err(unsupported(format!(
                "{} is not a kind of PEM that is read: PRIVATE KEY and PUBLIC KEY are",
                quoted(other)
            )));
        }
    };
    material
        .filter(|_| reader.end().is_some())
        .ok_or_else(|| malformed("pem", format!("the content of {label} is not valid DER of that kind")))
}

/// `openssl ecparam -genkey` writes the curve in a block of its own before the key, which names it again.
fn without_ec_parameters(pem: &str) -> &str {
    const END: &str = "-----END EC PARAMETERS-----";
    match pem.strip_prefix("-----BEGIN EC PARAMETERS-----").and_then(|rest| rest.split_once(END)) {
        Some((_, key)) => key.trim_ascii_start(),
        None => pem,
    }
}

/// A PrivateKeyInfo (RFC 5208 section 5) or OneAsymmetricKey (RFC 5958 section 2).
fn pkcs8(reader: &mut Reader<'_>) -> Result<Option<Material>> {
    let Some((kind, private, public)) = pkcs8_fields(reader) else { return Ok(None) };
    Ok(match kind.known()? {
        Known::Rsa => whole(private, rsa_private),
        Known::Ec(curve) => {
            let mut inner = Reader::new(private);
            let material = ec_private(&mut inner, Some(curve))?;
            material.filter(|_| inner.end().is_some())
        }
        // RFC 8410 section 7: the seed is an OCTET STRING inside the OCTET STRING.
        Known::Ed25519 => whole(private, |inner| {
            let seed = Zeroizing::new(inner.expect(der::OCTET_STRING)?.to_vec());
            Some(Material::Ed25519 { point: public.map(<[u8]>::to_vec), seed: Some(seed) })
        }),
    })
}

type Pkcs8Fields<'a> = (Identifier<'a>, &'a [u8], Option<&'a [u8]>);

fn pkcs8_fields<'a>(reader: &mut Reader<'a>) -> Option<Pkcs8Fields<'a>> {
    let mut info = reader.sequence()?;
    let version = info.unsigned()?;
    let kind = Identifier::read(&mut info)?;
    let private = info.expect(der::OCTET_STRING)?;
    let _attributes = info.optional(der::CONTEXT_0)?;
    let public = match info.optional(der::CONTEXT_1_PRIMITIVE)? {
        // RFC 5958 section 2: the public key is there only in version 2, which is written as 1.
        Some(content) if version == [1] => Some(der::whole_bytes(content)?),
        Some(_) => return None,
        None => None,
    };
    info.end()?;
    (version == [0] || version == [1]).then_some((kind, private, public))
}

/// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
fn public_key_info(reader: &mut Reader<'_>) -> Result<Option<Material>> {
    let fields = reader.sequence().and_then(|mut info| {
        let kind = Identifier::read(&mut info)?;
        let public = info.bit_string()?;
        info.end()?;
        Some((kind, public))
    });
    let Some((kind, public)) = fields else { return Ok(None) };
    Ok(match kind.known()? {
        Known::Rsa => whole(public, rsa_public),
        Known::Ec(curve) => Some(Material::Ec { curve, point: Some(public.to_vec()), scalar: None }),
        Known::Ed25519 => Some(Material::Ed25519 { point: Some(public.to_vec()), seed: None }),
    })
}

/// An RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_public(reader: &mut Reader<'_>) -> Option<Material> {
    let mut key = reader.sequence()?;
    let (n, e) = (key.unsigned()?.to_vec(), key.unsigned()?.to_vec());
    key.end()?;
    Some(Material::Rsa { n, e, private: None })
}

/// An RSAPrivateKey (RFC 8017 appendix A.1.2) of two primes, which is version 0.
fn rsa_private(reader: &mut Reader<'_>) -> Option<Material> {
    let mut key = reader.sequence()?;
    if key.unsigned()? != [0] {
        return None;
    }
    let (n, e) = (key.unsigned()?.to_vec(), key.unsigned()?.to_vec());
    let mut next = || key.unsigned().map(|number| Zeroizing::new(number.to_vec()));
    let private = RsaPrivate { d: next()?, p: next()?, q: next()?, dp: next()?, dq: next()?, qi: next()? };
    key.end()?;
    Some(Material::Rsa { n, e, private: Some(private) })
}

/// An ECPrivateKey (RFC 5915 section 3); the curve is named inside, around, or in both places alike.
fn ec_private(reader: &mut Reader<'_>, outer: Option<Curve>) -> Result<Option<Material>> {
    let Some((scalar, inner, point)) = ec_private_fields(reader) else { return Ok(None) };
    let curve = match (outer, inner) {
        (outer, Some(identifier)) => {
            let inner = curve(identifier)?;
            if outer.is_some_and(|outer| outer != inner) {
                return Err(malformed("pem", "the file names two different curves"));
            }
            inner
        }
        (Some(outer), None) => outer,
        (None, None) => return Err(malformed("pem", "the file names no curve")),
    };
    Ok(Some(Material::Ec {
        curve,
        point: point.map(<[u8]>::to_vec),
        scalar: Some(Zeroizing::new(scalar.to_vec())),
    }))
}

type EcFields<'a> = (&'a [u8], Option<&'a [u8]>, Option<&'a [u8]>);

fn ec_private_fields<'a>(reader: &mut Reader<'a>) -> Option<EcFields<'a>> {
    let mut key = reader.sequence()?;
    if key.unsigned()? != [1] {
        return None;
    }
    let scalar = key.expect(der::OCTET_STRING)?;
    let curve = match key.optional(der::CONTEXT_0)? {
        Some(content) => Some(whole(content, |inner| inner.expect(der::OBJECT_IDENTIFIER))?),
        None => None,
    };
    let point = match key.optional(der::CONTEXT_1)? {
        Some(content) => Some(whole(content, Reader::bit_string)?),
        None => None,
    };
    key.end()?;
    Some((scalar, curve, point))
}

/// An AlgorithmIdentifier (RFC 5280 section 4.1.1.2).
struct Identifier<'a> {
    algorithm: &'a [u8],
    parameters: Reader<'a>,
}

enum Known {
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl<'a> Identifier<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let mut parameters = reader.sequence()?;
        Some(Identifier { algorithm: parameters.expect(der::OBJECT_IDENTIFIER)?, parameters })
    }

    fn known(mut self) -> Result<Known> {
        let parameters = &mut self.parameters;
        let known = match self.algorithm {
            // RFC 3279 section 2.3.1: the parameters are NULL.
            der::RSA => parameters.expect(der::NULL).filter(|content| content.is_empty()).map(|_| Known::Rsa),
            der::EC => match parameters.expect(der::OBJECT_IDENTIFIER) {
                Some(identifier) => Some(Known::Ec(curve(identifier)?)),
                None => return Err(unsupported("the EC key does not name its curve but spells it out")),
            },
            // RFC 8410 section 3: the parameters are absent.
            der::ED25519 => Some(Known::Ed25519),
            der::RSA_PSS => {
                return Err(unsupported(
                    "the key is bound to RSASSA-PSS by its type; a plain RSA key with a PS algorithm is supported",
                ));
            }
            _ => return Err(unsupported("the key is neither RSA, nor EC, nor Ed25519")),
        };
        known.filter(|_| parameters.end().is_some()).ok_or_else(|| {
            malformed("pem", "the parameters of the key's algorithm are not those of its standard")
        })
    }
}

fn curve(identifier: &[u8]) -> Result<Curve> {
    Curve::ALL
        .into_iter()
        .find(|curve| der::curve_identifier(*curve) == identifier)
        .ok_or_else(|| unsupported("the EC key is on another curve than P-256, P-384 and P-521"))
}

/// Reads `content`, to its end.
fn whole<'a, T>(content: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let mut reader = Reader::new(content);
    read(&mut reader).filter(|_| reader.end().is_some())
}

fn unsupported(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::KeyUnsupported).at("pem").because(text)
}
