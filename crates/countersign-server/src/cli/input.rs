//! Reading what a command is given: never a secret from an argument, which every process on the machine can see.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use countersign::{
    jwt::{Algorithm, KeyError, KeySet, PrivateJwk, SigningKey},
    password::Password,
};
use zeroize::Zeroizing;

use super::{Failure, output};

/// How many bytes of standard input are looked at, a newline at the end aside: more than any token, key or password has.
pub(super) const LONGEST: usize = 1024 * 1024;

/// Everything on standard input, without the newline at its end. Of what is longer than [`LONGEST`] the rest is not read:
/// it is no token, key or password, and whoever looks at it says so.
fn standard_input(what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        output::note(format_args!("reading {what} from standard input; end it with Ctrl-D"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    // One byte more than a newline may have, so that what follows it is seen.
    let most = u64::try_from(LONGEST + "\r\n".len() + 1).unwrap_or(u64::MAX);
    input.lock().take(most).read_to_end(&mut bytes).map_err(|error| {
        Failure::wrong_call(format_args!("cannot read {what} from standard input: {error}"))
    })?;
    trim_newline(&mut bytes);
    Ok(bytes)
}

/// One newline at the end is the editor's or the shell's, not the secret's.
fn trim_newline(bytes: &mut Vec<u8>) {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
}

/// A token from standard input. Whatever is there, or nothing: it is left to the verification to say that it is none.
pub(super) fn token() -> Result<String, Failure> {
    let bytes = standard_input("a token")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A new password: asked for twice without echo on a terminal, else read from standard input.
pub(super) fn new_password() -> Result<Password, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(Password::from(standard_input("a password")?.to_vec()));
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|error| Failure::failed(format_args!("cannot ask for the password: {error}")))
    };
    let password = ask("Password: ")?;
    if *password != *ask("Again: ")? {
        return Err(Failure::failed("the two passwords are not the same"));
    }
    Ok(Password::from(password.to_string()))
}

/// The text of a file; `-` is standard input.
pub(super) fn text(file: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let bytes = match file.as_os_str() == "-" {
        true => standard_input(what)?,
        false => file_bytes(file)?,
    };
    String::from_utf8(bytes.to_vec())
        .map(Zeroizing::new)
        .map_err(|_| Failure::wrong_call(format_args!("{} is not text", file.display())))
}

/// A shared secret: the bytes of a file, without the newline at its end.
pub(super) fn secret(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = file_bytes(file)?;
    trim_newline(&mut bytes);
    Ok(bytes)
}

fn file_bytes(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| Failure::wrong_call(format_args!("cannot read {}: {error}", file.display())))
}

/// The keys of a file with a JWK Set, each key without `alg` for those of the algorithms that it fits. The keys that are
/// not used are named on standard error.
pub(super) fn key_set(file: &Path, algorithms: &[Algorithm]) -> Result<KeySet, Failure> {
    let text = text(file, "a JWK Set")?;
    let keys = match algorithms {
        [] => KeySet::from_json(&text),
        algorithms => KeySet::from_json_for(&text, algorithms),
    };
    let keys = keys.map_err(|error| Failure::wrong_call(format_args!("{}: {error}", file.display())))?;
    for key in keys.skipped() {
        let id = key.key_id.as_deref().unwrap_or("without kid");
        output::note(format_args!("skipped: key {} of the set ({id:?}): {}", key.index, key.reason));
    }
    Ok(keys)
}

/// A private key in PEM or as a JWK. Without an algorithm, the first of the table that the key can be used with.
pub(super) fn signing_key(file: &Path, algorithm: Option<Algorithm>) -> Result<SigningKey, Failure> {
    let text = text(file, "a private key")?;
    let key = match (text.trim_start().starts_with('{'), algorithm) {
        (true, None) => PrivateJwk::from_json(&text).and_then(|jwk| SigningKey::from_jwk(&jwk)),
        (true, Some(algorithm)) => {
            PrivateJwk::from_json(&text).and_then(|jwk| SigningKey::from_jwk_as(algorithm, &jwk))
        }
        (false, Some(algorithm)) => SigningKey::from_pem(algorithm, &text),
        (false, None) => pem_of_any_algorithm(&text),
    };
    key.map_err(|error| Failure::wrong_call(format_args!("{}: {error}", file.display())))
}

fn pem_of_any_algorithm(pem: &str) -> Result<SigningKey, KeyError> {
    let mut outcomes = Algorithm::ALL
        .into_iter()
        .filter(|algorithm| !algorithm.is_symmetric())
        .map(|algorithm| SigningKey::from_pem(algorithm, pem));
    let first = outcomes.next().unwrap_or(Err(KeyError::Backend));
    first.or_else(|error| outcomes.find_map(Result::ok).ok_or(error))
}
