//! Tokens and headers that must not pass: 401 with the right challenge and code for each, never 200, never 5xx.

use std::convert::Infallible;

use axum::{
    body::Bytes,
    http::{self, Method, Request, Uri},
};
use countersign::jwt::{Algorithm, Clock as _, SigningKey, SystemClock, base64url};
use countersign_testkit::Battery;
use http_body_util::{Empty, Full};
use serde_json::{Map, Value, json};

use crate::support::{EMAIL, Folder, PASSWORD, Service, request};

const ISSUER: &str = "https://auth.example";
const KID: &str = "the-key";

/// Every route that wants an access token.
const GUARDED: [(&str, &str); 6] = [
    ("GET", "/profile"),
    ("GET", "/auth/sessions"),
    ("DELETE", "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
    ("POST", "/auth/logout/others"),
    ("POST", "/auth/logout/all"),
    ("POST", "/auth/password"),
];

/// Whoever knows the service's own key can say everything, and says it wrongly in one place at a time.
struct Forge {
    key: SigningKey,
    public_jwk: String,
    now: i64,
}

impl Forge {
    /// A service that signs with a key of ours.
    fn start() -> (Self, Folder, Service) {
        let folder = Folder::new();
        let key = SigningKey::generate(Algorithm::Es256).unwrap().with_key_id(KID);
        folder.run(["key", "import", "--kid", KID], &key.to_pem().unwrap()).ok();
        let service = folder.serve_with(&[("COUNTERSIGN_ISSUER", ISSUER)]);
        let public_jwk = serde_json::to_string(&key.verifying_key().to_jwk().unwrap()).unwrap();
        (Self { key, public_jwk, now: SystemClock.now().as_secs() }, folder, service)
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": KID})
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": "countersign", "sub": "user-1", "exp": self.now + 600, "iat": self.now, "jti": "1",
            "client_id": "countersign", "email": "ada@example.com", "sid": "AAAAAAAAAAAAAAAAAAAAAA",
        })
    }

    /// Signs any two texts with the service's own key.
    fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_with(&self.key, header, payload)
    }

    fn sign_with(&self, key: &SigningKey, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
        let signature = key.sign_bytes(input.as_bytes()).unwrap();
        format!("{input}.{}", base64url::encode(signature))
    }

    fn good(&self) -> String {
        self.sign(&self.header().to_string(), &self.claims().to_string())
    }

    /// The good token with some members of the header changed; `null` takes one away.
    fn with_header(&self, changes: Value) -> String {
        self.sign(&changed(self.header(), changes), &self.claims().to_string())
    }

    /// The good token with some claims changed; `null` takes one away.
    fn with_claims(&self, changes: Value) -> String {
        self.sign(&self.header().to_string(), &changed(self.claims(), changes))
    }

    fn with_payload(&self, payload: &str) -> String {
        self.sign(&self.header().to_string(), payload)
    }

    /// The good token with one of its three parts replaced after signing.
    fn with_part(&self, index: usize, replace: impl FnOnce(&str) -> String) -> String {
        let good = self.good();
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        parts[index] = replace(&parts[index]);
        parts.join(".")
    }

    /// `alg: none` in some spelling, without a signature.
    fn unsigned(&self, algorithm: &str) -> String {
        let header = changed(self.header(), json!({"alg": algorithm}));
        format!("{}.{}.", base64url::encode(header), base64url::encode(self.claims().to_string()))
    }

    /// HMAC, keyed with what everybody knows.
    fn hmac_of(&self, public: &str) -> String {
        let key = SigningKey::from_secret(Algorithm::Hs256, public.as_bytes()).unwrap();
        self.sign_with(&key, &changed(self.header(), json!({"alg": "HS256"})), &self.claims().to_string())
    }

    fn in_seconds(&self, seconds: i64) -> i64 {
        self.now + seconds
    }
}

fn changed(object: Value, changes: Value) -> String {
    let (Value::Object(mut object), Value::Object(changes)) = (object, changes) else {
        panic!("not objects")
    };
    for (name, value) in changes {
        match value {
            Value::Null => object.remove(&name),
            value => object.insert(name, value),
        };
    }
    Value::Object(object).to_string()
}

/// The last character of a part, so that the same bits are written in another way.
fn with_stray_bits(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    // 64 bytes of signature leave four bits unused in the last character.
    assert_eq!(value & 0b1111, 0, "the last character has no unused bits");
    format!("{rest}{}", char::from(ALPHABET[value | 1]))
}

/// Another first character, which is other bits.
fn flipped(part: &str) -> String {
    let first = if part.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &part[1..])
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn tokens(forge: &Forge) -> Vec<(&'static str, String, &'static str)> {
    let another = SigningKey::generate(Algorithm::Es256).unwrap().with_key_id(KID);
    let another_public: Value = serde_json::to_value(another.verifying_key().to_jwk()).unwrap();
    let header = forge.header().to_string();
    let claims = forge.claims().to_string();
    let der_signature = [&[0x30, 0x44, 2, 32][..], &[1; 32], &[2, 32], &[1; 32]].concat();
    vec![
        ("garbage", "garbage".into(), "token_malformed"),
        (
            "two parts",
            format!("{}.{}", base64url::encode(&header), base64url::encode(&claims)),
            "token_malformed",
        ),
        ("four parts", format!("{}.AAAA", forge.good()), "token_malformed"),
        ("five parts, as encrypted tokens have", "a.b.c.d.e".into(), "token_malformed"),
        ("very long", "A".repeat(20_000), "token_too_long"),
        ("expired", forge.with_claims(json!({"exp": forge.in_seconds(-61)})), "token_expired"),
        ("expired long ago", forge.with_claims(json!({"exp": 0})), "token_expired"),
        ("expired before time began", forge.with_claims(json!({"exp": i64::MIN})), "token_expired"),
        ("not yet valid", forge.with_claims(json!({"nbf": forge.in_seconds(120)})), "token_not_yet_valid"),
        ("exp is text", forge.with_claims(json!({"exp": "9999999999"})), "claim_invalid"),
        ("exp is missing", forge.with_claims(json!({"exp": null})), "claim_missing"),
        (
            "tampered header",
            forge.with_part(0, |_| base64url::encode(changed(forge.header(), json!({"x": 1})))),
            "signature_invalid",
        ),
        (
            "tampered payload",
            forge.with_part(1, |_| base64url::encode(changed(forge.claims(), json!({"sub": "root"})))),
            "signature_invalid",
        ),
        ("tampered signature", forge.with_part(2, flipped), "signature_invalid"),
        ("no signature", forge.with_part(2, |_| String::new()), "signature_invalid"),
        ("short signature", forge.with_part(2, |part| part[..84].to_owned()), "signature_invalid"),
        ("long signature", forge.with_part(2, |part| format!("{part}AAAA")), "signature_invalid"),
        ("zero signature", forge.with_part(2, |_| base64url::encode([0; 64])), "signature_invalid"),
        ("signature in DER", forge.with_part(2, |_| base64url::encode(&der_signature)), "signature_invalid"),
        ("signed by another key", forge.sign_with(&another, &header, &claims), "signature_invalid"),
        (
            "another key in the header",
            forge.sign_with(&another, &changed(forge.header(), json!({"jwk": another_public})), &claims),
            "signature_invalid",
        ),
        (
            "a key to be fetched",
            forge.sign_with(
                &another,
                &changed(forge.header(), json!({"jku": "http://127.0.0.1:1/"})),
                &claims,
            ),
            "signature_invalid",
        ),
        ("alg none", forge.unsigned("none"), "algorithm_unsupported"),
        ("alg None", forge.unsigned("None"), "algorithm_unsupported"),
        ("alg NONE", forge.unsigned("NONE"), "algorithm_unsupported"),
        ("alg nOnE", forge.unsigned("nOnE"), "algorithm_unsupported"),
        ("alg none with a signature", forge.with_header(json!({"alg": "none"})), "algorithm_unsupported"),
        ("alg of no length", forge.with_header(json!({"alg": ""})), "algorithm_unsupported"),
        ("alg in lower case", forge.with_header(json!({"alg": "es256"})), "algorithm_unsupported"),
        ("alg is missing", forge.with_header(json!({"alg": null})), "header_invalid"),
        ("alg is a list", forge.with_header(json!({"alg": ["ES256"]})), "header_invalid"),
        (
            "another algorithm with the same key",
            forge.with_header(json!({"alg": "ES384"})),
            "algorithm_mismatch",
        ),
        ("an algorithm of another family", forge.with_header(json!({"alg": "RS256"})), "algorithm_mismatch"),
        ("HS256 with the public key's JWK", forge.hmac_of(&forge.public_jwk), "algorithm_mismatch"),
        (
            "HS256 with the published set",
            forge.hmac_of(&format!(r#"{{"keys":[{}]}}"#, forge.public_jwk)),
            "algorithm_mismatch",
        ),
        ("wrong iss", forge.with_claims(json!({"iss": "https://evil.example"})), "iss_mismatch"),
        (
            "iss with another last letter",
            forge.with_claims(json!({"iss": format!("{ISSUER}/")})),
            "iss_mismatch",
        ),
        ("iss is missing", forge.with_claims(json!({"iss": null})), "claim_missing"),
        ("iss is a list", forge.with_claims(json!({"iss": [ISSUER]})), "claim_invalid"),
        ("wrong aud", forge.with_claims(json!({"aud": "another-api"})), "aud_mismatch"),
        ("none of several aud", forge.with_claims(json!({"aud": ["a", "b"]})), "aud_mismatch"),
        ("no aud in the list", forge.with_claims(json!({"aud": []})), "aud_mismatch"),
        ("aud is missing", forge.with_claims(json!({"aud": null})), "claim_missing"),
        ("aud is a number", forge.with_claims(json!({"aud": 123})), "claim_invalid"),
        ("sub is missing", forge.with_claims(json!({"sub": null})), "claim_missing"),
        ("sub is a number", forge.with_claims(json!({"sub": 1})), "claim_invalid"),
        ("jti is missing", forge.with_claims(json!({"jti": null})), "claim_missing"),
        ("iat is missing", forge.with_claims(json!({"iat": null})), "claim_missing"),
        ("client_id is missing", forge.with_claims(json!({"client_id": null})), "claim_missing"),
        ("sid is a number", forge.with_claims(json!({"sid": 1})), "claim_invalid"),
        ("sid is no session", forge.with_claims(json!({"sid": "session-1"})), "claim_invalid"),
        ("sid with stray bits", forge.with_claims(json!({"sid": "AAAAAAAAAAAAAAAAAAAAAB"})), "claim_invalid"),
        ("email is a number", forge.with_claims(json!({"email": 1})), "claim_invalid"),
        ("unknown kid", forge.with_header(json!({"kid": "another-key"})), "key_unknown"),
        ("kid is a path", forge.with_header(json!({"kid": "../../../../dev/null"})), "key_unknown"),
        ("kid is SQL", forge.with_header(json!({"kid": "' OR 1=1 --"})), "key_unknown"),
        ("kid is a number", forge.with_header(json!({"kid": 1})), "header_invalid"),
        ("unknown crit", forge.with_header(json!({"crit": ["exp"], "exp": 1})), "crit_unsupported"),
        ("empty crit", forge.with_header(json!({"crit": []})), "crit_unsupported"),
        ("unencoded payload", forge.with_header(json!({"crit": ["b64"], "b64": false})), "crit_unsupported"),
        ("typ of a plain JWT", forge.with_header(json!({"typ": "JWT"})), "typ_mismatch"),
        ("typ of a logout token", forge.with_header(json!({"typ": "logout+jwt"})), "typ_mismatch"),
        ("typ is missing", forge.with_header(json!({"typ": null})), "typ_mismatch"),
        ("padded base64", forge.with_part(1, |part| format!("{part}=")), "credentials_malformed"),
        (
            "base64 of the other alphabet",
            forge.with_part(2, |part| format!("+/{}", &part[2..])),
            "token_malformed",
        ),
        ("stray bits in base64", forge.with_part(2, with_stray_bits), "token_malformed"),
        ("one character too many", forge.with_part(2, |part| format!("{part}A")), "signature_invalid"),
        (
            "duplicate header member",
            forge.sign(&format!(r#"{{"alg":"ES256","alg":"ES256",{}"#, &header[1..]), &claims),
            "header_invalid",
        ),
        (
            "duplicate claim",
            forge.sign(&header, &format!(r#"{{"sub":"root",{}"#, &claims[1..])),
            "payload_invalid",
        ),
        (
            "duplicate claim in other letters",
            forge.sign(&header, &format!(r#"{{"s\u0075b":"root",{}"#, &claims[1..])),
            "payload_invalid",
        ),
        ("a payload that is a list", forge.with_payload(&format!("[{claims}]")), "payload_invalid"),
        ("a payload that is text", forge.with_payload("\"user-1\""), "payload_invalid"),
        ("a payload that is a number", forge.with_payload("1"), "payload_invalid"),
        ("a payload that is null", forge.with_payload("null"), "payload_invalid"),
        ("an empty payload", forge.with_payload(""), "payload_invalid"),
        (
            "a payload with something behind it",
            forge.with_payload(&format!("{claims}{{}}")),
            "payload_invalid",
        ),
        (
            "a payload with a byte order mark",
            forge.with_payload(&format!("\u{feff}{claims}")),
            "payload_invalid",
        ),
        (
            "a deep payload",
            forge.with_payload(&format!(r#"{{"a":{}{}}}"#, "[".repeat(2_000), "]".repeat(2_000))),
            "claim_invalid",
        ),
        ("a header that is a list", forge.sign(&format!("[{header}]"), &claims), "header_invalid"),
        ("a header that is no JSON", forge.sign("header", &claims), "header_invalid"),
    ]
}

#[test]
fn no_hostile_token_passes() {
    let (forge, _folder, service) = Forge::start();
    let good = service.profile(&forge.good());
    assert_eq!(
        (good.status, &good.json()["userId"]),
        (200, &json!("user-1")),
        "the forge does not work: {good:?}"
    );

    let mut wrong = Map::new();
    for (name, token, code) in tokens(&forge) {
        for (method, path) in GUARDED {
            let response = service.with_bearer(method, path, &token, "no body is read before the token");
            let challenge = response.header("www-authenticate");
            let as_told = response.status == 401
                && challenge.starts_with("Bearer error=\"invalid_token\", error_description=\"")
                && response.code() == code;
            if !as_told {
                let name = format!("{method} {path}: {name}");
                wrong.insert(name, json!([response.status, challenge, response.body]));
            }
        }
    }
    assert!(wrong.is_empty(), "{:#}", Value::Object(wrong));
    assert_eq!(service.profile(&forge.good()).status, 200, "the service still works");
}

#[test]
fn a_token_within_the_leeway_passes() {
    let (forge, _folder, service) = Forge::start();
    for claims in [json!({"exp": forge.in_seconds(-30)}), json!({"nbf": forge.in_seconds(30)})] {
        assert_eq!(service.profile(&forge.with_claims(claims.clone())).status, 200, "{claims}");
    }
}

#[test]
fn no_hostile_header_passes() {
    const MALFORMED: &str = "Bearer error=\"invalid_token\", error_description=\"";
    let (forge, _folder, service) = Forge::start();
    let good = forge.good();
    let bearer = format!("Authorization: Bearer {good}");
    for (headers, code, challenge) in [
        (vec![], "credentials_missing", "Bearer"),
        (vec!["Authorization: Basic YWRhOmFkYQ=="], "credentials_missing", "Bearer"),
        (vec![&*format!("Authorization: Token {good}")], "credentials_missing", "Bearer"),
        (vec![&*format!("Authorization: {good}")], "credentials_missing", "Bearer"),
        (vec!["Authorization: Bearer"], "credentials_malformed", MALFORMED),
        (vec!["Authorization: Bearer "], "credentials_malformed", MALFORMED),
        (vec!["Authorization:"], "credentials_malformed", MALFORMED),
        (vec!["Authorization: Bearer a b"], "credentials_malformed", MALFORMED),
        (vec![&*format!("{bearer} {good}")], "credentials_malformed", MALFORMED),
        (vec![&*format!("{bearer}, Bearer {good}")], "credentials_malformed", MALFORMED),
        (vec![&*format!("Authorization: Bearer\t{good}")], "credentials_malformed", MALFORMED),
        (vec![&*format!("Authorization: Bearer \"{good}\"")], "credentials_malformed", MALFORMED),
        (vec![&*bearer, &*bearer], "credentials_repeated", MALFORMED),
        (vec![&*bearer, "Authorization: Basic YWRhOmFkYQ=="], "credentials_repeated", MALFORMED),
        (vec![&*format!("Cookie: access_token={good}")], "credentials_missing", "Bearer"),
        (vec![&*format!("X-Authorization: Bearer {good}")], "credentials_missing", "Bearer"),
    ] {
        for (method, path) in GUARDED {
            let response = service.exchange(request(method, path, &headers, ""));
            assert_eq!((response.status, response.code().as_str()), (401, code), "{path} {headers:?}");
            let given = response.header("www-authenticate");
            assert!(
                given == challenge || (challenge == MALFORMED && given.starts_with(MALFORMED)),
                "{path} {headers:?} {given}"
            );
        }
    }
    for (method, path) in GUARDED {
        let in_query = service.exchange(request(method, &format!("{path}?access_token={good}"), &[], ""));
        assert_eq!((in_query.status, in_query.code().as_str()), (401, "credentials_missing"), "{path}");
    }
    assert_eq!(service.get("/profile", &[&bearer.replace("Bearer", "bEARER")]).status, 200);
}

#[test]
fn the_good_token_of_these_tests_passes_every_guard() {
    let (forge, _folder, service) = Forge::start();
    for (method, path) in GUARDED {
        let response = service.with_bearer(method, path, &forge.good(), "");
        assert_ne!(response.status, 401, "{path} {response:?}");
        assert!(response.status < 500, "{path} {response:?}");
    }
}

/// What the testkit offers to everybody, sent at the real thing.
#[tokio::test]
async fn the_battery_of_the_testkit_is_refused() {
    let (forge, _folder, service) = Forge::start();
    let battery = Battery::new(&forge.key, &forge.good(), SystemClock.now()).unwrap();
    for path in ["/profile", "/auth/sessions"] {
        let client = tower::service_fn(async |asked: Request<Empty<Bytes>>| {
            let headers = asked.headers().get_all(http::header::AUTHORIZATION);
            let lines: Vec<_> =
                headers.iter().map(|value| [b"Authorization: ", value.as_bytes()].concat()).collect();
            let response = service.exchange(bytes_of(asked.method().as_str(), asked.uri().path(), &lines));
            let mut answer = http::Response::builder().status(response.status);
            for (name, value) in &response.headers {
                answer = answer.header(name, value);
            }
            Ok::<_, Infallible>(answer.body(Full::<Bytes>::from(response.body)).unwrap())
        });
        let report = battery.attack(client, Method::GET, Uri::from_static(path)).await;
        assert!(report.answers().len() > 50, "{report}");
        report.assert_all_refused();
        // What is too long for a request's head is refused before it reaches anybody who could name a code.
        let too_long = http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let wrong: Vec<_> =
            report.wrong_codes().filter(|answer| answer.response().status() != too_long).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

fn bytes_of(method: &str, path: &str, headers: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n").into_bytes();
    for header in headers {
        bytes.extend(header);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"\r\n");
    bytes
}

/// Refresh tokens that are not one: 400 `invalid_grant` for each, and the session they were made of lives on.
#[test]
fn no_hostile_refresh_token_passes_and_none_ends_a_session() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let good = service.tokens(EMAIL, PASSWORD).refresh;
    let bytes = base64url::decode(&good).unwrap();
    let text = |bytes: &[u8]| base64url::encode(bytes);
    let with = |at: std::ops::Range<usize>, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at].copy_from_slice(new);
        text(&bytes)
    };
    let mut hostile = vec![
        String::new(),
        "garbage".to_owned(),
        good.to_uppercase(),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}{good}"),
        good[..49].to_owned(),
        "A".repeat(50),
        "-".repeat(50),
        "\u{0}".repeat(50),
        "é".repeat(25),
        "A".repeat(15_000),
        text(&bytes[..36]),
        text(&[&bytes[..], &[0]].concat()),
        with(0..1, &[0]),
        with(0..1, &[2]),
        with(17..21, &[0, 0, 0, 1]),
        with(17..21, &[255; 4]),
        with(1..17, &[0; 16]),
        with(21..37, &[0; 16]),
    ];
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        hostile.push(text(&flipped));
    }
    for token in hostile {
        let response = service.refresh(&token);
        let code = response.code();
        assert_eq!((response.status, &response.json()["error"]), (400, &json!("invalid_grant")), "{token}");
        assert!(
            ["refresh_token_malformed", "refresh_token_forged"].contains(&code.as_str()),
            "{token} {code}"
        );
        assert_eq!(service.log_out(&token).status, 204, "{token}");
    }
    assert_eq!(service.refresh(&good).status, 200);
}
