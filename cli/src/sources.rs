//! What a configuration points to: files beside it, the environment, and randomness.

use std::path::{Path, PathBuf};

use tokenmint::config::Secrets;
use tokenmint::{Algorithm, Error, ErrorCode, Key, Secret};

use crate::failure::Failure;
use crate::keys;

/// The host's side of a configuration; relative paths begin at its folder.
pub(crate) struct Sources {
    folder: PathBuf,
}

impl Sources {
    pub(crate) fn beside(config: &Path) -> Self {
        Sources { folder: config.parent().map(Path::to_owned).unwrap_or_default() }
    }
}

impl Secrets for Sources {
    fn file(&mut self, path: &str) -> Result<Secret, Error> {
        keys::file(&self.folder.join(path)).map_err(refused)
    }

    fn env(&mut self, name: &str) -> Result<Secret, Error> {
        keys::env(name).map_err(refused)
    }

    fn generate_key(&mut self, kid: &str, alg: Algorithm) -> Result<Key, Error> {
        keys::generate(kid, alg).map_err(refused)
    }

    fn random(&mut self) -> Result<[u8; 32], Error> {
        keys::seed().map_err(refused)
    }
}

fn refused(failure: Failure) -> Error {
    Error::new(ErrorCode::PolicyInvalid).because(failure.text().to_owned())
}
