//! Entities, groups of them, and the users who act for either: whom the tokens of more than one dialect are about.
//!
//! Records are made once and disabled, never deleted: a disabled id cannot come back as somebody else.

use super::{Demonstration, Wing, response};
use crate::flow::directory::task;
use crate::json::object;
use crate::record::Lasting;
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::Context;
use names::ForeignName;

mod names;
pub(crate) mod operations;
pub(super) mod section;

/// It has no paths: it is what others serve.
pub(super) const WING: Wing = Wing { paths: &[], refuse: response::refusal };

/// It serves nothing.
pub(super) const DEMONSTRATION: Option<Demonstration> = None;

object! {
    /// Something that tokens are minted for: a company, an account.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct Entity {
        /// Its id.
        pub id: String,
        /// Its id in the organization's own system.
        #[json(omit)]
        pub foreign_id: Option<String>,
        /// The organization that it belongs to.
        pub organization: String,
        /// Whether it is refused.
        #[json(default)]
        pub disabled: bool,
    }
}

/// Several entities under one roof.
pub type Group = Entity;

object! {
    /// A person who acts for an entity or a group.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct User {
        /// Its id.
        pub id: String,
        /// Its id in the organization's own system, unique within the entity or group.
        #[json(omit)]
        pub foreign_id: Option<String>,
        /// The organization that it belongs to.
        pub organization: String,
        /// The entity that it acts for.
        #[json(omit)]
        pub entity: Option<String>,
        /// The group that it acts for.
        #[json(omit)]
        pub group: Option<String>,
        /// Whether it is refused.
        #[json(default)]
        pub disabled: bool,
    }
}

impl Lasting for Entity {}
impl Lasting for User {}

/// Creates an entity.
///
/// # Errors
/// `already_exists` for another entity of that id or foreign id in the organization.
pub fn create_entity(entity: Entity, context: &Context) -> Task<()> {
    task(context, |mut directory| async move { directory.create_named(EntityKind::Entity, &entity).await })
}

/// Refuses an entity from now on: no tokens for it or its users.
///
/// # Errors
/// `not_found`.
pub fn disable_entity(organization: &str, id: &str, context: &Context) -> Task<()> {
    disable_named(EntityKind::Entity, organization, id, context)
}

/// Creates a group of entities.
///
/// # Errors
/// `already_exists` for another group of that id or foreign id in the organization.
pub fn create_group(group: Group, context: &Context) -> Task<()> {
    task(context, |mut directory| async move { directory.create_named(EntityKind::Group, &group).await })
}

/// Refuses a group from now on.
///
/// # Errors
/// `not_found`.
pub fn disable_group(organization: &str, id: &str, context: &Context) -> Task<()> {
    disable_named(EntityKind::Group, organization, id, context)
}

/// Creates a user of an entity, a group, or both.
///
/// # Errors
/// `already_exists` for another user of that id, or of that foreign id in the entity or group.
pub fn create_user(user: User, context: &Context) -> Task<()> {
    task(context, |mut directory| async move {
        let user = &user;
        let key = user_key(&user.organization, &user.id);
        let mut names = Vec::new();
        if let Some(foreign_id) = &user.foreign_id {
            for parent in [&user.entity, &user.group].into_iter().flatten() {
                names.push((user_alias_key(&user.organization, parent, foreign_id), parent.clone()));
            }
        }
        let names: Vec<ForeignName<'_, User>> = names
            .iter()
            .map(|(alias, parent)| ForeignName {
                alias,
                foreign_id: user.foreign_id.as_deref().unwrap_or_default(),
                record: Box::new(|id| user_key(&user.organization, id)),
                agrees: Box::new(move |other: &User| {
                    let of_parent =
                        [&other.entity, &other.group].into_iter().flatten().any(|own| own == parent);
                    of_parent && other.foreign_id == user.foreign_id
                }),
            })
            .collect();
        directory.create_with(&key, user, "user", &user.id, &names).await
    })
}

/// Refuses a user from now on.
///
/// # Errors
/// `not_found`.
pub fn disable_user(organization: &str, id: &str, context: &Context) -> Task<()> {
    let (key, id) = (user_key(organization, id), id.to_owned());
    task(context, |mut directory| async move {
        directory
            .change(&key, "user", &id, |user: &mut User| {
                user.disabled = true;
                Ok(())
            })
            .await
    })
}

fn disable_named(kind: EntityKind, organization: &str, id: &str, context: &Context) -> Task<()> {
    let (key, id) = (kind.key(organization, id), id.to_owned());
    task(context, move |mut directory| async move {
        directory
            .change(&key, kind.name(), &id, |entity: &mut Entity| {
                entity.disabled = true;
                Ok(())
            })
            .await
    })
}

/// Entities and groups: the same record under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Entity,
    Group,
}

impl EntityKind {
    pub(crate) fn key(self, organization: &str, id: &str) -> RecordKey {
        RecordKey::of(self.name(), &[organization, id])
    }

    pub(crate) fn alias_key(self, organization: &str, foreign_id: &str) -> RecordKey {
        match self {
            EntityKind::Entity => RecordKey::of("entity-alias", &[organization, foreign_id]),
            EntityKind::Group => RecordKey::of("group-alias", &[organization, foreign_id]),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            EntityKind::Entity => "entity",
            EntityKind::Group => "group",
        }
    }
}

pub(crate) fn user_key(organization: &str, id: &str) -> RecordKey {
    RecordKey::of("user", &[organization, id])
}

pub(crate) fn user_alias_key(organization: &str, parent: &str, foreign_id: &str) -> RecordKey {
    RecordKey::of("user-alias", &[organization, parent, foreign_id])
}

object! {
    /// A foreign id: whose it is. The record that it points to must agree, or the alias counts for nothing.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Alias {
        pub(crate) id: String,
    }
}
