//! `docs/parity.md` names a test for each row; here it is held to name only tests that exist.

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where the tests of a name's first word are, if not in `countersign/tests/it`.
const PLACES: [(&str, &str); 5] = [
    ("jwt", "countersign-jwt/tests/it"),
    ("session", "countersign/tests/session"),
    ("jwks", "countersign/tests/jwks"),
    ("live", "countersign/tests/live"),
    ("server", "countersign-server/tests/it"),
];

/// The words with which a cell says that there is no counterpart, and why.
const REASONS: [&str; 4] = ["Not offered:", "Not needed:", "Deliberately not:", "Does not apply:"];

/// The cells of the tables on the page, without their heads.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(CRATES).join("../docs/parity.md")).expect("the page");
    let lines: Vec<&str> = page.lines().collect();
    let is_row = |(at, line): &(usize, &str)| {
        let head = lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
        line.starts_with('|') && !line.starts_with("|---") && !head
    };
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.iter().copied().enumerate().filter(is_row).map(|(_, row)| cells(row)).collect()
}

/// The names of tests in a cell: what stands in backquotes and is a path.
fn tests_in(cell: &str) -> impl Iterator<Item = &str> {
    let is_test = |name: &&str| {
        name.contains("::")
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte))
    };
    cell.split('`').skip(1).step_by(2).filter(is_test)
}

/// Where the test of this path would be, and its name.
fn place(path: &str) -> Option<(Vec<PathBuf>, &str)> {
    let (module, name) = path.rsplit_once("::")?;
    let elsewhere = PLACES.iter().find_map(|(word, folder)| {
        let module = module.strip_prefix(word)?.strip_prefix("::")?;
        Some((*folder, module))
    });
    let (folder, module) = elsewhere.unwrap_or(("countersign/tests/it", module));
    let file = Path::new(CRATES).join(folder).join(module.replace("::", "/"));
    Some((vec![file.with_extension("rs"), file.join("mod.rs")], name))
}

fn exists(path: &str) -> bool {
    let Some((files, name)) = place(path) else { return false };
    let source = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    source.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let before = source[..at].trim_end().trim_end_matches("async").trim_end();
        before.ends_with(']')
            && before.rsplit_once("#[").is_some_and(|(_, attribute)| attribute.contains("test"))
    })
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
