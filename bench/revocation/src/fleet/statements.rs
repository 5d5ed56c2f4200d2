//! What a database is asked.

use std::collections::BTreeMap;

use bench_harness::Failure;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use throwaway_postgres::Server;

/// How often each text was given.
pub(crate) type Counted = BTreeMap<String, usize>;

/// Counts the statements that a server is given by everybody else.
pub(crate) struct Statements<'a> {
    server: &'a Server,
    connection: PgConnection,
}

impl<'a> Statements<'a> {
    /// Makes the server log every statement, on connections that are open, too.
    pub(crate) async fn log(server: &'a Server, database: &str) -> Result<Self, Failure> {
        let mut connection = PgConnection::connect(database).await?;
        connection.execute("ALTER SYSTEM SET log_statement = 'all'").await?;
        connection.execute("SELECT pg_reload_conf()").await?;
        // The server tells all its processes at once, and each hears it before the next statement.
        let mut statements = Self { server, connection };
        while statements.shown("SHOW log_statement").await? != "all" {}
        Ok(statements)
    }

    pub(crate) async fn server_version(&mut self) -> Result<String, Failure> {
        self.shown("SHOW server_version").await
    }

    async fn shown(&mut self, statement: &'static str) -> Result<String, Failure> {
        Ok(sqlx::query_scalar(statement).fetch_one(&mut self.connection).await?)
    }

    /// Everything that was given from these words to those.
    pub(crate) fn between(&self, begin: &str, end: &str) -> Result<Counted, Failure> {
        let log = self.server.said_up_to(end);
        let begun = log.iter().position(|line| line.contains(begin)).ok_or("a mark is not in the log")?;
        let mut counted = Counted::new();
        for line in &log[begun + 1..log.len() - 1] {
            // As statements with parameters are logged (behind their name), and those without any.
            let text = match line.split_once("LOG:  execute ") {
                Some((_, statement)) => statement.split_once(": ").map(|(_, text)| text),
                None => line.split_once("LOG:  statement: ").map(|(_, text)| text),
            };
            if let Some(text) = text {
                *counted.entry(text.trim().to_owned()).or_default() += 1;
            }
        }
        Ok(counted)
    }

    /// Puts these words into the log. A statement is logged before it is answered, so they stand behind all that were answered
    /// before.
    pub(crate) async fn mark(&mut self, words: &str) -> Result<(), Failure> {
        self.connection.execute(AssertSqlSafe(format!("SELECT '{words}'"))).await?;
        Ok(())
    }
}

/// Statements of any text.
pub(crate) fn total(counted: &Counted) -> usize {
    counted.values().sum()
}

/// Those whose text is not among those of the background.
pub(crate) fn beyond(background: &Counted, counted: &Counted) -> usize {
    counted.iter().filter(|(text, _)| !background.contains_key(*text)).map(|(_, count)| count).sum()
}
