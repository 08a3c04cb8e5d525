//! The graph less the pairs that stay.

use thiserror::Error;

use super::{Certificate, Edge, Graph, Matching, Reason, Unplaced};

/// Students to be placed, and the seats that are left for them.
#[derive(Debug, Clone)]
pub struct Problem {
    graph: Graph,
    /// The mentor with whom a student stays.
    pinned: Vec<Option<u32>>,
    /// Each mentor's seats less those of the pairs that stay.
    seats: Vec<u32>,
}

/// Why a pair cannot stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPin {
    /// A student whom there is not.
    #[error("there is no student {student}")]
    NoSuchStudent {
        /// The number.
        student: u32,
    },
    /// A mentor whom there is not.
    #[error("there is no mentor {mentor}")]
    NoSuchMentor {
        /// The number.
        mentor: u32,
    },
    /// A student with two mentors.
    #[error("student {student} stays with two mentors")]
    PinnedTwice {
        /// The student.
        student: u32,
    },
}

impl From<Graph> for Problem {
    /// All students of a graph, none of whom stays with a mentor.
    fn from(graph: Graph) -> Self {
        Self { pinned: vec![None; graph.students() as usize], seats: graph.seats().to_vec(), graph }
    }
}

impl Problem {
    /// The graph without the pairs `(student, mentor)` that stay: they need not come into question any
    /// more. A mentor who has more of them than seats keeps all and has no seat left.
    pub fn new(graph: Graph, pins: &[(u32, u32)]) -> Result<Self, InvalidPin> {
        let mut problem = Self::from(graph);
        for &(student, mentor) in pins {
            let pin =
                problem.pinned.get_mut(student as usize).ok_or(InvalidPin::NoSuchStudent { student })?;
            let left = problem.seats.get_mut(mentor as usize).ok_or(InvalidPin::NoSuchMentor { mentor })?;
            if pin.replace(mentor).is_some() {
                return Err(InvalidPin::PinnedTwice { student });
            }
            *left = left.saturating_sub(1);
        }
        Ok(problem)
    }

    /// The whole graph.
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The mentor with whom each student stays.
    pub fn pinned(&self) -> &[Option<u32>] {
        &self.pinned
    }

    /// Each mentor's seats that are left.
    pub fn seats(&self) -> &[u32] {
        &self.seats
    }

    /// How many students there are, with those who stay.
    pub fn students(&self) -> u32 {
        self.graph.students()
    }

    /// The mentors who come into question for a student: none for one who stays.
    pub fn edges(&self, student: u32) -> &[Edge] {
        if self.pinned[student as usize].is_some() { &[] } else { self.graph.edges(student) }
    }

    /// Given which mentors are scarce: whether a student has one who is not, and is so placed in every maximum
    /// matching, and the pairs that such a matching may have.
    pub(super) fn own_side<'a>(
        &'a self,
        scarce: &'a [bool],
        student: u32,
    ) -> (bool, impl Iterator<Item = &'a Edge>) {
        let with_seats = || self.edges(student).iter().filter(|edge| self.seats[edge.mentor as usize] > 0);
        let placed = with_seats().any(|edge| !scarce[edge.mentor as usize]);
        (placed, with_seats().filter(move |edge| scarce[edge.mentor as usize] != placed))
    }

    /// The students' mentors with all that is to be said of them.
    pub(super) fn matching(&self, mentors: Vec<Option<u32>>, certificate: Certificate) -> Matching {
        let (mut placed, mut value, mut unplaced) = (0, 0, Vec::new());
        for (student, mentor) in (0..).zip(&mentors) {
            match mentor {
                Some(_) if self.pinned[student as usize].is_some() => {}
                Some(mentor) => {
                    let edge = self.edges(student).iter().find(|edge| edge.mentor == *mentor);
                    value += edge.map_or(0, |edge| i64::from(edge.value));
                    placed += 1;
                }
                None if self.edges(student).is_empty() => {
                    unplaced.push(Unplaced { student, reason: Reason::NoCandidate });
                }
                None => unplaced.push(Unplaced { student, reason: Reason::Capacity }),
            }
        }
        let bound = certificate.bound(self).value;
        Matching { mentors, unplaced, placed, value, bound, certificate }
    }
}
