//! The structures of key files in DER: PKCS#8, SubjectPublicKeyInfo, the older PKCS#1 and SEC 1, and certificates.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::curve::Curve;
use super::der::{self, Reader};
use super::material::{Material, RsaPrimes, RsaPrivate};
use super::{Algorithm, certificate, pss};
use crate::error::{Error, ErrorCode, Result};

/// What a key file holds: the numbers, and the algorithms that its type leaves; `None` for all of its family.
pub(super) struct KeyFile {
    pub(super) material: Material,
    bound: Option<&'static [Algorithm]>,
}

impl KeyFile {
    /// The algorithm to use the key with: `wanted`, or the only one that there is.
    ///
    /// # Errors
    /// `key_malformed` where several are possible and none is wanted, `key_usage` where the key's type forbids it.
    pub(super) fn algorithm(&self, wanted: Option<Algorithm>) -> Result<Algorithm> {
        match (wanted, self.bound) {
            (Some(wanted), Some(bound)) if !bound.contains(&wanted) => {
                Err(Error::new(ErrorCode::KeyUsage).at("alg").because(format!(
                    "the key is bound to RSASSA-PSS by its type and fits {}, not {wanted}",
                    names(bound)
                )))
            }
            (Some(wanted), _) => Ok(wanted),
            (None, Some([only])) => Ok(*only),
            (None, Some(bound)) => Err(Error::new(ErrorCode::KeyMalformed)
                .at("alg")
                .because(format!("the key fits several algorithms ({}): say which it is for", names(bound)))),
            (None, None) => self.material.family().only_algorithm(),
        }
    }
}

/// The structures that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Pkcs8,
    PublicKeyInfo,
    RsaPrivate,
    RsaPublic,
    EcPrivate,
    Certificate,
    /// Read only as far as to say that it is not.
    Encrypted,
}

impl Form {
    pub(super) const ALL: [Form; 7] = [
        Form::Pkcs8,
        Form::PublicKeyInfo,
        Form::RsaPrivate,
        Form::RsaPublic,
        Form::EcPrivate,
        Form::Certificate,
        Form::Encrypted,
    ];

    /// The label in PEM.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Form::Pkcs8 => "PRIVATE KEY",
            Form::PublicKeyInfo => "PUBLIC KEY",
            Form::RsaPrivate => "RSA PRIVATE KEY",
            Form::RsaPublic => "RSA PUBLIC KEY",
            Form::EcPrivate => "EC PRIVATE KEY",
            Form::Certificate => "CERTIFICATE",
            Form::Encrypted => "ENCRYPTED PRIVATE KEY",
        }
    }

    /// What bytes without a label are: the tags of the first two elements differ in each form.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut content = Reader::new(bytes).sequence()?;
        match (content.skip()?, content.skip()?) {
            (der::INTEGER, der::SEQUENCE) => Some(Form::Pkcs8),
            (der::INTEGER, der::OCTET_STRING) => Some(Form::EcPrivate),
            (der::INTEGER, der::INTEGER) if content.end().is_some() => Some(Form::RsaPublic),
            (der::INTEGER, der::INTEGER) => Some(Form::RsaPrivate),
            (der::SEQUENCE, der::BIT_STRING) => Some(Form::PublicKeyInfo),
            (der::SEQUENCE, der::SEQUENCE) => Some(Form::Certificate),
            (der::SEQUENCE, der::OCTET_STRING) => Some(Form::Encrypted),
            _ => None,
        }
    }
}

/// Whether bytes have the outline of a key file in DER; what is within is not read.
pub(super) fn is_der(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.sequence().is_some() && reader.end().is_some() && Form::of(bytes).is_some()
}

/// Reads DER without a label.
///
/// # Errors
/// As [`parse`], at `der`.
pub(super) fn parse_der(bytes: &[u8]) -> Result<KeyFile> {
    let form = Form::of(bytes).ok_or_else(|| {
        malformed(if bytes.starts_with(b"-----BEGIN ") {
            "this is PEM, which is text around DER; read it as PEM"
        } else {
            "not DER of a PKCS#8, PKCS#1, SEC 1 or SubjectPublicKeyInfo key, nor of a certificate"
        })
    });
    form.and_then(|form| parse(form, bytes)).map_err(|error| error.at("der"))
}

/// Reads DER of this form, to its end.
///
/// # Errors
/// `key_malformed`, `key_unsupported`, and `key_usage` for a certificate that forbids signatures.
pub(super) fn parse(form: Form, bytes: &[u8]) -> Result<KeyFile> {
    let mut reader = Reader::new(bytes);
    let file = match form {
        Form::Pkcs8 => pkcs8(&mut reader)?,
        Form::PublicKeyInfo => public_key_info(&mut reader)?,
        Form::RsaPrivate => rsa_private(&mut reader).map(KeyFile::from),
        Form::RsaPublic => rsa_public(&mut reader).map(KeyFile::from),
        Form::EcPrivate => ec_private(&mut reader, None)?.map(KeyFile::from),
        Form::Certificate => match certificate::public_key_info(&mut reader)? {
            Some(info) => public_key_info(&mut Reader::new(info))?,
            None => None,
        },
        Form::Encrypted => return Err(encrypted()),
    };
    file.filter(|_| reader.end().is_some())
        .ok_or_else(|| malformed(format!("the content of {} is not valid DER of that kind", form.label())))
}

/// The error for a file that needs a password.
pub(super) fn encrypted() -> Error {
    unsupported("the private key is encrypted; decrypt it first (openssl pkey -in FILE)")
}

impl From<Material> for KeyFile {
    fn from(material: Material) -> Self {
        KeyFile { material, bound: None }
    }
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}

/// A PrivateKeyInfo (RFC 5208 section 5) or OneAsymmetricKey (RFC 5958 section 2).
fn pkcs8(reader: &mut Reader<'_>) -> Result<Option<KeyFile>> {
    let Some((kind, private, public)) = pkcs8_fields(reader) else { return Ok(None) };
    let (known, bound) = kind.known()?;
    let material = match known {
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
    };
    Ok(material.map(|material| KeyFile { material, bound }))
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
fn public_key_info(reader: &mut Reader<'_>) -> Result<Option<KeyFile>> {
    let fields = reader.sequence().and_then(|mut info| {
        let kind = Identifier::read(&mut info)?;
        let public = info.bit_string()?;
        info.end()?;
        Some((kind, public))
    });
    let Some((kind, public)) = fields else { return Ok(None) };
    let (known, bound) = kind.known()?;
    let material = match known {
        Known::Rsa => whole(public, rsa_public),
        Known::Ec(curve) => Some(Material::Ec { curve, point: Some(public.to_vec()), scalar: None }),
        Known::Ed25519 => Some(Material::Ed25519 { point: Some(public.to_vec()), seed: None }),
    };
    Ok(material.map(|material| KeyFile { material, bound }))
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
    let d = next()?;
    let primes = RsaPrimes { p: next()?, q: next()?, dp: next()?, dq: next()?, qi: next()? };
    key.end()?;
    Some(Material::Rsa { n, e, private: Some(RsaPrivate { d, primes: Some(primes) }) })
}

/// An ECPrivateKey (RFC 5915 section 3); the curve is named inside, around, or in both places alike.
fn ec_private(reader: &mut Reader<'_>, outer: Option<Curve>) -> Result<Option<Material>> {
    let Some((scalar, inner, point)) = ec_private_fields(reader) else { return Ok(None) };
    let curve = match (outer, inner) {
        (outer, Some(identifier)) => {
            let inner = curve(identifier)?;
            if outer.is_some_and(|outer| outer != inner) {
                return Err(malformed("the file names two different curves"));
            }
            inner
        }
        (Some(outer), None) => outer,
        (None, None) => return Err(malformed("the file names no curve")),
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

    /// The kind of key, and the algorithms that it is bound to.
    fn known(mut self) -> Result<(Known, Option<&'static [Algorithm]>)> {
        let parameters = &mut self.parameters;
        let mut bound = None;
        let known = match self.algorithm {
            // RFC 3279 section 2.3.1: the parameters are NULL.
            der::RSA => parameters.expect(der::NULL).filter(|content| content.is_empty()).map(|_| Known::Rsa),
            der::EC => match parameters.expect(der::OBJECT_IDENTIFIER) {
                Some(identifier) => Some(Known::Ec(curve(identifier)?)),
                None => return Err(unsupported("the EC key does not name its curve but spells it out")),
            },
            // RFC 8410 section 3: the parameters are absent.
            der::ED25519 => Some(Known::Ed25519),
            der::RSA_PSS => match pss::algorithms(parameters)? {
                Some(algorithms) => {
                    bound = Some(algorithms);
                    Some(Known::Rsa)
                }
                None => None,
            },
            other => {
                let name = der::name(other).unwrap_or("of another kind");
                return Err(unsupported(format!("the key is {name}; RSA, EC and Ed25519 keys are read")));
            }
        };
        known
            .filter(|_| parameters.end().is_some())
            .map(|known| (known, bound))
            .ok_or_else(|| malformed("the parameters of the key's algorithm are not those of its standard"))
    }
}

fn curve(identifier: &[u8]) -> Result<Curve> {
    Curve::ALL.into_iter().find(|curve| der::curve_identifier(*curve) == identifier).ok_or_else(|| {
        let name = der::name(identifier).unwrap_or("another curve");
        unsupported(format!("the EC key is on {name}; the curves P-256, P-384 and P-521 are supported"))
    })
}

/// Reads `content`, to its end.
fn whole<'a, T>(content: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let mut reader = Reader::new(content);
    read(&mut reader).filter(|_| reader.end().is_some())
}

fn malformed(text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::KeyMalformed).because(text)
}

fn unsupported(text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::KeyUnsupported).because(text)
}
