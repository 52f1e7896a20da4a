//! `bando today`: what waits for somebody of the office.

use bando_proto::v1::{self, CountLettersRequest};

use super::{application, call, clarify, document, evaluation, proposal, timer};
use crate::errors::Failure;
use crate::names::{last, short_call};
use crate::session::Session;
use crate::views::{clarification, seconds_of, today::Duty};

/// Most rows of a kind that are looked at.
const LIMIT: usize = 1_000;
/// Letters in these states go no further without a person.
const STUCK: [(v1::LetterState, &str); 5] = [
    (v1::LetterState::Held, "held"),
    (v1::LetterState::Failed, "failed"),
    (v1::LetterState::Uncertain, "uncertain"),
    (v1::LetterState::Bounced, "bounced"),
    (v1::LetterState::Parked, "parked"),
];

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let pending = proposal::all("state = pending", LIMIT, session).await?;
    let mut duties: Vec<Duty> = pending.iter().map(to_approve).collect();
    for call in call::all(LIMIT, session).await? {
        let (submitted, under_check) = unchecked(&call, session).await?;
        let counts = (submitted, under_check.len());
        let evaluating = evaluating(&call, counts, session).await?;
        if evaluating.is_empty() {
            duties.extend(of_call(&call, &pending, counts));
        }
        duties.extend(evaluating);
        if !under_check.is_empty() {
            let mut asked = clarify::all(&call.name, "", LIMIT, session).await?;
            asked.retain(|known| under_check.contains(&known.application));
            duties.extend(of_requests(&call.name, &asked));
        }
        duties.extend(infected(&call, session).await?);
    }
    let request = CountLettersRequest {
        parent: session.programme()?,
    };
    let counted = session.letters()?.count_letters(request).await?;
    duties.extend(of_letters(&counted.get_ref().counts));
    let parked = timer::all("state = parked", LIMIT, session).await?;
    duties.extend(parked.iter().map(to_look_after));
    session.output.list(&duties, "nothing waits for you today")
}

/// What the evaluating of a closed and checked call still needs before it can be ranked.
async fn evaluating(
    call: &v1::Call,
    (submitted, under_check): (usize, usize),
    session: &Session,
) -> Result<Vec<Duty>, Failure> {
    if call.state() != v1::CallState::Closed || submitted + under_check > 0 {
        return Ok(Vec::new());
    }
    let progress = evaluation::progress(&call.name, LIMIT, session).await?;
    Ok(of_evaluating(
        &short_call(&call.name),
        &progress.applications,
    ))
}

fn of_evaluating(call: &str, applications: &[v1::ApplicationProgress]) -> Vec<Duty> {
    let count = |holds: &dyn Fn(&v1::ApplicationProgress) -> bool| {
        applications.iter().filter(|row| holds(row)).count()
    };
    let conflicted = count(&|row| row.missing > 0 && row.conflicted > 0);
    let missing = count(&|row| row.missing > 0 && row.conflicted == 0);
    let flagged = count(&|row| row.flagged > 0);
    let unscored = count(&|row| row.assigned + row.declared > 0);
    let apart = count(&|row| matches!(row.consensus.as_str(), "open" | "proposed"));
    let duties = [
        (conflicted, "to reassign after a conflict", "progress"),
        (missing, "without all their evaluators", "draw"),
        (flagged, "with a flagged evaluator", "list"),
        (unscored, "not scored by all", "progress"),
        (apart, "whose sheets are too far apart", "progress"),
    ];
    let waiting = duties.into_iter().filter(|(count, _, _)| *count > 0);
    waiting
        .map(|(count, what, verb)| Duty {
            what: format!("{count} applications {what}"),
            subject: call.to_owned(),
            due: String::new(),
            action: format!("bando evaluation {verb} {call}"),
        })
        .collect()
}

/// Documents of a call in which the virus scanner found something.
async fn infected(call: &v1::Call, session: &Session) -> Result<Option<Duty>, Failure> {
    let is_over = matches!(
        call.state(),
        v1::CallState::Draft | v1::CallState::Awarded | v1::CallState::Cancelled
    );
    if is_over || call.documents.is_empty() {
        return Ok(None);
    }
    let parent = format!("{}/applications/-", call.name);
    let found = document::all(&parent, "scan = infected", LIMIT, session).await?;
    Ok((!found.is_empty()).then(|| of_infected(&short_call(&call.name), found.len())))
}

fn of_infected(call: &str, count: usize) -> Duty {
    Duty {
        what: format!("{count} documents infected"),
        subject: call.to_owned(),
        due: String::new(),
        action: format!("bando application document list {call} --scan infected"),
    }
}

fn to_approve(proposal: &v1::Proposal) -> Duty {
    Duty {
        what: format!("{} to approve", proposal.kind),
        subject: short_call(&proposal.call),
        due: seconds_of(proposal.expires_at.as_ref()),
        action: if proposal.act_missing {
            let id = last(&proposal.name);
            format!("bando proposal approve {id} --act 'NUMBER OF THE ACT'")
        } else {
            format!("bando proposal approve {}", last(&proposal.name))
        },
    }
}

/// How many applications of a closed call are submitted, and which are under check.
async fn unchecked(call: &v1::Call, session: &Session) -> Result<(usize, Vec<String>), Failure> {
    if call.state() != v1::CallState::Closed {
        return Ok((0, Vec::new()));
    }
    let submitted = application::all(&call.name, "state = submitted", LIMIT, session).await?;
    let open = application::all(&call.name, "state = under_check", LIMIT, session).await?;
    let open = open.into_iter().map(|application| application.name);
    Ok((submitted.len(), open.collect()))
}

/// What a call in its state asks for, unless a second person is asked already.
fn of_call(
    call: &v1::Call,
    pending: &[v1::Proposal],
    (submitted, under_check): (usize, usize),
) -> Vec<Duty> {
    let short = short_call(&call.name);
    let is_asked = |kind: &str| {
        let mut asked = pending.iter();
        asked.any(|proposal| proposal.call == call.name && proposal.kind == kind)
    };
    let duty = |what: &str, due: String, action: String| Duty {
        what: what.to_owned(),
        subject: short.clone(),
        due,
        action,
    };
    let list = |count: usize, what: &str, state: &str| {
        let action = format!("bando application list {short} --state {state}");
        (count > 0).then(|| {
            duty(
                &format!("{count} applications {what}"),
                String::new(),
                action,
            )
        })
    };
    match call.state() {
        v1::CallState::Draft if !is_asked("publication") => {
            let window = call.window.as_ref();
            let opens = seconds_of(window.and_then(|window| window.opens_at.as_ref()));
            let action = format!("bando call publish {short}");
            vec![duty("call to publish", opens, action)]
        }
        v1::CallState::Closed if submitted + under_check > 0 => {
            let to_check = list(submitted, "to check", "submitted");
            let open = list(under_check, "under check", "under_check");
            to_check.into_iter().chain(open).collect()
        }
        v1::CallState::Closed if !is_asked("ranking") => {
            let action = format!("bando ranking compute {short}");
            vec![duty("ranking to compute", String::new(), action)]
        }
        v1::CallState::Ranked if !is_asked("award") => {
            let action = format!("bando award propose {short} --act 'NUMBER OF THE ACT'");
            vec![duty("award to propose", String::new(), action)]
        }
        v1::CallState::Published | v1::CallState::Open if is_suspended(call) => {
            let action = format!("bando call resume {short} --act 'NUMBER OF THE ACT'");
            vec![duty("suspended call to resume", String::new(), action)]
        }
        v1::CallState::Unspecified
        | v1::CallState::Draft
        | v1::CallState::Cancelled
        | v1::CallState::Published
        | v1::CallState::Open
        | v1::CallState::Closed
        | v1::CallState::Ranked
        | v1::CallState::Awarded => Vec::new(),
    }
}

fn is_suspended(call: &v1::Call) -> bool {
    let outages = call.window.iter().flat_map(|window| &window.outages);
    outages.last().is_some_and(|outage| outage.until.is_none())
}

/// What was asked and now waits for the office: a delivery to record, answers to read, checks to
/// go on with.
fn of_requests(call: &str, asked: &[v1::Clarification]) -> Vec<Duty> {
    let short = short_call(call);
    let waiting = [
        (v1::ClarificationState::Requested, "without a delivery"),
        (v1::ClarificationState::AnsweredInPart, "answered in part"),
        (v1::ClarificationState::Answered, "answered"),
        (v1::ClarificationState::Expired, "expired"),
    ];
    let duty = |(state, what): (v1::ClarificationState, &str)| {
        let of_state = asked.iter().filter(|known| known.state() == state);
        let (count, due) = (
            of_state.clone().count(),
            of_state.filter_map(|known| known.due_at),
        );
        let first = due.min_by_key(|due| (due.seconds, due.nanos));
        let state = clarification::state(state.into());
        (count > 0).then(|| Duty {
            what: format!("{count} clarification requests {what}"),
            subject: short.clone(),
            due: seconds_of(first.as_ref()),
            action: match what {
                "without a delivery" => "bando letter list --state sent".to_owned(),
                _ => format!("bando application clarify list {short} --state {state}"),
            },
        })
    };
    waiting.into_iter().filter_map(duty).collect()
}

fn of_letters(counts: &[v1::LetterCount]) -> Vec<Duty> {
    let stuck = counts.iter().filter_map(|counted| {
        let known = STUCK.iter().find(|(state, _)| *state == counted.state());
        known.map(|(_, name)| (name, counted.count))
    });
    let duty = |(name, count): (&&str, i64)| Duty {
        what: format!("{count} letters {name}"),
        subject: String::new(),
        due: String::new(),
        action: format!("bando letter list --state {name}"),
    };
    stuck.filter(|(_, count)| *count > 0).map(duty).collect()
}

fn to_look_after(timer: &v1::Timer) -> Duty {
    Duty {
        what: format!("timer parked: {}", timer.kind),
        subject: short_call(&timer.call),
        due: seconds_of(timer.nominal_at.as_ref()),
        action: "bando timer list --all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;
    use crate::args::tests::words;

    const CALL: &str = "programmes/er/calls/2016";

    fn call(state: v1::CallState) -> v1::Call {
        v1::Call {
            name: CALL.into(),
            state: state.into(),
            ..Default::default()
        }
    }

    fn pending(kind: &str) -> v1::Proposal {
        v1::Proposal {
            name: format!("programmes/er/proposals/{}", uuid::Uuid::nil()),
            call: CALL.into(),
            kind: kind.into(),
            ..Default::default()
        }
    }

    #[test]
    fn every_action_is_a_command_of_ours() {
        let counts = STUCK.map(|(state, _)| v1::LetterCount {
            state: state.into(),
            count: 1,
        });
        let mut duties = of_letters(&counts);
        assert_eq!(duties.len(), STUCK.len());
        duties.push(to_approve(&pending("ranking")));
        let of_the_daemon = v1::Proposal {
            act_missing: true,
            ..pending("extension")
        };
        duties.push(to_approve(&of_the_daemon));
        duties.push(to_look_after(&v1::Timer::default()));
        let asked = [1, 3, 4, 5].map(|state| v1::Clarification {
            state,
            ..Default::default()
        });
        duties.extend(of_requests(CALL, &asked));
        duties.push(of_infected("er/2016", 2));
        duties.extend(of_call(&call(v1::CallState::Draft), &[], (0, 0)));
        duties.extend(of_call(&call(v1::CallState::Closed), &[], (2, 1)));
        duties.extend(of_call(&call(v1::CallState::Closed), &[], (0, 0)));
        duties.extend(of_call(&call(v1::CallState::Ranked), &[], (0, 0)));
        let mut suspended = call(v1::CallState::Open);
        suspended.window.get_or_insert_default().outages = vec![v1::Outage::default()];
        duties.extend(of_call(&suspended, &[], (0, 0)));
        assert_eq!(duties.len(), STUCK.len() + 14);
        for duty in duties {
            let parsed = Cli::try_parse_from(words(&duty.action));
            assert!(parsed.is_ok(), "{}: {}", duty.action, parsed.unwrap_err());
        }
    }

    #[test]
    fn what_evaluating_needs_is_told_with_commands_of_ours() {
        let row = v1::ApplicationProgress {
            missing: 1,
            conflicted: 1,
            flagged: 1,
            assigned: 1,
            consensus: "proposed".into(),
            ..Default::default()
        };
        let fresh = v1::ApplicationProgress {
            missing: 3,
            consensus: "incomplete".into(),
            ..Default::default()
        };
        let done = v1::ApplicationProgress {
            scored: 3,
            consensus: "within".into(),
            ..Default::default()
        };

        let duties = of_evaluating("er/2016", &[row, fresh]);

        assert_eq!(duties.len(), 5);
        assert_eq!(
            duties[0].what,
            "1 applications to reassign after a conflict"
        );
        for duty in duties {
            let parsed = Cli::try_parse_from(words(&duty.action));
            assert!(parsed.is_ok(), "{}: {}", duty.action, parsed.unwrap_err());
        }
        assert!(of_evaluating("er/2016", &[done]).is_empty());
    }

    #[test]
    fn nobody_is_asked_to_propose_what_waits_for_approval() {
        let (closed, ranked) = (call(v1::CallState::Closed), call(v1::CallState::Ranked));

        let draft = call(v1::CallState::Draft);
        assert!(of_call(&draft, &[pending("publication")], (0, 0)).is_empty());
        assert!(of_call(&closed, &[pending("ranking")], (0, 0)).is_empty());
        assert!(of_call(&ranked, &[pending("award")], (0, 0)).is_empty());
        assert_eq!(of_call(&ranked, &[pending("ranking")], (0, 0)).len(), 1);
    }
}
