//! The manifest: one text that says what was handed in, whose hash stands for all of it.
//!
//! It is made so that anyone who holds the files can make it again and compare:
//!
//! ```text
//! compagnon-manifest-1
//! submission sub_6f1f…
//! file e3b0c442… 0 notes.txt
//! file 9f86d081… 4 site.zip
//! link https://maya.example/site
//! ```
//!
//! UTF-8 without a byte order mark; every line ends with one line feed (0x0A), the last too.
//! After the first two lines comes one `file` line for each deliverable: the SHA-256 of its bytes in
//! 64 lower-case hex digits, its bytes as a decimal number, its name; sorted by the bytes of the
//! name. Then one `link` line for each link, sorted by its bytes. One space (0x20) stands between
//! the parts of a line. Names and links hold no control characters, so two different submissions
//! never make the same text. `manifest_sha256` is the SHA-256 of the whole text.

use super::Deliverable;
use crate::digest::Sha256Hex;
use crate::id::SubmissionId;

/// The manifest's text. `deliverables` and `links` are sorted already.
pub(super) fn manifest(submission: SubmissionId, deliverables: &[Deliverable], links: &[String]) -> String {
    let mut text = format!("compagnon-manifest-1\nsubmission {submission}\n");
    for Deliverable { name, size, sha256, .. } in deliverables {
        text.push_str(&format!("file {sha256} {size} {name}\n"));
    }
    for link in links {
        text.push_str(&format!("link {link}\n"));
    }
    text
}

/// What stands for the whole of a submission in evidence and credentials.
pub(super) fn manifest_sha256(
    submission: SubmissionId,
    deliverables: &[Deliverable],
    links: &[String],
) -> Sha256Hex {
    Sha256Hex::of(manifest(submission, deliverables, links).as_bytes())
}
