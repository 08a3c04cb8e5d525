//! Opening a bucket: what its records say, and an end to what a crash left half done.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::Durability;
use super::blob::Blob;
use super::bucket::{Bucket, DATA, Index, OBJECTS, Stored, UPLOADS};
use super::disk::{UNFINISHED, read};
use super::record::{self, Completed, Extent, Progress};
use super::uploads::{Part, UPLOAD, Upload};

/// How long a completed upload is remembered at least, to be completed again with the same answer.
/// Its record, some 300 bytes, goes at the first opening after that.
const COMPLETED_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The record of how often a bucket was opened.
const OPENINGS: &str = "openings.json";

impl Bucket {
    /// Opens the bucket in a folder; a folder that is not there is an empty bucket.
    pub(super) fn open(folder: PathBuf, durability: Durability, now: fn() -> SystemTime) -> io::Result<Self> {
        for part in [DATA, OBJECTS, UPLOADS] {
            fs::create_dir_all(folder.join(part))?;
        }
        let opening = count_opening(&folder.join(OPENINGS), durability)?;
        let data = Data::list(&folder.join(DATA))?;
        let objects = objects(&folder.join(OBJECTS), &data)?;
        let uploads = uploads(&folder.join(UPLOADS), &data)?;
        let index = Index { objects, uploads };
        data.sweep(&index)?;
        let bucket = Self::new(folder, durability, now, opening << 32, index);
        bucket.end_completed();
        bucket.forget_completed()?;
        Ok(bucket)
    }

    /// Ends the uploads whose object got its key just before a crash.
    fn end_completed(&self) {
        let ended: Vec<(String, Completed)> = {
            let index = self.index();
            let objects = index.objects.values().map(|stored| &stored.object);
            let from_uploads = objects.filter_map(|object| Some((object.upload.as_ref()?, object)));
            let open = from_uploads.filter(|(id, _)| index.uploads.get(*id).is_some_and(Upload::is_open));
            open.map(|(id, object)| (id.clone(), Completed::from(object))).collect()
        };
        for (id, completed) in ended {
            self.settle(&id, completed);
        }
    }

    fn forget_completed(&self) -> io::Result<()> {
        let since = self.now().saturating_sub(COMPLETED_KEPT).unwrap_or(Timestamp::MIN);
        let old = |upload: &Upload| match &upload.record.progress {
            Progress::Open => false,
            Progress::Completed(completed) => completed.at < since,
        };
        let forgotten = self.index_mut().uploads.extract_if(.., |_, upload| old(upload)).collect::<Vec<_>>();
        forgotten.iter().try_for_each(|(id, _)| fs::remove_dir_all(self.folder.join(UPLOADS).join(id)))
    }
}

/// Counts how often a bucket was opened. The count begins every name that is given until the next
/// opening, so that no name comes back: a late part of an aborted upload finds no other upload.
fn count_opening(path: &Path, durability: Durability) -> io::Result<u64> {
    let openings: u64 = if path.exists() { read(path)? } else { 0 };
    durability.write(path, &(openings + 1))?;
    Ok(openings + 1)
}

/// The files of bytes that are there.
struct Data {
    folder: PathBuf,
    sizes: HashMap<String, u64>,
}

impl Data {
    fn list(folder: &Path) -> io::Result<Self> {
        let mut sizes = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            sizes.insert(entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len());
        }
        Ok(Self { folder: folder.to_owned(), sizes })
    }

    /// The file of an extent, if it is there whole.
    fn blob(&self, extent: &Extent) -> Option<Arc<Blob>> {
        let whole = self.sizes.get(&extent.name) == Some(&extent.bytes);
        whole.then(|| Arc::new(Blob::kept(self.folder.clone(), extent.name.clone())))
    }

    /// Removes the files that no record names.
    fn sweep(self, index: &Index) -> io::Result<()> {
        let of_objects = index.objects.values().flat_map(|stored| &stored.blobs);
        let of_parts = index.uploads.values().flat_map(|upload| upload.parts.values()).map(|part| &part.blob);
        let named: HashSet<&str> = of_objects.chain(of_parts).map(|blob| blob.name()).collect();
        for name in self.sizes.keys().filter(|name| !named.contains(name.as_str())) {
            fs::remove_file(self.folder.join(name))?;
        }
        Ok(())
    }
}

fn objects(folder: &Path, data: &Data) -> io::Result<BTreeMap<String, Arc<Stored>>> {
    let mut objects = BTreeMap::new();
    for path in records(folder)? {
        let object: record::Object = read(&path)?;
        let blobs: Option<Vec<_>> = object.extents.iter().map(|extent| data.blob(extent)).collect();
        let lost = || io::Error::new(io::ErrorKind::InvalidData, format!("bytes of {} are gone", object.key));
        let blobs = blobs.ok_or_else(lost)?;
        objects.insert(object.key.clone(), Arc::new(Stored { object, blobs }));
    }
    Ok(objects)
}

fn uploads(folder: &Path, data: &Data) -> io::Result<BTreeMap<String, Upload>> {
    let mut uploads = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let folder = entry?.path();
        let records = records(&folder)?;
        if records.iter().any(|path| path.file_name() == Some(OsStr::new(UPLOAD))) {
            let upload = upload(&folder, records, data)?;
            uploads.insert(upload.record.id.clone(), upload);
        } else {
            // Killed while it was begun or aborted.
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(uploads)
}

fn upload(folder: &Path, records: Vec<PathBuf>, data: &Data) -> io::Result<Upload> {
    let record: record::Upload = read(&folder.join(UPLOAD))?;
    let mut parts = BTreeMap::new();
    for path in records.iter().filter(|path| path.file_name() != Some(OsStr::new(UPLOAD))) {
        let part: record::Part = read(path)?;
        match data.blob(&part.extent) {
            Some(blob) if record.progress == Progress::Open => {
                parts.insert(part.number, Part { record: part, blob });
            }
            // Killed while a completed upload was tidied away.
            _ => fs::remove_file(path)?,
        }
    }
    Ok(Upload { record, parts })
}

/// The finished records of a folder; unfinished ones are removed.
fn records(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(UNFINISHED)) {
            fs::remove_file(&path)?;
        } else {
            records.push(path);
        }
    }
    Ok(records)
}

impl From<&record::Object> for Completed {
    fn from(object: &record::Object) -> Self {
        let etag = object.etag.clone();
        Self { etag, crc64nvme: object.crc64nvme, bytes: object.bytes, at: object.modified }
    }
}
