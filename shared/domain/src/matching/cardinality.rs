//! The largest number of students that can be placed, and which mentors that fills to the last seat.
//!
//! A maximum b-matching by augmenting paths, found in depth first and in phases, each of which tries every
//! seat once (Pothen and Fan 1990; with a look ahead for free seats and a turn of direction from phase to
//! phase, as Duff, Kaya and Uçar found best in 2011). Of the matching only the decomposition of Dulmage and
//! Mendelsohn (1958) is kept: it is the same for every maximum matching, and none has a pair across it.

use super::{Edge, Problem};

/// Which mentors are scarce: those whom an alternating path leads to from a student without a place. In
/// every maximum matching all their seats are taken, by students who have no mentor but scarce ones;
/// every other student with a seat in reach is placed, with a mentor who is not scarce.
pub(super) fn scarce_mentors(problem: &Problem) -> Vec<bool> {
    let mut search = Search::new(problem);
    let mut unplaced: Vec<u32> = (0..problem.students()).collect();
    unplaced.retain(|student| !search.take_free_seat(*student));
    let mut path = Vec::new();
    loop {
        let before = unplaced.len();
        search.begin_phase();
        unplaced.retain(|student| !search.augment(*student, &mut path));
        if unplaced.len() == before {
            return search.seats_tried.iter().map(|tried| *tried > 0).collect();
        }
    }
}

struct Search<'a> {
    problem: &'a Problem,
    /// Each mentor's students.
    seated: Vec<Vec<u32>>,
    /// How many of each student's mentors are known to have no free seat; none ever has one again.
    looked_at: Vec<u32>,
    /// How many of each student's edges were tried in this phase.
    edges_tried: Vec<u32>,
    /// How many of each mentor's taken seats were tried in this phase.
    seats_tried: Vec<u32>,
    /// Whether this phase tries edges from the last to the first.
    backwards: bool,
}

/// A student who would take the seat of another.
struct Step {
    student: u32,
    mentor: u32,
    seat: usize,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem) -> Self {
        let (students, mentors) = (problem.students() as usize, problem.seats().len());
        Self {
            problem,
            seated: vec![Vec::new(); mentors],
            looked_at: vec![0; students],
            edges_tried: vec![0; students],
            seats_tried: vec![0; mentors],
            backwards: false,
        }
    }

    fn begin_phase(&mut self) {
        self.edges_tried.fill(0);
        self.seats_tried.fill(0);
        self.backwards = !self.backwards;
    }

    fn take_free_seat(&mut self, student: u32) -> bool {
        let edges = self.problem.edges(student);
        let looked_at = &mut self.looked_at[student as usize];
        while let Some(Edge { mentor, .. }) = edges.get(*looked_at as usize) {
            let seated = &mut self.seated[*mentor as usize];
            if seated.len() < self.problem.seats()[*mentor as usize] as usize {
                seated.push(student);
                return true;
            }
            *looked_at += 1;
        }
        false
    }

    /// A seat that this phase did not try yet, of a mentor of the student.
    fn next_step(&mut self, student: u32) -> Option<Step> {
        let edges = self.problem.edges(student);
        let tried = &mut self.edges_tried[student as usize];
        while (*tried as usize) < edges.len() {
            let place = *tried as usize;
            let Edge { mentor, .. } = edges[if self.backwards { edges.len() - 1 - place } else { place }];
            let seat = self.seats_tried[mentor as usize] as usize;
            if seat < self.seated[mentor as usize].len() {
                self.seats_tried[mentor as usize] += 1;
                return Some(Step { student, mentor, seat });
            }
            *tried += 1;
        }
        None
    }

    /// Looks for a path from a student to a free seat, and moves everyone on it on by one; whether there was.
    fn augment(&mut self, student: u32, path: &mut Vec<Step>) -> bool {
        path.clear();
        let mut student = student;
        loop {
            if self.take_free_seat(student) {
                for Step { student, mentor, seat } in path.drain(..) {
                    self.seated[mentor as usize][seat] = student;
                }
                return true;
            }
            if let Some(step) = self.next_step(student) {
                student = self.seated[step.mentor as usize][step.seat];
                path.push(step);
            } else if let Some(step) = path.pop() {
                student = step.student;
            } else {
                return false;
            }
        }
    }
}
