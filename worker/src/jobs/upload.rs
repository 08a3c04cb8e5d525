//! Uploads: read what arrived, and give up what makes no progress.

use std::convert::Infallible;

use domain::digest::Sha256Hex;
use domain::id::UploadId;
use domain::upload::{POLICY, Upload, UploadState};
use sha2::{Digest, Sha256};
use storage::queue::Claimed;
use storage::{Bucket, Item, StoreError};

use crate::Worker;
use crate::jobs::finish;
use crate::outcome::Unfinished;

/// How much of a file's beginning tells its type: an archive of office documents needs most.
const SNIFFED_BYTES: usize = 8 * 1024;

/// Reads all bytes of an upload once, and confirms or refuses them.
pub async fn verify(worker: &Worker, claimed: &Claimed, id: UploadId) -> Result<(), Unfinished> {
    let Some(item) = arrived(worker, id).await? else { return finish(worker, claimed).await };
    let now = worker.clock.now(&worker.store).await?;
    let read = read(worker.store.bucket(item.value.purpose), &item.value).await?;
    let sniffed = sniff(&read.beginning);
    let item = item
        .try_map(|upload| upload.verify(read.size, read.sha256, sniffed, &POLICY, now))
        .map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let transaction = worker.store.keep_upload(&item, now);
    let transaction = match item.value.state {
        UploadState::Refused { .. } => transaction.sweep(id, now),
        _ => transaction,
    };
    Ok(transaction.finish(claimed).commit().await?)
}

async fn arrived(worker: &Worker, id: UploadId) -> Result<Option<Item<Upload>>, StoreError> {
    let item = worker.store.upload_for_job(id).await?;
    Ok(item.filter(|item| matches!(item.value.state, UploadState::Arrived { .. })))
}

/// What was seen of an object when it was read once.
struct Read {
    size: u64,
    sha256: Sha256Hex,
    beginning: Vec<u8>,
}

async fn read(bucket: &Bucket, upload: &Upload) -> Result<Read, Unfinished> {
    let lost = || Unfinished::GiveUp("the object that arrived is not there".into());
    let mut bytes = bucket.read(&upload.key().to_string()).await?.ok_or_else(lost)?;
    let (mut size, mut hash, mut beginning) = (0_u64, Sha256::new(), Vec::with_capacity(SNIFFED_BYTES));
    // A piece is what one read of the connection gives: its sum takes no longer than its way here.
    while let Some(piece) = bytes.try_next().await.map_err(|error| Unfinished::Retry(error.to_string()))? {
        size += piece.len() as u64;
        hash.update(&piece);
        let missing = SNIFFED_BYTES.saturating_sub(beginning.len()).min(piece.len());
        beginning.extend_from_slice(&piece[..missing]);
    }
    Ok(Read { size, sha256: Sha256Hex::from_bytes(hash.finalize().into()), beginning })
}

/// The media type by the first bytes, in the policy's words. Text tells nothing: notes on a BMW begin
/// like a bitmap.
fn sniff(beginning: &[u8]) -> Option<&'static str> {
    if is_text(beginning) {
        return None;
    }
    let found = infer::get(beginning)?;
    Some(match found.mime_type() {
        "audio/m4a" => "audio/mp4",
        "audio/opus" => "audio/ogg",
        "audio/x-wav" => "audio/wav",
        "video/x-m4v" => "video/mp4",
        other => other,
    })
}

/// Whether bytes are UTF-8 without controls; the last character may be cut off.
fn is_text(bytes: &[u8]) -> bool {
    let (whole, broken) = match std::str::from_utf8(bytes) {
        Ok(_) => (bytes.len(), false),
        Err(error) => (error.valid_up_to(), error.error_len().is_some()),
    };
    !broken && !bytes[..whole].iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
}

/// Gives up an upload whose time is over, and removes what an ended one left behind.
///
/// Where the store has put the parts together but nobody recorded it, the upload arrives after all.
pub async fn abandon(worker: &Worker, claimed: &Claimed, id: UploadId) -> Result<(), Unfinished> {
    let store = &worker.store;
    let Some(item) = store.upload_for_job(id).await? else { return finish(worker, claimed).await };
    let now = worker.clock.now(store).await?;
    let (bucket, key) = (store.bucket(item.value.purpose), item.value.key().to_string());
    let multipart = match &item.value.state {
        UploadState::Open { expires_at, .. } if !item.value.is_expired(now) => {
            let later = store.transaction::<Infallible>().finish_until(claimed, *expires_at);
            return Ok(later.commit().await?);
        }
        UploadState::Open { multipart, .. } => multipart,
        UploadState::Refused { .. } | UploadState::Abandoned { .. } => {
            bucket.remove(&key).await?;
            return finish(worker, claimed).await;
        }
        UploadState::Arrived { .. } | UploadState::Verified { .. } => return finish(worker, claimed).await,
    };
    // Also those that a client began beside the one that counts, and was killed before it took them back.
    let begun = bucket.open_uploads(&key).await?.into_iter().filter(|(of, _)| *of == key);
    for open in begun.map(|(_, open)| open).chain(multipart.clone()) {
        bucket.abort(&key, &open).await?;
    }
    // From here on the store puts nothing together any more.
    let whole = bucket.head(&key).await?;
    let sum = whole.as_ref().and_then(|object| object.crc64nvme.as_deref()?.parse().ok());
    let item = item.try_map(|upload| match whole.as_ref().zip(sum) {
        Some((object, sum)) => upload.arrive(object.size, sum, now),
        None => upload.abandon(now),
    });
    let item = item.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let transaction = store.keep_upload(&item, now);
    let transaction = match item.value.state {
        UploadState::Arrived { .. } => transaction.verify(id, now),
        _ => transaction,
    };
    Ok(transaction.finish(claimed).commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of a file as is sniffed at, filled up with what tells nothing.
    fn beginning(bytes: &[u8]) -> Vec<u8> {
        let mut beginning = bytes.to_vec();
        beginning.resize(512, 0);
        beginning
    }

    #[test]
    fn a_file_tells_its_type_by_its_first_bytes() {
        let check = |bytes: &[u8], found| assert_eq!(sniff(&beginning(bytes)), Some(found), "{bytes:?}");
        check(b"PK\x03\x04", "application/zip");
        check(b"%PDF-1.7\n%\xe2\xe3", "application/pdf");
        check(b"\x7fELF\x02\x01\x01", "application/x-executable");
        check(b"MZ\x90", "application/vnd.microsoft.portable-executable");
    }

    #[test]
    fn text_tells_nothing() {
        let check = |text: &str| assert_eq!(sniff(text.as_bytes()), None, "{text}");
        check("");
        check("# Notes\r\n\tan item");
        check("<!DOCTYPE html><html></html>");
        check("#!/bin/sh\necho");
        check("BMW, MZ and Praga");
        // Cut inside of a character.
        assert_eq!(sniff(&"BM é".as_bytes()[..4]), None);
    }

    /// What the school takes, and bytes tell, is told in the policy's word for it.
    #[test]
    fn what_is_taken_is_told_by_the_same_word() {
        let limits = POLICY.limits(domain::upload::Purpose::Submission);
        let check = |bytes: &[u8]| {
            let found = sniff(&beginning(bytes)).expect("a type");
            assert!(limits.takes(found), "{found}");
        };
        check(b"\x89PNG\r\n\x1a\n");
        check(b"GIF89a");
        check(b"\xff\xd8\xff\xe0");
        check(b"RIFF\x24\x00\x00\x00WEBPVP8 ");
        check(b"RIFF\x24\x00\x00\x00WAVEfmt ");
        check(b"\x1f\x8b\x08\x00");
        check(b"OggS\x00\x02");
        check(b"ID3\x03\x00");
        check(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41");
        check(b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ");
        check(b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00M4A mp42isom");
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm");
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska");
    }
}
