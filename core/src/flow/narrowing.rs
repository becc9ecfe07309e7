//! What a narrower token may say, beside its parent.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::check::ActiveToken;
use super::own_claims::{ACT, NARROWED_FROM};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::json::{JsonText, Object, elements};
use crate::policy::Narrowing;

/// How often a token can be narrowed again: each of its parents is asked for at every check.
const MOST_PARENTS: usize = 4;

/// The ids of the tokens that a token from this one is narrowed from.
pub(super) fn parents(parent: &ActiveToken, given: &Object<'_>) -> Result<Vec<String>> {
    let before = given.get(NARROWED_FROM).map(serde_json::from_str::<Vec<String>>).transpose();
    let mut parents = before.map_err(|_| ErrorCode::ClaimsShape)?.unwrap_or_default();
    // An opaque token of long ago has lost its claims, and with them what it is bound to.
    let Some(id) = parent.id.as_ref().filter(|_| given.get("jti").is_some()) else {
        return Err(field_invalid("token", "the token has no id"));
    };
    if parents.len() >= MOST_PARENTS {
        return Err(field_invalid("token", "the token was narrowed 4 times already"));
    }
    parents.push(id.clone());
    Ok(parents)
}

/// Whom the narrower token is for.
pub(super) fn audience(parent: &ActiveToken, asked: Vec<String>) -> Result<Vec<String>> {
    let all = &parent.audience;
    match asked {
        asked if asked.is_empty() => Ok(all.clone()),
        asked if all.is_empty() || asked.iter().all(|one| all.contains(one)) => Ok(asked),
        _ => {
            let error = Error::new(ErrorCode::InvalidTarget).at("audience");
            Err(error.because("the token is for another audience"))
        }
    }
}

#[derive(Serialize)]
pub(super) struct Acting<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Box<RawValue>>,
}

/// Who acts, and before whom.
pub(super) fn acting<'a>(actor: &'a str, given: &Object<'_>) -> Result<Acting<'a>> {
    #[derive(Deserialize)]
    struct MayAct {
        sub: Option<String>,
    }
    let may = given.get("may_act").and_then(|text| serde_json::from_str::<MayAct>(text).ok());
    if may.and_then(|may| may.sub).is_some_and(|only| only != actor) {
        let error = Error::new(ErrorCode::Forbidden).at("actor");
        return Err(error.because("the token says that another may act"));
    }
    let act = given.get(ACT).map(|text| RawValue::from_string(text.to_owned())).transpose();
    Ok(Acting { sub: actor, act: act.map_err(|_| ErrorCode::Internal)? })
}

impl Narrowing {
    /// Whether a value is within a parent's; both are JSON.
    pub(super) fn admits(self, asked: &str, parent: &str) -> bool {
        let same = |one: &str, other: &str| match (one.parse::<JsonText>(), other.parse::<JsonText>()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        match self {
            Narrowing::Equal => same(asked, parent),
            Narrowing::And => matches!((asked, parent), ("false", "false" | "true") | ("true", "true")),
            Narrowing::Subset => match (elements(asked), Object::parse(asked), Object::parse(parent)) {
                (Some(mut asked), ..) => asked.all(|one| {
                    elements(parent).is_some_and(|mut parent| parent.any(|known| same(one, known)))
                }),
                (None, Ok(asked), Ok(parent)) => {
                    asked.iter().all(|(name, value)| parent.get(name).is_some_and(|known| same(value, known)))
                }
                _ => false,
            },
        }
    }
}
