//! The numbers of a defense that the school may change.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::availability::Level;
use crate::jury::Caps;
use crate::session::policy::opening_statement_days;

/// What the school allows around a defense, as the catalog's policies have it. A defense keeps the
/// numbers of the day it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefensePolicy {
    /// Days from the request to the first date that is early enough for a juror to prepare.
    pub notice_days_min: u32,
    /// Days from the request to the last date that does not keep the student waiting.
    pub notice_days_max: u32,
    /// Shortest defense, in minutes.
    pub length_minutes_min: u32,
    /// Longest defense, in minutes.
    pub length_minutes_max: u32,
    /// Minutes that a defense takes where nobody says otherwise.
    #[serde(default = "opening_length_minutes")]
    pub length_minutes: u32,
    /// The most defenses that one juror judges on a day of their own calendar.
    #[serde(default = "opening_per_day_max")]
    pub per_day_max: u32,
    /// The most defenses that one juror judges in a week.
    #[serde(default = "opening_per_week_max")]
    pub per_week_max: u32,
    /// How well a juror must speak the language of the defense.
    #[serde(default = "opening_juror_language_level_min")]
    pub juror_language_level_min: Level,
    /// Minutes before its time at which a defense may start.
    pub start_minutes_early: u32,
    /// Minutes after its time until which a defense may still start.
    pub start_minutes_late: u32,
    /// Minutes after its time before which nobody is said to be absent.
    pub no_show_minutes: u32,
    /// Hours the student has to upload what a conditional verdict asks for.
    pub condition_upload_hours: u32,
    /// Hours the juror then has to look at it.
    pub condition_decision_hours: u32,
    /// Hours after a defense in which some recording must have been announced.
    pub recording_hours: u32,
    /// Part of the meeting that a recording must cover to need no second look.
    pub recording_share_percent: u8,
    /// Days after the end of its month on which the pay for it is stated.
    #[serde(default = "opening_statement_days")]
    pub statement_days: u32,
}

impl DefensePolicy {
    /// The school's numbers since its first jury: 14 to 21 days ahead, 48 h and 48 h, a day for
    /// the recording (scenario S9) and 60 percent of the meeting are the design's; lengths, what one
    /// juror judges and the times around the start are ours.
    pub const OPENING: Self = Self {
        notice_days_min: 14,
        notice_days_max: 21,
        length_minutes_min: 15,
        length_minutes_max: 180,
        length_minutes: 45,
        per_day_max: 3,
        per_week_max: 8,
        juror_language_level_min: Level::B2,
        start_minutes_early: 10,
        start_minutes_late: 60,
        no_show_minutes: 15,
        condition_upload_hours: 48,
        condition_decision_hours: 48,
        recording_hours: 24,
        recording_share_percent: 60,
        statement_days: opening_statement_days(),
    };
}

impl DefensePolicy {
    /// How much one juror judges.
    pub const fn caps(&self) -> Caps {
        Caps { per_day: self.per_day_max, per_week: self.per_week_max }
    }
}

fn opening_length_minutes() -> u32 {
    DefensePolicy::OPENING.length_minutes
}

fn opening_per_day_max() -> u32 {
    DefensePolicy::OPENING.per_day_max
}

fn opening_per_week_max() -> u32 {
    DefensePolicy::OPENING.per_week_max
}

fn opening_juror_language_level_min() -> Level {
    DefensePolicy::OPENING.juror_language_level_min
}

/// Defenses that were kept before they named their rules were asked for under the opening ones.
impl Default for DefensePolicy {
    fn default() -> Self {
        Self::OPENING
    }
}

/// So many minutes later, or the end of time.
pub(super) fn minutes_after(at: Timestamp, minutes: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes.into())).unwrap_or(Timestamp::MAX)
}

/// So many minutes earlier, or the beginning of time.
pub(super) fn minutes_before(at: Timestamp, minutes: u32) -> Timestamp {
    at.checked_sub(SignedDuration::from_mins(minutes.into())).unwrap_or(Timestamp::MIN)
}

/// So many hours later, or the end of time.
pub(super) fn hours_after(at: Timestamp, hours: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MAX)
}
