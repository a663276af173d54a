//! Relay joins rooms on different chat platforms.
fn main() {}
