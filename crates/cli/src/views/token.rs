//! API tokens, with their secret only at their creation.

use bando_proto::v1;
use serde::Serialize;

use super::{at, seconds, shown, some, word};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Token {
    name: String,
    person: String,
    roles: Vec<String>,
    programme: Option<String>,
    consortium: Option<String>,
    created_at: Option<String>,
    created_by: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    etag: String,
}

impl From<&v1::Token> for Token {
    fn from(token: &v1::Token) -> Self {
        let role = |role: &i32| {
            word(
                v1::Role::try_from(*role)
                    .ok()
                    .map(|role| role.as_str_name()),
                "ROLE_",
            )
        };
        Self {
            name: token.name.clone(),
            person: token.person.clone(),
            roles: token.roles.iter().map(role).collect(),
            programme: some(&token.programme),
            consortium: some(&token.consortium),
            created_at: at(token.created_at.as_ref()),
            created_by: some(&token.created_by),
            expires_at: at(token.expires_at.as_ref()),
            revoked_at: at(token.revoked_at.as_ref()),
            etag: token.etag.clone(),
        }
    }
}

impl Row for Token {
    const HEAD: &'static [&'static str] =
        &["ID", "PERSON", "ROLES", "PROGRAMME", "EXPIRES", "REVOKED"];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.person.clone(),
            self.roles.join(","),
            self.programme
                .as_deref()
                .map(last)
                .unwrap_or_default()
                .to_owned(),
            seconds(self.expires_at.as_ref()),
            seconds(self.revoked_at.as_ref()),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Token {
    fn sheet(&self) -> Sheet {
        Sheet::titled(&self.person)
            .field("name", &self.name)
            .field("roles", self.roles.join(", "))
            .field("programme", shown(self.programme.as_ref()))
            .field("consortium", shown(self.consortium.as_ref()))
            .field("created at", seconds(self.created_at.as_ref()))
            .field("created by", shown(self.created_by.as_ref()))
            .field("expires at", seconds(self.expires_at.as_ref()))
            .field("revoked at", seconds(self.revoked_at.as_ref()))
            .field("etag", &self.etag)
    }
}

impl View for Token {
    fn text(&self) -> String {
        self.sheet().text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A token just made. The secret is absent when it was saved, or was shown before.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    pub(crate) token: Token,
    pub(crate) secret: Option<String>,
}

impl View for Created {
    fn text(&self) -> String {
        self.token
            .sheet()
            .field("secret", shown(self.secret.as_ref()))
            .text()
    }

    fn name(&self) -> String {
        View::name(&self.token)
    }
}
