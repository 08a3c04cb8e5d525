//! What a letter says, in every language that letters are written in: a new letter or language that has no
//! words does not compile.

use domain::letter::About;
use domain::time::Zone;
use jiff::civil::Date;

use crate::document::Language;
use crate::document::figures::{amount, date};

mod sessions; // what letters about sessions say

/// A letter's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// On one line.
    pub subject: String,
    /// From the greeting to the signature.
    pub text: String,
}

/// Who reads a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// What they are written to in.
    pub language: Language,
    /// What they are called, if known.
    pub name: Option<String>,
    /// Whose clock they read times on.
    pub time_zone: Zone,
}

/// What a letter says to its reader.
pub fn say(about: &About, reader: &Reader) -> Said {
    let language = reader.language;
    let (subject, body) = tell(about, reader);
    let greeting = match (language, &reader.name) {
        (Language::En, Some(name)) => format!("Hello {name},"),
        (Language::En, None) => "Hello,".into(),
        (Language::Fr, Some(name)) => format!("Bonjour {name},"),
        (Language::Fr, None) => "Bonjour,".into(),
        (Language::Es, Some(name)) => format!("Hola, {name}:"),
        (Language::Es, None) => "Hola:".into(),
    };
    Said { subject, text: format!("{greeting}\n\n{body}\n\nCompagnon\n") }
}

/// Subject and body.
fn tell(about: &About, reader: &Reader) -> (String, String) {
    use Language::{En, Es, Fr};
    let language = reader.language;
    match about {
        About::InvoiceIssued { number, total, owed, due_on, .. } => {
            let (total, open) = (amount(*total, language), amount(*owed, language));
            let due_on = date(*due_on, language);
            let rest = match (language, owed.amount_minor > 0) {
                (En, true) => format!("{open} is due on {due_on}."),
                (En, false) => "It is paid: there is nothing to do.".into(),
                (Fr, true) => format!("{open} sont à payer au plus tard le {due_on}."),
                (Fr, false) => "Elle est réglée : vous n’avez rien à faire.".into(),
                (Es, true) => format!("Quedan por pagar {open}, a más tardar el {due_on}."),
                (Es, false) => "Está pagada: no tiene que hacer nada.".into(),
            };
            match language {
                En => (format!("Invoice {number}"), format!("Here is invoice {number} for {total}. {rest}")),
                Fr => (
                    format!("Facture {number}"),
                    format!("Voici la facture {number} d’un montant de {total}. {rest}"),
                ),
                Es => (
                    format!("Factura {number}"),
                    format!("Aquí tiene la factura {number} por {total}. {rest}"),
                ),
            }
        }
        About::Credited { number, amount: credited, corrects, refunded, .. } => {
            let credited = amount(*credited, language);
            let back = refunded.map(|refunded| amount(refunded, language));
            let rest = match (language, back) {
                (En, Some(back)) => format!(" We are sending {back} back to you."),
                (Fr, Some(back)) => format!(" Nous vous remboursons {back}."),
                (Es, Some(back)) => format!(" Le devolvemos {back}."),
                (En | Fr | Es, None) => String::new(),
            };
            match language {
                En => (
                    format!("Credit note {number}"),
                    format!(
                        "Here is credit note {number}: it takes {credited} off invoice {corrects}.{rest}"
                    ),
                ),
                Fr => (
                    format!("Avoir {number}"),
                    format!("Voici l’avoir {number} de {credited} sur la facture {corrects}.{rest}"),
                ),
                Es => (
                    format!("Nota de crédito {number}"),
                    format!(
                        "Aquí tiene la nota de crédito {number}: descuenta {credited} de la factura {corrects}.{rest}"
                    ),
                ),
            }
        }
        About::PaymentDeclined { number, amount: asked, again_on, .. } => {
            let asked = amount(*asked, language);
            let rest = tried_again(*again_on, language);
            match language {
                En => (
                    format!("Payment refused: invoice {number}"),
                    format!("Your payment of {asked} for invoice {number} was refused. {rest}"),
                ),
                Fr => (
                    format!("Paiement refusé : facture {number}"),
                    format!("Votre paiement de {asked} pour la facture {number} a été refusé. {rest}"),
                ),
                Es => (
                    format!("Pago rechazado: factura {number}"),
                    format!("Su pago de {asked} por la factura {number} fue rechazado. {rest}"),
                ),
            }
        }
        About::DebitReturned { number, amount: owed, again_on, .. } => {
            let owed = amount(*owed, language);
            let rest = tried_again(*again_on, language);
            match language {
                En => (
                    format!("Direct debit returned: invoice {number}"),
                    format!(
                        "Your bank took back the direct debit of {owed} for invoice {number}, which is owed again. {rest}"
                    ),
                ),
                Fr => (
                    format!("Prélèvement rejeté : facture {number}"),
                    format!(
                        "Votre banque a rejeté le prélèvement de {owed} pour la facture {number}, qui reste donc à payer. {rest}"
                    ),
                ),
                Es => (
                    format!("Adeudo devuelto: factura {number}"),
                    format!(
                        "Su banco ha devuelto el adeudo de {owed} por la factura {number}, que vuelve a estar pendiente. {rest}"
                    ),
                ),
            }
        }
        About::Suspended { number, owed, .. } => {
            let owed = amount(*owed, language);
            match language {
                En => (
                    "Your studies are suspended".into(),
                    format!(
                        "Invoice {number} is unpaid ({owed}), so your studies are suspended. They go on as soon as it is paid; all your work is kept."
                    ),
                ),
                Fr => (
                    "Votre formation est suspendue".into(),
                    format!(
                        "La facture {number} reste impayée ({owed}) : votre formation est suspendue. Elle reprendra dès le paiement ; tout votre travail est conservé."
                    ),
                ),
                Es => (
                    "Sus estudios están suspendidos".into(),
                    format!(
                        "La factura {number} sigue sin pagar ({owed}), por lo que sus estudios están suspendidos. Continuarán en cuanto se pague; todo su trabajo se conserva."
                    ),
                ),
            }
        }
        About::MentorFound => match language {
            En => (
                "We have found a mentor for you".into(),
                "There is a mentor for you again. Your studies are paused and nothing is owed until you resume them; do so when you are ready.".into(),
            ),
            Fr => (
                "Nous vous avons trouvé un mentor".into(),
                "Vous avez de nouveau un mentor. Votre formation est en pause et rien n’est dû jusqu’à sa reprise ; reprenez-la quand vous serez prêt.".into(),
            ),
            Es => (
                "Le hemos encontrado un mentor".into(),
                "Vuelve a tener un mentor. Sus estudios están en pausa y no debe nada hasta que los reanude; hágalo cuando quiera.".into(),
            ),
        },
        About::Lifted => match language {
            En => {
                ("Your studies go on".into(), "Thank you: everything is paid, and your studies go on.".into())
            }
            Fr => (
                "Votre formation reprend".into(),
                "Merci : tout est réglé, et votre formation reprend.".into(),
            ),
            Es => (
                "Sus estudios continúan".into(),
                "Gracias: todo está pagado y sus estudios continúan.".into(),
            ),
        },
        About::SessionBooked { appointment } => sessions::booked(appointment, reader),
        About::SessionMoved { appointment, was } => sessions::moved(appointment, *was, reader),
        About::SessionCancelled { appointment, by, reason } => {
            sessions::cancelled(appointment, *by, reason, reader)
        }
        About::SessionReminder { appointment } => sessions::reminder(appointment, reader),
        About::ReportMissing { appointment, due_at } => {
            sessions::report_missing(appointment, *due_at, reader)
        }
        About::WallChange { kind, with, date, before, after, time_zone, .. } => {
            let title = kind.title(with.as_deref(), language);
            sessions::wall_change(&title, *date, (*before, *after), time_zone, language)
        }
    }
}

/// What happens next to money that did not come.
fn tried_again(again_on: Option<Date>, language: Language) -> String {
    use Language::{En, Es, Fr};
    let again_on = again_on.map(|again_on| date(again_on, language));
    match (language, again_on) {
        (En, Some(on)) => {
            format!("We will try again on {on}. You can give another payment method before that.")
        }
        (En, None) => "Trying again would not help: please give another payment method now.".into(),
        (Fr, Some(on)) => {
            format!("Nous réessaierons le {on}. Vous pouvez indiquer un autre moyen de paiement d’ici là.")
        }
        (Fr, None) => {
            "Réessayer ne servirait à rien : veuillez indiquer dès maintenant un autre moyen de paiement."
                .into()
        }
        (Es, Some(on)) => {
            format!("Lo intentaremos de nuevo el {on}. Antes de esa fecha puede indicar otro medio de pago.")
        }
        (Es, None) => "Intentarlo de nuevo no serviría: indique ahora otro medio de pago, por favor.".into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::InvoiceId;
    use domain::money::{Currency, Money};

    use super::*;

    fn declined(again_on: Option<&str>) -> About {
        About::PaymentDeclined {
            invoice: InvoiceId::derived(&["i"]),
            number: "GB-2027-000002".into(),
            amount: Money::minor(30_000, Currency::Gbp),
            again_on: again_on.map(|text| text.parse().expect("a date")),
        }
    }

    #[test]
    fn a_refused_payment_says_what_happens_next() {
        let check = |language, again_on, part: &str| {
            let reader = Reader { language, name: Some("Maya Lind".into()), time_zone: Zone::utc() };
            let said = say(&declined(again_on), &reader);
            let text = said.text.replace('\u{a0}', " ");
            assert!(text.contains(part) && text.contains("GB-2027-000002"), "{text}");
            assert!(!said.subject.contains('\n') && text.contains("Maya Lind"));
        };
        check(Language::En, Some("2027-03-08"), "try again on 8 March 2027");
        check(Language::En, None, "please give another payment method now");
        check(Language::Fr, Some("2027-03-08"), "Nous réessaierons le 8 mars 2027");
        check(Language::Es, None, "indique ahora otro medio de pago");
    }
}
