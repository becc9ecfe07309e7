//! Entity tokens.

use super::entity_options::EntityOptions;
use super::entity_token;
use crate::describe::{Shape, described, shapes};
use crate::error::Result;
use crate::surface::secrets::invalid;
use crate::surface::table::{Hidden, Nothing, operations};
use crate::time::Lifetime;
use crate::values::SecretText;

operations! {
    "Entity tokens":

    /// Gives the holder of an API key a narrow token for an entity or a group, or for a user of one.
    /// An entity token renews itself: with itself as the bearer, for its own target, and never wider.
    entity_token(EntityTokenRequest) -> EntityToken, [
        Unauthenticated, Forbidden, NotFound, RateLimited, TokenExpired, LifetimeTooLong
    ]
        |issuer, input, context| issuer.entity_token(input.request()?, context);
    /// Ends the entity tokens of these sessions, or all of the organization's, that were issued until now.
    invalidate_tokens(InvalidateTokensRequest) -> Nothing, [Unauthenticated, Forbidden, RateLimited, TokenExpired]
        |issuer, input, context| issuer.invalidate_tokens(input.bearer.0, input.sessions, context);
}

described! {
    /// Asks for an entity token.
    #[json(read)]
    pub(crate) struct EntityTokenRequest {
        /// An API key, or an entity token to be renewed.
        bearer: SecretText,
        /// For whom.
        target: EntityTarget,
        /// How long it shall live; the issuer's default where it is left out.
        expires_in: Option<Lifetime>,
        /// What the front end may show and do.
        #[json(default)]
        options: EntityOptions,
    }

    /// Whom an entity token is for: an entity or a group, and maybe a user of it.
    #[json(read)]
    pub(crate) struct EntityTarget {
        /// The entity's id.
        entity: Option<String>,
        /// The group's id.
        group: Option<String>,
        /// The user's id.
        user: Option<String>,
    }

    /// A narrow token for a front end.
    #[json(write)]
    pub(crate) struct EntityToken {
        /// The token.
        token: Hidden,
    }

    /// Says which entity tokens end.
    #[json(read)]
    pub(crate) struct InvalidateTokensRequest {
        /// An API key.
        bearer: SecretText,
        /// The sessions whose tokens end; all tokens where it is left out.
        sessions: Option<Vec<String>>,
    }
}

shapes! {
    EntityOptions: Shape::Json;
}

impl EntityTokenRequest {
    fn request(self) -> Result<entity_token::EntityTokenRequest> {
        let target = match (self.target.entity, self.target.group, self.target.user) {
            (Some(entity), None, None) => entity_token::EntityTarget::Entity(entity),
            (Some(entity), None, Some(user)) => entity_token::EntityTarget::EntityUser(entity, user),
            (None, Some(group), None) => entity_token::EntityTarget::Group(group),
            (None, Some(group), Some(user)) => entity_token::EntityTarget::GroupUser(group, user),
            _ => return Err(invalid("target", "a target is an entity or a group, and maybe a user of it")),
        };
        let EntityTokenRequest { bearer, expires_in, options, .. } = self;
        Ok(entity_token::EntityTokenRequest { bearer: bearer.0, target, expires_in, options })
    }
}

impl From<String> for EntityToken {
    fn from(token: String) -> Self {
        EntityToken { token: token.into() }
    }
}
