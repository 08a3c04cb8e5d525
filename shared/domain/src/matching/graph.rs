//! Who could study with whom, and what it is worth.

use thiserror::Error;

/// The most that a pair can be worth: more than a year of waiting and a perfect fit (52,999), and so little
/// that no price leaves the range of an `i64`.
pub const VALUE_MAX: i64 = 100_000;

/// One mentor who comes into question for a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The mentor's number.
    pub mentor: u32,
    /// What the pair is worth.
    pub value: i32,
}

/// Students, numbered as they were added, and for each the mentors who come into question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    seats: Vec<u32>,
    /// Where each student's edges begin, and where the last one's end.
    offsets: Vec<u32>,
    edges: Vec<Edge>,
}

/// A graph that grows student by student.
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    graph: Graph,
    /// One more than the student who named a mentor last.
    named_by: Vec<u32>,
}

/// Why a student cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidGraph {
    /// A mentor whom there is not.
    #[error("there is no mentor {mentor}")]
    NoSuchMentor {
        /// The number.
        mentor: u32,
    },
    /// The same pair twice.
    #[error("mentor {mentor} is named twice for one student")]
    NamedTwice {
        /// The mentor.
        mentor: u32,
    },
    /// A pair worth less than nothing, or more than [`VALUE_MAX`].
    #[error("a pair is worth 0 to {VALUE_MAX}, not {value}")]
    ValueOutOfRange {
        /// What it was said to be worth.
        value: i64,
    },
    /// More than 2^32 - 2 students, mentors or pairs.
    #[error("too many students, mentors or pairs")]
    TooLarge,
}

impl Graph {
    /// A graph without students over mentors with so many seats each.
    pub fn builder(seats: Vec<u32>) -> Result<GraphBuilder, InvalidGraph> {
        if seats.len() >= u32::MAX as usize {
            return Err(InvalidGraph::TooLarge);
        }
        let named_by = vec![0; seats.len()];
        Ok(GraphBuilder { graph: Self { seats, offsets: vec![0], edges: Vec::new() }, named_by })
    }

    /// How many students there are.
    pub fn students(&self) -> u32 {
        self.offsets.len().saturating_sub(1) as u32
    }

    /// Each mentor's seats.
    pub fn seats(&self) -> &[u32] {
        &self.seats
    }

    /// How many pairs come into question.
    pub fn pairs(&self) -> usize {
        self.edges.len()
    }

    /// The mentors who come into question for a student.
    pub fn edges(&self, student: u32) -> &[Edge] {
        let student = student as usize;
        &self.edges[self.offsets[student] as usize..self.offsets[student + 1] as usize]
    }
}

impl GraphBuilder {
    /// Makes room for so many students and pairs.
    pub fn reserve(&mut self, students: usize, pairs: usize) {
        self.graph.offsets.reserve(students);
        self.graph.edges.reserve(pairs);
    }

    /// Adds a student with the mentors who come into question, and gives back the student's number.
    /// A student who is refused leaves the graph as it was.
    pub fn add(&mut self, edges: impl IntoIterator<Item = (u32, i64)>) -> Result<u32, InvalidGraph> {
        let begin = self.graph.edges.len();
        let student = self.graph.students();
        let added = self.try_add(student, edges);
        if added.is_err() {
            for edge in self.graph.edges.drain(begin..) {
                self.named_by[edge.mentor as usize] = 0;
            }
        }
        added
    }

    fn try_add(
        &mut self,
        student: u32,
        edges: impl IntoIterator<Item = (u32, i64)>,
    ) -> Result<u32, InvalidGraph> {
        for (mentor, value) in edges {
            let named_by =
                self.named_by.get_mut(mentor as usize).ok_or(InvalidGraph::NoSuchMentor { mentor })?;
            if *named_by == student + 1 {
                return Err(InvalidGraph::NamedTwice { mentor });
            }
            if !(0..=VALUE_MAX).contains(&value) {
                return Err(InvalidGraph::ValueOutOfRange { value });
            }
            *named_by = student + 1;
            self.graph.edges.push(Edge { mentor, value: value as i32 });
        }
        let end = u32::try_from(self.graph.edges.len()).map_err(|_| InvalidGraph::TooLarge)?;
        if student >= u32::MAX - 2 {
            return Err(InvalidGraph::TooLarge);
        }
        self.graph.offsets.push(end);
        Ok(student)
    }

    /// The graph.
    pub fn build(self) -> Graph {
        self.graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_and_leaves_no_trace() {
        let mut builder = Graph::builder(vec![1, 2]).expect("small");
        for (edges, refusal) in [
            (vec![(0, 5), (2, 5)], InvalidGraph::NoSuchMentor { mentor: 2 }),
            (vec![(1, 5), (1, 6)], InvalidGraph::NamedTwice { mentor: 1 }),
            (vec![(1, -1)], InvalidGraph::ValueOutOfRange { value: -1 }),
            (vec![(0, 1), (1, VALUE_MAX + 1)], InvalidGraph::ValueOutOfRange { value: VALUE_MAX + 1 }),
        ] {
            assert_eq!(builder.add(edges), Err(refusal));
        }
        assert_eq!(builder.add([(0, 5), (1, 6)]), Ok(0));
        assert_eq!(builder.add([]), Ok(1));
        let graph = builder.build();
        assert_eq!((graph.students(), graph.pairs()), (2, 2));
        assert_eq!(graph.edges(0), [Edge { mentor: 0, value: 5 }, Edge { mentor: 1, value: 6 }]);
        assert_eq!(graph.edges(1), []);
    }
}
