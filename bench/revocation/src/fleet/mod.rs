//! The service as it is shipped: three instances on one PostgreSQL, and two resource servers that read the feed of one instance
//! each, all in processes of their own and under load.

mod client;
mod load;
mod logouts;
mod process;
mod statements;

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use bench_harness::Failure;
use serde_json::{Value, json};
use tempfile::TempDir;
use throwaway_postgres::Server;
use tokio::time::{Instant, interval, timeout};

use client::Client;
use load::Load;
use process::Process;
use statements::Statements;

pub(crate) use load::{RATE, Served};
pub(crate) use logouts::{RESOLUTION, Times};

/// How many instances serve.
pub(crate) const INSTANCES: usize = 3;
/// How many resource servers read the feed.
const READERS: usize = 2;
/// How many sessions are ended.
pub(crate) const LOGOUTS: usize = 1_500;
/// How long statements are counted without requests, and as long again with them: more than anybody's pause between two
/// questions.
pub(crate) const WINDOW: Duration = Duration::from_secs(12);
/// Nothing that is waited for before the figures begin takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

const ISSUER: &str = "https://login.example";
const FEED_KEY: &str = "0123456789abcdef0123456789abcdef";

/// What was found.
pub(crate) struct Figures {
    pub(crate) server_version: String,
    pub(crate) times: Times,
    /// The good requests meanwhile.
    pub(crate) served: Served,
    pub(crate) asked: Asked,
}

/// What the database was asked.
pub(crate) struct Asked {
    /// By three lists of sessions, one of each instance: that questions are counted at all.
    pub(crate) by_lists: usize,
    /// By nobody's request.
    pub(crate) idle: usize,
    /// In as long a time with guarded requests.
    pub(crate) loaded: usize,
    /// Of these, what is not of the background.
    pub(crate) beyond: usize,
    /// How many requests these were, at all instances together.
    pub(crate) requests: usize,
}

pub(crate) fn measure() -> Result<Figures, Failure> {
    let server = Server::start();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(follow(&server))
}

async fn follow(server: &Server) -> Result<Figures, Failure> {
    let database = server.database();
    let fleet = Fleet::start(&database)?;
    let verifiers = fleet.verifiers();
    let mut sessions = log_in(&verifiers, LOGOUTS + 1).await?;
    let stays = sessions.pop().ok_or("no session")?;
    for verifier in &verifiers {
        timeout(PATIENCE, until_good(verifier, &stays)).await??;
    }

    let load = Load::start(&verifiers, &stays.access);
    let times = logouts::follow(&verifiers, &sessions).await?;
    let served = load.end().await?;
    let mut statements = Statements::log(server, &database).await?;
    let server_version = statements.server_version().await?;
    let asked = count(statements, &verifiers, &stays).await?;
    Ok(Figures { server_version, times, served, asked })
}

/// Everybody who verifies.
struct Fleet {
    instances: Vec<Process>,
    readers: Vec<Process>,
    /// Where they run. It is gone after them.
    _folder: TempDir,
}

impl Fleet {
    fn start(database: &str) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let variables = [
            ("DATABASE_URL", database),
            ("COUNTERSIGN_ISSUER", ISSUER),
            ("COUNTERSIGN_REVOCATION_FEED_KEY", FEED_KEY),
            // The cheapest that is accepted: logging in is not measured.
            ("COUNTERSIGN_PASSWORD_MEMORY_KIB", "7168"),
            ("COUNTERSIGN_PASSWORD_ITERATIONS", "5"),
        ];
        let arguments = ["serve", "--port", "0"];
        let instance = || Process::start("countersign", folder.path(), &arguments, &variables);
        let instances = (0..INSTANCES).map(|_| instance()).collect::<Result<Vec<_>, _>>()?;
        fs::write(folder.path().join("feed-key"), FEED_KEY)?;
        let reader = |instance: &Process| {
            let keys = format!("{}/.well-known/jwks.json", instance.url());
            let revocations = format!("{}/auth/revocations", instance.url());
            let place = ["--port", "0", "--jwks-url", &keys, "--revocations-url", &revocations];
            let issuer = ["--issuer", ISSUER, "--audience", "countersign", "--feed-key-file", "feed-key"];
            Process::start("resource-server", folder.path(), &[place, issuer].concat(), &[])
        };
        let readers = instances.iter().rev().take(READERS).map(reader).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { instances, readers, _folder: folder })
    }

    /// The instances first.
    fn verifiers(&self) -> Vec<Verifier> {
        let at = |path: &'static str| move |process: &Process| Verifier { address: process.address, path };
        let instances = self.instances.iter().map(at("/profile"));
        instances.chain(self.readers.iter().map(at("/api"))).collect()
    }
}

/// One who verifies, at a guarded route.
#[derive(Clone, Copy)]
pub(crate) struct Verifier {
    address: SocketAddr,
    path: &'static str,
}

impl Verifier {
    async fn connect(&self) -> Result<Client, Failure> {
        Client::connect(self.address).await
    }
}

/// What a login gives.
pub(crate) struct Session {
    access: String,
    refresh: String,
}

/// Registers somebody and logs them in so many times, at one instance after the other.
async fn log_in(verifiers: &[Verifier], times: usize) -> Result<Vec<Session>, Failure> {
    let credentials = json!({"email": "ada@example.com", "password": "correct horse battery"});
    let mut clients = Vec::new();
    for verifier in &verifiers[..INSTANCES] {
        clients.push(verifier.connect().await?);
    }
    clients[0].post("/auth/register", &credentials).await?.json()?;
    let mut sessions = Vec::new();
    for number in 0..times {
        let answer = clients[number % INSTANCES].post("/auth/login", &credentials).await?.json()?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let (access, refresh) =
            text("access_token").zip(text("refresh_token")).ok_or("a login without tokens")?;
        sessions.push(Session { access, refresh });
    }
    Ok(sessions)
}

/// Waits until a verifier has its keys and a fresh view.
async fn until_good(verifier: &Verifier, session: &Session) -> Result<(), Failure> {
    let mut client = verifier.connect().await?;
    while client.get(verifier.path, &session.access).await?.status != 200 {}
    Ok(())
}

/// Counts what the database is asked by guarded requests, and what by nobody's.
async fn count(
    mut statements: Statements<'_>,
    verifiers: &[Verifier],
    session: &Session,
) -> Result<Asked, Failure> {
    statements.mark("lists").await?;
    for verifier in &verifiers[..INSTANCES] {
        verifier.connect().await?.get("/auth/sessions", &session.access).await?.json()?;
    }
    statements.mark("silence").await?;
    wait(WINDOW).await;
    statements.mark("requests").await?;
    let load = Load::start(&verifiers[..INSTANCES], &session.access);
    wait(WINDOW).await;
    let requests = load.end().await?.times.len();
    statements.mark("over").await?;

    let idle = statements.between("'silence'", "'requests'")?;
    let loaded = statements.between("'requests'", "'over'")?;
    let by_lists = statements::beyond(&idle, &statements.between("'lists'", "'silence'")?);
    if by_lists < INSTANCES {
        return Err("not every statement is counted".into());
    }
    Ok(Asked {
        by_lists,
        idle: statements::total(&idle),
        loaded: statements::total(&loaded),
        beyond: statements::beyond(&idle, &loaded),
        requests,
    })
}

/// Lets time pass, which is what is measured.
async fn wait(time: Duration) {
    let end = Instant::now() + time;
    let mut ticks = interval(Duration::from_millis(100));
    while ticks.tick().await < end {}
}
