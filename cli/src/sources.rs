//! What a configuration points to: files beside it, the environment, and randomness.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tokenmint::config::Secrets;
use tokenmint::{Algorithm, Error, ErrorCode, Key, Secret};
use tracing::warn;

use crate::failure::Failure;
use crate::keys;

/// The host's side of a configuration; relative paths begin at its folder.
///
/// A configuration can be built again: all but key rings is what it was the first time.
#[derive(Default)]
pub(crate) struct Sources {
    folder: PathBuf,
    files: BTreeMap<String, Secret>,
    /// None where the file could not be read.
    rings: BTreeMap<String, Option<Secret>>,
    generated: BTreeMap<String, Key>,
    random: Vec<[u8; 32]>,
    /// How many of `random` this build has taken.
    taken: usize,
    /// The variables of which the operator was told that they end with a line break.
    warned: BTreeSet<String>,
}

impl Sources {
    pub(crate) fn beside(config: &Path) -> Self {
        Sources { folder: config.parent().map(Path::to_owned).unwrap_or_default(), ..Sources::default() }
    }

    /// Where relative paths of the configuration begin.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Prepares for another build.
    pub(crate) fn rewind(&mut self) {
        self.taken = 0;
    }

    /// Reads the key rings again, and says whether one of them has changed.
    pub(crate) fn rings_changed(&mut self) -> bool {
        let mut changed = false;
        for (path, known) in &mut self.rings {
            let found = keys::file(&self.folder.join(path)).ok();
            let same = match (&found, &*known) {
                (Some(found), Some(known)) => found.matches(known.expose()),
                (found, known) => found.is_none() && known.is_none(),
            };
            if !same {
                (*known, changed) = (found, true);
            }
        }
        changed
    }
}

impl Secrets for Sources {
    fn file(&mut self, path: &str) -> Result<Secret, Error> {
        if let Some(known) = self.files.get(path) {
            return Ok(known.clone());
        }
        let found = keys::file(&self.folder.join(path)).map_err(refused)?;
        self.files.insert(path.to_owned(), found.clone());
        Ok(found)
    }

    fn ring_file(&mut self, path: &str) -> Result<Secret, Error> {
        if let Some(Some(known)) = self.rings.get(path) {
            return Ok(known.clone());
        }
        let found = keys::file(&self.folder.join(path));
        self.rings.insert(path.to_owned(), found.as_ref().ok().cloned());
        found.map_err(refused)
    }

    fn env(&mut self, name: &str) -> Result<Secret, Error> {
        let found = keys::env(name).map_err(refused)?;
        if keys::ends_with_line_break(&found) && self.warned.insert(name.to_owned()) {
            warn!(target: "tokenmint::keys", variable = name, "it ends with a line break, which is a part of the secret");
        }
        Ok(found)
    }

    fn generate_key(&mut self, kid: &str, alg: Algorithm) -> Result<Key, Error> {
        if let Some(known) = self.generated.get(kid) {
            return Ok(known.clone());
        }
        let key = keys::generate(kid, alg).map_err(refused)?;
        self.generated.insert(kid.to_owned(), key.clone());
        Ok(key)
    }

    fn random(&mut self) -> Result<[u8; 32], Error> {
        // The same configuration asks in the same order.
        if self.taken == self.random.len() {
            self.random.push(keys::seed().map_err(refused)?);
        }
        self.taken += 1;
        self.random.get(self.taken - 1).copied().ok_or_else(|| ErrorCode::Internal.into())
    }

    fn keys_at(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

fn refused(failure: Failure) -> Error {
    Error::new(ErrorCode::PolicyInvalid).because(failure.text().to_owned())
}
