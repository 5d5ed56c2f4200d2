//! The data folder: 0700, and everything in it 0600.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::{config::MasterKeySource, seal::MasterKey};

/// The name of the master key's file in the data folder.
const MASTER_KEY_FILE: &str = "master.key";

/// Creates the data folder, for its owner only, unless it is there.
///
/// # Errors
/// [`DataFolderError::Create`].
pub fn create(folder: &Path) -> Result<(), DataFolderError> {
    let failed = |source| DataFolderError::Create { folder: folder.to_path_buf(), source };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match owner_only::folder().create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        outcome => outcome.map_err(failed),
    }
}

/// What becomes of a master key that is not in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingMasterKey {
    /// One is made: nothing is sealed yet.
    Generate,
    /// It is an error: a new one would not open what the lost one has sealed.
    Fail,
}

/// The master key, from where the configuration says. Only in the data folder can one be made, and processes that do
/// so at the same time end up with the same one.
///
/// # Errors
/// Everything in [`DataFolderError`].
pub fn master_key(
    folder: &Path,
    source: &MasterKeySource,
    missing: MissingMasterKey,
) -> Result<MasterKey, DataFolderError> {
    match source {
        MasterKeySource::Value(secret) => {
            MasterKey::from_hex(secret.expose()).ok_or(DataFolderError::NoMasterKey { file: None })
        }
        MasterKeySource::File(file) => read_master_key(file),
        MasterKeySource::DataFolder => {
            let file = folder.join(MASTER_KEY_FILE);
            if !file.exists() {
                match missing {
                    MissingMasterKey::Generate => generate_master_key(&file)?,
                    MissingMasterKey::Fail => return Err(DataFolderError::MasterKeyLost { file }),
                }
            }
            let mode = owner_only::mode_for_others(&file).map_err(|source| read_failed(&file, source))?;
            if mode != 0 {
                return Err(DataFolderError::ReadableByOthers { file });
            }
            read_master_key(&file)
        }
    }
}

fn read_failed(file: &Path, source: io::Error) -> DataFolderError {
    DataFolderError::Read { file: file.to_path_buf(), source }
}

fn read_master_key(file: &Path) -> Result<MasterKey, DataFolderError> {
    let text = fs::read(file).map(Zeroizing::new).map_err(|source| read_failed(file, source))?;
    std::str::from_utf8(&text)
        .ok()
        .and_then(|text| MasterKey::from_hex(text.trim_ascii_end()))
        .ok_or_else(|| DataFolderError::NoMasterKey { file: Some(file.to_path_buf()) })
}

/// Writes a new key beside its place and links it there: the link either makes the whole key appear or finds that
/// another process was first, whose key then counts.
fn generate_master_key(file: &Path) -> Result<(), DataFolderError> {
    let failed = |source| DataFolderError::Create { folder: file.to_path_buf(), source };
    let random = || failed(io::Error::other("the system's random generator failed"));
    let key = MasterKey::generate().map_err(|_| random())?;
    let mut suffix = [0; 8];
    aws_lc_rs::rand::fill(&mut suffix).map_err(|_| random())?;
    let draft = file.with_extension(format!("{:016x}", u64::from_be_bytes(suffix)));

    let written = owner_only::file().create_new(true).open(&draft).and_then(|mut draft| {
        draft.write_all(key.to_hex().as_bytes())?;
        draft.write_all(b"\n")?;
        draft.sync_all()
    });
    let linked = written.and_then(|()| fs::hard_link(&draft, file));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.and(removed).and_then(|()| sync_folder_of(file)).map_err(failed),
    }
}

/// Makes a new name in a folder survive a power cut.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(unix)]
mod owner_only {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};

    use super::{OpenOptions, Path, fs, io};

    pub(super) fn folder() -> fs::DirBuilder {
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        builder
    }

    pub(super) fn file() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600);
        options
    }

    /// What others than the owner may do with a file: 0 is nothing.
    pub(super) fn mode_for_others(file: &Path) -> io::Result<u32> {
        Ok(fs::metadata(file)?.permissions().mode() & 0o077)
    }
}

/// Where there are no modes, a user's profile folder is what keeps others out.
#[cfg(not(unix))]
mod owner_only {
    use super::{OpenOptions, Path, fs, io};

    pub(super) fn folder() -> fs::DirBuilder {
        fs::DirBuilder::new()
    }

    pub(super) fn file() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true);
        options
    }

    pub(super) fn mode_for_others(file: &Path) -> io::Result<u32> {
        fs::metadata(file).map(|_| 0)
    }
}

/// Why the data folder cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataFolderError {
    /// A folder or a file cannot be created.
    #[error("cannot create {}: {source}", folder.display())]
    Create {
        /// What was to be created.
        folder: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// The master key's file cannot be read.
    #[error("cannot read the master key {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why it was not read.
        source: io::Error,
    },
    /// There are sealed keys, and the master key that they were sealed under is gone.
    #[error("the master key {} is missing, and the stored keys do not open without it; restore it", file.display())]
    MasterKeyLost {
        /// Where it was.
        file: PathBuf,
    },
    /// What should be a master key is something else.
    #[error("{} does not hold a master key, which is 64 hexadecimal digits", file.as_deref().map_or("the master key's variable".into(), Path::to_string_lossy))]
    NoMasterKey {
        /// The file; `None` when the key was given directly.
        file: Option<PathBuf>,
    },
    /// Others than the owner may read or write the master key.
    #[error("others can read the master key {0}; run `chmod 600 {0}`", file.display())]
    ReadableByOthers {
        /// The file.
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(folder: &Path) -> String {
        master_key(folder, &MasterKeySource::DataFolder, MissingMasterKey::Generate)
            .unwrap()
            .to_hex()
            .to_string()
    }

    #[test]
    fn a_generated_master_key_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(hex_of(folder.path()), hex_of(folder.path()));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [MASTER_KEY_FILE], "the draft stays behind");
    }

    #[test]
    fn processes_that_start_at_once_agree_on_the_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(8);
        let keys: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let starts = (0..8).map(|_| {
                scope.spawn(|| {
                    start.wait();
                    hex_of(folder.path())
                })
            });
            starts.collect::<Vec<_>>().into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/data");
        create(&folder).unwrap();
        create(&folder).unwrap();
        hex_of(&folder);
        assert_eq!((mode(&folder), mode(&folder.join(MASTER_KEY_FILE))), (0o700, 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn a_master_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        hex_of(folder.path());
        let file = folder.path().join(MASTER_KEY_FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let error =
            master_key(folder.path(), &MasterKeySource::DataFolder, MissingMasterKey::Fail).unwrap_err();
        assert!(matches!(error, DataFolderError::ReadableByOthers { .. }), "{error}");
    }

    #[test]
    fn a_lost_master_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            master_key(folder.path(), &MasterKeySource::DataFolder, MissingMasterKey::Fail).unwrap_err();
        assert!(matches!(error, DataFolderError::MasterKeyLost { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_holds_no_master_key_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("given.key");
        fs::write(&file, "short\n").unwrap();
        let error =
            master_key(folder.path(), &MasterKeySource::File(file.clone()), MissingMasterKey::Generate)
                .unwrap_err();
        assert!(matches!(error, DataFolderError::NoMasterKey { .. }), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "short\n");
    }

    #[test]
    fn a_named_master_key_file_is_never_created() {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterKeySource::File(folder.path().join("absent.key"));
        let outcome = master_key(folder.path(), &source, MissingMasterKey::Generate);
        assert!(matches!(outcome, Err(DataFolderError::Read { .. })), "{outcome:?}");
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(create(&file), Err(DataFolderError::Create { .. })));
        assert!(matches!(create(&file.join("below")), Err(DataFolderError::Create { .. })));
    }
}
