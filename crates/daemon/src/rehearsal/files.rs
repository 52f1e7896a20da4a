//! The call's file and that of its programme, as a person names them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bando_domain::call_file::{self, Mistake};

use super::Files;

/// Why files cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every mistake of one file.
    #[error("{}", told(.0))]
    Mistakes(Vec<Mistake>),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

fn told(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Reads both; without `programme` it is looked for in `../programmes/` beside the call's file.
///
/// # Errors
/// `Mistakes` as `bando call check` tells them.
pub fn read(call: &Path, programme: Option<&Path>) -> Result<Files, Error> {
    let call_text = read_text(call)?;
    let programme = match programme {
        Some(path) => path.to_owned(),
        None => beside(call, &call_text)?,
    };
    let programme_text = read_text(&programme)?;
    let files = parse(
        (name_of(&programme), programme_text),
        (name_of(call), call_text),
    );
    files.map_err(Error::Mistakes)
}

/// From names and texts.
///
/// # Errors
/// Every mistake of the first file that has any.
pub fn parse(programme: (String, String), call: (String, String)) -> Result<Files, Vec<Mistake>> {
    let parsed_programme = call_file::parse_programme(&programme.0, &programme.1)?;
    let parsed = call_file::parse_call(&call.0, &call.1, &parsed_programme)?;
    Ok(Files {
        programme,
        call,
        parsed_programme,
        parsed,
    })
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// The file in the folder `programmes` beside the call's own folder whose programme the call's name
/// says, or the only one when it says none.
///
/// # Errors
/// The mistakes of a file that cannot be the one wanted only because it has some.
fn beside(call: &Path, text: &str) -> Result<PathBuf, Error> {
    let wanted = call_file::call_id(text).map(|id| id.programme().clone());
    let folder = call.parent().unwrap_or(Path::new(""));
    let folder = folder.join("..").join("programmes");
    let missing = || {
        format!(
            "no programme of this call in {}: name it with --programme-file",
            folder.display()
        )
    };
    let entries = std::fs::read_dir(&folder).with_context(missing)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error: std::io::Error| anyhow::Error::from(error))?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let mut unusable = None;
    for path in paths {
        match call_file::parse_programme(&name_of(&path), &read_text(&path)?) {
            Ok(programme) if wanted.as_ref().is_none_or(|wanted| programme.id == *wanted) => {
                return Ok(path);
            }
            Ok(_) => {}
            Err(mistakes) => unusable = unusable.or(Some(mistakes)),
        }
    }
    match unusable {
        Some(mistakes) => Err(Error::Mistakes(mistakes)),
        None => Err(anyhow::Error::msg(missing()).into()),
    }
}
