//! The other libraries that `interop/` exchanges tokens with, installed into `target/interop` as its manifests pin them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// What pins the versions. The tests compare the same texts with [`MARKER`].
const MANIFESTS: [&str; 2] = ["package.json", "requirements.txt"];
/// Holds the manifests of an installation that is complete.
const MARKER: &str = "installed";

/// Describes the peers, if those that are installed are those that are pinned.
pub(crate) fn find() -> Option<String> {
    let installed = fs::read_to_string(folder().join(MARKER)).ok()?;
    (installed == pinned().ok()?).then(|| format!("as pinned, in {}", folder().display()))
}

/// Installs the peers anew.
pub(crate) fn install() -> Result<(), String> {
    let (folder, pinned) = (folder(), pinned().map_err(|error| format!("{}: {error}", sources().display()))?);
    empty(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("installing the interoperability peers into {}", folder.display());
    // No script of a package runs; what is downloaded is what the registries hold under the pinned versions.
    let options = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--silent"];
    run(Command::new("npm").arg("install").arg("--prefix").arg(&folder).args(options))?;
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
    let options = ["install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"];
    run(Command::new(folder.join("venv/bin/pip")).args(options).current_dir(&folder))?;
    fs::write(folder.join(MARKER), pinned).map_err(|error| format!("{}: {error}", folder.display()))
}

/// An empty folder with nothing but the manifests.
fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(folder)?,
    }
    for manifest in MANIFESTS {
        fs::copy(sources().join(manifest), folder.join(manifest))?;
    }
    Ok(())
}

fn pinned() -> io::Result<String> {
    MANIFESTS.iter().map(|manifest| fs::read_to_string(sources().join(manifest))).collect()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("interop")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("interop")
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("{} failed", command.get_program().display())),
        Err(error) => Err(format!("{} did not start: {error}", command.get_program().display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned_and_no_registry_is_named() {
        let pinned = pinned().unwrap();
        assert!(!pinned.contains("://"), "{pinned}");
        // Of the JSON only the members of `dependencies` and `optionalDependencies` are indented twice.
        let javascript = pinned.lines().filter_map(|line| line.strip_prefix("    \"")?.split_once("\": \""));
        let python =
            pinned.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("=="));
        let versions: Vec<_> = javascript.chain(python).collect();
        for peer in ["jose", "jsonwebtoken", "PyJWT", "joserfc"] {
            assert!(versions.iter().any(|(name, _)| *name == peer), "{peer}");
        }
        for (name, version) in versions {
            let version = version.trim_end_matches(['"', ',']);
            assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{name} {version}");
        }
        let requirements = fs::read_to_string(sources().join("requirements.txt")).unwrap();
        assert!(requirements.lines().all(|line| line.starts_with('#') || line.contains("==")));
    }
}
