//! The laws, one function each, in the words of the contract.

pub(crate) mod durability;
pub(crate) mod forgetting;
pub(crate) mod journal;
pub(crate) mod model;
pub(crate) mod requests;
pub(crate) mod rows;
pub(crate) mod time;
pub(crate) mod upkeep;
pub(crate) mod windows;
