//! Recovery (P22): a SIM change that was somebody else's is reported, what was set since is undone, and the line may go back to the
//! SIM before, once.
//!
//! The owner reports it with strong proof, as they would take a lock off, or two people of the fraud desk do. Going back is a SIM
//! change like any other, asked with `Decide`; what it skips is in the facts and rules that know `line.goes_back`.
//! Deliberately absent: the network. Who asks suspends the SIM there, and takes call forwarding off.

mod agreeing;
mod opening;
mod reporting;

pub use agreeing::SwapWord;
pub use opening::RecoveryView;
pub(super) use reporting::ReportSwap;
