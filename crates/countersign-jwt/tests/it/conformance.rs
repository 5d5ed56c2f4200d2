//! `docs/conformance.md` names a test for each demand; here it is held to name only tests that exist.

use std::fs;
use std::path::Path;

use crate::named_tests::{self, tests_in};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(CRATE).join("../../docs/conformance.md")).unwrap();
    named_tests::rows(&page)
}

/// Where the tests stand that the page names, from this crate's folder.
const FOLDERS: [&str; 4] =
    ["tests/it", "../countersign/tests/it", "../countersign/tests/jwks", "../countersign-server/tests/it"];

fn exists(path: &str) -> bool {
    FOLDERS.iter().any(|folder| named_tests::exists(&Path::new(CRATE).join(folder), path))
}

#[test]
fn every_test_that_the_page_names_exists() {
    let rows = rows();
    let names: Vec<&str> = rows.iter().flat_map(|cells| tests_in(&cells[2])).collect();
    assert!(names.len() > 150, "the page is read: {}", names.len());
    let missing: Vec<&&str> = names.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_test_that_does_not_exist_would_be_noticed() {
    assert!(exists("conformance::a_test_that_does_not_exist_would_be_noticed"));
    assert!(!exists("conformance::rows"), "a function, but no test");
    assert!(!exists("conformance::a_test_that_does_not"));
    assert!(!exists("nowhere::a_test_that_does_not_exist_would_be_noticed"));
}

#[test]
fn every_demand_is_held_by_a_test_or_says_why_it_is_not() {
    for cells in rows() {
        let [section, demand, held_by] = cells.as_slice() else { panic!("three cells: {cells:?}") };
        assert!(!section.is_empty() && !demand.is_empty(), "{cells:?}");
        let reasons =
            ["Not offered", "Does not apply", "Not interpreted", "Not parsed", "Deliberately not", "Of "];
        let explained = reasons.iter().any(|reason| held_by.starts_with(reason));
        assert!(explained || tests_in(held_by).next().is_some(), "{cells:?}");
    }
}
