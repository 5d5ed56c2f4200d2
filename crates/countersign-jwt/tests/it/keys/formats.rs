//! PEM, DER and JWK, read as OpenSSL writes them and written so that they can be read again.

use countersign_jwt::{Algorithm, KeyError, SigningKey, VerifyingKey};

use super::{sign_with, verify_with};
use crate::support::{key, pem_block, refusal};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../data/keys/", $name, ".pem"))
    };
}

/// One key in all the forms that OpenSSL gives it, each with the label of its block.
struct Fixture {
    algorithms: &'static [Algorithm],
    private: &'static [(&'static str, &'static str)],
    public: &'static [(&'static str, &'static str)],
}

const FIXTURES: [Fixture; 8] = [
    Fixture {
        algorithms: &[
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
        ],
        private: &[("PRIVATE KEY", file!("rsa-pkcs8")), ("RSA PRIVATE KEY", file!("rsa-pkcs1"))],
        public: &[
            ("PUBLIC KEY", file!("rsa-spki")),
            ("RSA PUBLIC KEY", file!("rsa-pkcs1-public")),
            ("CERTIFICATE", file!("rsa-certificate")),
        ],
    },
    Fixture {
        algorithms: &[Algorithm::Es256],
        private: &[("PRIVATE KEY", file!("p256-pkcs8")), ("EC PRIVATE KEY", file!("p256-sec1"))],
        public: &[
            ("PUBLIC KEY", file!("p256-spki")),
            ("PUBLIC KEY", file!("p256-spki-compressed")),
            ("CERTIFICATE", file!("p256-certificate")),
        ],
    },
    Fixture {
        algorithms: &[Algorithm::Es384],
        private: &[("PRIVATE KEY", file!("p384-pkcs8")), ("EC PRIVATE KEY", file!("p384-sec1"))],
        public: &[
            ("PUBLIC KEY", file!("p384-spki")),
            ("PUBLIC KEY", file!("p384-spki-compressed")),
            ("CERTIFICATE", file!("p384-certificate")),
        ],
    },
    Fixture {
        algorithms: &[Algorithm::Es512],
        private: &[("PRIVATE KEY", file!("p521-pkcs8")), ("EC PRIVATE KEY", file!("p521-sec1"))],
        public: &[
            ("PUBLIC KEY", file!("p521-spki")),
            ("PUBLIC KEY", file!("p521-spki-compressed")),
            ("CERTIFICATE", file!("p521-certificate")),
        ],
    },
    Fixture {
        algorithms: &[Algorithm::EdDsa, Algorithm::Ed25519],
        private: &[("PRIVATE KEY", file!("ed25519-pkcs8"))],
        public: &[("PUBLIC KEY", file!("ed25519-spki")), ("CERTIFICATE", file!("ed25519-certificate"))],
    },
    // The examples of RFC 9881 appendix C.
    Fixture {
        algorithms: &[Algorithm::MlDsa44],
        private: &[("PRIVATE KEY", file!("ml-dsa-44-seed-pkcs8"))],
        public: &[("PUBLIC KEY", file!("ml-dsa-44-spki"))],
    },
    Fixture {
        algorithms: &[Algorithm::MlDsa65],
        private: &[("PRIVATE KEY", file!("ml-dsa-65-seed-pkcs8"))],
        public: &[("PUBLIC KEY", file!("ml-dsa-65-spki"))],
    },
    Fixture {
        algorithms: &[Algorithm::MlDsa87],
        private: &[("PRIVATE KEY", file!("ml-dsa-87-seed-pkcs8"))],
        public: &[("PUBLIC KEY", file!("ml-dsa-87-spki"))],
    },
];

fn belongs(signing: &SigningKey, verifying: &VerifyingKey) -> bool {
    verifying.verify_bytes(b"message", &signing.sign_bytes(b"message").unwrap())
        && signing.key_id() == verifying.key_id()
        && signing.algorithm() == verifying.algorithm()
}

/// The text as other systems hand it on: other line ends, text around the block.
fn as_handed_on(pem: &str) -> [String; 5] {
    [
        pem.replace('\n', "\r\n"),
        format!("Bag Attributes\n    friendlyName: service\nKey Attributes: <No Attributes>\n{pem}"),
        format!("{pem}\nsubject=CN = service\n\n"),
        format!("\u{feff}# a comment\n\n\n{pem}"),
        pem.trim_end().to_owned(),
    ]
}

#[test]
fn every_form_of_a_key_that_openssl_writes_is_read_as_the_same_key() {
    for Fixture { algorithms, private, public } in FIXTURES {
        for &algorithm in algorithms {
            let expected = VerifyingKey::from_pem(algorithm, public[0].1).unwrap();
            for (label, pem) in private {
                let from_pem = SigningKey::from_pem(algorithm, pem).unwrap();
                let from_der = SigningKey::from_der(algorithm, &pem_block(pem, label)).unwrap();
                assert!(
                    belongs(&from_pem, &expected) && belongs(&from_der, &expected),
                    "{algorithm}: {label}"
                );
                for text in as_handed_on(pem) {
                    assert!(belongs(&SigningKey::from_pem(algorithm, &text).unwrap(), &expected), "{text}");
                }
            }
            for (label, pem) in public {
                let from_pem = VerifyingKey::from_pem(algorithm, pem).unwrap();
                let from_der = VerifyingKey::from_der(algorithm, &pem_block(pem, label)).unwrap();
                for made in [from_pem, from_der] {
                    assert_eq!(made.to_der(), expected.to_der(), "{algorithm}: {label}");
                    assert_eq!(made.to_jwk(), expected.to_jwk());
                }
                for text in as_handed_on(pem) {
                    assert_eq!(VerifyingKey::from_pem(algorithm, &text).unwrap().to_der(), expected.to_der());
                }
            }
        }
    }
}

#[test]
fn every_key_survives_the_way_out_and_in_again_in_every_format_it_has() {
    for algorithm in Algorithm::ALL {
        let (signing, verifying) = (key(algorithm), key(algorithm).verifying_key());
        let jwk = signing.to_jwk().unwrap().to_json();
        let from_jwk = SigningKey::from_jwk(&countersign_jwt::PrivateJwk::from_json(&jwk).unwrap()).unwrap();
        assert!(belongs(&from_jwk, &verifying), "{algorithm}");
        assert_eq!(from_jwk.to_jwk().unwrap().to_json(), jwk, "{algorithm}");
        if algorithm.is_symmetric() {
            continue;
        }
        let from_pem = SigningKey::from_pem(algorithm, &signing.to_pem().unwrap()).unwrap();
        let from_der = SigningKey::from_der(algorithm, &signing.to_der().unwrap()).unwrap();
        assert!(belongs(&from_pem, &verifying) && belongs(&from_der, &verifying), "{algorithm}");
        assert_eq!(from_pem.to_pem(), signing.to_pem());
        assert_eq!(from_der.to_der(), signing.to_der());
        assert_eq!(from_jwk.to_der(), signing.to_der());

        let public = [
            VerifyingKey::from_pem(algorithm, &verifying.to_pem().unwrap()).unwrap(),
            VerifyingKey::from_der(algorithm, &verifying.to_der().unwrap()).unwrap(),
            VerifyingKey::from_jwk(&verifying.to_jwk().unwrap()).unwrap(),
        ];
        for again in public {
            assert!(belongs(signing, &again), "{algorithm}");
            assert_eq!(again.to_der(), verifying.to_der());
            assert_eq!(again.to_jwk(), verifying.to_jwk());
        }
    }
}

#[test]
fn pem_is_written_in_lines_of_64_characters() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let private = key(algorithm).to_pem().unwrap();
        let public = key(algorithm).verifying_key().to_pem().unwrap();
        for (pem, label) in [(private.as_str(), "PRIVATE KEY"), (&public, "PUBLIC KEY")] {
            assert!(pem.starts_with(&format!("-----BEGIN {label}-----\n")), "{algorithm}");
            assert!(pem.ends_with(&format!("\n-----END {label}-----\n")), "{algorithm}");
            let body: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
            assert!(body.iter().rev().skip(1).all(|line| line.len() == 64), "{algorithm}");
        }
    }
}

#[test]
fn a_secret_has_no_form_but_a_jwk() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_symmetric()) {
        let (signing, verifying) = (key(algorithm), key(algorithm).verifying_key());
        let no_form = |format| Some(KeyError::NoSuchForm { format });
        assert_eq!(refusal(signing.to_der()), no_form("PKCS#8"));
        assert_eq!(refusal(signing.to_pem()), no_form("PKCS#8"));
        assert_eq!(refusal(verifying.to_der()), no_form("a SubjectPublicKeyInfo"));
        assert_eq!(refusal(verifying.to_pem()), no_form("a SubjectPublicKeyInfo"));
        assert_eq!(verifying.to_jwk(), None, "a secret is never published");
        let wrong_type = Some(KeyError::WrongType { algorithm });
        assert_eq!(refusal(SigningKey::from_pem(algorithm, file!("rsa-pkcs8"))), wrong_type);
        assert_eq!(refusal(VerifyingKey::from_pem(algorithm, file!("rsa-spki"))), wrong_type);
        assert_eq!(refusal(VerifyingKey::from_pem(algorithm, file!("rsa-certificate"))), wrong_type);
        assert_eq!(refusal(VerifyingKey::from_pem(algorithm, file!("rsa-pkcs1-public"))), wrong_type);
    }
}

#[test]
fn a_public_key_is_not_taken_for_a_private_one_nor_a_private_one_for_a_public_one() {
    for Fixture { algorithms, private, public } in FIXTURES {
        for &algorithm in algorithms {
            for (label, pem) in public {
                let refused = refusal(SigningKey::from_pem(algorithm, pem));
                assert!(matches!(refused, Some(KeyError::Pem { .. })), "{algorithm}: {label}");
                assert!(
                    SigningKey::from_der(algorithm, &pem_block(pem, label)).is_err(),
                    "{algorithm}: {label}"
                );
            }
            for (label, pem) in private {
                let refused = refusal(VerifyingKey::from_pem(algorithm, pem));
                assert!(matches!(refused, Some(KeyError::Pem { .. })), "{algorithm}: {label}");
                assert!(
                    VerifyingKey::from_der(algorithm, &pem_block(pem, label)).is_err(),
                    "{algorithm}: {label}"
                );
            }
        }
    }
}

#[test]
fn an_encrypted_private_key_is_refused_as_such() {
    for encrypted in [file!("rsa-pkcs8-encrypted"), file!("rsa-pkcs1-encrypted")] {
        let refused = SigningKey::from_pem(Algorithm::Rs256, encrypted).unwrap_err();
        assert!(refused.to_string().contains("unencrypted"), "{refused}");
    }
}

#[test]
fn of_a_file_with_several_blocks_the_first_that_would_do_is_taken() {
    let bundle = [file!("p256-certificate"), file!("p256-pkcs8"), file!("ed25519-pkcs8")].concat();
    let (signing, verifying) = (
        SigningKey::from_pem(Algorithm::Es256, &bundle).unwrap(),
        VerifyingKey::from_pem(Algorithm::Es256, &bundle).unwrap(),
    );
    assert!(belongs(&signing, &verifying));
    assert!(SigningKey::from_pem(Algorithm::EdDsa, &bundle).is_err(), "no trying of one key after the other");
}

#[test]
fn what_is_not_quite_pem_is_refused() {
    let good = file!("p256-spki");
    let broken = [
        String::new(),
        "-----BEGIN PUBLIC KEY-----".to_owned(),
        good.replace("-----END PUBLIC KEY-----", "-----END PRIVATE KEY-----"),
        good.replace("-----END PUBLIC KEY-----", ""),
        good.replace("-----BEGIN PUBLIC KEY-----", "-----BEGIN EC PUBLIC KEY-----"),
        good.replace("BEGIN PUBLIC KEY", "BEGIN PUBLIC KEY "),
        good.to_lowercase(),
        good.replace('M', "*"),
        good.replace("-----BEGIN", "----BEGIN"),
    ];
    for pem in broken {
        assert!(
            matches!(refusal(VerifyingKey::from_pem(Algorithm::Es256, &pem)), Some(KeyError::Pem { .. })),
            "{pem}"
        );
    }
}

#[test]
fn the_kid_is_the_thumbprint_unless_another_is_given() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let verifying = key(algorithm).verifying_key();
        let jwk = verifying.to_jwk().unwrap();
        assert_eq!(verifying.key_id(), jwk.thumbprint().as_deref().ok(), "{algorithm}");
        assert_eq!(verifying.clone().with_key_id("mine").to_jwk().unwrap().key_id(), Some("mine"));
        let unnamed = verifying.without_key_id();
        assert_eq!((unnamed.key_id(), unnamed.to_jwk().unwrap().key_id()), (None, None));
        // Where a key says nothing of its name, none is made up for the one who looks for it by name.
        let jwk = serde_json::to_value(unnamed.to_jwk().unwrap()).unwrap();
        assert_eq!(verify_with(&jwk).unwrap().key_id(), None);
        let private = super::changed(&super::private_jwk(algorithm), "kid", serde_json::Value::Null);
        assert_eq!(sign_with(&private).unwrap().key_id(), key(algorithm).key_id());
    }
}
