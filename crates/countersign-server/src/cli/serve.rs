//! `countersign serve`: the service.

use std::{future::Future, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use clap::Args;
use countersign::jwt::SystemClock;
use tokio::{net::TcpListener, sync::watch};

use super::{Failure, Outcome, output, place::Place};
use crate::{
    app::{self, Service, StartError},
    config::{Config, Database},
    http::{self, Ending},
    logging,
};

/// Run the service
///
/// Without any configuration it listens on http://127.0.0.1:3000 and keeps users, sessions and keys in countersign-data
/// in the working directory. Every setting and its variable is in countersign.example.toml.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,

    /// The port to listen on; 0 for any free one [default: 3000]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let config = self.place.config(self.port)?;
        logging::start(&config.log);
        logging::log_panics();
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format_args!("cannot start the runtime: {error}")))?
            .block_on(serve(&config))
    }
}

async fn serve(config: &Config) -> Outcome {
    let signals = signals()?;
    let listener = listen(SocketAddr::new(config.host, config.port)).await.map_err(Failure::failed)?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let url = app::local_url(address);
    let service = Service::start(config, &url, Arc::new(SystemClock)).await.map_err(Failure::failed)?;
    let store = service.accounts.store.clone();
    let router = http::router(Arc::new(service));

    output::answer(banner(&url, config))?;
    tracing::info!(%address, issuer = config.issuer.as_deref().unwrap_or(&url), "started");
    let stop = signalled(signals.clone(), 1);
    let hurry = signalled(signals, 2);
    match http::serve(listener, router, stop, cut_off(config.shutdown_wait, hurry)).await {
        Ending::Finished => tracing::info!("stopped, every request was answered"),
        Ending::CutOff => tracing::warn!("stopped, with requests that had not been answered"),
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::listen(address, &error))
}

/// The address, and the next commands to try.
fn banner(url: &str, config: &Config) -> String {
    const BODY: &str =
        r#"-H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"correct horse"}'"#;
    format!(
        r#"Countersign {version} listens on {url}
Users, sessions and keys are kept in {place}

Register, log in, use the access token, and get the next pair of tokens, in another terminal:

  curl -sS -w '\n' {url}/auth/register {BODY}
  LOGIN=$(curl -sS {url}/auth/login {BODY})
  TOKEN=$(echo "$LOGIN" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -sS -w '\n' {url}/profile -H "Authorization: Bearer $TOKEN"
  REFRESH=$(echo "$LOGIN" | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
  curl -sS -w '\n' {url}/auth/refresh -H 'Content-Type: application/json' -d "{{\"refresh_token\":\"$REFRESH\"}}"

Ctrl-C stops it.
"#,
        version = env!("CARGO_PKG_VERSION"),
        place = match &config.database {
            Database::File(file) => file.display().to_string(),
            Database::Server(_) => "PostgreSQL".to_owned(),
        },
    )
}

/// Counts the signals that ask the process to stop, from now on.
fn signals() -> Result<watch::Receiver<u32>, Failure> {
    let failed = |error| Failure::failed(format_args!("cannot listen for signals: {error}"));
    let (count, counted) = watch::channel(0);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                count.send_modify(|count| *count += 1);
            }
        });
    }
    #[cfg(not(unix))]
    {
        let mut interrupt = tokio::signal::windows::ctrl_c().map_err(failed)?;
        tokio::spawn(async move {
            loop {
                interrupt.recv().await;
                count.send_modify(|count| *count += 1);
            }
        });
    }
    Ok(counted)
}

async fn signalled(mut signals: watch::Receiver<u32>, times: u32) {
    // The counting task never ends, so there is always somebody to wait for.
    let _ = signals.wait_for(|count| *count >= times).await;
}

/// The time to finish is over, or somebody has no patience.
async fn cut_off(wait: Duration, hurry: impl Future<Output = ()>) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = hurry => {}
    }
}
