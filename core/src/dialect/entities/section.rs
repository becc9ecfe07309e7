//! The sections of a configuration, and the records that they become.

use serde::Deserialize;

use crate::dialect::section::{Assemble, create, no_twins, sections};
use crate::error::{Error, ErrorCode, Result};
use crate::store::MemoryStore;
use crate::values::shown;

/// An entity, or a group of entities.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entity {
    /// Its id.
    id: String,
    /// Its id in the organization's own system.
    foreign_id: Option<String>,
    /// The organization that it belongs to.
    organization: String,
}

/// A person who acts for an entity, a group, or both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    /// Its id.
    id: String,
    /// Its id in the organization's own system.
    foreign_id: Option<String>,
    /// The organization that it belongs to.
    organization: String,
    /// The id of the entity that it acts for.
    entity: Option<String>,
    /// The id of the group that it acts for.
    group: Option<String>,
}

sections! {
    pub(crate) struct Sections {
        entities: Vec<Entity>,
        groups: Vec<Entity>,
        users: Vec<User>,
    }
}

impl Assemble for Sections {
    fn create(&self, records: &MemoryStore) -> Result<()> {
        for (at, user) in self.users.iter().enumerate() {
            user.check(self).map_err(|error| error.within(&format!("users[{at}]")))?;
        }
        no_twins("entities", self.entities.iter().map(Entity::names))?;
        no_twins("groups", self.groups.iter().map(Entity::names))?;
        no_twins("users", self.users.iter().map(User::names))?;
        for entity in &self.entities {
            create(records, |context| super::create_entity(entity.record(), context))?;
        }
        for group in &self.groups {
            create(records, |context| super::create_group(group.record(), context))?;
        }
        for user in &self.users {
            create(records, |context| super::create_user(user.record(), context))?;
        }
        Ok(())
    }
}

impl Entity {
    fn names(&self) -> Vec<(&'static str, Vec<&str>)> {
        let foreign = self.foreign_id.iter().map(|id| ("foreign_id", vec![&*self.organization, &**id]));
        std::iter::once(("id", vec![&*self.organization, &*self.id])).chain(foreign).collect()
    }

    fn record(&self) -> super::Entity {
        super::Entity {
            id: self.id.clone(),
            foreign_id: self.foreign_id.clone(),
            organization: self.organization.clone(),
            disabled: false,
        }
    }
}

impl User {
    fn names(&self) -> Vec<(&'static str, Vec<&str>)> {
        let mut names = vec![("id", vec![&*self.organization, &*self.id])];
        for (kind, parent) in [("entity", &self.entity), ("group", &self.group)] {
            if let (Some(parent), Some(foreign)) = (parent, &self.foreign_id) {
                names.push(("foreign_id", vec![&*self.organization, kind, &**parent, &**foreign]));
            }
        }
        names
    }

    fn record(&self) -> super::User {
        super::User {
            id: self.id.clone(),
            foreign_id: self.foreign_id.clone(),
            organization: self.organization.clone(),
            entity: self.entity.clone(),
            group: self.group.clone(),
            disabled: false,
        }
    }

    /// Whether whom it acts for is there: a mistyped id would only show as a user who is never found.
    fn check(&self, sections: &Sections) -> Result<()> {
        let invalid = |field: &'static str, text: String| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.entity.is_none() && self.group.is_none() {
            return invalid("entity", "a user acts for an entity, a group, or both".to_owned());
        }
        let parents = [
            ("entity", &self.entity, &sections.entities, "[[entities]]"),
            ("group", &self.group, &sections.groups, "[[groups]]"),
        ];
        for (field, wanted, list, section) in parents {
            let Some(wanted) = wanted else { continue };
            if !list.iter().any(|one| one.id == *wanted && one.organization == self.organization) {
                return invalid(
                    field,
                    format!(
                        "{section} has no {} of the organization {}",
                        shown(wanted),
                        shown(&self.organization)
                    ),
                );
            }
        }
        Ok(())
    }
}
