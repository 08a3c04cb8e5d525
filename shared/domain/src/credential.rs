//! What the graduate carries away: an award as signed data that anyone can verify offline.
//!
//! Its bytes are signed once and never change. What may change is whether the school still stands
//! by them; asking the school says so ([`Credential::verification`]). What is signed is in
//! [`claims`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{AwardId, CredentialId, PersonId};
use crate::permission::{Relation, Subject};

pub mod claims; // what is signed, after the W3C's data model

/// An award as signed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Derived from the award and the number.
    pub id: CredentialId,
    /// What it says.
    pub award: AwardId,
    /// 1, and one more for each replacement.
    pub number: u32,
    /// Who earned it.
    pub person: PersonId,
    /// Whether the school stands by it.
    #[serde(flatten)]
    pub state: CredentialState,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// The signed bytes.
    pub jwt: String,
}

/// Whether the school stands by a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CredentialState {
    /// It does.
    Issued,
    /// Not while something is looked into.
    Suspended {
        /// What is looked into.
        reason: String,
        /// Since when.
        suspended_at: Timestamp,
    },
    /// Not any more.
    Revoked {
        /// Why.
        reason: String,
        /// Since when.
        revoked_at: Timestamp,
    },
    /// A later one took its place, after a change of name, say.
    Superseded {
        /// Which one.
        by: CredentialId,
        /// Since when.
        superseded_at: Timestamp,
    },
}

/// Why a credential's state stays what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialRefusal {
    /// Only one that the school stands by can be suspended or superseded.
    #[error("the credential is not in force")]
    NotInForce,
    /// Only a suspended one can be reinstated.
    #[error("the credential is not suspended")]
    NotSuspended,
    /// It was revoked or superseded; that is for good.
    #[error("the credential has ended")]
    Ended,
}

/// What a signature says about the bytes under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// They are the bytes that the school signed.
    Valid,
    /// They are not.
    Changed,
}

/// The answer to "is this degree real?", in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// Signed by the school, which stands by it.
    Valid,
    /// The school does not stand by it any more.
    Revoked,
    /// The school looks into it.
    Suspended,
    /// Not what the school signed.
    Changed,
    /// The school has never heard of it.
    Unknown,
}

/// The answer to "is this degree real?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// In one word.
    pub status: VerificationStatus,
    /// Why it is not valid; empty if it is.
    pub reasons: Vec<String>,
}

impl CredentialState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Suspended { .. } => "suspended",
            Self::Revoked { .. } => "revoked",
            Self::Superseded { .. } => "superseded",
        }
    }
}

impl Credential {
    /// The id of an award's credential by its number.
    pub fn id_of(award: AwardId, number: u32) -> CredentialId {
        let award = award.to_string();
        match number {
            // The first one is known by the award alone, so that rapid decisions make one.
            1 => CredentialId::derived(&[&award]),
            _ => CredentialId::derived(&[&award, &number.to_string()]),
        }
    }

    /// The award's first credential, from the bytes that were signed.
    pub fn issue(award: AwardId, person: PersonId, jwt: String, now: Timestamp) -> Self {
        Self {
            id: Self::id_of(award, 1),
            award,
            number: 1,
            person,
            state: CredentialState::Issued,
            issued_at: now,
            jwt,
        }
    }

    /// The id that the credential which takes this one's place must carry in its signed bytes.
    pub fn next_id(&self) -> CredentialId {
        Self::id_of(self.award, self.number + 1)
    }

    /// Stops standing by it while something is looked into.
    pub fn suspend(self, reason: String, now: Timestamp) -> Result<Self, CredentialRefusal> {
        self.in_force()?;
        Ok(Self { state: CredentialState::Suspended { reason, suspended_at: now }, ..self })
    }

    /// Stands by it again.
    pub fn reinstate(self) -> Result<Self, CredentialRefusal> {
        match self.state {
            CredentialState::Suspended { .. } => Ok(Self { state: CredentialState::Issued, ..self }),
            _ => Err(CredentialRefusal::NotSuspended),
        }
    }

    /// Stops standing by it for good.
    pub fn revoke(self, reason: String, now: Timestamp) -> Result<Self, CredentialRefusal> {
        match self.state {
            CredentialState::Issued | CredentialState::Suspended { .. } => {
                Ok(Self { state: CredentialState::Revoked { reason, revoked_at: now }, ..self })
            }
            CredentialState::Revoked { .. } | CredentialState::Superseded { .. } => {
                Err(CredentialRefusal::Ended)
            }
        }
    }

    /// Puts a newly signed one in its place; one of the two is in force at any time.
    pub fn supersede(self, jwt: String, now: Timestamp) -> Result<Superseded, CredentialRefusal> {
        self.in_force()?;
        let successor = Self {
            id: self.next_id(),
            number: self.number + 1,
            state: CredentialState::Issued,
            issued_at: now,
            jwt,
            ..self.clone()
        };
        let state = CredentialState::Superseded { by: successor.id, superseded_at: now };
        Ok(Superseded { old: Self { state, ..self }, new: successor })
    }

    /// What to answer whoever asks, given what the signature says.
    pub fn verification(&self, signature: Signature) -> Verification {
        use VerificationStatus::{Changed, Revoked, Suspended, Valid};
        let (status, reasons) = match (signature, &self.state) {
            (Signature::Changed, _) => (Changed, vec!["the signature does not fit the bytes".to_owned()]),
            (_, CredentialState::Issued) => (Valid, Vec::new()),
            (_, CredentialState::Suspended { reason, .. }) => (Suspended, vec![reason.clone()]),
            (_, CredentialState::Revoked { reason, .. }) => (Revoked, vec![reason.clone()]),
            (_, CredentialState::Superseded { by, .. }) => (Revoked, vec![format!("superseded by {by}")]),
        };
        Verification { status, reasons }
    }

    fn in_force(&self) -> Result<(), CredentialRefusal> {
        match self.state {
            CredentialState::Issued => Ok(()),
            CredentialState::Suspended { .. } => Err(CredentialRefusal::NotInForce),
            CredentialState::Revoked { .. } | CredentialState::Superseded { .. } => {
                Err(CredentialRefusal::Ended)
            }
        }
    }
}

/// A credential and the one that took its place, to be written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    /// The one that ended.
    pub old: Credential,
    /// The one in force.
    pub new: Credential,
}

impl Verification {
    /// The answer about a credential that the school does not know.
    pub fn unknown() -> Self {
        let reasons = vec!["the school has issued no such credential".to_owned()];
        Self { status: VerificationStatus::Unknown, reasons }
    }
}

impl Subject for Credential {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn issued() -> Credential {
        let award = AwardId::derived(&["maya"]);
        Credential::issue(award, PersonId::derived(&["maya"]), "a.b.c".into(), NOW)
    }

    fn suspended() -> Credential {
        issued().suspend("an appeal".into(), NOW).expect("in force")
    }

    fn revoked() -> Credential {
        issued().revoke("fraud".into(), NOW).expect("in force")
    }

    fn superseded() -> Credential {
        issued().supersede("d.e.f".into(), NOW).expect("in force").old
    }

    #[test]
    fn the_same_award_is_issued_as_the_same_credential() {
        assert_eq!(issued().id, Credential::id_of(issued().award, 1));
        assert_ne!(issued().id, issued().next_id());
    }

    #[test]
    fn the_end_is_the_end() {
        for ended in [revoked(), superseded()] {
            let again = ended.clone();
            assert_eq!(again.suspend("x".into(), NOW), Err(CredentialRefusal::Ended));
            assert_eq!(ended.clone().reinstate(), Err(CredentialRefusal::NotSuspended));
            assert_eq!(ended.clone().revoke("x".into(), NOW), Err(CredentialRefusal::Ended));
            assert_eq!(ended.supersede("x".into(), NOW), Err(CredentialRefusal::Ended));
        }
    }

    #[test]
    fn a_suspension_can_be_lifted() {
        assert_eq!(suspended().reinstate(), Ok(issued()));
        assert_eq!(suspended().supersede("x".into(), NOW), Err(CredentialRefusal::NotInForce));
    }

    /// Invariant 25.
    #[test]
    fn one_of_two_is_in_force() {
        let Superseded { old, new } = issued().supersede("d.e.f".into(), NOW).expect("in force");
        assert_eq!(old.state, CredentialState::Superseded { by: new.id, superseded_at: NOW });
        assert_eq!((new.state, new.number, new.id), (CredentialState::Issued, 2, old.next_id()));
    }

    #[test]
    fn whoever_asks_is_told_in_one_word() {
        let check = |credential: Credential, signature: Signature, expected: VerificationStatus| {
            let answer = credential.verification(signature);
            assert_eq!(answer.status, expected);
            assert_eq!(answer.reasons.is_empty(), expected == VerificationStatus::Valid);
        };
        check(issued(), Signature::Valid, VerificationStatus::Valid);
        check(issued(), Signature::Changed, VerificationStatus::Changed);
        check(suspended(), Signature::Valid, VerificationStatus::Suspended);
        check(revoked(), Signature::Valid, VerificationStatus::Revoked);
        check(revoked(), Signature::Changed, VerificationStatus::Changed);
        check(superseded(), Signature::Valid, VerificationStatus::Revoked);
        assert_eq!(Verification::unknown().status, VerificationStatus::Unknown);
    }

    #[test]
    fn a_stored_credential_has_a_state_word() {
        let stored = serde_json::to_value(suspended()).expect("json");
        assert_eq!(stored["state"], "suspended");
        assert_eq!(serde_json::from_value::<Credential>(stored).expect("read"), suspended());
    }
}
