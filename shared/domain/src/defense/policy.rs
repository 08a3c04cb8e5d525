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
    /// Hours after a defense in which its verdict is due.
    #[serde(default = "opening_verdict_hours")]
    pub verdict_hours: u32,
    /// Days after the outcome in which the student may appeal.
    #[serde(default = "opening_appeal_days")]
    pub appeal_days: u32,
    /// Failed defenses of a project after which the next one needs an action plan.
    #[serde(default = "opening_plan_after_failed")]
    pub plan_after_failed: u32,
    /// How a defense is spent.
    #[serde(default = "opening_agenda")]
    pub agenda: DefenseAgenda,
    /// Version of the text that student and juror agree to before they are recorded.
    #[serde(default = "opening_consent_version")]
    pub consent_version: u32,
    /// Days that a recording is kept after its defense.
    #[serde(default = "opening_retention_days")]
    pub retention_days: u32,
}

/// How the minutes of a defense are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefenseAgenda {
    /// Shortest presentation of the student's, in minutes.
    pub presentation_minutes_min: u32,
    /// Longest one.
    pub presentation_minutes_max: u32,
    /// Minutes of the juror's questions.
    pub questions_minutes: u32,
}

impl DefensePolicy {
    /// The school's numbers since its first jury: 14 to 21 days ahead, 48 h for the verdict, 48 h and
    /// 48 h after a conditional one, 15 days for an appeal, a plan after two fails, 20 to 30 and 10
    /// minutes, a day for the recording (scenario S9) and 60 percent of the meeting are the design's;
    /// lengths, what one juror judges and the times around the start are ours.
    pub const OPENING: Self = Self {
        notice_days_min: 14,
        notice_days_max: 21,
        length_minutes_min: 30,
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
        verdict_hours: 48,
        appeal_days: 15,
        plan_after_failed: 2,
        agenda: DefenseAgenda {
            presentation_minutes_min: 20,
            presentation_minutes_max: 30,
            questions_minutes: 10,
        },
        consent_version: 1,
        retention_days: 1095,
    };
}

impl DefenseAgenda {
    /// Whether all of it fits into a defense of so many minutes.
    pub const fn fits(&self, minutes: u32) -> bool {
        0 < self.presentation_minutes_min
            && self.presentation_minutes_min <= self.presentation_minutes_max
            && self.presentation_minutes_max.saturating_add(self.questions_minutes) <= minutes
    }
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

fn opening_verdict_hours() -> u32 {
    DefensePolicy::OPENING.verdict_hours
}

fn opening_appeal_days() -> u32 {
    DefensePolicy::OPENING.appeal_days
}

fn opening_plan_after_failed() -> u32 {
    DefensePolicy::OPENING.plan_after_failed
}

fn opening_agenda() -> DefenseAgenda {
    DefensePolicy::OPENING.agenda
}

fn opening_consent_version() -> u32 {
    DefensePolicy::OPENING.consent_version
}

fn opening_retention_days() -> u32 {
    DefensePolicy::OPENING.retention_days
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

/// So many days of 24 hours later, or the end of time.
pub(super) fn days_after(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

/// So many hours later, or the end of time.
pub(super) fn hours_after(at: Timestamp, hours: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MAX)
}
