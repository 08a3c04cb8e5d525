//! Where an upload's bytes lie, and what they belong to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Purpose;
use crate::id::{DefenseId, EnrollmentId, SessionId, SubmissionId, UploadId};

/// The object's key: `submissions/upl_...`. The server chooses it; an upload's id is used once, so
/// a key never holds other bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadKey {
    /// What the bytes are for: the word before the slash.
    pub purpose: Purpose,
    /// The upload that brought them.
    pub upload: UploadId,
}

/// What an upload belongs to, written as that thing's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UploadSubject {
    /// Work for this version of a submission.
    Submission(SubmissionId),
    /// A recording of this defense, or what its juror asked for.
    Defense(DefenseId),
    /// A recording of this meeting.
    Session(SessionId),
    /// Evidence of earlier learning for this enrollment.
    Enrollment(EnrollmentId),
}

/// The text names no object, or nothing that uploads belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUploadName {
    /// Not a key that the server gave out.
    #[error("expected the key that the upload was answered with")]
    Key,
    /// Not an id of a submission, defense, session or enrollment.
    #[error("expected the id of a submission, defense, session or enrollment")]
    Subject,
}

impl UploadSubject {
    /// Whether uploads with that purpose may belong to it.
    pub const fn suits(self, purpose: Purpose) -> bool {
        matches!(
            (purpose, self),
            (Purpose::Submission, Self::Submission(_))
                | (Purpose::Recording, Self::Defense(_) | Self::Session(_))
                | (Purpose::Evidence, Self::Enrollment(_) | Self::Defense(_))
        )
    }
}

impl fmt::Display for UploadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.purpose.prefix(), self.upload)
    }
}

impl FromStr for UploadKey {
    type Err = InvalidUploadName;

    fn from_str(text: &str) -> Result<Self, InvalidUploadName> {
        let (prefix, id) = text.split_once('/').ok_or(InvalidUploadName::Key)?;
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.prefix() == prefix);
        let purpose = purpose.ok_or(InvalidUploadName::Key)?;
        let upload = id.parse().map_err(|_| InvalidUploadName::Key)?;
        Ok(Self { purpose, upload })
    }
}

impl fmt::Display for UploadSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submission(id) => id.fmt(f),
            Self::Defense(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::Enrollment(id) => id.fmt(f),
        }
    }
}

impl FromStr for UploadSubject {
    type Err = InvalidUploadName;

    fn from_str(text: &str) -> Result<Self, InvalidUploadName> {
        let (prefix, _) = text.split_once('_').ok_or(InvalidUploadName::Subject)?;
        match prefix {
            SubmissionId::PREFIX => text.parse().map(Self::Submission),
            DefenseId::PREFIX => text.parse().map(Self::Defense),
            SessionId::PREFIX => text.parse().map(Self::Session),
            EnrollmentId::PREFIX => text.parse().map(Self::Enrollment),
            _ => return Err(InvalidUploadName::Subject),
        }
        .map_err(|_| InvalidUploadName::Subject)
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidUploadName;

            fn try_from(text: String) -> Result<Self, InvalidUploadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }
    )*};
}

as_text!(UploadKey UploadSubject);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_itself() {
        for purpose in Purpose::ALL {
            let key = UploadKey { purpose, upload: UploadId::derived(&["a"]) };
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["", "submissions/", "submissions/../x", "upl_1", "other/upl_1"] {
            assert_eq!(text.parse::<UploadKey>(), Err(InvalidUploadName::Key), "{text}");
        }
    }

    #[test]
    fn a_subject_reads_back_as_itself() {
        let submission = UploadSubject::Submission(SubmissionId::derived(&["a"]));
        assert_eq!(submission.to_string().parse(), Ok(submission));
        for text in ["", "sub_", "per_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e", "../sub_x"] {
            assert_eq!(text.parse::<UploadSubject>(), Err(InvalidUploadName::Subject), "{text}");
        }
    }
}
