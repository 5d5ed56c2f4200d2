//! A logout at one instance reaches all others, and verifiers in other processes that read the feed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use countersign::{
    jwt::{Clock as _, KeySet, NumericDate, SystemClock, Unverified},
    revocation::{Entry, RemoteRevocations, ReqwestConnect, Revocations, Staleness, Target},
    session::SessionId,
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use throwaway_postgres::Server;
use tokio::runtime::Runtime;

use crate::support::{EMAIL, Folder, PASSWORD, Service, on_both_engines};

pub(crate) const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");
const FEED_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const FEED: (&str, &str) = ("COUNTERSIGN_REVOCATION_FEED_KEY", FEED_KEY);
/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

on_both_engines! {
    a_logout_is_refused_at_once_where_it_happened_and_soon_by_another_process;
    what_an_operator_revokes_is_refused_by_services_that_run;
    the_status_tells_what_each_instance_holds_and_how_old_it_is;
}

/// Asks until the answer is this one.
pub(crate) fn until<T: PartialEq + std::fmt::Debug>(expected: &T, ask: impl Fn() -> T) {
    let begun = SystemClock.now();
    let mut last = ask();
    while last != *expected && SystemClock.now().since(begun) < PATIENCE {
        last = ask();
    }
    assert_eq!(last, *expected);
}

/// What the bearer of a token is answered.
pub(crate) fn answer(service: &Service, token: &str) -> (u16, Option<String>) {
    let response = service.profile(token);
    (response.status, (response.status != 200).then(|| response.code()))
}

pub(crate) fn revoked() -> (u16, Option<String>) {
    (401, Some("token_revoked".to_owned()))
}

fn a_logout_is_refused_at_once_where_it_happened_and_soon_by_another_process(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let (tokens, others) = (one.tokens(EMAIL, PASSWORD), one.tokens(EMAIL, PASSWORD));
    assert_eq!(answer(&two, &tokens.access), (200, None));
    one.log_out(&tokens.refresh);
    assert_eq!(answer(&one, &tokens.access), revoked());
    until(&revoked(), || answer(&two, &tokens.access));
    for service in [&one, &two] {
        assert_eq!(answer(service, &others.access), (200, None));
    }
    // One that starts later knows, too.
    assert_eq!(answer(&folder.serve_with(&[ISSUER]), &tokens.access), revoked());
}

fn what_an_operator_revokes_is_refused_by_services_that_run(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let (first, second) = (service.tokens(EMAIL, PASSWORD), service.tokens(EMAIL, PASSWORD));
    let listed = folder.run(["session", "list", "--json", EMAIL], "").ok();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let id = session_of(&first.access).to_string();
    assert!(listed.contains(&id), "{listed}");

    folder.run(["session", "revoke", &id], "").ok();
    until(&revoked(), || answer(&service, &first.access));
    assert_eq!(answer(&service, &second.access), (200, None));
    assert_eq!(service.refresh(&first.refresh).code(), "session_revoked");
    assert_eq!(folder.run(["session", "list", EMAIL], "").ok().lines().count(), 1);
    assert_eq!(folder.run(["session", "revoke", &id], "").code, Some(1));

    folder.run(["user", "disable", EMAIL], "").ok();
    until(&revoked(), || answer(&service, &second.access));
}

fn the_status_tells_what_each_instance_holds_and_how_old_it_is(folder: &Folder) {
    let status = || -> Vec<Value> {
        let lines = folder.run(["revocation", "status", "--json"], "").ok();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let held = || -> Vec<u64> {
        status().iter().map(|instance| instance["revocations"].as_u64().unwrap()).collect()
    };
    let first = folder.serve_with(&[ISSUER]);
    until(&vec![0], held);
    first.register(EMAIL, PASSWORD);
    first.log_out(&first.tokens(EMAIL, PASSWORD).refresh);
    let second = folder.serve_with(&[ISSUER]);
    // The one that was just started has asked; the other says so when it reports again.
    until(&Some(1), || held().get(1).copied());
    until(&vec![1, 1], held);
    for instance in status() {
        let age = instance["age_seconds"].as_u64().unwrap();
        assert!(age < 60, "{instance}");
    }
    second.stop();
    let text = folder.run(["revocation", "status"], "").ok();
    assert_eq!(text.lines().filter(|line| line.contains("  revocations 1  age ")).count(), 2, "{text}");
}

fn session_of(token: &str) -> SessionId {
    #[derive(Deserialize)]
    struct Sid {
        sid: SessionId,
    }
    Unverified::decode(token).unwrap().claims::<Sid>().unwrap().sid
}

/// A verifier in another process, as far as it can tell, and when it was told of what.
pub(crate) struct Verifier {
    runtime: Runtime,
    remote: RemoteRevocations,
    told: Arc<(Mutex<HashMap<SessionId, NumericDate>>, Condvar)>,
}

impl Verifier {
    pub(crate) fn start(issuer: &Service) -> Self {
        let keys = KeySet::from_json(&issuer.get("/.well-known/jwks.json", &[]).body).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = format!("{}/auth/revocations", issuer.url());
        let builder = RemoteRevocations::from_url(&url, ISSUER.1).unwrap();
        let connect = ReqwestConnect::on_loopback(FEED_KEY).unwrap();
        let remote = runtime.block_on(async { builder.start_with(connect, keys) }).unwrap();
        let told = Arc::<(Mutex<HashMap<_, _>>, Condvar)>::default();
        let telling = Arc::clone(&told);
        let tell = move |news: &[Entry]| {
            for entry in news {
                if let Target::Session(id) = entry.target {
                    telling.0.lock().unwrap().entry(id).or_insert_with(|| SystemClock.now());
                }
            }
            telling.1.notify_all();
        };
        remote.view().watch(tell.clone());
        // What had come before it watched.
        tell(&remote.view().entries(SystemClock.now()));
        Self { runtime, remote, told }
    }

    /// When it was told of this session.
    fn wait_for(&self, id: SessionId) -> NumericDate {
        let told = self.told.0.lock().unwrap();
        let patience = Duration::from_secs(30);
        let (told, late) =
            self.told.1.wait_timeout_while(told, patience, |told| !told.contains_key(&id)).unwrap();
        assert!(!late.timed_out(), "{:?}", self.remote.status());
        told[&id]
    }

    fn is_fresh(&self) -> bool {
        self.remote.view().is_fresh(Staleness::fail_closed(), SystemClock.now())
    }

    pub(crate) fn view(&self) -> &Revocations {
        self.remote.view()
    }

    pub(crate) fn wait_until_fresh(&self) {
        until(&true, || {
            self.runtime.block_on(tokio::task::yield_now());
            thread::yield_now();
            self.is_fresh()
        });
    }
}

#[test]
fn the_feed_is_told_to_those_who_have_its_key_and_is_nowhere_without_one() {
    let folder = Folder::new();
    let service = folder.serve_with(&[ISSUER, FEED]);
    for path in ["/auth/revocations", "/auth/revocations/feed"] {
        assert_eq!(service.get(path, &[]).code(), "credentials_missing");
        assert_eq!(service.get(path, &["Authorization: Bearer not-it"]).code(), "feed_key_wrong");
        service.register(EMAIL, PASSWORD);
        let token = service.token(EMAIL, PASSWORD);
        assert_eq!(service.with_bearer("GET", path, &token, "").code(), "feed_key_wrong");
    }
    let snapshot = service.get("/auth/revocations", &[&format!("Authorization: Bearer {FEED_KEY}")]);
    assert_eq!((snapshot.status, snapshot.header("content-type").as_str()), (200, "application/jwt"));
    assert_eq!(snapshot.header("cache-control"), "no-store");
    service.stop();

    let service = folder.serve_with(&[ISSUER]);
    assert_eq!(service.get("/auth/revocations", &[]).code(), "not_found");
}

#[test]
fn a_service_stops_although_its_feed_is_read_by_one_who_joined_late() {
    let folder = Folder::new();
    let service = folder.serve_with(&[ISSUER, FEED]);
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    service.log_out(&tokens.refresh);
    let verifier = Verifier::start(&service);
    verifier.wait_for(session_of(&tokens.access));
    verifier.wait_until_fresh();
    // With the feed open and not at its end.
    service.stop();
}

#[test]
fn with_three_instances_on_postgres_every_verifier_refuses_soon_after_a_logout() {
    const LOGOUTS: usize = 40;
    let folder = Folder::on_postgres();
    let services: Vec<_> = (0..3).map(|_| folder.serve_with(&[ISSUER, FEED])).collect();
    services[0].register(EMAIL, PASSWORD);
    let verifiers = [Verifier::start(&services[1]), Verifier::start(&services[2])];
    verifiers.iter().for_each(Verifier::wait_until_fresh);
    let good = services[0].token(EMAIL, PASSWORD);
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));

    let mut times: Vec<Duration> = thread::scope(|scope| {
        scope.spawn(|| {
            for service in services.iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                assert_eq!(service.profile(&good).status, 200);
                served.fetch_add(1, Ordering::Relaxed);
            }
        });
        let times = (0..LOGOUTS).map(|number| {
            let service = &services[number % services.len()];
            let tokens = service.tokens(EMAIL, PASSWORD);
            let begun = SystemClock.now();
            service.log_out(&tokens.refresh);
            for service in &services {
                until(&401, || service.profile(&tokens.access).status);
            }
            let refused = SystemClock.now();
            let told = verifiers.iter().map(|verifier| verifier.wait_for(session_of(&tokens.access)));
            told.fold(refused, NumericDate::max).since(begun)
        });
        let times = times.collect();
        over.store(true, Ordering::Relaxed);
        times
    });
    times.sort();
    let (p50, p99) = (times[LOGOUTS / 2], times[LOGOUTS - 1]);
    eprintln!(
        "{LOGOUTS} logouts: p50 {p50:?}, longest {p99:?}; {} good requests",
        served.load(Ordering::Relaxed)
    );
    // By the poll alone it would be a second on average.
    assert!(p50 < Duration::from_millis(500), "{times:?}");
    for verifier in &verifiers {
        assert_eq!(verifier.remote.status().snapshots, 1);
    }
}

/// A PostgreSQL that tells which statements it is given.
struct Statements {
    server: Server,
    database: String,
    runtime: Runtime,
    connection: PgConnection,
}

impl Statements {
    fn new() -> Self {
        const TELL: &str = "DO $$ BEGIN EXECUTE format(\
                            'ALTER DATABASE %I SET log_statement = ''all''', current_database()); END $$";
        let server = Server::start();
        let database = server.database();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            PgConnection::connect(&database).await.unwrap().execute(TELL).await.unwrap();
            PgConnection::connect(&database).await.unwrap()
        });
        Self { server, database, runtime, connection }
    }

    /// Those that it was given while this was done.
    fn during(&mut self, name: &str, act: impl FnOnce()) -> Vec<String> {
        let (begin, end) = (format!("the beginning of {name}"), format!("the end of {name}"));
        self.mark(&begin);
        act();
        self.mark(&end);
        let log = self.server.said_up_to(&end);
        let begun = log.iter().position(|line| line.contains(&begin)).unwrap();
        // As statements with parameters are logged, and those without any.
        let statement = |line: &String| {
            Some(line.split_once("LOG:  execute ").or(line.split_once("LOG:  statement: "))?.1.to_owned())
        };
        log[begun + 1..log.len() - 1].iter().filter_map(statement).collect()
    }

    /// A statement is logged before it is answered, so these words stand behind all that were answered before.
    fn mark(&mut self, words: &str) {
        let statement = AssertSqlSafe(format!("SELECT '{words}'"));
        self.runtime.block_on(self.connection.execute(statement)).unwrap();
    }
}

/// What a service asks by itself from time to time, whether it is used or not.
fn is_of_the_background(statement: &str) -> bool {
    let texts = [
        "FROM sessions WHERE revoked_at >",
        "FROM revocations WHERE revoked_at >",
        "FROM signing_keys ORDER BY",
        "DELETE FROM sessions",
        "DELETE FROM revocations",
        " INTO instances ",
        "FROM instances ",
        " INTO verifiers ",
        "FROM verifiers ",
    ];
    texts.iter().any(|text| statement.contains(text))
}

#[test]
fn no_guarded_request_asks_the_database() {
    const REQUESTS_EACH: usize = 500;
    let mut statements = Statements::new();
    let folder = Folder::with_database(statements.database.clone());
    let services: Vec<_> = (0..3).map(|_| folder.serve_with(&[ISSUER, FEED])).collect();
    services[0].register(EMAIL, PASSWORD);
    let tokens = || services[0].tokens(EMAIL, PASSWORD);
    let (good, gone) = (tokens(), tokens());
    services[0].log_out(&gone.refresh);
    for service in &services {
        until(&revoked(), || answer(service, &gone.access));
    }

    // That statements of all of them are counted at all: this one asks, once each.
    let mut asked = statements.during("lists of sessions", || {
        for service in &services {
            assert_eq!(service.with_bearer("GET", "/auth/sessions", &good.access, "").status, 200);
        }
    });
    asked.retain(|statement| !is_of_the_background(statement));
    assert_eq!(asked.len(), services.len(), "{asked:?}");

    let load = |service: &Service| {
        for _ in 0..REQUESTS_EACH / 2 {
            assert_eq!(answer(service, &good.access), (200, None));
            assert_eq!(answer(service, &gone.access), revoked());
        }
    };
    let mut asked = statements.during("guarded requests", || {
        thread::scope(|scope| services.iter().for_each(|service| drop(scope.spawn(|| load(service)))));
    });
    // Two each two seconds, and two each ten, of each; with one for each request there would be 1,500.
    assert!(asked.len() < REQUESTS_EACH, "{}", asked.len());
    asked.retain(|statement| !is_of_the_background(statement));
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn without_postgres_guarded_routes_answer_for_as_long_as_is_declared_and_catch_up_afterwards() {
    let postgres = Server::start();
    let folder = Folder::with_database(postgres.database());
    let strict = [ISSUER, FEED, ("COUNTERSIGN_REVOCATION_STALE_AFTER", "10s")];
    let (one, two) = (folder.serve_with(&strict), folder.serve_with(&[ISSUER, FEED]));
    one.register(EMAIL, PASSWORD);
    let (gone, stays) = (one.tokens(EMAIL, PASSWORD), one.tokens(EMAIL, PASSWORD));
    let verifier = Verifier::start(&one);
    verifier.wait_until_fresh();

    postgres.stop();
    assert_eq!(answer(&one, &stays.access), (200, None));
    until(&(503, Some("revocation_unknown".to_owned())), || answer(&one, &stays.access));
    assert_eq!(answer(&two, &stays.access), (200, None));
    // The feed of an instance that knows nothing new makes nobody believe otherwise.
    assert!(!verifier.is_fresh());

    postgres.start_again();
    until(&(200, None), || answer(&one, &stays.access));
    verifier.wait_until_fresh();
    until(&true, || two.log_out(&gone.refresh).status < 300);
    until(&revoked(), || answer(&one, &gone.access));
    verifier.wait_for(session_of(&gone.access));
    assert_eq!(answer(&one, &stays.access), (200, None));

    // Instances are told again, too. By their questions alone it would be a second on average.
    let mut times = [(); 9].map(|()| {
        let tokens = two.tokens(EMAIL, PASSWORD);
        let begun = SystemClock.now();
        two.log_out(&tokens.refresh);
        until(&revoked(), || answer(&one, &tokens.access));
        SystemClock.now().since(begun)
    });
    times.sort();
    assert!(times[4] < Duration::from_millis(500), "{times:?}");
}
