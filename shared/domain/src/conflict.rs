//! Who may never judge a student: one set per enrollment, which only grows.
//!
//! The set is one stored item. Every write about a juror takes it and is conditional on its
//! revision, so a conflict written at the same moment as an assignment is never overlooked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{EnrollmentId, PersonId};

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
