//! X.509 certificates (RFC 5280): the public key, and whether it may check signatures.
//!
//! A certificate that a caller hands over is a container for a key. Its dates, names and signature are not judged:
//! there is no chain to a root here, and no clock.

use super::der::{self, Reader};
use crate::error::{Error, ErrorCode, Result};

/// RFC 5280 section 4.2.1.3: id-ce-keyUsage, 2.5.29.15.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// The SubjectPublicKeyInfo of a certificate; `None` where it is not one in DER.
///
/// # Errors
/// `key_usage` where the extension keyUsage is there and does not permit to check signatures.
pub(super) fn public_key_info<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>> {
    let Some((info, usage)) = fields(reader) else { return Ok(None) };
    // RFC 5280 section 4.2.1.3: bits 0 (digitalSignature) and 1 (nonRepudiation) stand first in the first byte.
    if usage.is_some_and(|bits| bits & 0b1100_0000 == 0) {
        return Err(Error::new(ErrorCode::KeyUsage)
            .because("the certificate's keyUsage does not permit signatures; digitalSignature is needed"));
    }
    Ok(Some(info))
}

/// The key, and the first byte of keyUsage.
fn fields<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], Option<u8>)> {
    let mut certificate = reader.sequence()?;
    let mut content = certificate.sequence()?;
    certificate.expect(der::SEQUENCE)?;
    certificate.bit_string()?;
    certificate.end()?;

    content.optional(der::CONTEXT_0)?;
    // RFC 5280 section 4.1.2.2: some serial numbers are negative, which readers should stand.
    content.expect(der::INTEGER)?;
    for _signature_issuer_validity_subject in 0..4 {
        content.expect(der::SEQUENCE)?;
    }
    let info = content.raw(der::SEQUENCE)?;
    content.optional(der::CONTEXT_1_PRIMITIVE)?;
    content.optional(der::CONTEXT_2_PRIMITIVE)?;
    let usage = match content.optional(der::CONTEXT_3)? {
        Some(extensions) => key_usage(extensions)?,
        None => None,
    };
    content.end()?;
    Some((info, usage))
}

fn key_usage(extensions: &[u8]) -> Option<Option<u8>> {
    let mut wrapped = Reader::new(extensions);
    let mut list = wrapped.sequence()?;
    wrapped.end()?;
    let mut usage = None;
    while list.end().is_none() {
        let mut extension = list.sequence()?;
        let identifier = extension.expect(der::OBJECT_IDENTIFIER)?;
        extension.optional(der::BOOLEAN)?;
        let value = extension.expect(der::OCTET_STRING)?;
        extension.end()?;
        if identifier != KEY_USAGE {
            continue;
        }
        let mut bits = Reader::new(value);
        let content = bits.expect(der::BIT_STRING)?;
        bits.end()?;
        // RFC 5280 section 4.2: an extension stands once.
        if usage.replace(content.get(1).copied().unwrap_or(0)).is_some() {
            return None;
        }
    }
    Some(usage)
}
