//! The mentors whom a school has, as groups that a forecast counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::band::ZoneBand;
use super::forecast::{Forecast, MentorGroup};
use crate::availability::{Availability, Level};
use crate::id::DegreeId;
use crate::time::Zone;

/// A mentor of the school.
#[derive(Debug, Clone, Copy)]
pub struct OwnMentor<'a> {
    /// The degrees they may mentor; none for all.
    pub degrees: Option<&'a BTreeSet<DegreeId>>,
    /// What they have said of themselves.
    pub said: &'a Availability,
    /// How many students they may have.
    pub students_max: u32,
}

impl Forecast {
    /// The groups that mentors of the school fall into: by which of the forecast's fields and languages they can
    /// teach in, and where their clocks stand in the year of a date. Each gives what the open hours of an
    /// ordinary week hold, up to the sessions of all students they may have; of a group all give the same, the mean in
    /// whole minutes. Whoever gives nothing, or teaches nothing of the forecast, is in no group.
    pub fn groups_of<'a>(
        &self,
        mentors: impl IntoIterator<Item = OwnMentor<'a>>,
        language_level_min: Level,
        on: Date,
    ) -> Vec<MentorGroup> {
        let (fields, languages) = (self.mix.fields(), self.mix.languages());
        let mut groups: BTreeMap<_, (u64, u64)> = BTreeMap::new();
        for OwnMentor { degrees, said, students_max } in mentors {
            let teaches = |field: &&&str| {
                degrees.is_none_or(|degrees| degrees.iter().any(|degree| degree.as_str() == **field))
            };
            let speaks =
                |language: &&&str| said.speaks(language).is_some_and(|level| language_level_min <= level);
            let fields = Vec::from_iter(fields.iter().filter(teaches).copied());
            let languages = Vec::from_iter(languages.iter().filter(speaks).copied());
            let sessions = u64::from(students_max) * self.sessions.minutes_a_week();
            let minutes = said.weekly_minutes().min(sessions);
            let Some(band) = band(&said.time_zone, on) else { continue };
            if fields.is_empty() || languages.is_empty() || minutes == 0 {
                continue;
            }
            let (mentors, given) = groups.entry((fields, languages, band)).or_default();
            *mentors += 1;
            *given += minutes;
        }
        let group = |((fields, languages, utc_offset), (mentors, minutes))| {
            let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
            MentorGroup {
                fields: words(fields),
                languages: words(languages),
                utc_offset,
                mentors,
                hours_per_week: None,
                minutes_per_week: Some(minutes / mentors),
                recruits: Vec::new(),
                source: None,
            }
        };
        groups.into_iter().map(group).collect()
    }
}

/// How far a zone's clocks stand from UTC in the winter of a year.
fn band(zone: &Zone, on: Date) -> Option<ZoneBand> {
    let halves = [1, 7].map(|month| zone.start_of(Date::new(on.year(), month, 1).ok()?).ok());
    let offsets = halves.into_iter().flatten().map(|at| zone.offset_at(at).seconds() / 60);
    ZoneBand::minutes(i16::try_from(offsets.min()?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::{LocalTime, Spoken, Weekday, Window};
    use crate::id::PersonId;

    fn mentor(name: &str, zone: &str, language: &str, level: Level, hours: &[(u8, &str)]) -> Availability {
        let window = |(from, to): &(u8, &str)| Window {
            weekday: Weekday::Tue,
            from: LocalTime::hour(*from),
            to: (*to).to_owned().try_into().expect("a time"),
        };
        Availability {
            time_zone: zone.parse().expect("a zone"),
            weekly: hours.iter().map(window).collect(),
            languages: vec![Spoken { language: language.into(), level }],
            ..Availability::undeclared(PersonId::derived(&[name]))
        }
    }

    #[test]
    fn mentors_fall_into_groups_by_what_they_teach_and_where_they_are() {
        let forecast = super::super::tests::forecast(1_000);
        let field = forecast.mix.cells().0[0].field.clone();
        let own = BTreeSet::from_iter([field.parse::<DegreeId>().expect("a slug")]);
        let other = BTreeSet::from_iter(["something-else".parse::<DegreeId>().expect("a slug")]);
        let long = [(8, "18:00")];
        // Two in Paris and Madrid, who give ten hours and four; in summer their clocks are an hour further.
        let paris = mentor("paris", "Europe/Paris", "fr-CA", Level::C1, &long);
        let madrid = mentor("madrid", "Europe/Madrid", "fr", Level::B2, &[(8, "10:00"), (12, "14:00")]);
        let santiago = mentor("santiago", "America/Santiago", "fr", Level::C2, &long);
        let beginner = mentor("beginner", "Europe/Paris", "fr", Level::B1, &long);
        let of = |degrees, said, students_max| OwnMentor { degrees, said, students_max };
        let groups = forecast.groups_of(
            [
                of(Some(&own), &paris, 20),
                of(Some(&own), &madrid, 20),
                // No more than one session of 45 minutes.
                of(Some(&own), &santiago, 1),
                of(Some(&own), &beginner, 20),
                of(Some(&other), &paris, 20),
                of(None, &paris, 0),
            ],
            Level::B2,
            "2027-08-01".parse().expect("a date"),
        );
        let told = groups.iter().map(|group| {
            assert_eq!((&group.fields, &group.languages), (&vec![field.clone()], &vec!["fr".to_owned()]));
            (group.utc_offset.to_string(), group.mentors, group.minutes_per_week)
        });
        assert_eq!(
            Vec::from_iter(told),
            [("-04:00".to_owned(), 1, Some(45)), ("+01:00".to_owned(), 2, Some(420)),]
        );
    }
}
