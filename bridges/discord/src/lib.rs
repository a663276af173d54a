//! The Discord connector.
