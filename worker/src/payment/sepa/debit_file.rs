//! A collection file: the debits that a bank is to collect on one day, as pain.008.

use ::sepa::{
    Bic, BuildError, CreditorId, DirectDebitEntry, DirectDebitGroup, DirectDebitSchema, Iban, IsoDate,
    IsoDateTime, Pain008Builder, SequenceType,
};
use domain::debit::DEBITS_MAX;
use domain::id::InvoiceId;
use domain::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use super::end_to_end::end_to_end_id;

/// Who collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creditor {
    /// The legal entity's name, at most 70 characters.
    pub name: String,
    /// Where the money goes.
    pub iban: Iban,
    /// Its bank, where that asks for it.
    pub bic: Option<Bic>,
    /// The identifier that its national bank gave it.
    pub creditor_id: CreditorId,
}

/// One invoice to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debit {
    /// What is collected; comes back as the reference.
    pub invoice: InvoiceId,
    /// Euros.
    pub amount: Money,
    /// Who pays, as on the mandate.
    pub debtor: String,
    /// From which account.
    pub iban: Iban,
    /// The mandate's reference, at most 35 characters.
    pub mandate: String,
    /// When the mandate was signed.
    pub signed_on: Date,
    /// Whether the mandate was used before.
    pub sequence: Sequence,
    /// What the debtor reads on the statement, at most 140 characters.
    pub remittance: String,
}

/// Whether a mandate was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sequence {
    /// The mandate's first debit.
    First,
    /// A later one.
    Recurring,
}

/// The message's version, which the bank decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `pain.008.001.02`, of the years before 2024, which many banks still take.
    V2,
    /// `pain.008.001.08`, in force.
    V8,
}

/// Debits to collect on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebitFile {
    /// The file's own reference, at most 30 characters and the same whenever it is written again:
    /// banks refuse a file whose reference they have seen.
    pub message: String,
    /// Who collects.
    pub creditor: Creditor,
    /// When. A bank's working day, far enough ahead: that is for the bank's calendar to say.
    pub on: Date,
    /// What.
    pub debits: Vec<Debit>,
}

/// Why a file cannot be written.
#[derive(Debug, Error)]
pub enum DebitFileRefused {
    /// There is nothing in it.
    #[error("there is nothing to collect")]
    Nothing,
    /// More than a bank takes in one file.
    #[error("expected at most {DEBITS_MAX} debits")]
    TooMany,
    /// SEPA collects euros.
    #[error("{invoice} is not in euros")]
    NotEuros {
        /// The invoice.
        invoice: InvoiceId,
    },
    /// One invoice twice would be collected twice.
    #[error("{invoice} is in it twice")]
    Twice {
        /// The invoice.
        invoice: InvoiceId,
    },
    /// A day that no bank's file can say.
    #[error("{0} is not a day of the years 1 to 9999")]
    Day(Date),
    /// A rule of the scheme.
    #[error("the scheme refuses it")]
    Scheme(#[source] BuildError),
}

impl DebitFile {
    /// The file's text. The same collection at the same instant gives the same bytes. Letters that
    /// the scheme does not know are written as the nearest that it does.
    pub fn write(&self, layout: Layout, now: Timestamp) -> Result<String, DebitFileRefused> {
        self.check()?;
        let schema = match layout {
            Layout::V2 => DirectDebitSchema::IsoV2,
            Layout::V8 => DirectDebitSchema::IsoV8,
        };
        let builder = Pain008Builder::new(&self.creditor.name, &self.message);
        let builder = builder.schema(schema).created_at(instant(now)?);
        let groups = [Sequence::First, Sequence::Recurring].map(|sequence| self.group(sequence));
        let groups = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
        let filled = groups.into_iter().filter(|group| group.entry_count() > 0);
        filled.fold(builder, Pain008Builder::add_group).build().map_err(DebitFileRefused::Scheme)
    }

    fn check(&self) -> Result<(), DebitFileRefused> {
        match self.debits.len() {
            0 => return Err(DebitFileRefused::Nothing),
            count if u32::try_from(count).is_ok_and(|count| count <= DEBITS_MAX) => {}
            _ => return Err(DebitFileRefused::TooMany),
        }
        let mut seen = std::collections::HashSet::new();
        for Debit { invoice, amount, .. } in &self.debits {
            if amount.currency != Currency::Eur {
                return Err(DebitFileRefused::NotEuros { invoice: *invoice });
            }
            if !seen.insert(invoice) {
                return Err(DebitFileRefused::Twice { invoice: *invoice });
            }
        }
        Ok(())
    }

    fn group(&self, sequence: Sequence) -> Result<DirectDebitGroup, DebitFileRefused> {
        let Creditor { name, iban, bic, creditor_id } = &self.creditor;
        let kind = match sequence {
            Sequence::First => SequenceType::Frst,
            Sequence::Recurring => SequenceType::Rcur,
        };
        let group = DirectDebitGroup::new(name, iban, creditor_id, day(self.on)?).sequence_type(kind);
        let group = group.payment_info_id(format!("{}-{}", self.message, kind.as_code()));
        let group = bic.iter().cloned().fold(group, DirectDebitGroup::creditor_bic);
        let debits = self.debits.iter().filter(|debit| debit.sequence == sequence);
        let entries = debits.map(Debit::entry).collect::<Result<Vec<_>, _>>()?;
        Ok(group.add_entries(entries))
    }
}

impl Debit {
    fn entry(&self) -> Result<DirectDebitEntry, DebitFileRefused> {
        let entry = DirectDebitEntry::new(
            &self.mandate,
            day(self.signed_on)?,
            &self.debtor,
            self.iban.clone(),
            self.amount.amount_minor,
            end_to_end_id(self.invoice),
        );
        Ok(if self.remittance.is_empty() { entry } else { entry.with_description(&self.remittance) })
    }
}

fn day(date: Date) -> Result<IsoDate, DebitFileRefused> {
    IsoDate::parse(&date.to_string()).map_err(|_| DebitFileRefused::Day(date))
}

/// An instant in whole seconds of UTC.
fn instant(now: Timestamp) -> Result<IsoDateTime, DebitFileRefused> {
    let text = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    IsoDateTime::parse(&text)
        .map_err(|_| DebitFileRefused::Day(jiff::tz::TimeZone::UTC.to_datetime(now).date()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn collection() -> DebitFile {
        let debit = |invoice: &str, minor, sequence| Debit {
            invoice: InvoiceId::derived(&[invoice]),
            amount: Money::minor(minor, Currency::Eur),
            debtor: "Zoë Müller & Sønner".into(),
            iban: "NL91ABNA0417164300".parse().expect("an IBAN"),
            mandate: format!("MND-{invoice}"),
            signed_on: "2027-01-04".parse().expect("a date"),
            sequence,
            remittance: format!("Invoice {invoice}, February 2027"),
        };
        DebitFile {
            message: "DD-2027-02-08".into(),
            creditor: Creditor {
                name: "Compagnon SAS".into(),
                iban: "DE89370400440532013000".parse().expect("an IBAN"),
                bic: Some("COBADEFF".parse().expect("a BIC")),
                creditor_id: "DE98ZZZ09999999999".parse().expect("a creditor id"),
            },
            on: "2027-02-08".parse().expect("a date"),
            debits: vec![
                debit("1", 30_000, Sequence::First),
                debit("2", 12_345, Sequence::Recurring),
                debit("3", 5, Sequence::Recurring),
            ],
        }
    }

    fn written(collection: &DebitFile, layout: Layout) -> Result<String, DebitFileRefused> {
        collection.write(layout, "2027-02-01T10:20:30.5Z".parse().expect("an instant"))
    }

    #[test]
    fn a_file_says_who_pays_what_when_and_for_which_invoice() {
        let collection = collection();
        for (layout, namespace) in [(Layout::V2, "pain.008.001.02"), (Layout::V8, "pain.008.001.08")] {
            let text = written(&collection, layout).expect("a file");
            for part in [
                namespace,
                "<MsgId>DD-2027-02-08</MsgId>",
                "<CtrlSum>423.50</CtrlSum>",
                "<SeqTp>FRST</SeqTp>",
                "<SeqTp>RCUR</SeqTp>",
                "<ReqdColltnDt>2027-02-08</ReqdColltnDt>",
                "<InstdAmt Ccy=\"EUR\">300.00</InstdAmt>",
                "<InstdAmt Ccy=\"EUR\">0.05</InstdAmt>",
                "<DtOfSgntr>2027-01-04</DtOfSgntr>",
                "<Cd>CORE</Cd>",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
            for debit in &collection.debits {
                let reference = end_to_end_id(debit.invoice);
                assert!(text.contains(&format!("<EndToEndId>{reference}</EndToEndId>")), "{text}");
            }
            assert!(text.is_ascii(), "{text}");
            assert_eq!(text, written(&collection, layout).expect("a file"), "the same bytes");
        }
    }

    #[test]
    fn markup_in_a_name_stays_a_name() {
        let mut collection = collection();
        collection.debits[0].debtor = "</Nm><Nm>x".into();
        let text = written(&collection, Layout::V8).expect("a file");
        assert!(!text.contains("</Nm><Nm>x"), "{text}");
    }

    #[test]
    fn a_file_that_a_bank_would_refuse_is_not_written() {
        let check = |change: fn(&mut DebitFile)| {
            let mut collection = collection();
            change(&mut collection);
            written(&collection, Layout::V8).expect_err("refused")
        };
        assert!(matches!(check(|it| it.debits.clear()), DebitFileRefused::Nothing));
        let pounds = check(|it| it.debits[0].amount = Money::minor(1, Currency::Gbp));
        assert!(matches!(pounds, DebitFileRefused::NotEuros { .. }));
        let twice = check(|it| it.debits[1].invoice = it.debits[0].invoice);
        assert!(matches!(twice, DebitFileRefused::Twice { .. }));
        for change in [
            (|it| it.debits[0].amount = Money::minor(0, Currency::Eur)) as fn(&mut DebitFile),
            |it| it.debits[0].amount = Money::minor(-5, Currency::Eur),
            |it| it.debits[0].debtor = "x".repeat(71),
            |it| it.debits[0].debtor.clear(),
            |it| it.debits[0].mandate = "x".repeat(36),
            |it| it.message = "x".repeat(31),
        ] {
            assert!(matches!(check(change), DebitFileRefused::Scheme(_)));
        }
    }
}
