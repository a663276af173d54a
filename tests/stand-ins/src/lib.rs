//! Servers that speak each platform's wire protocol, with people and faults on demand.

pub mod faults;
pub mod people;
pub mod world;
