//! What each page does, one file for each noun. A handler takes plain values: what
//! stands in the path, the query or the form, and the visitor. Its rules are the
//! database's; here is only how they look.

pub mod about;
pub mod account;
pub mod basket;
pub mod checkout;
mod checkout_form;
pub mod front;
pub mod gallery;
mod inside;
pub mod order;
pub mod orders;
pub mod photo;
pub mod picture;
