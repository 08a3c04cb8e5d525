//! Students and mentors whom no pair connects to others: each such market is cleared by itself.
//!
//! Pairs that no maximum matching has are left out, so every market is one of two kinds: with too few
//! seats, all of which will be taken, or with enough, so that all students will be placed.

use super::{Edge, Problem};

/// Where nobody is.
pub(super) const NOBODY: u32 = u32::MAX;

/// A connected part of the problem, with its own numbers for students and mentors.
#[derive(Debug)]
pub(super) struct Market {
    /// Whether there are fewer seats than students.
    pub scarce: bool,
    /// The problem's numbers of the students, in an order that the seed decides.
    pub students: Vec<u32>,
    /// The problem's numbers of the mentors.
    pub mentors: Vec<u32>,
    /// Each mentor's seats.
    pub seats: Vec<u32>,
    /// By student, the mentor and what the pair is worth.
    pub by_student: Sparse,
    /// By mentor, the student and what the pair is worth.
    pub by_mentor: Sparse,
}

/// Rows of pairs `(column, value)`.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    offsets: Vec<u32>,
    entries: Vec<(u32, i32)>,
}

impl Sparse {
    /// The entries of a row.
    pub fn row(&self, row: u32) -> &[(u32, i32)] {
        &self.entries[self.offsets[row as usize] as usize..self.offsets[row as usize + 1] as usize]
    }

    fn transposed(&self, columns: usize) -> Self {
        let mut offsets = vec![0; columns + 1];
        for (column, _) in &self.entries {
            offsets[*column as usize + 1] += 1;
        }
        for column in 0..columns {
            offsets[column + 1] += offsets[column];
        }
        let mut next = offsets.clone();
        let mut entries = vec![(0, 0); self.entries.len()];
        for (row, ends) in (0..).zip(self.offsets.windows(2)) {
            for (column, value) in &self.entries[ends[0] as usize..ends[1] as usize] {
                let place = &mut next[*column as usize];
                entries[*place as usize] = (row, *value);
                *place += 1;
            }
        }
        Self { offsets, entries }
    }
}

/// What a problem falls into, given which mentors are scarce.
pub(super) struct Split<'a> {
    problem: &'a Problem,
    scarce: &'a [bool],
    /// A mentor of the same market, or the mentor alone who stands for it.
    stands_for: Vec<u32>,
}

/// The members of one market, by the problem's numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    students: Vec<u32>,
    mentors: Vec<u32>,
}

impl<'a> Split<'a> {
    /// Joins what pairs connect.
    pub fn new(problem: &'a Problem, scarce: &'a [bool]) -> Self {
        let stands_for = (0..scarce.len() as u32).collect();
        let mut split = Self { problem, scarce, stands_for };
        for student in 0..problem.students() {
            let mut first = None;
            for Edge { mentor, .. } in problem.own_side(scarce, student).1 {
                let known = first.unwrap_or_else(|| split.find(*mentor));
                first = Some(split.join(known, *mentor));
            }
        }
        split
    }

    fn find(&mut self, mentor: u32) -> u32 {
        let mut at = mentor;
        while self.stands_for[at as usize] != at {
            let next = self.stands_for[at as usize];
            self.stands_for[at as usize] = self.stands_for[next as usize];
            at = next;
        }
        at
    }

    /// The lower number stands for both.
    fn join(&mut self, one: u32, other: u32) -> u32 {
        let other = self.find(other);
        let (low, high) = (one.min(other), one.max(other));
        self.stands_for[high as usize] = low;
        low
    }

    /// The markets' members, and every mentor's number in the own market.
    pub fn members(mut self) -> (Vec<Members>, Vec<u32>) {
        let mut markets: Vec<Members> = Vec::new();
        let mut market_of = vec![NOBODY; self.scarce.len()];
        let mut number_of = vec![NOBODY; self.scarce.len()];
        for mentor in 0..self.scarce.len() as u32 {
            let root = self.find(mentor) as usize;
            if market_of[root] == NOBODY {
                market_of[root] = markets.len() as u32;
                markets.push(Members::default());
            }
            let members = &mut markets[market_of[root] as usize].mentors;
            number_of[mentor as usize] = members.len() as u32;
            members.push(mentor);
        }
        for student in 0..self.problem.students() {
            let Some(edge) = self.problem.own_side(self.scarce, student).1.next() else { continue };
            let market = market_of[self.find(edge.mentor) as usize];
            markets[market as usize].students.push(student);
        }
        markets.retain(|members| !members.students.is_empty());
        (markets, number_of)
    }
}

impl Members {
    /// The market of these members; the seed decides in which order students come to it.
    pub fn market(mut self, problem: &Problem, scarce: &[bool], number_of: &[u32], seed: u64) -> Market {
        shuffle(&mut self.students, seed);
        let mut by_student = Sparse { offsets: vec![0], entries: Vec::new() };
        let pairs = self.students.iter().map(|student| problem.own_side(scarce, *student).1.count()).sum();
        by_student.entries.reserve_exact(pairs);
        by_student.offsets.reserve_exact(self.students.len());
        for student in &self.students {
            let (_, edges) = problem.own_side(scarce, *student);
            by_student.entries.extend(edges.map(|edge| (number_of[edge.mentor as usize], edge.value)));
            by_student.offsets.push(by_student.entries.len() as u32);
        }
        Market {
            scarce: self.mentors.iter().any(|mentor| scarce[*mentor as usize]),
            seats: self.mentors.iter().map(|mentor| problem.seats()[*mentor as usize]).collect(),
            by_mentor: by_student.transposed(self.mentors.len()),
            by_student,
            students: self.students,
            mentors: self.mentors,
        }
    }
}

/// Fisher and Yates, with the numbers of SplitMix64 (Steele, Lea and Flood 2014).
fn shuffle(students: &mut [u32], seed: u64) {
    let mut state = seed ^ students.first().map_or(0, |student| u64::from(*student) << 32);
    for last in (1..students.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        let other = (u128::from(mixed) * (last as u128 + 1)) >> 64;
        students.swap(last, other as usize);
    }
}
