//! `bando call clone|diff`: the next edition of a call, and what differs between two.

use bando_proto::v1::{CloneCallRequest, CompareCallsRequest};
use clap::Args;

use super::tell_dry_run;
use crate::errors::Failure;
use crate::names;
use crate::session::Session;
use crate::views::comparison::{Cloned, Difference};

#[derive(Debug, Args)]
pub(crate) struct Clone {
    /// The edition to clone, such as er/2016.
    call: String,
    /// The year in which the next edition opens.
    #[arg(long)]
    year: i32,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// An edition, such as er/2016.
    call: String,
    /// The other one, such as er/2027.
    other: String,
}

pub(crate) async fn clone(wanted: Clone, session: &Session) -> Result<(), Failure> {
    let request = CloneCallRequest {
        name: session.call(&wanted.call)?,
        year: wanted.year,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let cloned = session.calls()?.clone_call(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Cloned::from(&cloned))
}

pub(crate) async fn diff(wanted: Diff, session: &Session) -> Result<(), Failure> {
    let request = CompareCallsRequest {
        name: session.call(&wanted.call)?,
        other: names::call(&wanted.other, &session.globals.programme)?,
    };
    let compared = session.calls()?.compare_calls(request).await?.into_inner();
    let rows: Vec<Difference> = compared.differences.iter().map(Difference::from).collect();
    session.output.list(&rows, "the two editions say the same")
}
