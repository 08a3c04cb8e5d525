//! A file of direct debits: what is in it is fixed before it is written, so that whoever writes it again
//! writes the same bytes.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::enrollment::{Enrollment, Iban, PaymentMethod};
use crate::id::{DebitFileId, EnrollmentId, InvoiceId, PaymentId};
use crate::invoice::{Invoice, InvoiceState, PaperFile, Payment, PaymentState, Retry};
use crate::money::{Money, MoneyError};

/// The most debits in a file; what is beyond them goes into the next one.
pub const DEBITS_MAX: u32 = 10_000;

/// Who collects, as its bank knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creditor {
    /// The legal entity's name, at most 70 characters.
    pub name: String,
    /// Where the money goes.
    pub iban: Iban,
    /// Its bank, where that asks for it.
    #[serde(default)]
    pub bic: Option<String>,
    /// The identifier that its national bank gave it.
    pub creditor_id: String,
}

/// A payment on the list of the next file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingDebit {
    /// The legal entity that collects.
    pub entity: String,
    /// The share of the enrollments that it is in.
    pub shard: u16,
    /// Whose.
    pub enrollment: EnrollmentId,
    /// What is to be paid.
    pub invoice: InvoiceId,
    /// The payment.
    pub payment: PaymentId,
}

/// A file of debits that a bank is to collect on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebitFile {
    /// Its id.
    pub id: DebitFileId,
    /// The legal entity that collects.
    pub entity: String,
    /// Who that is for its bank, as it was when the file was asked for.
    pub creditor: Creditor,
    /// The day.
    pub collect_on: Date,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The share of the enrollments whose debits are put into it next.
    pub shard: u16,
    /// How many are in it.
    pub count: u32,
    /// The sum of them.
    pub total: Money,
    /// How far it is.
    #[serde(flatten)]
    pub state: DebitFileState,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DebitFileState {
    /// Debits are put into it.
    Filling,
    /// No more come into it; its bytes may not be there yet.
    Filled,
    /// Nothing waited: there is no file.
    Empty,
    /// Its bytes are there.
    Written {
        /// Where they lie.
        file: PaperFile,
    },
    /// It is not taken to the bank: what is in it waits for another file.
    Recalled {
        /// Since when.
        recalled_at: Timestamp,
    },
}

/// Why a file cannot be recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecallRefused {
    /// There is nothing to recall.
    #[error("the file is {state}")]
    NotWritten {
        /// The state's word.
        state: &'static str,
    },
    /// Its debits count as collected by now: the bank's report says which were not.
    #[error("its debits count as collected from {collect_on} on; upload what the bank reports of them")]
    Collected {
        /// The file's day.
        collect_on: Date,
    },
}

impl DebitFileState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Filled => "filled",
            Self::Empty => "empty",
            Self::Written { .. } => "written",
            Self::Recalled { .. } => "recalled",
        }
    }
}

/// A debit as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledDebit {
    /// The file.
    pub file: DebitFileId,
    /// Which of it, from 1 on without a gap.
    pub number: u32,
    /// Whose.
    pub enrollment: EnrollmentId,
    /// What is collected; comes back as the reference.
    pub invoice: InvoiceId,
    /// How much.
    pub amount: Money,
    /// The account.
    pub iban: Iban,
    /// Its holder, as on the mandate.
    pub debtor: String,
    /// The mandate's reference.
    pub mandate: String,
    /// When the mandate was signed.
    pub signed_on: Date,
    /// What the payer reads on the statement: the invoice's number, once it has one.
    pub remittance: String,
}

/// Why a payment on the list is not put into a file. Nothing is lost: whoever owes the invoice is asked
/// again, if anything is still owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It was paid or credited meanwhile.
    NothingOwed,
    /// Another way to pay was given.
    OtherMethod,
    /// The quote that it would begin ends before the file's day.
    QuoteEnds,
    /// A name or reference that the scheme's letters cannot write.
    Unwritable,
    /// Amounts that cannot be summed, or not in the file's currency.
    Unsummable,
}

impl From<MoneyError> for LeftOut {
    fn from(_: MoneyError) -> Self {
        Self::Unsummable
    }
}

impl LeftOut {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NothingOwed => "nothing_owed",
            Self::OtherMethod => "other_method",
            Self::QuoteEnds => "quote_ends_before",
            Self::Unwritable => "debit_not_writable",
            Self::Unsummable => "amount_not_summable",
        }
    }

    /// The payment after it was left out.
    pub fn leave(self, payment: Payment) -> Payment {
        payment.decline(self.word().to_owned(), Retry::NeverHelps)
    }
}

impl DebitFile {
    /// A file that is asked for: nothing is in it.
    pub fn asked(
        id: DebitFileId,
        entity: String,
        creditor: Creditor,
        nothing: Money,
        collect_on: Date,
        now: Timestamp,
    ) -> Self {
        let (shard, count, state) = (0, 0, DebitFileState::Filling);
        Self { id, entity, creditor, collect_on, asked_at: now, shard, count, total: nothing, state }
    }

    /// The file for what did not fit into this one: the same whoever asks for it.
    pub fn following(&self) -> Self {
        let nothing = Money::zero(self.total.currency);
        let id = DebitFileId::derived(&[&self.id.to_string()]);
        let (entity, creditor) = (self.entity.clone(), self.creditor.clone());
        let next = Self::asked(id, entity, creditor, nothing, self.collect_on, self.asked_at);
        Self { shard: self.shard, ..next }
    }

    /// How many more fit into it.
    pub const fn room(&self) -> u32 {
        DEBITS_MAX.saturating_sub(self.count)
    }

    /// Puts a payment into it: the debit, and the payment as it is submitted.
    pub fn put(
        &mut self,
        enrollment: &Enrollment,
        invoice: &Invoice,
        payment: Payment,
    ) -> Result<(FiledDebit, Payment), LeftOut> {
        let owed = invoice.owed()?;
        let given_up = matches!(invoice.state, InvoiceState::Uncollectible(_));
        if owed.amount_minor <= 0 || given_up || payment.state != PaymentState::Listed {
            return Err(LeftOut::NothingOwed);
        }
        let Some(PaymentMethod::SepaDebit { iban, name, mandate, signed_on }) =
            enrollment.payment_method.clone().filter(|_| self.pays(enrollment, invoice, &payment))
        else {
            return Err(LeftOut::OtherMethod);
        };
        let day = enrollment.time_zone.start_of(self.collect_on);
        let in_time = day.is_ok_and(|day| enrollment.check_quoted(day).is_ok());
        if invoice.state == InvoiceState::Draft && !in_time {
            return Err(LeftOut::QuoteEnds);
        }
        self.total = self.total.plus(owed)?;
        self.count += 1;
        let debit = FiledDebit {
            file: self.id,
            number: self.count,
            enrollment: enrollment.id,
            invoice: invoice.id,
            amount: owed,
            iban,
            debtor: name,
            mandate,
            signed_on,
            remittance: invoice.issue().map(|issue| issue.number.to_string()).unwrap_or_default(),
        };
        Ok((debit, payment.submit(owed, self.id, self.collect_on)))
    }

    /// Says, before its day, that it will not be taken to the bank.
    pub fn recall(self, today: Date, now: Timestamp) -> Result<Self, RecallRefused> {
        match self.state {
            DebitFileState::Written { .. } if today < self.collect_on => {
                Ok(Self { state: DebitFileState::Recalled { recalled_at: now }, ..self })
            }
            DebitFileState::Written { .. } => Err(RecallRefused::Collected { collect_on: self.collect_on }),
            state => Err(RecallRefused::NotWritten { state: state.word() }),
        }
    }

    /// Whether the way to pay is still the one that the payment was listed with, and the payer's own.
    fn pays(&self, enrollment: &Enrollment, invoice: &Invoice, payment: &Payment) -> bool {
        let same = payment.method_number == enrollment.payment_method_number;
        same && invoice.payer == enrollment.student && enrollment.market == self.entity
    }

    /// Its reference for the bank: 25 letters and digits, and one for each file.
    pub fn message(&self) -> String {
        let mut rest = self.id.uuid().as_u128();
        let mut digits = Vec::new();
        for _ in 0..MESSAGE_CHARS {
            digits.push(DIGITS[usize::try_from(rest % 36).unwrap_or(0)]);
            rest /= 36;
        }
        digits.iter().rev().map(|digit| char::from(*digit)).collect()
    }

    /// Where its bytes lie: one place for each file, which nobody chooses.
    pub fn place(&self) -> String {
        format!("debit-files/{}.xml", self.id)
    }
}

/// Digits of a file's reference.
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// How many of them tell 2^128 files apart.
const MESSAGE_CHARS: usize = 25;

/// The file that a reference names, or nothing where it is not one of ours.
pub fn file_of(message: &str) -> Option<DebitFileId> {
    let formed = message.len() == MESSAGE_CHARS && message.bytes().all(|b| b.is_ascii_alphanumeric());
    let uuid = u128::from_str_radix(message, 36).ok().filter(|_| formed)?;
    Some(DebitFileId::new(uuid::Uuid::from_u128(uuid)))
}

#[cfg(test)]
mod tests;
