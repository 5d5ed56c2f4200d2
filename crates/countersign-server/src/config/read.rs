//! From what was given to what it means.

use std::{
    fmt::Display,
    net::{IpAddr, Ipv4Addr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use countersign::{csrf::Origin, jwks::VerifierName};
use tracing::Level;

use super::{
    Config, Database, KeysConfig, LogConfig, LogFormat, MasterKeySource, PasswordConfig, Problem,
    RegistrationConfig, RevocationConfig, Secret, SessionConfig, TokenConfig, duration,
    layers::{Given, Layers, Value},
};

/// The name of the SQLite file in the data folder.
const DATABASE_FILE: &str = "countersign.db";

/// An access token that lives longer than this is a mistake in the unit.
const LONGEST_LIFETIME: Duration = Duration::from_secs(366 * 86_400);

/// A leeway longer than this undoes `exp`.
const LONGEST_LEEWAY: Duration = Duration::from_secs(600);

/// A service that takes longer than this to stop is killed by whoever asked it to.
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(3_600);

/// A session longer than this is a mistake in the unit.
const LONGEST_SESSION: Duration = Duration::from_secs(10 * 366 * 86_400);

/// A grace longer than this is time for a thief, not for a lost answer.
const LONGEST_GRACE: Duration = Duration::from_secs(300);

/// A set of keys that is kept longer than this makes every change of keys wait as long.
const LONGEST_MAX_AGE: Duration = Duration::from_secs(86_400);

/// A service that looks less often for new keys makes every change of keys wait as long.
const LONGEST_CHECK: Duration = Duration::from_secs(600);

/// A rotation that waits for longer than this does not take place.
const LONGEST_HOLD_BACK: Duration = Duration::from_secs(30 * 86_400);

/// A key that signs for longer than this is not rotated.
const LONGEST_ROTATION: Duration = Duration::from_secs(10 * 366 * 86_400);

/// RFC 7518 §3.2: a key at least as long as the hash.
const SHORTEST_SECRET: usize = 32;

/// The configuration that the layers amount to, or everything that is wrong with them.
pub(super) fn config(layers: Layers) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader { layers };
    let host = reader.read("host", host);
    let port = reader.read("port", port);
    let data = reader.read("data", path);
    let issuer = reader.read("issuer", issuer);
    let audience = reader.read("audience", name);
    let database = reader.read("database.url", database);
    let access_lifetime = reader.read("token.access_lifetime", |given| {
        whole_seconds(given).and_then(|length| within(length, Duration::from_secs(1), LONGEST_LIFETIME))
    });
    let leeway = reader.read("token.leeway", |given| {
        whole_seconds(given).and_then(|length| within(length, Duration::ZERO, LONGEST_LEEWAY))
    });
    let status_list = reader.read("token.status_list", boolean);
    let shutdown_wait = reader.read("http.shutdown_wait", |given| {
        duration(given).and_then(|length| within(length, Duration::ZERO, LONGEST_SHUTDOWN))
    });
    let password = PasswordConfig {
        threads: reader.read("password.threads", |given| number(given, &(1..=64))),
        queue: reader.read("password.queue", |given| number(given, &(1..=65_536))),
        memory_kib: reader.read("password.memory_kib", |given| number(given, &(7 * 1024..=256 * 1024))),
        iterations: reader.read("password.iterations", |given| number(given, &(1..=10))),
    };
    let session = reader.session();
    let revocation = reader.revocation();
    let keys = reader.keys();
    let reveal_taken = reader.read("registration.reveal_taken", boolean);
    let trusted_proxies = reader.read("http.trusted_proxies", |given| number(given, &(0..=16_u8)));
    let level = reader.read("log.level", |given| one_of(given, &LEVELS));
    let format = reader.read("log.format", |given| one_of(given, &FORMATS));
    let jwt_secret = reader.jwt_secret();
    let master_key = reader.master_key();
    let other_master_keys = reader.other_master_keys();

    // A setting with a default is only missing when its value was refused, and then there is a problem to report.
    let (Some(host), Some(port), Some(data), Some(audience)) = (host, port, data, audience) else {
        return Err(reader.layers.problems);
    };
    let (Some(access_lifetime), Some(leeway), Some(shutdown_wait)) = (access_lifetime, leeway, shutdown_wait)
    else {
        return Err(reader.layers.problems);
    };
    let (Some(reveal_taken), Some(level), Some(format)) = (reveal_taken, level, format) else {
        return Err(reader.layers.problems);
    };
    let (Some(session), Some(revocation), Some(keys), Some(trusted_proxies), Some(status_list)) =
        (session, revocation, keys, trusted_proxies, status_list)
    else {
        return Err(reader.layers.problems);
    };
    if !reader.layers.problems.is_empty() {
        return Err(reader.layers.problems);
    }
    Ok(Config {
        database: database.unwrap_or_else(|| Database::File(data.join(DATABASE_FILE))),
        host,
        port,
        data,
        issuer,
        audience,
        master_key,
        other_master_keys,
        token: TokenConfig { access_lifetime, leeway, status_list },
        keys,
        jwt_secret,
        session,
        revocation,
        password,
        registration: RegistrationConfig { reveal_taken },
        trusted_proxies: trusted_proxies.into(),
        shutdown_wait,
        log: LogConfig { level, format },
    })
}

struct Reader {
    layers: Layers,
}

impl Reader {
    /// The meaning of a setting; `None` when nobody gave it, or when it means nothing, which is then a problem.
    fn read<T>(&mut self, path: &str, parse: impl FnOnce(&Given) -> Result<T, String>) -> Option<T> {
        let given = self.layers.given.get(path)?;
        match parse(given) {
            Ok(value) => Some(value),
            Err(message) => {
                let place = given.place.clone();
                self.layers.problem(place, message);
                None
            }
        }
    }

    /// A secret and the file with the secret exclude each other.
    fn exclude(&mut self, secret: &str, file: &str) {
        let given = &self.layers.given;
        if let (Some(secret), Some(file)) = (given.get(secret), given.get(file)) {
            let (place, other) = (secret.place.clone(), file.place.clone());
            self.layers.problem(place, format!("is given here and by {other}; keep one"));
        }
    }

    fn jwt_secret(&mut self) -> Option<Secret> {
        self.exclude("jwt.secret", "jwt.secret_file");
        let long_enough = |secret: Secret| match secret.expose().len() {
            length if length < SHORTEST_SECRET => Err(format!(
                "is too short: HS256 needs at least {SHORTEST_SECRET} bytes (RFC 7518 §3.2), and this is {length}; `openssl rand -hex 32` makes one"
            )),
            _ => Ok(secret),
        };
        let from_file = self.read("jwt.secret_file", |given| {
            path(given).and_then(|file| secret_in_file(&file)).and_then(long_enough)
        });
        self.read("jwt.secret", |given| text(given).map(Secret::new).and_then(long_enough)).or(from_file)
    }

    fn session(&mut self) -> Option<SessionConfig> {
        let second = Duration::from_secs(1);
        let mut read = |path, least, most| {
            self.read(path, |given| duration(given).and_then(|length| within(length, least, most)))
        };
        let lifetime = read("session.lifetime", second, LONGEST_SESSION);
        let idle_lifetime = read("session.idle_lifetime", second, LONGEST_SESSION);
        let grace = read("session.grace", Duration::ZERO, LONGEST_GRACE);
        let keep_ended = read("session.keep_ended", Duration::ZERO, LONGEST_SESSION);
        let cookie_origins = self.read("session.cookie_origins", origins).unwrap_or_default();
        Some(SessionConfig {
            lifetime: lifetime?,
            idle_lifetime: idle_lifetime?,
            grace: grace?,
            keep_ended: keep_ended?,
            cookie_origins,
        })
    }

    fn revocation(&mut self) -> Option<RevocationConfig> {
        let stale_after = self.read("revocation.stale_after", |given| {
            duration(given).and_then(|length| within(length, Duration::from_secs(10), LONGEST_LIFETIME))
        });
        let feed_key = self.read("revocation.feed_key", |given| {
            let key = text(given)?;
            match key.len() < SHORTEST_SECRET || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                true => Err(format!(
                    "is not {SHORTEST_SECRET} or more letters, digits and signs; `openssl rand -hex 32` makes one"
                )),
                false => Ok(Secret::new(key)),
            }
        });
        Some(RevocationConfig { stale_after: stale_after?, feed_key })
    }

    fn keys(&mut self) -> Option<KeysConfig> {
        let max_age = self.read("keys.max_age", |given| {
            whole_seconds(given).and_then(|length| within(length, Duration::from_secs(1), LONGEST_MAX_AGE))
        });
        let check_every = self.read("keys.check_every", |given| {
            duration(given).and_then(|length| within(length, Duration::from_millis(100), LONGEST_CHECK))
        });
        let verifiers = self.read("keys.verifiers", verifiers).unwrap_or_default();
        let hold_back = self.read("keys.hold_back", |given| {
            duration(given).and_then(|length| within(length, Duration::ZERO, LONGEST_HOLD_BACK))
        });
        let keys = KeysConfig {
            rotate_every: None,
            max_age: max_age?,
            check_every: check_every?,
            verifiers,
            hold_back: hold_back?,
        };
        // Sooner than a key can be announced, no key can follow another.
        let rotate_every = self.read("keys.rotate_every", |given| {
            duration(given).and_then(|length| within(length, keys.announce(), LONGEST_ROTATION))
        });
        Some(KeysConfig { rotate_every, ..keys })
    }

    fn master_key(&mut self) -> MasterKeySource {
        self.exclude("master_key", "master_key_file");
        if let Some(secret) = self.read("master_key", |given| text(given).and_then(master_key)) {
            return MasterKeySource::Value(secret);
        }
        self.read("master_key_file", path).map_or(MasterKeySource::DataFolder, MasterKeySource::File)
    }

    fn other_master_keys(&mut self) -> Vec<MasterKeySource> {
        let values = self.read("other_master_keys", |given| {
            texts(given)?.into_iter().map(|text| master_key(text).map(MasterKeySource::Value)).collect()
        });
        let files = self.read("other_master_key_files", |given| {
            let file = |text| MasterKeySource::File(given.base.join(text));
            Ok(texts(given)?.into_iter().map(file).collect())
        });
        [values, files].into_iter().flatten().flat_map(|sources: Vec<_>| sources).collect()
    }
}

const LEVELS: [(&str, Level); 5] = [
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

fn text(given: &Given) -> Result<String, String> {
    match &given.value {
        Value::Text(text) if text.trim().is_empty() => Err("is empty".to_owned()),
        Value::Text(text) => Ok(text.clone()),
        other => Err(format!("is {}; write text in quotes", kind(other))),
    }
}

fn one_of<T: Copy>(given: &Given, choices: &[(&str, T)]) -> Result<T, String> {
    let text = text(given)?;
    choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("\"{text}\" is not one of {}", names.join(", "))
    })
}

fn boolean(given: &Given) -> Result<bool, String> {
    match &given.value {
        Value::Boolean(truth) => Ok(*truth),
        Value::Text(text) if text == "true" => Ok(true),
        Value::Text(text) if text == "false" => Ok(false),
        Value::Text(text) => Err(format!("\"{text}\" is neither true nor false")),
        other => Err(format!("is {}; write true or false", kind(other))),
    }
}

fn host(given: &Given) -> Result<IpAddr, String> {
    let text = text(given)?;
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| {
        format!("\"{text}\" is not an IP address; write 127.0.0.1 for this machine only, 0.0.0.0 for every interface")
    })
}

fn port(given: &Given) -> Result<u16, String> {
    match &given.value {
        Value::Text(text) if text.starts_with("tcp://") => Err(format!(
            "\"{text}\" is not a port; if Kubernetes set it, put `enableServiceLinks: false` in the pod's spec"
        )),
        _ => number(given, &(0..=u16::MAX)),
    }
}

fn number<T>(given: &Given, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    let (number, shown) = match &given.value {
        Value::Integer(number) => (Some(*number), number.to_string()),
        Value::Text(text) => (digits(text), format!("\"{text}\"")),
        other => (None, kind(other).to_owned()),
    };
    number
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("{shown} is not a whole number from {} to {}", range.start(), range.end()))
}

/// `+1` and ` 1` are numbers to some readers and not to others; here only digits are.
fn digits(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn path(given: &Given) -> Result<PathBuf, String> {
    Ok(given.base.join(text(given)?))
}

/// A name that ends up in a claim and is compared byte for byte: no spaces around it that nobody sees.
fn name(given: &Given) -> Result<String, String> {
    let text = text(given)?;
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(format!("{text:?} begins or ends with a space, or holds a control character"));
    }
    Ok(text)
}

/// RFC 8414 §2 wants a URL without query and fragment; plain names are accepted since RFC 7519 §4.1.1 allows them.
fn issuer(given: &Given) -> Result<String, String> {
    let name = name(given)?;
    if name.contains(['?', '#']) {
        return Err(format!("\"{name}\" has a query or a fragment; an issuer has neither"));
    }
    Ok(name)
}

fn duration(given: &Given) -> Result<Duration, String> {
    let text = match &given.value {
        Value::Integer(number) => number.to_string(),
        _ => text(given)?,
    };
    duration::parse_duration(&text).map_err(|error| error.to_string())
}

/// NumericDate counts seconds (RFC 7519 §2), so what is added to one does too.
fn whole_seconds(given: &Given) -> Result<Duration, String> {
    let length = duration(given)?;
    if length.subsec_nanos() != 0 {
        return Err(format!("{} is not a whole number of seconds", duration::format_duration(length)));
    }
    Ok(length)
}

fn within(length: Duration, least: Duration, most: Duration) -> Result<Duration, String> {
    let (shown, least_shown, most_shown) = (
        duration::format_duration(length),
        duration::format_duration(least),
        duration::format_duration(most),
    );
    if length < least {
        return Err(format!("{shown} is too short; the least is {least_shown}"));
    }
    if length > most {
        return Err(format!("{shown} is too long; the most is {most_shown}"));
    }
    Ok(length)
}

/// In the file a list, in a variable one text with commas.
fn texts(given: &Given) -> Result<Vec<String>, String> {
    match &given.value {
        Value::Texts(texts) => Ok(texts.clone()),
        Value::Text(text) => Ok(text.split(',').map(|text| text.trim().to_owned()).collect()),
        other => Err(format!("is {}; write a list of texts", kind(other))),
    }
}

/// Names that stand in a URL as they are.
fn verifiers(given: &Given) -> Result<Vec<String>, String> {
    let names = texts(given)?;
    match names.iter().find(|name| name.parse::<VerifierName>().is_err()) {
        Some(name) => Err(format!("\"{name}\" is not a name of 1 to 64 letters, digits and - . _ ~")),
        None => Ok(names),
    }
}

fn master_key(text: String) -> Result<Secret, String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Secret::new(text))
    } else {
        Err("is not 64 hexadecimal digits; `openssl rand -hex 32` makes a master key".to_owned())
    }
}

fn origins(given: &Given) -> Result<Vec<Origin>, String> {
    let texts = texts(given).map_err(|problem| format!("{problem}: [\"https://app.example.com\"]"))?;
    let parse = |text: String| text.parse().map_err(|error| format!("\"{text}\" is not an origin: {error}"));
    texts.into_iter().map(parse).collect()
}

fn database(given: &Given) -> Result<Database, String> {
    Database::parse(text(given)?, &given.base)
}

impl Database {
    /// The database at a URL; the path of a file is relative to `base`. What is wrong never quotes the URL, which may have
    /// a password in it.
    pub(crate) fn parse(url: String, base: &Path) -> Result<Self, String> {
        let file = match url.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some(("postgres" | "postgresql", _)) => return Ok(Self::Server(Secret::new(url))),
            _ => {
                return Err(
                    "is not a database URL; write sqlite:FILE or postgres://USER@HOST/NAME".to_owned()
                );
            }
        };
        if file.is_empty() || file.starts_with(':') {
            return Err(
                "names no file; write sqlite:FILE, for example sqlite:/var/lib/countersign/countersign.db"
                    .to_owned(),
            );
        }
        if file.contains('?') {
            return Err("has parameters; a sqlite: URL is a path and nothing else".to_owned());
        }
        Ok(Self::File(base.join(file)))
    }
}

/// A secret in a file of its own. One newline at its end, which editors add, is not part of it.
fn secret_in_file(file: &Path) -> Result<Secret, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let secret = Secret::new(text);
    let trimmed = secret.expose().strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
    Ok(match trimmed {
        Some(trimmed) => Secret::new(trimmed.to_owned()),
        None => secret,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Integer(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Texts(_) => "a list",
        Value::Other(kind) => match *kind {
            "array" => "a list",
            "table" => "a section",
            "float" => "a fraction",
            "datetime" => "a date",
            other => other,
        },
    }
}
