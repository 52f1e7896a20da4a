//! The bytes of documents: one file per content, `ab/<sha256>`, in a folder that replicas share.
//! A file is written apart, synced and moved to its place before any row names it; what a crash
//! left without a row is swept away later.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bando_domain::media_type::HEAD;
use bando_domain::receipt::hex;
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use super::contents::ActiveNames;
use crate::clock;
use crate::entropy;

/// Where files are written until they are whole.
const INCOMING: &str = "incoming";
/// Where a sweep puts a file before it looks a last time.
const ASIDE: &str = "aside";
/// A file this old without a row belongs to nobody: longer than any upload lives.
pub const ORPHAN_AFTER: Duration = Duration::from_hours(24);

/// The folder. Only its owner may look inside.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: Arc<PathBuf>,
}

impl Blobs {
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        for part in [INCOMING, ASIDE] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder.join(part))?;
        }
        Ok(Self {
            folder: Arc::new(folder),
        })
    }

    /// A new file that is gone again unless it is kept.
    pub async fn incoming(&self) -> io::Result<Incoming> {
        let path = self
            .folder
            .join(INCOMING)
            .join(format!("{}.part", hex(&entropy::seed()[..16])));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await?;
        Ok(Incoming {
            blobs: self.clone(),
            file,
            path: Temporary(path),
            hasher: Sha256::new(),
            size: 0,
            head: Vec::with_capacity(HEAD),
            active: ActiveNames::default(),
        })
    }

    /// # Errors
    /// `NotFound` when there is no such content.
    pub async fn read(&self, sha256: &str) -> io::Result<File> {
        File::open(self.place(sha256)).await
    }

    fn place(&self, sha256: &str) -> PathBuf {
        let folder: String = sha256.chars().take(2).collect();
        self.folder.join(folder).join(sha256)
    }

    /// Hashes of the files that are old enough to be orphans.
    pub(super) async fn old(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut folders = fs::read_dir(&*self.folder).await?;
        while let Some(folder) = folders.next_entry().await? {
            if folder.file_name().len() != 2 {
                continue;
            }
            let mut files = fs::read_dir(folder.path()).await?;
            while let Some(file) = files.next_entry().await? {
                let name = file.file_name().to_string_lossy().into_owned();
                if is_old(&file.path()).await? {
                    found.push(name);
                }
            }
        }
        Ok(found)
    }

    /// Puts a file aside; `None` when it was written again meanwhile, and stays.
    pub(super) async fn put_aside(&self, sha256: &str) -> io::Result<Option<Aside>> {
        let (place, path) = (self.place(sha256), self.folder.join(ASIDE).join(sha256));
        fs::rename(&place, &path).await?;
        let aside = Aside { place, path };
        if is_old(&aside.path).await? {
            return Ok(Some(aside));
        }
        aside.put_back().await?;
        Ok(None)
    }

    /// What a sweep left aside when it was ended.
    pub(super) async fn left_aside(&self) -> io::Result<Vec<(String, Aside)>> {
        let mut found = Vec::new();
        let mut files = fs::read_dir(self.folder.join(ASIDE)).await?;
        while let Some(file) = files.next_entry().await? {
            let sha256 = file.file_name().to_string_lossy().into_owned();
            let (place, path) = (self.place(&sha256), file.path());
            found.push((sha256, Aside { place, path }));
        }
        Ok(found)
    }

    /// Removes what was never received to its end; answers how many.
    pub(super) async fn remove_abandoned(&self) -> io::Result<u64> {
        let mut removed = 0;
        let mut files = fs::read_dir(self.folder.join(INCOMING)).await?;
        while let Some(file) = files.next_entry().await? {
            if is_old(&file.path()).await? {
                fs::remove_file(file.path()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

async fn is_old(path: &Path) -> io::Result<bool> {
    let written = fs::metadata(path).await?.modified()?;
    Ok(clock::age(written) >= ORPHAN_AFTER)
}

/// A file that a sweep took from its place.
#[derive(Debug)]
pub(super) struct Aside {
    place: PathBuf,
    path: PathBuf,
}

impl Aside {
    pub(super) async fn put_back(&self) -> io::Result<()> {
        if let Some(folder) = self.place.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(&self.path, &self.place).await
    }

    pub(super) async fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path).await
    }
}

/// A file on its way in: written, hashed and looked into as it comes, a piece at a time.
#[derive(Debug)]
pub struct Incoming {
    blobs: Blobs,
    file: File,
    path: Temporary,
    hasher: Sha256,
    size: u64,
    head: Vec<u8>,
    active: ActiveNames,
}

impl Incoming {
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.active.look(bytes);
        self.file.write_all(bytes).await
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Waits for the disk.
    pub async fn whole(mut self) -> io::Result<Whole> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(Whole {
            blobs: self.blobs,
            path: self.path,
            sha256: hex(&self.hasher.finalize()),
            head: self.head,
            active: self.active,
        })
    }
}

/// A whole file that has no place yet.
#[derive(Debug)]
pub struct Whole {
    blobs: Blobs,
    path: Temporary,
    pub sha256: String,
    /// Its first bytes.
    pub head: Vec<u8>,
    pub active: ActiveNames,
}

impl Whole {
    pub fn path(&self) -> &Path {
        &self.path.0
    }

    /// Moves it to its place for good. The same content takes the place of the same content, and
    /// is young again, so that no sweep takes it from under its new row.
    pub async fn keep(self) -> io::Result<()> {
        let place = self.blobs.place(&self.sha256);
        let Some(folder) = place.parent().map(Path::to_owned) else {
            return Err(io::Error::other("a blob has a folder"));
        };
        let is_new = fs::metadata(&folder).await.is_err();
        if is_new {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .await?;
        }
        fs::rename(&self.path.0, &place).await?;
        File::open(&folder).await?.sync_all().await?;
        if is_new {
            File::open(&*self.blobs.folder).await?.sync_all().await?;
        }
        Ok(())
    }
}

/// The path of a file that is gone when it is dropped, unless it was moved away.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %self.0.display(), %error, "a refused file is left");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found
    }

    async fn written(blobs: &Blobs, text: &[u8]) -> Whole {
        let mut incoming = blobs.incoming().await.unwrap();
        incoming.write(text).await.unwrap();
        incoming.whole().await.unwrap()
    }

    #[tokio::test]
    async fn a_file_lies_under_its_hash_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let whole = written(&blobs, b"abc").await;
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(whole.sha256, hash);

        whole.keep().await.unwrap();
        written(&blobs, b"abc").await.keep().await.unwrap();

        let found = files(folder.path());
        assert_eq!(found, [folder.path().join("ba").join(hash)]);
        let mode = std::fs::metadata(&found[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn what_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let mut half = blobs.incoming().await.unwrap();
        half.write(b"half").await.unwrap();
        let whole = written(&blobs, b"whole").await;
        assert_eq!(files(folder.path()).len(), 2);

        drop((half, whole));

        assert!(files(folder.path()).is_empty());
    }

    #[tokio::test]
    async fn a_file_written_again_while_it_is_swept_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let whole = written(&blobs, b"abc").await;
        let hash = whole.sha256.clone();
        whole.keep().await.unwrap();
        assert!(blobs.old().await.unwrap().is_empty());

        assert!(blobs.put_aside(&hash).await.unwrap().is_none());

        assert!(blobs.read(&hash).await.is_ok());
    }
}
