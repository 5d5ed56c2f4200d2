//! `cargo xtask bench jwt`: runs the contenders and writes the report.

#![expect(clippy::print_stderr, reason = "talking to the developer is what this program does")]

use std::path::PathBuf;
use std::process::ExitCode;

use bench_harness::{Failure, Operation, Task};
use bench_jwt::field::{Field, Programs};
use bench_jwt::report::{Race, Report};
use bench_jwt::rounds::{self, Effort};
use bench_jwt::task::{ALGORITHMS, task};
use bench_jwt::threads;
use countersign_jwt::{
    AnyAudience, AnyIssuer, Clock, Jwk, KeySet, SystemClock, Verifier, VerifyingKey, json,
};

const USAGE: &str = "Usage: bench-jwt [--quick] [--write FILE] [ALGORITHM ...]";

/// What was asked for.
struct Call {
    effort: Effort,
    algorithms: Vec<String>,
    write: Option<PathBuf>,
    command: String,
}

fn main() -> ExitCode {
    let call = match parse(std::env::args().skip(1)) {
        Ok(call) => call,
        Err(wrong) => {
            eprintln!("error: {wrong}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    bench_harness::conclude(run(&call))
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Call, String> {
    let mut call = Call {
        effort: Effort::FULL,
        algorithms: Vec::new(),
        write: None,
        command: "cargo xtask bench jwt".to_owned(),
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => call.effort = Effort::QUICK,
            "--write" => {
                call.write = Some(words.next().ok_or("--write needs a file")?.into());
                continue;
            }
            name if ALGORITHMS.contains(&name) => call.algorithms.push(word.clone()),
            _ => {
                return Err(format!(
                    "`{word}` is neither an option nor an algorithm ({})",
                    ALGORITHMS.join(", ")
                ));
            }
        }
        call.command = format!("{} {word}", call.command);
    }
    if call.algorithms.is_empty() {
        call.algorithms = ALGORITHMS.map(str::to_owned).to_vec();
    }
    Ok(call)
}

fn run(call: &Call) -> Result<(), Failure> {
    let folder = std::env::current_exe()?.parent().ok_or("the program has no folder")?.to_owned();
    let mut programs = Programs::start(&folder)?;
    let mut races = Vec::new();
    let mut scaling = Vec::new();
    for algorithm in &call.algorithms {
        eprintln!("measuring {algorithm}");
        let task = task(algorithm)?;
        let mut field = Field::prepare(&mut programs, &task)?;
        check_samples(&field, &task)?;
        for operation in [Operation::Verify, Operation::Sign] {
            let measured = rounds::measure(&mut field, operation, call.effort)?;
            races.push(Race { algorithm: algorithm.clone(), operation, measured });
        }
        if threads::FAMILIES.contains(&algorithm.as_str()) {
            scaling.push((algorithm.clone(), threads::measure(&task, call.effort)?));
        }
    }
    let (command, missing) = (call.command.clone(), programs.missing.clone());
    let section = Report { effort: call.effort, command, races, scaling, missing }.section();
    bench_harness::publish(&section, call.write.as_deref())
}

/// Everyone's token must be one that ours accepts.
fn check_samples(field: &Field<'_>, task: &Task) -> Result<(), Failure> {
    let algorithm = task.algorithm.parse()?;
    let key = match &task.keys {
        bench_harness::Keys::Secret(secret) => VerifyingKey::from_secret(algorithm, secret)?,
        bench_harness::Keys::Pair { public_jwk, .. } => {
            VerifyingKey::from_jwk(&json::from_str::<Jwk>(public_jwk)?)?
        }
    };
    let keys = KeySet::from(key);
    let verifier =
        Verifier::new(AnyIssuer, AnyAudience).subject(&task.claims.subject).token_id(&task.claims.token_id);
    for (library, token) in field.samples().filter(|(library, _)| *library != bench_jwt::RANDOM_ID) {
        let verified = verifier.verify::<serde_json::Value>(token, &keys, SystemClock.now());
        let verified =
            verified.map_err(|error| format!("{library} signed a token that is not good: {error}"))?;
        let found = (verified.issuer(), verified.audience().collect::<Vec<_>>(), verified["email"].as_str());
        let claims = &task.claims;
        if found != (Some(&claims.issuer), vec![claims.audience.as_str()], Some(&claims.email)) {
            return Err(format!("{library} signed other claims").into());
        }
    }
    Ok(())
}
