//! What a narrower token may say, beside its parent.

use super::active_token::ActiveToken;
use super::own_claims::{FROM_CLIENTS, MAY_ACT};
use super::standing::Hanging;
use super::status::STATUS;
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::json::{self, JsonMembers, JsonText, Object, elements};
use crate::policy::{Narrowing, Policy};
use crate::record::access::Lineage;
use crate::registered::REGISTERED;
use crate::scope;
use crate::time::UnixTime;
use crate::token::confirmation::CNF;

/// How often a token can be narrowed again: each of its parents is asked for at every check.
const MOST_PARENTS: usize = 8;

/// What a token from this one comes from, where it is issued to `client`.
pub(super) fn lineage(parent: &Hanging, given: &Object<'_>, client: Option<&str>) -> Result<Lineage> {
    let Hanging { token, lineage, .. } = parent;
    let Lineage { mut narrowed_from, mut from_clients } = lineage.clone();
    // An opaque token of long ago has lost its claims, and with them what it is bound to.
    let Some(id) = token.id.as_ref().filter(|_| given.get("jti").is_some()) else {
        return Err(field_invalid("token", "the token has no id"));
    };
    if narrowed_from.len() >= MOST_PARENTS {
        return Err(field_invalid("token", "the token was narrowed 8 times already"));
    }
    narrowed_from.push(id.clone());
    // What has no client is under the watermark of the empty one.
    let (own, client) = (token.client.clone().unwrap_or_default(), client.unwrap_or_default());
    from_clients.retain(|known| *known != own && known != client);
    from_clients.extend(Some(own).filter(|own| own != client));
    Ok(Lineage { narrowed_from, from_clients })
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

/// What it allows: what is asked for, or all that the parent does, and of that only what is `allowed` where something is.
pub(super) fn scope(
    parent: &ActiveToken,
    asked: Option<String>,
    allowed: Option<&str>,
) -> Result<Option<String>> {
    let all = parent.scope.as_deref();
    let Some(asked) = asked else {
        return Ok(all.map(|all| allowed.map_or(all.to_owned(), |allowed| scope::common(all, allowed))));
    };
    scope::check_within(&asked, all.unwrap_or_default())?;
    allowed.map_or(Ok(()), |allowed| scope::check_within(&asked, allowed))?;
    Ok(Some(asked))
}

/// The claims of a token, with narrower ones in place of some.
pub(super) fn claims(
    policy: &Policy,
    parent: &ActiveToken,
    given: &Object<'_>,
    asked: &JsonMembers,
) -> Result<Claims> {
    let claims = parent
        .subject
        .iter()
        .fold(Claims::with_room(8, parent.claims.len()), |claims, subject| claims.subject(&**subject));
    let begins = given.get("nbf").and_then(json::number);
    let begins = begins.map(|seconds| UnixTime::from_seconds(seconds.ceil() as i64));
    let claims = begins.into_iter().fold(claims, Claims::not_before);
    let own = |name: &str| {
        REGISTERED.contains(&name) || name == FROM_CLIENTS || name == STATUS && policy.status_lists.is_some()
    };
    let custom = given.iter().filter(|(name, _)| !own(name));
    let claims = custom.fold(claims, |claims, (name, value)| claims.set_json(name.to_owned(), value));
    asked.iter().try_fold(claims, |claims, (name, value)| {
        // With less in it more may act, or use the token.
        let rule = if [MAY_ACT, CNF].contains(&name.as_str()) {
            Narrowing::Equal
        } else {
            policy.narrowing_of(name)
        };
        if !given.get(name).is_some_and(|parent| rule.admits(value.as_str(), parent)) {
            let text = format!("{name:?} would be more than the token's");
            return Err(Error::new(ErrorCode::FieldInvalid).at("claims").because(text));
        }
        Ok(claims.set_json(name.clone(), value.as_str()))
    })
}

/// Whether two values are the same; both are JSON.
pub(super) fn same(one: &str, other: &str) -> bool {
    match (one.parse::<JsonText>(), other.parse::<JsonText>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

impl Narrowing {
    /// Whether a value is within a parent's; both are JSON.
    fn admits(self, asked: &str, parent: &str) -> bool {
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
