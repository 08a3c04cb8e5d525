//! A mentor's weekly series, extended together: once, whatever stands in the way of one of them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::availability::LocalTime;
use domain::commitment::Commitment;
use domain::enrollment::{Enrollment, Offer, PaymentMethod};
use domain::id::{CommitmentId, PersonId};
use domain::job::Job;
use domain::letter::About;
use domain::occupancy::Week;
use domain::person::Person;
use domain::session::Session;
use infra::crowd::{Crowd, EDITION, Mentored};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::clock::machine_now;
use storage::commitment::PersonSeries;
use storage::queue::{Claimed, Settings};
use storage::store::{Names, count_round_trips};
use storage::{Clock, Store, Stored};
use worker::Worker;
use worker::outcome::Unfinished;

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
        let worker = Worker::alone(store.clone(), Clock::Simulated);
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

    /// The jobs of series that are due by then, claimed.
    async fn waiting(&self, at: Timestamp) -> Vec<Job> {
        let mut waiting = Vec::new();
        while let Some(claimed) = self.claim(at).await {
            if matches!(claimed.job, Job::ExtendSeries { .. } | Job::ExtendSessions { .. }) {
                waiting.push(claimed.job);
            }
        }
        waiting
    }

    async fn run(&self, claimed: &Claimed) -> Result<(), Unfinished> {
        worker::jobs::run(&self.worker, claimed).await
    }

    async fn sessions(&self, person: PersonId) -> Vec<Session> {
        let span = (now(), Timestamp::MAX);
        self.store.sessions_of(person, span, None, 500).await.expect("read").0
    }

    fn enrollment(&self, index: u32) -> Enrollment {
        self.students.crowd.enrollment(index, &self.offer).expect("an enrollment")
    }

    /// The dates on which a student meets the mentor, by what is kept, having seen that everything agrees on them.
    async fn dates(&self, index: u32) -> Vec<Date> {
        let enrollment = self.enrollment(index);
        let sessions = self.sessions(enrollment.student).await;
        let progress = self.store.progress_for_job(enrollment.id).await.expect("read").expect("there");
        let agenda = progress.agenda.value.sessions.iter().map(|meeting| meeting.session);
        assert_eq!(Vec::from_iter(sessions.iter().map(|session| session.id)), Vec::from_iter(agenda));
        sessions.iter().map(|session| session.local.date()).collect()
    }

    /// The dates on which a student's series has a session, by its rule.
    fn expected(&self, index: u32, (from, through): (&str, &str)) -> Vec<Date> {
        let enrollment = self.enrollment(index);
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

/// What a look makes that comes two weeks after the last, and what one makes that is the first.
const TWO_WEEKS: (&str, &str) = ("2027-04-20", "2027-05-03");
const EIGHT_WEEKS: (&str, &str) = ("2027-03-09", "2027-05-03");

#[tokio::test]
async fn the_series_of_a_mentor_are_extended_together_and_once() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
    let job = weekly.extend(now()).await;
    let (done, round_trips) = count_round_trips(weekly.run(&job)).await;
    done.expect("done");
    // The list, and for each seven series two reads and a write; an edition was read once.
    assert_eq!(round_trips, 1 + 4 * 3 + 1);
    weekly.check(TWO_WEEKS, &[]).await;
    assert!(matches!(weekly.run(&job).await, Err(Unfinished::Fenced)), "it waits for its next look");

    // Two weeks later by its due time, while the school's clock stands still: there is nothing to do.
    let again = weekly.extend(after(14)).await;
    weekly.run(&again).await.expect("done");
    weekly.check(TWO_WEEKS, &[]).await;
    Clock::set(&weekly.store, after(14)).await.expect("set");
    let next = weekly.extend(after(14)).await;
    weekly.run(&next).await.expect("done");
    weekly.check((TWO_WEEKS.0, "2027-05-17"), &[]).await;
    weekly.close().await;
}

#[tokio::test]
async fn series_that_are_too_many_for_one_transaction_are_booked_in_several() {
    let weekly = Weekly::begun(None).await;
    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    weekly.check(EIGHT_WEEKS, &[]).await;
    weekly.close().await;
}

#[tokio::test]
async fn of_two_looks_at_once_each_session_is_made_once() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
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
    weekly.check(TWO_WEEKS, &[]).await;
    weekly.close().await;
}

/// Whatever was written to one of them by mistake, the others are booked.
#[tokio::test]
async fn a_series_that_cannot_be_read_is_left_to_a_job_of_its_own() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
    let enrollment = weekly.enrollment(7);
    let series = weekly.students.series(7, &enrollment);
    let call = weekly.store.client().update_item().table_name(Names::default().table);
    let call = call.set_key(Some(series.key().attributes())).update_expression("SET #value = :broken");
    let call = call.expression_attribute_names("#value", "value");
    let call = call.expression_attribute_values(":broken", AttributeValue::S("broken".into()));
    call.send().await.expect("written");

    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    assert_eq!(weekly.sessions(enrollment.student).await, []);
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
    assert_eq!(weekly.sessions(weekly.students.mentor(0)).await.len(), 2 * (STUDENTS as usize - 1));
    weekly.close().await;
}

/// Two series of one student in one transaction, both at another time of her day from Sunday on: she is told of
/// each, once.
#[tokio::test]
async fn whoever_has_two_series_is_told_of_both() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
    let enrollment = weekly.enrollment(3);
    let (one, mentor) = (weekly.students.series(3, &enrollment), weekly.students.mentor(0));
    let one = Commitment { told_through: None, ..one };
    let other = Commitment {
        id: CommitmentId::derived(&["another"]),
        local_time: LocalTime::hour(19),
        ..one.clone()
    };
    let student = Person {
        id: enrollment.student,
        name: None,
        address: None,
        time_zone: "America/New_York".parse().expect("a zone"),
        languages: Vec::new(),
        email: None,
    };
    let listed = (0..STUDENTS).map(|index| {
        let enrollment = weekly.enrollment(index);
        (enrollment.id, weekly.students.series(index, &enrollment).id)
    });
    let listed = PersonSeries::of(mentor, listed.chain([(enrollment.id, other.id)]));
    let transaction = weekly.store.transaction::<()>().set(&one).set(&other).set(&student).set(&listed);
    transaction.commit().await.expect("kept");

    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    let letters = weekly.store.letters(enrollment.id, 10).await.expect("read");
    let mut told = Vec::from_iter(letters.into_iter().map(|letter| match letter.value.about {
        About::WallChange { series, date, .. } if letter.value.to == enrollment.student => (series, date),
        about => panic!("{about:?}"),
    }));
    told.sort_unstable();
    let changes = one.occurrences("2027-03-15".parse().expect("a date"), Date::MAX).next().expect("a date").0;
    let mut expected = [(one.id, changes), (other.id, changes)];
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(weekly.sessions(enrollment.student).await.len(), 4);
    weekly.close().await;
}

/// Their hours have no say in when somebody else meets them.
#[tokio::test]
async fn a_mentor_who_studies_has_only_what_they_hold_extended() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
    let (enrollment, mentor) = (weekly.enrollment(0), weekly.students.mentor(0));
    let somebody = PersonId::derived(&["somebody"]);
    let own = weekly.students.series(0, &enrollment);
    let studied =
        Commitment { id: CommitmentId::derived(&["studied"]), student: mentor, with: somebody, ..own };
    let listed = PersonSeries::of(mentor, [(enrollment.id, studied.id)]);
    weekly.store.transaction::<()>().set(&studied).set(&listed).commit().await.expect("kept");
    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    let kept =
        weekly.store.commitment_for_job(enrollment.id, studied.id).await.expect("read").expect("there");
    assert_eq!((kept.value, kept.revision), (studied.clone(), 1));
    assert_eq!(
        weekly.waiting(after(30)).await,
        Vec::<Job>::new(),
        "they hold nothing, so nothing comes again"
    );

    // Whoever holds it has it looked at again, from its first look on.
    let job = Job::ExtendSessions { enrollment: enrollment.id, commitment: studied.id };
    weekly.store.transaction::<()>().enqueue(&job, now()).commit().await.expect("asked");
    let first = weekly.claim(now()).await.expect("a job");
    weekly.run(&first).await.expect("done");
    assert_eq!(weekly.waiting(after(13)).await, Vec::<Job>::new());
    assert_eq!(weekly.waiting(after(14)).await, [Job::ExtendSeries { with: somebody }]);
    weekly.close().await;
}

#[tokio::test]
async fn nothing_comes_again_once_all_series_are_over() {
    let weekly = Weekly::begun(Some("2027-04-19")).await;
    for index in 0..STUDENTS {
        let series = weekly
            .students
            .series(index, &weekly.enrollment(index))
            .end("2027-03-07".parse().expect("a date"));
        weekly.store.transaction::<()>().set(&series).commit().await.expect("kept");
    }
    let job = weekly.extend(now()).await;
    weekly.run(&job).await.expect("done");
    assert_eq!(weekly.sessions(weekly.students.mentor(0)).await, []);
    assert_eq!(weekly.waiting(after(30)).await, Vec::<Job>::new());
    weekly.close().await;
}
