//! Scenarios with the real binary: stories that people would tell, and what goes wrong in them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod absence;
mod alerting;
mod audit;
mod beginning;
mod bench;
mod buttons;
mod choosing;
mod clocks;
mod commands;
mod door;
mod faults;
mod fidelity;
mod flood;
mod german;
mod hidden;
mod joining;
mod keeping;
mod languages;
mod linking;
mod living;
mod media;
mod million;
mod moderating;
mod moving;
mod noticing;
mod operating;
#[path = "../faults/other_time.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod other_time;
mod privacy;
mod reloading;
mod reloads;
mod remains;
mod sealed;
mod service;
mod starting;
mod stories;
mod terminal;
mod waiting;
mod withdrawing;
