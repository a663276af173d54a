//! The contract between Relay's engine and a connector: plain types and one trait.
