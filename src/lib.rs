//! Relay joins rooms on different chat platforms. `ARCHITECTURE.md` beside this file is the map.

pub mod adapt;
pub mod config;
pub mod engine;
pub mod observe;
pub mod platforms;
pub mod routing;
pub mod store;
