//! Relay: the engine.
