//! `bando today`: what waits for somebody of the office.

use bando_proto::v1::{
    self, ListApplicationsRequest, ListLettersRequest, ListProposalsRequest, ListTimersRequest,
};

use super::call;
use crate::errors::Failure;
use crate::names::{last, short_call};
use crate::session::Session;
use crate::views::{seconds_of, today::Duty};

/// Most rows of a kind that are looked at.
const LIMIT: usize = 1_000;

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let mut duties = proposals(session).await?;
    for call in call::all(LIMIT, session).await? {
        duties.extend(of_call(&call, session).await?);
    }
    duties.extend(letters(session).await?);
    duties.extend(timers(session).await?);
    session.output.list(&duties, "nothing waits for you today")
}

async fn proposals(session: &Session) -> Result<Vec<Duty>, Failure> {
    let (mut client, parent) = (session.proposals()?, session.programme()?);
    let pending = session
        .all(LIMIT, async |page_size, page_token| {
            let request = ListProposalsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                filter: "state = pending".to_owned(),
            };
            let page = client.list_proposals(request).await?.into_inner();
            Ok((page.proposals, page.next_page_token))
        })
        .await?;
    let duty = |proposal: &v1::Proposal| Duty {
        what: format!("{} to approve", proposal.kind),
        subject: short_call(&proposal.call),
        due: seconds_of(proposal.expires_at.as_ref()),
        action: format!("bando proposal approve {}", last(&proposal.name)),
    };
    Ok(pending.iter().map(duty).collect())
}

/// What a call in its state asks for.
async fn of_call(call: &v1::Call, session: &Session) -> Result<Vec<Duty>, Failure> {
    let short = short_call(&call.name);
    let window = call.window.as_ref();
    let duty = |what: String, due: String, action: String| Duty {
        what,
        subject: short.clone(),
        due,
        action,
    };
    Ok(match call.state() {
        v1::CallState::Draft => {
            let opens = seconds_of(window.and_then(|window| window.opens_at.as_ref()));
            vec![duty(
                "call to publish".to_owned(),
                opens,
                format!("bando call publish {short}"),
            )]
        }
        v1::CallState::Closed => {
            let mut duties = Vec::new();
            for (state, what) in [("submitted", "to check"), ("under_check", "under check")] {
                let count = count(&call.name, state, session).await?;
                if count > 0 {
                    let what = format!("{count} applications {what}");
                    let action = format!("bando application list {short} --state {state}");
                    duties.push(duty(what, String::new(), action));
                }
            }
            if duties.is_empty() {
                let action = format!("bando ranking compute {short}");
                duties.push(duty("ranking to compute".to_owned(), String::new(), action));
            }
            duties
        }
        v1::CallState::Ranked => vec![duty(
            "award to propose".to_owned(),
            String::new(),
            format!("bando ranking show {short}"),
        )],
        v1::CallState::Unspecified
        | v1::CallState::Published
        | v1::CallState::Open
        | v1::CallState::Awarded => Vec::new(),
    })
}

async fn count(call: &str, state: &str, session: &Session) -> Result<usize, Failure> {
    let mut client = session.applications()?;
    let found = session
        .all(LIMIT, async |page_size, page_token| {
            let request = ListApplicationsRequest {
                parent: call.to_owned(),
                page_size,
                page_token,
                filter: format!("state = {state}"),
            };
            let page = client.list_applications(request).await?.into_inner();
            Ok((page.applications, page.next_page_token))
        })
        .await?;
    Ok(found.len())
}

/// Letters that only a person can bring on their way.
async fn letters(session: &Session) -> Result<Vec<Duty>, Failure> {
    let (mut client, parent) = (session.letters()?, session.programme()?);
    let mut duties = Vec::new();
    for state in ["failed", "uncertain", "bounced", "parked"] {
        let found = session
            .all(LIMIT, async |page_size, page_token| {
                let request = ListLettersRequest {
                    parent: parent.clone(),
                    page_size,
                    page_token,
                    filter: format!("state = {state}"),
                };
                let page = client.list_letters(request).await?.into_inner();
                Ok((page.letters, page.next_page_token))
            })
            .await?;
        if !found.is_empty() {
            duties.push(Duty {
                what: format!("{} letters {state}", found.len()),
                subject: last(&parent).to_owned(),
                due: String::new(),
                action: format!("bando letter list --state {state}"),
            });
        }
    }
    Ok(duties)
}

async fn timers(session: &Session) -> Result<Vec<Duty>, Failure> {
    let (mut client, parent) = (session.timers()?, session.programme()?);
    let parked = session
        .all(LIMIT, async |page_size, page_token| {
            let request = ListTimersRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                filter: "state = parked".to_owned(),
            };
            let page = client.list_timers(request).await?.into_inner();
            Ok((page.timers, page.next_page_token))
        })
        .await?;
    let duty = |timer: &v1::Timer| Duty {
        what: format!("timer parked: {}", timer.kind),
        subject: short_call(&timer.call),
        due: seconds_of(timer.nominal_at.as_ref()),
        action: "bando timer list --all".to_owned(),
    };
    Ok(parked.iter().map(duty).collect())
}
