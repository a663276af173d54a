//! The store: what survives, what is refused, what is rebuilt.
