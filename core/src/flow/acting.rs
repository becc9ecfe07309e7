//! Who acts with a token for its subject: `act` and `may_act` (RFC 8693 sections 4.1 and 4.4).

use serde::Serialize;
use serde_json::value::RawValue;

use super::Flow;
use super::check::ActiveToken;
use super::narrow::Narrow;
use super::narrowing::same;
use super::own_claims::{ACT, MAY_ACT};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::json::Object;
use crate::record::client::Client;

/// How many a token can name, one within the other.
const MOST_ACTORS: usize = 8;

/// Somebody who acts, or wants to.
pub(super) struct Actor {
    /// `sub` in `act`.
    subject: String,
    /// What is known of it: a JSON object of claims.
    claims: String,
}

impl Actor {
    /// One that the host, or the client's own authentication, answers for.
    pub(super) fn named(issuer: &str, subject: &str, client: Option<&str>) -> Result<Self> {
        #[derive(Serialize)]
        struct Known<'a> {
            iss: &'a str,
            sub: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            client_id: Option<&'a str>,
        }
        let known = Known { iss: issuer, sub: subject, client_id: client };
        let claims = serde_json::to_string(&known).map_err(|_| ErrorCode::Internal)?;
        Ok(Actor { subject: subject.to_owned(), claims })
    }

    /// The one that an actor token is about.
    pub(super) fn of(token: ActiveToken) -> Result<Self> {
        let claims = Object::of_token(token.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt)?;
        // In the chain of the subject's token there is no place for another chain, and none is hidden.
        if claims.get(ACT).is_some() {
            return Err(field_invalid("actor_token", "somebody else acts with the actor's token"));
        }
        match token.subject.filter(|subject| !subject.is_empty()) {
            Some(subject) => Ok(Actor { subject, claims: token.claims }),
            None => Err(field_invalid("actor_token", "the token is about nobody")),
        }
    }

    /// Refused at `field` where the claims of a subject's token say that another may act: `may_act` describes whoever may, by
    /// `sub`, `iss`, `client_id` or whatever else, and all of it must be so.
    pub(super) fn may_act(&self, given: &Object<'_>, field: &'static str) -> Result<()> {
        let Some(described) = given.get(MAY_ACT) else { return Ok(()) };
        let own = Object::of_token(self.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt)?;
        let is_meant = Object::parse(described).is_ok_and(|described| {
            // RFC 8693 section 4.4: these say nothing about who it is, and are not used.
            let who = || described.iter().filter(|(name, _)| !["exp", "nbf", "aud"].contains(name));
            who().next().is_some()
                && who().all(|(name, value)| own.get(name).is_some_and(|own| same(own, value)))
        });
        if is_meant {
            return Ok(());
        }
        let error = Error::new(ErrorCode::Forbidden).at(field);
        Err(error.because("the token says that another may act"))
    }

    /// `act`: this one, around those who acted before with the subject's token.
    pub(super) fn act<'a>(&'a self, given: &Object<'a>) -> Result<Act<'a>> {
        let before = given.get(ACT);
        let mut acted = before;
        for _ in 1..MOST_ACTORS {
            let Some(act) = acted else { break };
            acted = Object::parse(act).map_err(|_| ErrorCode::ClaimsShape)?.get(ACT);
        }
        if acted.is_some() {
            return Err(field_invalid("token", "the token names 8 actors already"));
        }
        let act = before.map(serde_json::from_str).transpose().map_err(|_| ErrorCode::ClaimsShape)?;
        Ok(Act { sub: &self.subject, act })
    }
}

impl Flow {
    /// Who is to act, and may; where nobody is named, whether the client may that has another's token.
    pub(super) async fn actor(
        &self,
        request: &Narrow,
        asker: Option<&Client>,
        stranger: Option<&Client>,
        given: &Object<'_>,
    ) -> Result<Option<Actor>> {
        let issuer = &self.issuer.policy().issuer;
        let (actor, field) = match (&request.actor, &request.actor_token, stranger) {
            (Some(actor), ..) => (Actor::named(issuer, actor, request.client.as_deref())?, "actor"),
            (None, Some(token), _) => (self.actor_of(token, asker).await?, "actor_token"),
            (None, None, Some(client)) => {
                Actor::named(issuer, &client.id, Some(&client.id))?.may_act(given, "client_id")?;
                return Ok(None);
            }
            (None, None, None) => return Ok(None),
        };
        actor.may_act(given, field)?;
        Ok(Some(actor))
    }

    /// The one that a token of this issuer is about, which stands, and is the asking client's where that is public.
    async fn actor_of(&self, token: &str, asker: Option<&Client>) -> Result<Actor> {
        let actor = match self.check_for_anybody(token).await {
            Ok((hanging, _)) => hanging.token,
            Err(error) if error.code().http_status() >= 500 => return Err(error),
            Err(error) => return Err(error.at("actor_token")),
        };
        match asker.filter(|client| client.public && actor.client.as_ref() != Some(&client.id)) {
            None => Actor::of(actor),
            Some(client) => {
                let error = Error::new(ErrorCode::Forbidden).at("actor_token");
                self.refuse(&client.id, error.because("a public client acts by its own tokens only"))
            }
        }
    }
}

/// The claim `act`.
#[derive(Serialize)]
pub(super) struct Act<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<&'a RawValue>,
}
