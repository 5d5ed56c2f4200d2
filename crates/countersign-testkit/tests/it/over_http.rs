//! A service that is reached over the network is attacked through a client, which is a tower service too.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use countersign::{Guard, JwtStrategy};
use countersign_testkit::{Battery, TestIssuer};
use http::header::HOST;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;

async fn request(
    to: SocketAddr,
    mut request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, hyper::Error> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, HeaderValue::try_from(to.to_string()).unwrap());
    sender.send_request(request).await
}

#[tokio::test]
async fn a_guarded_route_refuses_over_http_what_it_refuses_in_process() {
    let issuer = TestIssuer::new();
    let strategy = JwtStrategy::<Value, _>::new(issuer.verifier(), issuer.keys()).clock(issuer.clock());
    let app: Router = Router::new().route("/profile", get("hello")).route_layer(Guard::required(strategy));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());

    // All that is known of a service elsewhere: the key it was given and a token it has issued.
    let now = countersign::jwt::Clock::now(&issuer.clock());
    let battery = Battery::new(issuer.signing_key(), &issuer.token("ada"), now).unwrap();
    let client = service_fn(move |head| request(address, head));
    let report = battery.attack(client, Method::GET, Uri::from_static("/profile")).await;
    report.assert_all_refused();
    report.assert_codes();
}
