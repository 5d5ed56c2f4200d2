//! What `verify` and `explain` expect of a token.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use countersign::jwt::{
    Algorithm, AnyAudience, AnyIssuer, Audiences, Issuers, KeyError, KeySet, Verifier, VerifyingKey,
};

use crate::{
    cli::{Failure, input, output},
    config::parse_duration,
};

#[derive(Debug, Args)]
pub(super) struct Expectations {
    #[command(flatten)]
    keys: Keys,

    /// Accept only this algorithm (may be repeated) [default: whatever the keys are for]
    #[arg(long = "alg", value_name = "A", num_args = 1..)]
    algorithms: Vec<Algorithm>,

    /// The issuer that the token must be from; without it, `iss` is not checked
    #[arg(long = "iss", value_name = "I")]
    issuer: Option<String>,

    /// The audience that the token must be for; without it, `aud` is not checked
    #[arg(long = "aud", value_name = "A")]
    audience: Option<String>,

    /// The type that the token must be of, for instance at+jwt; without it, `typ` is not checked
    #[arg(long = "typ", value_name = "T")]
    token_type: Option<String>,

    /// By how much clocks may differ
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    leeway: Duration,
}

/// Where the keys come from: exactly one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Keys {
    /// A file with the JWK Set of the issuer
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,

    /// A file with the secret shared with the issuer (HS256, HS384, HS512); a newline at its end is not part of it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Expectations {
    pub(super) fn verifier(&self) -> Verifier {
        let issuers = self.issuer.as_ref().map_or_else(|| Issuers::from(AnyIssuer), Issuers::from);
        let audiences = self.audience.as_ref().map_or_else(|| Audiences::from(AnyAudience), Audiences::from);
        let verifier = Verifier::new(issuers, audiences).leeway(self.leeway);
        let verifier = match &self.token_type {
            Some(token_type) => verifier.token_type(token_type),
            None => verifier.any_token_type(),
        };
        match self.algorithms.is_empty() {
            true => verifier,
            false => verifier.algorithms(self.algorithms.iter().copied()),
        }
    }

    /// Names the checks that were not asked for: whoever forgets one is told.
    pub(super) fn note_skipped(&self) {
        for (flag, claim, given) in [
            ("--iss", "iss", self.issuer.is_some()),
            ("--aud", "aud", self.audience.is_some()),
            ("--typ", "typ", self.token_type.is_some()),
        ] {
            if !given {
                output::note(format_args!("skipped: {claim} (no {flag} was given)"));
            }
        }
    }

    pub(super) fn keys(&self) -> Result<KeySet, Failure> {
        match (&self.keys.jwks, &self.keys.secret_file) {
            (Some(file), _) => input::key_set(file, &self.algorithms),
            (None, Some(file)) => self
                .secret_keys(&input::secret(file)?)
                .map_err(|error| Failure::wrong_call(format_args!("{}: {error}", file.display()))),
            (None, None) => Err(Failure::wrong_call("give --jwks or --secret-file")),
        }
    }

    /// The secret under each HMAC algorithm that was asked for; under those for which it is long enough if none was.
    fn secret_keys(&self, secret: &[u8]) -> Result<KeySet, KeyError> {
        let key = |algorithm| VerifyingKey::from_secret(algorithm, secret);
        if !self.algorithms.is_empty() {
            return self.algorithms.iter().copied().map(key).collect();
        }
        let shortest = key(Algorithm::Hs256)?;
        Ok([Algorithm::Hs384, Algorithm::Hs512]
            .into_iter()
            .filter_map(|longer| key(longer).ok())
            .chain([shortest])
            .collect())
    }
}
