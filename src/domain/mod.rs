//! The vocabulary.
mod carrier;
mod ids;
mod msisdn;
mod sim;
mod text;

pub use carrier::*;
pub use ids::*;
pub use msisdn::Msisdn;
pub use sim::{Eid, Iccid, IccidCheck, Imei};
pub use text::FormatError;
