//! Letters to people: what they tell, kept with the facts as they were when it happened.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ics::Method;
use crate::id::{CommitmentId, CreditNoteId, EnrollmentId, InvoiceId, PersonId, derive};
use crate::money::Money;
use crate::session::{Appointment, SessionKind, Side};
use crate::time::Zone;

/// A letter that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// About whose enrollment.
    pub enrollment: EnrollmentId,
    /// Whom it is for.
    pub to: PersonId,
    /// When what it tells happened.
    pub at: Timestamp,
    /// What it tells.
    #[serde(flatten)]
    pub about: About,
}

/// What a letter tells. Amounts and dates are as they were when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum About {
    /// An invoice, which comes with it.
    InvoiceIssued {
        /// Which.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What it comes to.
        total: Money,
        /// What is still to be paid.
        owed: Money,
        /// The last date to pay.
        due_on: Date,
    },
    /// A credit note, which comes with it.
    Credited {
        /// Over which invoice.
        invoice: InvoiceId,
        /// Which.
        note: CreditNoteId,
        /// Its number.
        number: String,
        /// What it comes to.
        amount: Money,
        /// The invoice's number.
        corrects: String,
        /// What is given back of what was paid.
        refunded: Option<Money>,
    },
    /// A payment that was refused.
    PaymentDeclined {
        /// For which invoice.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What was asked for.
        amount: Money,
        /// When it is tried again; never by itself, where that does not help.
        again_on: Option<Date>,
    },
    /// A direct debit that the payer's bank took back.
    DebitReturned {
        /// For which invoice.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What is owed again.
        amount: Money,
        /// When it is tried again; never by itself, where that does not help.
        again_on: Option<Date>,
    },
    /// The enrollment stopped because of an unpaid invoice.
    Suspended {
        /// Which.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What is owed.
        owed: Money,
    },
    /// The enrollment goes on.
    Lifted,
    /// There is a mentor for a student who was paused without one: they can resume.
    MentorFound,
    /// A session that will take place; an entry for calendars comes with it.
    SessionBooked {
        /// Which, when and with whom.
        appointment: Appointment,
    },
    /// A session that will take place at another time; the entry's next version comes with it.
    SessionMoved {
        /// As it is now.
        appointment: Appointment,
        /// When it was to start.
        was: Timestamp,
    },
    /// A session that will not take place; what takes its entry out of calendars comes with it.
    SessionCancelled {
        /// As it was.
        appointment: Appointment,
        /// Who called it off.
        by: Side,
        /// In their words; may be empty.
        reason: String,
    },
    /// A session that will take place soon.
    SessionReminder {
        /// Which, when and with whom.
        appointment: Appointment,
    },
    /// A session that was held and has no report; for its mentor.
    ReportMissing {
        /// Which, when and with whom.
        appointment: Appointment,
        /// The last instant at which the report is on time.
        due_at: Timestamp,
    },
    /// A weekly series that its reader finds at another time of the day, though it is not moved: the
    /// clocks change, here or where the series is at home.
    WallChange {
        /// Which series.
        series: CommitmentId,
        /// What its sessions are for.
        kind: SessionKind,
        /// What the other person is called, if known.
        with: Option<String>,
        /// The first date at the new time, the reader's.
        date: Date,
        /// What the reader's clock showed the week before.
        before: Time,
        /// What it shows then.
        after: Time,
        /// The reader's zone.
        time_zone: Zone,
    },
}

impl Letter {
    /// What it is known by: the same for the same letter.
    pub fn id(&self) -> Uuid {
        let thing = match &self.about {
            About::InvoiceIssued { invoice, .. }
            | About::PaymentDeclined { invoice, .. }
            | About::DebitReturned { invoice, .. }
            | About::Suspended { invoice, .. } => invoice.to_string(),
            About::Credited { note, .. } => note.to_string(),
            About::Lifted | About::MentorFound => String::new(),
            About::SessionBooked { appointment }
            | About::SessionMoved { appointment, .. }
            | About::SessionCancelled { appointment, .. }
            | About::SessionReminder { appointment }
            | About::ReportMissing { appointment, .. } => {
                format!("{}#{}", appointment.session, appointment.sequence)
            }
            About::WallChange { series, date, .. } => format!("{series}#{date}"),
        };
        let [enrollment, to, at] = [self.enrollment.to_string(), self.to.to_string(), self.at.to_string()];
        derive("letter", &[&enrollment, &to, self.about.word(), &thing, &at])
    }
}

impl About {
    /// The word for it, in trails and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::InvoiceIssued { .. } => "invoice_issued",
            Self::Credited { .. } => "credited",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::DebitReturned { .. } => "debit_returned",
            Self::Suspended { .. } => "suspended",
            Self::Lifted => "lifted",
            Self::MentorFound => "mentor_found",
            Self::SessionBooked { .. } => "session_booked",
            Self::SessionMoved { .. } => "session_moved",
            Self::SessionCancelled { .. } => "session_cancelled",
            Self::SessionReminder { .. } => "session_reminder",
            Self::ReportMissing { .. } => "report_missing",
            Self::WallChange { .. } => "wall_change",
        }
    }

    /// Which of two letters of one instant is read first.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::InvoiceIssued { .. } => 1,
            Self::Credited { .. } => 2,
            Self::PaymentDeclined { .. } => 3,
            Self::DebitReturned { .. } => 4,
            Self::Suspended { .. } => 5,
            Self::Lifted => 6,
            Self::MentorFound => 7,
            Self::WallChange { .. } => 8,
            Self::SessionReminder { .. } | Self::ReportMissing { .. } => 9,
            // A calendar hears of a session's versions in their order.
            Self::SessionCancelled { appointment, .. }
            | Self::SessionMoved { appointment, .. }
            | Self::SessionBooked { appointment } => {
                if appointment.sequence < 200 {
                    10 + appointment.sequence as u8
                } else {
                    210
                }
            }
        }
    }

    /// Whether it has nothing left to say at `now`: it waited for a mail server beyond what it reminds of.
    pub fn comes_too_late(&self, now: Timestamp) -> bool {
        matches!(self, Self::SessionReminder { appointment } if appointment.starts_at <= now)
    }

    /// What it means for a calendar, where an entry comes with it.
    pub const fn entry(&self) -> Option<(Method, &Appointment)> {
        match self {
            Self::SessionBooked { appointment } | Self::SessionMoved { appointment, .. } => {
                Some((Method::Request, appointment))
            }
            Self::SessionCancelled { appointment, .. } => Some((Method::Cancel, appointment)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_known_by_what_it_tells_whom_and_when() {
        let letter = Letter {
            enrollment: EnrollmentId::derived(&["e"]),
            to: PersonId::derived(&["p"]),
            at: Timestamp::UNIX_EPOCH,
            about: About::Lifted,
        };
        assert_eq!(letter.id(), letter.clone().id());
        assert_ne!(letter.id(), Letter { to: PersonId::derived(&["q"]), ..letter.clone() }.id());
        assert_ne!(letter.id(), Letter { at: Timestamp::MAX, ..letter.clone() }.id());
    }

    fn about_sessions() -> [About; 3] {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let appointment = Appointment {
            session: crate::id::SessionId::derived(&["s"]),
            kind: SessionKind::Mentoring,
            sequence: 1,
            starts_at: at("2027-03-16T18:00:00Z"),
            ends_at: at("2027-03-16T18:45:00Z"),
            time_zone: "Europe/Paris".parse().expect("a zone"),
            with: Some("Marc Delorme".into()),
        };
        [
            About::SessionMoved { appointment: appointment.clone(), was: at("2027-03-16T17:00:00Z") },
            About::SessionCancelled { appointment, by: Side::Mentor, reason: "ill".into() },
            About::WallChange {
                series: CommitmentId::derived(&["c"]),
                kind: SessionKind::Mentoring,
                with: None,
                date: jiff::civil::date(2027, 3, 30),
                before: jiff::civil::time(13, 0, 0, 0),
                after: jiff::civil::time(12, 0, 0, 0),
                time_zone: "America/New_York".parse().expect("a zone"),
            },
        ]
    }

    #[test]
    fn a_reminder_is_of_what_is_still_to_come() {
        let [About::SessionMoved { appointment, was }, ..] = about_sessions() else { panic!("moved") };
        let starts_at = appointment.starts_at;
        let reminder = About::SessionReminder { appointment: appointment.clone() };
        assert!(!reminder.comes_too_late(was) && reminder.comes_too_late(starts_at));
        assert!(!About::SessionBooked { appointment }.comes_too_late(starts_at));
    }

    /// What waits in an outbox is read by every later version.
    #[test]
    fn letters_about_sessions_are_stored_like_this() {
        let letters = about_sessions().map(|about| Letter {
            enrollment: EnrollmentId::derived(&["e"]),
            to: PersonId::derived(&["p"]),
            at: Timestamp::UNIX_EPOCH,
            about,
        });
        insta::assert_json_snapshot!(letters);
        let json = serde_json::to_string(&letters).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<Letter>>(&json).expect("letters"), letters);
    }

    #[test]
    fn each_version_of_a_session_is_another_letter() {
        let letter = |sequence| {
            let [About::SessionMoved { appointment, was }, ..] = about_sessions() else { panic!("moved") };
            let about = About::SessionMoved { appointment: Appointment { sequence, ..appointment }, was };
            Letter {
                enrollment: EnrollmentId::derived(&["e"]),
                to: PersonId::derived(&["p"]),
                at: Timestamp::UNIX_EPOCH,
                about,
            }
        };
        assert_eq!(letter(1).id(), letter(1).id());
        assert_ne!(letter(1).id(), letter(2).id());
    }
}
