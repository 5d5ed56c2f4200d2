//! One benchmark's section of docs/benchmarks.md, between markers of its own: each benchmark writes its own and leaves
//! the others as they are.

use std::fmt::Write;
use std::path::Path;

use crate::{Failure, machine};

/// What stands before all sections.
const HEAD: &str = "\
# Benchmarks

What Countersign costs, beside what it is built on and what others do, measured by the commands that stand with each
section. Machines are noisy and differ: times are of one machine and one run; what counts are ratios, and only
those of one run.
";

/// What one benchmark found, as Markdown, with where and when it was measured.
///
/// Its title is a heading of the second level; headings in its text begin with the third.
#[derive(Clone, Debug)]
pub struct Section {
    name: &'static str,
    title: String,
    conditions: Vec<(String, String)>,
    text: String,
}

impl Section {
    /// The section of `cargo xtask bench {name}`, which names this machine, the compiler, the date, the `command` that
    /// ran and the versions of `crates`.
    #[must_use]
    pub fn new(name: &'static str, title: &str, command: &str, crates: &[&str]) -> Self {
        let section = Self { name, title: title.to_owned(), conditions: Vec::new(), text: String::new() };
        let section = machine::description()
            .into_iter()
            .fold(section, |section, (what, value)| section.condition(what, &value));
        section
            .condition("Crates", &machine::versions(crates).join(", "))
            .condition("Command", &format!("`{command}`"))
    }

    /// Adds a line to the table of what was measured where.
    #[must_use]
    pub fn condition(mut self, what: &str, value: &str) -> Self {
        self.conditions.push((what.to_owned(), value.to_owned()));
        self
    }

    /// Adds Markdown: tables, paragraphs, headings of the third level and below.
    #[must_use]
    pub fn text(mut self, markdown: &str) -> Self {
        self.text.push('\n');
        self.text.push_str(markdown.trim_matches('\n'));
        self.text.push('\n');
        self
    }

    /// The section as it stands in the document, without its markers.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut section = format!("## {}\n\n| | |\n|---|---|\n", self.title);
        for (what, value) in &self.conditions {
            // Writing into a String does not fail.
            let _ = writeln!(section, "| {what} | {value} |");
        }
        section + &self.text
    }

    /// Puts the section into `file`, in the place of the one before it.
    ///
    /// # Errors
    /// If the file cannot be read or written, or holds the beginning of the section without its end.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        let document = if file.exists() { std::fs::read_to_string(file)? } else { HEAD.to_owned() };
        Ok(std::fs::write(file, self.placed(&document)?)?)
    }

    /// `document` with this section in it: where it was, or behind all others.
    fn placed(&self, document: &str) -> Result<String, Failure> {
        let [begin, end] =
            [format!("<!-- bench {} -->\n", self.name), format!("<!-- /bench {} -->\n", self.name)];
        let section = format!("{begin}{}{end}", self.markdown());
        let Some((before, rest)) = document.split_once(&begin) else {
            return Ok(format!("{document}\n{section}"));
        };
        let (_, after) = rest.split_once(&end).ok_or_else(|| format!("there is no `{}`", end.trim_end()))?;
        Ok(format!("{before}{section}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &'static str, text: &str) -> Section {
        Section { name, title: format!("About {name}"), conditions: Vec::new(), text: String::new() }
            .text(text)
    }

    #[test]
    fn a_new_section_stands_behind_the_others() {
        let one = section("one", "1").placed(HEAD).unwrap();
        let both = section("two", "2").placed(&one).unwrap();
        assert!(both.starts_with(&one));
        assert!(both.ends_with("\n2\n<!-- /bench two -->\n"), "{both}");
    }

    #[test]
    fn a_section_takes_the_place_of_its_predecessor_and_leaves_the_others() {
        let write = |one: &str, document: &str| section("one", one).placed(document).unwrap();
        let both = section("two", "2").placed(&write("1", HEAD)).unwrap();
        let again = write("a longer 1", &both);
        assert_eq!(again, both.replace("\n1\n", "\na longer 1\n"));
        assert_eq!(write("1", &again), both);
    }

    #[test]
    fn a_section_without_its_end_is_left_for_people_to_mend() {
        assert!(section("one", "1").placed("<!-- bench one -->\n## About one\n").is_err());
    }
}
