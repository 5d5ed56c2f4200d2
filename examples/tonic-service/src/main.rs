//! A gRPC service behind a guard. Refusals are gRPC statuses, and a stream ends when its token expires.
//!
//! `cargo run -p tonic-service`. The messages are plain text instead of protobuf, so that there is nothing to generate; a
//! service that tonic-build writes is put into `Routes` the same way.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use countersign::authorize::Require;
use countersign::grpc::GrpcRefusals;
use countersign::jwt::{
    AccessTokenClaims, Algorithm, Claims, Clock, KeySet, KeySource, Signer, SigningKey, SystemClock,
    Verified, Verifier,
};
use countersign::live::LiveGuard;
use countersign::{Authenticated, Guard, JwtStrategy};
use futures_util::Stream;
use futures_util::stream;
use tokio::net::TcpListener;
use tonic::server::{Grpc, NamedService};
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

mod text;

use text::TextCodec;

type Token = Verified<AccessTokenClaims>;

/// Answers one call.
async fn greet(request: Request<String>) -> Result<Response<String>, Status> {
    let token = Authenticated::<Token>::from_extensions(request.extensions())
        .map_err(|error| Status::internal(error.to_string()))?;
    let greeting = request.get_ref();
    Ok(Response::new(format!("{greeting}, {}", token.subject().unwrap_or_default())))
}

/// Answers one call again and again. It need not know of the token: the live guard ends it.
async fn watch(
    request: Request<String>,
) -> Result<Response<impl Stream<Item = Result<String, Status>>>, Status> {
    let what = request.into_inner();
    let ticks = stream::unfold(tokio::time::interval(Duration::from_secs(1)), move |mut interval| {
        let tick = Ok(what.clone());
        async {
            interval.tick().await;
            Some((tick, interval))
        }
    });
    Ok(Response::new(ticks))
}

/// The service that tonic-build would write.
#[derive(Clone)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "demo.Greeter";
}

impl Service<http::Request<tonic::body::Body>> for Greeter {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(TextCodec);
            Ok(match request.uri().path() {
                "/demo.Greeter/Greet" => grpc.unary(service_fn(greet), request).await,
                "/demo.Greeter/Watch" => grpc.server_streaming(service_fn(watch), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// The service behind its guard. What is asked first stands last.
fn app(verifier: Verifier, keys: impl KeySource + 'static, clock: impl Clock + Clone + 'static) -> Router {
    let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys).clock(clock.clone());
    Routes::new(Greeter)
        .into_axum_router()
        .layer(LiveGuard::new().clock(clock))
        .layer(Require::<Token>::scopes(["greet"]))
        .layer(Guard::required(strategy))
        .layer(GrpcRefusals::new())
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let key = SigningKey::generate(Algorithm::Es256)?;
    let keys = KeySet::from(key.verifying_key());
    let signer = Signer::access_tokens(key, "tonic-service", "tonic-service", Duration::from_secs(60));
    let mut claims = AccessTokenClaims::new("try");
    claims.scope = Some("greet".to_owned());
    let token = signer.sign(&Claims::new(claims).subject("ada"), SystemClock.now())?;

    let app = app(Verifier::access_tokens("tonic-service", "tonic-service"), keys, SystemClock);
    let listener = TcpListener::bind("127.0.0.1:3003").await?;
    println!("Listening on {}, HTTP/2 without TLS. A token for a minute:\n\n{token}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[cfg(test)]
mod tests;
