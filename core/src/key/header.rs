//! The JOSE header (RFC 7515 section 4): written once per key, read strictly.

use std::borrow::Cow;

use super::Key;
use crate::encoding::{Decoded, base64url, not_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object};

/// The encoded header of every token that `key` signs, with the dot behind it.
pub(crate) fn segment(key: &Key, typ: &str) -> String {
    let mut text = br#"{"alg":""#.to_vec();
    text.extend_from_slice(key.algorithm().name().as_bytes());
    text.extend_from_slice(br#"","typ":"#);
    json::push_string(&mut text, typ);
    if let Some(kid) = key.kid() {
        text.extend_from_slice(br#","kid":"#);
        json::push_string(&mut text, kid);
    }
    text.push(b'}');
    let mut segment = base64url(&text);
    segment.push('.');
    segment
}

/// The `typ` of a refresh token: no verifier of access tokens takes it (RFC 8725 section 3.11).
pub(crate) const REFRESH_TYPE: &str = "refresh+jwt";

/// The types of most tokens.
pub(crate) const KNOWN_TYPES: [&str; 3] = ["JWT", REFRESH_TYPE, "at+jwt"];

/// Headers that were read before a token came, as this crate and the most common others write them. A token that has one
/// of them, byte for byte, needs no reading of it.
pub(crate) struct ExpectedHeaders {
    /// Encoded headers, where the keys are few.
    whole: Vec<(String, Header<'static>)>,
    /// Where they are many, what stands around their ids.
    around: Vec<AroundId>,
}

/// A header but for the key's id.
struct AroundId {
    before: String,
    behind: String,
    alg: String,
    typ: &'static str,
}

/// Of so many keys whole headers are expected.
const FEW: usize = 4;

impl ExpectedHeaders {
    /// The headers of tokens by `keys`.
    pub(crate) fn new(keys: &[Key]) -> Self {
        let mut algorithms: Vec<&str> = keys.iter().map(|key| key.algorithm().name()).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        let (mut whole, mut around) = (Vec::new(), Vec::new());
        for typ in KNOWN_TYPES {
            let (few, many) =
                if keys.len() <= FEW { (keys, [].as_slice()) } else { ([].as_slice(), &*algorithms) };
            for key in few {
                let text = |(before, behind)| {
                    format!("{before}{}{behind}", key.kid().map(inner).unwrap_or_default())
                };
                let texts = layouts(key.algorithm().name(), typ, key.kid().is_some()).into_iter().map(text);
                whole.extend(texts.filter_map(|text| {
                    let segment = base64url(text.as_bytes());
                    let header = Header::parse(&segment, &mut Decoded::default()).ok()?.into_owned();
                    Some((segment, header))
                }));
            }
            for alg in many {
                let layouts = layouts(alg, typ, true).into_iter();
                let alg = |(before, behind)| AroundId { before, behind, alg: (*alg).to_owned(), typ };
                around.extend(layouts.map(alg));
            }
        }
        ExpectedHeaders { whole, around }
    }

    /// What a header segment says, read or remembered; `room` is where it is decoded.
    pub(crate) fn read<'a>(&'a self, segment: &str, room: &'a mut Decoded) -> Result<Header<'a>> {
        if let Some((_, header)) = self.whole.iter().find(|(expected, _)| expected == segment) {
            return Ok(header.borrowed());
        }
        let bytes = decode(segment, room)?;
        match self.around.iter().find_map(|around| around.header(bytes)) {
            Some(header) => Ok(header),
            None => Header::of(bytes),
        }
    }
}

impl AroundId {
    /// The header where it is one of these.
    fn header<'a>(&'a self, text: &'a [u8]) -> Option<Header<'a>> {
        let kid = text.strip_prefix(self.before.as_bytes())?.strip_suffix(self.behind.as_bytes())?;
        let kid = std::str::from_utf8(kid).ok().filter(|kid| json::is_plain(kid))?;
        Some(Header {
            alg: Cow::Borrowed(&self.alg),
            kid: Some(Cow::Borrowed(kid)),
            typ: Some(Cow::Borrowed(self.typ)),
        })
    }
}

/// The header's text in the orders that are common: what stands before the key's id and behind it.
fn layouts(alg: &str, typ: &str, named: bool) -> Vec<(String, String)> {
    let (alg, typ) = (format!("\"alg\":\"{}\"", inner(alg)), format!("\"typ\":\"{}\"", inner(typ)));
    let end = || "\"}".to_owned();
    if !named {
        return vec![
            (format!("{{{alg},{typ}}}"), String::new()),
            (format!("{{{typ},{alg}}}"), String::new()),
        ];
    }
    vec![
        (format!("{{{alg},{typ},\"kid\":\""), end()),
        (format!("{{{alg},\"kid\":\""), format!("\",{typ}}}")),
        (format!("{{{typ},{alg},\"kid\":\""), end()),
    ]
}

/// A text as it stands within a JSON string.
fn inner(text: &str) -> String {
    let mut quoted = Vec::new();
    json::push_string(&mut quoted, text);
    let quoted = String::from_utf8(quoted).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

fn decode<'a>(segment: &str, room: &'a mut Decoded) -> Result<&'a [u8]> {
    room.base64url(segment).ok_or_else(|| not_base64url("header", segment))
}

/// What a token's header says, as far as it counts.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) typ: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a header segment, which is decoded in `room`: nothing is allocated for one of a common length.
    pub(crate) fn parse(segment: &str, room: &'a mut Decoded) -> Result<Self> {
        Self::of(decode(segment, room)?)
    }

    /// Reads a header's text.
    fn of(bytes: &'a [u8]) -> Result<Self> {
        let object = Object::of_token(bytes).map_err(|fault| {
            Error::new(ErrorCode::HeaderMalformed).at("header").because(fault.to_string())
        })?;
        // RFC 7515 section 4.1.11: what is critical and not understood must be refused. Nothing is understood here.
        if object.get("crit").is_some() {
            return Err(Error::new(ErrorCode::HeaderCritical).at("crit"));
        }
        // RFC 7797 section 7: a JWT must not use `b64: false`. RFC 8725 section 3.6: no compression.
        for name in ["b64", "zip"] {
            if object.get(name).is_some() {
                return Err(Error::new(ErrorCode::HeaderUnsupported).at(name));
            }
        }
        let text = |name: &'static str| match object.get(name).map(json::string) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(Error::new(ErrorCode::HeaderMalformed).at(name).because("expected a string")),
        };
        let alg = text("alg")?
            .ok_or_else(|| Error::new(ErrorCode::HeaderMalformed).at("alg").because("required"))?;
        Ok(Header { alg, kid: text("kid")?, typ: text("typ")? })
    }

    fn borrowed(&self) -> Header<'_> {
        Header {
            alg: Cow::Borrowed(&self.alg),
            kid: self.kid.as_deref().map(Cow::Borrowed),
            typ: self.typ.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_owned(self) -> Header<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Header { alg: owned(self.alg), kid: self.kid.map(owned), typ: self.typ.map(owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Algorithm;

    fn keys(kids: &[Option<&str>]) -> Vec<Key> {
        let key = |kid: &Option<&str>| Key::hmac(*kid, Algorithm::HS256, [7; 32].as_slice()).unwrap();
        kids.iter().map(key).collect()
    }

    /// What a text says as a header, by these and by reading it.
    fn agree(expected: &ExpectedHeaders, text: &str) -> Option<ErrorCode> {
        let segment = base64url(text.as_bytes());
        let (mut room, mut other) = (Decoded::default(), Decoded::default());
        match (expected.read(&segment, &mut room), Header::parse(&segment, &mut other)) {
            (Ok(one), Ok(two)) => assert_eq!(format!("{one:?}"), format!("{two:?}"), "{text}"),
            (Err(one), Err(two)) => {
                assert_eq!(one, two, "{text}");
                return Some(one.code());
            }
            (one, two) => panic!("{text}: {one:?} {two:?}"),
        }
        None
    }

    #[test]
    fn what_is_expected_is_what_is_read() {
        for kid in [None, Some("k\"1"), Some("k1")] {
            let keys = keys(&[kid]);
            let expected = ExpectedHeaders::new(&keys);
            assert!(expected.whole.len() > 1 && expected.around.is_empty());
            assert!(segment(&keys[0], "JWT").starts_with(&expected.whole[0].0), "the first is what we write");
            for (segment, header) in &expected.whole {
                assert_eq!((&*header.alg, header.kid.as_deref()), ("HS256", kid));
                assert!(header.typ.is_some());
                let mut room = Decoded::default();
                let read = Header::parse(segment, &mut room).unwrap();
                assert_eq!(format!("{header:?}"), format!("{read:?}"));
            }
            let critical = r#"{"alg":"HS256","typ":"JWT","crit":["x"]}"#;
            assert_eq!(agree(&expected, critical), Some(ErrorCode::HeaderCritical));
        }
    }

    #[test]
    fn the_id_of_one_key_among_many_is_read_where_it_is_expected() {
        let expected = ExpectedHeaders::new(&keys(&[Some("1"), Some("2"), Some("3"), Some("4"), None]));
        assert!(expected.whole.is_empty());
        for (before, behind) in [
            (r#"{"alg":"HS256","typ":"JWT","kid":""#, r#""}"#),
            (r#"{"alg":"HS256","kid":""#, r#"","typ":"at+jwt"}"#),
            (r#"{"typ":"refresh+jwt","alg":"HS256","kid":""#, r#""}"#),
        ] {
            let header = format!("{before}4{behind}");
            assert!(
                expected.around.iter().any(|around| around.header(header.as_bytes()).is_some()),
                "{header}"
            );
            for kid in
                ["", "4", "kid \u{e9}", r"\u0034", r#"4","kid":"5"#, r#"4","zip":"DEF"#, "\u{1}", r"\", "4\""]
            {
                agree(&expected, &format!("{before}{kid}{behind}"));
                agree(&expected, &format!("{before}{kid}{behind} "));
                agree(&expected, &format!("{before}{kid}"));
            }
        }
        let not_utf8 = [br#"{"alg":"HS256","typ":"JWT","kid":""#.as_slice(), b"\xff\"}"].concat();
        let read = |expected: &ExpectedHeaders| {
            expected.read(&base64url(&not_utf8), &mut Decoded::default()).map(drop).unwrap_err()
        };
        assert_eq!(read(&expected), read(&ExpectedHeaders::new(&[])));
    }
}
