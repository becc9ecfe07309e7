//! Key files in PEM (RFC 7468): one block, whose label says what is in it.

use zeroize::Zeroizing;

use super::file::{self, Form, KeyFile};
use super::quoted;
use crate::error::{Error, ErrorCode, Result};

/// Reads one PEM block.
///
/// # Errors
/// `key_malformed`, `key_usage` for a certificate that forbids signatures, and `key_unsupported` for encrypted files
/// and other kinds of keys; all at `pem`.
pub(super) fn parse(pem: &str) -> Result<KeyFile> {
    read(pem).map_err(|error| error.at("pem"))
}

fn read(pem: &str) -> Result<KeyFile> {
    let pem = without_ec_parameters(pem.trim_ascii());
    let blocks = pem.matches("-----BEGIN ").count();
    if blocks > 1 {
        return Err(malformed(format!("found {blocks} blocks of PEM; give the one that is meant")));
    }
    let mut decoder = pem_rfc7468::Decoder::new_detect_wrap(pem.as_bytes()).map_err(broken)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(decoder.remaining_len()));
    decoder.decode_to_end(&mut bytes).map_err(broken)?;
    let label = decoder.type_label();
    let form = Form::ALL.into_iter().find(|form| form.label() == label).ok_or_else(|| {
        let labels = Form::ALL.map(Form::label).join(", ");
        Error::new(ErrorCode::KeyUnsupported)
            .because(format!("{} is not a kind of PEM that is read; these are: {labels}", quoted(label)))
    })?;
    file::parse(form, &bytes)
}

/// `openssl ecparam -genkey` writes the curve in a block of its own before the key, which names it again.
fn without_ec_parameters(pem: &str) -> &str {
    const END: &str = "-----END EC PARAMETERS-----";
    match pem.strip_prefix("-----BEGIN EC PARAMETERS-----").and_then(|rest| rest.split_once(END)) {
        Some((_, key)) => key.trim_ascii_start(),
        None => pem,
    }
}

fn broken(fault: pem_rfc7468::Error) -> Error {
    use pem_rfc7468::Error::{Base64, Length};
    malformed(match fault {
        Base64(_) | Length => {
            "the block of PEM holds something else than base64 in lines of one length".to_owned()
        }
        _ => "not one block of PEM: a line -----BEGIN KIND-----, base64, and a line -----END KIND-----"
            .to_owned(),
    })
}

fn malformed(text: String) -> Error {
    Error::new(ErrorCode::KeyMalformed).because(text)
}
