//! Money received for an invoice, or tried: word of it may come late, twice or out of order.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Invoice, InvoiceState};
use crate::id::{DebitFileId, InvoiceId, PaymentId};
use crate::money::{Money, MoneyError};

/// Money received for an invoice, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// What it pays.
    pub invoice: InvoiceId,
    /// How much.
    pub amount: Money,
    /// Through what.
    pub method: PaymentKind,
    /// What the bank or provider calls it.
    pub reference: Option<String>,
    /// When it was tried first, or recorded.
    pub created_at: Timestamp,
    /// How often its provider was asked for it.
    #[serde(default)]
    pub tries: u32,
    /// With which of the ways to pay that were given, counted from 1.
    #[serde(default)]
    pub method_number: u32,
    /// When it was tried last, if that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_again_at: Option<Timestamp>,
    /// Whether the page of a run asks for it: what comes by that is posted once for the page. What the page
    /// hands on to a job of the invoice's own is posted by that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_page: bool,
    /// What became of it.
    #[serde(flatten)]
    pub state: PaymentState,
}

/// Through what money comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// A transfer that finance recorded.
    Manual,
    /// The local stack's own provider.
    Sandbox,
    /// A card, through Stripe.
    Card,
    /// A direct debit in euros.
    SepaDebit,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PaymentState {
    /// Not answered yet.
    Pending,
    /// The provider did not answer in time: it may have been captured or not.
    Unknown,
    /// A direct debit that waits for the next file of its legal entity.
    Listed,
    /// A direct debit in a file that its bank collects on a day. It counts as paid from that day on, unless
    /// the bank has said otherwise by then.
    Submitted {
        /// The file.
        file: DebitFileId,
        /// The day.
        collect_on: Date,
    },
    /// Refused by the provider.
    Declined {
        /// The provider's word for why.
        reason: String,
        /// Whether asking again later may help.
        #[serde(default)]
        retry: Retry,
    },
    /// The money is there.
    Paid {
        /// Since when.
        paid_at: Timestamp,
    },
    /// The money was there, and was taken back by the payer's bank.
    Returned {
        /// When.
        returned_at: Timestamp,
        /// The bank's word for why.
        #[serde(default)]
        reason: String,
        /// Whether asking again later may help.
        #[serde(default)]
        retry: Retry,
    },
}

impl PaymentState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Listed => "listed",
            Self::Submitted { .. } => "submitted",
            Self::Declined { .. } => "declined",
            Self::Paid { .. } => "paid",
            Self::Returned { .. } => "returned",
        }
    }
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// A passing reason.
    #[default]
    MayHelp,
    /// The method itself does not work: another one is needed.
    NeverHelps,
}

/// The word for why a debit came back whose whole file the bank refused: nothing is wrong with the debit.
pub const FILE_REFUSED: &str = "file_refused";

impl Retry {
    /// What a bank's reason for a direct debit that came back says of the next one. Source: the ISO 20022
    /// codes in the European Payments Council's guidance on reason codes: no funds (AM04), not told by the
    /// bank (MS03), or a settlement that failed between banks (ED05). All others are about the account, the
    /// mandate or the payer's will.
    pub fn of_debit(reason: &str) -> Self {
        if matches!(reason, "AM04" | "MS03" | "ED05" | FILE_REFUSED) {
            Self::MayHelp
        } else {
            Self::NeverHelps
        }
    }
}

/// Why a payment cannot be made, recorded or returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PaymentRefused {
    /// It is for something else.
    #[error("the payment is for another invoice")]
    OtherInvoice,
    /// Nobody pays nothing, or less.
    #[error("expected an amount above zero")]
    NotPositive,
    /// Never more than is owed.
    #[error("{owed} is owed")]
    MoreThanOwed {
        /// What is left to pay.
        owed: Money,
    },
    /// The invoice takes no payment.
    #[error("the invoice is {state}")]
    NotPayable {
        /// The state's word.
        state: &'static str,
    },
    /// The money was not there, or has gone back already.
    #[error("the payment was not received")]
    NotReceived,
    /// Another currency than the invoice's.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl PaymentId {
    /// The one payment by which an invoice's money is collected, however often it is tried.
    pub fn of_charge(invoice: InvoiceId) -> Self {
        Self::derived(&[&invoice.to_string(), "charge"])
    }

    /// The payment that finance records under a bank's reference.
    pub fn of_transfer(invoice: InvoiceId, reference: &str) -> Self {
        Self::derived(&[&invoice.to_string(), "transfer", reference])
    }
}

impl Payment {
    /// A payment to be tried.
    pub fn pending(
        id: PaymentId,
        invoice: InvoiceId,
        amount: Money,
        method: PaymentKind,
        now: Timestamp,
    ) -> Self {
        let state = PaymentState::Pending;
        let (reference, tries, method_number, tried_again_at) = (None, 0, 0, None);
        Self {
            id,
            invoice,
            amount,
            method,
            reference,
            created_at: now,
            tries,
            method_number,
            tried_again_at,
            by_page: false,
            state,
        }
    }

    /// The same payment before its provider is asked again, for what is owed by now.
    pub fn again(self, amount: Money, method: PaymentKind, now: Timestamp) -> Self {
        let (tried_again_at, by_page, state) = (Some(now), false, PaymentState::Pending);
        Self { amount, method, tried_again_at, by_page, state, ..self }
    }

    /// The same payment, asked for once more, with the so-maniest way to pay that was given.
    #[must_use]
    pub fn asked(self, method_number: u32) -> Self {
        Self { tries: self.tries.saturating_add(1), method_number, ..self }
    }

    /// When it was tried last.
    pub fn tried_at(&self) -> Timestamp {
        self.tried_again_at.unwrap_or(self.created_at)
    }

    /// Whether it came to nothing, as far as anybody knows.
    pub const fn is_refused(&self) -> bool {
        matches!(self.state, PaymentState::Declined { .. } | PaymentState::Returned { .. })
    }

    /// Its provider collects by file: it waits for the next one.
    pub fn list(self) -> Self {
        match self.state {
            PaymentState::Pending | PaymentState::Unknown => {
                Self { state: PaymentState::Listed, by_page: false, ..self }
            }
            _ => self,
        }
    }

    /// It is put into a file, for what is owed by now.
    pub fn submit(self, amount: Money, file: DebitFileId, collect_on: Date) -> Self {
        match self.state {
            PaymentState::Listed => {
                Self { amount, state: PaymentState::Submitted { file, collect_on }, ..self }
            }
            _ => self,
        }
    }

    /// The provider refused. Later word that the money came overrules it; the reverse does not.
    pub fn decline(self, reason: String, retry: Retry) -> Self {
        match self.state {
            PaymentState::Paid { .. } | PaymentState::Returned { .. } => self,
            _ => Self { state: PaymentState::Declined { reason, retry }, by_page: false, ..self },
        }
    }

    /// The provider did not answer.
    pub fn lose_sight(self) -> Self {
        match self.state {
            PaymentState::Pending => Self { state: PaymentState::Unknown, by_page: false, ..self },
            _ => self,
        }
    }

    /// Its page goes on without it.
    #[must_use]
    pub fn handed_on(self) -> Self {
        Self { by_page: false, ..self }
    }

    /// Whether its page may still hear of it.
    pub const fn is_waited_for_by_page(&self) -> bool {
        self.by_page && self.is_under_way()
    }
}

impl Invoice {
    /// Keeps what became of a payment, where it is its charge: what is said of both is written at once.
    #[must_use]
    pub fn with_charge(mut self, payment: &Payment) -> Self {
        if self.is_charged_by(payment.id) {
            self.charge = Some(payment.clone());
        }
        self
    }

    /// Whether a payment is the one by which its provider collects it.
    pub fn is_charged_by(&self, payment: PaymentId) -> bool {
        payment == PaymentId::of_charge(self.id)
    }

    /// Whether a payment of an amount may be tried: it is owed, and the invoice is draft or open.
    pub fn check_payable(&self, amount: Money) -> Result<(), PaymentRefused> {
        if matches!(self.state, InvoiceState::Paid(_) | InvoiceState::Uncollectible(_)) {
            return Err(PaymentRefused::NotPayable { state: self.state.word() });
        }
        if amount.amount_minor <= 0 {
            return Err(PaymentRefused::NotPositive);
        }
        let owed = self.owed()?;
        if owed.minus(amount)?.amount_minor < 0 {
            return Err(PaymentRefused::MoreThanOwed { owed });
        }
        Ok(())
    }

    /// Records that a payment's money is there, at `paid_at`. Word of it again changes nothing.
    pub fn record_payment(
        self,
        payment: Payment,
        reference: Option<String>,
        paid_at: Timestamp,
    ) -> Result<(Self, Payment), PaymentRefused> {
        if self.knows(&payment)? {
            return Ok((self, payment));
        }
        self.check_payable(payment.amount)?;
        Ok(self.receive(payment, reference, paid_at)?)
    }

    /// Records money that a provider has taken although nothing, or less, is owed by now: it is here, and
    /// is to be given back.
    pub fn record_surplus(
        self,
        payment: Payment,
        reference: String,
        paid_at: Timestamp,
    ) -> Result<(Self, Payment), PaymentRefused> {
        if self.knows(&payment)? {
            return Ok((self, payment));
        }
        Ok(self.receive(payment, Some(reference), paid_at)?)
    }

    /// Whether a payment's money was recorded before; refused where it is for another invoice.
    fn knows(&self, payment: &Payment) -> Result<bool, PaymentRefused> {
        if payment.invoice != self.id {
            return Err(PaymentRefused::OtherInvoice);
        }
        Ok(matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Returned { .. }))
    }

    fn receive(
        self,
        payment: Payment,
        reference: Option<String>,
        paid_at: Timestamp,
    ) -> Result<(Self, Payment), MoneyError> {
        let paid = self.paid.plus(payment.amount)?;
        let reference = reference.or(payment.reference);
        let payment = Payment { reference, state: PaymentState::Paid { paid_at }, ..payment };
        Ok((Self { paid, ..self }.with_charge(&payment).settled(), payment))
    }

    /// Records that the payer's bank took a payment back, and its word for why: what it paid is owed
    /// again. Word of it again changes nothing.
    pub fn return_debit(
        self,
        payment: Payment,
        reason: String,
        returned_at: Timestamp,
    ) -> Result<(Self, Payment), PaymentRefused> {
        if payment.invoice != self.id {
            return Err(PaymentRefused::OtherInvoice);
        }
        match payment.state {
            PaymentState::Paid { .. } => {}
            PaymentState::Returned { .. } => return Ok((self, payment)),
            _ => return Err(PaymentRefused::NotReceived),
        }
        let paid = self.paid.minus(payment.amount)?;
        let retry = Retry::of_debit(&reason);
        let state = PaymentState::Returned { returned_at, reason, retry };
        let payment = Payment { state, ..payment };
        Ok((Self { paid, ..self }.with_charge(&payment).settled(), payment))
    }
}
