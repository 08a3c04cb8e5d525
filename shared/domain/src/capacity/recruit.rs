//! Who has to begin training so that nothing is missing once they are ready.

use super::forecast::Mentors;
use super::whole::{WHOLE, kept_weekly, narrow, times};
use super::{CellPlan, Week};

/// Graduates against what is asked of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Graduates {
    /// How many would have to become mentors.
    pub needed: u64,
    /// How many there are.
    pub there: u64,
}

/// What holds for whoever is recruited.
pub(super) struct Recruiting<'a> {
    pub mentors: &'a Mentors,
    pub mentor_minutes: u64,
    pub lead_weeks: usize,
}

impl Graduates {
    /// Whether there are as many as are needed.
    pub const fn enough(self) -> bool {
        self.needed <= self.there
    }

    /// How many of a thousand would have to, rounded up; nothing where nobody has graduated.
    pub fn per_mille(self) -> Option<u64> {
        (self.there > 0).then(|| narrow((u128::from(self.needed) * 1_000).div_ceil(u128::from(self.there))))
    }
}

impl Week {
    /// Those who have to have begun training to be ready by now, and those who could have.
    pub const fn graduates(&self) -> Graduates {
        Graduates { needed: self.trained, there: self.graduates }
    }
}

impl Recruiting<'_> {
    /// Lets as many begin training for a cell, as late as can be, as fill in each week what is missing and
    /// follow those who left; before the first of them are ready, nothing helps.
    pub fn recruit(&self, cell: &mut CellPlan, weeks: &mut [Week]) {
        let kept = kept_weekly(self.mentors.leave_per_mille_a_year);
        let (mut here, mut trained) = (0_u128, 0);
        for week in 0..weeks.len() {
            let shortage = cell.shortage_minutes(week);
            let missing = shortage.div_ceil(self.mentor_minutes);
            here = times(here, kept);
            if let Some(begins) = week.checked_sub(self.lead_weeks) {
                let more = u64::try_from((u128::from(missing) * WHOLE).saturating_sub(here).div_ceil(WHOLE));
                let more = more.unwrap_or(u64::MAX);
                here += u128::from(more) * WHOLE;
                trained += more;
                cell.recruits[begins] = more;
                weeks[begins].recruits += more;
            }
            let given = narrow(here / WHOLE) * self.mentor_minutes;
            weeks[week].mentors_missing += missing;
            weeks[week].trained += trained;
            weeks[week].missing_after_minutes += shortage.saturating_sub(given);
        }
    }
}
