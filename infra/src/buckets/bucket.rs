//! One bucket: its records in memory, and the changes of its objects on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::blob::{Blob, Received};
use super::conditions::Conditions;
use super::lock::{Lock, Passing};
use super::record::{Description, Object};
use super::uploads::Upload;
use super::{Durability, Refusal};

/// One bucket. Its methods that change something wait for the disk.
pub(super) struct Bucket {
    pub(super) folder: PathBuf,
    pub(super) durability: Durability,
    now: fn() -> SystemTime,
    /// The number that names the next file or upload.
    next: AtomicU64,
    /// Held while a record changes on disk and then in the index, so that both see one order.
    commit: Mutex<()>,
    index: RwLock<Index>,
}

/// Everything a bucket's records say.
#[derive(Default)]
pub(super) struct Index {
    /// By key.
    pub objects: BTreeMap<String, Arc<Stored>>,
    /// By id; those completed not long ago too.
    pub uploads: BTreeMap<String, Upload>,
}

/// An object with handles to the files of its bytes, in order.
pub(super) struct Stored {
    /// What its record says.
    pub object: Object,
    /// The files of its extents.
    pub blobs: Vec<Arc<Blob>>,
}

impl Stored {
    /// The files with their sizes.
    pub(super) fn files(&self) -> Vec<(Arc<Blob>, u64)> {
        self.blobs.iter().cloned().zip(self.object.extents.iter().map(|extent| extent.bytes)).collect()
    }
}

/// One page of a list, and whether more follows.
pub(super) struct Page<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// Whether there is another page.
    pub more: bool,
}

impl<T> Page<T> {
    /// The first `max` of what follows.
    pub(super) fn of(following: impl Iterator<Item = T>, max: usize) -> Self {
        let mut items: Vec<T> = following.take(max + 1).collect();
        let more = items.len() > max && max > 0;
        items.truncate(max);
        Self { items, more }
    }
}

impl Bucket {
    /// A bucket as its records describe it; `next` and the numbers above it have named nothing yet.
    pub(super) fn new(
        folder: PathBuf,
        durability: Durability,
        now: fn() -> SystemTime,
        next: u64,
        index: Index,
    ) -> Self {
        let (next, commit, index) = (AtomicU64::new(next), Mutex::new(()), RwLock::new(index));
        Self { folder, durability, now, next, commit, index }
    }

    /// The machine's time.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::try_from((self.now)()).unwrap_or(Timestamp::MAX)
    }

    /// A name that nothing has, had or will have in this bucket.
    pub(super) fn name(&self) -> String {
        format!("{:016x}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A new file for bytes to come.
    pub(super) fn draft(&self) -> Blob {
        Blob::draft(self.folder.join(DATA), self.name())
    }

    pub(super) fn committing(&self) -> MutexGuard<'_, ()> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object with that key.
    pub(super) fn object(&self, key: &str) -> Result<Arc<Stored>, Refusal> {
        self.index().objects.get(key).cloned().ok_or(Refusal::NoSuchKey)
    }

    /// Objects whose keys begin with `prefix` and follow `after`, in the order of their keys' bytes.
    pub(super) fn objects(&self, prefix: &str, after: Option<&str>, max: usize) -> Page<Arc<Stored>> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let index = self.index();
        let following = index.objects.range::<str, _>((from, Bound::Unbounded));
        let matching = following.take_while(|(key, _)| key.starts_with(prefix));
        Page::of(matching.map(|(_, stored)| Arc::clone(stored)), max)
    }

    /// Gives a key to bytes that were received, in place of what was there.
    pub(super) fn put(
        &self,
        key: &str,
        description: Description,
        received: Received,
        conditions: &Conditions,
    ) -> Result<(), Refusal> {
        let object = Object {
            key: key.to_owned(),
            etag: received.md5.to_string(),
            crc64nvme: received.crc64nvme,
            bytes: received.bytes,
            modified: self.now(),
            description,
            extents: vec![received.extent()],
            lock: Lock::default(),
            upload: None,
        };
        let committing = self.committing();
        self.replace(&committing, Stored { object, blobs: vec![received.blob] }, conditions)
    }

    /// Makes an object the one that its key names: the rename of its record is the change.
    pub(super) fn replace(
        &self,
        _committing: &MutexGuard<'_, ()>,
        stored: Stored,
        conditions: &Conditions,
    ) -> Result<(), Refusal> {
        let key = stored.object.key.clone();
        let there = self.index().objects.get(&key).cloned();
        conditions.check_write(there.as_deref().map(|there| &there.object))?;
        there.iter().try_for_each(|there| there.object.lock.check(Passing::Not, self.now()))?;
        // Kept before the record names them: if the write fails half-way, the next opening decides.
        stored.blobs.iter().for_each(|blob| blob.keep());
        self.durability.write(&object_path(&self.folder, &key), &stored.object)?;
        self.index_mut().objects.insert(key, Arc::new(stored));
        if let Some(replaced) = there {
            replaced.blobs.iter().for_each(|blob| blob.condemn());
        }
        Ok(())
    }

    /// Removes the object with that key, if there is one and nothing holds it.
    pub(super) fn delete(&self, key: &str, passing: Passing) -> Result<(), Refusal> {
        let _committing = self.committing();
        let Ok(there) = self.object(key) else { return Ok(()) };
        there.object.lock.check(passing, self.now())?;
        self.durability.remove(&object_path(&self.folder, key))?;
        if let Some(removed) = self.index_mut().objects.remove(key) {
            removed.blobs.iter().for_each(|blob| blob.condemn());
        }
        Ok(())
    }
}

/// The folder of bytes in a bucket's folder.
pub(super) const DATA: &str = "data";
/// The folder of objects' records.
pub(super) const OBJECTS: &str = "objects";
/// The folder of uploads.
pub(super) const UPLOADS: &str = "uploads";

/// Where the record of a key is: keys may be long and hold any character, file names may not.
pub(super) fn object_path(folder: &Path, key: &str) -> PathBuf {
    folder.join(OBJECTS).join(format!("{:x}.json", Sha256::digest(key)))
}
