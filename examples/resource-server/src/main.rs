//! An API that knows its issuer by its key set and, if it holds the key of the feed, by what it revokes.
//!
//! `cargo run -p resource-server -- --issuer https://login.example.com --audience https://orders.example.com`

use std::error::Error;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use clap::Parser;
use countersign::jwt::{AccessTokenClaims, Verified, Verifier};
use countersign::revocation::{RemoteRevocations, ReqwestConnect, Staleness};
use countersign::{Authenticated, Guard, JwtStrategy, RemoteJwkSet};
use serde::Serialize;
use tokio::net::TcpListener;

/// For how long the catalogue is shown to those of whom it is not known whether they have logged out.
const CATALOGUE: Duration = Duration::from_secs(5 * 60);

/// An API that knows its issuer by its key set. `GET /api` and `GET /catalogue` tell whose token was presented.
#[derive(Parser)]
struct Arguments {
    /// The port to listen on, on this machine only; 0 takes a free one.
    #[arg(long, default_value_t = 3001)]
    port: u16,
    /// Who issues the tokens (`iss`).
    #[arg(long)]
    issuer: String,
    /// For whom they must be meant (`aud`).
    #[arg(long)]
    audience: String,
    /// Where the issuer publishes its keys; without it, the metadata of the issuer says where.
    #[arg(long)]
    jwks_url: Option<String>,
    /// A file with the key of the issuer's feed of revocations; without it, a token counts until it expires. While the feed
    /// is away, `/api` answers 503 after ten seconds and `/catalogue` after five minutes.
    #[arg(long)]
    feed_key_file: Option<PathBuf>,
    /// Where the issuer tells what it revokes; without it, at `/auth/revocations` behind its name.
    #[arg(long, requires = "feed_key_file")]
    revocations_url: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    sub: String,
}

async fn api(token: Authenticated<Verified<AccessTokenClaims>>) -> Json<Answer> {
    // `Verifier::access_tokens` demands a subject.
    Json(Answer { sub: token.subject().unwrap_or_default().to_owned() })
}

fn app(arguments: &Arguments) -> Result<Router, Box<dyn Error>> {
    let keys = match &arguments.jwks_url {
        Some(url) => RemoteJwkSet::from_url(url)?,
        None => RemoteJwkSet::from_issuer(&arguments.issuer)?,
    };
    let keys = keys.start()?;
    let revocations = revocations(arguments, &keys)?;
    let guard = |staleness| {
        let verifier = Verifier::access_tokens(arguments.issuer.as_str(), arguments.audience.as_str());
        let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys.clone());
        Guard::required(match &revocations {
            Some(revocations) => strategy.revocation(revocations.view(), staleness),
            None => strategy,
        })
    };
    Ok(Router::new()
        .route("/api", get(api).layer(guard(Staleness::fail_closed())))
        .route("/catalogue", get(api).layer(guard(Staleness::fail_open_for(CATALOGUE)))))
}

/// What the issuer revokes, if this API is one that is told.
fn revocations(
    arguments: &Arguments,
    keys: &RemoteJwkSet,
) -> Result<Option<RemoteRevocations>, Box<dyn Error>> {
    let Some(file) = &arguments.feed_key_file else { return Ok(None) };
    let key = fs::read_to_string(file)?;
    let connect = match &arguments.revocations_url {
        // An issuer on this machine, which has no certificate to believe.
        Some(url) if url.starts_with("http://") => ReqwestConnect::on_loopback(key.trim())?,
        _ => ReqwestConnect::new(key.trim())?,
    };
    let revocations = match &arguments.revocations_url {
        Some(url) => RemoteRevocations::from_url(url, &arguments.issuer)?,
        None => RemoteRevocations::from_issuer(&arguments.issuer)?,
    };
    Ok(Some(revocations.start_with(connect, keys.clone())?))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let app = app(&arguments)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
