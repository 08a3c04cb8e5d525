//! What becomes of those who begin: how many of them study in each week after, defend, and graduate.

use super::forecast::{Course, Students};
use super::whole::{WHOLE, kept_weekly, narrow, times};
use crate::months::Months;

/// One who begins, week by week, in trillionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cohort {
    /// The part that studies in each week.
    pub active: Vec<u128>,
    /// The part that defends at the end of each week.
    pub defenses: Vec<u128>,
    /// The part that graduates at the end of each week.
    pub graduates: Vec<u128>,
}

/// What a school's students do, week by week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weeks {
    /// Who studies.
    pub active: Vec<u64>,
    /// Who defends a project.
    pub defenses: Vec<u64>,
    /// Who has graduated since the plan's first day, that week included.
    pub graduates: Vec<u64>,
}

/// How many weeks a month has: 20,871 in 4,800, the calendar's own cycle of 400 years.
const WEEKS: (u32, u32) = (20_871, 4_800);

/// How long each project takes, in whole weeks that add up to what the months do.
fn project_weeks(course: &Course) -> impl Iterator<Item = usize> {
    let mut ended = 0;
    let mut sum = Months::ZERO;
    course.projects.iter().map(move |project| {
        sum = sum.plus(project.months);
        let (weeks, per) = (sum.as_hundredths() * WEEKS.0, 100 * WEEKS.1);
        let ends = (weeks + per / 2) / per;
        let length = ends.saturating_sub(ended).max(1);
        ended += length;
        length as usize
    })
}

impl Cohort {
    /// What the course makes of one who begins it.
    pub fn of(course: &Course) -> Self {
        let kept = kept_weekly(course.leave_per_mille_a_year);
        let lengths = Vec::from_iter(project_weeks(course));
        let retries = usize::from(course.retries_max);
        let weeks_max =
            lengths.iter().sum::<usize>() + lengths.len() * retries * usize::from(course.retry_weeks);
        let none = vec![0; weeks_max];
        let mut cohort = Self { active: none.clone(), defenses: none.clone(), graduates: none };
        let nobody = vec![0; weeks_max + 1];
        // Who begins a project in which week: all of them the first, in the first.
        let mut begin = nobody.clone();
        begin[0] = WHOLE;
        for (project, weeks) in course.projects.iter().zip(lengths) {
            let mut next = nobody.clone();
            let mut length = weeks;
            for _ in 0..=retries {
                let mut again = nobody.clone();
                for (week, part) in begin.iter().enumerate().filter(|(_, part)| **part > 0) {
                    let (last, defending) = cohort.study(week, length, *part, kept);
                    cohort.defenses[last] += defending;
                    let passed = defending * u128::from(project.pass_per_mille) / 1_000;
                    next[last + 1] += passed;
                    again[last + 1] += defending - passed;
                }
                begin = again;
                length = usize::from(course.retry_weeks);
            }
            begin = next;
        }
        // Who would begin the project after the last one graduated the week before.
        for (week, part) in begin.iter().enumerate().skip(1) {
            cohort.graduates[week - 1] += part;
        }
        cohort
    }

    /// Lets a part study for so many weeks: in which the last one is, and who is left to defend then.
    fn study(&mut self, week: usize, length: usize, part: u128, kept: u128) -> (usize, u128) {
        let last = week + length - 1;
        let mut here = part;
        for now in week..=last {
            self.active[now] += here;
            if now < last {
                here = times(here, kept);
            }
        }
        (last, here)
    }

    /// The part of those who begin that graduates.
    pub fn graduating(&self) -> u128 {
        self.graduates.iter().sum()
    }
}

impl Weeks {
    /// What becomes of a forecast's students over so many weeks.
    pub fn of(students: &Students, cohort: &Cohort, weeks: usize) -> Self {
        if students.intake.is_empty() {
            return Self::steady(students.active, cohort, weeks);
        }
        let begin = Vec::from_iter((0..weeks).map(|week| students.begin_in(week)));
        let length = cohort.active.iter().sum::<u128>();
        // Those who study already are spread over the course as a long steady intake spreads them; the
        // latest of them began a week before the first.
        let length_before = (length - cohort.active[0]).max(1);
        let over = |profile: &[u128], week: usize| {
            let before: u128 = profile.iter().skip(week + 1).sum();
            let since: u128 = (0..=week)
                .map(|began| {
                    u128::from(begin[began]) * profile.get(week - began).copied().unwrap_or_default()
                })
                .sum();
            (before, since)
        };
        let whole = |(before, since): (u128, u128)| {
            narrow(u128::from(students.active) * before / length_before + since / WHOLE)
        };
        let mut graduated = (0, 0);
        let graduates = (0..weeks).map(|week| {
            let (before, since) = over(&cohort.graduates, week);
            graduated = (graduated.0 + before, graduated.1 + since);
            whole(graduated)
        });
        Self {
            graduates: graduates.collect(),
            active: (0..weeks).map(|week| whole(over(&cohort.active, week))).collect(),
            defenses: (0..weeks).map(|week| whole(over(&cohort.defenses, week))).collect(),
        }
    }

    /// As many every week: whoever leaves or graduates is followed by one who begins.
    fn steady(active: u64, cohort: &Cohort, weeks: usize) -> Self {
        let length = cohort.active.iter().sum::<u128>();
        let a_week = |part: u128, weeks: u128| narrow(u128::from(active) * part * weeks / length);
        let defenses = a_week(cohort.defenses.iter().sum(), 1);
        let graduates = (1..=weeks as u128).map(|week| a_week(cohort.graduating(), week));
        Self { active: vec![active; weeks], defenses: vec![defenses; weeks], graduates: graduates.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::forecast::{IntakeStep, Project};
    use super::*;

    fn course(projects: &[(&str, u16)], retries_max: u8, leave_per_mille_a_year: u16) -> Course {
        let project = |&(months, pass_per_mille): &(&str, u16)| Project {
            months: months.parse().expect(months),
            pass_per_mille,
        };
        let projects = projects.iter().map(project).collect();
        Course { projects, retries_max, retry_weeks: 4, leave_per_mille_a_year, source: None }
    }

    #[test]
    fn a_year_of_six_projects_has_fifty_two_weeks() {
        let cohort = Cohort::of(&course(&[("2.0", 1_000); 6], 0, 0));
        assert_eq!(cohort.active, [WHOLE; 52]);
        assert_eq!(cohort.defenses.iter().sum::<u128>(), 6 * WHOLE);
        assert_eq!(cohort.graduates[51], WHOLE);
    }

    #[test]
    fn who_fails_tries_again_and_leaves_after_the_last_try() {
        // One project of two months: 8.7 weeks are nine. Half pass each time, and there are two tries.
        let cohort = Cohort::of(&course(&[("2.0", 500)], 1, 0));
        assert_eq!(cohort.active[..9], [WHOLE; 9]);
        assert_eq!(cohort.active[9..], [WHOLE / 2; 4]);
        assert_eq!((cohort.defenses[8], cohort.defenses[12]), (WHOLE, WHOLE / 2));
        assert_eq!((cohort.graduates[8], cohort.graduates[12]), (WHOLE / 2, WHOLE / 4));
        assert_eq!(cohort.graduating(), WHOLE / 4 * 3);
    }

    #[test]
    fn who_leaves_is_gone_for_good() {
        let cohort = Cohort::of(&course(&[("12.0", 1_000)], 0, 200));
        assert!(cohort.active.windows(2).all(|two| two[1] < two[0]));
        // After 51 of 52 weeks a little more than four fifths are left.
        let left = cohort.graduating();
        assert!(left > WHOLE * 800 / 1_000 && left < WHOLE * 804 / 1_000, "{left}");
    }

    #[test]
    fn an_intake_becomes_the_steady_number_that_belongs_to_it() {
        let course = course(&[("2.0", 850); 6], 2, 200);
        let cohort = Cohort::of(&course);
        let per_week = 10_000;
        let weeks = cohort.active.len() + 10;
        let intake = vec![IntakeStep { from_week: 0, per_week }];
        let grown = Weeks::of(&Students { active: 0, intake: intake.clone(), source: None }, &cohort, weeks);
        let active = *grown.active.last().expect("weeks");
        assert_eq!(u128::from(active), u128::from(per_week) * cohort.active.iter().sum::<u128>() / WHOLE);
        assert!(grown.active.is_sorted());

        let steady = Weeks::of(&Students { active, intake: vec![], source: None }, &cohort, weeks);
        assert_eq!(steady.active, vec![active; weeks]);
        let defenses = *grown.defenses.last().expect("weeks");
        assert!(steady.defenses[0].abs_diff(defenses) <= 1, "{} {defenses}", steady.defenses[0]);

        // With those who study already, an intake of that size keeps their number.
        let before = Students { active: active - per_week, intake, source: None };
        let kept = Weeks::of(&before, &cohort, weeks);
        for week in 0..weeks {
            assert!(kept.active[week].abs_diff(active) <= 2, "{week}: {}", kept.active[week]);
            assert!(kept.graduates[week].abs_diff(steady.graduates[week]) <= 2, "{week}");
        }
    }
}
