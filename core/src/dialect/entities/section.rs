//! The sections of a configuration, and the records that they become.

use super::operations::{Entity, User};
use crate::dialect::section::{Assemble, create, no_twins, sections};
use crate::error::{Error, ErrorCode, Result};
use crate::store::MemoryStore;
use crate::values::shown;

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
            create(records, |context| super::create_entity(entity.clone().record(), context))?;
        }
        for group in &self.groups {
            create(records, |context| super::create_group(group.clone().record(), context))?;
        }
        for user in &self.users {
            create(records, |context| super::create_user(user.clone().record(), context))?;
        }
        Ok(())
    }
}

impl Entity {
    fn names(&self) -> Vec<(&'static str, Vec<&str>)> {
        let foreign = self.foreign_id.iter().map(|id| ("foreign_id", vec![&*self.organization, &**id]));
        std::iter::once(("id", vec![&*self.organization, &*self.id])).chain(foreign).collect()
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
