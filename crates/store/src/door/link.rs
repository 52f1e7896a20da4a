//! The wire to one of the two databases, as what is built from entities sees it.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::direct::Direct;

/// `P` is a pool or a transaction of `PostgreSQL`.
#[derive(Debug, Clone)]
pub enum Link<P> {
    Sqlite(Direct),
    Postgres(P),
}

#[async_trait::async_trait]
impl<P: ConnectionTrait + Send> ConnectionTrait for Link<P> {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(direct) => direct.execute_raw(statement).await,
            Self::Postgres(inner) => inner.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(direct) => direct.execute_unprepared(sql).await,
            Self::Postgres(inner) => inner.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(direct) => direct.query_one_raw(statement).await,
            Self::Postgres(inner) => inner.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(direct) => direct.query_all_raw(statement).await,
            Self::Postgres(inner) => inner.query_all_raw(statement).await,
        }
    }
}
