//! A plan as JSON, the same from the API and from the command line.

use domain::capacity::{CapacityPlan, CellPlan, Graduates, Week};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// How many mentors are needed, and where they are missing. Minutes are of mentors, in a week.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapacityPlanView {
    summary: SummaryView,
    /// All cells together, week by week.
    weeks: Vec<WeekView>,
    /// Each cell, in the forecast's order.
    cells: Vec<CellPlanView>,
}

/// What the plan comes to.
#[derive(Debug, Serialize, ToSchema)]
struct SummaryView {
    /// The first of the weeks in which most is asked for; the next four are of it.
    #[schema(value_type = Option<String>, format = Date)]
    busiest_on: Option<Date>,
    /// Who studies.
    #[schema(example = 1_000_000_000)]
    students: u64,
    /// How many mentors their sessions take.
    #[schema(example = 75_000_000)]
    mentors_for_sessions: u64,
    /// How many more their juries take.
    mentors_for_defenses: u64,
    /// Both together.
    mentors_needed: u64,
    /// The first week in which mentors are missing; null where they never are.
    #[schema(value_type = Option<String>, format = Date)]
    first_short_on: Option<Date>,
    /// When training would have to begin so that they never are; it may have passed.
    #[schema(value_type = Option<String>, format = Date)]
    train_by: Option<Date>,
    /// How many weeks of training come before a mentor's first session.
    lead_weeks: usize,
    /// When those are ready who begin training in the first week; null where the plan ends before.
    #[schema(value_type = Option<String>, format = Date)]
    first_ready_on: Option<Date>,
    /// How many have to begin training within the plan, those who follow leavers among them.
    recruits: u64,
    /// The recruits who are to be ready by the last week, against those who graduate in time to be among them;
    /// null where the plan ends before anyone is trained.
    graduates: Option<GraduatesView>,
    /// The week from which on graduates alone would be enough; null where they never are.
    #[schema(value_type = Option<String>, format = Date)]
    graduates_enough_from: Option<Date>,
}

/// Graduates against what is asked of them.
#[derive(Debug, Serialize, ToSchema)]
struct GraduatesView {
    /// How many would have to become mentors.
    needed: u64,
    /// How many there are since the plan's first day.
    there: u64,
    /// How many of a thousand that is, rounded up, over 1,000 where they are not enough; null where there are
    /// none.
    share_per_mille: Option<u64>,
}

/// A week of all cells together.
#[derive(Debug, Serialize, ToSchema)]
struct WeekView {
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    begins_on: Date,
    /// Who studies.
    students: u64,
    /// How many defend a project.
    defenses: u64,
    /// What sessions take.
    session_minutes: u64,
    /// What juries take.
    defense_minutes: u64,
    /// How many mentors there are.
    mentors: u64,
    /// What they can give.
    supply_minutes: u64,
    /// What of that reaches somebody who needs it.
    served_minutes: u64,
    /// What nobody gives: sessions and juries less what is served.
    shortage_minutes: u64,
    /// How many mentors that is, each cell's counted whole.
    mentors_missing: u64,
    /// How many have to begin training on this day.
    recruits: u64,
    /// What is missing although all recruits came: nothing from the first week for which somebody can be trained.
    shortage_with_recruits_minutes: u64,
    /// Recruits who are to be ready by this week, against those who graduated before their training began.
    graduates: GraduatesView,
}

/// A cell, week by week: each list has an entry for each of the plan's weeks.
#[derive(Debug, Serialize, ToSchema)]
struct CellPlanView {
    #[schema(example = "web-development")]
    field: String,
    #[schema(example = "fr")]
    language: String,
    #[schema(example = "+01:00")]
    utc_offset: String,
    students: Vec<u64>,
    demand_minutes: Vec<u64>,
    served_minutes: Vec<u64>,
    /// Demand less what is served.
    shortage_minutes: Vec<u64>,
    /// How many have to begin training.
    recruits: Vec<u64>,
    /// The recruits against the cell's graduates in time for the last week.
    graduates: GraduatesView,
}

impl From<Graduates> for GraduatesView {
    fn from(graduates: Graduates) -> Self {
        let Graduates { needed, there } = graduates;
        Self { needed, there, share_per_mille: graduates.per_mille() }
    }
}

impl CapacityPlanView {
    /// Of a plan.
    pub fn of(plan: &CapacityPlan) -> Self {
        Self {
            summary: SummaryView::of(plan),
            weeks: plan.weeks.iter().map(WeekView::of).collect(),
            cells: plan.cells.iter().map(CellPlanView::of).collect(),
        }
    }
}

impl SummaryView {
    fn of(plan: &CapacityPlan) -> Self {
        let busiest = plan.busiest();
        let needed = busiest.map_or(0, |week| plan.mentors_for(week.demand_minutes()));
        let sessions = busiest.map_or(0, |week| plan.mentors_for(week.session_minutes));
        let on = |week: Option<&Week>| week.map(|week| week.begins_on);
        Self {
            busiest_on: on(busiest),
            students: busiest.map_or(0, |week| week.students),
            mentors_for_sessions: sessions,
            mentors_for_defenses: needed - sessions,
            mentors_needed: needed,
            first_short_on: on(plan.first_short()),
            train_by: plan.train_by(),
            lead_weeks: plan.lead_weeks,
            first_ready_on: on(plan.first_ready()),
            recruits: plan.weeks.iter().map(|week| week.recruits).sum(),
            graduates: plan.graduates().map(GraduatesView::from),
            graduates_enough_from: on(plan.enough_from()),
        }
    }
}

impl WeekView {
    fn of(week: &Week) -> Self {
        Self {
            begins_on: week.begins_on,
            students: week.students,
            defenses: week.defenses,
            session_minutes: week.session_minutes,
            defense_minutes: week.defense_minutes,
            mentors: week.mentors,
            supply_minutes: week.supply_minutes,
            served_minutes: week.served_minutes,
            shortage_minutes: week.shortage_minutes(),
            mentors_missing: week.mentors_missing,
            recruits: week.recruits,
            shortage_with_recruits_minutes: week.missing_after_minutes,
            graduates: week.graduates().into(),
        }
    }
}

impl CellPlanView {
    fn of(cell: &CellPlan) -> Self {
        Self {
            field: cell.cell.field.clone(),
            language: cell.cell.language.clone(),
            utc_offset: cell.cell.utc_offset.to_string(),
            students: cell.students.clone(),
            demand_minutes: cell.demand_minutes.clone(),
            served_minutes: cell.served_minutes.clone(),
            shortage_minutes: (0..cell.students.len()).map(|week| cell.shortage_minutes(week)).collect(),
            recruits: cell.recruits.clone(),
            graduates: cell.graduates().into(),
        }
    }
}
