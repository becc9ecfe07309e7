//! The ways in which key files reach people: what is read however it is written, and what is told about the rest.

use base64_simd::STANDARD;

use super::*;

/// Blanks, line breaks and text around a block, as RFC 7468 section 2 asks.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn a_block_is_read_however_it_is_spelled() {
    let pem = pem!("p256");
    let lines: Vec<&str> = pem.lines().collect();
    let [begin, body @ .., end] = lines.as_slice() else { panic!() };
    let with = |body: &str| format!("{begin}\n{body}\n{end}\n");
    let one_line = body.concat();
    let indented = |by: &str| lines.iter().map(|line| format!("{by}{line}\n")).collect::<String>();
    let first = Key::from_pem(None, None, pem).unwrap().thumbprint();
    for (name, text) in [
        ("CRLF", pem.replace('\n', "\r\n")),
        ("CR", pem.replace('\n', "\r")),
        ("no line break at the end", pem.trim_end().to_owned()),
        ("blank lines around", format!("\n \n{pem}\n\n")),
        (
            "text in front",
            format!("Bag Attributes\n    friendlyName: k\nKey Attributes: <No Attributes>\n{pem}"),
        ),
        ("text behind", format!("{pem}\nsome text\n")),
        ("one line of base64", with(&one_line)),
        ("lines of 76", with(&format!("{}\n{}", &one_line[..76], &one_line[76..]))),
        (
            "lines of any length",
            with(&format!("{}\n{}\n{}", &one_line[..3], &one_line[3..90], &one_line[90..])),
        ),
        ("blanks at the ends of lines", pem.replace('\n', "  \n")),
        ("tabs in front of lines", indented("\t")),
        ("indented", indented("    ")),
        ("a blank line behind BEGIN", pem.replacen("-----\n", "-----\n\n", 1)),
        ("a byte order mark", format!("\u{feff}{pem}")),
        ("blanks instead of line breaks", pem.trim_end().replace('\n', " ")),
        ("form feeds", pem.replace('\n', "\n\u{c}\u{b}")),
    ] {
        let key = Key::from_pem(None, None, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.thumbprint(), first, "{name}");
        assert!(key.can_sign(), "{name}");
    }
    let with_curve = pem!("p256.sec1");
    assert!(with_curve.starts_with("-----BEGIN EC PARAMETERS-----"));
    assert!(Key::from_pem(None, None, &with_curve.replace('\n', "\r")).is_ok());
}

#[cfg(feature = "key-files")]
#[test]
fn what_cannot_be_read_is_told_by_what_it_is() {
    use ErrorCode::{KeyMalformed, KeyUnsupported};
    let pem = pem!("p256");
    let block = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    let private =
        |content: &str| format!("-----BEGIN PRIVATE KEY-----\n{content}\n-----END PRIVATE KEY-----\n");
    // RFC 1421 section 4.6, as `openssl ec -aes128` writes it.
    let encrypted =
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AFB5CF4EF8D4F3C0C9EE4D5DDA1A7C27\n\nMAA=\n";
    let encrypted = format!("-----BEGIN EC PRIVATE KEY-----\n{encrypted}-----END EC PRIVATE KEY-----\n");
    // A PrivateKeyInfo of each kind, with nothing in it.
    let kind = |identifier: &[u8]| {
        let algorithm = [&[0x06, identifier.len() as u8], identifier].concat();
        let content = [&[2, 1, 0, 0x30, algorithm.len() as u8], algorithm.as_slice(), &[4, 0]].concat();
        private(&STANDARD.encode_to_string([&[0x30, content.len() as u8], content.as_slice()].concat()))
    };
    for (text, code, hint) in [
        ("", KeyMalformed, "found nothing"),
        (" \n", KeyMalformed, "found nothing"),
        ("secret", KeyMalformed, "no line that begins with -----BEGIN"),
        (&pem[1..], KeyMalformed, "five dashes on both sides"),
        (&pem.replacen("KEY-----", "KEY----", 1), KeyMalformed, "five dashes at its end"),
        (&pem.replace("-----END", "----END"), KeyMalformed, "the line -----END PRIVATE KEY----- is missing"),
        (&pem[..100], KeyMalformed, "cut off"),
        (
            &pem.replace("END PRIVATE", "END PUBLIC"),
            KeyMalformed,
            "begins as \"PRIVATE KEY\" and ends as \"PUBLIC KEY\"",
        ),
        (&pem.trim_end().replace('\n', "\\n"), KeyMalformed, "written out as \"\\n\""),
        (&format!("\"{pem}\""), KeyMalformed, "quotation marks"),
        (&format!("KEY={pem}"), KeyMalformed, "in front of -----BEGIN"),
        (&STANDARD.encode_to_string(pem), KeyMalformed, "the base64 of a PEM file"),
        (
            &pem.lines().filter(|line| !line.starts_with('-')).collect::<String>(),
            KeyMalformed,
            "base64 alone",
        ),
        (r#"{"kty":"EC"}"#, KeyMalformed, "JWK"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI a@b", KeyUnsupported, "ssh-keygen"),
        (&pem.chars().flat_map(|c| [c, '\0']).collect::<String>(), KeyMalformed, "UTF-16"),
        (&private("MAA\0="), KeyMalformed, "UTF-16"),
        (&private("MA_-"), KeyMalformed, "'_', which is no base64"),
        (&private("MAA"), KeyMalformed, "cut off, or was changed"),
        (&private("Comment: mine\nMAA="), KeyMalformed, "header lines"),
        (&encrypted, KeyUnsupported, "encrypted"),
        (&encrypted.replace('\n', "\r\n"), KeyUnsupported, "encrypted"),
        (&block("ENCRYPTED PRIVATE KEY"), KeyUnsupported, "encrypted"),
        (&block("OPENSSH PRIVATE KEY"), KeyUnsupported, "\"OPENSSH PRIVATE KEY\" is not a kind"),
        (&block("CERTIFICATE REQUEST"), KeyUnsupported, "\"CERTIFICATE REQUEST\" is not a kind"),
        (&block("DSA PRIVATE KEY"), KeyUnsupported, "\"DSA PRIVATE KEY\" is not a kind"),
        (&block("EC PARAMETERS"), KeyUnsupported, "\"EC PARAMETERS\" is not a kind"),
        (&format!("{pem}{}", block("CERTIFICATE")), KeyMalformed, "found 2 blocks"),
        (pem!("secp256k1"), KeyUnsupported, "secp256k1"),
        (pem!("ed448"), KeyUnsupported, "Ed448"),
        (pem!("x25519"), KeyUnsupported, "X25519"),
        (&kind(&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01]), KeyUnsupported, "DSA"),
        (&kind(&[0x2a, 0x03]), KeyUnsupported, "of another kind"),
    ] {
        let error = Key::from_pem(None, None, text).unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some("pem")), "{text:?}: {error}");
        assert!(error.message().contains(hint), "{text:?}: {error}");
        assert!(!error.message().contains("NUL") || text.contains('\0'), "{text:?}: {error}");
    }
}

/// RFC 8725 section 2.1: a verifier whose secret is a public key takes whatever anybody signs.
#[test]
fn the_file_of_a_key_is_no_secret() {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let set = format!("{{\"keys\":[{jwk}]}}");
    let certificate = pem!("certificate");
    let mut files = vec![
        (pem!("rsa2048.pub").as_bytes().to_vec(), "a PEM file"),
        (pem!("rsa2048").trim().as_bytes().to_vec(), "a PEM file"),
        (certificate.replace('\n', "\r\n").into_bytes(), "a PEM file"),
        (format!("\u{feff}subject: x\n{certificate}").into_bytes(), "a PEM file"),
        (jwk.as_bytes().to_vec(), "a JWK"),
        (format!("\n {jwk}\n").into_bytes(), "a JWK"),
        (br#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}"#.to_vec(), "a JWK"),
        (set.into_bytes(), "a JWK Set"),
        (
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4r a@b".to_vec(),
            "OpenSSH",
        ),
    ];
    if cfg!(feature = "key-files") {
        let base64: String = pem!("rsa2048.pub").lines().filter(|line| !line.starts_with('-')).collect();
        files.push((STANDARD.decode_to_vec(base64).unwrap(), "DER"));
    }
    for (file, kind) in files {
        for made in [
            Key::hmac(None, Algorithm::HS256, file.clone()),
            Key::allow_short_hmac_key(None, Algorithm::HS256, file.clone()),
            Key::from_jwk(&format!(
                r#"{{"kty":"oct","alg":"HS256","k":"{}"}}"#,
                crate::encoding::base64url(&file)
            )),
        ] {
            let error = made.unwrap_err();
            assert_eq!(error.code(), ErrorCode::KeyUsage, "{error}");
            assert!(error.message().contains(kind), "{kind}: {error}");
        }
    }
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = crate::Policy::new("https://i.example").session_secret(pem!("rsa2048.pub"));
    let error = crate::Issuer::new(keys, policy).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::KeyUsage, Some("session_secret")));
    for secret in [
        "{\"not\":\"a key\", but thirty-two bytes}",
        r#"{"secret":"of thirty-two bytes and more"}"#,
        "-----------BEGINNING OF A SECRET----------",
        "0123456789abcdef0123456789abcdef",
    ] {
        assert!(Key::hmac(None, Algorithm::HS256, secret).is_ok(), "{secret}");
    }
    // Bytes that begin as DER does.
    assert!(Key::hmac(None, Algorithm::HS256, [&[0x30, 0x1e], [7; 30].as_slice()].concat()).is_ok());
}
