//! Why a defense stays as it is.

use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use super::holding::Ending;
use crate::enrollment::SessionRefused;
use crate::id::{PersonId, SkillId};
use crate::recording::RecordingRefusal;

/// The most characters in a note, a reason or what a student is asked to upload.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// Why a defense cannot be requested, changed or judged so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DefenseRefusal {
    /// Its state does not allow the act.
    #[error("a defense that is {state} cannot be {act}")]
    WrongState {
        /// What was wanted.
        act: &'static str,
        /// What it is.
        state: &'static str,
    },
    /// The work is not accepted, or a later version was.
    #[error("only the version that was accepted last is defended")]
    NotAccepted,
    /// The project's last defense is not over.
    #[error("the project has an open defense")]
    OpenDefense,
    /// The project was defended well before.
    #[error("the project was passed in an earlier defense")]
    AlreadyPassed,
    /// No skill is left to judge: the project is exempt.
    #[error("there is no skill to judge")]
    NothingToJudge,
    /// The wish ends before it begins, or has no day within the notice.
    #[error("expected dates of which some lie from {first} to {last}")]
    WishOutsideNotice {
        /// First date that is early enough.
        first: Date,
        /// Last date that is soon enough.
        last: Date,
    },
    /// The juror is no stranger to the student.
    #[error("the juror is in the student's conflict set")]
    JurorInConflict {
        /// Who may not judge.
        juror: PersonId,
    },
    /// Nobody made them a juror of this degree.
    #[error("{person} is no juror")]
    NotAJuror {
        /// Who may not judge.
        person: PersonId,
    },
    /// The conflict set belongs to another enrollment.
    #[error("the conflict set belongs to another enrollment")]
    ConflictsOfAnother,
    /// The start lies off the quarter hours that calendars are kept in.
    #[error("a defense starts on a quarter hour")]
    OffQuarterHour,
    /// The student does not study at that time.
    #[error(transparent)]
    NotStudying(#[from] SessionRefused),
    /// The start is over.
    #[error("the start lies in the past")]
    InThePast,
    /// Too short or too long.
    #[error("a defense takes {minutes_min} to {minutes_max} minutes")]
    Length {
        /// Shortest.
        minutes_min: u32,
        /// Longest.
        minutes_max: u32,
    },
    /// Not yet.
    #[error("not before {from}")]
    TooEarly {
        /// The first instant at which it may be done.
        from: Timestamp,
    },
    /// No longer.
    #[error("the time for it ended at {deadline}")]
    TooLate {
        /// When the time ended.
        deadline: Timestamp,
    },
    /// Only the student and the juror consent to a recording.
    #[error("only the student and the juror consent")]
    NotAskedForConsent,
    /// Somebody on the recording did not agree to it, or no longer does.
    #[error("the consent of {person} is missing")]
    ConsentMissing {
        /// Whose.
        person: PersonId,
    },
    /// Nobody looked whether the student is the student.
    #[error("the student's identity is to be checked first")]
    IdentityNotChecked,
    /// The act is the assigned juror's.
    #[error("only the assigned juror may do this")]
    NotTheJuror,
    /// Somebody tells an ending that is not theirs to tell.
    #[error("this ending is not theirs to tell")]
    NotTheirsToTell {
        /// What they told.
        ending: Ending,
    },
    /// A skill to judge has no verdict.
    #[error("{skill} has no verdict")]
    SkillMissing {
        /// Which.
        skill: SkillId,
    },
    /// A skill has two verdicts.
    #[error("{skill} has two verdicts")]
    SkillTwice {
        /// Which.
        skill: SkillId,
    },
    /// A verdict about a skill that is not part of this defense.
    #[error("{skill} is not judged in this defense")]
    SkillUnknown {
        /// Which.
        skill: SkillId,
    },
    /// Nothing written, or too much.
    #[error("expected 1 to {TEXT_CHARS_MAX} characters in {field}")]
    Text {
        /// Which field.
        field: &'static str,
    },
    /// A verdict is written once.
    #[error("the verdict was given already")]
    AlreadyDecided,
    /// The text that was agreed to is not the one in force.
    #[error("expected text_version \"{version}\", the text in force")]
    OtherText {
        /// Its version.
        version: u32,
    },
    /// The project failed too often for another try as before.
    #[error("the project failed before: mentor or staff write an action plan first")]
    PlanMissing,
    /// What was uploaded is not the student's, or not for this defense.
    #[error("expected the key of an upload of the student's for this defense, with the purpose evidence")]
    UploadOfAnother,
    /// What was uploaded has not arrived whole, or was not verified yet; asking again later may do.
    #[error("the upload is not verified yet")]
    UploadIncomplete,
    /// What was uploaded was refused or given up.
    #[error("the upload was refused or given up: upload it again")]
    UploadRefused,
    /// An appeal is judged by the recording.
    #[error("no recording of this defense is kept, by which an appeal could be judged")]
    NothingToWatch,
    /// Whoever judges an appeal judges what the recording shows.
    #[error("an appeal is decided without conditions: {skill} is acquired or not yet")]
    ConditionOnAppeal {
        /// Under a condition.
        skill: SkillId,
    },
    /// The act is that of whoever judges the appeal.
    #[error("only the person who judges the appeal may do this")]
    NotTheReviewer,
    /// A recording is stored already.
    #[error("a recording of this defense is stored already")]
    RecordingStored,
    /// More uploads were opened for the recording than any meeting needs.
    #[error("too many recordings were begun for this meeting: go on with one of them")]
    TooManyRecordings,
    /// A recording is there or on its way, or a waiver is signed.
    #[error("there is evidence of this defense, or still may be")]
    EvidenceAwaited,
    /// No such recording, or its change is not its own.
    #[error("the recording is not one of this defense")]
    RecordingOfAnother,
    /// A recording that an appeal may need stays.
    #[error("the recording stays while an appeal is open")]
    AppealOpen,
    /// The recording does not allow the act.
    #[error(transparent)]
    Recording(#[from] RecordingRefusal),
    /// The missing recording was waived before.
    #[error("the recording was waived already")]
    AlreadyWaived,
    /// There is a verified recording.
    #[error("the recording is verified: there is nothing to waive")]
    NothingToWaive,
    /// A waiver is signed by somebody else than student, mentor and juror.
    #[error("neither student, mentor nor juror may say this")]
    WaiverByParty,
}

/// A text worth keeping.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), DefenseRefusal> {
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return Err(DefenseRefusal::Text { field });
    }
    Ok(())
}
