//! RSA keys that their type binds to RSASSA-PSS (RFC 4055): which algorithms the parameters leave.

use super::Algorithm;
use super::der::{self, Reader};
use crate::error::{Error, ErrorCode, Result};

/// RFC 4055 section 2.1: id-mgf1, 1.2.840.113549.1.1.8.
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// RFC 4055 section 2.1: the hashes 2.16.840.1.101.3.4.2.1 to 3, the algorithm of each, and the salt that it has.
const HASHES: [(&[u8], &[Algorithm], u8); 3] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], &[Algorithm::PS256], 32),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], &[Algorithm::PS384], 48),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], &[Algorithm::PS512], 64),
];

/// The algorithms that the rest of an AlgorithmIdentifier leaves; `None` where it is not DER of that kind.
///
/// # Errors
/// `key_unsupported` for parameters that none of PS256, PS384 and PS512 meets.
pub(super) fn algorithms(parameters: &mut Reader<'_>) -> Result<Option<&'static [Algorithm]>> {
    // RFC 4055 section 1.2: without parameters, the key goes with every hash.
    if parameters.end().is_some() {
        return Ok(Some(&[Algorithm::PS256, Algorithm::PS384, Algorithm::PS512]));
    }
    let Some(fields) = parameters.sequence().and_then(Fields::read) else { return Ok(None) };
    // RFC 4055 section 3.3: the salt's length in a key is a minimum; JWS has one length for each hash.
    let fitting = HASHES.into_iter().find(|(hash, _, salt)| {
        fields.hash == Some(*hash) && fields.mask_hash == Some(*hash) && fields.salt <= *salt
    });
    match fitting {
        Some((_, algorithms, _)) => Ok(Some(algorithms)),
        None => Err(Error::new(ErrorCode::KeyUnsupported).because(
            "the key is bound to RSASSA-PSS with parameters that JWS does not have; SHA-256, SHA-384 or SHA-512 \
             for both the message and MGF1 is needed, and a salt of at most the hash's length",
        )),
    }
}

/// RSASSA-PSS-params; a hash that is left out is SHA-1.
struct Fields<'a> {
    hash: Option<&'a [u8]>,
    mask_hash: Option<&'a [u8]>,
    salt: u8,
}

impl<'a> Fields<'a> {
    fn read(mut parameters: Reader<'a>) -> Option<Self> {
        let hash = match parameters.optional(der::CONTEXT_0)? {
            Some(content) => Some(digest(&mut Reader::new(content))?),
            None => None,
        };
        let mask_hash = match parameters.optional(der::CONTEXT_1)? {
            Some(content) => {
                let mut mask = Reader::new(content).sequence()?;
                if mask.expect(der::OBJECT_IDENTIFIER)? != MGF1 {
                    return None;
                }
                Some(digest(&mut mask)?)
            }
            None => None,
        };
        let salt = match parameters.optional(der::CONTEXT_2)? {
            Some(content) => match Reader::new(content).unsigned()? {
                [salt] => *salt,
                _ => u8::MAX,
            },
            None => 20,
        };
        // The trailer field has one value, which DER leaves out.
        parameters.end()?;
        Some(Fields { hash, mask_hash, salt })
    }
}

/// A hash's AlgorithmIdentifier, to the end: RFC 4055 section 2.1 wants NULL parameters, and readers take none, too.
fn digest<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut identifier = reader.sequence()?;
    let hash = identifier.expect(der::OBJECT_IDENTIFIER)?;
    let _null = identifier.optional(der::NULL)?;
    identifier.end()?;
    reader.end()?;
    Some(hash)
}
