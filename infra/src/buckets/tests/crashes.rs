//! What a crash leaves is made by hand: records put back as they were a moment before.

use std::fs;
use std::path::PathBuf;

use hyper::HeaderMap;

use super::*;
use crate::buckets::assemble::Wanted;
use crate::buckets::blob::{Received, receive};
use crate::buckets::bucket::Bucket;
use crate::buckets::conditions::Conditions;
use crate::buckets::record::Description;
use crate::buckets::sums::{Declared, Summing};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        open(folder.path()).create(BUCKET).expect("a bucket");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(BUCKET)
    }

    fn bucket(&self) -> Bucket {
        Bucket::open(self.path(), Durability::Synced, new_year).expect("a bucket that opens")
    }

    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.0.path().join("copy").join(name);
        copy_all(&self.path().join(name), &copy);
        copy
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if path.is_dir() {
            copy_all(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

async fn received(bucket: &Bucket, bytes: Vec<u8>) -> Received {
    let summing = Summing::new(Declared::new(HeaderMap::new(), None));
    let body = s3s::Body::from(bytes).into();
    receive(bucket.draft(), Some(body), None, summing, Durability::Synced).await.expect("received")
}

/// An upload of `film` with one part, and what completing it takes.
async fn uploaded(bucket: &Bucket) -> (String, Wanted) {
    let id = bucket.begin("film", Description::default()).expect("begin");
    let part = received(bucket, bytes(1, 1000)).await;
    let md5 = bucket.put_part("film", &id, 1, part).expect("a part");
    (id, Wanted { parts: vec![(1, md5.to_string())], ..Wanted::default() })
}

fn complete(bucket: &Bucket, id: &str, wanted: &Wanted) -> String {
    bucket.complete("film", id, wanted, &Conditions::default()).expect("complete").etag
}

fn content(bucket: &Bucket, folder: &Folder) -> Vec<u8> {
    let stored = bucket.object("film").expect("an object");
    let file = |name: &str| fs::read(folder.path().join("data").join(name)).expect("its bytes");
    stored.object.extents.iter().flat_map(|extent| file(&extent.name)).collect()
}

#[tokio::test]
async fn killed_before_its_object_is_named_an_upload_can_be_completed() {
    let folder = Folder::new();
    let (id, wanted) = uploaded(&folder.bucket()).await;
    // The record was being written.
    fs::write(folder.path().join("objects/half.json.tmp"), "{\"key\":").expect("a file");
    let bucket = folder.bucket();
    assert!(bucket.object("film").is_err());
    complete(&bucket, &id, &wanted);
    assert_eq!(content(&folder.bucket(), &folder), bytes(1, 1000));
    assert!(!folder.path().join("objects/half.json.tmp").exists());
}

#[tokio::test]
async fn killed_after_its_object_is_named_an_upload_is_over() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let (id, wanted) = uploaded(&bucket).await;
    let before = folder.copy("uploads");
    let etag = complete(&bucket, &id, &wanted);
    drop(bucket);
    fs::remove_dir_all(folder.path().join("uploads")).expect("removed");
    copy_all(&before, &folder.path().join("uploads"));

    let bucket = folder.bucket();
    assert!(bucket.open_uploads("", None, 10).items.is_empty());
    assert!(bucket.abort("film", &id).is_err(), "its bytes are the object's");
    assert_eq!(complete(&bucket, &id, &wanted), etag);
    assert_eq!(content(&folder.bucket(), &folder), bytes(1, 1000));
}

#[tokio::test]
async fn killed_while_tidying_a_completed_upload_is_tidied_at_the_next_opening() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let (id, wanted) = uploaded(&bucket).await;
    let part = format!("uploads/{id}/1.json");
    let record = fs::read(folder.path().join(&part)).expect("a record");
    let etag = complete(&bucket, &id, &wanted);
    fs::write(folder.path().join(&part), record).expect("put back");
    let bucket = folder.bucket();
    assert!(!folder.path().join(&part).exists());
    assert_eq!(complete(&bucket, &id, &wanted), etag);
    assert_eq!(content(&bucket, &folder), bytes(1, 1000));
}

#[tokio::test]
async fn what_no_record_names_is_swept() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let (id, _) = uploaded(&bucket).await;
    drop(bucket);
    // Killed while bytes came in; while an upload was begun; while this one was aborted.
    fs::write(folder.path().join("data/00000000000000ff"), "half").expect("a file");
    fs::create_dir(folder.path().join("uploads/begun")).expect("a folder");
    fs::remove_file(folder.path().join(format!("uploads/{id}/upload.json"))).expect("removed");
    let bucket = folder.bucket();
    assert_eq!(files(&folder.path().join("data")), 0);
    assert_eq!(files(&folder.path().join("uploads")), 0);
    assert!(bucket.check_open("film", &id).is_err());
}

#[tokio::test]
async fn a_name_never_comes_back() {
    let folder = Folder::new();
    let aborted = folder.bucket().begin("film", Description::default()).expect("begin");
    folder.bucket().abort("film", &aborted).expect("abort");
    assert_ne!(folder.bucket().begin("film", Description::default()).expect("begin"), aborted);
}

#[tokio::test]
async fn bytes_that_are_received_and_not_named_go_with_their_last_handle() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let dropped = received(&bucket, bytes(1, 10)).await;
    assert_eq!(files(&folder.path().join("data")), 1);
    drop(dropped);
    assert_eq!(files(&folder.path().join("data")), 0);
}

#[tokio::test]
async fn an_object_whose_bytes_are_gone_is_not_hidden() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let (id, wanted) = uploaded(&bucket).await;
    complete(&bucket, &id, &wanted);
    let name = bucket.object("film").expect("an object").object.extents[0].name.clone();
    fs::write(folder.path().join("data").join(name), "short").expect("a file");
    let opened = Bucket::open(folder.path(), Durability::Synced, new_year);
    assert_eq!(opened.err().map(|error| error.kind()), Some(ErrorKind::InvalidData));
}

#[tokio::test]
async fn a_completed_upload_is_forgotten_after_a_week() {
    let folder = Folder::new();
    let bucket = folder.bucket();
    let (id, wanted) = uploaded(&bucket).await;
    complete(&bucket, &id, &wanted);
    let reopen = |now| Bucket::open(folder.path(), Durability::Synced, now).expect("a bucket");
    let remembers = |bucket: &Bucket| bucket.complete("film", &id, &wanted, &Conditions::default()).is_ok();
    assert!(remembers(&reopen(|| new_year() + Duration::from_secs(7 * 86_400))));
    assert!(!remembers(&reopen(|| new_year() + Duration::from_secs(7 * 86_400 + 1))));
    assert_eq!(content(&folder.bucket(), &folder), bytes(1, 1000));
}

#[test]
fn a_folder_is_open_once() {
    let folder = Folder::new();
    let _first = open(folder.0.path());
    let second = Buckets::open(folder.0.path(), Durability::Synced, new_year);
    assert_eq!(second.err().map(|error| error.kind()), Some(ErrorKind::WouldBlock));
}
