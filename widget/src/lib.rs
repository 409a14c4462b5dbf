//! The chat panel.
