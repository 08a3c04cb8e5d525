//! The provider of direct debits: it collects by files that finance takes to the bank, so it answers at once
//! that one has to wait.

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use crate::payment::{Charged, Collection, PaymentProvider, Return, Returned};

/// Direct debits, by files.
#[derive(Debug, Default)]
pub struct DebitFiles;

impl PaymentProvider for DebitFiles {
    fn charge<'a>(&'a self, _collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        ready(Charged::Waiting).boxed()
    }

    /// Nobody was asked before a payment is on the list.
    fn look_up<'a>(&'a self, _collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        ready(Charged::Absent).boxed()
    }

    fn send_back<'a>(&'a self, _part: Return<'a>) -> BoxFuture<'a, Returned> {
        ready(Returned::Refused { reason: "a direct debit is given back by transfer".into() }).boxed()
    }
}
