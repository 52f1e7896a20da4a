//! Files that commands read and write. What is saved never replaces a file that is there: a
//! receipt or a secret cannot be asked for a second time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::errors::{Exit, Failure};
use crate::output;

/// Mode of a file with a secret.
pub(crate) const PRIVATE: u32 = 0o600;
/// Mode of a file that anybody may read, before the umask.
pub(crate) const PUBLIC: u32 = 0o666;

/// The text of a file; `-` is standard input.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    text.map_err(|error| unreadable(path, &error))
}

/// The bytes of a file.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// The name of a file as messages show it.
pub(crate) fn name_of(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot read {}: {error}", path.display());
    Failure::new(Exit::Failure, "FILE_UNREADABLE", message)
}

/// A new file, made before the daemon is asked for what goes into it, so that an answer given
/// once has a place to go. Dropped unwritten, it is removed again.
#[derive(Debug)]
pub(crate) struct Reserved {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl Reserved {
    pub(crate) fn new(path: &Path, mode: u32) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path);
        match file {
            Ok(file) => Ok(Self {
                path: path.to_owned(),
                file,
                is_written: false,
            }),
            Err(error) => Err(unwritable(path, &error)),
        }
    }

    /// Writes the whole content and waits for the disk.
    pub(crate) fn write(mut self, content: &[u8]) -> Result<(), Failure> {
        self.append(content)?;
        self.keep()
    }

    /// Writes a piece of what comes piece by piece.
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(piece);
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Waits for the disk; from here on the file stays.
    pub(crate) fn keep(mut self) -> Result<(), Failure> {
        let synced = self.file.sync_all();
        synced.map_err(|error| unwritable(&self.path, &error))?;
        self.is_written = true;
        output::talk(&format!("wrote {}", self.path.display()));
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.is_written {
            // The failure that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Failure::new(Exit::Failure, "FILE_UNWRITABLE", message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_written_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");

        Reserved::new(&path, PRIVATE)
            .unwrap()
            .write(b"secret\n")
            .unwrap();

        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read_text(&path).unwrap(), "secret\n");
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt.json");
        fs::write(&path, "the first").unwrap();

        assert!(Reserved::new(&path, PUBLIC).is_err());
        assert_eq!(read_text(&path).unwrap(), "the first");
    }

    #[test]
    fn a_reserved_file_without_content_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt.json");

        drop(Reserved::new(&path, PUBLIC).unwrap());

        assert!(!path.exists());
    }
}
