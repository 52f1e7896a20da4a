//! What an event means for the register, act by act: the history of a consortium as people read it.
//! A registration or an amendment says a whole profile; what it changed is found by comparing.

use chrono::NaiveDate;

use super::{Accredited, Event, Fund, Link, Member, MultiYearProgramme, Profile};
use crate::event::Personal;
use crate::identifiers::PartitaIva;
use crate::money::Eur;

/// One thing that happened, with the day it holds from or until where one was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    MemberJoined(Box<Member>),
    /// Without a day where an amendment no longer named the member.
    MemberLeft {
        firm: PartitaIva,
        left_on: Option<NaiveDate>,
    },
    ShareChanged {
        firm: PartitaIva,
        share: Eur,
        since: Option<NaiveDate>,
    },
    MemberReached {
        firm: PartitaIva,
    },
    LinkDeclared(Link),
    /// Without a day where an amendment no longer named the link.
    LinkEnded {
        one: PartitaIva,
        other: PartitaIva,
        until: Option<NaiveDate>,
    },
    AccreditationGranted(Accredited),
    AccreditationRenewed {
        until: NaiveDate,
    },
    AccreditationExpired {
        until: NaiveDate,
    },
    FundChanged {
        fund: Fund,
        since: Option<NaiveDate>,
    },
    /// Where letters go from then on, and why if a reason was given.
    AddressCorrected {
        email: Personal,
        reason: String,
    },
    ProgrammeAgreed(Box<MultiYearProgramme>),
}

/// What `event` made of `before`, and of the address where letters went.
pub fn lines(before: Option<(&Profile, &Personal)>, event: &Event) -> Vec<Line> {
    match event {
        Event::Registered { consortium } => between(None, &consortium.profile),
        Event::Amended { profile, contact } => {
            let mut lines = between(before.map(|(profile, _)| profile), profile);
            if before.is_some_and(|(_, email)| *email != contact.email) {
                lines.push(Line::AddressCorrected {
                    email: contact.email.clone(),
                    reason: String::new(),
                });
            }
            lines
        }
        Event::MemberJoined { member } => vec![Line::MemberJoined(member.clone())],
        Event::MemberLeft {
            partita_iva,
            left_on,
        } => vec![Line::MemberLeft {
            firm: partita_iva.clone(),
            left_on: Some(*left_on),
        }],
        Event::ShareChanged {
            partita_iva,
            share,
            since,
        } => vec![Line::ShareChanged {
            firm: partita_iva.clone(),
            share: *share,
            since: Some(*since),
        }],
        Event::MemberReached { partita_iva, .. } => vec![Line::MemberReached {
            firm: partita_iva.clone(),
        }],
        Event::LinkDeclared { link } => vec![Line::LinkDeclared(link.clone())],
        Event::LinkEnded { one, other, until } => vec![Line::LinkEnded {
            one: one.clone(),
            other: other.clone(),
            until: Some(*until),
        }],
        Event::AccreditationGranted { accredited } => {
            vec![Line::AccreditationGranted(*accredited)]
        }
        Event::AccreditationRenewed { until } => vec![Line::AccreditationRenewed { until: *until }],
        Event::AccreditationExpired { until } => vec![Line::AccreditationExpired { until: *until }],
        Event::FundChanged { fund, since } => vec![Line::FundChanged {
            fund: *fund,
            since: Some(*since),
        }],
        Event::AddressCorrected { email, reason } => vec![Line::AddressCorrected {
            email: email.clone(),
            reason: reason.clone(),
        }],
        Event::ProgrammeAgreed { programme } => vec![Line::ProgrammeAgreed(programme.clone())],
    }
}

fn between(before: Option<&Profile>, after: &Profile) -> Vec<Line> {
    let mut lines = Vec::new();
    members(before, after, &mut lines);
    links(before, after, &mut lines);
    let known = before.map_or_else(Vec::new, Profile::dated_accreditations);
    let granted = after.dated_accreditations().into_iter();
    let new = granted.filter(|one| !known.contains(one));
    lines.extend(new.map(Line::AccreditationGranted));
    if before.is_none_or(|known| known.fund != after.fund) {
        let fund = after.fund;
        lines.push(Line::FundChanged { fund, since: None });
    }
    lines
}

fn members(before: Option<&Profile>, after: &Profile, lines: &mut Vec<Line>) {
    let same = |one: &Member, other: &Member| {
        one.partita_iva == other.partita_iva && one.joined_on == other.joined_on
    };
    let known = before.map_or(&[][..], |profile| &profile.members);
    for member in &after.members {
        let firm = member.partita_iva.clone();
        let Some(was) = known.iter().find(|was| same(was, member)) else {
            lines.push(Line::MemberJoined(Box::new(member.clone())));
            continue;
        };
        if was.share != member.share {
            let (firm, share) = (firm.clone(), member.share);
            let since = None;
            lines.push(Line::ShareChanged { firm, share, since });
        }
        if (&was.address, &was.email) != (&member.address, &member.email) {
            lines.push(Line::MemberReached { firm: firm.clone() });
        }
        if was.left_on != member.left_on {
            let left_on = member.left_on;
            lines.push(Line::MemberLeft { firm, left_on });
        }
    }
    let gone = known
        .iter()
        .filter(|was| !after.members.iter().any(|member| same(was, member)));
    lines.extend(gone.map(|was| Line::MemberLeft {
        firm: was.partita_iva.clone(),
        left_on: None,
    }));
}

fn links(before: Option<&Profile>, after: &Profile, lines: &mut Vec<Line>) {
    let same =
        |one: &Link, other: &Link| one.joins(&other.one, &other.other) && one.since == other.since;
    let known = before.map_or(&[][..], |profile| &profile.links);
    for link in &after.links {
        match known.iter().find(|was| same(was, link)) {
            None => lines.push(Line::LinkDeclared(link.clone())),
            Some(was) if was.until != link.until => lines.push(ended(link, link.until)),
            Some(_) => {}
        }
    }
    let gone = known
        .iter()
        .filter(|was| !after.links.iter().any(|link| same(was, link)));
    lines.extend(gone.map(|was| ended(was, None)));
}

fn ended(link: &Link, until: Option<NaiveDate>) -> Line {
    Line::LinkEnded {
        one: link.one.clone(),
        other: link.other.clone(),
        until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::Language;
    use crate::consortium::Contact;
    use crate::examples::{day, firm, profile};

    #[test]
    fn an_amendment_is_told_by_what_it_changed() {
        let before = profile();
        let mut after = before.clone();
        after.members[0].left_on = Some(day("2016-03-01"));
        after.members[1].share = Eur::euros(1_500);
        let gone = after.members.pop().unwrap();
        let came = Member {
            partita_iva: firm(77),
            ..gone.clone()
        };
        after.members.push(came.clone());
        let contact = Contact {
            legal_representative: Personal::new("Anna"),
            email: Personal::new("new@b.it"),
            language: Language::It,
            address: None,
        };
        let event = Event::Amended {
            profile: Box::new(after),
            contact: Box::new(contact),
        };

        let told = lines(Some((&before, &Personal::new("old@b.it"))), &event);

        let expected = [
            Line::MemberLeft {
                firm: firm(1),
                left_on: Some(day("2016-03-01")),
            },
            Line::ShareChanged {
                firm: firm(2),
                share: Eur::euros(1_500),
                since: None,
            },
            Line::MemberJoined(Box::new(came)),
            Line::MemberLeft {
                firm: gone.partita_iva,
                left_on: None,
            },
            Line::AddressCorrected {
                email: Personal::new("new@b.it"),
                reason: String::new(),
            },
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_same_profile_again_is_no_news() {
        let before = profile();

        assert_eq!(between(Some(&before), &before), []);
        let told = between(None, &before);
        assert_eq!(
            told.len(),
            before.members.len() + 2,
            "accreditation and fund"
        );
    }
}
