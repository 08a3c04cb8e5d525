//! How juries judge, in words above and below the plot.

use domain::fairness::{Alarm, AlarmKind, Fairness, Group, Tally, percent};
use domain::money::grouped;

/// What a group is called where there is little room: a juror by the first digits of the id.
pub fn short(group: &Group) -> String {
    match group {
        Group::Juror(juror) => juror.uuid().simple().to_string().chars().take(8).collect(),
        Group::Edition(edition) => edition.to_string(),
        Group::Market(market) => market.to_string(),
    }
}

/// What all defenses come to: `1,240 defenses before 24 jurors: 78.6 % were passed at once, with 95 %
/// between 76.2 % and 80.8 %.`
pub fn headline(fairness: &Fairness) -> String {
    let Tally { defenses, .. } = fairness.school;
    let (defenses, jurors) = (counted(defenses, "defense"), counted(fairness.jurors.len() as u64, "juror"));
    let Some(share) = fairness.school.pass_share() else {
        return format!("{defenses} before {jurors}: too few to say how many are passed.");
    };
    format!(
        "{defenses} before {jurors}: {} were passed at once, with 95 % between {} and {}.",
        percent(share.per_mille),
        percent(share.low_per_mille),
        percent(share.high_per_mille),
    )
}

/// How many differ: `2 jurors and 1 edition differ from the others by more than chance.`
pub fn alarms(fairness: &Fairness) -> String {
    let families =
        [(&fairness.jurors, "juror"), (&fairness.editions, "edition"), (&fairness.markets, "market")];
    let differ = families.map(|(family, name)| {
        let alarmed = family.iter().filter(|it| fairness.alarms.iter().any(|alarm| alarm.group == it.group));
        (alarmed.count() as u64, name)
    });
    let named = differ.into_iter().filter(|(count, _)| *count > 0);
    let named = Vec::from_iter(named.map(|(count, name)| counted(count, name)));
    let compared = fairness.jurors.iter().filter(|it| it.level.is_some()).count() as u64;
    match named.as_slice() {
        [] if compared == 0 => "Too few defenses to compare anybody.".into(),
        [] => format!(
            "{} compared: nobody differs from the others by more than chance.",
            counted(compared, "juror")
        ),
        [one] if one.starts_with("1 ") => format!("{one} differs from the others by more than chance."),
        [one] => format!("{one} differ from the others by more than chance."),
        [first @ .., last] => {
            format!("{} and {last} differ from the others by more than chance.", first.join(", "))
        }
    }
}

/// An alarm in one short line.
pub fn line(alarm: &Alarm) -> String {
    let Alarm { group, kind, compared } = alarm;
    let lately = if *kind == AlarmKind::Drift { " lately," } else { "" };
    format!(
        "{}:{lately} {} of {} passed since {}; as the others judge it would be {}.",
        short(group),
        percent(compared.passed_per_mille()),
        counted(compared.defenses, "defense"),
        compared.since,
        percent(compared.expected_per_mille()),
    )
}

fn counted(count: u64, name: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {name}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use domain::fairness::Compared;
    use domain::id::PersonId;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_alarm_fits_in_a_line() {
        let compared =
            Compared { since: date(2027, 1, 4), defenses: 60, passed: 24, expected_millionths: 48_000_000 };
        let alarm = |group, kind| line(&Alarm { group, kind, compared });
        let juror = Group::Juror(PersonId::derived(&["juror"]));
        let expected = format!(
            "{}: lately, 40 % of 60 defenses passed since 2027-01-04; as the others judge it would be 80 %.",
            short(&juror)
        );
        assert_eq!(short(&juror).len(), 8);
        assert_eq!(alarm(juror, AlarmKind::Drift), expected);
        let level = AlarmKind::Level { chance_per_million: 1 };
        let market = alarm(Group::Market("GB".parse().expect("a country")), level);
        assert!(market.starts_with("GB: 40 % of 60 defenses passed since"), "{market}");
    }

    #[test]
    fn nothing_is_too_little_to_say() {
        let nothing = Fairness::of(&Default::default());
        assert_eq!(headline(&nothing), "0 defenses before 0 jurors: too few to say how many are passed.");
        assert_eq!(alarms(&nothing), "Too few defenses to compare anybody.");
    }
}
