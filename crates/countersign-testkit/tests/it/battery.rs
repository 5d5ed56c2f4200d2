use std::collections::HashSet;

use countersign_jwt::{Algorithm, NumericDate, SigningKey};
use countersign_testkit::{Battery, BatteryError, TestIssuer};

fn battery(algorithm: Algorithm) -> Battery {
    let issuer = TestIssuer::with_key(SigningKey::generate(algorithm).unwrap());
    issuer.battery(&issuer.token("ada"))
}

fn refused_as_expected(issuer: &TestIssuer) {
    let battery = issuer.battery(&issuer.token("ada"));
    issuer.verify(battery.genuine()).unwrap();
    let wrong: Vec<String> = battery
        .iter()
        .filter_map(|hostile| {
            let code = match issuer.verify(hostile.token()?) {
                Ok(_) => "accepted",
                Err(refusal) => refusal.code(),
            };
            let expected = hostile.codes().contains(&code);
            (!expected).then(|| format!("{}: {code}, expected {:?}", hostile.name(), hostile.codes()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", issuer.signing_key().algorithm(), wrong.join("\n"));
}

#[test]
fn the_verifier_refuses_every_row_with_its_code_under_every_algorithm() {
    for algorithm in Algorithm::ALL {
        refused_as_expected(&TestIssuer::with_key(SigningKey::generate(algorithm).unwrap()));
    }
}

#[test]
fn the_verifier_of_access_tokens_refuses_every_row_too() {
    refused_as_expected(&TestIssuer::new().with_token_type("at+jwt"));
}

#[test]
fn no_two_rows_have_the_same_name_or_present_the_same() {
    for algorithm in [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let battery = battery(algorithm);
        let (mut names, mut presented) = (HashSet::new(), HashSet::new());
        for hostile in &battery {
            assert!(names.insert(hostile.name()), "{algorithm}: {:?} stands twice", hostile.name());
            assert!(
                presented.insert(hostile.authorization()),
                "{algorithm}: {:?} is another row's",
                hostile.name()
            );
            assert!(!hostile.codes().is_empty(), "{}", hostile.name());
        }
        assert!(names.len() > 250, "{algorithm}: only {} rows", names.len());
    }
}

#[test]
fn a_battery_needs_a_token_that_its_key_has_signed() {
    let now = NumericDate::from_secs(0);
    let (one, other) = (TestIssuer::new(), TestIssuer::new());
    let refusal = Battery::new(one.signing_key(), &other.token("ada"), now).unwrap_err();
    assert!(matches!(refusal, BatteryError::OtherKey), "{refusal}");
    for text in ["", "a.b", "a.b.c", "a.b.c.d", &one.forge("[]", "{}"), &one.forge("{}", "1")] {
        let refusal = Battery::new(one.signing_key(), text, now).unwrap_err();
        assert!(matches!(refusal, BatteryError::NotAToken), "{text}: {refusal}");
    }
}

#[test]
fn a_row_is_found_by_its_name() {
    let battery = battery(Algorithm::Es256);
    assert_eq!(battery.find("no aud").unwrap().codes(), ["claim_missing"]);
    assert!(battery.find("no such row").is_none());
}

#[test]
fn a_row_that_presents_a_token_badly_has_no_token() {
    let battery = battery(Algorithm::Es256);
    let twice = battery.find("two headers, both good").unwrap();
    assert_eq!(twice.token(), None);
    assert_eq!(twice.authorization().len(), 2);
    assert!(battery.find("no credentials").unwrap().authorization().is_empty());
}
