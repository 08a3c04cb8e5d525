//! Jurors as a defense's search looks at them: what they said, what is booked, what they judge already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::availability::Availability;
use domain::conflict::Declarations;
use domain::enrollment::Enrollment;
use domain::id::PersonId;
use domain::jury::{Candidate, Free, Sought, Span};
use domain::occupancy::Week;
use domain::pairing::{Hours, PairingPolicy};
use domain::permission::Role;
use jiff::{SignedDuration, Timestamp};

use crate::defense::Hearing;
use crate::item::Item;
use crate::key::Key;
use crate::store::{Store, StoreError};

/// The most jurors that are looked at for one defense.
pub const JURORS_MAX: usize = 200;

/// A student who is to be judged.
#[derive(Debug, Clone)]
struct Judged {
    /// When the student could come.
    free: Free,
    /// Who declared a tie to the student, or to whom the student declared one.
    tied: BTreeSet<PersonId>,
}

/// A defense that a juror is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The defense, with the student's progress.
    pub hearing: &'a Hearing,
    /// When it may begin.
    pub span: Span,
    /// How long it takes.
    pub minutes: u32,
    /// When students who have said nothing can be met.
    pub pairing: PairingPolicy,
}

/// A search for a juror: who could come, from when until when, and for how long.
#[derive(Debug, Clone)]
pub struct Search {
    judged: Judged,
    candidates: Arc<Vec<Candidate>>,
    span: Span,
    minutes: u32,
}

impl Search {
    /// Who could judge.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// How long the defense takes.
    pub const fn minutes(&self) -> u32 {
        self.minutes
    }

    /// Whether a tie between somebody and the student was declared.
    pub fn is_tied(&self, person: PersonId) -> bool {
        self.judged.tied.contains(&person)
    }

    /// The defense, as jurors are looked for.
    pub fn sought<'a>(&'a self, hearing: &'a Hearing, studies: &'a dyn Fn(Timestamp) -> bool) -> Sought<'a> {
        Sought {
            defense: &hearing.defense.value,
            conflicts: &hearing.progress.conflicts.value,
            language: &hearing.progress.enrollment.value.language,
            tied: &self.judged.tied,
            student: self.judged.free.clone(),
            studies,
            span: self.span,
            minutes: u16::try_from(self.minutes).unwrap_or(u16::MAX),
        }
    }

    /// Lets the domain decide by what was read.
    pub fn decide<T>(&self, hearing: &Hearing, rule: impl FnOnce(&Sought<'_>, &[Candidate]) -> T) -> T {
        let enrollment = &hearing.progress.enrollment.value;
        let studies = |at: Timestamp| enrollment.session_allowed_at(at).is_ok();
        rule(&self.sought(hearing, &studies), &self.candidates)
    }
}

impl Store {
    /// Looks for jurors of several defenses of one degree: whoever has the role for it, and when each of these
    /// could come. Who may, and who is free in the end, is decided later: what is read here is no guard.
    pub async fn search_jurors(
        &self,
        asked: &[Asked<'_>],
        now: Timestamp,
    ) -> Result<Vec<Search>, StoreError> {
        let enrollment = |asked: &Asked<'_>| asked.hearing.progress.enrollment.value.clone();
        let students = Vec::from_iter(asked.iter().map(|asked| (enrollment(asked), asked.pairing)));
        let weeks: BTreeSet<Week> = asked.iter().flat_map(|asked| asked.span.weeks()).collect();
        let (judged, candidates) = self.bench(&students, &Vec::from_iter(weeks), now).await?;
        let candidates = Arc::new(candidates);
        let search = |(asked, judged): (&Asked<'_>, Judged)| Search {
            judged,
            candidates: candidates.clone(),
            span: asked.span,
            minutes: asked.minutes,
        };
        Ok(asked.iter().zip(judged).map(search).collect())
    }

    /// Who might judge students of one degree in some weeks, and when each of these could come. The policy beside
    /// a student says when one who has said nothing can be met.
    async fn bench(
        &self,
        students: &[(Enrollment, PairingPolicy)],
        weeks: &[Week],
        now: Timestamp,
    ) -> Result<(Vec<Judged>, Vec<Candidate>), StoreError> {
        let Some((first, _)) = students.first() else { return Ok((Vec::new(), Vec::new())) };
        let holders =
            self.some_role_holders(Role::Juror, &first.degree, first.student, JURORS_MAX, now).await?;
        let jurors = Vec::from_iter(holders.into_keys().take(JURORS_MAX));
        let judged = students.iter().map(|(enrollment, _)| enrollment.student);
        let people = Vec::from_iter(BTreeSet::from_iter(jurors.iter().copied().chain(judged)));
        let said = self.said_by(&people).await?;
        let said =
            |person: PersonId| said.get(&person).cloned().unwrap_or_else(|| Availability::undeclared(person));
        let declared = self.declared_by(&people).await?;
        let diaries = self.diaries(&people, read_of(weeks)).await?;
        let candidates = jurors.into_iter().map(|juror| {
            let said = said(juror);
            let free = Free::new(weeks, &diaries.of(juror), |week| Hours::open(&said, week));
            let judging = diaries.judged_by(juror).collect();
            Candidate { free, judging, said }
        });
        let judged = students.iter().map(|(enrollment, policy)| {
            let student = enrollment.student;
            let said = said(student);
            let open = |week| policy.hours_of(Some(&said), &enrollment.time_zone, week);
            Judged {
                free: Free::new(weeks, &diaries.of(student), open),
                tied: tied(student, &declared).collect(),
            }
        });
        Ok((judged.collect(), candidates.collect()))
    }

    async fn said_by(&self, people: &[PersonId]) -> Result<BTreeMap<PersonId, Availability>, StoreError> {
        let keys = Vec::from_iter(people.iter().copied().map(Key::Availability));
        let said: Vec<Item<Availability>> = self.get_many(&keys).await?;
        Ok(said.into_iter().map(|item| (item.value.person, item.value)).collect())
    }

    async fn declared_by(&self, people: &[PersonId]) -> Result<Vec<Declarations>, StoreError> {
        let keys = Vec::from_iter(people.iter().copied().map(Key::DeclaredConflicts));
        let declared: Vec<Item<Declarations>> = self.get_many(&keys).await?;
        Ok(declared.into_iter().map(|item| item.value).collect())
    }
}

/// Those who declared a tie to a student, or to whom the student declared one.
fn tied(student: PersonId, declared: &[Declarations]) -> impl Iterator<Item = PersonId> {
    declared.iter().flat_map(move |Declarations { person, people }| {
        let own = people.keys().copied().filter(move |_| *person == student);
        own.chain(people.contains_key(&student).then_some(*person))
    })
}

/// The weeks to read: those that are looked at, and the one before each, in which a juror's first day may begin.
fn read_of(weeks: &[Week]) -> BTreeSet<Week> {
    let before = |week: &Week| week.begins_at().checked_sub(SignedDuration::from_secs(1)).ok().map(Week::of);
    weeks.iter().filter_map(before).chain(weeks.iter().copied()).collect()
}
