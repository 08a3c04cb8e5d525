//! Uploads in parts: begun, fed in any order, and completed or aborted once.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::Refusal;
use super::assemble::{PARTS_MAX, Wanted, assemble, complete_again};
use super::blob::{Blob, Received};
use super::bucket::{Bucket, Page, Stored, UPLOADS};
use super::conditions::Conditions;
use super::lock::Lock;
use super::record::{self, Completed, Description, Object, Progress};
use super::sums::Md5;

/// The record of an upload, in its folder.
pub(super) const UPLOAD: &str = "upload.json";

/// An upload with its parts; one that is completed has none.
pub(super) struct Upload {
    /// What its record says.
    pub record: record::Upload,
    /// What came so far, by number.
    pub parts: BTreeMap<i32, Part>,
}

/// A part and the file of its bytes.
pub(super) struct Part {
    /// What its record says.
    pub record: record::Part,
    /// The file of its extent.
    pub blob: Arc<Blob>,
}

impl Upload {
    /// Whether it takes parts.
    pub(super) fn is_open(&self) -> bool {
        self.record.progress == Progress::Open
    }
}

impl Bucket {
    /// Begins an upload and gives its id.
    pub(super) fn begin(&self, key: &str, description: Description) -> Result<String, Refusal> {
        let id = self.name();
        let record = record::Upload {
            id: id.clone(),
            key: key.to_owned(),
            description,
            initiated: self.now(),
            progress: Progress::Open,
        };
        let _committing = self.committing();
        fs::create_dir(self.upload_folder(&id))?;
        self.durability.sync_folder(&self.folder.join(UPLOADS))?;
        self.durability.write(&self.upload_folder(&id).join(UPLOAD), &record)?;
        self.index_mut().uploads.insert(id.clone(), Upload { record, parts: BTreeMap::new() });
        Ok(id)
    }

    /// Whether an upload with that id takes parts for that key.
    pub(super) fn check_open(&self, key: &str, id: &str) -> Result<(), Refusal> {
        match self.index().uploads.get(id) {
            Some(upload) if upload.record.key == key && upload.is_open() => Ok(()),
            _ => Err(Refusal::NoSuchUpload),
        }
    }

    /// Adds a part, in place of one with the same number.
    pub(super) fn put_part(
        &self,
        key: &str,
        id: &str,
        number: i32,
        received: Received,
    ) -> Result<Md5, Refusal> {
        check_number(number)?;
        let record = record::Part {
            number,
            md5: received.md5,
            crc64nvme: received.crc64nvme,
            modified: self.now(),
            extent: received.extent(),
        };
        let _committing = self.committing();
        self.check_open(key, id)?;
        received.blob.keep();
        self.durability.write(&self.part_path(id, number), &record)?;
        if let Some(upload) = self.index_mut().uploads.get_mut(id)
            && let Some(replaced) = upload.parts.insert(number, Part { record, blob: received.blob })
        {
            replaced.blob.condemn();
        }
        Ok(received.md5)
    }

    /// Makes an object of an upload's parts. Asked again, gives the same answer.
    pub(super) fn complete(
        &self,
        key: &str,
        id: &str,
        wanted: &Wanted,
        conditions: &Conditions,
    ) -> Result<Completed, Refusal> {
        let committing = self.committing();
        let (completed, stored) = {
            let index = self.index();
            let upload = index.uploads.get(id).filter(|upload| upload.record.key == key);
            let upload = upload.ok_or(Refusal::NoSuchUpload)?;
            if let Progress::Completed(completed) = &upload.record.progress {
                return complete_again(wanted, completed);
            }
            let part = |number| upload.parts.get(&number).map(|part| &part.record);
            let (completed, extents) = assemble(wanted, part, self.now())?;
            let wanted_parts = wanted.parts.iter().filter_map(|(number, _)| upload.parts.get(number));
            let blobs = wanted_parts.map(|part| Arc::clone(&part.blob)).collect();
            let object = Object {
                key: key.to_owned(),
                etag: completed.etag.clone(),
                crc64nvme: completed.crc64nvme,
                bytes: completed.bytes,
                modified: completed.at,
                description: upload.record.description.clone(),
                extents,
                lock: Lock::default(),
                upload: Some(id.to_owned()),
            };
            (completed, Stored { object, blobs })
        };
        self.replace(&committing, stored, conditions)?;
        self.settle(id, completed.clone());
        Ok(completed)
    }

    /// Ends an upload whose object is there. What fails here on disk, the next opening does again:
    /// the object's record tells it.
    pub(super) fn settle(&self, id: &str, completed: Completed) {
        let (record, parts, used) = {
            let mut index = self.index_mut();
            let Some(upload) = index.uploads.get_mut(id) else { return };
            upload.record.progress = Progress::Completed(completed);
            let (record, parts) = (upload.record.clone(), std::mem::take(&mut upload.parts));
            let object = index.objects.get(&record.key);
            let extents = object.into_iter().flat_map(|stored| &stored.object.extents);
            let used: HashSet<String> = extents.map(|extent| extent.name.clone()).collect();
            (record, parts, used)
        };
        if let Err(error) = self.durability.write(&self.upload_folder(id).join(UPLOAD), &record) {
            tracing::warn!(%error, upload = id, "a completed upload is not marked as such on disk");
            return;
        }
        for (number, part) in parts {
            let _ = fs::remove_file(self.part_path(id, number));
            if !used.contains(part.blob.name()) {
                part.blob.condemn();
            }
        }
    }

    /// Forgets an upload and its parts.
    pub(super) fn abort(&self, key: &str, id: &str) -> Result<(), Refusal> {
        let _committing = self.committing();
        self.check_open(key, id)?;
        self.durability.remove(&self.upload_folder(id).join(UPLOAD))?;
        if let Some(upload) = self.index_mut().uploads.remove(id) {
            upload.parts.values().for_each(|part| part.blob.condemn());
        }
        // A folder that stays has no upload.json and is swept when the store is next opened.
        let _ = fs::remove_dir_all(self.upload_folder(id));
        Ok(())
    }

    /// The parts of an open upload with a number above `after`, in order.
    pub(super) fn parts(
        &self,
        key: &str,
        id: &str,
        after: i32,
        max: usize,
    ) -> Result<Page<record::Part>, Refusal> {
        self.check_open(key, id)?;
        let index = self.index();
        let upload = index.uploads.get(id).ok_or(Refusal::NoSuchUpload)?;
        let following = upload.parts.values().filter(|part| part.record.number > after);
        Ok(Page::of(following.map(|part| part.record.clone()), max))
    }

    /// Open uploads whose keys begin with `prefix`, by key and id, behind those up to `after`:
    /// a key, and an id unless all uploads of that key were seen.
    pub(super) fn open_uploads(
        &self,
        prefix: &str,
        after: Option<(&str, Option<&str>)>,
        max: usize,
    ) -> Page<record::Upload> {
        let index = self.index();
        let mut open: Vec<&record::Upload> =
            index.uploads.values().filter(|upload| upload.is_open()).map(|upload| &upload.record).collect();
        open.sort_unstable_by_key(|upload| (&upload.key, &upload.id));
        let following = open.into_iter().filter(|upload| match after {
            None => true,
            Some((key, None)) => upload.key.as_str() > key,
            Some((key, Some(id))) => (upload.key.as_str(), upload.id.as_str()) > (key, id),
        });
        Page::of(following.filter(|upload| upload.key.starts_with(prefix)).cloned(), max)
    }

    fn upload_folder(&self, id: &str) -> PathBuf {
        self.folder.join(UPLOADS).join(id)
    }

    fn part_path(&self, id: &str, number: i32) -> PathBuf {
        self.upload_folder(id).join(format!("{number}.json"))
    }
}

/// Whether a part may have that number.
pub(super) fn check_number(number: i32) -> Result<(), Refusal> {
    if (1..=PARTS_MAX).contains(&number) { Ok(()) } else { Err(Refusal::NumberOutOfRange) }
}
