//! For whom tokens are asked: entities, groups of them, and their users.

use crate::describe::described;
use crate::surface::table::{Nothing, operations};

operations! {
    "Entities, groups and users":

    /// Adds an entity that tokens can be minted for; the same entity again is no error.
    create_entity(Entity) -> Nothing, [AlreadyExists]
        |_issuer, input, context| super::create_entity(input.record(), context);
    /// Ends an entity.
    disable_entity(OwnedId) -> Nothing, [NotFound]
        |_issuer, input, context| super::disable_entity(&input.organization, &input.id, context);
    /// Adds a group of entities; the same group again is no error.
    create_group(Entity) -> Nothing, [AlreadyExists]
        |_issuer, input, context| super::create_group(input.record(), context);
    /// Ends a group.
    disable_group(OwnedId) -> Nothing, [NotFound]
        |_issuer, input, context| super::disable_group(&input.organization, &input.id, context);
    /// Adds a user of an entity, of a group, or of both; the same user again is no error.
    create_user(User) -> Nothing, [AlreadyExists]
        |_issuer, input, context| super::create_user(input.record(), context);
    /// Ends a user.
    disable_user(OwnedId) -> Nothing, [NotFound]
        |_issuer, input, context| super::disable_user(&input.organization, &input.id, context);
}

described! {
    /// An entity, or a group of entities, of an organization.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub(crate) struct Entity {
        /// Its id.
        pub(super) id: String,
        /// Its id in the organization's own system.
        pub(super) foreign_id: Option<String>,
        /// The organization that it belongs to.
        pub(super) organization: String,
    }

    /// Names a record by its owner and its id.
    #[json(read)]
    pub(crate) struct OwnedId {
        /// The organization that it belongs to.
        organization: String,
        /// Its id.
        id: String,
    }

    /// A user of an entity, of a group, or of both.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub(crate) struct User {
        /// Its id.
        pub(super) id: String,
        /// Its id in the organization's own system.
        pub(super) foreign_id: Option<String>,
        /// The organization that it belongs to.
        pub(super) organization: String,
        /// The entity that it is a user of.
        pub(super) entity: Option<String>,
        /// The group that it is a user of.
        pub(super) group: Option<String>,
    }
}

impl Entity {
    pub(super) fn record(self) -> super::Entity {
        let Entity { id, foreign_id, organization } = self;
        super::Entity { id, foreign_id, organization, disabled: false }
    }
}

impl User {
    pub(super) fn record(self) -> super::User {
        let User { id, foreign_id, organization, entity, group } = self;
        super::User { id, foreign_id, organization, entity, group, disabled: false }
    }
}
