//! Measures the matching on schools of our own making: `cargo run --release -p domain --example matching`.
//!
//! Arguments, in any order: sizes as `students x mentors` (`10000x1000`), kinds (`plentiful`, `tight`,
//! `scarce`, `uneven`), a seed (`seed=7`), the gap that is good enough (`gap=1000`, in millionths), and a Python
//! with the package `ortools` (`against=target/tools/ortools/bin/python`), which solves the same school in the
//! same run. Without them all three sizes in all kinds, to the optimum, alone. Each runs in a process of its own,
//! so that the peak of memory is its own.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use domain::matching::{Graph, Parameters, Problem};

/// Fields of study; each mentor teaches two.
const FIELDS: u64 = 12;
/// Languages, of which the first is as common as all others; a mentor speaks one or two.
const LANGUAGES: u64 = 6;
/// Stretches of a week in which people can meet, one bit each.
const STRETCHES: u32 = 42;
/// Candidates that are kept for a student.
const CANDIDATES: usize = 16;

/// A kind of school.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    /// Seats for a hundred students.
    seats: u64,
    /// Whether some fields have many more students than others, and no more mentors.
    uneven: bool,
}

const KINDS: [Kind; 4] = [
    Kind { name: "plentiful", seats: 120, uneven: false },
    Kind { name: "tight", seats: 102, uneven: false },
    Kind { name: "scarce", seats: 70, uneven: false },
    Kind { name: "uneven", seats: 120, uneven: true },
];

/// A generator of numbers: SplitMix64 (Steele, Lea and Flood 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn language(&mut self) -> u64 {
        if self.below(2) == 0 { 0 } else { 1 + self.below(LANGUAGES - 1) }
    }

    /// About a quarter of the week, around an hour of the day that goes with where somebody lives.
    fn availability(&mut self) -> u64 {
        let (lives, mut week) = (self.below(6), 0);
        for stretch in 0..u64::from(STRETCHES) {
            let near = stretch % 6 == lives || stretch % 6 == (lives + 1) % 6;
            if self.below(8) < if near { 5 } else { 1 } {
                week |= 1 << stretch;
            }
        }
        week
    }
}

struct Mentor {
    fields: [u64; 2],
    languages: [u64; 2],
    availability: u64,
    seats: u32,
}

/// A school of so many students, each with the first sixteen or so candidates that a search from a random
/// place finds, in its field and language, with three stretches of the week in common.
fn school(students: u64, mentors: u64, kind: Kind, seed: u64) -> Problem {
    let mut numbers = Numbers(seed);
    let seats_mean = students * kind.seats / 100 / mentors;
    let mentors: Vec<Mentor> = (0..mentors)
        .map(|_| Mentor {
            fields: [numbers.below(FIELDS), numbers.below(FIELDS)],
            languages: [numbers.language(), numbers.language()],
            availability: numbers.availability(),
            seats: (1 + numbers.below(2 * seats_mean - 1)) as u32,
        })
        .collect();
    let mut cells = vec![Vec::new(); (FIELDS * LANGUAGES) as usize];
    for (number, mentor) in mentors.iter().enumerate() {
        let mut of_mentor = Vec::new();
        for field in mentor.fields {
            of_mentor.extend(mentor.languages.map(|language| field * LANGUAGES + language));
        }
        of_mentor.sort_unstable();
        of_mentor.dedup();
        of_mentor.into_iter().for_each(|cell| cells[cell as usize].push(number as u32));
    }

    let mut builder = Graph::builder(mentors.iter().map(|mentor| mentor.seats).collect()).expect("small");
    builder.reserve(students as usize, students as usize * CANDIDATES);
    for _ in 0..students {
        let field = numbers.below(FIELDS).min(if kind.uneven { numbers.below(FIELDS) } else { FIELDS });
        let language = numbers.language();
        let cell = &cells[(field * LANGUAGES + language) as usize];
        let availability = numbers.availability();
        // Half have just come; the others wait, fewer and fewer the longer.
        let weeks = if numbers.below(2) == 0 { 0 } else { numbers.below(53).min(numbers.below(53)) };
        let begin = numbers.below(cell.len().max(1) as u64) as usize;
        let mut candidates = Vec::with_capacity(CANDIDATES);
        for mentor in cell[begin..].iter().chain(&cell[..begin]) {
            if candidates.len() == CANDIDATES {
                break;
            }
            let who = &mentors[*mentor as usize];
            let overlap = u64::from((who.availability & availability).count_ones());
            if overlap >= 3 {
                let first_choices =
                    u64::from(who.fields[0] == field) * 200 + u64::from(who.languages[0] == language) * 150;
                let fit = first_choices + overlap.min(12) * 40 + numbers.below(170);
                candidates.push((*mentor, (1_000 * weeks + fit) as i64));
            }
        }
        builder.add(candidates).expect("valid");
    }
    Problem::new(builder.build(), &[]).expect("no pins")
}

/// What placing each student with the best mentor who has a seat left comes to, in order of arrival.
fn first_come(problem: &Problem) -> (u64, i64) {
    let (mut seats, mut placed, mut value) = (problem.seats().to_vec(), 0, 0);
    for student in 0..problem.students() {
        let with_seat = problem.edges(student).iter().filter(|edge| seats[edge.mentor as usize] > 0);
        if let Some(best) = with_seat.max_by_key(|edge| edge.value) {
            seats[best.mentor as usize] -= 1;
            placed += 1;
            value += i64::from(best.value);
        }
    }
    (placed, value)
}

/// What OR-tools' minimum cost flow makes of a school: the seconds that it took, how many it placed, and what
/// that is worth.
fn min_cost_flow(python: &str, problem: &Problem) -> Option<(f64, u64, i64)> {
    let edges = || (0..problem.students()).map(|student| problem.edges(student));
    let pairs = || edges().flatten();
    let head = [problem.students(), problem.seats().len() as u32, pairs().count() as u32];
    let numbers = head.into_iter().chain(problem.seats().iter().copied());
    let numbers = numbers.chain(edges().map(|edges| edges.len() as u32));
    let numbers = numbers.chain(pairs().map(|edge| edge.mentor)).chain(pairs().map(|edge| edge.value as u32));
    let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/min_cost_flow.py");
    let command = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = command.expect("a Python with ortools");
    child.stdin.take().expect("piped").write_all(&bytes).expect("read");
    let output = child.wait_with_output().expect("an answer");
    let text = String::from_utf8(output.stdout).expect("text");
    let words: Vec<&str> = text.split_whitespace().collect();
    let [seconds, placed, value] = words[..] else { return None };
    Some((seconds.parse().ok()?, placed.parse().ok()?, value.parse().ok()?))
}

/// The most memory that this process had, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

fn measure(students: u64, mentors: u64, kind: Kind, parameters: &Parameters, against: Option<&str>) {
    let problem = school(students, mentors, kind, parameters.seed);
    let pairs = problem.graph().pairs();
    let seats: u64 = problem.seats().iter().map(|seats| u64::from(*seats)).sum();
    let started = Instant::now();
    let matching = problem.solve(parameters);
    let seconds = started.elapsed().as_secs_f64();
    let peak_mb = peak_mb();
    let (greedy_placed, greedy_value) = first_come(&problem);
    let percent = 100.0 * matching.gap() as f64 / matching.value as f64;
    println!(
        "{students} x {mentors} {}: {pairs} pairs, {seats} seats, {seconds:.2} s, {peak_mb} MB, placed {}, \
         value {}, bound {}, gap {percent:.4}%; first come: placed {greedy_placed}, value {greedy_value} ({:+.2}%)",
        kind.name,
        matching.placed,
        matching.value,
        matching.bound,
        100.0 * (greedy_value - matching.value) as f64 / matching.value as f64,
    );
    let Some(python) = against else { return };
    let (took, placed, value) = min_cost_flow(python, &problem).expect("three numbers");
    println!(
        "    minimum cost flow: {took:.2} s, {:.1} times as long; placed {placed} ({:+}), value {value} ({:+})",
        took / seconds,
        placed as i64 - matching.placed as i64,
        value - matching.value,
    );
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |name| arguments.iter().find_map(|argument| argument.strip_prefix(name)?.parse::<u32>().ok());
    let (seed, gap_millionths) = (number("seed=").unwrap_or(1), number("gap=").unwrap_or(0));
    let against = arguments.iter().find_map(|argument| argument.strip_prefix("against="));
    let size = |argument: &String| {
        let (students, mentors) = argument.split_once('x')?;
        Some((students.parse::<u64>().ok()?, mentors.parse::<u64>().ok()?))
    };
    let mut sizes: Vec<(u64, u64)> = arguments.iter().filter_map(size).collect();
    if sizes.is_empty() {
        sizes = vec![(10_000, 1_000), (100_000, 4_000), (1_000_000, 40_000)];
    }
    let mut kinds = KINDS.to_vec();
    kinds.retain(|kind| arguments.iter().any(|argument| argument == kind.name));
    if kinds.is_empty() {
        kinds = KINDS.to_vec();
    }
    if let ([(students, mentors)], [kind]) = (&*sizes, &*kinds) {
        measure(*students, *mentors, *kind, &Parameters { gap_millionths, seed: seed.into() }, against);
        return ExitCode::SUCCESS;
    }
    let program = std::env::current_exe().expect("this program");
    for (students, mentors) in sizes {
        for kind in &kinds {
            let own = [format!("{students}x{mentors}"), kind.name.to_owned()];
            let shared = [format!("seed={seed}"), format!("gap={gap_millionths}")];
            let against = against.map(|python| format!("against={python}"));
            let status = Command::new(&program).args(own).args(shared).args(against).status();
            if !status.is_ok_and(|status| status.success()) {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
