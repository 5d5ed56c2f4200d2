//! `countersign token revoke`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{AnyAudience, AnyIssuer, Clock as _, NumericDate, SystemClock, Verified, Verifier};
use countersign_store::Store;
use serde::de::IgnoredAny;

use crate::{
    app,
    cli::{
        Failure, Outcome, input, output,
        place::{IfMissing, Place},
    },
    config::Config,
    flow,
};

/// Revoke the one token on standard input, or with the id that is given
///
/// The token has to be one that a key of the service has signed, and is revoked until it expires. By its id alone one is
/// revoked for as long as an access token of the service lives.
///
/// Services that run know of it at once on PostgreSQL and within two seconds on SQLite, and tell it to the verifiers that read
/// their feed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Revoke {
    /// The `jti` of the token, in the place of the token
    #[arg(long = "jti", value_name = "JTI", allow_hyphen_values = true)]
    token_id: Option<String>,

    #[command(flatten)]
    place: Place,
}

/// What is to be revoked, and until when.
struct Revoked {
    token_id: String,
    good_until: NumericDate,
}

impl Revoke {
    pub(super) fn run(self) -> Outcome {
        let now = SystemClock.now();
        let token = match &self.token_id {
            Some(_) => String::new(),
            None => input::token()?,
        };
        self.place.with_store(IfMissing::Fail, async |config, store| {
            let Revoked { token_id, good_until } = match self.token_id {
                Some(token_id) => Revoked { token_id, good_until: now + app::remembered(config) },
                None => read(&token, config, store, now).await?,
            };
            flow::revoke_token_id(&token_id, good_until, store, now).await.map_err(Failure::failed)?;
            output::note(format_args!("the token {token_id} is revoked"));
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The id of a token that is good, whoever it is for.
async fn read(token: &str, config: &Config, store: &Store, now: NumericDate) -> Result<Revoked, Failure> {
    let keys = super::keys_of(config, store, config.token.access_lifetime).await?;
    let leeway = app::leeway(config);
    let verifier = Verifier::new(AnyIssuer, AnyAudience).any_token_type().leeway(leeway);
    let verified: Verified<IgnoredAny> = verifier
        .verify(token, &keys.keys().verifying, now)
        .map_err(|error| Failure::failed(format_args!("nothing was revoked: {}: {error}", error.code())))?;
    let token_id = verified.token_id().ok_or_else(|| Failure::failed("the token has no `jti`"))?.to_owned();
    Ok(Revoked { token_id, good_until: verified.expires_at() + leeway })
}
