//! `JWT_SECRET` and `JWT_EXPIRES_IN`, as in the lesson.

use serde_json::json;

use crate::support::{EMAIL, Folder, PASSWORD};

const SECRET: &str = "a secret of more than thirty-two bytes";

#[test]
fn with_jwt_secret_tokens_are_hs256_and_no_key_is_published() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("JWT_SECRET", SECRET), ("JWT_EXPIRES_IN", "1h")]);
    service.register(EMAIL, PASSWORD);
    assert_eq!(service.login(EMAIL, PASSWORD).json()["expires_in"], 3600);
    let token = service.token(EMAIL, PASSWORD);
    assert_eq!(service.profile(&token).status, 200);
    assert_eq!(service.get("/.well-known/jwks.json", &[]).json(), json!({"keys": []}));

    let file = folder.write("secret", SECRET);
    let file = file.to_str().unwrap();
    let verified = folder.run(["token", "verify", "--secret-file", file, "--alg", "HS256"], &token).ok();
    assert!(verified.contains(EMAIL), "{verified}");
    assert!(
        !folder.path().join("countersign-data/master.key").exists(),
        "nothing is sealed, and a key was made"
    );
}

#[test]
fn a_service_with_another_secret_refuses_the_token() {
    let folder = Folder::new();
    let issuer = ("COUNTERSIGN_ISSUER", "https://auth.example");
    let one = folder.serve_with(&[("JWT_SECRET", SECRET), issuer]);
    let other = folder.serve_with(&[("JWT_SECRET", &SECRET.to_uppercase()), issuer]);
    one.register(EMAIL, PASSWORD);
    let token = one.token(EMAIL, PASSWORD);
    assert_eq!(one.profile(&token).status, 200);
    assert_eq!(other.profile(&token).code(), "signature_invalid");
}
