//! What letters about sessions say. Times are read on the reader's own clock.

use Language::{En, Es, Fr};
use domain::session::{Appointment, Side};
use domain::time::Zone;
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::Reader;
use crate::document::Language;
use crate::document::figures::{time, weekday_and_date};

/// Characters of a session's line in a subject, behind a word for what is new.
const SUBJECT_CHARS_MAX: usize = 200;

/// Subject and body of a session that is booked.
pub(super) fn booked(appointment: &Appointment, reader: &Reader) -> (String, String) {
    let (news, entry) = match reader.language {
        En => ("A session is booked for you", "The entry for your calendar comes with this letter."),
        Fr => ("Une séance est réservée pour vous", "L’entrée pour votre agenda accompagne ce message."),
        Es => ("Tiene una sesión reservada", "La entrada para su calendario acompaña a este mensaje."),
    };
    (headed(appointment, reader), body(news, appointment, &[entry], reader))
}

/// Subject and body of a session that has another time.
pub(super) fn moved(appointment: &Appointment, was: Timestamp, reader: &Reader) -> (String, String) {
    let was = start(was, reader);
    let (word, news, was, entry) = match reader.language {
        En => (
            "Moved",
            "A session has a new time",
            format!("It was to start on {was}."),
            "The new entry for your calendar comes with this letter.",
        ),
        Fr => (
            "Nouvel horaire",
            "Une séance a un nouvel horaire",
            format!("Elle devait commencer le {was}."),
            "La nouvelle entrée pour votre agenda accompagne ce message.",
        ),
        Es => (
            "Cambio de hora",
            "Una sesión tiene una nueva hora",
            format!("Iba a empezar el {was}."),
            "La nueva entrada para su calendario acompaña a este mensaje.",
        ),
    };
    (subject(word, appointment, reader), body(news, appointment, &[&was, entry], reader))
}

/// Subject and body of a session that was called off.
pub(super) fn cancelled(
    appointment: &Appointment,
    by: Side,
    reason: &str,
    reader: &Reader,
) -> (String, String) {
    let (word, news, entry) = match reader.language {
        En => (
            "Cancelled",
            "A session will not take place",
            "The file that comes with this letter takes it out of your calendar.",
        ),
        Fr => ("Annulation", "Une séance n’aura pas lieu", "Le fichier joint la retire de votre agenda."),
        Es => ("Cancelación", "Una sesión no tendrá lugar", "El archivo adjunto la quita de su calendario."),
    };
    let who = match (reader.language, by) {
        (En, Side::Student) => "The student called it off",
        (En, Side::Mentor) => "The mentor called it off",
        (En, Side::School) => "The school called it off",
        (Fr, Side::Student) => "L’étudiant l’a annulée",
        (Fr, Side::Mentor) => "Le mentor l’a annulée",
        (Fr, Side::School) => "L’école l’a annulée",
        (Es, Side::Student) => "La canceló el estudiante",
        (Es, Side::Mentor) => "La canceló el mentor",
        (Es, Side::School) => "La canceló la escuela",
    };
    let who = match reason.trim() {
        "" => format!("{who}."),
        reason => then(who, reason, reader.language),
    };
    (subject(word, appointment, reader), body(news, appointment, &[&who, entry], reader))
}

/// Subject and body of a session that starts soon.
pub(super) fn reminder(appointment: &Appointment, reader: &Reader) -> (String, String) {
    let (word, news) = match reader.language {
        En => ("Reminder", "You have a session soon"),
        Fr => ("Rappel", "Vous avez bientôt une séance"),
        Es => ("Recordatorio", "Tiene una sesión pronto"),
    };
    (subject(word, appointment, reader), body(news, appointment, &[], reader))
}

/// Subject and body for the mentor of a session without a report.
pub(super) fn report_missing(
    appointment: &Appointment,
    due_at: Timestamp,
    reader: &Reader,
) -> (String, String) {
    let due = start(due_at, reader);
    let (word, news, due) = match reader.language {
        En => {
            ("Report missing", "Your report on a session is missing", format!("It is on time until {due}."))
        }
        Fr => (
            "Compte rendu manquant",
            "Il manque votre compte rendu d’une séance",
            format!("Il est attendu au plus tard le {due}."),
        ),
        Es => (
            "Falta el informe",
            "Falta su informe de una sesión",
            format!("Puede entregarlo a tiempo hasta el {due}."),
        ),
    };
    (subject(word, appointment, reader), body(news, appointment, &[&due], reader))
}

/// Subject and body for somebody who finds a series at another time of their day.
pub(super) fn wall_change(
    title: &str,
    on: Date,
    (before, after): (Time, Time),
    time_zone: &Zone,
    language: Language,
) -> (String, String) {
    let (on, before, after) = (weekday_and_date(on, language), time(before, language), time(after, language));
    let (subject, news, rest) = match language {
        En => (
            format!("Another time from {on}: {after}"),
            format!(
                "The clocks change. From {on} on, this weekly session starts for you at {after} instead of {before} ({time_zone})"
            ),
            "Nothing was moved: your calendar shows the new time already.",
        ),
        Fr => (
            format!("Nouvel horaire à partir du {on}\u{a0}: {after}"),
            format!(
                "Les horloges changent d’heure. À partir du {on}, cette séance hebdomadaire commence pour vous à {after} au lieu de {before} ({time_zone})"
            ),
            "Rien n’a été déplacé : votre agenda indique déjà la nouvelle heure.",
        ),
        Es => (
            format!("Otra hora a partir del {on}: {after}"),
            format!(
                "Cambia la hora. A partir del {on}, esta sesión semanal empieza para usted a las {after} en vez de a las {before} ({time_zone})"
            ),
            "No se ha movido nada: su calendario ya muestra la nueva hora.",
        ),
    };
    (subject, format!("{}\n\n    {title}\n\n{rest}", then(&news, "", language).trim_end()))
}

/// What is new, the session with its time, and what else there is to say.
fn body(news: &str, appointment: &Appointment, rest: &[&str], reader: &Reader) -> String {
    let news = then(news, "", reader.language);
    let (title, span) = (appointment.title(reader.language), span(appointment, reader));
    let session = format!("{}\n\n    {title}\n    {span}", news.trim_end());
    rest.iter().fold(session, |body, part| format!("{body}\n\n{part}"))
}

/// A word for what is new, and the session.
fn subject(word: &str, appointment: &Appointment, reader: &Reader) -> String {
    then(word, &headed(appointment, reader), reader.language)
}

/// A session and when it starts, on one line.
fn headed(appointment: &Appointment, reader: &Reader) -> String {
    let line = format!("{}, {}", appointment.title(reader.language), start(appointment.starts_at, reader));
    line.chars().filter(|character| !character.is_control()).take(SUBJECT_CHARS_MAX).collect()
}

/// From its start to its end, on the reader's clock.
fn span(appointment: &Appointment, reader: &Reader) -> String {
    let ends = reader.time_zone.wall_time_at(appointment.ends_at).time();
    let joint = match reader.language {
        En => "to",
        Fr => "à",
        Es => "a",
    };
    let (start, end) = (start(appointment.starts_at, reader), time(ends, reader.language));
    format!("{start} {joint} {end} ({})", reader.time_zone)
}

/// An instant on the reader's clock.
fn start(at: Timestamp, reader: &Reader) -> String {
    let at = reader.time_zone.wall_time_at(at);
    format!("{}, {}", weekday_and_date(at.date(), reader.language), time(at.time(), reader.language))
}

/// One thing and what follows from it, with the language's colon between.
fn then(text: &str, rest: &str, language: Language) -> String {
    match language {
        En | Es => format!("{text}: {rest}"),
        Fr => format!("{text}\u{a0}: {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::SessionId;
    use domain::session::SessionKind;

    use super::*;

    fn appointment() -> Appointment {
        Appointment {
            session: SessionId::derived(&["one"]),
            kind: SessionKind::Mentoring,
            sequence: 1,
            starts_at: "2027-03-16T17:00:00Z".parse().expect("an instant"),
            ends_at: "2027-03-16T17:45:00Z".parse().expect("an instant"),
            time_zone: "Europe/Paris".parse().expect("a zone"),
            with: Some("Marc Delorme".into()),
        }
    }

    fn reader(language: Language, zone: &str) -> Reader {
        Reader { language, name: None, time_zone: zone.parse().expect("a zone") }
    }

    #[test]
    fn a_session_is_told_on_the_readers_clock() {
        let check = |language, zone: &str, expected: (&str, &str)| {
            let (subject, body) = booked(&appointment(), &reader(language, zone));
            let [subject, body] = [subject, body].map(|text| text.replace('\u{a0}', " "));
            assert!(subject.contains(expected.0) && body.contains(expected.1), "{subject}\n{body}");
        };
        let here = ("Tuesday 16 March 2027, 13:00", "16 March 2027, 13:00 to 13:45 (America/New_York)");
        check(En, "America/New_York", here);
        let there =
            ("mentorat avec Marc Delorme, mardi 16 mars 2027, 18 h 00", "18 h 00 à 18 h 45 (Europe/Paris)");
        check(Fr, "Europe/Paris", there);
        check(Es, "Europe/Madrid", ("martes, 16 de marzo de 2027, 18:00", "a 18:45 (Europe/Madrid)"));
    }

    #[test]
    fn who_called_a_session_off_is_named_with_their_words() {
        let told = |by, reason: &str| cancelled(&appointment(), by, reason, &reader(En, "Europe/Paris")).1;
        assert!(told(Side::Student, " ill ").contains("The student called it off: ill\n"));
        assert!(told(Side::School, "").contains("The school called it off.\n"));
    }
}
