//! The little of DER (X.690) that key files need: strict, one spelling for each value.
//!
//! The crates `spki`, `pkcs8` and `sec1` read three of these structures. In WebAssembly they are ten times as large as this, and
//! RSA, PSS, certificates and the names of what is not supported would still be read here (`bench/README.md`).

use zeroize::Zeroizing;

use super::curve::Curve;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]` to `[3]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
pub(super) const CONTEXT_2: u8 = 0xa2;
pub(super) const CONTEXT_3: u8 = 0xa3;
/// `[1]` and `[2]`, primitive.
pub(super) const CONTEXT_1_PRIMITIVE: u8 = 0x81;
pub(super) const CONTEXT_2_PRIMITIVE: u8 = 0x82;

// Contents of object identifiers (RFC 5480 section 2.1.1, RFC 8017 appendix C, RFC 8410 section 3).
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(super) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The names of kinds of keys and of curves that are not supported, for errors (RFC 8410 section 3, RFC 3279 section 2.3,
/// SEC 2 appendix A.2, RFC 5639 section 4.1).
pub(super) fn name(identifier: &[u8]) -> Option<&'static str> {
    Some(match identifier {
        [0x2b, 0x65, 0x6e] => "X25519",
        [0x2b, 0x65, 0x6f] => "X448",
        [0x2b, 0x65, 0x71] => "Ed448",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => "DSA",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01] => "Diffie-Hellman",
        [0x2b, 0x81, 0x04, 0x00, 0x0a] => "secp256k1",
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, _] => "a Brainpool curve",
        _ => return None,
    })
}

/// The identifier of a curve.
pub(super) const fn curve_identifier(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
    }
}

/// Reads elements one after the other; `None` for whatever is not strict DER.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The content of the next element, which has `tag`.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, after_tag) = self.rest.split_first()?;
        if *found != tag {
            return None;
        }
        let (first, mut rest) = after_tag.split_first()?;
        let mut len = usize::from(*first);
        if len >= 0x80 {
            // Key files are far below 2^16 bytes. An indefinite length (0x80) has no length bytes and is refused.
            let (bytes, after) =
                rest.split_at_checked(len - 0x80).filter(|_| (0x81..=0x82).contains(&len))?;
            len = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            // X.690 section 10.1: the shortest form.
            if len < 0x80 || bytes.first() == Some(&0) {
                return None;
            }
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(content)
    }

    /// The next element, where it has `tag`; `None` inside where it has another or there is none.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.rest.first() == Some(&tag) { self.expect(tag).map(Some) } else { Some(None) }
    }

    /// Passes over the next element and gives its tag.
    pub(super) fn skip(&mut self) -> Option<u8> {
        let tag = *self.rest.first()?;
        self.expect(tag).map(|_| tag)
    }

    /// The next element as it stands, tag and length included, which has `tag`.
    pub(super) fn raw(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.rest;
        self.expect(tag)?;
        before.get(..before.len() - self.rest.len())
    }

    /// The elements of the next SEQUENCE.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.expect(SEQUENCE).map(Reader::new)
    }

    /// The next INTEGER, which is not negative, without its sign byte; zero is one zero byte.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.expect(INTEGER)? {
            [] => None,
            [first, ..] if *first >= 0x80 => None,
            // X.690 section 8.3.2: the first nine bits are not all zero.
            [0, second, ..] if *second < 0x80 => None,
            [0, rest @ ..] if !rest.is_empty() => Some(rest),
            number => Some(number),
        }
    }

    /// The whole bytes of the next BIT STRING.
    pub(super) fn bit_string(&mut self) -> Option<&'a [u8]> {
        whole_bytes(self.expect(BIT_STRING)?)
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// The content of a BIT STRING without its count of unused bits, which is zero.
pub(super) fn whole_bytes(content: &[u8]) -> Option<&[u8]> {
    match content {
        [0, bytes @ ..] => Some(bytes),
        _ => None,
    }
}

/// An ECPrivateKey (RFC 5915 section 3) without its public half.
#[cfg_attr(not(feature = "aws-lc"), allow(dead_code))]
pub(super) fn ec_private_key(curve: Curve, scalar: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let identifier = curve_identifier(curve);
    let parameters = element(CONTEXT_0, &element(OBJECT_IDENTIFIER, identifier)?)?;
    let private = Zeroizing::new(element(OCTET_STRING, scalar)?);
    let content = Zeroizing::new([&[INTEGER, 1, 1], private.as_slice(), &parameters].concat());
    element(SEQUENCE, &content).map(Zeroizing::new)
}

/// One element of fewer than 128 bytes.
fn element(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let len = u8::try_from(content.len()).ok().filter(|len| *len < 0x80)?;
    Some([&[tag, len], content].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        let long = [&[OCTET_STRING, 0x81, 0x80][..], &[7; 128]].concat();
        let mut reader = Reader::new(&long);
        assert_eq!(reader.expect(OCTET_STRING).unwrap(), [7; 128]);
        assert!(reader.end().is_some());
        for bytes in [
            &[OCTET_STRING][..],
            &[OCTET_STRING, 1],
            &[OCTET_STRING, 0x80, 0, 0],
            &[OCTET_STRING, 0x81, 1, 9],
            &[OCTET_STRING, 0x82, 0, 1, 9],
            &[OCTET_STRING, 0x83, 0, 0, 1, 9],
            &[OCTET_STRING, 0xff, 1],
            &[BIT_STRING, 1, 0],
        ] {
            assert!(Reader::new(bytes).expect(OCTET_STRING).is_none(), "{bytes:x?}");
        }
    }

    #[test]
    fn integers_are_minimal_and_not_negative() {
        for (bytes, number) in [
            (&[INTEGER, 1, 0][..], Some(&[0][..])),
            (&[INTEGER, 1, 0x7f], Some(&[0x7f])),
            (&[INTEGER, 2, 0, 0x80], Some(&[0x80])),
            (&[INTEGER, 2, 0, 0x7f], None),
            (&[INTEGER, 2, 0, 0], None),
            (&[INTEGER, 1, 0x80], None),
            (&[INTEGER, 0], None),
        ] {
            assert_eq!(Reader::new(bytes).unsigned(), number, "{bytes:x?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            for tag in [SEQUENCE, INTEGER, OCTET_STRING, BIT_STRING] {
                let mut reader = Reader::new(&bytes);
                while let Some(content) = reader.expect(tag) {
                    let _ = whole_bytes(content);
                }
                let _ = Reader::new(&bytes).unsigned();
            }
        }
    }
}
