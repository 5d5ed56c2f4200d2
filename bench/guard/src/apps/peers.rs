//! What others do.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum_jwt_auth::{Claims, Decoder, LocalDecoder};
use bench_harness::{ClaimsRead, Failure, Keys, LEEWAY, Task};
use jsonwebtoken::crypto::{aws_lc, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims};

use super::{ANSWER, answer};

/// What a handwritten extractor finds.
struct User(ClaimsRead);

#[derive(Clone)]
struct Verification(Arc<(DecodingKey, Validation)>);

impl FromRequestParts<Verification> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(head: &mut Parts, state: &Verification) -> Result<Self, StatusCode> {
        let header = head.headers.get(header::AUTHORIZATION).ok_or(StatusCode::UNAUTHORIZED)?;
        let header = header.to_str().map_err(|_| StatusCode::UNAUTHORIZED)?;
        let token = header.strip_prefix("Bearer ").ok_or(StatusCode::UNAUTHORIZED)?;
        let (key, validation) = &*state.0;
        let token = jsonwebtoken::decode::<ClaimsRead>(token, key, validation);
        token.map(|token| Self(token.claims)).map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

pub(super) fn handwritten(task: &Task) -> Result<Router, Failure> {
    let algorithm: Algorithm = task.algorithm.parse()?;
    // One backend a process: the faster one for the algorithm.
    let (backend, key) = match &task.keys {
        Keys::Secret(secret) => (&rust_crypto::DEFAULT_PROVIDER, DecodingKey::from_secret(secret)),
        Keys::Pair { public_pem, .. } => {
            (&aws_lc::DEFAULT_PROVIDER, DecodingKey::from_ec_pem(public_pem.as_bytes())?)
        }
    };
    backend.install_default().map_err(|_| "a backend is installed already")?;
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_issuer(&[&task.claims.issuer]);
    validation.set_audience(&[&task.claims.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let handler = async |User(claims): User| answer(claims.subject());
    Ok(Router::new().route("/", get(handler)).with_state(Verification(Arc::new((key, validation)))))
}

#[derive(Clone, FromRef)]
struct DecoderState {
    decoder: Decoder<ClaimsRead>,
}

pub(super) fn axum_jwt_auth(task: &Task) -> Result<Router, Failure> {
    let mut validation = jsonwebtoken_10::Validation::new(jsonwebtoken_10::Algorithm::HS256);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_issuer(&[&task.claims.issuer]);
    validation.set_audience(&[&task.claims.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let keys = vec![jsonwebtoken_10::DecodingKey::from_secret(secret(task)?)];
    let decoder = Arc::new(LocalDecoder::new(keys, validation)?);
    let handler = async |user: Claims<ClaimsRead>| answer(user.claims.subject());
    Ok(Router::new().route("/", get(handler)).with_state(DecoderState { decoder }))
}

pub(super) async fn jwt_authorizer(task: &Task) -> Result<axum_07::Router, Failure> {
    let validation = jwt_authorizer::Validation::new()
        .iss(&[&task.claims.issuer])
        .aud(&[&task.claims.audience])
        .leeway(LEEWAY)
        .nbf(true);
    let builder: JwtAuthorizer<ClaimsRead> = JwtAuthorizer::from_secret(std::str::from_utf8(secret(task)?)?);
    let authorizer: Authorizer<ClaimsRead> = builder.validation(validation).build().await?;
    let handler = |JwtClaims(claims): JwtClaims<ClaimsRead>| async move { answer(claims.subject()) };
    Ok(axum_07::Router::new().route("/", axum_07::routing::get(handler)).layer(authorizer.into_layer()))
}

pub(super) fn bare_07() -> axum_07::Router {
    axum_07::Router::new().route("/", axum_07::routing::get(|| async { ANSWER }))
}

fn secret(task: &Task) -> Result<&[u8], Failure> {
    match &task.keys {
        Keys::Secret(secret) => Ok(secret),
        Keys::Pair { .. } => Err("measured with a secret only".into()),
    }
}
