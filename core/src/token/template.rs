//! Custom claims that are written and checked once, and minted into many tokens.

use serde::Serialize;

use crate::claims::not_registered;
use crate::claims::text::{custom_members, unwritable};
use crate::error::{ErrorCode, Result};
use crate::json;

/// Custom claims as JSON text that was checked once: [`Issuer::mint_template`](crate::Issuer::mint_template) copies
/// them into each token, byte for byte.
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
///
/// let options = Template::from_json(r#"{"pages":{"approvals":true}}"#)?;
/// let token = issuer.mint_template(&Claims::new().subject("ent_1"), &options, Lifetime::HOUR, &context)?;
/// let claims = issuer.verifier().verify(&token, context.now())?;
/// assert_eq!(claims.claim_json("pages"), Some(r#"{"approvals":true}"#));
///
/// assert_eq!(Template::from_json(r#"{"exp":1}"#).unwrap_err().code(), ErrorCode::ClaimReserved);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    /// What stands between the braces.
    pub(super) members: String,
    pub(super) names: Vec<String>,
}

impl Template {
    /// The members of a ready-made JSON object.
    ///
    /// # Errors
    /// `claims_not_json`, `claims_not_object`, `claim_duplicate`, and `claim_reserved` for a registered name.
    pub fn from_json(text: &str) -> Result<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let mut names = Vec::new();
        for (name, _) in custom_members(text)?.iter() {
            not_registered(name)?;
            names.push(name.to_owned());
        }
        let members = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        let members = if names.is_empty() { String::new() } else { members.to_owned() };
        Ok(Template { members, names })
    }

    /// The members of any type that serde writes as a JSON object.
    ///
    /// # Errors
    /// As [`Template::from_json`].
    pub fn new<T: Serialize + ?Sized>(members: &T) -> Result<Self> {
        let mut text = Vec::new();
        json::write_within(0, &mut text, members).map_err(unwritable)?;
        Self::from_json(std::str::from_utf8(&text).map_err(|_| ErrorCode::Internal)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Claims, Context, Issuer, KeySet, Lifetime, Policy, UnixTime};

    fn mint(claims: &Claims, text: &str) -> Result<[String; 2]> {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, Policy::new("https://i.example").fixed_claim("fixed", "1")).unwrap();
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        let direct = issuer.mint_json(claims, text, Lifetime::HOUR, &context);
        let template = Template::from_json(text)
            .and_then(|template| issuer.mint_template(claims, &template, Lifetime::HOUR, &context));
        match (direct, template) {
            (Ok(direct), Ok(template)) => Ok([direct, template]),
            (Err(direct), Err(template)) => {
                assert_eq!((direct.code(), direct.field()), (template.code(), template.field()), "{text}");
                Err(template)
            }
            (direct, template) => panic!("{text}: {direct:?} {template:?}"),
        }
    }

    #[test]
    fn a_template_gives_what_the_text_gives() {
        let claims = Claims::new().subject("s").set("own", true);
        for text in ["{}", " { } ", r#"{"a":1}"#, " {\"a\" : [1, {\"b\":null}] , \"c\":\"}\" }\n"] {
            let [direct, template] = mint(&claims, text).unwrap();
            assert_eq!(direct, template, "{text}");
        }
    }

    #[test]
    fn a_template_is_refused_as_the_text_is() {
        let claims = Claims::new().subject("s").set("own", true);
        for (text, code) in [
            (r#"{"own":1}"#, ErrorCode::ClaimDuplicate),
            (r#"{"fixed":1}"#, ErrorCode::ClaimDuplicate),
            (r#"{"a":1,"a":1}"#, ErrorCode::ClaimDuplicate),
            (r#"{"a":{"b":1,"b":1}}"#, ErrorCode::ClaimDuplicate),
            (r#"{"\u0065xp":1}"#, ErrorCode::ClaimReserved),
            (r#"{"iss":"x"}"#, ErrorCode::ClaimReserved),
            ("[]", ErrorCode::ClaimsNotObject),
            (r#"{"a":1}}"#, ErrorCode::ClaimsNotJson),
            ("", ErrorCode::ClaimsNotJson),
        ] {
            assert_eq!(mint(&claims, text).unwrap_err().code(), code, "{text}");
        }
    }
}
