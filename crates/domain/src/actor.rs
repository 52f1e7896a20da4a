//! Who acts: a named person, the roles their token carries, and what it is bound to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{ConsortiumId, ProgrammeId};

/// What a token's holder may be. `Admin` manages tokens and the machine and sees no case data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Officer,
    Manager,
    Approver,
    Evaluator,
    Consortium,
    Auditor,
    Viewer,
    System,
    Admin,
}

impl Role {
    pub const ALL: [Self; 9] = [
        Self::Officer,
        Self::Manager,
        Self::Approver,
        Self::Evaluator,
        Self::Consortium,
        Self::Auditor,
        Self::Viewer,
        Self::System,
        Self::Admin,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Manager => "manager",
            Self::Approver => "approver",
            Self::Evaluator => "evaluator",
            Self::Consortium => "consortium",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::System => "system",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who stands behind a use case. Two tokens of one person are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person's name as the office knows it, such as `anna.bianchi`; `system` for time.
    pub person: String,
    pub roles: Vec<Role>,
    /// The one programme the token sees; `None` sees every programme of the installation.
    pub programme: Option<ProgrammeId>,
    /// The consortium a consortium's token speaks for.
    pub consortium: Option<ConsortiumId>,
}

impl Actor {
    /// Time itself: the caller of every use case that a timer or a schedule starts.
    pub fn system() -> Self {
        Self {
            person: "system".to_owned(),
            roles: vec![Role::System],
            programme: None,
            consortium: None,
        }
    }

    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.is(*role))
    }

    pub fn sees_programme(&self, programme: &ProgrammeId) -> bool {
        self.programme.as_ref().is_none_or(|own| own == programme)
    }

    /// Whether the papers of `consortium` are this actor's to see: every office role sees all of
    /// its programme, a consortium sees its own, an admin sees none.
    pub fn sees_consortium(&self, consortium: ConsortiumId) -> bool {
        self.sees_all_consortia()
            || (self.is(Role::Consortium) && self.consortium == Some(consortium))
    }

    /// Whether this actor holds an office role, which sees every consortium of its programme.
    pub fn sees_all_consortia(&self) -> bool {
        self.is_any(&[
            Role::Officer,
            Role::Manager,
            Role::Approver,
            Role::Auditor,
            Role::Viewer,
            Role::System,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: Role, consortium: Option<ConsortiumId>) -> Actor {
        Actor {
            person: "p".into(),
            roles: vec![role],
            programme: None,
            consortium,
        }
    }

    #[test]
    fn a_consortium_sees_its_own_papers_only() {
        let (own, other) = (
            ConsortiumId(uuid::Uuid::from_u128(1)),
            ConsortiumId(uuid::Uuid::max()),
        );
        let consortium = actor(Role::Consortium, Some(own));

        assert!(consortium.sees_consortium(own));
        assert!(!consortium.sees_consortium(other));
        assert!(!actor(Role::Admin, None).sees_consortium(own));
    }
}
