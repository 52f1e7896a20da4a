//! API tokens: random, shown once, stored hashed, bound to a named person, expiring, revocable.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Role};
use crate::ids::{ConsortiumId, ProgrammeId, TokenId};

/// Longest life of a token, in days.
pub const MAX_DAYS: u32 = 366;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    /// The person who holds it.
    pub person: String,
    pub roles: Vec<Role>,
    pub programme: Option<ProgrammeId>,
    pub consortium: Option<ConsortiumId>,
    /// Hexadecimal SHA-256 of the secret.
    pub secret_sha256: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether it may do nothing but create tokens.
    pub bootstrap: bool,
}

/// What happens to a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Created { token: Box<Token> },
    Revoked { at: DateTime<Utc>, by: String },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a token needs the name of a person: 1 to 100 of letters, digits and . _ - @")]
    PersonMissing,
    #[error("a token needs at least one role")]
    RolesMissing,
    #[error("the role system belongs to time and is given to nobody")]
    SystemRole,
    #[error("a token of a consortium needs the consortium, and no other token may have one")]
    ConsortiumMismatch,
    #[error("a token with the role {one} may not also be {other}")]
    RolesExclude { one: Role, other: Role },
    #[error("a token with the role {role} must be bound to a programme")]
    ProgrammeMissing { role: Role },
    #[error("an admin manages the whole machine and is bound to no programme")]
    AdminBound,
    #[error("a token lives 1 to {MAX_DAYS} days, {days} were asked for")]
    LifeOutOfRange { days: u32 },
    #[error("the token was revoked at {at}")]
    AlreadyRevoked { at: DateTime<Utc> },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::PersonMissing
            | Self::RolesMissing
            | Self::SystemRole
            | Self::ConsortiumMismatch
            | Self::RolesExclude { .. }
            | Self::ProgrammeMissing { .. }
            | Self::AdminBound
            | Self::LifeOutOfRange { .. } => "TOKEN_INVALID",
            Self::AlreadyRevoked { .. } => "TOKEN_REVOKED",
        }
    }

    /// The field of the request that breaks the rule.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::PersonMissing => "token.person",
            Self::RolesMissing | Self::SystemRole | Self::RolesExclude { .. } => "token.roles",
            Self::ConsortiumMismatch => "token.consortium",
            Self::ProgrammeMissing { .. } | Self::AdminBound => "token.programme",
            Self::LifeOutOfRange { .. } => "token.days",
            Self::AlreadyRevoked { .. } => "name",
        }
    }
}

/// Roles one token may not join: who manages tokens sees no cases; who evaluates neither runs
/// the call nor sees the sheets of others, and a consortium is nothing else.
const EXCLUSIVE: [(Role, &[Role]); 3] = [
    (
        Role::Admin,
        &[
            Role::Officer,
            Role::Manager,
            Role::Approver,
            Role::Evaluator,
            Role::Consortium,
            Role::Auditor,
            Role::Viewer,
        ],
    ),
    (
        Role::Evaluator,
        &[
            Role::Officer,
            Role::Manager,
            Role::Approver,
            Role::Consortium,
            Role::Auditor,
            Role::Viewer,
        ],
    ),
    (
        Role::Consortium,
        &[
            Role::Officer,
            Role::Manager,
            Role::Approver,
            Role::Auditor,
            Role::Viewer,
        ],
    ),
];

/// Checks what is asked for before a token is made. `days` is its life.
pub fn create(token: Token, days: u32) -> Result<Event, Refusal> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if token.person.is_empty() || token.person.len() > 100 || !token.person.chars().all(fits) {
        return Err(Refusal::PersonMissing);
    }
    if token.roles.is_empty() {
        return Err(Refusal::RolesMissing);
    }
    if token.roles.contains(&Role::System) || token.person == "system" {
        return Err(Refusal::SystemRole);
    }
    for (one, others) in EXCLUSIVE {
        if let Some(other) = others.iter().find(|role| token.roles.contains(role))
            && token.roles.contains(&one)
        {
            return Err(Refusal::RolesExclude { one, other: *other });
        }
    }
    if token.roles.contains(&Role::Consortium) != token.consortium.is_some() {
        return Err(Refusal::ConsortiumMismatch);
    }
    if let Some(role) = token.roles.iter().find(|role| **role != Role::Admin)
        && token.programme.is_none()
    {
        return Err(Refusal::ProgrammeMissing { role: *role });
    }
    if token.roles.contains(&Role::Admin) && token.programme.is_some() {
        return Err(Refusal::AdminBound);
    }
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Refusal::LifeOutOfRange { days });
    }
    Ok(Event::Created {
        token: Box::new(token),
    })
}

pub fn revoke(token: &Token, by: &str, now: DateTime<Utc>) -> Result<Event, Refusal> {
    if let Some(at) = token.revoked_at {
        return Err(Refusal::AlreadyRevoked { at });
    }
    Ok(Event::Revoked {
        at: now,
        by: by.to_owned(),
    })
}

/// The token after `event`; `None` before it was created.
#[must_use]
pub fn apply(before: Option<Token>, event: &Event) -> Option<Token> {
    match event {
        Event::Created { token } => Some((**token).clone()),
        Event::Revoked { at, .. } => before.map(|token| Token {
            revoked_at: Some(*at),
            ..token
        }),
    }
}

impl Token {
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now <= self.expires_at
    }

    /// Whether it let its holder see every application of `programme` at any time from `since` on.
    pub fn showed_all_since(&self, programme: &ProgrammeId, since: DateTime<Utc>) -> bool {
        let lived = self.expires_at >= since && self.revoked_at.is_none_or(|at| at >= since);
        let actor = self.actor();
        lived && actor.sees_all_consortia() && actor.sees_programme(programme)
    }

    pub fn actor(&self) -> Actor {
        Actor {
            person: self.person.clone(),
            roles: self.roles.clone(),
            programme: self.programme.clone(),
            consortium: self.consortium,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Token)) -> Option<Refusal> {
        let mut token = Token {
            id: TokenId(uuid::Uuid::from_u128(1)),
            person: "anna.bianchi".into(),
            roles: vec![Role::Officer],
            programme: Some("er".parse().unwrap()),
            consortium: None,
            secret_sha256: String::new(),
            created_by: "luca".into(),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            revoked_at: None,
            bootstrap: false,
        };
        change(&mut token);
        create(token, 90).err()
    }

    #[test]
    fn an_officer_of_a_programme_may_have_a_token() {
        assert_eq!(refusal(|_| ()), None);
    }

    #[test]
    fn each_rule_of_tokens_says_no_by_itself() {
        let id = ConsortiumId(uuid::Uuid::from_u128(2));
        assert_eq!(
            refusal(|token| token.person = "a b".into()),
            Some(Refusal::PersonMissing)
        );
        assert_eq!(
            refusal(|token| token.roles.clear()),
            Some(Refusal::RolesMissing)
        );
        assert_eq!(
            refusal(|token| token.roles = vec![Role::System]),
            Some(Refusal::SystemRole)
        );
        assert_eq!(
            refusal(|token| token.consortium = Some(id)),
            Some(Refusal::ConsortiumMismatch)
        );
        assert_eq!(
            refusal(|token| token.programme = None),
            Some(Refusal::ProgrammeMissing {
                role: Role::Officer
            })
        );
        assert_eq!(
            refusal(|token| token.roles = vec![Role::Admin]),
            Some(Refusal::AdminBound)
        );
    }

    #[test]
    fn who_manages_tokens_sees_no_cases_and_who_evaluates_does_not_run_the_call() {
        for pair in [
            [Role::Admin, Role::Approver],
            [Role::Evaluator, Role::Officer],
        ] {
            let found = refusal(|token| token.roles = pair.to_vec());
            assert!(
                matches!(found, Some(Refusal::RolesExclude { .. })),
                "{pair:?}"
            );
        }
    }
}
