//! The history of a consortium and the letters that followed its address, to the wire.

use bando_domain::consortium::Line;
use bando_domain::ids::ProgrammeId;
use bando_proto::v1;
use bando_proto::v1::history_line::What;
use bando_store::redirections::Redirection;
use bando_workflow::consortia::Entry;

use super::ledger::letter_state;
use super::names;
use super::register::{accredited, link, member, programme_of_years, shown_day};
use super::show::{etag, instant};

pub fn history_entry(entry: &Entry) -> v1::HistoryEntry {
    let recorded = &entry.recorded;
    let line = |line: &Line| v1::HistoryLine {
        what: Some(what(line)),
    };
    v1::HistoryEntry {
        etag: etag(recorded.version),
        event: recorded.kind.clone(),
        recorded_at: Some(instant(recorded.at)),
        person: recorded.person.clone(),
        lines: entry.lines.iter().map(line).collect(),
    }
}

fn what(line: &Line) -> What {
    match line {
        Line::MemberJoined(joined) => What::MemberJoined(member(joined)),
        Line::MemberLeft { firm, left_on } => What::MemberLeft(v1::MemberLeft {
            partita_iva: firm.to_string(),
            left_on: shown_day(*left_on),
        }),
        Line::ShareChanged { firm, share, since } => What::ShareChanged(v1::ShareChanged {
            partita_iva: firm.to_string(),
            share_cents: share.as_cents(),
            since: shown_day(*since),
        }),
        Line::MemberReached { firm } => What::MemberReached(v1::MemberReached {
            partita_iva: firm.to_string(),
            ..v1::MemberReached::default()
        }),
        Line::LinkDeclared(declared) => What::LinkDeclared(link(declared)),
        Line::LinkEnded { one, other, until } => What::LinkEnded(v1::LinkEnded {
            one: one.to_string(),
            other: other.to_string(),
            until: shown_day(*until),
        }),
        Line::AccreditationGranted(granted) => What::AccreditationGranted(accredited(granted)),
        Line::AccreditationRenewed { until } => {
            What::AccreditationRenewed(v1::AccreditationRenewed {
                until: until.to_string(),
            })
        }
        Line::AccreditationExpired { until } => {
            What::AccreditationExpired(v1::AccreditationExpired {
                until: until.to_string(),
            })
        }
        Line::FundChanged { fund, since } => What::FundChanged(v1::FundChanged {
            subscribed_cents: fund.subscribed.as_cents(),
            paid_cents: fund.paid.as_cents(),
            since: shown_day(*since),
        }),
        Line::AddressCorrected { email, reason } => What::AddressCorrected(v1::AddressCorrected {
            email: email.reveal().to_owned(),
            reason: reason.clone(),
        }),
        Line::ProgrammeAgreed(agreed) => What::ProgrammeAgreed(programme_of_years(agreed)),
    }
}

pub fn redirection(programme: &ProgrammeId, known: &Redirection) -> v1::Redirection {
    v1::Redirection {
        letter: names::of_letter(programme, known.letter),
        kind: known.kind.clone(),
        recipient: known.recipient.clone(),
        number: known.number,
        was_to: known.was_to.reveal().to_owned(),
        state: letter_state(known.state).into(),
        attempts: known.attempts,
        last_answer: known.last_answer.clone().unwrap_or_default(),
        redirected_at: Some(instant(known.redirected_at)),
        goes_to: known.goes_to.reveal().to_owned(),
    }
}
