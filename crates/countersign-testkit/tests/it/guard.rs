//! The guard of the library, under attack.

use std::convert::Infallible;

use bytes::Bytes;
use countersign::jwt::{Algorithm, SigningKey};
use countersign::{Guard, JwtStrategy};
use countersign_testkit::TestIssuer;
use http::{Method, Request, Response, Uri};
use http_body_util::{Empty, Full};
use serde_json::Value;
use tower::{Layer, service_fn};

#[tokio::test]
async fn the_guard_refuses_every_row_with_its_code_under_every_kind_of_key() {
    for algorithm in
        [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::MlDsa44]
    {
        let issuer = TestIssuer::with_key(SigningKey::generate(algorithm).unwrap());
        let strategy = JwtStrategy::<Value, _>::new(issuer.verifier(), issuer.keys()).clock(issuer.clock());
        let handler = service_fn(async |_: Request<Empty<Bytes>>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let guarded = Guard::required(strategy).layer(handler);
        let report = issuer
            .battery(&issuer.token("ada"))
            .attack(guarded, Method::GET, Uri::from_static("/profile"))
            .await;
        report.assert_all_refused();
        report.assert_codes();
    }
}
