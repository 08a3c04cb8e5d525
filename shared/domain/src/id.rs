//! One id type per kind of thing, so that a defense's id cannot be passed for a session's.
//!
//! Most ids are a prefix and a UUID: `enr_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e`. New things get a
//! UUIDv7 (made by the caller, from its clock); things that must be the same when made twice get
//! a UUIDv5 of what they are for ([`EnrollmentId::derived`]). What an author names in the catalog
//! has a [`slug`](EditionId): short words of `a-z`, `0-9` and `-`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}")]
pub struct InvalidId {
    /// The form that would have been accepted, such as `enr_ and 32 hex digits`.
    pub expected: String,
}

/// Root of every derived id: a fixed UUID of this project.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b7e_51a3_0c1f_4f0e_9d3b_2a54_c0a7_a901);

pub(crate) fn derive(prefix: &str, parts: &[&str]) -> Uuid {
    // Each part with its length, so that ["ab", "c"] and ["a", "bc"] differ.
    let mut name = String::from(prefix);
    for part in parts {
        name.push_str(&format!("|{}:{part}", part.len()));
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

fn parse(prefix: &str, text: &str) -> Result<Uuid, InvalidId> {
    let invalid = || InvalidId { expected: format!("{prefix}_ and 32 lower-case hex digits") };
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(invalid)?;
    let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(invalid());
    }
    Uuid::try_parse(hex).map_err(|_| invalid())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// An id of a new thing, from a UUID that the caller made.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id of the thing that exists once for these facts.
            pub fn derived(parts: &[&str]) -> Self {
                Self(derive($prefix, parts))
            }

            /// The UUID behind the prefix.
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )*};
}

ids! {
    /// Someone with an account; derived from the issuer and subject of the first sign-in.
    PersonId = "per";
    /// A student's place on an edition.
    EnrollmentId = "enr";
    /// A version of work handed in.
    SubmissionId = "sub";
    /// Bytes on their way in.
    UploadId = "upl";
    /// A claim of earlier learning.
    ClaimId = "clm";
    /// An oral exam.
    DefenseId = "def";
    /// A meeting.
    SessionId = "ses";
    /// One stay in a meeting's room, as its provider tells them apart.
    StayId = "sta";
    /// A weekly series of meetings.
    CommitmentId = "com";
    /// A bill for one period and payer.
    InvoiceId = "inv";
    /// Money received, or tried, for an invoice.
    PaymentId = "pay";
    /// A correction of an invoice.
    CreditNoteId = "crn";
    /// Money given back.
    RefundId = "ref";
    /// A file of direct debits for a bank.
    DebitFileId = "dbf";
    /// What a bank says of direct debits.
    BankReportId = "bkr";
    /// What a mentor, coach or juror is paid for a month.
    StatementId = "stm";
    /// A billing run over one civil date.
    RunId = "run";
    /// The legal fact that a degree was earned.
    AwardId = "awa";
    /// The signed data that says so.
    CredentialId = "cre";
    /// A pairing of a student with a mentor, over time.
    AssignmentId = "asg";
    /// A role given to a person.
    GrantId = "gra";
}

/// The longest word an author may use for a thing in the catalog.
pub const SLUG_CHARS_MAX: usize = 64;

fn check_slug(text: &str) -> Result<(), InvalidId> {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    if text.len() <= SLUG_CHARS_MAX && text.split('-').all(word) {
        return Ok(());
    }
    Err(InvalidId {
        expected: format!("words of a-z and 0-9 joined by -, at most {SLUG_CHARS_MAX} characters"),
    })
}

macro_rules! slugs {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The word as the author wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check_slug(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check_slug(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(slug: $name) -> Self {
                slug.0
            }
        }
    )*};
}

slugs! {
    /// An abstract degree, such as `web-development`.
    DegreeId;
    /// A degree for one market, such as `web-development-gb`.
    EditionId;
    /// About a week of learning.
    CourseId;
    /// One of the works a degree is earned by.
    ProjectId;
    /// What is learned and judged.
    SkillId;
    /// One thing a mentor looks for in a submission.
    CriterionId;
    /// A university or company whose name stands on certificates.
    PartnerId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself() {
        let id = EnrollmentId::derived(&["a", "b"]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().starts_with("enr_"));
    }

    #[test]
    fn parts_of_a_derived_id_do_not_run_together() {
        assert_ne!(InvoiceId::derived(&["ab", "c"]), InvoiceId::derived(&["a", "bc"]));
        assert_ne!(InvoiceId::derived(&["ab"]).uuid(), SessionId::derived(&["ab"]).uuid());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let session = SessionId::derived(&["x"]).to_string();
        for text in
            [session.as_str(), "enr_", "enr_xyz", "", "ENR_00", "enr_0190B5C2F5A97C1E8E2A6F3D4B5C6D7E"]
        {
            assert!(text.parse::<EnrollmentId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_slug_is_words_joined_by_dashes() {
        assert!("web-development-gb".parse::<EditionId>().is_ok());
        for text in ["", "-", "Web", "a--b", "a-", "a b", "é", "a_b"] {
            assert!(text.parse::<EditionId>().is_err(), "{text}");
        }
    }
}
