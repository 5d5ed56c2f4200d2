//! The four places a setting can come from, laid on top of each other: flag over variable over file over default.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use toml::{Table, Value as Toml};

use super::{
    Flags, Problem,
    setting::{self, FILE_VARIABLE, PREFIX, SETTINGS},
};

const EMPTY: &str = "is set but empty; unset it or give it a value";

/// A setting's value before anybody has looked at what it means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    /// A list of texts. In a variable it is one text with commas.
    Texts(Vec<String>),
    /// A TOML value that no setting takes, by the name of its type.
    Other(&'static str),
}

/// A value and who gave it.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    /// What a message calls it: `token.leeway`, `COUNTERSIGN_PORT`, `--port`.
    pub(super) place: String,
    /// What a relative path in it is relative to.
    pub(super) base: PathBuf,
}

/// Every setting that somebody gave, and what was wrong with how it was given.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) given: BTreeMap<&'static str, Given>,
    pub(super) problems: Vec<Problem>,
}

impl Layers {
    pub(super) fn defaults(working_directory: &Path) -> Self {
        let mut layers = Self::default();
        for setting in SETTINGS {
            if let Some(text) = setting.default {
                layers.lay(setting.path, Value::Text(text.to_owned()), setting.path, working_directory);
            }
        }
        layers
    }

    /// Lays the file's settings on top. `file` is where it is, `text` what it holds.
    pub(super) fn lay_file(&mut self, file: &Path, text: &str) {
        let base = file.parent().unwrap_or(Path::new("")).to_path_buf();
        match text.parse::<Table>() {
            Ok(table) => self.lay_table("", &table, &base),
            // The parser's own Display quotes the line, and the line may hold a secret.
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                self.problem(format!("{}:{line}", file.display()), error.message());
            }
        }
    }

    fn lay_table(&mut self, prefix: &str, table: &Table, base: &Path) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            let is_section = SETTINGS.iter().any(|setting| setting.path.starts_with(&format!("{path}.")));
            match (setting::at(&path), value) {
                (Some(setting), value) => self.lay(setting.path, Value::from(value), setting.path, base),
                (None, Toml::Table(section)) if is_section => self.lay_table(&path, section, base),
                (None, _) if is_section => {
                    self.problem(path.clone(), format!("is a section; write [{path}] on a line of its own"));
                }
                (None, _) => {
                    let message = unknown_key(&path);
                    self.problem(path, message);
                }
            }
        }
    }

    /// Lays the environment's settings on top.
    pub(super) fn lay_variables(&mut self, variables: &[(OsString, OsString)], working_directory: &Path) {
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let setting = SETTINGS.iter().find(|setting| setting.variable == name);
            match (setting, value.to_str()) {
                (None, Some("")) if name == FILE_VARIABLE => self.problem(name, EMPTY),
                (None, _) if !name.starts_with(PREFIX) || name == FILE_VARIABLE => {}
                (None, _) => self.problem(name, unknown_variable(name)),
                (Some(_), None) => self.problem(name, "is not UTF-8"),
                (Some(_), Some("")) => self.problem(name, EMPTY),
                (Some(setting), Some(_)) if setting.secret && self.given.contains_key(setting.path) => {
                    let message = format!("is given here and as {} in the file; keep one", setting.path);
                    self.problem(name, message);
                }
                (Some(setting), Some(value)) => {
                    self.lay(setting.path, Value::Text(value.to_owned()), name, working_directory);
                }
            }
        }
    }

    /// Lays what was written on the command line on top.
    pub(super) fn lay_flags(&mut self, flags: &Flags, working_directory: &Path) {
        if let Some(data) = &flags.data {
            match data.to_str() {
                Some(data) => self.lay("data", Value::Text(data.to_owned()), "--data", working_directory),
                None => self.problem("--data", "is not UTF-8"),
            }
        }
        if let Some(port) = flags.port {
            self.lay("port", Value::Text(port.to_string()), "--port", working_directory);
        }
    }

    fn lay(&mut self, path: &'static str, value: Value, place: &str, base: &Path) {
        self.given.insert(path, Given { value, place: place.to_owned(), base: base.to_path_buf() });
    }

    pub(super) fn problem(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), message: message.into() });
    }
}

impl From<&Toml> for Value {
    fn from(value: &Toml) -> Self {
        match value {
            Toml::String(text) => Self::Text(text.clone()),
            Toml::Integer(number) => Self::Integer(*number),
            Toml::Boolean(truth) => Self::Boolean(*truth),
            Toml::Array(values) => {
                let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Self::Other("array"), Self::Texts)
            }
            other => Self::Other(other.type_str()),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn unknown_key(path: &str) -> String {
    let sections =
        SETTINGS.iter().filter_map(|setting| setting.path.split_once('.')).map(|(section, _)| section);
    let known = SETTINGS.iter().map(|setting| setting.path).chain(sections);
    // A key that is right but stands outside its section is nearer to its setting than any spelling.
    let last = path.rsplit('.').next().unwrap_or(path);
    let misplaced =
        SETTINGS.iter().map(|setting| setting.path).find(|known| known.rsplit('.').next() == Some(last));
    match misplaced.or_else(|| setting::nearest(path, known)) {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => "is not a setting".to_owned(),
    }
}

fn unknown_variable(name: &str) -> String {
    // A Kubernetes Service named `countersign` puts COUNTERSIGN_SERVICE_HOST and the like into every pod.
    if name.starts_with("COUNTERSIGN_SERVICE_") || name.starts_with("COUNTERSIGN_PORT_") {
        return "is not a setting; if Kubernetes set it, put `enableServiceLinks: false` in the pod's spec"
            .to_owned();
    }
    let known = SETTINGS.iter().map(|setting| setting.variable).chain([FILE_VARIABLE]);
    // COUNTERSIGN_JWT_SECRET is near to its right name only without the prefix.
    let bare = name.trim_start_matches(PREFIX);
    let unprefixed = SETTINGS.iter().map(|setting| setting.variable).find(|known| *known == bare);
    match unprefixed.or_else(|| setting::nearest(name, known)) {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => "is not a setting".to_owned(),
    }
}
