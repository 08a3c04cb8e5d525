//! A mentor's weekly series, extended together: once, whatever stands in the way of one of them.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::enrollment::{Offer, PaymentMethod};
use domain::id::PersonId;
use domain::job::Job;
use domain::occupancy::Week;
use domain::session::Session;
use infra::crowd::{Crowd, EDITION, Mentored};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::clock::machine_now;
use storage::queue::{Claimed, Settings};
use storage::store::{Names, count_round_trips};
use storage::{Clock, Store, Stored};
use worker::Worker;
use worker::outcome::Unfinished;
use worker::payment::Providers;

/// Of one mentor: more than are booked in two transactions.
const STUDENTS: u32 = 25;

fn now() -> Timestamp {
    "2027-03-08T21:00:00Z".parse().expect("an instant")
}

fn after(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

/// Students of one mentor, whose series are to be extended.
struct Weekly {
    local: LocalStore,
    store: Store,
    worker: Worker,
    students: Mentored,
    offer: Offer,
}

impl Weekly {
    /// With the sessions up to a date made before.
    async fn begun(made_through: Option<&str>) -> Self {
        let local = LocalStore::start(None).await.expect("a store");
        let store = local.store(Settings::default());
        seed::load_sample_catalog(&store).await.expect("loaded");
        Clock::set(&store, now()).await.expect("set");
        let crowd = Crowd {
            students: STUDENTS,
            since: "2027-03-07".parse().expect("a date"),
            time_zone: "Europe/London".parse().expect("a zone"),
            method: PaymentMethod::Manual,
        };
        let made_through = made_through.map(|date| date.parse().expect("a date"));
        let students = Mentored { crowd, students_a_mentor: STUDENTS, made_through };
        students.enroll(&store, now()).await.expect("enrolled");
        let edition = store.edition(&EDITION.parse().expect("a slug"), 1).await.expect("read");
        let offer = edition.and_then(|edition| edition.offer(students.crowd.since)).expect("an offer");
        let worker = Worker {
            store: store.clone(),
            clock: Clock::Simulated,
            providers: Arc::new(Providers::default()),
            post: None,
            settings: worker::Settings::default(),
        };
        Self { local, store, worker, students, offer }
    }

    async fn claim(&self, at: Timestamp) -> Option<Claimed> {
        self.store.claim("test", at, machine_now(), 1).await.expect("the store").pop()
    }

    /// The job that extends all series, due at an instant.
    async fn extend(&self, at: Timestamp) -> Claimed {
        loop {
            let claimed = self.claim(at).await.expect("a job");
            match claimed.job {
                Job::ExtendSeries { .. } => return claimed,
                Job::ExtendSessions { .. } => panic!("{claimed:?}"),
                _ => self.store.transaction::<()>().finish(&claimed).commit().await.expect("left out"),
            }
        }
    }

    async fn run(&self, claimed: &Claimed) -> Result<(), Unfinished> {
        worker::jobs::run(&self.worker, claimed).await
    }

    async fn sessions(&self, person: PersonId) -> Vec<Session> {
        let span = (now(), Timestamp::MAX);
        self.store.sessions_of(person, span, None, 500).await.expect("read").0
    }

    fn student(&self, index: u32) -> PersonId {
        self.students.crowd.enrollment(index, &self.offer).expect("an enrollment").student
    }

    /// The dates on which a student meets the mentor, by what is kept, having seen that everything agrees on them.
    async fn dates(&self, index: u32) -> Vec<Date> {
        let enrollment = self.students.crowd.enrollment(index, &self.offer).expect("an enrollment");
        let sessions = self.sessions(enrollment.student).await;
        let progress = self.store.progress_for_job(enrollment.id).await.expect("read").expect("there");
        let agenda = progress.agenda.value.sessions.iter().map(|meeting| meeting.session);
        assert_eq!(Vec::from_iter(sessions.iter().map(|session| session.id)), Vec::from_iter(agenda));
        sessions.iter().map(|session| session.local.date()).collect()
    }

    /// The dates on which a student's series has a session, by its rule.
    fn expected(&self, index: u32, (from, through): (&str, &str)) -> Vec<Date> {
        let enrollment = self.students.crowd.enrollment(index, &self.offer).expect("an enrollment");
        let series = self.students.series(index, &enrollment);
        let date = |text: &str| text.parse().expect("a date");
        series.occurrences(date(from), date(through)).map(|(date, _)| date).collect()
    }

    /// All students have exactly the sessions of these dates, except for some, and so has the mentor's week.
    async fn check(&self, span: (&str, &str), except: &[u32]) {
        let mut sessions = 0;
        for index in 0..STUDENTS {
            let expected = if except.contains(&index) { Vec::new() } else { self.expected(index, span) };
            assert_eq!(self.dates(index).await, expected, "student {index}");
            sessions += expected.len();
        }
        let mentor = self.students.mentor(0);
        assert_eq!(self.sessions(mentor).await.len(), sessions);
        let mut booked = 0;
        for week in std::iter::successors(Some(Week::of(now())), |week| Some(week.next())).take(12) {
            booked += self.store.booked_in(&[mentor], week).await.expect("read")[0].booked();
        }
        assert_eq!(booked as usize, 3 * sessions, "quarter hours");
    }

    async fn close(self) {
        self.local.stop().await;
    }
}

/// From the week before the horizon on, and the six weeks up to it.
const LAST_WEEK: (&str, &str) = ("2027-04-13", "2027-04-19");
const SIX_WEEKS: (&str, &str) = ("2027-03-09", "2027-04-19");

#[tokio::test]
async fn the_series_of_a_mentor_are_extended_together_and_once() {
    let weekly = Weekly::begun(Some("2027-04-12")).await;
    let job = weekly.extend(now()).await;
    let (done, round_trips) = count_round_trips(weekly.run(&job)).await;
    done.expect("done");
    // The list with the hours, and for each eleven series two reads and a write; an edition was read once.
    assert_eq!(round_trips, 1 + 3 * 3 + 1);
    weekly.check(LAST_WEEK, &[]).await;
    assert!(matches!(weekly.run(&job).await, Err(Unfinished::Fenced)), "it waits for next week");

    // A week later by its due time, while the school's clock stands still: there is nothing to do.
    let again = weekly.extend(after(7)).await;
    weekly.run(&again).await.expect("done");
    weekly.check(LAST_WEEK, &[]).await;
    Clock::set(&weekly.store, after(7)).await.expect("set");
    let next = weekly.extend(after(7)).await;
    weekly.run(&next).await.expect("done");
    weekly.check((LAST_WEEK.0, "2027-04-26"), &[]).await;
    weekly.close().await;
}

#[tokio::test]
async fn series_that_are_too_many_for_one_transaction_are_booked_in_several() {
    let weekly = Weekly::begun(None).await;
    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    weekly.check(SIX_WEEKS, &[]).await;
    weekly.close().await;
}

#[tokio::test]
async fn of_two_looks_at_once_each_session_is_made_once() {
    let weekly = Weekly::begun(Some("2027-04-12")).await;
    let job = weekly.extend(now()).await;
    let (one, other) = tokio::join!(weekly.run(&job), weekly.run(&job));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    // Where both wrote to the same series, some were left to jobs of their own.
    while let Some(claimed) = weekly.claim(now()).await {
        match claimed.job {
            Job::ExtendSessions { .. } | Job::ExtendSeries { .. } => {
                weekly.run(&claimed).await.expect("done")
            }
            _ => weekly.store.transaction::<()>().finish(&claimed).commit().await.expect("left out"),
        }
    }
    weekly.check(LAST_WEEK, &[]).await;
    weekly.close().await;
}

/// Whatever was written to one of them by mistake, the others are booked.
#[tokio::test]
async fn a_series_that_cannot_be_read_is_left_to_a_job_of_its_own() {
    let weekly = Weekly::begun(Some("2027-04-12")).await;
    let enrollment = weekly.students.crowd.enrollment(7, &weekly.offer).expect("an enrollment");
    let series = weekly.students.series(7, &enrollment);
    let call = weekly.store.client().update_item().table_name(Names::default().table);
    let call = call.set_key(Some(series.key().attributes())).update_expression("SET #value = :broken");
    let call = call.expression_attribute_names("#value", "value");
    let call = call.expression_attribute_values(":broken", AttributeValue::S("broken".into()));
    call.send().await.expect("written");

    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    let broken = weekly.student(7);
    assert_eq!(weekly.sessions(broken).await, []);
    let mut left = Vec::new();
    while let Some(claimed) = weekly.claim(now()).await {
        match claimed.job {
            Job::TellSession { .. } => {}
            _ => left.push(claimed),
        }
    }
    let [alone] = &left[..] else { panic!("{left:?}") };
    assert_eq!(alone.job, Job::ExtendSessions { enrollment: enrollment.id, commitment: series.id });
    assert!(matches!(weekly.run(alone).await, Err(Unfinished::GiveUp(_))));
    assert_eq!(weekly.sessions(weekly.students.mentor(0)).await.len(), STUDENTS as usize - 1);
    weekly.close().await;
}
