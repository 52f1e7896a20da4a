//! Files that only their owner may read: the signing key and the first token.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use bando_workflow::{Signer, entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Reads the signing key, or makes it at the first start.
pub fn signer(path: &Path) -> anyhow::Result<Signer> {
    if !path.exists() {
        write_secret(path, &BASE64.encode(entropy::seed()))?;
    }
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{}: mode {mode:o} lets others read the signing key; it must be 600",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let bytes = BASE64
        .decode(text.trim())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(secret) = bytes else {
        bail!("{}: 32 bytes of base64 expected", path.display());
    };
    Ok(Signer::new(&secret))
}

/// Writes a file of mode 0600, whole and on disk, in place of any before it.
pub fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let temporary = path.with_extension("part");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| temporary.display().to_string())?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");

        let first = signer(&path).unwrap().key_id();

        assert_eq!(signer(&path).unwrap().key_id(), first);
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(signer(&path).is_err());
    }
}
