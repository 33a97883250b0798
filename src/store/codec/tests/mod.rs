//! Golden bytes, round trips, and what damaged or foreign bytes come to.

mod damaged;
mod golden;
mod hostile;
mod kinds;
mod round_trips;
mod sample_records;
mod samples;
mod samples_of_ledger;
mod wire;
