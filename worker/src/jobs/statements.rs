//! What mentors, coaches and jurors are paid: a month's statement closed, and a session stated again.

use std::collections::HashMap;

use domain::attempt::Attempt;
use domain::catalog::Prospectus;
use domain::enrollment::Enrollment;
use domain::id::{EditionId, EnrollmentId, PersonId, SessionId};
use domain::invoice::LegalEntity;
use domain::session::Session;
use domain::statement::{
    Event, LineRef, Month, Outcome, Payee, Stated, Statement, StatementLine, StatementRefused, Student, Sum,
    Worked, closing_of,
};
use jiff::{SignedDuration, Timestamp};
use storage::queue::Claimed;
use storage::statement::{Restated, StatementPage, Work};
use storage::{Item, Stored};

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Sessions, and as many defenses, that one page of lines is made of.
const EVENTS_A_PAGE: u16 = 50;
/// The most pages of one statement: more is a case for staff.
const PAGES_MAX: u32 = 200;
/// How long after a statement should be closed it is looked for, and how long until it is again.
const CLOSED_BY: SignedDuration = SignedDuration::from_mins(1);
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What a job reads once, however many events lean on it.
#[derive(Default)]
struct Known {
    editions: HashMap<(EditionId, u32), Prospectus>,
    enrollments: HashMap<EnrollmentId, Enrollment>,
    attempts: HashMap<EnrollmentId, Vec<Attempt>>,
}

impl Known {
    /// Reads what these enrollments' pay leans on, as far as it was not read before.
    async fn read(&mut self, worker: &Worker, enrollments: &[EnrollmentId]) -> Result<(), Unfinished> {
        let new = |id: &&EnrollmentId| !self.enrollments.contains_key(id);
        let new = Vec::from_iter(enrollments.iter().filter(new).copied());
        let mut paths = Vec::new();
        for Item { value: enrollment, .. } in
            worker.store.enrollments_at(new.into_iter()).await?.into_values()
        {
            let held = (enrollment.edition.clone(), enrollment.version);
            if !self.editions.contains_key(&held) {
                let missing = || Unfinished::GiveUp(format!("{} version {} is not there", held.0, held.1));
                let edition = worker.store.edition(&held.0, held.1).await?.ok_or_else(missing)?;
                self.editions.insert(held.clone(), edition);
            }
            paths.extend(self.editions.get(&held).map(|edition| (enrollment.id, edition.path())));
            self.enrollments.insert(enrollment.id, enrollment);
        }
        for attempt in worker.store.attempts_at(paths).await? {
            self.attempts.entry(attempt.enrollment).or_default().push(attempt);
        }
        Ok(())
    }

    fn student(&self, enrollment: EnrollmentId) -> Option<Student<'_>> {
        let enrollment = self.enrollments.get(&enrollment)?;
        let edition = self.editions.get(&(enrollment.edition.clone(), enrollment.version))?;
        let attempts = self.attempts.get(&enrollment.id).map(Vec::as_slice).unwrap_or_default();
        Some(Student { enrollment, attempts, edition })
    }

    /// The lines of a page of events.
    async fn state(
        &mut self,
        worker: &Worker,
        payee: Payee<'_>,
        work: &Work,
        now: Timestamp,
    ) -> Result<Stated, Unfinished> {
        let enrollments = work.enrollments();
        self.read(worker, &enrollments).await?;
        let students = enrollments.iter().filter_map(|enrollment| self.student(*enrollment));
        let stated = payee.lines(&work.sessions, &work.duties, &Vec::from_iter(students), now);
        stated.map_err(|error| Unfinished::GiveUp(error.to_string()))
    }
}

/// Closes what a legal entity pays somebody for a month: page by page, each written only while the job is
/// this worker's, and at the end the statement that says how many there are. Run again it makes them anew.
pub async fn close(
    worker: &Worker,
    claimed: &Claimed,
    person: PersonId,
    entity: &str,
    month: Month,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(entity) = LegalEntity::of_market(entity) else { return finish(worker, claimed).await };
    let span = month.span(&entity.zone).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let item = statement_of(worker, person, &entity, month).await?;
    if item.value.closing().is_some() {
        return finish(worker, claimed).await;
    }
    let mut statement = item.value.clone();
    let mut sum = statement.sum().map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let (mut known, mut after) = (Known::default(), None);
    loop {
        let work = worker.store.work_of(person, span, after.as_deref(), EVENTS_A_PAGE).await?;
        let stated = known.state(worker, Payee { person, entity: &entity }, &work, now).await?;
        sum = keep_page(worker, claimed, &mut statement, sum, stated).await?;
        after = work.next;
        if after.is_none() {
            break;
        }
    }
    if sum.lines == 0 && item.revision == 0 {
        return finish(worker, claimed).await; // nothing to be paid, or nothing that this school pays for
    }
    let closed = statement.close(sum, now).map_err(|refused| Unfinished::GiveUp(refused.to_string()))?;
    let item = item.with(closed);
    let transaction = worker.store.transaction().save(&item, "the statement changed");
    let transaction = transaction.audit(&item.value.key(), claimed.job.kind(), "worker", now);
    Ok(transaction.finish(claimed).commit().await?)
}

/// Writes a page of lines, if there are any, and counts them.
async fn keep_page(
    worker: &Worker,
    claimed: &Claimed,
    statement: &mut Statement,
    sum: Sum,
    stated: Stated,
) -> Result<Sum, Unfinished> {
    let Stated { mut lines, tariffs } = stated;
    if lines.is_empty() {
        return Ok(sum);
    }
    if sum.pages >= PAGES_MAX {
        return Err(Unfinished::GiveUp(format!("{} has more than {PAGES_MAX} pages", statement.id)));
    }
    let sum = sum.with(&mut lines).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    tariffs.iter().for_each(|tariff| statement.names(Some(tariff)));
    let page = StatementPage { statement: statement.id, number: sum.pages, lines };
    worker.store.transaction::<()>().set(&page).checkpoint(claimed).commit().await?;
    Ok(sum)
}

async fn statement_of(
    worker: &Worker,
    person: PersonId,
    entity: &LegalEntity,
    month: Month,
) -> Result<Item<Statement>, Unfinished> {
    let kept = worker.store.statement_for_job(Statement::id_of(person, &entity.code, month)).await?;
    Ok(kept.unwrap_or_else(|| Item::new(Statement::open(person, entity.clone(), month))))
}

/// States a session again that ended otherwise than its closed line says: the difference is a line of the
/// statement that is open now. While its own is not closed, it waits for that.
pub async fn restate(worker: &Worker, claimed: &Claimed, id: SessionId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(session) = worker.store.sessions_for_job(&[id]).await?.pop() else {
        return finish(worker, claimed).await;
    };
    let session = session.value.as_of(now);
    let mut known = Known::default();
    known.read(worker, &[session.enrollment]).await?;
    let entity = known.student(session.enrollment).and_then(|student| {
        LegalEntity::of_market(&student.enrollment.market).filter(|entity| student.is_paid_for_by(entity))
    });
    let (Some(entity), Some(outcome)) = (entity, Outcome::of_session(&session.state)) else {
        return finish(worker, claimed).await;
    };
    let month = Month::of(entity.zone.date_at(session.starts_at));
    let closed = statement_of(worker, session.with, &entity, month).await?.value;
    if closed.closing().is_none() {
        return wait_for_closing(worker, claimed, &session, &entity, now).await;
    }
    let Some((number, worked)) = line_of(worker, &closed, id).await? else {
        return finish(worker, claimed).await;
    };
    let restated = worker.store.restated(id).await?;
    let restated = restated.unwrap_or_else(|| Item::new(Restated { session: id, outcome: worked.outcome }));
    let stated = Worked { outcome: restated.value.outcome, ..worked };
    let adjusts = LineRef { statement: closed.id, number };
    let tariff = closed.tariffs.iter().find(|tariff| tariff.version == stated.tariff);
    let tariff = tariff.ok_or_else(|| Unfinished::GiveUp(format!("{} lacks a tariff", closed.id)))?;
    let line = StatementLine::adjustment(&stated, tariff, outcome, adjusts);
    let Some(line) = line.map_err(|error| Unfinished::GiveUp(error.to_string()))? else {
        return finish(worker, claimed).await;
    };

    let Some(open) = open_after(worker, &session, &entity, month, now).await? else {
        return Err(Unfinished::Changed("no statement is open".into()));
    };
    let stated_in = open.value.month;
    let open = match open.try_map(|open| open.adjust(line, Some(tariff))) {
        Ok(open) => open,
        Err(StatementRefused::TooMany { .. }) => {
            let (_, next) =
                stated_in.span(&entity.zone).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
            return wait_until(worker, claimed, next).await;
        }
        Err(refused) => return Err(Unfinished::GiveUp(refused.to_string())),
    };
    let restated = restated.with(Restated { session: id, outcome });
    let changed = "the statement changed";
    let transaction = worker.store.transaction().save(&open, changed).save(&restated, changed);
    let days = session.policy.statement_days;
    let closing = stated_in.closing_of(session.with, &entity, days);
    let transaction =
        closing.iter().fold(transaction, |transaction, (job, due_at)| transaction.enqueue(job, *due_at));
    let transaction = transaction.audit(&open.value.key(), claimed.job.kind(), "worker", now);
    Ok(transaction.finish(claimed).commit().await?)
}

/// The next statement of whoever held a session, behind its own: the earliest that is open.
async fn open_after(
    worker: &Worker,
    session: &Session,
    entity: &LegalEntity,
    month: Month,
    now: Timestamp,
) -> Result<Option<Item<Statement>>, Unfinished> {
    let months = Month::open_at(&entity.zone, now, session.policy.statement_days);
    for next in months.into_iter().filter(|next| *next > month) {
        let statement = statement_of(worker, session.with, entity, next).await?;
        if statement.value.closing().is_none() {
            return Ok(Some(statement));
        }
    }
    Ok(None)
}

/// Looks again once the session's own statement should be closed, and sees to it that it will be.
async fn wait_for_closing(
    worker: &Worker,
    claimed: &Claimed,
    session: &Session,
    entity: &LegalEntity,
    now: Timestamp,
) -> Result<(), Unfinished> {
    let closing = closing_of(session.with, entity, session.starts_at, session.policy.statement_days);
    let Some((job, due_at)) = closing else { return finish(worker, claimed).await };
    let later = if now < due_at { due_at + CLOSED_BY } else { now + LOOK_AGAIN };
    let transaction = worker.store.transaction::<()>().enqueue(&job, due_at);
    Ok(transaction.finish_until(claimed, later).commit().await?)
}

async fn wait_until(worker: &Worker, claimed: &Claimed, later: Timestamp) -> Result<(), Unfinished> {
    Ok(worker.store.transaction::<()>().finish_until(claimed, later).commit().await?)
}

/// The line of a session in a closed statement.
async fn line_of(
    worker: &Worker,
    statement: &Statement,
    session: SessionId,
) -> Result<Option<(u32, Worked)>, Unfinished> {
    let pages = statement.closing().map_or(0, |closing| closing.pages);
    for number in 1..=pages {
        for line in worker.store.statement_page(statement.id, number).await? {
            if let Some(worked) = line.worked().filter(|worked| worked.event == Event::Session(session)) {
                return Ok(Some((line.number, worked.clone())));
            }
        }
    }
    Ok(None)
}
