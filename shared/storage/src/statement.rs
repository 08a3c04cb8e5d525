//! Statements of pay: the events of a month as they are read for one, and the statement with its lines.

use domain::attempt::Attempt;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId, ProjectId, SessionId, StatementId};
use domain::invoice::LegalEntity;
use domain::permission::{Loaded, Relation, Subject};
use domain::session::Session;
use domain::statement::{JuryDuty, Month, Outcome, Statement, StatementLine, StatementState, closing_of};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Attributes, Entries, Item, Stored, from_attributes, to_attributes};
use crate::key::{Key, Query};
use crate::queue;
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Statement {
    const KIND: &'static str = "statement";

    fn key(&self) -> Key {
        Key::Statement(self.id)
    }

    fn entries(&self, queue: &queue::Settings) -> Result<Entries, StoreError> {
        let (person, month, statement) = (self.person, self.month, self.id);
        let own = PersonStatement { person, month, statement };
        let listed = |stage| ListedStatement {
            entity: self.entity.code.clone(),
            shard: queue.shard(statement.uuid()),
            stage,
            month,
            statement,
        };
        let (there, gone) = match &self.state {
            StatementState::Open => (None, None),
            StatementState::Closed(_) => (Some(Stage::Closed), None),
            StatementState::Approved { .. } => (Some(Stage::Approved), Some(Stage::Closed)),
            StatementState::Paid { .. } => (None, Some(Stage::Approved)),
        };
        let mut entries = vec![to_attributes(&own, 1)?];
        if let Some(stage) = there {
            entries.push(to_attributes(&listed(stage), 1)?);
        }
        Ok(Entries { there: entries, gone: gone.map(|stage| listed(stage).key()).into_iter().collect() })
    }
}

/// That a person is paid for a month.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PersonStatement {
    person: PersonId,
    month: Month,
    statement: StatementId,
}

impl Stored for PersonStatement {
    const KIND: &'static str = "person_statement";

    fn key(&self) -> Key {
        Key::PersonStatement(self.person, self.month, self.statement)
    }
}

/// What finance has yet to do with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To approve it.
    Closed,
    /// To pay it.
    Approved,
}

impl Stage {
    /// The word it is listed under.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Approved => "approved",
        }
    }
}

/// That finance has yet to do something with a statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ListedStatement {
    entity: String,
    shard: u16,
    stage: Stage,
    month: Month,
    statement: StatementId,
}

impl Stored for ListedStatement {
    const KIND: &'static str = "listed_statement";

    fn key(&self) -> Key {
        Key::ListedStatement(self.entity.clone(), self.shard, self.stage.word(), self.month, self.statement)
    }
}

/// Some of the lines of a statement's events, in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementPage {
    /// Which statement.
    pub statement: StatementId,
    /// Which page, from 1.
    pub number: u32,
    /// The lines.
    pub lines: Vec<StatementLine>,
}

impl Stored for StatementPage {
    const KIND: &'static str = "statement_page";

    fn key(&self) -> Key {
        Key::StatementPage(self.statement, self.number)
    }
}

impl Stored for JuryDuty {
    const KIND: &'static str = "jury_duty";

    fn key(&self) -> Key {
        Key::JuryDuty(self.juror, self.told_at, self.defense)
    }
}

/// How a session was last said to have ended, by a line that corrects a closed one.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Restated {
    /// Which session.
    pub session: SessionId,
    /// How it counts since.
    pub outcome: Outcome,
}

impl Stored for Restated {
    const KIND: &'static str = "restated";

    fn key(&self) -> Key {
        Key::Restated(self.session)
    }
}

/// A page of a person's statements, the latest month first.
#[derive(Debug, Clone)]
pub struct Statements {
    person: PersonId,
    /// The statements.
    pub statements: Vec<Item<Statement>>,
    /// Sort key of the last one when there are more.
    pub next: Option<String>,
}

impl Subject for Statements {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

/// A page of a person's events: sessions first, then the defenses they judged.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Sessions, also those in which the person was the student.
    pub sessions: Vec<Session>,
    /// Times of defenses.
    pub duties: Vec<JuryDuty>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Work {
    /// Whose place on an edition the events are for, each once.
    pub fn enrollments(&self) -> Vec<EnrollmentId> {
        let sessions = self.sessions.iter().map(|session| session.enrollment);
        let mut all = Vec::from_iter(sessions.chain(self.duties.iter().map(|duty| duty.enrollment)));
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Store {
    /// A statement.
    pub async fn statement(&self, id: StatementId) -> Result<Option<Loaded<Item<Statement>>>, StoreError> {
        Ok(self.statement_for_job(id).await?.map(|item| self.loaded(item)))
    }

    /// A statement as it is kept, or as it was given where it was never written.
    pub async fn statement_or(&self, open: Statement) -> Result<Loaded<Item<Statement>>, StoreError> {
        let kept = self.statement_for_job(open.id).await?;
        Ok(self.loaded(kept.unwrap_or_else(|| Item::new(open))))
    }

    /// A statement, for the system's own jobs, and for what was permitted on another of the same person.
    pub async fn statement_for_job(&self, id: StatementId) -> Result<Option<Item<Statement>>, StoreError> {
        self.get(&Key::Statement(id)).await
    }

    /// What was stated of a session after its line was closed, if anything.
    pub async fn restated(&self, session: SessionId) -> Result<Option<Item<Restated>>, StoreError> {
        self.get(&Key::Restated(session)).await
    }

    /// A page of the lines of a closed statement's events.
    pub async fn statement_page(
        &self,
        statement: StatementId,
        number: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        let page: Option<Item<StatementPage>> = self.get(&Key::StatementPage(statement, number)).await?;
        page.map(|page| page.value.lines).ok_or(StoreError::Missing("a page of a statement"))
    }

    /// A page of a person's statements, the latest month first.
    pub async fn statements_of(
        &self,
        person: PersonId,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<Loaded<Statements>, StoreError> {
        let page = self.page(&Query::PersonStatements(person), Order::Descending, after, items_max).await?;
        let of = |item| Ok(from_attributes::<PersonStatement>(item)?.value.statement);
        let (statements, next) = self.statements_on(page, of).await?;
        Ok(self.loaded(Statements { person, statements, next }))
    }

    /// A page of a shard of a legal entity's statements that finance has yet to approve or to pay, the
    /// earliest month first, and where the next one begins.
    pub async fn listed_statements(
        &self,
        entity: &str,
        shard: u16,
        stage: Stage,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<Statement>>, Option<String>), StoreError> {
        let query = Query::ListedStatements { entity: entity.to_owned(), shard, stage: stage.word() };
        let page = self.page(&query, Order::Ascending, after, items_max).await?;
        let of = |item| Ok(from_attributes::<ListedStatement>(item)?.value.statement);
        self.statements_on(page, of).await
    }

    async fn statements_on(
        &self,
        page: Page,
        of: impl Fn(Attributes) -> Result<StatementId, StoreError>,
    ) -> Result<(Vec<Item<Statement>>, Option<String>), StoreError> {
        let keys = page.items.into_iter().map(|item| Ok(Key::Statement(of(item)?)));
        let keys: Vec<Key> = keys.collect::<Result<_, StoreError>>()?;
        Ok((self.get_many(&keys).await?, page.next))
    }

    /// A page of what a person may be paid for in a span of time: at most `items_max` sessions and as
    /// many defenses.
    pub async fn work_of(
        &self,
        person: PersonId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&str>,
        items_max: u16,
    ) -> Result<Work, StoreError> {
        let mut work = Work::default();
        let duties_after = after.filter(|after| after.starts_with(DUTIES));
        if duties_after.is_none() {
            (work.sessions, work.next) = self.sessions_of(person, (from, to), after, items_max).await?;
        }
        if work.next.is_none() {
            let query = Query::PersonDuties { person, from, to };
            let page = self.page(&query, Order::Ascending, duties_after, items_max).await?;
            let duties = page.items.into_iter().map(|item| Ok(from_attributes::<JuryDuty>(item)?.value));
            work.duties = duties.collect::<Result<_, StoreError>>()?;
            work.next = page.next;
        }
        Ok(work)
    }

    /// The attempts of enrollments, each with the projects of its edition.
    pub async fn attempts_at(
        &self,
        paths: impl IntoIterator<Item = (EnrollmentId, Vec<ProjectId>)>,
    ) -> Result<Vec<Attempt>, StoreError> {
        let of = |(enrollment, projects): (EnrollmentId, Vec<ProjectId>)| {
            projects.into_iter().map(move |project| Key::Attempt(enrollment, project))
        };
        let keys = Vec::from_iter(paths.into_iter().flat_map(of));
        let items: Vec<Item<Attempt>> = self.get_many(&keys).await?;
        Ok(items.into_iter().map(|item| item.value).collect())
    }
}

/// What the sort keys of defenses that were judged begin with.
const DUTIES: &str = "duty#";

impl<R> Transaction<'_, R> {
    /// Asks for the statements of the sessions that are to be held at a new time, once their month is over.
    pub(crate) fn states_pay<'a>(
        self,
        sessions: impl Iterator<Item = (&'a Enrollment, &'a Session)>,
    ) -> Self {
        let closing = |(enrollment, session): (&Enrollment, &Session)| {
            let entity = LegalEntity::of_market(&enrollment.market)?;
            closing_of(session.with, &entity, session.starts_at, session.policy.statement_days)
        };
        let mut closings = Vec::from_iter(sessions.filter_map(closing));
        // A transaction touches a job once.
        closings.sort_by_key(|(job, due_at)| (job.id(), *due_at));
        closings.dedup_by_key(|(job, _)| job.id());
        closings.iter().fold(self, |transaction, (job, due_at)| transaction.enqueue(job, *due_at))
    }
}
