//! A plan in words that people read: on the command line and above the plot.

use domain::capacity::{CapacityPlan, Graduates};
use domain::money::grouped;

/// A count with three digits at most: `75M`, `1.25M`, `640k`, cut off behind them.
pub fn compact(count: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| count >= *unit) else {
        return count.to_string();
    };
    let (whole, hundredths) = (count / unit, count % unit / (unit / 100));
    match (whole, hundredths) {
        (_, 0) | (100.., _) => format!("{whole}{name}"),
        (10.., _) if hundredths < 10 => format!("{whole}{name}"),
        (10.., _) => format!("{whole}.{}{name}", hundredths / 10),
        _ if hundredths % 10 == 0 => format!("{whole}.{}{name}", hundredths / 10),
        _ => format!("{whole}.{hundredths:02}{name}"),
    }
}

/// What a plan comes to in its busiest week: `1,000,000,000 students with one session of 45 minutes a week
/// need 75,000,000 mentors at 10 hours a week.`
pub fn headline(plan: &CapacityPlan) -> String {
    let Some(week) = plan.busiest() else { return String::new() };
    let sessions = match plan.sessions_per_week {
        1 => "one session".to_owned(),
        more => format!("{more} sessions"),
    };
    format!(
        "{} students with {sessions} of {} minutes a week need {} mentors at {} hours a week.",
        grouped(week.students),
        plan.session_minutes,
        grouped(plan.mentors_for(week.session_minutes)),
        plan.mentor_minutes / 60,
    )
}

/// What comes on top of the sessions: `Juries over 10,250,000 defenses a week need 770,000 more.`
pub fn juries(plan: &CapacityPlan) -> Option<String> {
    let week = plan.busiest().filter(|week| week.defense_minutes > 0)?;
    let all = plan.mentors_for(week.demand_minutes());
    let more = all - plan.mentors_for(week.session_minutes);
    Some(format!(
        "Juries over {} defenses a week need {} more: {} in all.",
        grouped(week.defenses),
        grouped(more),
        grouped(all)
    ))
}

/// When who has to begin training.
pub fn training(plan: &CapacityPlan) -> String {
    let Some(short) = plan.first_short() else {
        return "Nothing is missing: nobody has to be recruited.".into();
    };
    let (on, missing) = (short.begins_on, grouped(short.mentors_missing));
    let missing = format!("{missing} mentors are missing in the week of {on}.");
    let (training, late) = (plan.lead_weeks, plan.train_by());
    let Some(ready) = plan.first_ready() else {
        return format!(
            "{missing} Training takes {training} weeks: nobody who begins it now is ready within this plan."
        );
    };
    let late = match late.filter(|by| plan.weeks.first().is_some_and(|week| *by < week.begins_on)) {
        Some(by) => format!(
            " For those it would have had to begin on {by}; who begins now is ready on {}.",
            ready.begins_on
        ),
        None => String::new(),
    };
    let all: u64 = plan.weeks.iter().map(|week| week.recruits).sum();
    let first = plan.weeks.iter().find(|week| week.recruits > 0);
    let first = first.map_or_else(String::new, |week| {
        format!(", the first {} on {}", grouped(week.recruits), week.begins_on)
    });
    format!(
        "{missing} Training takes {training} weeks.{late} {} have to begin it within this plan, those who \
         follow leavers among them{first}.",
        grouped(all)
    )
}

/// How many graduates would have to become mentors.
pub fn graduates(plan: &CapacityPlan) -> Option<String> {
    let graduates = plan.graduates()?;
    let share = share(graduates)?;
    let from = plan.enough_from().map_or_else(
        || "They are not enough within this plan.".to_owned(),
        |week| format!("They are enough from {} on.", week.begins_on),
    );
    Some(format!(
        "By the last week {} will have graduated in time to be trained; {share} of them would have to become mentors. {from}",
        grouped(graduates.there)
    ))
}

/// What part of the graduates is needed: `7.1%`, or more than there are: `250%`.
pub fn share(graduates: Graduates) -> Option<String> {
    let per_mille = graduates.per_mille()?;
    Some(format!("{}.{}%", grouped(per_mille / 10), per_mille % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_at_a_glance() {
        let check = |count, long, short| assert_eq!((&*grouped(count), &*compact(count)), (long, short));
        check(0, "0", "0");
        check(999, "999", "999");
        check(1_000, "1,000", "1k");
        check(1_049, "1,049", "1.04k");
        check(12_345, "12,345", "12.3k");
        check(640_900, "640,900", "640k");
        check(1_250_000, "1,250,000", "1.25M");
        check(10_050_000, "10,050,000", "10M");
        check(75_000_000, "75,000,000", "75M");
        check(1_000_000_000, "1,000,000,000", "1G");
    }
}
