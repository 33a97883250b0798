//! The language: what it refuses, what it means, and that what is written out is read back.

mod differential;
mod errors;
mod meaning;
mod random;
mod written;
