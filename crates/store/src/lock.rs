//! A lock on the data folder: a second daemon on the same `SQLite` file is refused.

use std::fs::{File, OpenOptions};
use std::path::Path;

use fs4::fs_std::FileExt as _;

use crate::error::{Error, Kind};

/// Held as long as the store lives; the operating system lets go of it when the process ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    pub(crate) fn take(database: &Path) -> Result<Self, Error> {
        let path = database.with_extension("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
        match file.try_lock_exclusive() {
            Ok(true) => Ok(Self { _file: file }),
            Ok(false) => Err(Error::new(
                Kind::AlreadyExists,
                format!("another daemon holds {}", path.display()),
            )),
            Err(error) => Err(Error::internal(format!("{}: {error}", path.display()))),
        }
    }
}
