//! A connection to PostgreSQL that never waits longer than it was told to, and starts no thread.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Row, Socket};

use super::target::{CONNECT_LIMIT, Target};
use crate::error::Error;

/// One connection. What reads and writes its socket runs only inside of the calls.
pub(super) struct Session {
    client: Client,
    wire: Wire,
    runtime: Runtime,
}

struct Wire {
    connection: Connection<Socket, NoTlsStream>,
    /// Whether the server said that something changed.
    notified: bool,
    closed: bool,
}

/// Why a statement failed.
pub(super) enum Failure {
    /// The server, or the connection to it.
    Postgres(tokio_postgres::Error),
    /// It took too long.
    TimedOut(Duration),
}

pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    /// Connects, within [`CONNECT_LIMIT`] once the host's name is resolved.
    pub(super) fn connect(target: &Target) -> Result<Self, Error> {
        let config = target.resolved()?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| target.unavailable(error.to_string()))?;
        let connected = runtime.block_on(async { tokio::time::timeout(CONNECT_LIMIT, config.connect(NoTls)).await });
        let (client, connection) = match connected {
            Ok(connected) => connected.map_err(|error| target.problem(&error))?,
            Err(_) => return Err(target.unavailable(Failure::TimedOut(CONNECT_LIMIT).to_string())),
        };
        Ok(Self { client, wire: Wire { connection, notified: false, closed: false }, runtime })
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&mut self, statements: &str, limit: Duration) -> Result<(), Failure> {
        let Self { client, wire, runtime } = self;
        run(runtime, wire, limit, client.batch_execute(statements))
    }

    /// Runs one statement, and returns how many rows it was about.
    pub(super) fn execute(&mut self, statement: &str, with: Parameters<'_>, limit: Duration) -> Result<u64, Failure> {
        let Self { client, wire, runtime } = self;
        run(runtime, wire, limit, client.execute(statement, with))
    }

    /// Runs one query.
    pub(super) fn query(&mut self, query: &str, with: Parameters<'_>, limit: Duration) -> Result<Vec<Row>, Failure> {
        let Self { client, wire, runtime } = self;
        run(runtime, wire, limit, client.query(query, with))
    }

    /// Runs one query that has at most one row.
    pub(super) fn query_one(
        &mut self,
        query: &str,
        with: Parameters<'_>,
        limit: Duration,
    ) -> Result<Option<Row>, Failure> {
        let Self { client, wire, runtime } = self;
        run(runtime, wire, limit, client.query_opt(query, with))
    }

    /// Takes in what the server said meanwhile, without waiting. False where the connection has ended.
    pub(super) fn listen(&mut self) -> bool {
        let Self { wire, runtime, .. } = self;
        // The first look at the socket is after the runtime has asked the system once.
        let looked = run(runtime, wire, CONNECT_LIMIT, async {
            tokio::task::yield_now().await;
            Ok(())
        });
        looked.is_ok() && !self.wire.closed
    }

    /// Whether the server said that something changed, since this was asked last.
    pub(super) fn take_notified(&mut self) -> bool {
        std::mem::take(&mut self.wire.notified)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(error) => error.fmt(f),
            Self::TimedOut(limit) => write!(f, "no answer within {} seconds", limit.as_secs_f32()),
        }
    }
}

impl Failure {
    /// As an error of a call that read.
    pub(super) fn reading(&self, target: &Target) -> Error {
        match self {
            Self::Postgres(error) => target.problem(error),
            Self::TimedOut(_) => target.unavailable(self.to_string()),
        }
    }

    /// As an error of a call that wrote.
    pub(super) fn writing(&self, target: &Target) -> Error {
        match self {
            Self::Postgres(error) => target.write_problem(error),
            Self::TimedOut(_) => self.reading(target),
        }
    }
}

impl Wire {
    /// Reads and writes as far as that goes without waiting.
    fn poll(&mut self, context: &mut Context<'_>) {
        while !self.closed {
            match self.connection.poll_message(context) {
                Poll::Ready(Some(Ok(message))) => {
                    self.notified |= matches!(message, AsyncMessage::Notification(_));
                }
                // Whatever is being waited for learns of it from the client.
                Poll::Ready(Some(Err(_)) | None) => self.closed = true,
                Poll::Pending => return,
            }
        }
    }
}

fn run<T>(
    runtime: &Runtime,
    wire: &mut Wire,
    limit: Duration,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    runtime.block_on(async {
        let mut work = pin!(work);
        let both = poll_fn(|context| {
            // Before, for what came in; after, for what is to go out.
            wire.poll(context);
            let done = work.as_mut().poll(context);
            wire.poll(context);
            done
        });
        match tokio::time::timeout(limit, both).await {
            Ok(done) => done.map_err(Failure::Postgres),
            Err(_) => Err(Failure::TimedOut(limit)),
        }
    })
}
