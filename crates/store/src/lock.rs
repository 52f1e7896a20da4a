//! The data folder: a network file system and a second daemon on the same `SQLite` file are
//! refused.

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
        let folder = database
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        refuse_network(folder.unwrap_or(Path::new(".")))?;
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

/// Locks and shared memory do not hold across machines, and `SQLite`'s journal rests on both
/// (sqlite.org/wal.html).
fn refuse_network(folder: &Path) -> Result<(), Error> {
    let stat = rustix::fs::statfs(folder)
        .map_err(|error| Error::internal(format!("{}: {error}", folder.display())))?;
    match network_name(i128::from(stat.f_type)) {
        None => Ok(()),
        Some(name) => Err(Error::internal(format!(
            "{} is on {name}, a network file system: the data folder must be on a local disk",
            folder.display()
        ))),
    }
}

/// The network file systems of `statfs(2)`, by their magic number.
fn network_name(magic: i128) -> Option<&'static str> {
    match magic & 0xFFFF_FFFF {
        0x6969 => Some("NFS"),
        0x517B => Some("SMB"),
        0xFF53_4D42 => Some("CIFS"),
        0xFE53_4D42 => Some("SMB2"),
        0x5346_414F => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x564C => Some("NCP"),
        0x00C3_6400 => Some("Ceph"),
        0x0BD0_0BD0 => Some("Lustre"),
        0x7461_636F => Some("OCFS2"),
        0x0116_1970 => Some("GFS2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        // As a 32-bit machine reports it: negative.
        assert_eq!(
            network_name(i128::from(0xFF53_4D42_u32.cast_signed())),
            Some("CIFS")
        );
        assert_eq!(network_name(0x6969), Some("NFS"));
        // ext4, xfs, btrfs, tmpfs, overlayfs
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630] {
            assert_eq!(network_name(local), None, "{local:x}");
        }
    }

    #[test]
    fn the_folder_of_the_tests_is_local() {
        assert_eq!(refuse_network(Path::new(".")), Ok(()));
    }
}
