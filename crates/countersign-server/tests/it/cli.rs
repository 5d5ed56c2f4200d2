//! The commands, as scripts call them.

use serde_json::{Value, json};

use crate::support::{EMAIL, Folder, PASSWORD};

/// A folder with a private key, its JWK Set, and a token that it has signed.
fn signed() -> (Folder, String) {
    let folder = Folder::new();
    let key = folder.run(["key", "generate", "--format", "jwk"], "").ok();
    folder.write("key.jwk", &key);
    let mut public: Value = serde_json::from_str(&key).unwrap();
    public.as_object_mut().unwrap().remove("d").unwrap();
    folder.write("jwks.json", &json!({"keys": [public]}).to_string());
    let token = folder
        .run(["token", "sign", "--key", "key.jwk", "--iss", "me", "--aud", "you", "--sub", "ada"], "")
        .ok();
    (folder, token)
}

#[test]
fn a_verified_token_prints_its_claims_and_names_what_was_not_checked() {
    let (folder, token) = signed();
    let ran = folder.run(["token", "verify", "--jwks", "jwks.json"], &format!("{token}\n"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let claims: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&claims["iss"], &claims["sub"]), (&"me".into(), &"ada".into()));
    insta::assert_snapshot!(ran.err, @r"
    skipped: iss (no --iss was given)
    skipped: aud (no --aud was given)
    skipped: typ (no --typ was given)
    ");

    let strict = ["--iss", "me", "--aud", "you", "--typ", "JWT", "--alg", "ES256", "--leeway", "0s"];
    let ran = folder.run(["token", "verify", "--jwks", "jwks.json"].iter().chain(&strict), &token);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn a_refused_token_prints_one_line_with_its_code() {
    let (folder, token) = signed();
    let stale = folder
        .run(["token", "sign", "--key", "key.jwk", "--iss", "me", "--aud", "you", "--expires-in", "0s"], "")
        .ok();
    for (flags, token, code) in [
        (&["--iss", "you"][..], token.as_str(), "iss_mismatch"),
        (&["--aud", "me"], &token, "aud_mismatch"),
        (&["--typ", "at+jwt"], &token, "typ_mismatch"),
        (&["--alg", "RS256"], &token, "algorithm_mismatch"),
        (&["--leeway", "0s"], &stale, "token_expired"),
        (&[], &token[1..], "token_malformed"),
        (&[], &token[..token.len() - 2], "signature_invalid"),
        (&[], "a.b", "token_malformed"),
        (&[], "", "token_malformed"),
        (&[], &"a".repeat(100_000), "token_too_long"),
    ] {
        let ran = folder.run(["token", "verify", "--jwks", "jwks.json"].iter().chain(flags), token);
        let first = ran.out.split(':').next();
        assert_eq!((ran.code, ran.out.lines().count(), first), (Some(1), 1, Some(code)), "{flags:?} {ran:?}");
    }
}

#[test]
fn a_wrong_call_exits_with_2() {
    let (folder, token) = signed();
    folder.write("short", "hunter2");
    for arguments in [
        &["token", "verify"][..],
        &["token", "verify", "--jwks", "absent"],
        &["token", "verify", "--jwks", "key.jwk"],
        &["token", "verify", "--secret-file", "short"],
        &["token", "verify", "--jwks", "jwks.json", "--secret-file", "short"],
        &["token", "verify", "--jwks", "jwks.json", "--alg", "none"],
        &["token", "verify", "--jwks", "jwks.json", "--leeway", "60"],
        &["token", "sign", "--key", "key.jwk"],
        &["token", "sign", "--key", "jwks.json", "--iss", "me", "--aud", "you"],
        &["user", "add", "not an address"],
        &["key", "generate", "--alg", "HS256", "--store"],
        &["unheard-of"],
        &[],
    ] {
        let ran = folder.run(arguments, &token);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?} {ran:?}");
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn a_shared_secret_verifies_each_hmac_algorithm_it_is_long_enough_for() {
    let folder = Folder::new();
    folder.write("secret", &format!("{}\n", "s".repeat(48)));
    let sign = |algorithm| {
        let flags = ["--secret-file", "secret", "--iss", "me", "--aud", "you", "--alg", algorithm];
        folder.run(["token", "sign"].iter().chain(&flags), "")
    };
    let verify = ["token", "verify", "--secret-file", "secret"];
    for algorithm in ["HS256", "HS384"] {
        let token = sign(algorithm).ok();
        folder.run(verify, &token).ok();
        folder.run(verify.iter().chain(&["--alg", algorithm]), &token).ok();
        let ran = folder.run(
            verify.iter().chain(&["--alg", if algorithm == "HS256" { "HS384" } else { "HS256" }]),
            &token,
        );
        assert_eq!((ran.code, ran.out.starts_with("algorithm_mismatch")), (Some(1), true), "{ran:?}");
    }
    assert_eq!(sign("HS512").code, Some(2));
}

#[test]
fn what_is_decoded_is_marked_as_unverified() {
    let (folder, token) = signed();
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    for token in [&token, &unsigned] {
        let ran = folder.run(["token", "decode"], token);
        assert!(ran.err.starts_with("unverified"), "{ran:?}");
        let shown: Value = serde_json::from_str(&ran.ok()).unwrap();
        assert_eq!(
            (&shown["unverified"]["header"]["alg"], &shown["unverified"]["claims"]["sub"]),
            (&"ES256".into(), &"ada".into())
        );
    }
    let ran = folder.run(["token", "decode"], "a.b.c");
    assert_eq!((ran.code, ran.out.starts_with("token_malformed: ")), (Some(1), true), "{ran:?}");
}

#[test]
fn what_the_service_would_make_of_a_request_is_explained_without_running_it() {
    let variables = [("COUNTERSIGN_ISSUER", "https://login.example")];
    let folder = Folder::new();
    let explain =
        |route: &str, token: &str| folder.run_with(["token", "explain", "--route", route], token, &variables);
    let nothing = explain("GET /profile", "x");
    assert!(nothing.code == Some(1) && nothing.err.contains("there is no database"), "{nothing:?}");

    let service = folder.serve_with(&variables);
    service.register("ada@example.com", "correct horse");
    let token = service.token("ada@example.com", "correct horse");
    service.stop();
    let good = explain("GET /profile", &token).ok();
    assert!(good.starts_with("GET /profile is authenticated by jwt"), "{good}");
    assert!(good.ends_with("admitted, recognised by jwt"), "{good}");
    assert!(explain("GET /healthz", &token).ok().ends_with("admitted without an identity"));
    for (route, token, said) in [
        ("GET /profile", "x.y.z", "refused: 401 token_malformed"),
        (
            "DELETE /profile",
            &token,
            "there is no route for DELETE /profile; what answers instead, /(other method), is public",
        ),
        (
            "GET /nothing",
            &token,
            "there is no route for GET /nothing; what answers instead, /(unmatched), is public",
        ),
    ] {
        let ran = explain(route, token);
        assert!(ran.out.contains(said) && ran.err.is_empty(), "{ran:?}");
        assert_eq!(ran.code, Some(i32::from(route == "GET /profile")), "{ran:?}");
    }
    let signature = token.rsplit('.').next().unwrap();
    assert!(!good.contains(signature));
    // Of all these, one is an instance: the one that ran.
    assert_eq!(folder.run(["revocation", "status"], "").ok().lines().count(), 1);
    for wrong in ["/profile", "GET profile", "GET"] {
        assert_eq!(explain(wrong, &token).code, Some(2), "{wrong}");
    }
    let both = ["token", "explain", "--route", "GET /", "--jwks", "jwks.json"];
    assert_eq!(folder.run(both, &token).code, Some(2));
    assert_eq!(folder.run(["token", "explain"], &token).code, Some(2));
}

#[test]
fn a_request_with_a_token_that_was_revoked_is_explained_by_the_port_that_the_service_was_given() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register("ada@example.com", "correct horse");
    let token = service.token("ada@example.com", "correct horse");
    let port = service.address.port().to_string();
    service.stop();
    let at_port = ["token", "explain", "--route", "GET /profile", "--port", &port];
    assert!(folder.run(at_port, &token).ok().ends_with("admitted, recognised by jwt"));
    let elsewhere = folder.run(["token", "explain", "--route", "GET /profile"], &token);
    assert!(elsewhere.code == Some(1) && elsewhere.out.contains("401 iss_mismatch"), "{elsewhere:?}");

    let claims: Value = serde_json::from_str(&folder.run(["token", "decode"], &token).ok()).unwrap();
    let session = claims["unverified"]["claims"]["sid"].as_str().unwrap();
    folder.run(["session", "revoke", session], "").ok();
    let revoked = folder.run(at_port, &token);
    assert!(revoked.code == Some(1), "{revoked:?}");
    assert!(
        revoked.out.contains("revocation: found its session in the view, which is 0 s old"),
        "{revoked:?}"
    );
    assert!(revoked.out.contains("refused: 401 token_revoked"), "{revoked:?}");
}

#[test]
fn an_explanation_shows_every_check_and_never_the_signature() {
    let (folder, token) = signed();
    let good = folder.run(["token", "explain", "--jwks", "jwks.json"], &token).ok();
    assert!(good.ends_with("accepted"), "{good}");
    let bad = folder.run(["token", "explain", "--jwks", "jwks.json", "--aud", "me"], &token);
    assert_eq!(bad.code, Some(1), "{bad:?}");
    for said in
        ["signature       ok", "aud             REFUSED", "exp             not reached", "aud_mismatch"]
    {
        assert!(bad.out.contains(said), "{said}: {}", bad.out);
    }
    let signature = token.rsplit('.').next().unwrap();
    assert!(!good.contains(signature) && !bad.out.contains(signature));
}

#[test]
fn users_are_added_listed_and_disabled() {
    let folder = Folder::new();
    let id = folder.run(["user", "add", "Ada@Example.com"], &format!("{PASSWORD}\n")).ok();
    let again = folder.run(["user", "add", EMAIL], PASSWORD);
    assert_eq!(
        (again.code, again.err.as_str()),
        (Some(1), "error: there is an account with this e-mail address\n")
    );
    let short = folder.run(["user", "add", "bob@example.com"], "short\n");
    assert_eq!(short.code, Some(2), "{short:?}");

    let service = folder.serve();
    let profile = service.profile(&service.token(EMAIL, PASSWORD)).json();
    assert_eq!(profile, json!({"userId": id, "email": EMAIL}));

    let listed = |folder: &Folder| -> Value {
        serde_json::from_str(&folder.run(["user", "list", "--json"], "").ok()).unwrap()
    };
    assert_eq!((&listed(&folder)["id"], &listed(&folder)["disabled_at"]), (&json!(id), &Value::Null));
    folder.run(["user", "disable", &id], "").ok();
    assert!(listed(&folder)["disabled_at"].is_string());
    assert!(folder.run(["user", "list"], "").ok().contains("disabled"));
    assert_eq!(service.login(EMAIL, PASSWORD).status, 401);
    assert_eq!(folder.run(["user", "disable", "nobody@example.com"], "").code, Some(1));
}

#[test]
fn an_imported_key_signs_and_the_one_before_it_still_verifies() {
    let folder = Folder::new();
    let issuer = [("COUNTERSIGN_ISSUER", "https://auth.example")];
    let service = folder.serve_with(&issuer);
    service.register(EMAIL, PASSWORD);
    let before = service.token(EMAIL, PASSWORD);
    service.stop();

    let pem = folder.run(["key", "generate", "--alg", "RS256"], "").ok();
    folder.write("key.pem", &pem);
    assert_eq!(folder.run(["key", "import", "key.pem", "--kid", "imported"], "").ok(), "imported");

    let service = folder.serve_with(&issuer);
    let after = service.token(EMAIL, PASSWORD);
    let decoded: Value = serde_json::from_str(&folder.run(["token", "decode"], &after).ok()).unwrap();
    assert_eq!(decoded["unverified"]["header"]["kid"], "imported");
    assert_eq!(decoded["unverified"]["header"]["alg"], "RS256");
    for token in [before, after] {
        assert_eq!(service.profile(&token).status, 200);
    }

    let states: Vec<_> = folder
        .run(["key", "list", "--json"], "")
        .ok()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["state"].clone())
        .collect();
    assert_eq!(states, ["retired", "signing"]);
    let published = service.get("/.well-known/jwks.json", &[]).json();
    let shown: Value = serde_json::from_str(&folder.run(["key", "show"], "").ok()).unwrap();
    assert_eq!(shown, published);
    let one: Value = serde_json::from_str(&folder.run(["key", "show", "imported"], "").ok()).unwrap();
    assert_eq!(one, published["keys"][1]);
    assert_eq!(folder.run(["key", "show", "absent"], "").code, Some(1));
}

#[test]
fn a_token_signed_as_the_service_is_accepted_by_it() {
    let folder = Folder::new();
    let issuer = [("COUNTERSIGN_ISSUER", "https://auth.example")];
    let service = folder.serve_with(&issuer);
    folder.write("claims.json", r#"{"client_id":"script","email":"root@example.com"}"#);
    let sign = ["token", "sign", "--sub", "root", "--claims", "claims.json"];
    let token = folder.run_with(sign, "", &issuer).ok();
    assert_eq!(service.profile(&token).json(), json!({"userId": "root", "email": "root@example.com"}));
    // It belongs to no session, so none is kept.
    let others = service.with_bearer("POST", "/auth/logout/others", &token, "");
    assert_eq!((others.status, others.json()), (200, json!({"endedSessions": 0})));
}

#[test]
fn what_the_services_own_routes_would_miss_in_a_token_is_named_when_it_is_signed() {
    let folder = Folder::new();
    let issuer = [("COUNTERSIGN_ISSUER", "https://auth.example")];
    let service = folder.serve_with(&issuer);
    folder.write("email.json", r#"{"email":"root@example.com"}"#);
    let sign = |flags: &[&str]| folder.run_with(["token", "sign"].iter().chain(flags), "", &issuer);
    let refuses =
        |missing: &str| format!("the service's own routes refuse this token: it has no {missing}\n");
    for (flags, said, answer) in [
        (&[][..], refuses("`sub` and no `email`"), 401),
        (&["--sub", "root"], refuses("`email`"), 401),
        (&["--claims", "email.json"], refuses("`sub`"), 401),
        (&["--claims", "email.json", "--sub", "root"], String::new(), 200),
        // For others it may be as it is.
        (&["--aud", "orders"], String::new(), 401),
        (&["--aud", "orders", "--aud", "countersign"], refuses("`sub` and no `email`"), 401),
        (&["--iss", "https://other.example"], String::new(), 401),
        (&["--typ", "JWT"], String::new(), 401),
    ] {
        let ran = sign(flags);
        assert_eq!((ran.code, &ran.err), (Some(0), &said), "{flags:?}");
        assert_eq!(service.profile(ran.ok().trim()).status, answer, "{flags:?}");
    }
    let client = |flags: &[&str]| {
        let decoded: Value =
            serde_json::from_str(&folder.run(["token", "decode"], &sign(flags).ok()).ok()).unwrap();
        decoded["unverified"]["claims"]["client_id"].clone()
    };
    assert_eq!(client(&["--sub", "root"]), "countersign");
    assert_eq!(client(&["--sub", "root", "--typ", "JWT"]), Value::Null, "only access tokens have one");
}

#[test]
fn what_is_counted_is_named_in_its_number() {
    let folder = Folder::new();
    let service = folder.serve();
    for user in ["none", "one", "two"] {
        service.register(&format!("{user}@example.com"), PASSWORD);
    }
    service.tokens("one@example.com", PASSWORD);
    service.tokens("two@example.com", PASSWORD);
    service.tokens("two@example.com", PASSWORD);
    let said = |command: &str, user: &str| {
        let ran = folder.run(["user", command, &format!("{user}@example.com")], "");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.err.split_once("; ").unwrap().1.trim_end().to_owned()
    };
    assert_eq!(said("revoke", "none"), "there was no session to end");
    assert_eq!(said("revoke", "one"), "1 session ended");
    assert_eq!(said("disable", "none"), "there was no session to end");
    assert_eq!(said("disable", "two"), "2 sessions ended, and no access token of them is accepted");
    service.tokens("one@example.com", PASSWORD);
    assert_eq!(said("disable", "one"), "1 session ended, and no access token of it is accepted");
}

#[test]
fn commands_that_only_look_create_nothing() {
    let folder = Folder::new();
    for arguments in [
        &["user", "list"][..],
        &["user", "disable", EMAIL],
        &["user", "revoke", EMAIL],
        &["token", "revoke"],
        &["key", "list"],
        &["key", "show"],
    ] {
        let ran = folder.run(arguments, "");
        assert_eq!((ran.code, ran.err.contains("there is no database")), (Some(1), true), "{ran:?}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = Folder::new();
    let script = format!("{} --help | true; {0} key generate | true", env!("CARGO_BIN_EXE_countersign"));
    let ran =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
}

#[test]
fn an_id_is_taken_for_one_also_when_it_begins_with_a_hyphen() {
    // As one in 64 of them does: they are base64url.
    let folder = Folder::new();
    let unknown = ["-q", "-h", "-V", "--"].map(|start| format!("{start:A<22}"));
    for id in &unknown {
        for command in [["session", "revoke"], ["key", "drop"], ["key", "show"]] {
            let ran = folder.run(command.iter().chain([&id.as_str()]), "");
            assert_eq!(ran.code, Some(1), "{command:?} {id}: {ran:?}");
            assert!(ran.err.starts_with("error: there is no database at "), "{command:?} {id}: {ran:?}");
        }
    }
    let key = folder.run(["key", "generate", "--format", "jwk", "--kid", &unknown[0]], "").ok();
    assert!(key.contains(&unknown[0]), "{key}");
    folder.write("key.jwk", &key);
    let sign = ["token", "sign", "--key", "key.jwk", "--iss", "me", "--aud", "you", "--kid", &unknown[1]];
    let shown = folder.run(["token", "decode"], &folder.run(sign, "").ok()).ok();
    assert!(shown.contains(&unknown[1]), "{shown}");
}
