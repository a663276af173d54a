//! Relay joins rooms on different chat platforms. `ARCHITECTURE.md` beside this file is the map.

pub mod adapt;
mod alerts;
mod api;
pub mod audit;
pub mod cli;
mod commands;
pub mod config;
pub mod consent;
mod control;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
pub mod engine;
pub mod flood;
mod matrix;
pub mod media;
pub mod observe;
pub mod platforms;
pub mod policy;
pub mod quiet;
mod reload;
pub mod routing;
mod service;
mod signed;
pub mod sizes;
pub mod spans;
pub mod store;
pub mod texts;
