//! The composition root: from a configuration to a running service. Nobody else puts parts together.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use countersign::{
    csrf::CsrfPolicy,
    jwt::Clock,
    password::Passwords,
    revocation::{Entry, Feed, Revocations, Staleness},
    session::{RefreshTokenKeys, RevocationReason, Revoked, SessionId, SessionPolicy, cookie::RefreshCookie},
};
use countersign_store::{OpenError, Store, StoreError};

use crate::{
    config::{Config, Database, PasswordConfig, SessionConfig},
    data_folder, fan_out,
    flow::{AccessTokens, Accounts, TakenEmail, UserSessions},
    http::Telling,
    issuer_url::IssuerUrl,
    key_ring::KeyRing,
    metadata::Metadata,
    readers::Readers,
    rotation::pickups::Pickups,
    status_lists::StatusLists,
};

mod keys;
mod start_error;
mod tasks;

pub use keys::open_sealer;
use keys::{open_keys, read_keys};
pub use start_error::StartError;
use tasks::Tasks;

/// How far the clocks of verifiers elsewhere may differ that nobody has told us of.
const MOST_COMMON_LEEWAY: Duration = Duration::from_secs(60);

/// Everything the routes need, ready.
pub struct Service {
    /// What the flows work with.
    pub(crate) accounts: Accounts,
    /// What signs and verifies access tokens.
    pub(crate) keys: Arc<KeyRing>,
    /// For how long the published keys may be kept, and the metadata that says where they are.
    pub(crate) keys_max_age: Duration,
    /// What the service tells about itself, where its issuer is an address to find that under.
    pub(crate) metadata: Option<Metadata>,
    /// Which verifiers have fetched the next key.
    pub(crate) pickups: Arc<Pickups>,
    /// Who reads what was revoked.
    readers: Readers,
    /// The refresh token in a cookie, where that is configured.
    pub(crate) cookies: Option<Cookies>,
    /// How many proxies in front are believed about where a request came from.
    pub(crate) trusted_proxies: usize,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// How far clocks may differ.
    pub(crate) leeway: Duration,
    /// What registration tells.
    pub(crate) taken_email: TakenEmail,
    /// How old what is known of revocations may be.
    pub(crate) staleness: Staleness,
    /// What tells it to verifiers elsewhere, where that is configured.
    pub(crate) telling: Option<Telling>,
    /// What goes on beside the requests until the service is dropped; `None` for one that is only looked at.
    _tasks: Option<Tasks>,
}

/// What was opened before anything else, or only read.
struct Opened {
    store: Store,
    keys: Arc<KeyRing>,
    refresh_keys: RefreshTokenKeys,
}

/// The cookie for a page's refresh token, and which pages may use it.
#[derive(Debug)]
pub(crate) struct Cookies {
    pub(crate) cookie: RefreshCookie,
    pub(crate) policy: CsrfPolicy,
}

impl Cookies {
    /// `None` where no page may: then no cookie is read, and none is set.
    fn configured(config: &SessionConfig) -> Option<Self> {
        let origins = Some(config.cookie_origins.clone()).filter(|origins| !origins.is_empty())?;
        Some(Self { cookie: RefreshCookie::new(), policy: CsrfPolicy::SameOrigin(origins) })
    }
}

impl Service {
    /// Opens the store, creates what is missing, and starts the password threads.
    ///
    /// `issuer` is the `iss` of the tokens unless the configuration names one.
    ///
    /// # Errors
    /// The first thing that stands in the way, in [`StartError`].
    pub async fn start(config: &Config, issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let passwords = start_passwords(&config.password)?;
        Self::assemble(config, issuer, clock, passwords).await
    }

    /// The service whose store this is, as it is now, for a command that looks at it and does not run it: what is stored is
    /// read and nothing written, nothing goes on beside, and nobody is told that there is one more.
    ///
    /// # Errors
    /// What stands in the way, in [`StartError`]: what a start would make has to be there.
    pub(crate) async fn look(
        config: &Config,
        store: &Store,
        issuer: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (keys, refresh_keys) = read_keys(config, store).await?;
        let opened = Opened { store: store.clone(), keys: Arc::new(keys), refresh_keys };
        let service =
            Self::compose(config, issuer, clock, start_passwords(&config.password)?, opened).await?;
        // What is asked once and not run asks no more.
        drop(service.ask_once().await?);
        Ok(service)
    }

    async fn assemble(
        config: &Config,
        issuer: &str,
        clock: Arc<dyn Clock>,
        passwords: Passwords,
    ) -> Result<Self, StartError> {
        let store = open_store(config).await?;
        let (keys, refresh_keys, sealer) = open_keys(config, &store, &*clock).await?;
        let opened = Opened { store, keys: Arc::new(keys), refresh_keys };
        let service = Self::compose(config, issuer, clock, passwords, opened).await?;
        let tasks = Tasks::start(config, &service, sealer).await?;
        Ok(Self { _tasks: Some(tasks), ..service })
    }

    /// All that the routes need. Nothing of it goes on by itself.
    async fn compose(
        config: &Config,
        issuer: &str,
        clock: Arc<dyn Clock>,
        passwords: Passwords,
        opened: Opened,
    ) -> Result<Self, StartError> {
        let Opened { store, keys, refresh_keys } = opened;
        let issuer = config.issuer.as_deref().unwrap_or(issuer);
        let issuer_url = IssuerUrl::parse(issuer);
        let revocations = Revocations::fed(remembered(config), clock.now());
        let readers = Readers::default();
        let telling = telling(config, &revocations, &readers, &keys, issuer)?;
        let tokens =
            AccessTokens::new(Arc::clone(&keys), issuer, &config.audience, config.token.access_lifetime)
                .naming(status_lists(config, &store, &keys, issuer_url.as_ref()).await?);
        let sessions = UserSessions::new(store.clone(), refresh_keys, session_policy(&config.session))
            .on_revoked(tell(&revocations, &clock));
        Ok(Self {
            accounts: Accounts { store, sessions, passwords, tokens, revocations, leeway: leeway(config) },
            keys_max_age: config.keys.max_age,
            metadata: issuer_url.as_ref().map(|url| Metadata::new(issuer, url, &keys.keys().signing)),
            keys,
            pickups: Arc::new(Pickups::of(config.keys.verifiers.clone())),
            readers,
            cookies: Cookies::configured(&config.session),
            trusted_proxies: config.trusted_proxies,
            clock,
            leeway: config.token.leeway,
            taken_email: match config.registration.reveal_taken {
                true => TakenEmail::Reveal,
                false => TakenEmail::Conceal,
            },
            staleness: Staleness::fail_open_for(config.revocation.stale_after),
            telling,
            _tasks: None,
        })
    }

    /// Asks the store for all that was revoked and still counts.
    async fn ask_once(&self) -> Result<fan_out::Task, StoreError> {
        let Accounts { store, revocations, .. } = &self.accounts;
        let (keys, clock) = (Arc::clone(&self.keys), Arc::clone(&self.clock));
        fan_out::ask_once(store.clone(), revocations.clone(), keys, clock).await
    }
}

/// For how long a revoked session is remembered: until the last access token of it has expired everywhere.
pub(crate) fn remembered(config: &Config) -> Duration {
    config.token.access_lifetime + leeway(config)
}

/// By how much the clocks of verifiers may differ, here and elsewhere.
pub(crate) fn leeway(config: &Config) -> Duration {
    config.token.leeway.max(MOST_COMMON_LEEWAY)
}

/// The public lists that say which sessions are revoked, unless they are switched off.
async fn status_lists(
    config: &Config,
    store: &Store,
    keys: &Arc<KeyRing>,
    issuer: Option<&IssuerUrl>,
) -> Result<Option<Arc<StatusLists>>, StartError> {
    if !config.token.status_list {
        return Ok(None);
    }
    // The lists have addresses under the issuer, and tokens must not name what is none.
    let Some(issuer) = issuer else {
        tracing::info!("there are no status lists, since the issuer is not an address");
        return Ok(None);
    };
    let lists = StatusLists::open(store.clone(), Arc::clone(keys), issuer, remembered(config)).await?;
    Ok(Some(Arc::new(lists)))
}

/// A name that nothing had before.
fn unique_name() -> Result<String, StartError> {
    Ok(SessionId::generate().map_err(|_| StartError::Cryptography)?.to_string())
}

/// What tells verifiers elsewhere.
fn telling(
    config: &Config,
    view: &Revocations,
    readers: &Readers,
    keys: &Arc<KeyRing>,
    issuer: &str,
) -> Result<Option<Telling>, StartError> {
    let Some(key) = &config.revocation.feed_key else { return Ok(None) };
    let feed = Feed::new(view, unique_name()?);
    Ok(Some(Telling::new(feed, readers.clone(), Arc::clone(keys), issuer, key)))
}

/// Has the view learn of every session that is ended here, and the log with it.
fn tell(view: &Revocations, clock: &Arc<dyn Clock>) -> impl Fn(&Revoked) + Send + Sync + use<> {
    let (view, clock) = (view.clone(), Arc::clone(clock));
    move |revoked| {
        view.merge([Entry::from(revoked)], clock.now());
        log_revoked(revoked);
    }
}

fn log_revoked(revoked: &Revoked) {
    let Revoked { session_id, user_id, revocation } = revoked;
    let reason = revocation.reason.code();
    match revocation.reason {
        RevocationReason::Reused | RevocationReason::RolledBack => {
            tracing::warn!(session = %session_id, user = user_id, reason, "a session was ended");
        }
        _ => tracing::info!(session = %session_id, user = user_id, reason, "a session was ended"),
    }
}

fn session_policy(config: &SessionConfig) -> SessionPolicy {
    SessionPolicy::default().grace(config.grace).lifetime(config.lifetime).idle_lifetime(config.idle_lifetime)
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

/// Opens the configured database; in the data folder, creates that first.
///
/// # Errors
/// [`StartError::DataFolder`] or [`StartError::Store`].
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    if let Database::File(file) = &config.database
        && file.starts_with(&config.data)
    {
        data_folder::create(&config.data)?;
    }
    Ok(open_database(&config.database).await?)
}

/// Opens a database, wherever it is.
///
/// # Errors
/// [`OpenError`].
pub async fn open_database(database: &Database) -> Result<Store, OpenError> {
    match database {
        Database::File(file) => Store::open_file(file).await,
        Database::Server(url) => Store::open(url.expose()).await,
    }
}

/// Starts the password threads at the configured cost.
///
/// # Errors
/// [`StartError::Passwords`].
pub fn start_passwords(config: &PasswordConfig) -> Result<Passwords, StartError> {
    let mut builder = Passwords::builder();
    if let Some(threads) = config.threads {
        builder = builder.threads(threads);
    }
    if let Some(queue) = config.queue {
        builder = builder.queue(queue);
    }
    if let Some(memory_kib) = config.memory_kib {
        builder = builder.memory_kib(memory_kib);
    }
    if let Some(iterations) = config.iterations {
        builder = builder.iterations(iterations);
    }
    Ok(builder.start()?)
}

/// The URL under which this machine reaches a service that listens at `address`: the issuer of a service that was not
/// told its name.
#[must_use]
pub fn local_url(address: SocketAddr) -> String {
    match address {
        address if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        address => format!("http://{address}"),
    }
}

#[cfg(test)]
impl Service {
    /// A service on a database in a folder, whose clock stands still and whose passwords protect nothing.
    pub(crate) async fn for_tests(folder: &std::path::Path, clock: Arc<dyn Clock>) -> Self {
        Self::for_tests_with(folder, clock, &[]).await
    }

    /// The same with settings, by their variables.
    pub(crate) async fn for_tests_with(
        folder: &std::path::Path,
        clock: Arc<dyn Clock>,
        variables: &[(&str, &str)],
    ) -> Self {
        let always = [
            ("JWT_SECRET", "a secret of more than thirty-two bytes"),
            ("COUNTERSIGN_TOKEN_LEEWAY", "0s"),
            // The clock of a test leaps; what was revoked is asked for by the clock of the machine.
            ("COUNTERSIGN_REVOCATION_STALE_AFTER", "300d"),
        ];
        let surroundings = crate::config::Surroundings {
            variables: always
                .iter()
                .chain(variables)
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            working_directory: folder.to_path_buf(),
        };
        let config = Config::load(&crate::config::Flags::default(), &surroundings).unwrap();
        let passwords = Passwords::insecure_for_tests().unwrap();
        Self::assemble(&config, "https://auth.example", clock, passwords).await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_everywhere_is_reached_at_localhost() {
        for (address, url) in [
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("0.0.0.0:80", "http://localhost:80"),
            ("[::1]:3000", "http://[::1]:3000"),
            ("[::]:3000", "http://localhost:3000"),
        ] {
            assert_eq!(local_url(address.parse().unwrap()), url);
        }
    }
}
