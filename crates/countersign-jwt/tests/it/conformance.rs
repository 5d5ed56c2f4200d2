//! `docs/conformance.md` names a test for each demand; here it is held to name only tests that exist.

use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The page, and the cells of the tables in it.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(CRATE).join("../../docs/conformance.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).filter(|cells: &Vec<String>| cells[0] != "§").collect()
}

/// The names of tests in a cell: what stands in backquotes and is a path.
fn tests_in(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).filter(|name| name.contains("::"))
}

/// Where the test of this path would be, and its name.
fn place(path: &str) -> (Vec<PathBuf>, &str) {
    let (module, name) = path.rsplit_once("::").unwrap();
    let file = Path::new(CRATE).join("tests/it").join(module.replace("::", "/"));
    (vec![file.with_extension("rs"), file.join("mod.rs")], name)
}

fn exists(path: &str) -> bool {
    let (files, name) = place(path);
    let source = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let declaration = format!("fn {name}(");
    let tested = |(at, _): (usize, &str)| {
        let before = source[..at].trim_end();
        // Within `proptest!`, too, the attribute stands right before the function.
        before.ends_with("#[test]")
    };
    source.match_indices(&declaration).any(tested)
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
