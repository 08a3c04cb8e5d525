//! How many mentors there are in each week, and whom they reach.

use super::forecast::{Cell, MentorGroup, Mentors};
use super::whole::{WHOLE, kept_weekly, narrow, times};

/// How many of a group there are in each week: fewer by those who leave, more by those who are trained.
pub(super) fn stock(group: &MentorGroup, mentors: &Mentors, weeks: usize) -> Vec<u64> {
    let kept = kept_weekly(mentors.leave_per_mille_a_year);
    let mut here = u128::from(group.mentors) * WHOLE;
    let stock = (0..weeks).map(|week| {
        if week > 0 {
            here = times(here, kept);
        }
        here += u128::from(group.ready_in(week, mentors)) * WHOLE;
        narrow(here / WHOLE)
    });
    stock.collect()
}

impl MentorGroup {
    /// How many end their training before a week.
    fn ready_in(&self, week: usize, mentors: &Mentors) -> u64 {
        let begun = i32::try_from(week).unwrap_or(i32::MAX) - i32::from(mentors.lead_weeks);
        let steps = self.recruits.iter().filter(|step| {
            let first = i32::from(step.from_week);
            (first..first + i32::from(step.weeks)).contains(&begun)
        });
        steps.map(|step| step.per_week).sum()
    }

    /// What each of them gives in a week.
    pub(super) fn minutes_a_week(&self, mentors: &Mentors) -> u64 {
        let hours = u64::from(self.hours_per_week.unwrap_or(mentors.hours_per_week));
        self.minutes_per_week.unwrap_or(hours * 60)
    }

    /// Whether they can serve a cell: its field, its language, and clocks near enough to theirs.
    pub(super) fn reaches(&self, cell: &Cell, mentors: &Mentors) -> bool {
        self.fields.contains(&cell.field)
            && self.languages.contains(&cell.language)
            && self.utc_offset.minutes_to(cell.utc_offset) <= u32::from(mentors.reach_hours) * 60
    }
}
