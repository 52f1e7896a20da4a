//! What is really inside a file: its first bytes against the format it is said to have, and for
//! the office formats, which are zip archives, their central directory. Nothing is unpacked.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use bando_domain::document::{Mark, Refusal};
use bando_domain::media_type::MediaType;
use zip::read::Config;
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::disk;
use crate::error::Error;

/// Most entries of an archive.
const MOST_ENTRIES: u64 = 2_000;
/// How many times its size an archive may unpack to.
const MOST_RATIO: u64 = 100;
/// The list of parts that every office file has.
const PARTS_LIST: &str = "[Content_Types].xml";

/// Checks a whole file; answers what an officer should know before opening it. It reads the
/// file, so it belongs where blocking is allowed.
pub(super) fn check(
    path: &Path,
    declared: MediaType,
    head: &[u8],
    active: &ActiveNames,
) -> Result<Vec<Mark>, Error> {
    if !declared.begins(head) {
        let found = infer::get(head).map_or("no known format", |kind| kind.mime_type());
        return Err(other_content(declared, found));
    }
    match declared {
        MediaType::Docx | MediaType::Xlsx => check_archive(path, declared),
        MediaType::Pdf => Ok(active.marks()),
        MediaType::P7m | MediaType::Jpg | MediaType::Png => Ok(Vec::new()),
    }
}

fn other_content(declared: MediaType, found: &str) -> Error {
    let found = found.to_owned();
    Refusal::OtherContent { declared, found }.into()
}

/// What the entries of an archive come to.
#[derive(Default)]
struct Sums {
    packed: u64,
    unpacked: u64,
    has_parts_list: bool,
    has_main_part: bool,
    has_macros: bool,
}

fn check_archive(path: &Path, declared: MediaType) -> Result<Vec<Mark>, Error> {
    let file = File::open(path).map_err(disk)?;
    let size = file.metadata().map_err(disk)?.len();
    let mut archive =
        ZipIterable::try_new(BufReader::new(file), Config::default()).map_err(unreadable)?;
    let count = u64::try_from(archive.len()).unwrap_or(u64::MAX);
    if count > MOST_ENTRIES {
        let limit = MOST_ENTRIES;
        return Err(Refusal::ArchiveEntries { count, limit }.into());
    }
    let mut sums = Sums::default();
    for entry in archive.files().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?;
        if leads_out(&name) {
            let entry = shown(&name);
            return Err(Refusal::ArchivePath { entry }.into());
        }
        if entry.is_symlink() {
            let entry = shown(&name);
            return Err(Refusal::ArchiveLink { entry }.into());
        }
        if entry.encrypted() {
            return Err(cause("an entry is encrypted"));
        }
        sums.packed = sums.packed.saturating_add(entry.compressed_size());
        sums.unpacked = sums.unpacked.saturating_add(entry.size());
        sums.has_parts_list |= name == PARTS_LIST;
        let part_folder = declared.part_folder().unwrap_or_default();
        sums.has_main_part |= name.starts_with(part_folder);
        sums.has_macros |= name.to_ascii_lowercase().ends_with("vbaproject.bin");
    }
    if sums.packed > size {
        return Err(cause("its entries overlap"));
    }
    if sums.unpacked > size.saturating_mul(MOST_RATIO) {
        return Err(Refusal::ArchiveRatio {
            packed: size,
            unpacked: sums.unpacked,
            limit: MOST_RATIO,
        }
        .into());
    }
    if !sums.has_parts_list || !sums.has_main_part {
        return Err(other_content(declared, "application/zip"));
    }
    Ok(if sums.has_macros {
        vec![Mark::Macros]
    } else {
        Vec::new()
    })
}

/// Whether unpacking this entry would write outside the folder it is unpacked into, by the rules
/// of any system.
fn leads_out(name: &str) -> bool {
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    name.is_empty()
        || name.starts_with(['/', '\\'])
        || has_drive
        || name.contains('\0')
        || name.split(['/', '\\']).any(|part| part == "..")
}

fn unreadable(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => disk(error),
        other => cause(&other.to_string()),
    }
}

fn cause(text: &str) -> Error {
    let cause = text.to_owned();
    Refusal::ArchiveUnreadable { cause }.into()
}

/// A name as a message may carry it.
fn shown(name: &str) -> String {
    let printable = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(100).collect()
}

/// Looks for the names of active content of a PDF in a stream of pieces.
#[derive(Debug, Default)]
pub struct ActiveNames {
    /// The end of the piece before, where a name may have begun.
    rest: Vec<u8>,
    script: bool,
    launch: bool,
}

impl ActiveNames {
    const SCRIPT: [&'static [u8]; 2] = [b"/JavaScript", b"/JS"];
    const LAUNCH: [&'static [u8]; 1] = [b"/Launch"];
    /// The longest name and the byte that ends it.
    const LONGEST: usize = 12;

    pub(super) fn look(&mut self, bytes: &[u8]) {
        if !self.rest.is_empty() {
            let kept = self.rest.len();
            self.rest
                .extend_from_slice(&bytes[..bytes.len().min(Self::LONGEST)]);
            let seam = std::mem::take(&mut self.rest);
            self.find(&seam);
            self.rest = seam;
            self.rest.truncate(kept);
        }
        self.find(bytes);
        self.rest.extend_from_slice(bytes);
        let surplus = self.rest.len().saturating_sub(Self::LONGEST);
        self.rest.drain(..surplus);
    }

    fn find(&mut self, bytes: &[u8]) {
        let names = |names: &[&[u8]]| names.iter().any(|name| has_name(bytes, name));
        self.script = self.script || names(&Self::SCRIPT);
        self.launch = self.launch || names(&Self::LAUNCH);
    }

    fn marks(&self) -> Vec<Mark> {
        let all = [(self.script, Mark::Script), (self.launch, Mark::Launch)];
        all.into_iter()
            .filter_map(|(found, mark)| found.then_some(mark))
            .collect()
    }
}

/// Whether `name` stands there as a whole name.
fn has_name(bytes: &[u8], name: &[u8]) -> bool {
    let ends = |at: usize| {
        bytes
            .get(at + name.len())
            .is_some_and(|next| !next.is_ascii_alphanumeric())
    };
    let mut slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.any(|(at, _)| bytes[at..].starts_with(name) && ends(at))
}

#[cfg(test)]
mod tests;
