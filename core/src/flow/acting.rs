//! Who acts with a token for its subject: `act` and `may_act` (RFC 8693 sections 4.1 and 4.4).

use super::Flow;
use super::active_token::ActiveToken;
use super::holder::Holder;
use super::narrow::Narrow;
use super::narrowing::same;
use super::own_claims::{ACT, MAY_ACT};
use super::trusted::Trusted;
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::json::{self, Object, Ready, object};
use crate::record::client::Client;
use crate::token::confirmation::{CNF, Confirmation};

/// How many a token can name, one within the other.
const MOST_ACTORS: usize = 8;

/// Somebody who acts, or wants to.
pub(super) struct Actor {
    /// `sub` in `act`.
    subject: String,
    /// `iss` in `act`, where the subject is another issuer's.
    issuer: Option<String>,
    /// What is known of it: a JSON object of claims.
    claims: String,
    /// What is still to be used up.
    trusted: Option<Trusted>,
}

impl Actor {
    /// One that the host, or the client's own authentication, answers for.
    pub(super) fn named(issuer: &str, subject: &str, client: Option<&str>) -> Result<Self> {
        object! {
            #[json(write)]
            struct Known<'a> {
                iss: &'a str,
                sub: &'a str,
                #[json(omit)]
                client_id: Option<&'a str>,
            }
        }
        let known = Known { iss: issuer, sub: subject, client_id: client };
        let claims = json::to_text(&known);
        Ok(Actor { subject: subject.to_owned(), issuer: None, claims, trusted: None })
    }

    /// The one that an actor token is about.
    fn of(token: ActiveToken) -> Result<Self> {
        let actor = Actor {
            subject: token.subject.unwrap_or_default(),
            issuer: None,
            claims: token.claims,
            trusted: None,
        };
        actor.alone()
    }

    /// The one that a trusted issuer's token is about: by the names that it has there, or, where that issuer has no name, by
    /// the one that the rule gives.
    fn of_trusted(trusted: Trusted) -> Result<Self> {
        let issuer = trusted.verified.issuer();
        let subject = match &issuer {
            Some(_) => trusted.verified.subject().unwrap_or_default(),
            None => trusted.subject.clone(),
        };
        let claims = trusted.verified.json().to_owned();
        Actor { subject, issuer, claims, trusted: Some(trusted) }.alone()
    }

    /// Itself, where its token is about somebody, and nobody else acts with that: in the chain of the subject's token there
    /// is no place for another chain, and none is hidden.
    fn alone(self) -> Result<Self> {
        let claims = Object::of_token(self.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt)?;
        match (self.subject.as_str(), claims.get(ACT)) {
            ("", _) => Err(field_invalid("actor_token", "the token is about nobody")),
            (_, Some(_)) => Err(field_invalid("actor_token", "somebody else acts with the actor's token")),
            (_, None) => Ok(self),
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
    pub(super) fn act(&self, given: &Object<'_>) -> Result<String> {
        let before = given.get(ACT);
        let mut acted = before;
        for _ in 1..MOST_ACTORS {
            let Some(act) = acted else { break };
            acted = Object::parse(act).map_err(|_| ErrorCode::ClaimsShape)?.get(ACT);
        }
        if acted.is_some() {
            return Err(field_invalid("token", "the token names 8 actors already"));
        }
        let act = Act { sub: &self.subject, iss: self.issuer.as_deref(), act: before.map(Ready) };
        Ok(json::to_text(&act))
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
            (None, Some(token), _) => {
                (self.actor_of(token, asker, request.holder.as_ref()).await?, "actor_token")
            }
            (None, None, Some(client)) => {
                Actor::named(issuer, &client.id, Some(&client.id))?.may_act(given, "client_id")?;
                return Ok(None);
            }
            (None, None, None) => return Ok(None),
        };
        actor.may_act(given, field)?;
        Ok(Some(actor))
    }

    /// Whom an actor's token is about: one of this issuer, which stands, and is the asking client's where that is public; or one of
    /// a trusted issuer.
    async fn actor_of(&self, token: &str, asker: Option<&Client>, holder: Option<&Holder>) -> Result<Actor> {
        let (actor, client) = if self.is_anothers(token) {
            (Actor::of_trusted(self.trusted(token, "actor_token").await?)?, None)
        } else {
            let found =
                self.check_for_anybody(token).await.map_err(|error| match error.code().http_status() {
                    500.. => error,
                    _ => error.at("actor_token"),
                })?;
            let client = found.0.token.client.clone();
            if let Some(holder) = holder {
                let claims = Object::of_token(found.0.token.claims.as_bytes());
                let claims = claims.map_err(|_| ErrorCode::StoreCorrupt)?;
                let bound = Confirmation::read(claims.get(CNF)).and_then(|bound| holder.check_token(&bound));
                bound.map_err(|error| error.at("actor_token"))?;
            }
            (Actor::of(found.0.token)?, client)
        };
        match asker.filter(|asker| asker.public && client.as_ref() != Some(&asker.id)) {
            None => Ok(actor),
            Some(asker) => {
                let error = Error::new(ErrorCode::Forbidden).at("actor_token");
                self.refuse(&asker.id, error.because("a public client acts by its own tokens only"))
            }
        }
    }

    /// Uses up the actor's token, where it is good once: the last that is done before the new one is made.
    pub(super) async fn use_up_actor(&mut self, actor: &mut Option<Actor>) -> Result<()> {
        match actor.as_mut().and_then(|actor| actor.trusted.as_mut()) {
            Some(trusted) => self.use_up_trusted(trusted, "actor_token").await,
            None => Ok(()),
        }
    }
}

object! {
    /// The claim `act`.
    #[json(write)]
    struct Act<'a> {
        sub: &'a str,
        #[json(omit)]
        iss: Option<&'a str>,
        #[json(omit)]
        act: Option<Ready<'a>>,
    }
}
