//! The numbers that the school decided on, from a date, each with its source.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::availability::{Level, LocalTime};
use crate::billing::{Completion, DUNNING_TRIES, PauseBegins, Terms};
use crate::defense::{DefenseAgenda, DefensePolicy};
use crate::pairing::PairingPolicy;
use crate::session::SessionPolicy;

/// A number of policy, and who or what it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// What holds.
    pub value: T,
    /// The law, contract or decision behind it.
    pub source: String,
}

/// A part of a whole, such as one third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// So many
    pub numerator: u32,
    /// of so many equal parts.
    pub denominator: u32,
}

/// The school's numbers from a date on, until the next policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The first date on which it holds.
    pub since: Date,
    /// Days in which a new student may step back from the contract.
    pub cooling_off_days: Sourced<u16>,
    /// Days until a quote expires.
    pub quote_days: Sourced<u16>,
    /// Days from an invoice's issue to the date it is due.
    pub payment_days: Sourced<u16>,
    /// Days that an invoice may be past due before the enrollment is suspended.
    pub grace_days: Sourced<u16>,
    /// Days after the due date on which a payment that was refused for a passing reason is tried again.
    #[serde(default = "opening_dunning_days")]
    pub dunning_days: Sourced<[u16; DUNNING_TRIES]>,
    /// What is owed of the month in which study ends with the degree.
    #[serde(default = "opening_completion")]
    pub completion: Sourced<Completion>,
    /// When a pause that is asked for begins.
    #[serde(default = "opening_pause_begins")]
    pub pause_begins: Sourced<PauseBegins>,
    /// Months after which a pause that nobody ended is a withdrawal.
    pub pause_months_max: Sourced<u32>,
    /// Days before a pause's end on which the student is reminded, the earlier first.
    pub pause_reminder_days: Sourced<[u16; 2]>,
    /// Days of active time that a student may be without a mentor.
    pub mentor_gap_days_max: Sourced<u16>,
    /// Most students of somebody who begins to mentor.
    #[serde(default = "opening_novice_seats_max")]
    pub novice_seats_max: Sourced<u32>,
    /// How well a mentor must speak a student's language, by the European framework of reference.
    #[serde(default = "opening_mentor_language_level_min")]
    pub mentor_language_level_min: Sourced<Level>,
    /// When a student who has not said so can be met, on their own wall: from and up to.
    #[serde(default = "opening_waking_hours")]
    pub waking_hours: Sourced<[LocalTime; 2]>,
    /// Minutes of a weekly session, where nothing else was agreed.
    #[serde(default = "opening_session_minutes")]
    pub session_minutes: Sourced<u16>,
    /// Hours before a session until which it is cancelled free of charge.
    pub cancellation_hours: Sourced<u32>,
    /// The shortest session, in minutes.
    pub session_minutes_min: Sourced<u16>,
    /// The longest session, in minutes.
    pub session_minutes_max: Sourced<u16>,
    /// Minutes before a session's start from which it can be joined.
    pub join_early_minutes: Sourced<u32>,
    /// Minutes after a session's end until which it can be joined.
    #[serde(default = "opening_join_late_minutes")]
    pub join_late_minutes: Sourced<u32>,
    /// Hours after a session in which its report is on time.
    pub report_hours: Sourced<u32>,
    /// Hours after a session at which its mentor is reminded of a report that is missing.
    #[serde(default = "opening_report_reminder_hours")]
    pub report_reminder_hours: Sourced<u32>,
    /// Hours before a session at which both people are reminded of it, the earlier first.
    #[serde(default = "opening_session_reminder_hours")]
    pub session_reminder_hours: Sourced<[u32; 2]>,
    /// Days after the end of a month on which its statements of pay are closed.
    #[serde(default = "opening_statement_days")]
    pub statement_days: Sourced<u32>,
    /// Days in which a session that was lost through no fault of the student's can be made up for.
    #[serde(default = "opening_make_up_days")]
    pub make_up_days: Sourced<u32>,
    /// Share of a session's length after which whoever has not joined is absent.
    pub no_show_share: Sourced<Share>,
    /// Days from the request of a defense to the first date that is early enough for a juror.
    pub notice_days_min: Sourced<u32>,
    /// Days from the request of a defense to the last date that does not keep the student waiting.
    pub notice_days_max: Sourced<u32>,
    /// The shortest defense, in minutes.
    pub defense_minutes_min: Sourced<u32>,
    /// The longest defense, in minutes.
    pub defense_minutes_max: Sourced<u32>,
    /// Minutes that a defense takes where nobody says otherwise.
    #[serde(default = "opening_defense_minutes")]
    pub defense_minutes: Sourced<u32>,
    /// The most defenses that one juror judges on a day of their own calendar.
    #[serde(default = "opening_defenses_per_day_max")]
    pub defenses_per_day_max: Sourced<u32>,
    /// The most defenses that one juror judges in a week.
    #[serde(default = "opening_defenses_per_week_max")]
    pub defenses_per_week_max: Sourced<u32>,
    /// How well a juror must speak the language of a defense, by the European framework of reference.
    #[serde(default = "opening_juror_language_level_min")]
    pub juror_language_level_min: Sourced<Level>,
    /// Minutes before its time at which a defense may start.
    pub defense_early_minutes: Sourced<u32>,
    /// Minutes after its time until which a defense may still start.
    pub defense_late_minutes: Sourced<u32>,
    /// Minutes after a defense's time before which nobody is said to be absent.
    pub defense_no_show_minutes: Sourced<u32>,
    /// Hours after a defense in which some recording must have been announced.
    pub recording_hours: Sourced<u32>,
    /// Hours the student has to upload what a conditional verdict asks for.
    pub condition_upload_hours: Sourced<u32>,
    /// Hours the juror then has to look at it.
    pub condition_decision_hours: Sourced<u32>,
    /// Part of a defense, in percent, that its recording must cover to need no second look.
    pub recording_share_percent: Sourced<u8>,
    /// Days that a recording is kept after its defense.
    pub recording_retention_days: Sourced<u32>,
    /// Hours after a defense in which its verdict is due.
    #[serde(default = "opening_verdict_hours")]
    pub verdict_hours: Sourced<u32>,
    /// Days after the outcome of a defense in which the student may appeal.
    #[serde(default = "opening_appeal_days")]
    pub appeal_days: Sourced<u32>,
    /// Failed defenses of a project after which the next one needs an action plan.
    #[serde(default = "opening_plan_after_failed")]
    pub plan_after_failed: Sourced<u32>,
    /// How the minutes of a defense are spent.
    #[serde(default = "opening_defense_agenda")]
    pub defense_agenda: Sourced<DefenseAgenda>,
    /// Version of the text that student and juror agree to before they are recorded.
    #[serde(default = "opening_recording_consent_version")]
    pub recording_consent_version: Sourced<u32>,
}

/// What holds where a policy was written before it could say so.
fn opening<T>(value: T) -> Sourced<T> {
    Sourced { value, source: "School policy of January 2026".into() }
}

fn opening_dunning_days() -> Sourced<[u16; DUNNING_TRIES]> {
    opening(Terms::OPENING.dunning_days)
}

fn opening_completion() -> Sourced<Completion> {
    opening(Terms::OPENING.completion)
}

fn opening_join_late_minutes() -> Sourced<u32> {
    opening(SessionPolicy::OPENING.join_late_minutes)
}

fn opening_statement_days() -> Sourced<u32> {
    opening(SessionPolicy::OPENING.statement_days)
}

fn opening_make_up_days() -> Sourced<u32> {
    opening(SessionPolicy::OPENING.make_up_days)
}

fn opening_defense_minutes() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.length_minutes)
}

fn opening_defenses_per_day_max() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.per_day_max)
}

fn opening_defenses_per_week_max() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.per_week_max)
}

fn opening_juror_language_level_min() -> Sourced<Level> {
    opening(DefensePolicy::OPENING.juror_language_level_min)
}

fn opening_verdict_hours() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.verdict_hours)
}

fn opening_appeal_days() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.appeal_days)
}

fn opening_plan_after_failed() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.plan_after_failed)
}

fn opening_defense_agenda() -> Sourced<DefenseAgenda> {
    opening(DefensePolicy::OPENING.agenda)
}

fn opening_recording_consent_version() -> Sourced<u32> {
    opening(DefensePolicy::OPENING.consent_version)
}

fn opening_pause_begins() -> Sourced<PauseBegins> {
    opening(Terms::OPENING.pause_begins)
}

fn opening_novice_seats_max() -> Sourced<u32> {
    opening(PairingPolicy::OPENING.novice_seats_max)
}

fn opening_mentor_language_level_min() -> Sourced<Level> {
    opening(PairingPolicy::OPENING.language_level_min)
}

fn opening_waking_hours() -> Sourced<[LocalTime; 2]> {
    opening(PairingPolicy::OPENING.waking)
}

fn opening_session_minutes() -> Sourced<u16> {
    opening(PairingPolicy::OPENING.session_minutes)
}

fn opening_report_reminder_hours() -> Sourced<u32> {
    opening(SessionPolicy::OPENING.report_remind_hours)
}

fn opening_session_reminder_hours() -> Sourced<[u32; 2]> {
    opening(SessionPolicy::OPENING.remind_hours)
}

impl Policy {
    /// The policy that holds on a date: the latest that began by then.
    pub fn on(policies: &[Self], date: Date) -> Option<&Self> {
        policies.iter().filter(|policy| policy.since <= date).max_by_key(|policy| policy.since)
    }

    /// Names of the numbers that nobody could keep.
    pub(super) fn impossible(&self) -> impl Iterator<Item = &'static str> {
        let share = self.no_show_share.value;
        let [early, late] = self.pause_reminder_days.value;
        let [long_before, shortly_before] = self.session_reminder_hours.value;
        let rules = [
            ("quote_days", self.quote_days.value > 0),
            ("pause_months_max", self.pause_months_max.value > 0),
            ("dunning_days", self.dunning_days.value.is_sorted_by(|earlier, later| earlier < later)),
            ("pause_reminder_days", early > late),
            ("session_reminder_hours", long_before > shortly_before && shortly_before > 0),
            ("report_reminder_hours", self.report_reminder_hours.value < self.report_hours.value),
            ("no_show_share", 0 < share.numerator && share.numerator <= share.denominator),
            (
                "session_minutes_max",
                self.session_minutes_min.value > 0
                    && self.session_minutes_min.value <= self.session_minutes_max.value,
            ),
            (
                "session_minutes",
                (self.session_minutes_min.value..=self.session_minutes_max.value)
                    .contains(&self.session_minutes.value),
            ),
            ("waking_hours", self.waking_hours.value[0] < self.waking_hours.value[1]),
            (
                "defense_minutes_max",
                self.defense_minutes_min.value > 0
                    && self.defense_minutes_min.value <= self.defense_minutes_max.value,
            ),
            // A report that is on time must not come after the statement.
            ("statement_days", self.statement_days.value >= self.report_hours.value.div_ceil(24)),
            (
                "defense_minutes",
                (self.defense_minutes_min.value..=self.defense_minutes_max.value)
                    .contains(&self.defense_minutes.value),
            ),
            ("defenses_per_day_max", self.defenses_per_day_max.value > 0),
            ("defenses_per_week_max", self.defenses_per_week_max.value > 0),
            ("notice_days_max", self.notice_days_min.value <= self.notice_days_max.value),
            ("condition_upload_hours", self.condition_upload_hours.value > 0),
            ("condition_decision_hours", self.condition_decision_hours.value > 0),
            ("recording_share_percent", self.recording_share_percent.value <= 100),
            ("recording_retention_days", self.recording_retention_days.value > 0),
            ("verdict_hours", self.verdict_hours.value > 0),
            ("appeal_days", self.appeal_days.value > 0),
            ("plan_after_failed", self.plan_after_failed.value > 0),
            ("defense_agenda", self.defense_agenda.value.fits(self.defense_minutes.value)),
            ("recording_consent_version", self.recording_consent_version.value > 0),
        ];
        rules.into_iter().filter(|(_, possible)| !possible).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::catalog::fixture;

    #[test]
    fn the_latest_policy_that_began_holds() {
        let first = fixture::policy();
        let second = Policy { since: date(2028, 1, 1), ..first.clone() };
        let policies = [second, first];
        let on = |date| Policy::on(&policies, date).map(|policy| policy.since);
        assert_eq!(on(date(2025, 12, 31)), None);
        assert_eq!(on(date(2027, 12, 31)), Some(date(2026, 1, 1)));
        assert_eq!(on(date(2028, 1, 1)), Some(date(2028, 1, 1)));
    }

    #[test]
    fn numbers_that_nobody_could_keep_are_named() {
        let check = |name: &str, change: fn(&mut Policy)| {
            let mut policy = fixture::policy();
            change(&mut policy);
            assert_eq!(Vec::from_iter(policy.impossible()), [name]);
        };
        check("recording_share_percent", |policy| policy.recording_share_percent.value = 101);
        check("notice_days_max", |policy| policy.notice_days_max.value = 13);
        check("session_minutes", |policy| policy.session_minutes.value = 10);
        check("waking_hours", |policy| policy.waking_hours.value.reverse());
        check("defense_minutes", |policy| policy.defense_minutes.value = 200);
        check("defense_agenda", |policy| policy.defense_agenda.value.questions_minutes = 16);
        check("appeal_days", |policy| policy.appeal_days.value = 0);
        check("defenses_per_day_max", |policy| policy.defenses_per_day_max.value = 0);
        check("no_show_share", |policy| policy.no_show_share.value.denominator = 0);
        check("dunning_days", |policy| policy.dunning_days.value = [1, 3, 3, 7, 10, 14]);
        check("statement_days", |policy| policy.statement_days.value = 0);
        check("pause_reminder_days", |policy| policy.pause_reminder_days.value = [3, 14]);
        check("session_reminder_hours", |policy| policy.session_reminder_hours.value = [1, 48]);
        check("report_reminder_hours", |policy| policy.report_reminder_hours.value = 24);
        assert_eq!(fixture::policy().impossible().count(), 0);
    }
}
