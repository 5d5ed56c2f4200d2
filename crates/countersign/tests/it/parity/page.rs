//! `docs/parity.md` names a test for each row; here it is held to name only tests that exist.

#[path = "../../../../countersign-jwt/tests/it/named_tests.rs"]
mod named_tests;

use std::fs;
use std::path::Path;

use named_tests::tests_in;

const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where the tests of a name's first word are, if not in `countersign/tests/it`.
const PLACES: [(&str, &str); 6] = [
    ("jwt::", "countersign-jwt/tests/it"),
    ("session::", "countersign/tests/session"),
    ("jwks::", "countersign/tests/jwks"),
    ("live::", "countersign/tests/live"),
    ("server::", "countersign-server/tests/it"),
    ("src::", "countersign/src"),
];

/// The words with which a cell says that there is no counterpart, and why.
const REASONS: [&str; 4] = ["Not offered:", "Not needed:", "Deliberately not:", "Does not apply:"];

fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(CRATES).join("../docs/parity.md")).expect("the page");
    named_tests::rows(&page)
}

fn exists(path: &str) -> bool {
    let elsewhere = PLACES.iter().find_map(|(word, folder)| Some((*folder, path.strip_prefix(word)?)));
    let (folder, path) = elsewhere.unwrap_or(("countersign/tests/it", path));
    named_tests::exists(&Path::new(CRATES).join(folder), path)
}

#[test]
fn every_test_that_the_page_names_exists() {
    let rows = rows();
    let names: Vec<&str> = rows.iter().flat_map(|cells| tests_in(&cells[2])).collect();
    assert!(names.len() > 80, "the page is read: {}", names.len());
    let missing: Vec<&&str> = names.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_test_that_does_not_exist_would_be_noticed() {
    assert!(exists("parity::page::a_test_that_does_not_exist_would_be_noticed"));
    assert!(exists("parity::the_scheme_is_read_in_either_case"), "an async one");
    assert!(exists("jwt::signing::equal_claims_give_equal_bytes"), "one of another crate");
    assert!(!exists("parity::page::rows"), "a function, but no test");
    assert!(!exists("parity::page::a_test_that_does_not"));
    assert!(!exists("nowhere::a_test_that_does_not_exist_would_be_noticed"));
}

#[test]
fn every_row_is_held_by_a_test_or_says_why_it_is_not() {
    for cells in rows() {
        let [theirs, ours, held_by] = cells.as_slice() else { panic!("three cells: {cells:?}") };
        assert!(!theirs.is_empty() && !ours.is_empty(), "{cells:?}");
        let explained = REASONS.iter().any(|reason| ours.starts_with(reason));
        assert!(explained || tests_in(held_by).next().is_some(), "{cells:?}");
    }
}
