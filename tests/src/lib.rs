//! People for tests.
