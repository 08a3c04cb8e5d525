//! What may be uploaded, for what, how large, and how long it may take.

use jiff::SignedDuration;

use super::parts::GIB;
use super::{DailyQuota, Purpose};

/// What the school takes, by purpose.
#[derive(Debug, Clone, Copy)]
pub struct UploadPolicy {
    /// For work handed in.
    pub submission: UploadLimits,
    /// For recordings of defenses and meetings.
    pub recording: UploadLimits,
    /// For proofs of earlier learning, and what a juror asks for.
    pub evidence: UploadLimits,
    /// What one person may begin to send within a day, recordings aside.
    pub daily: DailyQuota,
    /// How long an upload may go without progress before it is abandoned.
    pub idle_max: SignedDuration,
    /// How often progress is written down at most.
    pub progress_every: SignedDuration,
}

/// What is taken for one purpose.
#[derive(Debug, Clone, Copy)]
pub struct UploadLimits {
    /// Largest file.
    pub size_bytes_max: u64,
    /// Media types, in lower case and without parameters.
    pub types: &'static [&'static str],
}

/// The school's policy of 2027: an hour of 1080p video at 12 Mbit/s has 5.4 GB, so 10 GiB hold any
/// screencast or defense; a hundred files and 40 GiB a day are more than anybody hands in; 24 hours without progress end a recording (scenario S9), counted to the minute.
pub const POLICY: UploadPolicy = UploadPolicy {
    submission: UploadLimits { size_bytes_max: 10 * GIB, types: WORK },
    recording: UploadLimits { size_bytes_max: 10 * GIB, types: VIDEO },
    evidence: UploadLimits { size_bytes_max: GIB, types: WORK },
    daily: DailyQuota { uploads_max: 100, bytes_max: 40 * GIB },
    idle_max: SignedDuration::from_hours(24),
    progress_every: SignedDuration::from_mins(1),
};

const VIDEO: &[&str] = &["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"];

/// What trades produce. `application/octet-stream` is for their own formats, which have no name of
/// their own: files are only ever offered for saving, never shown as pages.
const WORK: &[&str] = &[
    "application/gzip",
    "application/json",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-tar",
    "application/xml",
    "application/zip",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/webp",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/markdown",
    "text/plain",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
];

impl UploadPolicy {
    /// What is taken for that purpose.
    pub const fn limits(&self, purpose: Purpose) -> &UploadLimits {
        match purpose {
            Purpose::Submission => &self.submission,
            Purpose::Recording => &self.recording,
            Purpose::Evidence => &self.evidence,
        }
    }
}

impl UploadLimits {
    /// Whether files of that media type are taken.
    pub fn takes(&self, content_type: &str) -> bool {
        self.types.contains(&content_type)
    }
}
