//! `bando consortium import`: a table of consortia, members and links, all of it or nothing.

use std::path::PathBuf;

use bando_proto::v1::ImportConsortiaRequest;

use super::tell_dry_run;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::output;
use crate::session::Session;
use crate::views::import::{Imported, RefusedRow};

/// Every column with a row of each kind.
pub(super) const SAMPLE: &str = include_str!("../../../../config/consortia.csv");

pub(super) async fn import(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let request = ImportConsortiaRequest {
        parent: session.programme()?,
        file: files::read_bytes(&file)?,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let answer = session.consortia()?.import_consortia(request).await?;
    let answer = answer.into_inner();
    if answer.refused_count == 0 {
        tell_dry_run(session);
        return session.output.one(&Imported::from(&answer));
    }
    let rows: Vec<RefusedRow> = answer.refused.iter().map(RefusedRow::from).collect();
    session.output.list(&rows, "no row is refused")?;
    output::talk("nothing was written");
    let name = files::name_of(&file);
    let message = format!("{name} has {} mistakes", answer.refused_count);
    Err(Failure::new(Exit::Findings, "IMPORT_REFUSED", message)
        .with_hint(format!("bando consortium import {name} --dry-run")))
}
