//! What a pair is worth: how long the student waits, and how well the two fit.

use jiff::Timestamp;

use super::{Candidate, Hours, Seeker};
use crate::availability::Level;

/// What the best pair fits.
pub const FIT_MAX: i64 = 999;
/// Weeks of waiting beyond which waiting longer counts no more.
pub const WEEKS_WAITED_MAX: i64 = 52;

const FIELD: i64 = 300;
const LANGUAGE: i64 = 200;
const OVERLAP: i64 = 250;
const LOAD: i64 = 150;
const CONTINUITY: i64 = 99;

/// Quarters at which a meeting could begin from which on more of them count no more: some ten hours a week.
const STARTS_ENOUGH: i64 = 40;

/// How well two fit, part by part: what staff are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fit {
    /// The mentor works in what the student studies.
    pub field: i64,
    /// How well the mentor speaks the student's language.
    pub language: i64,
    /// How many hours of the week they have in common.
    pub overlap: i64,
    /// How many seats of the mentor are free; the last ones count most.
    pub load: i64,
    /// The mentor knows the student already.
    pub continuity: i64,
}

impl Fit {
    /// Of two who could meet at these times.
    pub(super) fn of(seeker: &Seeker, candidate: &Candidate, starts: &Hours) -> Self {
        let said = &candidate.availability;
        let works_in_it = said.fields.iter().any(|field| field == seeker.degree.as_str());
        let spoken = match said.speaks(&seeker.language) {
            Some(Level::C2) => LANGUAGE,
            Some(Level::C1) => LANGUAGE * 3 / 4,
            Some(Level::B2) => LANGUAGE / 2,
            _ => 0,
        };
        let starts = i64::try_from(starts.quarters().count()).unwrap_or(STARTS_ENOUGH);
        let capacity = i64::from(candidate.capacity.max(1));
        let taken = capacity - i64::from(candidate.free).min(capacity);
        Self {
            field: if works_in_it { FIELD } else { 0 },
            language: spoken,
            overlap: OVERLAP * starts.min(STARTS_ENOUGH) / STARTS_ENOUGH,
            load: LOAD - LOAD * taken * taken / (capacity * capacity),
            continuity: if seeker.former.contains(&candidate.mentor) { CONTINUITY } else { 0 },
        }
    }

    /// All of it: 0 to [`FIT_MAX`].
    pub const fn total(&self) -> i64 {
        self.field + self.language + self.overlap + self.load + self.continuity
    }

    /// What the pair is worth: a thousand for each week that the student has waited, and how well they fit.
    pub fn value(&self, seeker: &Seeker, now: Timestamp) -> i64 {
        let weeks = seeker.since.duration_until(now).as_hours() / (7 * 24);
        1000 * weeks.clamp(0, WEEKS_WAITED_MAX) + self.total()
    }
}
