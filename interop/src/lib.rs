//! The peers: other libraries for JSON Web Tokens, each spoken for by a small script that runs beside a test.
//!
//! A peer is a row of [`PEERS`]. Its script (`peers/`) reads one request a line and writes one answer a line, both JSON.
//! What the scripts need is installed by `cargo xtask test` into `target/interop`.
//!
//! Peers take the time of day from the machine, so tokens that cross are issued around [`SystemClock`]'s moment.
//!
//! [`SystemClock`]: countersign_jwt::SystemClock

#![expect(clippy::panic, reason = "a peer that cannot answer fails the test that asks it")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{fs, io};

use countersign_jwt::Algorithm;
use serde_json::{Map, Value, json};

/// What a library runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runtime {
    /// The Node.js that is installed with the JavaScript peers.
    Node,
    /// The virtual environment of the Python peers.
    Python,
}

/// A library that tokens and keys are exchanged with.
#[derive(Debug)]
pub struct Peer {
    /// Its name in its registry.
    pub name: &'static str,
    runtime: Runtime,
    script: &'static str,
    /// The algorithms it shares with us.
    pub algorithms: &'static [Algorithm],
    /// The algorithms it has and we have not.
    pub more_algorithms: &'static [&'static str],
    /// Whether it computes thumbprints (RFC 7638).
    pub has_thumbprints: bool,
    /// Whether it verifies with a JWK Set, choosing the key by `kid`.
    pub has_key_sets: bool,
    /// Whether it signs with an HMAC secret that is the text of a public key.
    pub signs_with_public_text: bool,
    /// The script, once it was asked something. It ends with the tests, when there is nothing more to read.
    script_running: OnceLock<Mutex<Script>>,
}

/// Every peer there is.
pub static PEERS: [Peer; 4] = [
    Peer {
        name: "jose",
        runtime: Runtime::Node,
        script: "jose.js",
        algorithms: &Algorithm::ALL,
        more_algorithms: &[],
        has_thumbprints: true,
        has_key_sets: true,
        signs_with_public_text: true,
        script_running: OnceLock::new(),
    },
    Peer {
        name: "jsonwebtoken",
        runtime: Runtime::Node,
        script: "jsonwebtoken.js",
        algorithms: HMAC_RSA_ECDSA,
        more_algorithms: &[],
        has_thumbprints: false,
        has_key_sets: false,
        signs_with_public_text: true,
        script_running: OnceLock::new(),
    },
    Peer {
        name: "PyJWT",
        runtime: Runtime::Python,
        script: "pyjwt_peer.py",
        algorithms: HMAC_RSA_ECDSA_EDDSA,
        more_algorithms: &["ES256K", "ES521"],
        has_thumbprints: false,
        has_key_sets: true,
        signs_with_public_text: false,
        script_running: OnceLock::new(),
    },
    Peer {
        name: "joserfc",
        runtime: Runtime::Python,
        script: "joserfc_peer.py",
        algorithms: HMAC_RSA_ECDSA_EDDSA_ED25519,
        more_algorithms: &["ES256K", "Ed448"],
        has_thumbprints: true,
        has_key_sets: true,
        signs_with_public_text: false,
        script_running: OnceLock::new(),
    },
];

const HMAC_RSA_ECDSA: &[Algorithm] = Algorithm::ALL.split_at(12).0;
const HMAC_RSA_ECDSA_EDDSA: &[Algorithm] = Algorithm::ALL.split_at(13).0;
const HMAC_RSA_ECDSA_EDDSA_ED25519: &[Algorithm] = Algorithm::ALL.split_at(14).0;

/// What is installed, word for word: another version is another installation.
const MANIFESTS: [&str; 2] = [include_str!("../package.json"), include_str!("../requirements.txt")];

/// A key as a peer takes and gives it.
#[derive(Clone, Debug)]
pub enum Key {
    /// A JSON Web Key.
    Jwk(Value),
    /// PKCS#8 or SubjectPublicKeyInfo in PEM.
    Pem(String),
    /// A JWK Set.
    Jwks(Value),
}

impl Key {
    fn to_json(&self) -> Value {
        match self {
            Self::Jwk(jwk) => json!({ "jwk": jwk }),
            Self::Pem(pem) => json!({ "pem": pem }),
            Self::Jwks(jwks) => json!({ "jwks": jwks }),
        }
    }
}

/// What a peer says to a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It verified, and these are its claims.
    Accepted(Value),
    /// The library refused it, for this reason.
    Refused(String),
}

impl Peer {
    /// The algorithms the library has.
    pub fn algorithms(&self) -> Vec<String> {
        let answer = self.ask("algorithms", json!({}));
        let names = answer["algorithms"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A new key in the formats it has: `private_jwk` always, `public_jwk`, `private_pem` and `public_pem` unless it is a
    /// secret.
    pub fn generate(&self, algorithm: Algorithm) -> Map<String, Value> {
        match self.ask("generate", json!({ "alg": algorithm.name() })) {
            Value::Object(formats) => formats,
            answer => panic!("{} answered {answer}", self.name),
        }
    }

    /// A token that the library signed.
    pub fn sign(&self, algorithm: Algorithm, key: &Key, header: &Value, claims: &Value) -> String {
        let request =
            json!({ "alg": algorithm.name(), "key": key.to_json(), "header": header, "claims": claims });
        self.ask_text("sign", request, "token")
    }

    /// Why the library will not sign with this key.
    pub fn refuse_to_sign(&self, algorithm: Algorithm, key: &Key, claims: &Value) -> String {
        let request =
            json!({ "alg": algorithm.name(), "key": key.to_json(), "header": {}, "claims": claims });
        self.ask_text("sign", request, "refused")
    }

    /// A token that nobody signed (RFC 7519 §6), of `alg` `none`.
    pub fn unsecured(&self, claims: &Value) -> String {
        self.ask_text("unsecured", json!({ "claims": claims }), "token")
    }

    /// What the library says to a token that must be of this issuer and for this audience.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        key: &Key,
        token: &str,
        (issuer, audience): (&str, &str),
    ) -> Verdict {
        let request = json!({
            "alg": algorithm.name(), "key": key.to_json(), "token": token, "issuer": issuer, "audience": audience,
        });
        let mut answer = self.ask("verify", request);
        match (answer["refused"].take(), answer["claims"].take()) {
            (Value::String(reason), Value::Null) => Verdict::Refused(reason),
            (Value::Null, claims @ Value::Object(_)) => Verdict::Accepted(claims),
            _ => panic!("{} neither accepted nor refused", self.name),
        }
    }

    /// The library's thumbprint of a JWK (RFC 7638).
    pub fn thumbprint(&self, jwk: &Value) -> String {
        self.ask_text("thumbprint", json!({ "jwk": jwk }), "thumbprint")
    }

    fn ask_text(&self, operation: &str, request: Value, wanted: &str) -> String {
        let answer = self.ask(operation, request);
        match answer[wanted].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("{} answered {operation} with {answer}", self.name),
        }
    }

    fn ask(&self, operation: &str, mut request: Value) -> Value {
        request["do"] = operation.into();
        let script = self.script_running.get_or_init(|| Mutex::new(Script::start(self)));
        // A test that failed between two exchanges leaves the script as good as it was.
        let answer = script.lock().unwrap_or_else(PoisonError::into_inner).exchange(&request);
        match answer {
            Ok(answer) if answer.get("error").is_none() => answer,
            Ok(answer) => {
                panic!("{} failed: {}", self.name, answer["error"].as_str().unwrap_or_default())
            }
            Err(error) => panic!("{} does not answer: {error}", self.name),
        }
    }

    fn command(&self, installed: &Path) -> Command {
        let mut command = match self.runtime {
            Runtime::Node => {
                let mut node = Command::new(installed.join("node_modules/.bin/node"));
                node.arg("--no-warnings").env("NODE_PATH", installed.join("node_modules"));
                node
            }
            Runtime::Python => {
                let mut python = Command::new(installed.join("venv/bin/python"));
                // Nothing is written beside the sources, and deprecated names are among what is tested.
                python.args(["-B", "-W", "ignore"]);
                python
            }
        };
        command.arg(folder().join("peers").join(self.script));
        command
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A script that is running.
#[derive(Debug)]
struct Script {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Script {
    /// Starts the script that speaks for `peer`, if the peers are installed as the manifests say.
    #[expect(clippy::zombie_processes, reason = "the script and the tests end together")]
    fn start(peer: &Peer) -> Self {
        let installed = folder().join("../target/interop");
        let found = fs::read_to_string(installed.join("installed")).unwrap_or_default();
        assert!(found == MANIFESTS.concat(), "run `cargo xtask test`, which installs the peers");
        let child = peer.command(&installed).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{} did not start: {error}", peer.name));
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Self { requests, answers: BufReader::new(answers) },
            _ => panic!("{} has no pipes", peer.name),
        }
    }

    fn exchange(&mut self, request: &Value) -> io::Result<Value> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}
