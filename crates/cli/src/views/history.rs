//! The history of a consortium, line by line, and the letters that followed its address.

use bando_proto::v1;
use bando_proto::v1::history_line::What;
use serde::Serialize;

use super::{at, euros, seconds, some, title, word};
use crate::names::last;
use crate::output::Row;

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    recorded_at: Option<String>,
    person: String,
    event: String,
    etag: String,
    what: Option<&'static str>,
    /// The day it holds from or until.
    day: Option<String>,
    /// The firm it is about.
    firm: Option<String>,
    detail: String,
}

/// Every line of an entry; an entry that changed nothing of the register is one line without.
pub(crate) fn lines(entry: &v1::HistoryEntry) -> Vec<Line> {
    let line = |told: Told| Line {
        recorded_at: at(entry.recorded_at.as_ref()),
        person: entry.person.clone(),
        event: entry.event.clone(),
        etag: entry.etag.clone(),
        what: told.what,
        day: some(&told.day),
        firm: some(&told.firm),
        detail: told.detail,
    };
    let told = entry.lines.iter().filter_map(|line| line.what.as_ref());
    let mut lines: Vec<Line> = told.map(|what| line(tell(what))).collect();
    if lines.is_empty() {
        lines.push(line(Told::default()));
    }
    lines
}

#[derive(Default)]
struct Told {
    what: Option<&'static str>,
    day: String,
    firm: String,
    detail: String,
}

fn told(what: &'static str, day: &str, firm: &str, detail: String) -> Told {
    Told {
        what: Some(what),
        day: day.to_owned(),
        firm: firm.to_owned(),
        detail,
    }
}

fn tell(what: &What) -> Told {
    match what {
        What::MemberJoined(member) => {
            let detail = format!("{}, {}", member.title, euros(Some(member.share_cents)));
            let (day, firm) = (&member.joined_on, &member.partita_iva);
            told("member_joined", day, firm, detail)
        }
        What::MemberLeft(left) => {
            let (day, firm) = (&left.left_on, &left.partita_iva);
            told("member_left", day, firm, String::new())
        }
        What::ShareChanged(changed) => {
            let share = euros(Some(changed.share_cents));
            told("share_changed", &changed.since, &changed.partita_iva, share)
        }
        What::MemberReached(reached) => {
            let detail = "address or e-mail".to_owned();
            told("member_reached", "", &reached.partita_iva, detail)
        }
        What::LinkDeclared(link) => {
            let detail = format!("with {}", link.other);
            told("link_declared", &link.since, &link.one, detail)
        }
        What::LinkEnded(link) => {
            let detail = format!("with {}", link.other);
            told("link_ended", &link.until, &link.one, detail)
        }
        What::AccreditationGranted(granted) => {
            let level = word(Some(granted.level().as_str_name()), "ACCREDITATION_");
            let detail = match granted.until.as_str() {
                "" => level,
                until => format!("{level} until {until}"),
            };
            told("accreditation_granted", &granted.since, "", detail)
        }
        What::AccreditationRenewed(renewed) => {
            told("accreditation_renewed", &renewed.until, "", String::new())
        }
        What::AccreditationExpired(expired) => {
            told("accreditation_expired", &expired.until, "", String::new())
        }
        What::FundChanged(fund) => {
            let (subscribed, paid) = (
                euros(Some(fund.subscribed_cents)),
                euros(Some(fund.paid_cents)),
            );
            let detail = format!("{subscribed} subscribed, {paid} paid");
            told("fund_changed", &fund.since, "", detail)
        }
        What::AddressCorrected(corrected) => {
            let detail = match corrected.reason.as_str() {
                "" => corrected.email.clone(),
                reason => format!("{}: {reason}", corrected.email),
            };
            told("address_corrected", "", "", detail)
        }
        What::ProgrammeAgreed(agreed) => {
            let detail = format!(
                "{}-{} {}",
                agreed.first_year, agreed.last_year, agreed.title
            );
            told("programme_agreed", "", "", detail)
        }
    }
}

impl Row for Line {
    const HEAD: &'static [&'static str] = &["RECORDED", "BY", "WHAT", "DAY", "FIRM", "DETAIL"];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.recorded_at.as_ref()),
            self.person.clone(),
            self.what.unwrap_or(&self.event).to_owned(),
            self.day.clone().unwrap_or_default(),
            self.firm.clone().unwrap_or_default(),
            self.detail.clone(),
        ]
    }
}

/// A letter that went to another address than it was written for.
#[derive(Debug, Serialize)]
pub(crate) struct Redirection {
    letter: String,
    kind: String,
    recipient: String,
    number: i32,
    was_to: String,
    state: String,
    attempts: i32,
    last_answer: Option<String>,
    redirected_at: Option<String>,
    goes_to: String,
}

impl From<&v1::Redirection> for Redirection {
    fn from(known: &v1::Redirection) -> Self {
        Self {
            letter: known.letter.clone(),
            kind: known.kind.clone(),
            recipient: known.recipient.clone(),
            number: known.number,
            was_to: known.was_to.clone(),
            state: word(Some(known.state().as_str_name()), "LETTER_STATE_"),
            attempts: known.attempts,
            last_answer: some(&known.last_answer),
            redirected_at: at(known.redirected_at.as_ref()),
            goes_to: known.goes_to.clone(),
        }
    }
}

impl Row for Redirection {
    const HEAD: &'static [&'static str] = &[
        "LETTER",
        "KIND",
        "WAS TO",
        "STATE",
        "REDIRECTED",
        "GOES TO",
        "RECIPIENT",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.letter).to_owned(),
            self.kind.clone(),
            self.was_to.clone(),
            self.state.clone(),
            seconds(self.redirected_at.as_ref()),
            self.goes_to.clone(),
            title(&self.recipient),
        ]
    }

    fn name(&self) -> String {
        self.letter.clone()
    }
}
