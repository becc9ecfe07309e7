//! Foreign ids: the names that an organization's own system has for its records.

use super::{Alias, Entity, EntityKind};
use crate::error::{ErrorCode, Result};
use crate::flow::directory::{Directory, exists};
use crate::json::FromJson;
use crate::record::{Decision, Draft, Lasting, decode_some};
use crate::store::RecordKey;

/// A foreign id that a record shall have: where its alias is, and which records stand behind such an alias.
pub(super) struct ForeignName<'a, T> {
    pub(super) alias: &'a RecordKey,
    pub(super) foreign_id: &'a str,
    pub(super) record: Box<dyn Fn(&str) -> RecordKey + Send + Sync + 'a>,
    pub(super) agrees: Box<dyn Fn(&T) -> bool + Send + Sync + 'a>,
}

impl Directory {
    pub(super) async fn create_named(&mut self, kind: EntityKind, entity: &Entity) -> Result<()> {
        let key = kind.key(&entity.organization, &entity.id);
        let alias = entity.foreign_id.as_ref().map(|id| (kind.alias_key(&entity.organization, id), id));
        let names: Vec<ForeignName<'_, Entity>> = alias
            .iter()
            .map(|(alias, foreign_id)| ForeignName {
                alias,
                foreign_id,
                record: Box::new(|id| kind.key(&entity.organization, id)),
                agrees: Box::new(|other: &Entity| other.foreign_id == entity.foreign_id),
            })
            .collect();
        self.create_with(&key, entity, kind.name(), &entity.id, &names).await
    }

    /// Creates a record with its foreign ids: first their aliases, so that a crash leaves none that lead astray.
    ///
    /// Until the record is there another may take an alias for left over. So they are claimed once more behind it:
    /// from then on nobody can take them, and whoever has lost one takes the record back.
    pub(super) async fn create_with<T>(
        &mut self,
        key: &RecordKey,
        record: &T,
        what: &'static str,
        id: &str,
        names: &[ForeignName<'_, T>],
    ) -> Result<()>
    where
        T: Lasting + FromJson + PartialEq + Sync,
    {
        for name in names {
            self.claim_alias(name, id).await?;
        }
        self.create(key, record, what, id).await?;
        for name in names {
            if let Err(error) = self.claim_alias(name, id).await {
                if error.code() == ErrorCode::AlreadyExists {
                    self.take_back(key, record).await?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Removes a record that is still as it was created.
    async fn take_back<T>(&mut self, key: &RecordKey, record: &T) -> Result<()>
    where
        T: FromJson + PartialEq + Sync,
    {
        (self.records)
            .update(key.clone(), |found: Option<T>| {
                let own = found.is_some_and(|found| found == *record);
                Ok(if own { Decision::Delete(()) } else { Decision::Leave(()) })
            })
            .await
    }

    /// Points a foreign id to `id`. An alias whose record was never written, or does not have that foreign id, is left
    /// over from a crash or a conflict: it is taken.
    async fn claim_alias<T: FromJson>(&mut self, name: &ForeignName<'_, T>, id: &str) -> Result<()> {
        let alias = Alias { id: id.to_owned() };
        let mut update = self.records.open(name.alias.clone()).await?;
        loop {
            if let Some(known) = update.found::<Alias>()? {
                if known == alias {
                    return Ok(());
                }
                let [other] = self.records.load([(name.record)(&known.id)]).await?;
                if decode_some::<T>(other.as_ref())?.is_some_and(|other| (name.agrees)(&other)) {
                    return Err(exists("foreign id", name.foreign_id));
                }
            }
            if self.records.write(&mut update, Draft::permanent(&alias)?).await? {
                return Ok(());
            }
        }
    }
}
