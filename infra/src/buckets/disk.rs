//! Changes that are on the disk, not on their way to it, when they return.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What an unfinished record is called until its rename.
pub(super) const UNFINISHED: &str = "tmp";

/// Whether an answer waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What was answered survives a power cut.
    Synced,
    /// What was answered survives the process, not the machine: for stores that are thrown away.
    Unsynced,
}

impl Durability {
    /// Waits until a file's bytes are on the disk.
    pub(super) fn sync_file(self, file: &File) -> io::Result<()> {
        match self {
            Self::Synced => file.sync_all(),
            Self::Unsynced => Ok(()),
        }
    }

    /// Waits until a folder's names are on the disk.
    pub(super) fn sync_folder(self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Synced => File::open(folder)?.sync_all(),
            Self::Unsynced => Ok(()),
        }
    }

    /// Writes a record whole or not at all: readers find the old one or the new one.
    pub(super) fn write(self, path: &Path, record: &impl Serialize) -> io::Result<()> {
        let unfinished = path.with_added_extension(UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        self.sync_file(&file)?;
        fs::rename(&unfinished, path)?;
        self.sync_parent(path)
    }

    /// Removes a record.
    pub(super) fn remove(self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        self.sync_parent(path)
    }

    fn sync_parent(self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), |folder| self.sync_folder(folder))
    }
}

/// Reads a record back.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
}
