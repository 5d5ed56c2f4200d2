//! A guard before a plain hyper service: no framework, any body.
//!
//! `JWT_SECRET=$(openssl rand -hex 32) cargo run -p hyper-service`

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use countersign::jwt::{
    Algorithm, Claims, Clock, KeySet, KeySource, Signer, SigningKey, SystemClock, Verified, Verifier,
};
use countersign::{Authenticated, Guard, JwtStrategy, Problem};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

#[derive(Serialize, Deserialize)]
struct Visitor {
    email: String,
}

/// What hyper serves, whatever bodies it brings.
type Service<B> = BoxCloneSyncService<Request<B>, Response<Full<Bytes>>, Infallible>;

async fn profile<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match Authenticated::<Verified<Visitor>>::from_extensions(request.extensions()) {
        Ok(visitor) => Response::new(Full::from(format!("hello {}\n", visitor.email))),
        // No guard stands in front: a mistake in `service`, and no fault of the visitor's.
        Err(_) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "guard_missing", "See the log.").into_response()
        }
    })
}

fn service<B: Send + 'static>(
    verifier: Verifier,
    keys: impl KeySource + 'static,
    clock: impl Clock + 'static,
) -> Service<B> {
    let strategy = JwtStrategy::<Visitor, _>::new(verifier, keys).clock(clock);
    let guarded = ServiceBuilder::new().layer(Guard::required(strategy)).service(service_fn(profile::<B>));
    BoxCloneSyncService::new(guarded)
}

async fn serve(connection: TcpStream, service: Service<hyper::body::Incoming>) {
    let service = TowerToHyperService::new(service);
    // A connection that breaks is the client's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells how to try it")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let secret = std::env::var("JWT_SECRET").map_err(|_| "set JWT_SECRET to a secret of 32 bytes or more")?;
    let key = SigningKey::from_secret(Algorithm::Hs256, secret.as_bytes())?;
    let keys = KeySet::from(key.verifying_key());
    let service = service(Verifier::new("hyper-service", "hyper-service"), keys, SystemClock);

    let signer = Signer::new(key, "hyper-service", "hyper-service", Duration::from_secs(900));
    let visitor = Visitor { email: "ada@example.com".to_owned() };
    let token = signer.sign(&Claims::new(visitor), SystemClock.now())?;
    let listener = TcpListener::bind("127.0.0.1:3002").await?;
    println!("Try, in another terminal:\n\n  curl http://127.0.0.1:3002/ -H 'Authorization: Bearer {token}'");
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(serve(connection, service.clone()));
    }
}

#[cfg(test)]
mod tests;
