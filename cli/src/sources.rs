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
/// Within one build a file is what it was when it was read first. What follows a configuration asks whether one has changed, and
/// builds anew with [`Sources::again`]: what was generated at the start stays.
#[derive(Default)]
pub(crate) struct Sources {
    folder: PathBuf,
    /// None where the file could not be read.
    files: BTreeMap<String, Option<Secret>>,
    generated: BTreeMap<(String, Algorithm), Key>,
    /// In the order in which they were asked for: where another one comes in front of them, they are others, too.
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

    /// For another build, which reads every file anew.
    pub(crate) fn again(&self) -> Self {
        let Sources { folder, files, generated, random, taken: _, warned } = self;
        let once = files.iter().filter(|(path, _)| keys::is_read_once(&folder.join(path)));
        let files = once.map(|(path, known)| (path.clone(), known.clone())).collect();
        let (folder, generated) = (folder.clone(), generated.clone());
        Sources { folder, files, generated, random: random.clone(), taken: 0, warned: warned.clone() }
    }

    /// The files of which the build knows another text than they have now, as the configuration names them.
    pub(crate) fn changed(&self) -> Vec<&str> {
        let changed = self.files.iter().filter(|(path, known)| {
            let path = self.folder.join(path);
            if keys::is_read_once(&path) {
                return false;
            }
            match (&keys::file(&path).ok(), known) {
                (Some(found), Some(known)) => !found.matches(known.expose()),
                (found, known) => found.is_some() != known.is_some(),
            }
        });
        changed.map(|(path, _)| path.as_str()).collect()
    }
}

impl Secrets for Sources {
    fn file(&mut self, path: &str) -> Result<Secret, Error> {
        if let Some(Some(known)) = self.files.get(path) {
            return Ok(known.clone());
        }
        let found = keys::file(&self.folder.join(path));
        self.files.insert(path.to_owned(), found.as_ref().ok().cloned());
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
        let name = (kid.to_owned(), alg);
        if let Some(known) = self.generated.get(&name) {
            return Ok(known.clone());
        }
        let key = keys::generate(kid, alg).map_err(refused)?;
        self.generated.insert(name, key.clone());
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
