//! What was measured, as tables for a terminal and for docs/benchmarks.md: the same Markdown.

use std::fmt::Write;

use bench_harness::{Operation, Scaling, Section, Verdict};

use crate::rounds::{Effort, Measured};
use crate::{BORROWED, OWNED, PAD_STATES, PRIMITIVE, is_peer, targets};

/// The crates whose versions are told.
const COMPARED: [&str; 12] = [
    "countersign-jwt",
    "aws-lc-rs",
    "aws-lc-sys",
    "hmac",
    "jsonwebtoken",
    "jwt",
    "jwt-compact",
    "jwt-simple",
    "boring",
    "josekit",
    "jwtk",
    "openssl",
];

const ABOUT: &str = "The token core, measured against the cryptography it is built on and against the other JWT crates of Rust.";

/// Everyone who did one operation of one algorithm.
pub struct Race {
    /// The JWS `alg`.
    pub algorithm: String,
    /// What was done.
    pub operation: Operation,
    /// Who did it, and how.
    pub measured: Vec<Measured>,
}

impl Race {
    /// `sign` or `verify`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.operation {
            Operation::Sign => "sign",
            Operation::Verify => "verify",
        }
    }

    /// What a library took.
    #[must_use]
    pub fn of(&self, library: &str) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.library == library)
    }

    /// The fastest of the other JWT crates.
    #[must_use]
    pub fn best_peer(&self) -> Option<&Measured> {
        let peers = self.measured.iter().filter(|measured| is_peer(&measured.library));
        peers.min_by(|one, other| one.median().total_cmp(&other.median()))
    }
}

/// A whole run.
pub struct Report {
    /// How much was measured.
    pub effort: Effort,
    /// The command that ran.
    pub command: String,
    /// Operation by operation.
    pub races: Vec<Race>,
    /// Two threads against one.
    pub scaling: Vec<(String, Scaling<'static>)>,
    /// Who took no part.
    pub missing: Vec<&'static str>,
}

impl Report {
    /// The report as a section of docs/benchmarks.md.
    #[must_use]
    pub fn section(&self) -> Section {
        let section = Section::new("jwt", "The token core", &self.command, &COMPARED).text(ABOUT);
        let section = self.missing.iter().fold(section, |section, missing| {
            section.condition("Not measured", &format!("{missing}: what it needs was not on the machine"))
        });
        let promises = Verdict::table(&targets::verdicts(&self.races));
        let parts = [promises, self.summary(), self.everyone(), self.threads(), self.method()];
        section.text(&parts.concat())
    }

    fn summary(&self) -> String {
        let mut text = String::from(
            "\n### Every algorithm\n\n\
             *Ours*: nanoseconds an operation; *× primitive*: how many times the primitive alone with a prepared key;\n\
             *× best peer*: how many times as fast as the fastest other crate that knows the algorithm.\n\n\
             | algorithm | operation | ours | ns | × primitive | × best peer | best peer | allocations |\n\
             |---|---|---|---:|---:|---:|---|---:|\n",
        );
        for race in &self.races {
            for library in [OWNED, BORROWED] {
                let Some(ours) = race.of(library) else { continue };
                let (name, peer) = (race.name(), race.best_peer());
                let primitive = race.of(PRIMITIVE).map_or_else(|| "-".to_owned(), |it| ratio(ours.times(it)));
                let times = peer.map_or_else(|| "-".to_owned(), |peer| ratio(peer.times(ours)));
                let peer = peer.map_or("none", |peer| peer.library.as_str());
                let form = if library == OWNED { "owned" } else { "borrowed" };
                let _ = writeln!(
                    text,
                    "| {} | {name} | {form} | {} | {primitive} | {times} | {peer} | {} |",
                    race.algorithm,
                    whole(ours.median()),
                    ours.cost.allocations
                );
            }
        }
        text
    }

    fn everyone(&self) -> String {
        let mut text = String::from("\n### Everyone\n");
        for race in &self.races {
            let _ = write!(
                text,
                "\n#### {} {}\n\n\
                 | | ns, middle round | ns, best round | × primitive | allocations | bytes |\n|---|---:|---:|---:|---:|---:|\n",
                race.algorithm,
                race.name()
            );
            let mut sorted: Vec<&Measured> = race.measured.iter().collect();
            sorted.sort_by(|one, other| one.median().total_cmp(&other.median()));
            for it in sorted {
                let primitive =
                    race.of(PRIMITIVE).map_or_else(|| "-".to_owned(), |other| ratio(it.times(other)));
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {primitive} | {} | {} |",
                    it.library,
                    whole(it.median()),
                    whole(it.fastest()),
                    it.cost.allocations,
                    whole(it.cost.bytes)
                );
            }
        }
        text
    }

    fn threads(&self) -> String {
        if self.scaling.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n### Two threads\n\n\
             How many times as much two threads verify as one, with one verifier and one key set between them; and beside it,\n\
             in the same rounds, a control: a computation on registers alone. What two threads of the control do not reach, the\n\
             machine did not have to give; what is left of the control's scaling is what the threads leave each other.\n\n\
             | algorithm | middle round | control | of the control | best rounds | control |\n|---|---:|---:|---:|---:|---:|\n",
        );
        for (algorithm, scaling) in &self.scaling {
            let columns = [
                scaling.times(),
                scaling.control(),
                scaling.of_control(),
                scaling.times_at_best(),
                scaling.control_at_best(),
            ];
            let _ = writeln!(text, "| {algorithm} | {} |", columns.map(ratio).join(" | "));
        }
        text
    }

    fn method(&self) -> String {
        let Effort { rounds, turn } = self.effort;
        format!(
            "\n### How it is measured\n\n\
             - Everyone has the same key and the same claims (`iss`, `sub`, `aud`, `exp`, `iat`, `jti`, and `email` as the\n  \
               application's own), and asks the system's clock in every operation.\n\
             - Everyone verifies the same token in full: signature, `iss`, `aud`, `exp` and `nbf` with 60 seconds of leeway\n  \
               where the crate has any, claims into a type. Where a crate leaves a check to the application, the check is\n  \
               made here and measured with it. Before anything is measured, everyone has shown that it reads the good\n  \
               token right and refuses a grafted signature, an expired token, one that is not yet valid, another issuer\n  \
               and another audience; and what it signs was verified.\n\
             - Everyone uses the cheapest interface that its crate has, with the key prepared as far as it can be.\n\
             - {rounds} rounds: in each everyone runs a batch of about {} ms, one after the other, another one first each\n  \
               time. A ratio is the middle one of the rounds' ratios; where the\n  \
               best rounds say otherwise, the machine was busy, and the run should be repeated.\n\
             - The primitive is aws-lc-rs with a prepared key over the signed bytes of the same token: no base64, no JSON,\n  \
               no clock. For HMAC there is a second one, *{PAD_STATES}*: the RustCrypto crates\n  \
               cloned from a keyed state.\n\
             - jsonwebtoken takes one backend a process; here a provider hands each call to the backend whose turn it is.\n  \
               jwt-simple and the crates on OpenSSL run in processes of their own, as BoringSSL and OpenSSL do not go into\n  \
               one; they run the same batches in the same rounds.\n\
             - Allocations are those of Rust's allocator, counted in a program of their own; what a C library allocates\n  \
               inside is not seen.\n\
             - Left out: jwtiny (verifies only, asynchronous, parses its key on every call as jsonwebtoken does), jaws and\n  \
               compact_jwt (do not validate claims), frank_jwt, biscuit and jsonwebtokens (not maintained).\n",
            turn.as_secs_f64() * 1000.0
        )
    }
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn ratio(number: f64) -> String {
    format!("{number:.2}")
}
