//! `countersign jws verify`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use countersign::jwt::{Algorithm, Clock as _, SystemClock, jws::JwsVerifier};

use crate::cli::{Outcome, input, output};

/// Verify the JWS on standard input and write its payload
///
/// The JWS is in the compact form (RFC 7515 §7.1) and has up to 1 MiB, a newline at its end aside; its payload may be
/// anything. Exits with 0 and writes the payload to standard output, byte for byte, if the signature is good; exits
/// with 1 and says why on standard error, in one line that begins with a stable code, if it is not; exits with 2 if the
/// call is wrong. Nothing is written before everything is verified. Claims and their times are not looked at: for
/// tokens there is `token verify`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// A file with the JWK Set of whoever signs
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,

    /// Accept only this algorithm (may be repeated) [default: whatever the keys are for]
    #[arg(long = "alg", value_name = "A", num_args = 1..)]
    algorithms: Vec<Algorithm>,

    /// The type that the JWS must be of, for instance statuslist+jwt; without it, `typ` is not checked
    #[arg(long = "typ", value_name = "T")]
    token_type: Option<String>,
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        let keys = input::key_set(&self.jwks, &self.algorithms)?;
        let signed = input::token()?;
        match self.verifier().verify(&signed, &keys, SystemClock.now()) {
            Ok(payload) => {
                output::bytes(&payload)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                output::note(format_args!("{}: {error}", error.code()));
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn verifier(self) -> JwsVerifier {
        let verifier = JwsVerifier::new().max_length(input::LONGEST);
        let verifier = match self.token_type {
            Some(token_type) => verifier.token_type(token_type),
            None => verifier,
        };
        match self.algorithms.is_empty() {
            true => verifier,
            false => verifier.algorithms(self.algorithms),
        }
    }
}
