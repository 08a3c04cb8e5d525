//! What a student hands in: named files and links, and what is refused of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Submission, manifest};
use crate::digest::Sha256Hex;
use crate::id::UploadId;
use crate::link::{LINK_CHARS_MAX, is_https};
use crate::upload::{Purpose, Upload, UploadKey, UploadState, UploadSubject};

/// The most files of one submission.
pub const DELIVERABLES_MAX: usize = 100;
/// The most links of one submission.
pub const LINKS_MAX: usize = 20;
/// The most characters of a deliverable's name.
pub const NAME_CHARS_MAX: usize = 200;

/// Files and links to hand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Each with the name that the student gave it.
    pub files: Vec<(String, Upload)>,
    /// Where the work can be seen running; beside the files, never instead of them.
    pub links: Vec<String>,
}

/// What was handed in; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedWork {
    /// By the school's clock; late work counts, too.
    pub sealed_at: Timestamp,
    /// Sorted by name.
    pub deliverables: Vec<Deliverable>,
    /// Sorted.
    pub links: Vec<String>,
    /// Hash of the [manifest](super::manifest).
    pub manifest_sha256: Sha256Hex,
}

/// One file of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliverable {
    /// As the student named it.
    pub name: String,
    /// What brought it.
    pub upload: UploadId,
    /// Where its bytes lie.
    pub key: UploadKey,
    /// In bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Sha256Hex,
}

/// Why work cannot be handed in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// This version was handed in before.
    #[error("version {version} was already handed in")]
    AlreadySubmitted {
        /// Which.
        version: u32,
    },
    /// No file. Links may change or die, so they prove nothing by themselves (invariant 29).
    #[error("at least one file is needed")]
    Empty,
    /// Too many files.
    #[error("{count} files; at most {DELIVERABLES_MAX} can be handed in")]
    TooManyFiles {
        /// How many.
        count: usize,
    },
    /// Too many links.
    #[error("{count} links; at most {LINKS_MAX} can be handed in")]
    TooManyLinks {
        /// How many.
        count: usize,
    },
    /// A name is empty, too long, or has control characters.
    #[error("expected a name of 1 to {NAME_CHARS_MAX} characters without control characters")]
    InvalidName {
        /// Which file, from 0.
        index: usize,
    },
    /// Two files have one name.
    #[error("more than one file is named {name}")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A link is not an https address.
    #[error("expected an address that begins with https://, at most {LINK_CHARS_MAX} characters")]
    InvalidLink {
        /// Which link, from 0.
        index: usize,
    },
    /// A file was uploaded by someone else, or for something else.
    #[error("{name} was not uploaded for this submission")]
    ForeignUpload {
        /// The file's name.
        name: String,
    },
    /// Files whose bytes were refused or given up; they are to be uploaded again.
    #[error("to be uploaded again: {}", names.join(", "))]
    UploadRefused {
        /// Their names.
        names: Vec<String>,
    },
    /// Files that have not arrived whole, or not been verified yet; asking again later may do.
    #[error("not yet verified: {}", names.join(", "))]
    UploadIncomplete {
        /// Their names.
        names: Vec<String>,
    },
}

impl Work {
    /// What is handed in with `draft`, if nothing of it is refused.
    pub(super) fn sealed(self, draft: &Submission, now: Timestamp) -> Result<SealedWork, SealError> {
        let Self { files, mut links } = self;
        check_names(&files)?;
        check_links(&links)?;
        check_uploads(draft, &files)?;
        let mut deliverables = verified(files)?;
        deliverables.sort_by(|one, other| one.name.cmp(&other.name));
        links.sort();
        let manifest_sha256 = manifest::manifest_sha256(draft.id, &deliverables, &links);
        Ok(SealedWork { sealed_at: now, deliverables, links, manifest_sha256 })
    }
}

fn check_names(files: &[(String, Upload)]) -> Result<(), SealError> {
    if files.is_empty() {
        return Err(SealError::Empty);
    }
    if files.len() > DELIVERABLES_MAX {
        return Err(SealError::TooManyFiles { count: files.len() });
    }
    let mut names = BTreeSet::new();
    for (index, (name, _)) in files.iter().enumerate() {
        let long = name.chars().count() > NAME_CHARS_MAX;
        if name.trim().is_empty() || long || name.chars().any(char::is_control) {
            return Err(SealError::InvalidName { index });
        }
        if !names.insert(name) {
            return Err(SealError::DuplicateName { name: name.clone() });
        }
    }
    Ok(())
}

fn check_links(links: &[String]) -> Result<(), SealError> {
    if links.len() > LINKS_MAX {
        return Err(SealError::TooManyLinks { count: links.len() });
    }
    match links.iter().position(|link| !is_https(link)) {
        Some(index) => Err(SealError::InvalidLink { index }),
        None => Ok(()),
    }
}

/// Every file was uploaded by the student, for this version or an earlier one: what need not change
/// need not be sent again.
fn check_uploads(draft: &Submission, files: &[(String, Upload)]) -> Result<(), SealError> {
    let versions = BTreeSet::from_iter(
        (1..=draft.version).map(|version| Submission::id_of(draft.enrollment, &draft.project, version)),
    );
    let foreign = |upload: &Upload| match upload.subject {
        UploadSubject::Submission(id) => {
            upload.owner != draft.student || upload.purpose != Purpose::Submission || !versions.contains(&id)
        }
        _ => true,
    };
    match files.iter().find(|(_, upload)| foreign(upload)) {
        Some((name, _)) => Err(SealError::ForeignUpload { name: name.clone() }),
        None => Ok(()),
    }
}

fn verified(files: Vec<(String, Upload)>) -> Result<Vec<Deliverable>, SealError> {
    let (mut deliverables, mut refused, mut incomplete) = (Vec::new(), Vec::new(), Vec::new());
    for (name, upload) in files {
        match upload.state {
            UploadState::Verified { size, sha256, .. } => {
                let key = upload.key();
                deliverables.push(Deliverable { name, upload: upload.id, key, size, sha256 });
            }
            UploadState::Refused { .. } | UploadState::Abandoned { .. } => refused.push(name),
            UploadState::Open { .. } | UploadState::Arrived { .. } => incomplete.push(name),
        }
    }
    if !refused.is_empty() {
        return Err(SealError::UploadRefused { names: refused });
    }
    if !incomplete.is_empty() {
        return Err(SealError::UploadIncomplete { names: incomplete });
    }
    Ok(deliverables)
}
