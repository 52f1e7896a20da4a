//! What the register of evaluators and an applicant's data say against a pair of the two, before
//! anybody declares anything. A flag is no finding of guilt: a manager lifts it with a reason.

mod street;

use serde::{Deserialize, Serialize};

use crate::evaluator::Evaluator;
use crate::identifiers::{EmailAddress, PartitaIva};

/// Something an evaluator shares with an applicant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flag {
    pub kind: FlagKind,
    /// The consortium or member it is shared with.
    pub firm: PartitaIva,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// The evaluator's employer is the consortium or a member.
    SamePartitaIva,
    /// The same mail domain, and not that of a public provider.
    SameMailDomain,
    /// The same street address.
    SameAddress,
    /// A relation that the evaluator declared when they were registered.
    DeclaredRelation,
}

impl FlagKind {
    pub const ALL: [Self; 4] = [
        Self::SamePartitaIva,
        Self::SameMailDomain,
        Self::SameAddress,
        Self::DeclaredRelation,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SamePartitaIva => "same_partita_iva",
            Self::SameMailDomain => "same_mail_domain",
            Self::SameAddress => "same_address",
            Self::DeclaredRelation => "declared_relation",
        }
    }
}

/// `same_mail_domain of 00000010357`, joined.
pub fn kinds(flags: &[Flag]) -> String {
    let told = flags.iter();
    told.map(|flag| format!("{} of {}", flag.kind.as_str(), flag.firm))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A consortium or a member as far as conflicts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firm {
    pub partita_iva: PartitaIva,
    /// Where letters reach it, if known.
    pub email: Option<String>,
    /// Its street address, if known.
    pub address: Option<String>,
}

/// Everything that `evaluator` shares with any of `firms`, once each, in a fixed order.
pub fn flags(evaluator: &Evaluator, firms: &[Firm]) -> Vec<Flag> {
    let mut found: Vec<Flag> = firms
        .iter()
        .flat_map(|firm| {
            let kinds = FlagKind::ALL.into_iter();
            let shared = kinds.filter(|kind| shares(evaluator, firm, *kind));
            shared.map(|kind| Flag {
                kind,
                firm: firm.partita_iva.clone(),
            })
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn shares(evaluator: &Evaluator, firm: &Firm, kind: FlagKind) -> bool {
    let details = &evaluator.details;
    match kind {
        FlagKind::SamePartitaIva => details.employer.as_ref() == Some(&firm.partita_iva),
        FlagKind::SameMailDomain => {
            let own = domain(details.email.reveal());
            let theirs = firm.email.as_deref().and_then(domain);
            own.zip(theirs)
                .is_some_and(|(own, theirs)| is_same_owner(&own, &theirs))
        }
        FlagKind::SameAddress => {
            let theirs = firm.address.as_deref();
            theirs.is_some_and(|theirs| street::is_same(details.address.reveal(), theirs))
        }
        FlagKind::DeclaredRelation => {
            let mut relations = details.relations.iter();
            relations.any(|relation| relation.firm == firm.partita_iva)
        }
    }
}

fn domain(email: &str) -> Option<String> {
    let address = EmailAddress::parse(email).ok()?;
    Some(address.domain().to_owned())
}

/// Whether two mail domains are one, or one lies within the other, and belong to one owner.
fn is_same_owner(one: &str, other: &str) -> bool {
    let related = lies_within(one, other) || lies_within(other, one);
    related && !is_public(one) && !is_public(other)
}

fn lies_within(inner: &str, outer: &str) -> bool {
    inner == outer
        || inner
            .strip_suffix(outer)
            .is_some_and(|rest| rest.ends_with('.'))
}

fn is_public(domain: &str) -> bool {
    let lines = include_str!("public_mail_domains.txt").lines();
    let mut providers = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    providers.any(|provider| lies_within(domain, provider))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluator::{Details, Relation};
    use crate::event::Personal;
    use crate::ids::EvaluatorId;

    fn firm(number: u32, email: &str, address: &str) -> Firm {
        Firm {
            partita_iva: PartitaIva::from_seven(number, 34),
            email: (!email.is_empty()).then(|| email.to_owned()),
            address: (!address.is_empty()).then(|| address.to_owned()),
        }
    }

    fn evaluator(email: &str) -> Evaluator {
        Evaluator {
            id: EvaluatorId(uuid::Uuid::nil()),
            programme: "er".parse().unwrap(),
            person: "carlo".into(),
            details: Details {
                name: Personal::new("Carlo Rossi"),
                email: Personal::new(email),
                employer: Some(PartitaIva::from_seven(7, 34)),
                address: Personal::new("Via Roma, 1 - 40121 Bologna"),
                relations: vec![Relation {
                    firm: PartitaIva::from_seven(8, 34),
                    explanation: Personal::new("consultant until 2015"),
                }],
            },
        }
    }

    fn found(evaluator: &Evaluator, firm: Firm) -> Vec<FlagKind> {
        let flags = flags(evaluator, &[firm]);
        flags.into_iter().map(|flag| flag.kind).collect()
    }

    #[test]
    fn a_shared_mail_domain_flags_unless_a_public_provider_owns_it() {
        let check = |own: &str, theirs: &str, expected: &[FlagKind]| {
            let found = found(&evaluator(own), firm(1, theirs, ""));
            assert_eq!(found, expected, "{own} and {theirs}");
        };
        let same = &[FlagKind::SameMailDomain];
        check("c@Studio.it", "info@studio.it", same);
        check("c@mail.studio.it", "info@studio.it", same);
        check("c@studio.it", "info@pec.studio.it", same);
        check("c@astudio.it", "info@studio.it", &[]);
        check("c@gmail.com", "info@gmail.com", &[]);
        check("c@legalmail.it", "info@firm.legalmail.it", &[]);
        check("c@studio.it", "", &[]);
    }

    #[test]
    fn employer_address_and_declared_relations_flag() {
        let carlo = evaluator("c@studio.it");
        assert_eq!(found(&carlo, firm(7, "", "")), [FlagKind::SamePartitaIva]);
        assert_eq!(found(&carlo, firm(8, "", "")), [FlagKind::DeclaredRelation]);
        let near = firm(1, "", "via roma 1, 40121 BOLOGNA");
        assert_eq!(found(&carlo, near), [FlagKind::SameAddress]);
        assert_eq!(found(&carlo, firm(1, "", "via roma 11, 40121 Bologna")), []);
    }

    #[test]
    fn an_unknown_address_is_nobodys() {
        let mut carlo = evaluator("c@studio.it");
        carlo.details.address = Personal::new(" ");

        assert_eq!(found(&carlo, firm(1, "", " - ")), []);
    }

    #[test]
    fn the_order_of_the_firms_plays_no_part() {
        let carlo = evaluator("c@studio.it");
        let mut firms = vec![firm(8, "i@studio.it", ""), firm(7, "", ""), firm(8, "", "")];
        let one = flags(&carlo, &firms);
        firms.reverse();

        assert_eq!(flags(&carlo, &firms), one);
        assert_eq!(one.len(), 3);
    }
}
