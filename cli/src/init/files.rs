//! Files that are all made, or none; nothing that was there is changed.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tokenmint::Secret;

use crate::failure::{Failure, Result};

/// What has been made so far. It goes again, unless it is [kept](Files::keep).
pub(super) struct Files<'a> {
    folder: &'a Path,
    /// In this order: a file after the folder that it is in.
    made: Vec<Made>,
}

enum Made {
    Folder(PathBuf),
    File(PathBuf),
}

impl<'a> Files<'a> {
    /// What is to be in this folder, which is made where it is not there.
    pub(super) fn new(folder: &'a Path) -> Result<Self> {
        let mut files = Files { folder, made: Vec::new() };
        let ancestors: Vec<&Path> = folder.ancestors().collect();
        for ancestor in ancestors.into_iter().rev().filter(|path| !path.as_os_str().is_empty()) {
            if !ancestor.is_dir() {
                files.made_by(ancestor, |path| DirBuilder::new().create(path))?;
                files.made.push(Made::Folder(ancestor.to_owned()));
            }
        }
        Ok(files)
    }

    /// A folder that only its owner can enter.
    pub(super) fn folder(&mut self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        self.made_by(&path, |path| {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path)
        })?;
        self.made.push(Made::Folder(path));
        Ok(())
    }

    /// A file that only its owner can read.
    pub(super) fn secret(&mut self, name: &str, secret: &Secret) -> Result<()> {
        self.file(name, 0o600, secret.expose())
    }

    pub(super) fn plain(&mut self, name: &str, text: &str) -> Result<()> {
        self.file(name, 0o644, text.as_bytes())
    }

    fn file(&mut self, name: &str, mode: u32, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = self.made_by(&path, |path| options.open(path))?;
        self.made.push(Made::File(path.clone()));
        let written = file.write_all(bytes).and_then(|()| match bytes.last() {
            Some(b'\n') => Ok(()),
            _ => file.write_all(b"\n"),
        });
        written.and_then(|()| file.sync_all()).map_err(|error| Failure::runtime(path.display(), error))
    }

    fn made_by<T>(&self, path: &Path, make: impl FnOnce(&Path) -> std::io::Result<T>) -> Result<T> {
        make(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::runtime(
                path.display(),
                "it is there already, and nothing is overwritten: give another --dir, or move it away",
            ),
            _ => Failure::runtime(path.display(), error),
        })
    }

    /// They stay; their paths.
    pub(super) fn keep(mut self) -> Vec<PathBuf> {
        let within = |path: &PathBuf| path != self.folder && path.starts_with(self.folder);
        let paths = std::mem::take(&mut self.made).into_iter().map(|made| match made {
            Made::Folder(path) | Made::File(path) => path,
        });
        paths.filter(within).collect()
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        for made in self.made.drain(..).rev() {
            // What cannot be removed stays; why all this failed is told.
            let _ = match made {
                Made::Folder(path) => std::fs::remove_dir(path),
                Made::File(path) => std::fs::remove_file(path),
            };
        }
    }
}
