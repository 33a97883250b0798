//! What the contract does not say, because it is this store's own: its files, and what becomes of them.

mod copying;
mod damage;
mod faults;
mod forgetting;
mod opening;
mod world;
