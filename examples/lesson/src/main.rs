//! Log in, get a token, use it on a guarded route.
//!
//! `JWT_SECRET=$(openssl rand -hex 32) cargo run -p lesson`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{StatusCode, request::Parts};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::jwt::{
    Algorithm, Claims, Clock, KeySet, Signer, SigningKey, SystemClock, Verified, Verifier,
};
use countersign::password::{NewPassword, Password, PasswordHash, Passwords, Verification};
use countersign::{
    AuthError, Authenticated, BodyGuard, Credentials, Denial, Guard, JwtStrategy, LocalStrategy, Problem,
    Validate,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Who can log in.
#[derive(Clone)]
struct User {
    id: &'static str,
    email: &'static str,
    password: PasswordHash,
}

/// What a token says of its bearer, besides their id in `sub`.
#[derive(Serialize, Deserialize)]
struct Identity {
    email: String,
}

/// Who has sent a request, as its token says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Visitor {
    user_id: String,
    email: String,
}

/// Behind the login's guard: the password was right.
async fn log_in(user: Authenticated<User>, State(signer): State<Arc<Signer>>) -> impl IntoResponse {
    let claims = Claims::new(Identity { email: user.email.to_owned() }).subject(user.id);
    let token = signer.sign(&claims, SystemClock.now()).map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "The token could not be signed.")
    })?;
    let expires_in = signer.lifetime().as_secs();
    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
    Ok::<_, Problem>(([(CACHE_CONTROL, "no-store")], Json(answer)))
}

/// Behind the token's guard: the token was good. All that is told here stands in it.
async fn profile(visitor: Authenticated<Visitor>) -> Json<Authenticated<Visitor>> {
    Json(visitor)
}

async fn visitor(token: Verified<Identity>, _: &Parts) -> Option<Visitor> {
    Some(Visitor { user_id: token.subject()?.to_owned(), email: token.into_claims().email })
}

/// Everyone who can log in, and the threads on which passwords are hashed.
struct Users {
    users: Vec<User>,
    passwords: Passwords,
}

impl<'head> Validate<'head, Credentials> for Users {
    type Verdict = Result<User, AuthError>;

    /// The same work whether the user is unknown or the password wrong: time tells nobody who has an account.
    async fn validate(&self, credentials: Credentials, _: &'head Parts) -> Result<User, AuthError> {
        let (email, password) = credentials.into_parts();
        let user = self.users.iter().find(|user| user.email == email);
        let verification = match user {
            Some(user) => self.passwords.verify(&password, &user.password).await?,
            None => self.passwords.verify_absent(&password).await?,
        };
        match (user, verification) {
            (Some(user), Verification::Match | Verification::MatchRehashed(_)) => Ok(user.clone()),
            _ => Err(Denial::wrong_credentials().into()),
        }
    }
}

async fn app(key: SigningKey) -> Result<Router, Box<dyn Error>> {
    let passwords = Passwords::start()?;
    let chosen = NewPassword::try_from(Password::from("correct horse battery".to_owned()))?;
    let password = passwords.hash(&chosen).await?;
    let users = vec![User { id: "1", email: "ada@example.com", password }];
    let login = LocalStrategy::new(Users { users, passwords }).username_field("email");

    let keys = KeySet::from(key.verifying_key());
    let token = JwtStrategy::new(Verifier::new("lesson", "lesson"), keys).validate(visitor);
    let signer = Signer::new(key, "lesson", "lesson", Duration::from_secs(15 * 60));

    Ok(Router::new()
        .route("/auth/login", post(log_in).layer(BodyGuard::new(login)))
        .route("/profile", get(profile).layer(Guard::required(token)))
        .with_state(Arc::new(signer)))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells how to try it")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let secret = std::env::var("JWT_SECRET").map_err(|_| "set JWT_SECRET to a secret of 32 bytes or more")?;
    let key = SigningKey::from_secret(Algorithm::Hs256, secret.as_bytes())
        .map_err(|error| format!("JWT_SECRET cannot be used: {error}"))?;
    let app = app(key).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("{TRY}");
    Ok(axum::serve(listener, app).await?)
}

const TRY: &str = r#"Listening on http://127.0.0.1:3000. Try, in another terminal:

  curl http://127.0.0.1:3000/auth/login --json '{"email":"ada@example.com","password":"correct horse battery"}'
  curl http://127.0.0.1:3000/profile -H "Authorization: Bearer <the access_token of the answer>"
"#;

#[cfg(test)]
mod tests;
