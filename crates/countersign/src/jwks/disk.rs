//! The last known good key set on disk, for a start while the issuer is down.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::jwt::{NumericDate, base64url, json};

const VERSION: u32 = 1;
/// How far ahead of ours the clock may have been by which a copy was written.
const LEEWAY: Duration = Duration::from_secs(60);
/// What a copy holds besides the key set.
const FRAME: usize = 4096;

/// The place of a copy, and whose keys belong there.
#[derive(Clone, Debug)]
pub(super) struct DiskCopy {
    path: PathBuf,
    location: String,
    limit: usize,
}

/// A key set as its issuer published it, and when that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) key_set: String,
    pub(super) at: NumericDate,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    location: String,
    confirmed_at: i64,
    key_set: String,
    sha256: String,
}

/// Why a copy is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is not a file of ours that nobody else can read or write")]
    NotOurs,
    #[error("it is larger than a copy can be")]
    TooLarge,
    #[error("it is not a copy of a key set")]
    NotACopy,
    #[error("it is not as it was written")]
    Changed,
    #[error("it is of another key set")]
    OtherLocation,
    #[error("it is from the future")]
    FromTheFuture,
    #[error("its keys are stale")]
    Stale,
}

impl DiskCopy {
    pub(super) fn new(path: PathBuf, location: String, limit: usize) -> Self {
        Self { path, location, limit }
    }

    /// The copy, if there is one that can be believed and is not stale; `None` if there is no file.
    pub(super) fn read(
        &self,
        now: NumericDate,
        stale_after: Duration,
    ) -> Result<Option<Confirmed>, CopyError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if !owner_only::is_ours(&file.metadata()?) {
            return Err(CopyError::NotOurs);
        }
        // Quotation marks are written with a backslash each: a set may take twice its length.
        let most = self.limit.saturating_mul(2).saturating_add(FRAME);
        let mut text = Vec::new();
        file.take(most as u64 + 1).read_to_end(&mut text)?;
        if text.len() > most {
            return Err(CopyError::TooLarge);
        }
        let confirmed = self.check(&text)?;
        if confirmed.at > now + LEEWAY {
            return Err(CopyError::FromTheFuture);
        }
        if now >= confirmed.at + stale_after {
            return Err(CopyError::Stale);
        }
        Ok(Some(confirmed))
    }

    fn check(&self, text: &[u8]) -> Result<Confirmed, CopyError> {
        let text = std::str::from_utf8(text).map_err(|_| CopyError::NotACopy)?;
        let content: Content = json::from_str(text).map_err(|_| CopyError::NotACopy)?;
        if content.version != VERSION {
            return Err(CopyError::NotACopy);
        }
        if content.sha256 != content.digest() {
            return Err(CopyError::Changed);
        }
        if content.location != self.location {
            return Err(CopyError::OtherLocation);
        }
        Ok(Confirmed { key_set: content.key_set, at: NumericDate::from_secs(content.confirmed_at) })
    }

    /// Replaces the copy: at any moment the file is the old one or the new one, whole.
    pub(super) fn write(&self, confirmed: Confirmed) -> io::Result<()> {
        let mut content = Content {
            version: VERSION,
            location: self.location.clone(),
            confirmed_at: confirmed.at.as_secs(),
            key_set: confirmed.key_set,
            sha256: String::new(),
        };
        content.sha256 = content.digest();
        let mut suffix = [0; 8];
        aws_lc_rs::rand::fill(&mut suffix).map_err(|_| io::Error::other("there is no randomness"))?;
        let draft = self.path.with_extension(format!("{:016x}", u64::from_be_bytes(suffix)));

        let written = owner_only::create(&draft).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(&content)?)?;
            file.sync_all()
        });
        let outcome = written.and_then(|()| fs::rename(&draft, &self.path));
        if outcome.is_err() {
            // What matters is why it failed; a draft that was never created cannot be removed either.
            let _ = fs::remove_file(&draft);
        }
        outcome
    }
}

impl Content {
    /// Over everything that is believed. It finds what was damaged, not what was forged: that is for the file's mode.
    fn digest(&self) -> String {
        let Self { version, location, confirmed_at, key_set, sha256: _ } = self;
        let text = format!("{version}\n{location}\n{confirmed_at}\n{key_set}");
        base64url::encode(digest(&SHA256, text.as_bytes()))
    }
}

#[cfg(unix)]
mod owner_only {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    use std::path::Path;

    use super::{File, OpenOptions, fs, io};

    pub(super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    /// Whether nobody else can have written the file.
    pub(super) fn is_ours(metadata: &fs::Metadata) -> bool {
        let owner = rustix::process::geteuid().as_raw();
        metadata.is_file() && metadata.mode() & 0o077 == 0 && metadata.uid() == owner
    }
}

/// Where there are no modes, a user's profile folder is what keeps others out.
#[cfg(not(unix))]
mod owner_only {
    use std::path::Path;

    use super::{File, OpenOptions, fs, io};

    pub(super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    pub(super) fn is_ours(metadata: &fs::Metadata) -> bool {
        metadata.is_file()
    }
}
