use good_lp::{Expression, ProblemVariables, Solution, SolverModel, microlp, variable};
use proptest::prelude::*;

use super::*;

/// A problem over mentors with so many seats, and for each student the pairs `(mentor, value)`.
fn problem(seats: &[u32], students: &[Vec<(u32, i64)>], pins: &[(u32, u32)]) -> Problem {
    let mut builder = Graph::builder(seats.to_vec()).expect("small");
    for edges in students {
        builder.add(edges.iter().copied()).expect("valid");
    }
    Problem::new(builder.build(), pins).expect("valid")
}

fn solve(problem: &Problem) -> Matching {
    problem.solve(&Parameters::default())
}

#[test]
fn the_greedy_trap_is_avoided() {
    let matching = solve(&problem(&[1, 1], &[vec![(0, 10), (1, 9)], vec![(0, 9)]], &[]));
    assert_eq!(matching.mentors, [Some(1), Some(0)]);
    assert_eq!((matching.placed, matching.value, matching.bound), (2, 18, 18));
}

#[test]
fn who_waited_longest_comes_first() {
    for waited in [[9, 5, 1], [1, 5, 9], [5, 9, 1]] {
        let students = waited.map(|weeks| vec![(0, 1_000 * weeks + 500)]);
        let matching = solve(&problem(&[2], &students, &[]));
        assert_eq!(matching.mentors, waited.map(|weeks| (weeks > 1).then_some(0)));
        assert_eq!((matching.placed, matching.value, matching.gap()), (2, 15_000, 0));
        assert_eq!(matching.unplaced.len(), 1);
        assert_eq!(matching.unplaced[0].reason, Reason::Capacity);
    }
}

#[test]
fn as_many_are_placed_as_there_are_seats() {
    let students = vec![vec![(0, 700), (1, 600)]; 5];
    let matching = solve(&problem(&[2, 2], &students, &[]));
    assert_eq!((matching.placed, matching.value, matching.gap()), (4, 2_600, 0));
}

#[test]
fn whoever_has_no_candidate_is_told_so() {
    let matching = solve(&problem(&[0, 1], &[vec![], vec![(0, 5)], vec![(0, 7), (1, 3)]], &[]));
    assert_eq!(matching.mentors, [None, None, Some(1)]);
    let unplaced = [(0, Reason::NoCandidate), (1, Reason::Capacity)];
    assert_eq!(matching.unplaced, unplaced.map(|(student, reason)| Unplaced { student, reason }));
    assert_eq!(matching.gap(), 0);
}

#[test]
fn more_students_may_be_worth_less() {
    // The best pair alone is worth 100; both students can be placed only for 1.
    let matching = solve(&problem(&[1, 1], &[vec![(0, 100), (1, 0)], vec![(0, 1)]], &[]));
    assert_eq!((matching.placed, matching.value, matching.gap()), (2, 1, 0));
}

#[test]
fn a_scarce_seat_may_cost_less_than_nothing() {
    // The second student is worth 100 on the first seat, but only there lets the third have the last one.
    let students = [vec![(0, 1)], vec![(0, 100), (1, 0)], vec![(1, 0), (2, 100)], vec![(2, 0)]];
    let matching = solve(&problem(&[1, 1, 1], &students, &[]));
    assert_eq!(matching.mentors, [Some(0), Some(1), Some(2), None]);
    assert_eq!((matching.placed, matching.value, matching.gap()), (3, 101, 0));
    assert!(matching.certificate.prices[1] <= -99);
}

#[test]
fn a_student_is_pinned_once() {
    let graph = || problem(&[1], &[vec![(0, 1)]], &[]).graph().clone();
    for (pins, refusal) in [
        ([(0, 0), (0, 0)], InvalidPin::PinnedTwice { student: 0 }),
        ([(0, 0), (1, 0)], InvalidPin::NoSuchStudent { student: 1 }),
        ([(0, 1), (0, 0)], InvalidPin::NoSuchMentor { mentor: 1 }),
    ] {
        assert_eq!(Problem::new(graph(), &pins).map(|_| ()), Err(refusal));
    }
}

/// The largest number of students, one augmenting path at a time.
fn maximum_flow(problem: &Problem) -> u64 {
    fn place(problem: &Problem, student: u32, seen: &mut [bool], seated: &mut [Vec<u32>]) -> bool {
        for edge in problem.edges(student) {
            let mentor = edge.mentor as usize;
            if std::mem::replace(&mut seen[mentor], true) {
                continue;
            }
            if seated[mentor].len() < problem.seats()[mentor] as usize {
                seated[mentor].push(student);
                return true;
            }
            for seat in 0..seated[mentor].len() {
                if place(problem, seated[mentor][seat], seen, seated) {
                    seated[mentor][seat] = student;
                    return true;
                }
            }
        }
        false
    }
    let mentors = problem.seats().len();
    let mut seated = vec![Vec::new(); mentors];
    let placed = (0..problem.students())
        .filter(|student| place(problem, *student, &mut vec![false; mentors], &mut seated));
    placed.count() as u64
}

/// What the best matching of exactly so many students is worth.
fn linear_optimum(problem: &Problem, placed: u64) -> i64 {
    let mut variables = ProblemVariables::new();
    let mut by_mentor = vec![Expression::default(); problem.seats().len()];
    let mut by_student = Vec::new();
    let (mut value, mut count) = (Expression::default(), Expression::default());
    for student in 0..problem.students() {
        let mut places = Expression::default();
        for edge in problem.edges(student) {
            let pair = variables.add(variable().min(0).max(1));
            places += pair;
            count += pair;
            value += f64::from(edge.value) * pair;
            by_mentor[edge.mentor as usize] += pair;
        }
        by_student.push(places);
    }
    let mut model = variables.maximise(value.clone()).using(microlp);
    for places in by_student {
        model.add_constraint(places.leq(1));
    }
    for (taken, seats) in by_mentor.into_iter().zip(problem.seats()) {
        model.add_constraint(taken.leq(*seats));
    }
    model.add_constraint(count.eq(placed as f64));
    model.solve().expect("feasible").eval(value).round() as i64
}

/// Whether every placed student has a mentor who comes into question, and no mentor too many students.
fn is_valid(problem: &Problem, matching: &Matching) -> bool {
    let mut taken = vec![0; problem.seats().len()];
    for (student, mentor) in (0..).zip(&matching.mentors) {
        if let (Some(mentor), None) = (mentor, problem.pinned()[student as usize]) {
            taken[*mentor as usize] += 1;
            if !problem.edges(student).iter().any(|edge| edge.mentor == *mentor) {
                return false;
            }
        }
    }
    taken.iter().zip(problem.seats()).all(|(taken, seats)| taken <= seats)
}

prop_compose! {
    fn students(mentors: u32, most: usize)(
        students in prop::collection::vec(
            (0_i64..4, prop::collection::btree_map(0..mentors, 0_i64..999, 0..5)), 0..most,
        ),
    ) -> Vec<Vec<(u32, i64)>> {
        let edges = |(weeks, fits): (i64, std::collections::BTreeMap<u32, i64>)| {
            fits.into_iter().map(|(mentor, fit)| (mentor, 1_000 * weeks + fit)).collect()
        };
        students.into_iter().map(edges).collect()
    }
}

prop_compose! {
    /// Small problems, some with too few seats and some with enough, and a few pairs that stay.
    fn problems()(seats in prop::collection::vec(0_u32..4, 1..7))(
        students in students(seats.len() as u32, 14),
        pins in prop::collection::btree_map(0_u32..14, 0..seats.len() as u32, 0..3),
        seats in Just(seats),
    ) -> Problem {
        let pins = pins.into_iter().filter(|(student, _)| (*student as usize) < students.len());
        problem(&seats, &students, &Vec::from_iter(pins))
    }
}

prop_compose! {
    /// Problems whose markets are large enough for chains of students and for phases.
    fn larger_problems()(seats in prop::collection::vec(0_u32..16, 30..50))(
        students in students(seats.len() as u32, 400),
        seats in Just(seats),
    ) -> Problem {
        problem(&seats, &students, &[])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Here the certificate is the proof; that no certificate proves too much is a property of its own.
    #[test]
    fn a_larger_problem_is_solved_to_the_optimum_too(problem in larger_problems(), seed: u64) {
        let matching = problem.solve(&Parameters { seed, ..Parameters::default() });
        prop_assert!(is_valid(&problem, &matching));
        prop_assert_eq!(matching.placed, maximum_flow(&problem));
        prop_assert_eq!(matching.certificate.bound(&problem).placed, matching.placed);
        prop_assert_eq!(matching.gap(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn as_many_as_can_be_are_placed_and_no_way_to_do_so_is_worth_more(problem in problems()) {
        let matching = solve(&problem);
        prop_assert!(is_valid(&problem, &matching));
        prop_assert_eq!(matching.placed, maximum_flow(&problem));
        prop_assert_eq!(matching.certificate.bound(&problem).placed, matching.placed);
        prop_assert_eq!(matching.value, linear_optimum(&problem, matching.placed));
        prop_assert_eq!(matching.bound, matching.value);
    }

    #[test]
    fn an_auction_that_stops_early_proves_how_far_it_got(problem in problems(), gap_millionths in 0_u32..300_000) {
        let matching = problem.solve(&Parameters { gap_millionths, seed: 7 });
        prop_assert!(is_valid(&problem, &matching));
        prop_assert_eq!(matching.placed, maximum_flow(&problem));
        let optimum = linear_optimum(&problem, matching.placed);
        prop_assert!(matching.value <= optimum && optimum <= matching.bound);
        prop_assert!(matching.gap() * 1_000_000 <= matching.value * i64::from(gap_millionths));
    }

    /// Weak duality asks nothing of a certificate.
    #[test]
    fn no_certificate_proves_too_much(
        problem in problems(),
        prices in prop::collection::vec(-2_000_i64..2_000, 7),
        scarce in prop::collection::vec(any::<bool>(), 7),
    ) {
        let bound = Certificate { prices, scarce }.bound(&problem);
        let placed = maximum_flow(&problem);
        prop_assert!(bound.placed >= placed);
        prop_assert!(bound.placed > placed || bound.value >= linear_optimum(&problem, placed));
    }

    #[test]
    fn pinned_pairs_stay(problem in problems(), seed: u64) {
        let matching = problem.solve(&Parameters { seed, ..Parameters::default() });
        for (pinned, mentor) in problem.pinned().iter().zip(&matching.mentors) {
            prop_assert!(pinned.is_none() || pinned == mentor);
        }
    }

    #[test]
    fn a_seed_gives_one_answer_on_any_number_of_threads(problem in problems(), seed: u64) {
        let parameters = Parameters { seed, ..Parameters::default() };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| problem.solve(&parameters))
        };
        prop_assert_eq!(on(1), on(2));
    }
}
