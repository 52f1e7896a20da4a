//! A disk small enough to be filled: a tmpfs with the data folder of one daemon.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
    filler: PathBuf,
}

impl SmallDisk {
    /// # Errors
    /// When it cannot be mounted, which only root may: this is never skipped.
    pub fn mount(megabytes: u32) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let size = format!("size={megabytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "bando-small-disk"])
            .arg(folder.path())
            .output()
            .context("mount cannot be run")?;
        ensure!(
            mounted.status.success(),
            "a full disk is tried out on a small tmpfs, which only root may mount (run the tests \
             as root, or in a container with CAP_SYS_ADMIN): {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        let filler = folder.path().join("filler");
        Ok(Self { folder, filler })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes what is left, to the last byte; answers how much that was.
    ///
    /// # Errors
    /// When writing fails for another reason than that the disk is full.
    pub fn fill(&self) -> anyhow::Result<u64> {
        let mut filler = File::options()
            .create(true)
            .append(true)
            .open(&self.filler)?;
        let block = [b'x'; 4096];
        let mut taken = 0;
        loop {
            match filler.write(&block) {
                Ok(0) => return Ok(taken),
                Ok(written) => taken += u64::try_from(written)?,
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(taken),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives back what `fill` took.
    ///
    /// # Errors
    /// When there is no filler.
    pub fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(&self.filler)?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the daemon that used it may be on its way out.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}
