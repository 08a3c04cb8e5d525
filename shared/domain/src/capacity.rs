//! How many mentors will be needed, where, and by when they have to begin training.
//!
//! A [`Forecast`] says who will study and who can mentor them. Demand is counted for each week and each
//! [`Cell`] of students whom the same mentors can serve: a field, a language and a band of time zones. What
//! the mentors can give is spread over the cells that they reach, as far as it goes; what is missing then
//! says how many to recruit, and how many of those who graduate in time would have to become mentors.
//! Whole numbers only: people, and minutes of mentors.

mod forecast; // who will study, and who is there for them
mod band; // where people's clocks stand
mod whole; // parts of a whole, and whole things split
mod own; // the school's own mentors

mod recruit; // who has to begin training
mod serve; // who serves whom
mod staff; // how many mentors there are
mod study; // what becomes of those who begin

pub use band::{InvalidBand, ZoneBand};
pub use forecast::{
    Cell, CellShare, Course, Defenses, Fault, FieldShare, Forecast, GROUPS_MAX, IntakeStep, InvalidForecast,
    MentorGroup, Mentors, Mix, PlaceShare, Project, RecruitStep, Sessions, Students,
};
pub use own::OwnMentor;
pub use recruit::Graduates;

use jiff::Span;
use jiff::civil::Date;
use recruit::Recruiting;
use serve::Reach;
use staff::stock;
use study::{Cohort, Weeks};
use whole::split;

/// What a forecast comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityPlan {
    /// What one mentor gives in a week.
    pub mentor_minutes: u64,
    /// What one session takes.
    pub session_minutes: u64,
    /// How many sessions a student has in a week.
    pub sessions_per_week: u64,
    /// How many weeks of training come before a mentor's first session.
    pub lead_weeks: usize,
    /// All cells together, week by week.
    pub weeks: Vec<Week>,
    /// Each cell, in the forecast's order.
    pub cells: Vec<CellPlan>,
}

/// A week of all cells together. Minutes are of mentors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// Its first day.
    pub begins_on: Date,
    /// Who studies.
    pub students: u64,
    /// What their sessions take.
    pub session_minutes: u64,
    /// How many defend.
    pub defenses: u64,
    /// What the juries take.
    pub defense_minutes: u64,
    /// How many mentors there are.
    pub mentors: u64,
    /// What they can give.
    pub supply_minutes: u64,
    /// What of that reaches somebody who needs it.
    pub served_minutes: u64,
    /// How many mentors are missing, each cell's counted whole.
    pub mentors_missing: u64,
    /// How many have to begin training in it.
    pub recruits: u64,
    /// How many of those recruits have been trained by its beginning, whoever left since among them.
    pub trained: u64,
    /// What is missing although all recruits came.
    pub missing_after_minutes: u64,
    /// Who had graduated when those who are ready in this week had to begin training.
    pub graduates: u64,
}

/// A cell, week by week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlan {
    /// Who.
    pub cell: Cell,
    /// How many study.
    pub students: Vec<u64>,
    /// What sessions and juries take.
    pub demand_minutes: Vec<u64>,
    /// What mentors give of it.
    pub served_minutes: Vec<u64>,
    /// How many have to begin training.
    pub recruits: Vec<u64>,
    /// Who of this cell could have become one of them by the last week.
    pub graduates: u64,
}

impl Week {
    /// What sessions and juries take.
    pub const fn demand_minutes(&self) -> u64 {
        self.session_minutes + self.defense_minutes
    }

    /// What nobody gives.
    pub const fn shortage_minutes(&self) -> u64 {
        self.demand_minutes() - self.served_minutes
    }
}

impl CellPlan {
    /// What nobody gives in a week.
    pub fn shortage_minutes(&self, week: usize) -> u64 {
        self.demand_minutes[week] - self.served_minutes[week]
    }

    /// Those who have to begin training, and those who could.
    pub fn graduates(&self) -> Graduates {
        Graduates { needed: self.recruits.iter().sum(), there: self.graduates }
    }
}

impl Forecast {
    /// What comes of it, beginning today where the forecast names no day.
    pub fn plan(&self, today: Date) -> Result<CapacityPlan, InvalidForecast> {
        self.check()?;
        let weeks = usize::from(self.weeks);
        let lead_weeks = usize::from(self.mentors.lead_weeks);
        let mentor_minutes = self.mentors.minutes_a_week();
        let study = Weeks::of(&self.students, &Cohort::of(&self.course), weeks);
        let (cells, weights) = self.mix.cells();
        let groups = self.supply.as_deref().unwrap_or_default();
        let stocks = Vec::from_iter(groups.iter().map(|group| stock(group, &self.mentors, weeks)));
        let minutes = Vec::from_iter(groups.iter().map(|group| group.minutes_a_week(&self.mentors)));
        let reach = Reach::of(groups.len(), cells.len(), |group, cell| {
            groups[group].reaches(&cells[cell], &self.mentors)
        });
        let empty = |cell| CellPlan {
            cell,
            students: Vec::with_capacity(weeks),
            demand_minutes: Vec::with_capacity(weeks),
            served_minutes: Vec::with_capacity(weeks),
            recruits: vec![0; weeks],
            graduates: 0,
        };
        let mut plan = CapacityPlan {
            mentor_minutes,
            session_minutes: self.sessions.minutes.into(),
            sessions_per_week: self.sessions.per_week.into(),
            lead_weeks,
            weeks: Vec::with_capacity(weeks),
            cells: cells.into_iter().map(empty).collect(),
        };
        let first = self.starts_on.unwrap_or(today);
        for week in 0..weeks {
            let supply = Vec::from_iter(stocks.iter().zip(&minutes).map(|(stock, it)| stock[week] * it));
            let students = split(study.active[week], &weights);
            let defenses = split(study.defenses[week], &weights);
            let sessions = self.sessions.minutes_a_week();
            let demand = students.iter().zip(&defenses);
            let demand = demand
                .map(|(students, defenses)| students * sessions + defenses * self.defenses.minutes_each());
            let demand = Vec::from_iter(demand);
            let served = reach.serve(&supply, &demand);
            plan.weeks.push(Week {
                begins_on: first.saturating_add(Span::new().weeks(i64::try_from(week).unwrap_or_default())),
                students: study.active[week],
                session_minutes: study.active[week] * sessions,
                defenses: study.defenses[week],
                defense_minutes: study.defenses[week] * self.defenses.minutes_each(),
                mentors: stocks.iter().map(|stock| stock[week]).sum(),
                supply_minutes: supply.iter().sum(),
                served_minutes: served.iter().sum(),
                mentors_missing: 0,
                recruits: 0,
                trained: 0,
                missing_after_minutes: 0,
                // Those who graduated up to the week before training begins.
                graduates: week.checked_sub(lead_weeks + 1).map_or(0, |before| study.graduates[before]),
            });
            for (index, cell) in plan.cells.iter_mut().enumerate() {
                cell.students.push(students[index]);
                cell.demand_minutes.push(demand[index]);
                cell.served_minutes.push(served[index]);
            }
        }
        let recruiting = Recruiting { mentors: &self.mentors, mentor_minutes, lead_weeks };
        let in_time = split(plan.weeks.last().map_or(0, |week| week.graduates), &weights);
        for (cell, graduates) in plan.cells.iter_mut().zip(in_time) {
            cell.graduates = graduates;
            recruiting.recruit(cell, &mut plan.weeks);
        }
        Ok(plan)
    }
}

impl CapacityPlan {
    /// How many mentors it takes to give so many minutes in a week.
    pub const fn mentors_for(&self, minutes: u64) -> u64 {
        minutes.div_ceil(self.mentor_minutes)
    }

    /// The first of the weeks in which most is asked for.
    pub fn busiest(&self) -> Option<&Week> {
        let most = self.weeks.iter().map(Week::demand_minutes).max()?;
        self.weeks.iter().find(|week| week.demand_minutes() == most)
    }

    /// The first week for which somebody can still be trained.
    pub fn first_ready(&self) -> Option<&Week> {
        self.weeks.get(self.lead_weeks)
    }

    /// The first week in which somebody is missing.
    pub fn first_short(&self) -> Option<&Week> {
        self.weeks.iter().find(|week| week.shortage_minutes() > 0)
    }

    /// When training would have to begin so that nobody is ever missing; that may have been long ago.
    pub fn train_by(&self) -> Option<Date> {
        let lead = Span::new().weeks(i64::try_from(self.lead_weeks).unwrap_or_default());
        self.first_short().map(|week| week.begins_on.saturating_sub(lead))
    }

    /// Those who have to have begun training for the last week, and those who could have; nobody where the
    /// weeks end before anyone is trained.
    pub fn graduates(&self) -> Option<Graduates> {
        self.first_ready()?;
        self.weeks.last().map(Week::graduates)
    }

    /// The week from which on those who graduated would be enough to fill what is missing.
    pub fn enough_from(&self) -> Option<&Week> {
        let weeks = self.weeks.iter().enumerate().rev();
        let enough =
            weeks.take_while(|(_, week)| week.graduates().enough() && week.missing_after_minutes == 0);
        enough.last().map(|(_, week)| week)
    }
}

#[cfg(test)]
mod tests;
