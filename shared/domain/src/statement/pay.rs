//! What work is paid: a pure function of how it ended and of the tariff on its date (invariant 17).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::{Level, Share, Tariff};
use crate::defense::Ending;
use crate::money::{Money, MoneyError};
use crate::session::SessionState;

/// What somebody was booked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To meet a student, as mentor or coach.
    Session,
    /// To judge a defense.
    Defense,
}

/// How that ended, as far as pay depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took place.
    Completed,
    /// The student did not come in time.
    StudentNoShow,
    /// The student called it off too late.
    CancelledLate,
    /// It was called off in good time, or by the school.
    CancelledEarly,
    /// The mentor or coach called it off.
    CancelledByMentor,
    /// Who was to be paid did not come in time.
    MentorNoShow,
    /// Neither came in time.
    NobodyCame,
    /// The link failed them.
    TechnicalFailure,
}

/// Work to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// What it was.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// Of the project.
    pub level: Level,
    /// As booked; whoever leaves early, or stays on, is paid the same.
    pub minutes: u32,
}

/// Why it cannot be said what work is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayError {
    /// The tariff has no amount for the level.
    #[error("the tariff has no amount for level {level}")]
    NoLevel {
        /// Which.
        level: Level,
    },
    /// Amounts that cannot be added.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Outcome {
    /// The word it is stored and shown by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::StudentNoShow => "student_no_show",
            Self::CancelledLate => "cancelled_late",
            Self::CancelledEarly => "cancelled_early",
            Self::CancelledByMentor => "cancelled_by_mentor",
            Self::MentorNoShow => "mentor_no_show",
            Self::NobodyCame => "nobody_came",
            Self::TechnicalFailure => "technical_failure",
        }
    }

    /// How a session ended; nothing while it is still to come or held.
    pub const fn of_session(state: &SessionState) -> Option<Self> {
        match state {
            SessionState::Booked | SessionState::InProgress => None,
            SessionState::Completed => Some(Self::Completed),
            SessionState::CancelledEarly(_) => Some(Self::CancelledEarly),
            SessionState::CancelledLate(_) => Some(Self::CancelledLate),
            SessionState::CancelledByMentor(_) => Some(Self::CancelledByMentor),
            SessionState::StudentNoShow => Some(Self::StudentNoShow),
            SessionState::MentorNoShow => Some(Self::MentorNoShow),
            SessionState::NobodyCame => Some(Self::NobodyCame),
            SessionState::TechnicalFailure => Some(Self::TechnicalFailure),
        }
    }

    /// The share of the full amount that is paid.
    ///
    /// A session or defense that the link failed is held again, and paid then: who says that it
    /// failed gains nothing by it.
    pub const fn share(self, tariff: &Tariff) -> Share {
        const ALL: Share = Share { numerator: 1, denominator: 1 };
        const NOTHING: Share = Share { numerator: 0, denominator: 1 };
        match self {
            Self::Completed => ALL,
            Self::StudentNoShow => tariff.no_show_share,
            Self::CancelledLate => tariff.late_cancel_share,
            Self::CancelledEarly
            | Self::CancelledByMentor
            | Self::MentorNoShow
            | Self::NobodyCame
            | Self::TechnicalFailure => NOTHING,
        }
    }
}

/// For the juror, who is paid as a mentor is.
impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Held => Self::Completed,
            Ending::TechnicalFailure => Self::TechnicalFailure,
            Ending::StudentNoShow => Self::StudentNoShow,
            Ending::JurorNoShow => Self::MentorNoShow,
        }
    }
}

/// What work is paid by a tariff. Length and share are one fraction, rounded once, half up.
pub fn pay(work: Work, tariff: &Tariff) -> Result<Money, PayError> {
    let amounts = tariff.level(work.level).ok_or(PayError::NoLevel { level: work.level })?;
    let Share { numerator, denominator } = work.outcome.share(tariff);
    let (full, minutes, per) = match work.kind {
        Kind::Session => (amounts.session, work.minutes, tariff.session_minutes),
        Kind::Defense => (amounts.defense, 1, 1),
    };
    let part = |a: u32, b: u32| u64::from(a) * u64::from(b);
    Ok(full.part(part(minutes, numerator), part(per, denominator))?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statement::example::{level, tariff};

    fn session(outcome: Outcome, minutes: u32) -> Work {
        Work { kind: Kind::Session, outcome, level: level(2), minutes }
    }

    const OUTCOMES: [Outcome; 8] = [
        Outcome::Completed,
        Outcome::StudentNoShow,
        Outcome::CancelledLate,
        Outcome::CancelledEarly,
        Outcome::CancelledByMentor,
        Outcome::MentorNoShow,
        Outcome::NobodyCame,
        Outcome::TechnicalFailure,
    ];

    /// S8: 45 minutes, level 2, EUR 35.
    #[test]
    fn pay_is_what_the_outcome_says() {
        let check = |outcome, text: &str| {
            assert_eq!(pay(session(outcome, 45), &tariff()).expect("pay").to_string(), text, "{outcome:?}");
        };
        check(Outcome::Completed, "EUR 35.00");
        check(Outcome::StudentNoShow, "EUR 17.50");
        check(Outcome::CancelledLate, "EUR 17.50");
        for outcome in &OUTCOMES[3..] {
            check(*outcome, "EUR 0.00");
        }
    }

    #[test]
    fn other_lengths_are_paid_by_the_minute_and_rounded_once() {
        let check = |outcome, minutes, text: &str| {
            assert_eq!(pay(session(outcome, minutes), &tariff()).expect("pay").to_string(), text);
        };
        check(Outcome::Completed, 60, "EUR 46.67"); // 46.666…
        check(Outcome::Completed, 30, "EUR 23.33"); // 23.333…
        check(Outcome::StudentNoShow, 30, "EUR 11.67"); // 11.666…, not half of 23.33
        check(Outcome::Completed, 90, "EUR 70.00");
    }

    #[test]
    fn a_defense_is_paid_whole_however_long() {
        let defense = |outcome, minutes| Work { kind: Kind::Defense, outcome, level: level(3), minutes };
        let check = |work, text: &str| assert_eq!(pay(work, &tariff()).expect("pay").to_string(), text);
        check(defense(Ending::Held.into(), 45), "EUR 65.00");
        check(defense(Ending::Held.into(), 90), "EUR 65.00");
        check(defense(Ending::StudentNoShow.into(), 45), "EUR 32.50");
        check(defense(Ending::JurorNoShow.into(), 45), "EUR 0.00");
        check(defense(Ending::TechnicalFailure.into(), 45), "EUR 0.00");
    }

    #[test]
    fn a_tariff_without_the_level_pays_nobody() {
        let mut tariff = tariff();
        tariff.levels.remove(1);
        assert_eq!(pay(session(Outcome::Completed, 45), &tariff), Err(PayError::NoLevel { level: level(2) }));
    }

    proptest! {
        /// Nothing that goes wrong is paid better than what goes well, and nobody pays to work.
        #[test]
        fn no_outcome_is_paid_more_than_the_work(which in 0..OUTCOMES.len(), minutes in 1_u32..=180, number in 1_u8..=3, kind in 0..2) {
            let kind = if kind == 0 { Kind::Session } else { Kind::Defense };
            let work = |outcome| Work { kind, outcome, level: level(number), minutes };
            let paid = pay(work(OUTCOMES[which]), &tariff()).expect("pay").amount_minor;
            let full = pay(work(Outcome::Completed), &tariff()).expect("pay").amount_minor;
            prop_assert!((0..=full).contains(&paid));
        }
    }
}
