//! Pages that name a test for each row of their tables, and whether these tests exist.

use std::fs;
use std::path::Path;

/// The cells of each row of the tables on a page, without their heads.
pub(crate) fn rows(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = page.lines().collect();
    let is_rule = |line: &str| line.starts_with("|---");
    let is_row = |(at, line): &(usize, &str)| {
        let is_head = lines.get(at + 1).is_some_and(|next| is_rule(next));
        line.starts_with('|') && !is_rule(line) && !is_head
    };
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.iter().copied().enumerate().filter(is_row).map(|(_, row)| cells(row)).collect()
}

/// The names of tests in a cell: what stands in backquotes and is a path in small letters.
pub(crate) fn tests_in(cell: &str) -> impl Iterator<Item = &str> {
    let of_a_test =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b':');
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(move |name| name.contains("::") && name.bytes().all(of_a_test))
}

/// Whether the tests in this folder have one of this path: `validation::dates::x` is `x` in `validation/dates.rs`.
pub(crate) fn exists(folder: &Path, path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    let file = folder.join(module.replace("::", "/"));
    let files = [file.with_extension("rs"), file.join("mod.rs")];
    let source = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    source.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        // Within `proptest!`, too, the attribute stands right before the function.
        let before = source[..at].trim_end().trim_end_matches("async").trim_end();
        let attribute = before.lines().last().unwrap_or_default().trim();
        attribute == "#[test]" || attribute.starts_with("#[tokio::test")
    })
}
