//! Who may never judge a student: one set per enrollment, which only grows.
//!
//! The set is one stored item. Every write about a juror takes it and is conditional on its
//! revision, so a conflict written at the same moment as an assignment is never overlooked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{EnrollmentId, PersonId};
use crate::permission::{Relation, Subject};
use crate::person::LINE_CHARS_MAX;

/// Why somebody cannot judge a student impartially.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// They are the student.
    Student,
    /// They mentor the student.
    Mentor,
    /// They mentored the student once.
    PastMentor,
    /// They stood in for the student's mentor.
    CoverMentor,
    /// They help the student to find a job.
    Coach,
    /// They decided a claim of the student's earlier learning.
    PriorLearningAssessor,
    /// One of the two declared a tie: colleague, relative, friend.
    Declared,
    /// They failed the student before: after a fail the juror is a fresh one.
    JurorOfAFailedDefense,
}

/// The people who may not judge one student, and why.
///
/// Nobody leaves the set: a past mentor is still no stranger, and a declaration that is taken back
/// was made for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictSet {
    enrollment: EnrollmentId,
    people: BTreeMap<PersonId, BTreeSet<Reason>>,
}

impl ConflictSet {
    /// The set of a new enrollment: nobody but the student.
    pub fn new(enrollment: EnrollmentId, student: PersonId) -> Self {
        let people = BTreeMap::from([(student, BTreeSet::from([Reason::Student]))]);
        Self { enrollment, people }
    }

    /// Whose set it is.
    pub fn enrollment(&self) -> EnrollmentId {
        self.enrollment
    }

    /// Adds a person for a reason, and says whether that was news, so that nothing is written twice.
    pub fn add(&mut self, person: PersonId, reason: Reason) -> bool {
        self.people.entry(person).or_default().insert(reason)
    }

    /// Whether the person may not judge the student.
    pub fn excludes(&self, person: PersonId) -> bool {
        self.people.contains_key(&person)
    }

    /// Why the person may not judge the student; nothing if they may.
    pub fn reasons(&self, person: PersonId) -> impl Iterator<Item = Reason> + '_ {
        self.people.get(&person).into_iter().flatten().copied()
    }

    /// Everybody in the set.
    pub fn people(&self) -> impl Iterator<Item = PersonId> + '_ {
        self.people.keys().copied()
    }
}

/// What a person declared about themselves: whom they could not judge, or be judged by, impartially.
///
/// Every write about a juror is conditional on the declarations of both, juror and student; what a
/// student declares also goes into the sets of their enrollments, where it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declarations {
    /// Who declares.
    pub person: PersonId,
    /// About whom, and why, in their words.
    pub people: BTreeMap<PersonId, String>,
}

/// The most people one person declares a tie to: a family and a firm.
pub const DECLARED_MAX: usize = 100;

/// Why a declaration cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeclarationError {
    /// Too many.
    #[error("expected at most {DECLARED_MAX} people")]
    TooMany,
    /// Everyone is close to themselves.
    #[error("nobody declares a tie to themselves")]
    Oneself {
        /// Which entry.
        index: usize,
    },
    /// The same person twice.
    #[error("this person is declared twice")]
    Twice {
        /// The later entry.
        index: usize,
    },
    /// The reason is empty, too long, or has control characters.
    #[error("expected 1 to {LINE_CHARS_MAX} characters without control characters")]
    Reason {
        /// Which entry.
        index: usize,
    },
}

impl DeclarationError {
    /// JSON pointer to the field at fault.
    pub fn pointer(&self) -> String {
        match self {
            Self::TooMany => "/people".into(),
            Self::Oneself { index } | Self::Twice { index } => format!("/people/{index}/person"),
            Self::Reason { index } => format!("/people/{index}/reason"),
        }
    }
}

impl Declarations {
    /// Nothing declared.
    pub const fn none(person: PersonId) -> Self {
        Self { person, people: BTreeMap::new() }
    }

    /// What the person declares now, in place of what they declared before.
    pub fn declare(self, entries: Vec<(PersonId, String)>) -> Result<Self, DeclarationError> {
        if entries.len() > DECLARED_MAX {
            return Err(DeclarationError::TooMany);
        }
        let mut people = BTreeMap::new();
        for (index, (person, reason)) in entries.into_iter().enumerate() {
            let writable = !reason.trim().is_empty()
                && reason.chars().count() <= LINE_CHARS_MAX
                && !reason.chars().any(char::is_control);
            if !writable {
                return Err(DeclarationError::Reason { index });
            }
            if person == self.person {
                return Err(DeclarationError::Oneself { index });
            }
            if people.insert(person, reason).is_some() {
                return Err(DeclarationError::Twice { index });
            }
        }
        Ok(Self { people, ..self })
    }
}

impl Subject for Declarations {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(name: &str) -> PersonId {
        PersonId::derived(&[name])
    }

    fn mayas() -> ConflictSet {
        ConflictSet::new(EnrollmentId::derived(&["maya"]), person("maya"))
    }

    #[test]
    fn a_student_never_judges_themselves() {
        assert!(mayas().excludes(person("maya")));
        assert!(!mayas().excludes(person("ines")));
    }

    #[test]
    fn every_reason_is_kept_and_known_ones_are_no_news() {
        let mut set = mayas();
        assert!(set.add(person("joe"), Reason::Mentor));
        assert!(set.add(person("joe"), Reason::PastMentor));
        assert!(!set.add(person("joe"), Reason::Mentor));
        assert_eq!(Vec::from_iter(set.reasons(person("joe"))), [Reason::Mentor, Reason::PastMentor]);
    }

    #[test]
    fn a_set_is_stored_by_person() {
        let mut set = mayas();
        set.add(person("joe"), Reason::JurorOfAFailedDefense);
        let stored = serde_json::to_value(&set).expect("plain data");
        let joe = &stored["people"][person("joe").to_string()];
        assert_eq!(*joe, serde_json::json!(["juror_of_a_failed_defense"]));
        assert_eq!(serde_json::from_value::<ConflictSet>(stored).expect("as stored"), set);
    }

    #[test]
    fn a_declaration_names_the_entry_at_fault() {
        let check = |entries: &[(&str, &str)], expected: Option<&str>| {
            let entries = entries.iter().map(|(name, reason)| (person(name), (*reason).to_owned())).collect();
            let declared = Declarations::none(person("maya")).declare(entries);
            assert_eq!(declared.err().map(|error| error.pointer()).as_deref(), expected);
        };
        check(&[("joe", "my brother"), ("ines", "we share an office")], None);
        check(&[("joe", "my brother"), ("maya", "me")], Some("/people/1/person"));
        check(&[("joe", "my brother"), ("joe", "again")], Some("/people/1/person"));
        check(&[("joe", " ")], Some("/people/0/reason"));
        check(&vec![("joe", "x"); DECLARED_MAX + 1], Some("/people"));
    }

    proptest! {
        #[test]
        fn whoever_was_added_stays_excluded(names in prop::collection::vec("[a-e]", 0..20)) {
            let mut set = mayas();
            for (index, name) in names.iter().enumerate() {
                set.add(person(name), if index % 2 == 0 { Reason::Coach } else { Reason::Declared });
                prop_assert!(names[..=index].iter().all(|earlier| set.excludes(person(earlier))));
            }
        }
    }
}
