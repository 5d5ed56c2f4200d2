//! An API that knows its issuer by nothing but its key set.
//!
//! `cargo run -p resource-server -- --issuer https://login.example.com --audience https://orders.example.com`

use std::error::Error;
use std::net::Ipv4Addr;

use axum::routing::get;
use axum::{Json, Router};
use clap::Parser;
use countersign::jwt::{AccessTokenClaims, Verified, Verifier};
use countersign::{Authenticated, Guard, JwtStrategy, RemoteJwkSet};
use serde::Serialize;
use tokio::net::TcpListener;

/// An API that knows its issuer by nothing but its key set. `GET /api` tells whose token was presented.
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
    let verifier = Verifier::access_tokens(arguments.issuer.as_str(), arguments.audience.as_str());
    let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys.start()?);
    Ok(Router::new().route("/api", get(api)).layer(Guard::required(strategy)))
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
