//! Claims as one JSON object in which the registered ones stand beside the custom ones, as in the token itself.

use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Fault, Object};
use crate::registered::REGISTERED;
use crate::time::UnixTime;

/// Claims to be minted, as a JSON object that was checked: `sub`, `aud`, `nbf` and `jti` by their types, the others
/// as they are. Nothing is copied.
pub(crate) struct ClaimsText<'a> {
    object: Object<'a>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) audience: Option<&'a str>,
    pub(crate) not_before: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
}

impl<'a> ClaimsText<'a> {
    /// Checks a text; what it says of `iss`, `iat` and `exp` is the issuer's to say.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let object = custom_members(text)?;
        let (mut subject, mut audience, mut not_before, mut id) = (None, None, None, None);
        for (name, value) in object.iter() {
            match name {
                "sub" => subject = Some(text_value("sub", value)?),
                "aud" => audience = audience_value(value)?,
                "nbf" => not_before = Some(time_value(value)?),
                "jti" => id = Some(text_value("jti", value)?),
                other => super::not_registered(other)?,
            }
        }
        Ok(ClaimsText { object, subject, audience, not_before, id })
    }

    /// The custom claims: names, and the JSON text of their values.
    pub(crate) fn custom(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.object.iter().filter(|(name, _)| !REGISTERED.contains(name))
    }

    /// Whether there is a claim of this name, which is none of the registered ones.
    pub(crate) fn has_custom(&self, name: &str) -> bool {
        self.object.get(name).is_some()
    }
}

/// Reads an object of claims.
pub(crate) fn custom_members(text: &str) -> Result<Object<'_>> {
    Object::parse(text).map_err(unwritable)
}

/// Why claims cannot be written.
pub(crate) fn unwritable(fault: Fault) -> Error {
    match fault {
        Fault::Duplicate { name } => Error::new(ErrorCode::ClaimDuplicate).at(name),
        Fault::NotObject => Error::new(ErrorCode::ClaimsNotObject),
        Fault::Unwritable { text } => Error::new(ErrorCode::ClaimsNotJson)
            .because(format!("the claims cannot be written as JSON: {text}")),
        other => Error::new(ErrorCode::ClaimsNotJson).because(format!("the claims are {other}")),
    }
}

fn text_value<'a>(name: &'static str, value: &'a str) -> Result<&'a str> {
    if value.starts_with('"') { Ok(value) } else { Err(wrong(name, "a text")) }
}

/// One text, or a list of them; an empty list names none.
fn audience_value(value: &str) -> Result<Option<&str>> {
    if value.starts_with('"') {
        return Ok(Some(value));
    }
    let expected = || wrong("aud", "a text or a list of texts");
    let mut empty = true;
    for item in json::elements(value).ok_or_else(expected)? {
        if !item.starts_with('"') {
            return Err(expected());
        }
        empty = false;
    }
    Ok(if empty { None } else { Some(value) })
}

fn time_value(value: &str) -> Result<&str> {
    let seconds = value.parse::<i64>().ok().filter(|seconds| (0..=UnixTime::MAX.seconds()).contains(seconds));
    seconds.map(|_| value).ok_or_else(|| wrong("nbf", "whole seconds since 1970, until the end of 9999"))
}

fn wrong(name: &'static str, expected: &str) -> Error {
    Error::new(ErrorCode::ClaimInvalid).at(name).because(format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Claims, Context, Issuer, KeySet, Lifetime, Policy};

    fn issuer() -> Issuer {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        Issuer::new(keys, Policy::new("https://i.example").audience("own").fixed_claim("fixed", "1")).unwrap()
    }

    fn mint(text: &str) -> Result<String> {
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        issuer().mint_claims(text, None, Lifetime::HOUR, &context)
    }

    #[test]
    fn a_text_gives_what_typed_claims_give() {
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        let nbf = UnixTime::from_seconds(1_700_000_007);
        for (text, claims) in [
            ("{}", Claims::new()),
            (r#"{"sub":"s"}"#, Claims::new().subject("s")),
            (r#"{ "a" : [1, 2], "sub" : "s" }"#, Claims::new().subject("s").set_json("a", "[1, 2]")),
            (
                r#"{"aud":"x","jti":"id","nbf":1700000007}"#,
                Claims::new().audience("x").id("id").not_before(nbf),
            ),
            (r#"{"aud":["x","y"]}"#, Claims::new().audience("x").audience("y")),
            (r#"{"aud":[]}"#, Claims::new()),
            (r#"{"fixed":2}"#, Claims::new().set("fixed", 2)),
            (r#"{"\u0061":1,"b\"c":2}"#, Claims::new().set("a", 1).set("b\"c", 2)),
        ] {
            let typed = issuer().mint(&claims, Lifetime::HOUR, &context).unwrap();
            assert_eq!(mint(text).unwrap(), typed, "{text}");
        }
    }

    #[test]
    fn members_come_behind_the_claims() {
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        let text =
            issuer().mint_claims(r#"{"sub":"s","a":1}"#, Some(r#"{ "b" : 1.0 }"#), Lifetime::HOUR, &context);
        let typed = Claims::new().subject("s").set("a", 1);
        let typed = issuer().mint_json(&typed, r#"{ "b" : 1.0 }"#, Lifetime::HOUR, &context);
        assert_eq!(text.unwrap(), typed.unwrap());
        let twice = issuer().mint_claims(r#"{"a":1}"#, Some(r#"{"a":1}"#), Lifetime::HOUR, &context);
        assert_eq!(twice.unwrap_err().code(), ErrorCode::ClaimDuplicate);
    }

    #[test]
    fn what_is_refused_names_the_claim() {
        for (text, code, field) in [
            (r#"{"iss":"x"}"#, ErrorCode::ClaimReserved, Some("iss")),
            (r#"{"\u0065xp":1}"#, ErrorCode::ClaimReserved, Some("exp")),
            (r#"{"iat":1}"#, ErrorCode::ClaimReserved, Some("iat")),
            (r#"{"sub":1}"#, ErrorCode::ClaimInvalid, Some("sub")),
            (r#"{"jti":null}"#, ErrorCode::ClaimInvalid, Some("jti")),
            (r#"{"aud":["x",1]}"#, ErrorCode::ClaimInvalid, Some("aud")),
            (r#"{"aud":{}}"#, ErrorCode::ClaimInvalid, Some("aud")),
            (r#"{"nbf":1.5}"#, ErrorCode::ClaimInvalid, Some("nbf")),
            (r#"{"nbf":-1}"#, ErrorCode::ClaimInvalid, Some("nbf")),
            (r#"{"nbf":253402300800}"#, ErrorCode::ClaimInvalid, Some("nbf")),
            (r#"{"sub":"a","sub":"b"}"#, ErrorCode::ClaimDuplicate, Some("sub")),
            ("[]", ErrorCode::ClaimsNotObject, None),
            ("{", ErrorCode::ClaimsNotJson, None),
        ] {
            let error = mint(text).unwrap_err();
            assert_eq!((error.code(), error.field()), (code, field), "{text}");
        }
    }
}
