//! Key files in PEM (RFC 7468): one block, whose label says what is in it.
//!
//! The block is read as laxly as section 2 asks, since files reach people through editors, mails, YAML and environment
//! variables: blanks and line breaks of every kind do not count, nor does what stands before and behind it. What cannot be
//! read is told by what it is.

use zeroize::Zeroizing;

use super::file::{self, Form, KeyFile};
use super::quoted;
use crate::error::{Error, ErrorCode, Result};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Reads one PEM block.
///
/// # Errors
/// `key_malformed`, `key_usage` for a certificate that forbids signatures, and `key_unsupported` for encrypted files
/// and other kinds of keys; all at `pem`.
pub(super) fn parse(pem: &str) -> Result<KeyFile> {
    read(pem).map_err(|error| error.at("pem"))
}

fn read(pem: &str) -> Result<KeyFile> {
    let Block { label, body } = Block::find(pem)?;
    let form = Form::ALL.into_iter().find(|form| form.label() == label).ok_or_else(|| {
        let labels = Form::ALL.map(Form::label).join(", ");
        unsupported(format!("{} is not a kind of PEM that is read; these are: {labels}", quoted(label)))
    })?;
    // RFC 1421 section 4.6: how files were encrypted before PKCS #8.
    if body.contains("Proc-Type:") && body.contains("ENCRYPTED") {
        return Err(file::encrypted());
    }
    file::parse(form, &decode(label, body)?)
}

/// What stands between the two lines of one block.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Block<'a> {
    /// The one block of a text.
    fn find(text: &'a str) -> Result<Self> {
        let begins: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
        let mut labels = Vec::with_capacity(begins.len());
        for at in begins {
            labels.push((at, label(text, at, BEGIN)?));
        }
        // `openssl ecparam -genkey` writes the curve in a block of its own before the key, which names it again.
        let mut keys = labels.iter().filter(|(_, label)| *label != "EC PARAMETERS" || labels.len() == 1);
        let (at, begun) = match (keys.next(), keys.count()) {
            (Some(only), 0) => *only,
            (Some(_), more) => {
                return Err(malformed(format!(
                    "found {} blocks of PEM; give the one that is meant",
                    more + 1
                )));
            }
            (None, _) => return Err(no_block(text)),
        };
        let body = text.get(at + BEGIN.len() + begun.len() + DASHES.len()..).unwrap_or_default();
        let Some(end) = body.find(END) else {
            return Err(malformed(format!("PEM that is cut off: the line {END}{begun}{DASHES} is missing")));
        };
        let ended = label(body, end, END)?;
        if begun != ended {
            return Err(malformed(format!(
                "the PEM begins as {} and ends as {}",
                quoted(begun),
                quoted(ended)
            )));
        }
        Ok(Block { label: begun, body: body.get(..end).unwrap_or_default() })
    }
}

/// The label of the boundary at this place.
fn label<'a>(text: &'a str, at: usize, boundary: &str) -> Result<&'a str> {
    let before = text.get(..at).unwrap_or_default();
    let before = before.rsplit(['\n', '\r']).next().unwrap_or_default().trim_start_matches('\u{feff}').trim();
    if boundary == BEGIN && before.ends_with(['"', '\'', '`']) {
        return Err(malformed("PEM in quotation marks, which are not part of it".to_owned()));
    }
    if boundary == BEGIN && !before.is_empty() {
        return Err(malformed(format!("something stands in front of {BEGIN}on the same line of the PEM")));
    }
    let behind = text.get(at + boundary.len()..).unwrap_or_default();
    let (label, _) =
        behind.split_once(DASHES).filter(|(label, _)| !label.contains(['\n', '\r'])).ok_or_else(|| {
            malformed(format!(
                "the line of {}in the PEM has no five dashes at its end",
                boundary.trim_start_matches('-')
            ))
        })?;
    Ok(label)
}

/// The bytes of a block.
fn decode(label: &str, body: &str) -> Result<Zeroizing<Vec<u8>>> {
    // RFC 7468 section 2: "Parsers SHOULD ignore whitespace". The decoder, which runs in constant time, does not.
    let mut block = Zeroizing::new(String::with_capacity(body.len() + 2 * label.len() + 64));
    block.extend([BEGIN, label, DASHES, "\n"]);
    for character in body.chars() {
        match character {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' | '=' => block.push(character),
            ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => {}
            '\\' => {
                return Err(malformed(
                    "the line breaks of the PEM are written out as \"\\n\"; write them as line breaks"
                        .to_owned(),
                ));
            }
            ':' => {
                return Err(malformed("the PEM has header lines, which RFC 7468 does not have".to_owned()));
            }
            '\0' => return Err(in_utf16()),
            foreign => return Err(malformed(format!("the PEM holds {foreign:?}, which is no base64"))),
        }
    }
    block.extend(["\n", END, label, DASHES, "\n"]);
    let broken = |_| malformed("the base64 of the PEM is cut off, or was changed".to_owned());
    let mut decoder = pem_rfc7468::Decoder::new_detect_wrap(block.as_bytes()).map_err(broken)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(decoder.remaining_len()));
    decoder.decode_to_end(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

/// What a text without a block is.
fn no_block(text: &str) -> Error {
    let text = text.trim_start_matches('\u{feff}').trim();
    let ssh = ["ssh-", "ecdsa-sha2-"].iter().any(|prefix| text.starts_with(prefix));
    let found = match text {
        "" => "nothing",
        _ if text.contains('\0') => return in_utf16(),
        _ if ssh => {
            return unsupported(
                "not PEM but a public key of OpenSSH (ssh-keygen -e -m PKCS8 -f FILE)".to_owned(),
            );
        }
        _ if text.starts_with('{') => "JSON; a JWK is read as a JWK",
        _ if text.contains("BEGIN ") => "a line with BEGIN that has not five dashes on both sides",
        _ => match decoded(text).as_deref().map(Vec::as_slice) {
            Some(bytes) if bytes.starts_with(BEGIN.as_bytes()) => "the base64 of a PEM file; decode it first",
            Some([0x30, ..]) => "base64 alone; the lines with BEGIN and END belong to it",
            _ => "no line that begins with -----BEGIN",
        },
    };
    malformed(format!("not PEM: found {found}"))
}

/// The bytes of what is base64 as a whole.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    crate::encoding::from_base64(&text).map(Zeroizing::new)
}

fn in_utf16() -> Error {
    malformed("not PEM: found NUL bytes, as in UTF-16; save the file as UTF-8".to_owned())
}

fn malformed(text: String) -> Error {
    Error::new(ErrorCode::KeyMalformed).because(text)
}

fn unsupported(text: String) -> Error {
    Error::new(ErrorCode::KeyUnsupported).because(text)
}
