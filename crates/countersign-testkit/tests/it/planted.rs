//! A verifier as people write it by hand, with one hole planted at a time.

use std::convert::Infallible;

use bytes::Bytes;
use countersign_jwt::{Algorithm, Clock, Jwk, VerifyingKey, base64url, json};
use countersign_testkit::{Problem, Report, TestIssuer};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use serde_json::{Map, Value};
use tower::service_fn;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hole {
    Nothing,
    Audience,
    AudienceByPrefix,
    Issuer,
    Expiry,
    NotBefore,
    Subject,
    Type,
    Critical,
    None,
    PublicKeyAsSecret,
    EmbeddedKey,
    AnyKeyId,
    LenientBase64,
    LastMemberWins,
    FirstHeader,
    FirstWord,
    Length,
}

struct Naive<'i> {
    issuer: &'i TestIssuer,
    hole: Hole,
}

type Members = Map<String, Value>;

impl Naive<'_> {
    fn accepts(&self, request: &Request<Empty<Bytes>>) -> bool {
        self.bearer(request).and_then(|token| self.check(token)).is_some()
    }

    fn bearer<'r>(&self, request: &'r Request<Empty<Bytes>>) -> Option<&'r str> {
        let mut headers = request.headers().get_all(AUTHORIZATION).iter();
        let header = headers.next()?.to_str().ok()?;
        if headers.next().is_some() && self.hole != Hole::FirstHeader {
            return None;
        }
        let token = header.strip_prefix("Bearer ")?;
        if self.hole == Hole::FirstWord { token.split(' ').next() } else { Some(token) }
    }

    fn check(&self, token: &str) -> Option<()> {
        if token.len() > 16 * 1024 && self.hole != Hole::Length {
            return None;
        }
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { return None };
        let signed = format!("{header}.{payload}");
        let header = self.members(header)?;
        self.check_header(&header)?;
        self.check_signature(&header, signed.as_bytes(), &self.decode(signature)?)?;
        self.check_claims(&self.members(payload)?)
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        if self.hole != Hole::LenientBase64 {
            return base64url::decode(text).ok();
        }
        let mut bytes = Vec::new();
        let (mut bits, mut count) = (0_u32, 0);
        for character in text.bytes().filter(|byte| !b"= \n".contains(byte)) {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/";
            let value = alphabet.iter().position(|known| *known == character)?;
            let value = if value >= 64 { value - 2 } else { value };
            bits = bits << 6 | value as u32;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
            }
        }
        Some(bytes)
    }

    fn members(&self, text: &str) -> Option<Members> {
        let bytes = self.decode(text)?;
        match self.hole {
            Hole::LastMemberWins => serde_json::from_slice(&bytes).ok(),
            _ => json::from_slice(&bytes).ok(),
        }
    }

    fn check_header(&self, header: &Members) -> Option<()> {
        let typ = header.get("typ").map(Value::as_str) == Some(Some("at+jwt"));
        let key_id = header.get("kid").map(Value::as_str) == Some(self.issuer.signing_key().key_id());
        let passed = (typ || self.hole == Hole::Type)
            && (key_id || self.hole == Hole::AnyKeyId)
            && (!header.contains_key("crit") || self.hole == Hole::Critical);
        passed.then_some(())
    }

    fn check_signature(&self, header: &Members, signed: &[u8], signature: &[u8]) -> Option<()> {
        let key = self.issuer.signing_key().verifying_key();
        let algorithm = header.get("alg")?.as_str()?;
        let key = match (self.hole, algorithm) {
            (Hole::None, "none") => return signature.is_empty().then_some(()),
            (Hole::PublicKeyAsSecret, "HS256") => {
                VerifyingKey::from_secret(Algorithm::Hs256, key.to_pem().ok()?.as_bytes()).ok()?
            }
            (Hole::EmbeddedKey, _) if header.contains_key("jwk") => {
                VerifyingKey::from_jwk(&Jwk::from_json(&header["jwk"].to_string()).ok()?).ok()?
            }
            _ => key,
        };
        (algorithm == key.algorithm().name() && key.verify_bytes(signed, signature)).then_some(())
    }

    fn check_claims(&self, claims: &Members) -> Option<()> {
        let now = self.issuer.clock().now().as_secs() as f64;
        let date = |name: &str| claims.get(name).map(Value::as_f64);
        let text = |name: &str| claims.get(name).is_none_or(Value::is_string);
        let checks = [
            (Hole::Audience, claims.get("aud").is_some_and(|aud| self.is_audience(aud))),
            (Hole::Issuer, claims.get("iss").and_then(Value::as_str) == Some(self.issuer.name())),
            (Hole::Expiry, date("exp").flatten().is_some_and(|exp| exp > now)),
            (Hole::NotBefore, date("nbf").is_none_or(|nbf| nbf.is_some_and(|nbf| nbf <= now))),
            (Hole::Nothing, date("iat").is_none_or(|iat| iat.is_some())),
            (Hole::Subject, text("sub")),
            (Hole::Nothing, text("jti")),
        ];
        checks
            .into_iter()
            .all(|(hole, passed)| passed || (hole == self.hole && hole != Hole::Nothing))
            .then_some(())
    }

    fn is_audience(&self, aud: &Value) -> bool {
        let ours = self.issuer.audience();
        match aud {
            Value::String(name) if self.hole == Hole::AudienceByPrefix => name.starts_with(ours),
            Value::String(name) => name == ours,
            Value::Array(names) => names.iter().all(Value::is_string) && names.contains(&Value::from(ours)),
            _ => false,
        }
    }
}

async fn attack(hole: Hole) -> Report {
    let issuer = TestIssuer::new().with_token_type("at+jwt");
    let naive = Naive { issuer: &issuer, hole };
    let service = service_fn(async |request: Request<Empty<Bytes>>| {
        let mut response = Response::new(Full::new(Bytes::new()));
        if !naive.accepts(&request) {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response.headers_mut().insert(WWW_AUTHENTICATE, "Bearer".parse().unwrap());
        }
        Ok::<_, Infallible>(response)
    });
    issuer.battery(&issuer.token("ada")).attack(service, Method::GET, Uri::from_static("/")).await
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_planted() {
    attack(Hole::Nothing).await.assert_all_refused();
}

#[tokio::test]
async fn each_hole_that_is_planted_is_found_and_nothing_but_it_gets_through() {
    let planted: [(Hole, &[&str]); 17] = [
        (Hole::Audience, &["no aud", "aud is another", "aud is a number", "aud is nobody"]),
        (Hole::AudienceByPrefix, &["aud begins with the right one"]),
        (Hole::Issuer, &["no iss", "iss is another", "iss is a list"]),
        (Hole::Expiry, &["no exp", "expired a day ago", "exp is null"]),
        (Hole::NotBefore, &["good from tomorrow"]),
        (Hole::Subject, &["sub is 7", "sub is null"]),
        (Hole::Type, &["of no type", "of type \"JWT\"", "of type \"refresh+jwt\""]),
        (Hole::Critical, &["a crit that names an unknown extension", "a crit that is empty"]),
        (Hole::None, &["alg is none, with an empty signature"]),
        (Hole::PublicKeyAsSecret, &["HS256 with the public key's PEM and a line break as the secret"]),
        (Hole::EmbeddedKey, &["the attacker's key in jwk"]),
        (Hole::AnyKeyId, &["nobody's kid", "no kid", "a kid that is a path"]),
        (Hole::LenientBase64, &["a signature with padding", "a signature with bits left over"]),
        (Hole::LastMemberWins, &["a payload whose aud stands twice, another value first"]),
        (Hole::FirstHeader, &["two headers, both good", "two headers, the first good"]),
        (Hole::FirstWord, &["a token followed by a word", "a token twice"]),
        (Hole::Length, &["a token of a hundred kilobytes"]),
    ];
    for (hole, names) in planted {
        let report = attack(hole).await;
        let through = Problem::LetThrough(StatusCode::OK);
        for finding in report.findings() {
            assert_eq!(*finding.problem(), through, "{hole:?}: {finding}");
        }
        for name in names {
            assert!(
                report.findings().iter().any(|finding| finding.name() == *name),
                "{hole:?}: {name} not found"
            );
        }
    }
}
