//! Statements as they are shown: every amount beside what it is worked out from.

use domain::catalog::{Level, Share, Tariff};
use domain::id::{EnrollmentId, PersonId, ProjectId, StatementId};
use domain::money::Money;
use domain::statement::{
    Event, Kind, LineReason, Month, Objection, Outcome, Stated, Statement, StatementLine, StatementState,
    Worked,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::page::List;
use crate::problem::{Code, Problem};
use crate::schema::MoneySchema;

/// What a legal entity pays somebody for a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementSummary {
    #[schema(value_type = String)]
    id: StatementId,
    #[schema(value_type = String)]
    person: PersonId,
    /// The legal entity that pays.
    #[schema(example = "FR")]
    entity: String,
    #[schema(value_type = String, example = "2027-03")]
    month: Month,
    /// `open`, `closed`, `approved` or `paid`.
    #[schema(example = "closed")]
    state: &'static str,
    /// The sum of all lines; null while it is open and not all of them are known.
    #[schema(value_type = Option<MoneySchema>)]
    total: Option<Money>,
    /// How many lines it has; null while it is open.
    line_count: Option<u32>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = Date)]
    paid_on: Option<Date>,
    /// What its payment is known by at the bank.
    reference: Option<String>,
    /// What the person said against it.
    objections: Vec<ObjectionView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ObjectionView {
    text: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A statement with a page of its lines: those that correct earlier statements first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementView {
    #[serde(flatten)]
    summary: StatementSummary,
    lines: Vec<LineView>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A line. Its amount is `tariff.full` x `minutes` / `tariff.full_minutes` x `tariff.share`, rounded once, half
/// up (a defense is paid whole, however long); of a line that corrects another, less the same with
/// `tariff.share_before`.
#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    /// Null while the statement is open.
    number: Option<u32>,
    /// `worked`, `adjusted` (the outcome of an earlier line was settled otherwise) or `decided` (by finance).
    reason: &'static str,
    #[schema(value_type = Option<String>, example = "session")]
    kind: Option<Kind>,
    session: Option<String>,
    defense: Option<String>,
    #[schema(value_type = Option<String>)]
    enrollment: Option<EnrollmentId>,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// On the calendar of who pays: the date whose tariff counts.
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Date>,
    #[schema(value_type = Option<String>, example = "completed")]
    outcome: Option<Outcome>,
    /// How it was said to have ended before.
    #[schema(value_type = Option<String>)]
    outcome_before: Option<Outcome>,
    /// The project the student was on.
    #[schema(value_type = Option<String>)]
    project: Option<ProjectId>,
    #[schema(value_type = Option<u8>, example = 2)]
    level: Option<Level>,
    minutes: Option<u32>,
    tariff: Option<TariffView>,
    adjusts: Option<AdjustsView>,
    /// Why finance decided so.
    text: Option<String>,
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

/// What of a tariff a line is paid by.
#[derive(Debug, Serialize, ToSchema)]
struct TariffView {
    version: u32,
    #[schema(value_type = String, format = Date)]
    since: Date,
    source: String,
    /// The amount of the line's level.
    #[schema(value_type = Option<MoneySchema>)]
    full: Option<Money>,
    /// The length that amount is for; null for a defense.
    full_minutes: Option<u32>,
    /// The share for how it ended.
    share: ShareView,
    /// The share for how it was said to have ended before.
    share_before: Option<ShareView>,
}

/// A part of a whole.
#[derive(Debug, Serialize, ToSchema)]
struct ShareView {
    numerator: u32,
    denominator: u32,
}

/// What a line corrects.
#[derive(Debug, Serialize, ToSchema)]
struct AdjustsView {
    #[schema(value_type = String)]
    statement: StatementId,
    /// The number of the line; null where finance corrects a statement as a whole.
    line: Option<u32>,
}

impl StatementSummary {
    /// A statement without its lines.
    pub fn of(statement: &Statement) -> Self {
        let closing = statement.closing();
        let approved_at = match &statement.state {
            StatementState::Approved { approval, .. } | StatementState::Paid { approval, .. } => {
                Some(approval.at)
            }
            StatementState::Open | StatementState::Closed(_) => None,
        };
        let (paid_on, reference) = match &statement.state {
            StatementState::Paid { paid_on, reference, .. } => (Some(*paid_on), Some(reference.clone())),
            _ => (None, None),
        };
        let objection = |Objection { text, at }: &Objection| ObjectionView { text: text.clone(), at: *at };
        Self {
            id: statement.id,
            person: statement.person,
            entity: statement.entity.code.clone(),
            month: statement.month,
            state: statement.state.word(),
            total: closing.map(|closing| closing.total),
            line_count: closing.map(|closing| closing.lines),
            closed_at: closing.map(|closing| closing.closed_at),
            approved_at,
            paid_on,
            reference,
            objections: statement.objections.iter().map(objection).collect(),
        }
    }
}

impl StatementView {
    /// A statement with a page of the lines it was closed with.
    pub fn closed(
        statement: &Statement,
        lines: Vec<StatementLine>,
        is_first: bool,
        next: Option<String>,
    ) -> Result<Self, Problem> {
        let shown = |line: &StatementLine| LineView::of(line, Some(line.number), &statement.tariffs);
        let corrections = statement.adjustments.iter().filter(|_| is_first);
        let page = List::page(corrections.chain(&lines).map(shown).collect::<Result<_, _>>()?, next);
        let summary = StatementSummary::of(statement);
        Ok(Self { summary, lines: page.items, next_cursor: page.next_cursor })
    }

    /// A statement that is open, with a page of the events that are over.
    pub fn so_far(
        statement: &Statement,
        stated: Stated,
        is_first: bool,
        next: Option<String>,
    ) -> Result<Self, Problem> {
        let Stated { mut lines, tariffs } = stated;
        let mut summary = StatementSummary::of(statement);
        if is_first && next.is_none() {
            summary.total = Some(statement.sum()?.with(&mut lines)?.total);
        }
        let corrections = statement.adjustments.iter().filter(|_| is_first);
        let corrections = corrections.map(|line| LineView::of(line, Some(line.number), &statement.tariffs));
        let events = lines.iter().map(|line| LineView::of(line, None, &tariffs));
        let page = List::page(corrections.chain(events).collect::<Result<_, _>>()?, next);
        Ok(Self { summary, lines: page.items, next_cursor: page.next_cursor })
    }
}

impl LineView {
    fn of(line: &StatementLine, number: Option<u32>, tariffs: &[Tariff]) -> Result<Self, Problem> {
        let worked = line.worked();
        let before = match &line.reason {
            LineReason::Adjusted { was, .. } => Some(*was),
            _ => None,
        };
        let (reason, text) = match &line.reason {
            LineReason::Worked(_) => ("worked", None),
            LineReason::Adjusted { .. } => ("adjusted", None),
            LineReason::Decided { text, .. } => ("decided", Some(text.clone())),
        };
        let adjusts = match &line.reason {
            LineReason::Adjusted { adjusts, .. } => {
                Some(AdjustsView { statement: adjusts.statement, line: Some(adjusts.number) })
            }
            LineReason::Decided { adjusts, .. } => {
                adjusts.map(|statement| AdjustsView { statement, line: None })
            }
            LineReason::Worked(_) => None,
        };
        let (session, defense) = match worked.map(|worked| worked.event) {
            Some(Event::Session(id)) => (Some(id.to_string()), None),
            Some(Event::Defense(id)) => (None, Some(id.to_string())),
            None => (None, None),
        };
        Ok(Self {
            number,
            reason,
            kind: worked.map(|worked| worked.work(worked.outcome).kind),
            session,
            defense,
            enrollment: worked.map(|worked| worked.enrollment),
            starts_at: worked.map(|worked| worked.starts_at),
            date: worked.map(|worked| worked.date),
            outcome: worked.map(|worked| worked.outcome),
            outcome_before: before,
            project: worked.and_then(|worked| worked.project.clone()),
            level: worked.map(|worked| worked.level),
            minutes: worked.map(|worked| worked.minutes),
            tariff: worked.map(|worked| TariffView::of(worked, before, tariffs)).transpose()?,
            adjusts,
            text,
            amount: line.amount,
        })
    }
}

impl TariffView {
    fn of(worked: &Worked, before: Option<Outcome>, tariffs: &[Tariff]) -> Result<Self, Problem> {
        let named = tariffs.iter().find(|tariff| tariff.version == worked.tariff);
        let tariff =
            named.ok_or_else(|| Problem::new(Code::Internal, "A line names a tariff that is lost."))?;
        let share = |outcome: Outcome| {
            let Share { numerator, denominator } = outcome.share(tariff);
            ShareView { numerator, denominator }
        };
        let amounts = tariff.level(worked.level);
        let (full, full_minutes) = match worked.event {
            Event::Session(_) => (amounts.map(|amounts| amounts.session), Some(tariff.session_minutes)),
            Event::Defense(_) => (amounts.map(|amounts| amounts.defense), None),
        };
        Ok(Self {
            version: tariff.version,
            since: tariff.since,
            source: tariff.source.clone(),
            full,
            full_minutes,
            share: share(worked.outcome),
            share_before: before.map(share),
        })
    }
}
