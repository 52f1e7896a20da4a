//! Which consortia a topic concerns now.

use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::Call;
use bando_domain::consortium::Consortium;
use bando_domain::eligibility;
use bando_domain::ids::ConsortiumId;
use bando_domain::reminder::{About, Topic, accreditation_gap, members_gap};
use bando_store::{Db, PageQuery, applications, consortia, reminders};
use chrono::{DateTime, Utc};

use super::Duty;
use crate::correspondence;
use crate::documents;
use crate::error::Error;

/// Rows read at a time.
const PAGE: u64 = 500;

/// Everybody, or only `own`, whom the topic concerns at `now`.
pub(super) async fn duties<D: Db>(
    db: &D,
    call: &Call,
    topic: Topic,
    now: DateTime<Utc>,
    own: Option<ConsortiumId>,
) -> Result<Vec<Duty>, Error> {
    if !topic.concerns(call, now) {
        return Ok(Vec::new());
    }
    let window = &call.terms.window;
    let (opens_at, closes_at) = (window.opens_at, window.closes_at);
    match topic {
        Topic::DraftNotSubmitted => of_drafts(db, call, now, own).await,
        Topic::CallOpens | Topic::NoDraft => {
            let applicants = reminders::applicants(db, &call.id).await?;
            let about = if topic == Topic::NoDraft {
                About::NoDraft { closes_at }
            } else {
                About::CallOpens {
                    opens_at,
                    closes_at,
                }
            };
            of_register(db, call, own, |known| {
                (!applicants.contains(&known.id)).then(|| about.clone())
            })
            .await
        }
        Topic::Accreditation => {
            let day = window.zone.day(closes_at);
            of_register(db, call, own, |known| {
                accreditation_gap(&known.profile, day).map(|expires_on| About::Accreditation {
                    expires_on,
                    closes_at,
                })
            })
            .await
        }
        Topic::MembersBelowMinimum => {
            let (day, rules) = (window.zone.day(now), &call.terms.rules.members);
            of_register(db, call, own, |known| {
                members_gap(&known.profile, rules, day).map(|(members, minimum)| {
                    About::MembersBelowMinimum {
                        members,
                        minimum,
                        closes_at,
                    }
                })
            })
            .await
        }
        Topic::ProcedureEnding
        | Topic::SuspensionEnding
        | Topic::DeliveryUnrecorded
        | Topic::EvaluatorLate
        | Topic::ProposalExpiring
        | Topic::LetterFailed => Ok(Vec::new()),
    }
}

/// The consortia of the register of whom there is something to say.
async fn of_register<D: Db>(
    db: &D,
    call: &Call,
    own: Option<ConsortiumId>,
    said: impl Fn(&Consortium) -> Option<About>,
) -> Result<Vec<Duty>, Error> {
    let mut found = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let listed = consortia::list(db, call.id.programme(), own, &page).await?;
        for known in listed.rows {
            if let Some(about) = said(&known.value) {
                found.push(Duty {
                    subject: known.value.id.to_string(),
                    owner: known.value,
                    application: None,
                    about,
                });
            }
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

async fn of_drafts<D: Db>(
    db: &D,
    call: &Call,
    now: DateTime<Utc>,
    own: Option<ConsortiumId>,
) -> Result<Vec<Duty>, Error> {
    let filter = applications::Filter {
        state: Some(ApplicationState::Draft),
        consortium: own,
        ..applications::Filter::default()
    };
    let mut found = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let listed = applications::list(db, &call.id, &filter, &page).await?;
        let drafts: Vec<Application> = listed.rows.into_iter().map(|known| known.value).collect();
        found.extend(with_gaps(db, call, now, drafts).await?);
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Each draft with what it still misses.
async fn with_gaps<D: Db>(
    db: &D,
    call: &Call,
    now: DateTime<Utc>,
    drafts: Vec<Application>,
) -> Result<Vec<Duty>, Error> {
    let ids: Vec<_> = drafts.iter().map(|draft| draft.id).collect();
    let documents = documents::working(db, call, &ids).await?;
    let owners = consortia::by_ids(db, drafts.iter().map(|draft| draft.consortium)).await?;
    let day = call.terms.window.zone.day(now);
    let duty = |draft: Application| {
        let owner = owners
            .iter()
            .find(|known| known.value.id == draft.consortium)?;
        let own = documents.get(&draft.id).map_or(&[][..], Vec::as_slice);
        let standing = owner.value.profile.on(day);
        let missing = eligibility::missing(&draft.project, own, &standing, &call.terms);
        Some(Duty {
            owner: owner.value.clone(),
            application: Some(draft.id),
            subject: draft.id.to_string(),
            about: About::DraftNotSubmitted {
                application: draft.label(),
                project: correspondence::project(&draft),
                closes_at: call.terms.window.closes_at,
                missing: missing.into_iter().map(|gap| gap.explanation).collect(),
            },
        })
    };
    Ok(drafts.into_iter().filter_map(duty).collect())
}
