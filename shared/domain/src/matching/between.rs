//! Between two runs: a new student, and a mentor who leaves.

use super::{Graph, Parameters, Problem, Reason};

/// The mentor whom a new student gets at once: of those with a free seat the one of the greatest value
/// less the price of the last run. Of equals the first.
pub fn best_offer(
    candidates: impl IntoIterator<Item = (u32, i64)>,
    prices: &[i64],
    free_seats: &[u32],
) -> Option<u32> {
    let mut best = None;
    for (mentor, value) in candidates {
        let place = mentor as usize;
        let (Some(price), Some(1..)) = (prices.get(place), free_seats.get(place)) else { continue };
        let profit = value - price;
        if best.is_none_or(|(most, _)| profit > most) {
            best = Some((profit, mentor));
        }
    }
    best.map(|(_, mentor)| mentor)
}

/// Finds other mentors for the students of one who leaves: as many as can be placed on the seats that are
/// free now, at the greatest value. Everyone else stays, so no price is asked: only students who would
/// move could pay one. Gives each of the mentor's students, by number, with the new mentor or why there
/// is none.
pub fn resettle(
    graph: &Graph,
    mentors: &[Option<u32>],
    leaving: u32,
    parameters: &Parameters,
) -> Vec<(u32, Result<u32, Reason>)> {
    let (mut students, mut free_seats) = (Vec::new(), graph.seats().to_vec());
    for (student, mentor) in (0..graph.students()).zip(mentors) {
        if *mentor == Some(leaving) {
            students.push(student);
        } else if let Some(seats) = mentor.and_then(|mentor| free_seats.get_mut(mentor as usize)) {
            *seats = seats.saturating_sub(1);
        }
    }
    let matching = Problem::from(graph.part(&students, leaving, free_seats)).solve(parameters);
    let mut places: Vec<_> = students.iter().map(|student| (*student, Err(Reason::Capacity))).collect();
    for ((_, place), mentor) in places.iter_mut().zip(&matching.mentors) {
        *place = mentor.ok_or(Reason::Capacity);
    }
    for unplaced in &matching.unplaced {
        places[unplaced.student as usize].1 = Err(unplaced.reason);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(seats: &[u32], students: &[&[(u32, i64)]]) -> Graph {
        let mut builder = Graph::builder(seats.to_vec()).expect("small");
        for edges in students {
            builder.add(edges.iter().copied()).expect("valid");
        }
        builder.build()
    }

    #[test]
    fn a_new_student_takes_the_best_of_value_less_price() {
        let offer = |free_seats: &[u32]| {
            best_offer([(0, 900), (1, 700), (2, 650), (7, 999)], &[400, 100, 50], free_seats)
        };
        assert_eq!(offer(&[1, 1, 1]), Some(1));
        assert_eq!(offer(&[1, 0, 1]), Some(2));
        assert_eq!(offer(&[1, 0, 0]), Some(0));
        assert_eq!(offer(&[0, 0, 0]), None);
    }

    #[test]
    fn only_the_students_of_the_mentor_who_leaves_move() {
        let students: [&[(u32, i64)]; 5] = [
            &[(0, 90), (1, 80)],
            &[(0, 90), (1, 85), (2, 10)],
            &[(0, 90)],
            &[(1, 1)], // would make room for a better pair, but stays
            &[(0, 10), (2, 5)],
        ];
        let graph = graph(&[3, 2, 1], &students);
        let mentors = [Some(0), Some(0), Some(0), Some(1), None];
        let places = resettle(&graph, &mentors, 0, &Parameters::default());
        assert_eq!(places, [(0, Ok(1)), (1, Ok(2)), (2, Err(Reason::NoCandidate))]);
        let mentors = [Some(0), Some(0), Some(0), Some(1), Some(2)];
        let places = resettle(&graph, &mentors, 0, &Parameters::default());
        assert_eq!(places, [(0, Err(Reason::Capacity)), (1, Ok(1)), (2, Err(Reason::NoCandidate))]);
    }
}
