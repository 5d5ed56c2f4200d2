//! `countersign token sign`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use countersign::jwt::{Algorithm, Claims, Clock as _, SignError, Signer, SigningKey, SystemClock, json};
use serde_json::{Map, Value};

use crate::{
    app,
    cli::{
        Failure, Outcome, input, output,
        place::{IfMissing, Place},
    },
    config::{Config, parse_duration},
    flow::{AccessClaims, FIRST_PARTY_CLIENT, whole_second},
    key_ring::KeyRing,
};

/// Sign a token and print it
///
/// Signs with the key or secret that is given, else with the key of the service that --data and --config name, as that
/// service: its issuer, its audience, its lifetime, the type at+jwt and the `client_id` countersign are then the defaults. The
/// service's own routes also need --sub and an `email` among the claims; what they would miss is named on standard error.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sign {
    /// A file with a private key, in PEM or as a JWK
    #[arg(long, value_name = "FILE", conflicts_with = "secret_file", requires_all = ["issuer", "audiences"])]
    key: Option<PathBuf>,

    /// A file with a shared secret; a newline at its end is not part of it
    #[arg(long, value_name = "FILE", requires_all = ["issuer", "audiences"])]
    secret_file: Option<PathBuf>,

    /// The algorithm of --key or --secret-file [default: what the key is for, HS256 for a secret]
    #[arg(long = "alg", value_name = "A")]
    algorithm: Option<Algorithm>,

    /// The `iss` of the token
    #[arg(long = "iss", value_name = "I")]
    issuer: Option<String>,

    /// The `aud` of the token (may be repeated)
    #[arg(long = "aud", value_name = "A")]
    audiences: Vec<String>,

    /// The `sub` of the token
    #[arg(long = "sub", value_name = "S")]
    subject: Option<String>,

    /// How long the token is good [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    expires_in: Option<Duration>,

    /// The `typ` of the token [default: JWT]
    #[arg(long = "typ", value_name = "T")]
    token_type: Option<String>,

    /// The `kid` of the token [default: that of the key]
    #[arg(long = "kid", value_name = "K", allow_hyphen_values = true)]
    key_id: Option<String>,

    /// A file with all other claims, one JSON object; - for standard input
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,

    #[command(flatten)]
    place: Place,

    /// The port that `serve` was given, which is in the issuer of a service that has no other [default: as configured]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

/// What a token gets that is not told otherwise.
struct Defaults {
    key: SigningKey,
    issuer: String,
    audiences: Vec<String>,
    lifetime: Duration,
    token_type: &'static str,
    /// What stands in `client_id`, where the service signs.
    client_id: Option<&'static str>,
}

impl Sign {
    pub(super) fn run(self) -> Outcome {
        let mut private = match &self.claims {
            Some(file) => private_claims(&input::text(file, "claims")?)?,
            None => Map::new(),
        };
        let defaults = self.defaults()?;
        self.complete(&mut private, &defaults);
        let key = match self.key_id {
            Some(key_id) => defaults.key.with_key_id(key_id),
            None => defaults.key,
        };
        let audiences = if self.audiences.is_empty() { defaults.audiences } else { self.audiences };
        let signer = Signer::new(
            key,
            self.issuer.unwrap_or(defaults.issuer),
            audiences,
            self.expires_in.unwrap_or(defaults.lifetime),
        )
        .token_type(self.token_type.as_deref().unwrap_or(defaults.token_type));
        let mut claims = Claims::new(private);
        if let Some(subject) = self.subject {
            claims = claims.subject(subject);
        }
        let token = signer.sign(&claims, whole_second(SystemClock.now())).map_err(|error| match error {
            SignError::ReservedClaim(claim) => Failure::wrong_call(format_args!(
                "the claims hold {0:?}, which is set by a flag or by itself, not there",
                claim.name()
            )),
            SignError::Key(error) => Failure::failed(error),
            error => Failure::wrong_call(error),
        })?;
        output::answer(token)?;
        Ok(ExitCode::SUCCESS)
    }

    fn defaults(&self) -> Result<Defaults, Failure> {
        let key = match (&self.key, &self.secret_file) {
            (Some(file), _) => input::signing_key(file, self.algorithm)?,
            (None, Some(file)) => {
                let algorithm = self.algorithm.unwrap_or(Algorithm::Hs256);
                SigningKey::from_secret(algorithm, &input::secret(file)?)
                    .map_err(|error| Failure::wrong_call(format_args!("{}: {error}", file.display())))?
            }
            (None, None) => return self.as_the_service(),
        };
        Ok(Defaults {
            key,
            issuer: String::new(),
            audiences: Vec::new(),
            lifetime: Duration::from_secs(15 * 60),
            token_type: "JWT",
            client_id: None,
        })
    }

    /// Adds what an access token of the service always has, and names what its own routes would miss in a token for them.
    fn complete(&self, claims: &mut Map<String, Value>, defaults: &Defaults) {
        let is_default =
            |given: &Option<String>, default: &str| given.as_deref().is_none_or(|it| it == default);
        let Some(client_id) = defaults.client_id else { return };
        if !is_default(&self.token_type, defaults.token_type) {
            return;
        }
        claims.entry("client_id").or_insert_with(|| client_id.into());
        let for_itself = is_default(&self.issuer, &defaults.issuer)
            && (self.audiences.is_empty() || self.audiences.iter().any(|it| defaults.audiences.contains(it)));
        let is_missing = |name: &&str| match *name {
            "sub" => self.subject.is_none(),
            name => !claims.contains_key(name),
        };
        let missing: Vec<_> =
            AccessClaims::NEEDED.into_iter().filter(is_missing).map(|name| format!("`{name}`")).collect();
        if for_itself && !missing.is_empty() {
            let missing = missing.join(" and no ");
            output::note(format_args!("the service's own routes refuse this token: it has no {missing}"));
        }
    }

    fn as_the_service(&self) -> Result<Defaults, Failure> {
        if self.algorithm.is_some() {
            return Err(Failure::wrong_call(
                "--alg goes with --key or --secret-file; the service's key has its own",
            ));
        }
        let config = self.place.config(None)?;
        let keys = match &config.jwt_secret {
            Some(secret) => KeyRing::of_secret(secret).map_err(Failure::failed)?,
            None => self.place.with_store(IfMissing::Fail, async |config, store| {
                let lifetime = self.expires_in.unwrap_or(config.token.access_lifetime);
                super::keys_of(config, store, lifetime).await
            })?,
        };
        let Config { host, port, issuer, audience, token, .. } = config;
        Ok(Defaults {
            key: keys.keys().signing.clone(),
            issuer: issuer.unwrap_or_else(|| app::local_url((host, self.port.unwrap_or(port)).into())),
            audiences: vec![audience],
            lifetime: token.access_lifetime,
            token_type: "at+jwt",
            client_id: Some(FIRST_PARTY_CLIENT),
        })
    }
}

fn private_claims(text: &str) -> Result<Map<String, Value>, Failure> {
    json::from_str(text)
        .map_err(|error| Failure::wrong_call(format_args!("the claims are not a JSON object: {error}")))
}
