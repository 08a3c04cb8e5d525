//! Bytes on their way in while the program is killed.

use std::time::Duration;

use crc_fast::{CrcAlgorithm, checksum};
use domain::digest::{Crc64, Sha256Hex};
use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::process::{POLL, School};
use crate::text;

/// The first parts of an upload are so large, the last one may be smaller.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// Bytes that no compression and no other upload shares.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes[..4].copy_from_slice(b"PK\x03\x04");
    bytes
}

/// Uploads a file for a draft in parts, last part first, kills the program so long after the parts
/// are asked to be put together, and asks again; answers the file's key once it is verified.
pub async fn through_a_kill(
    client: &mut Client,
    school: &mut School,
    draft: &str,
    file: &[u8],
    delay: Duration,
) -> String {
    let sum = Crc64::new(checksum(CrcAlgorithm::Crc64Nvme, file));
    let wish = json!({
        "purpose": "submission", "subject": draft, "filename": "site.zip", "type": "application/zip",
        "size": file.len(), "sha256": Sha256Hex::of(file), "crc64nvme": sum,
    });
    let upload = client.post("maya", "/v1/uploads", wish).await;
    let multipart = format!("{}/s3/multipart", text(&upload, "/endpoint"));
    let begun = client.ask(Method::POST, &multipart, Some(json!({}))).await;
    let key = text(&begun, "/key");
    let (at, query) = (format!("{multipart}/{}", text(&begun, "/uploadId")), key.replace('/', "%2F"));
    let parts = Vec::from_iter(file.chunks(PART_BYTES).enumerate());
    for (index, part) in parts.into_iter().rev() {
        let signed = client.ask(Method::GET, &format!("{at}/{}?key={query}", index + 1), None).await;
        client.put(&text(&signed, "/url"), part.to_vec()).await;
    }

    let complete = format!("{at}/complete?key={query}");
    let asked = client.clone().ask_once(Method::POST, complete.clone(), json!({ "parts": [] }));
    let asked = tokio::spawn(asked);
    tokio::time::sleep(delay).await;
    school.kill().await;
    // Answered, cut off, or never sent: as it fell.
    drop(asked.await.expect("the call ends"));
    client.ask(Method::POST, &complete, Some(json!({ "parts": [] }))).await;

    let path = format!("/v1/uploads/{}", text(&upload, "/id"));
    for _ in 0..LOOKS_MAX {
        let seen = client.get("maya", &path).await;
        match text(&seen, "/state").as_str() {
            "verified" => {
                assert_eq!(text(&seen, "/sha256"), Sha256Hex::of(file).to_string());
                return key;
            }
            "arrived" => tokio::time::sleep(POLL).await,
            other => panic!("the upload is {other}"),
        }
    }
    panic!("the upload was never verified");
}

/// How often an upload is looked at until the worker has confirmed it.
const LOOKS_MAX: usize = 3_000;
