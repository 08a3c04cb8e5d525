//! Whether a mentor's week has an hour for each of their new students.

use super::{Hours, PairingPolicy};

/// For each student, in order, the quarter at which the two begin to meet every week: as many students as
/// there are hours for. Earlier students keep theirs where not all find one.
///
/// The mentor's open time is cut into meetings one behind the other; students are matched to these, by
/// alternating paths. Whoever is left is tried at any quarter that is still open, so no week is said to be
/// full that a simple look would fill.
pub(super) fn hours_for(mentor: &Hours, students: &[Hours], policy: &PairingPolicy) -> Vec<Option<usize>> {
    let quarters = policy.quarters();
    let slots = mentor.slots(quarters);
    let suits = |student: usize, slot: usize| students[student].holds(slots[slot], quarters);
    let mut held_by: Vec<Option<usize>> = vec![None; slots.len()];
    for student in 0..students.len() {
        let mut tried = vec![false; slots.len()];
        settle(student, &suits, &mut held_by, &mut tried);
    }
    let mut found = vec![None; students.len()];
    let mut left = *mentor;
    for (slot, student) in held_by.iter().enumerate() {
        if let Some(student) = *student {
            found[student] = Some(slots[slot]);
            left.take(slots[slot], quarters);
        }
    }
    for (student, place) in students.iter().zip(&mut found) {
        if place.is_none()
            && let Some(start) = left.and(student).starts(quarters).quarters().next()
        {
            left.take(start, quarters);
            *place = Some(start);
        }
    }
    found
}

/// Gives a student a slot, moving others to slots that suit them too; true where that was possible.
fn settle(
    student: usize,
    suits: &impl Fn(usize, usize) -> bool,
    held_by: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for slot in 0..held_by.len() {
        if tried[slot] || !suits(student, slot) {
            continue;
        }
        tried[slot] = true;
        if held_by[slot].is_none_or(|other| settle(other, suits, held_by, tried)) {
            held_by[slot] = Some(student);
            return true;
        }
    }
    false
}
