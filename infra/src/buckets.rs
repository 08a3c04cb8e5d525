//! The S3-compatible store of one machine: exactly the calls the project makes, durable, on plain files.
//!
//! The `s3s` crate speaks the protocol and checks signatures; this module keeps the bytes. On disk:
//!
//! ```text
//! <root>/.lock                          held while open: one process a folder
//! <root>/<bucket>/data/<name>           bytes, written once and never changed
//! <root>/<bucket>/objects/<hash>.json   an object: its key, sums and the files of its bytes, in order
//! <root>/<bucket>/uploads/<id>/         upload.json, and <number>.json for each part
//! <root>/<bucket>/openings.json         how often it was opened, which makes names unique
//! ```
//!
//! Every change is one atomic rename (or removal) of one small record, after the bytes it speaks of
//! are on the disk. Completing an upload writes one record that lists the parts' files; no byte is
//! copied. Killed at any instant, the store opens as it was before or after each change, and files
//! that no record names are swept then.
//!
//! The records of a bucket are also held in memory, so lists and heads do not touch the disk; the
//! bytes never are: they stream both ways.

mod assemble;
mod blob;
mod bucket;
mod conditions;
mod disk;
mod lock;
mod protocol;
mod record;
mod recover;
mod refusal;
mod server;
mod sums;
mod uploads;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use bucket::Bucket;
pub use disk::Durability;
pub use refusal::Refusal;
pub use server::{Credentials, serve};

/// All the buckets of one folder; clones are handles to the same store.
#[derive(Clone)]
pub struct Buckets(Arc<Opened>);

struct Opened {
    root: PathBuf,
    durability: Durability,
    now: fn() -> SystemTime,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// Locked as long as the store is open; the system frees it with the process.
    _lock: File,
}

impl Buckets {
    /// Opens the store in a folder, which is made if it is not there, and sweeps what a crash left.
    ///
    /// `now` is the machine's clock. A folder that another process has open is refused with
    /// [`io::ErrorKind::WouldBlock`]; a record that cannot be read, or whose bytes are gone, with
    /// [`io::ErrorKind::InvalidData`].
    pub fn open(root: &Path, durability: Durability, now: fn() -> SystemTime) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let lock = File::create(root.join(".lock"))?;
        lock.try_lock()?;
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                buckets.insert(name, Arc::new(Bucket::open(entry.path(), durability, now)?));
            }
        }
        let root = root.to_owned();
        Ok(Self(Arc::new(Opened { root, durability, now, buckets: RwLock::new(buckets), _lock: lock })))
    }

    /// Makes an empty bucket. The name is one that S3 allows, which `s3s` has checked.
    fn create(&self, name: &str) -> Result<(), Refusal> {
        let mut buckets = self.0.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(name) {
            return Err(Refusal::BucketExists);
        }
        let bucket = Bucket::open(self.0.root.join(name), self.0.durability, self.0.now)?;
        self.0.durability.sync_folder(&self.0.root)?;
        buckets.insert(name.to_owned(), Arc::new(bucket));
        Ok(())
    }

    fn bucket(&self, name: &str) -> Result<Arc<Bucket>, Refusal> {
        let buckets = self.0.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or(Refusal::NoSuchBucket)
    }
}
